"""EXIF: our record beside what others wrote, and nothing of theirs moved."""

import contextlib
import io
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.conftest import make_mark

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._ifd import Layout
from kzmark.formats.layers import exif
from kzmark.mark import Mark
from kzmark.report import Evidence, Status

CHARSETS = {
    "ascii": (b"ASCII\0\0\0", "ascii"),
    "unicode": (b"UNICODE\0", "utf-16-be"),
    "unicode, other order": (b"UNICODE\0", "utf-16-le"),
    "undefined": (bytes(8), "ascii"),
    "jis": (b"JIS\0\0\0\0\0", "ascii"),
}
exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")


def merged(blob: bytes, mark: Mark | None = None) -> bytes:
    return exif.merge(blob, mark or make_mark(), limits=DEFAULT_LIMITS)


def judged(blob: bytes) -> Evidence:
    return exif.judge(blob, limits=DEFAULT_LIMITS)


def block(order: str, first: dict[int, Any], sub: dict[int, Any], thumbnail: bytes = b"") -> bytes:
    """An EXIF block: header, IFD0, its values, the Exif IFD, its values, IFD1 and a thumbnail."""
    data = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, 8))
    after = _put(data, order, first | ({0x8769: 0} if sub else {}))
    if sub:
        at = data.index(struct.pack(order + "HHL", 0x8769, 4, 1)) + 8
        struct.pack_into(order + "L", data, at, len(data))
        _put(data, order, sub)
    if thumbnail:
        struct.pack_into(order + "L", data, after, len(data))
        end = _put(data, order, {0x0103: 6, 0x0201: 0, 0x0202: len(thumbnail)})
        at = data.index(struct.pack(order + "HHL", 0x0201, 4, 1), end - 50) + 8
        struct.pack_into(order + "L", data, at, len(data))
        data += thumbnail
    return bytes(data)


def _put(data: bytearray, order: str, fields: dict[int, Any]) -> int:
    """Append a directory and its values; return where its pointer to the next one stands."""
    rows, values = [], b""
    value_at = len(data) + 2 + 12 * len(fields) + 4
    for tag, value in sorted(fields.items()):
        if isinstance(value, int):
            rows.append(struct.pack(order + "HHLL", tag, 4, 1, value))
            continue
        kind = 2 if value.endswith(b"\0") and tag != 0x9286 else 7
        if len(value) <= 4:
            rows.append(struct.pack(order + "HHL", tag, kind, len(value)) + value.ljust(4, b"\0"))
            continue
        rows.append(struct.pack(order + "HHLL", tag, kind, len(value), value_at + len(values)))
        values += value + bytes(len(value) % 2)
    data += struct.pack(order + "H", len(rows)) + b"".join(rows)
    slot = len(data)
    data += bytes(4) + values
    return slot


def canon_note(order: str, at: int) -> bytes:
    """A MakerNote as Canon writes it: its offsets count from the start of the whole block."""
    texts = [b"Canon EOS 5D\0\0\0\0", b"Firmware Version 1.1.1\0\0", b"Aigerim S.\0\0"]
    starts = at + 2 + 3 * 12 + 4
    rows, values = b"", b""
    for tag, text in zip((0x0006, 0x0007, 0x0009), texts, strict=True):
        rows += struct.pack(order + "HHLL", tag, 2, len(text), starts + len(values))
        values += text
    return struct.pack(order + "H", 3) + rows + bytes(4) + values


def with_canon_note(order: str, **more: bytes) -> bytes:
    first = {0x010F: b"Canon\0", 0x0110: b"Canon EOS 5D\0"}
    note = canon_note(order, 0)
    blob = block(order, first, {0x927C: note, 0x9000: b"0230"}, **more)
    at = blob.index(note)
    return blob.replace(note, canon_note(order, at))


def jpeg_with(blob: bytes) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8)).save(target, "JPEG", exif=b"Exif\0\0" + blob)
    return target.getvalue()


def told(blob: bytes, folder: Path, *options: str) -> dict[str, Any]:
    """What exiftool says of a JPEG with this block."""
    file = folder / "a.jpg"
    file.write_bytes(jpeg_with(blob))
    run = subprocess.run(
        ["exiftool", "-json", "-a", "-G1", *options, file], capture_output=True, check=True
    )
    return dict(json.loads(run.stdout)[0])


def comment_of(blob: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg_with(blob))) as image:
        value = image.getexif().get_ifd(0x8769)[0x9286]
    assert isinstance(value, bytes)
    return value


def test_an_empty_block_becomes_a_small_one_that_pillow_reads() -> None:
    blob = merged(b"")

    comment = comment_of(blob)
    assert comment.startswith(b"ASCII\0\0\0{")
    assert json.loads(comment[8:]) == make_mark().to_dict()
    with Image.open(io.BytesIO(jpeg_with(blob))) as image:
        assert set(image.getexif()) == {0x010E, 0x8769}
        raw = image.getexif()[0x010E]
    assert raw.encode("latin-1").decode() == "ЖИ жасаған / Создано ИИ"


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_mark_comes_back(order: str) -> None:
    blob = merged(block(order, {0x0131: b"Painter\0"}, {0x9000: b"0230"}))

    found = judged(blob)

    assert (found.status, found.mark) == (Status.PRESENT, make_mark())
    assert found.facts == {"Software": "Painter"}


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_byte_of_others_keeps_its_place(order: str) -> None:
    blob = with_canon_note(order)

    marked = merged(blob)

    assert marked[8 : len(blob)] == blob[8:10] + marked[10:12] + blob[12:] or (
        sum(a != b for a, b in zip(marked, blob, strict=False)) <= 12
    )
    at = blob.index(b"Aigerim")
    assert marked.index(b"Aigerim") == at


@exiftool
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_maker_note_reads_the_same_after_marking(order: str, tmp_path: Path) -> None:
    blob = with_canon_note(order)

    before, after = (told(b, tmp_path, "-Canon:all") for b in (blob, merged(blob)))

    assert before == after
    assert before["Canon:OwnerName"].startswith("Aigerim")
    assert before["Canon:CanonImageType"] == "Canon EOS 5D"


@exiftool
def test_exiftool_finds_no_fault_that_was_not_there(tmp_path: Path) -> None:
    blob = with_canon_note("<", thumbnail=b"\xff\xd8 thumbnail \xff\xd9")
    options = ("-validate", "-warning", "-error")

    before, after = (told(b, tmp_path, *options) for b in (blob, merged(blob)))

    assert after == before


@pytest.mark.parametrize("name", CHARSETS)
def test_the_words_of_others_stay_in_their_own_characters(name: str) -> None:
    head, codec = CHARSETS[name]
    theirs = head + "Алма-Ата, 1978".encode(codec) if "unicode" in name else head + b"Almaty, 1978"
    words = theirs[8:].decode(codec)
    blob = merged(block(">", {}, {0x9286: theirs}))

    comment = comment_of(blob)
    again = merged(merged(blob, make_mark("ТОО Басқа")))

    assert comment.startswith(theirs)
    kept, record = comment[8:].decode(codec).split("\n")
    assert kept == words
    assert json.loads(record) == make_mark().to_dict()
    assert judged(blob).facts == {"UserComment": words}
    assert comment_of(again) == comment


@pytest.mark.parametrize(
    "theirs", [b"", b"ASCII\0\0\0" + b" " * 256, bytes(264), b"UNICODE\0\xff\xfe"]
)
def test_a_blank_comment_gives_way(theirs: bytes) -> None:
    comment = comment_of(merged(block("<", {}, {0x9286: theirs})))

    assert comment.startswith(b"ASCII\0\0\0{")


@pytest.mark.parametrize(
    ("theirs", "head"), [(b"no head", b"ASCII\0\0\0"), ("Қайрат".encode(), bytes(8))]
)
def test_a_comment_without_its_character_set_gets_one(theirs: bytes, head: bytes) -> None:
    comment = comment_of(merged(block("<", {}, {0x9286: theirs})))

    assert comment.startswith(head + theirs + b"\n{")


@pytest.mark.parametrize("blob", [b"", with_canon_note("<"), with_canon_note(">")])
def test_merging_twice_is_merging_once(blob: bytes) -> None:
    once = merged(blob)

    assert merged(once) == once


@pytest.mark.parametrize("blob", [b"", with_canon_note("<"), with_canon_note(">")])
def test_a_new_mark_leaves_nothing_of_the_old_one(blob: bytes) -> None:
    old = make_mark("ТОО Ескі", mark_id=UUID("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"))

    blob_with_both = merged(merged(blob, old))

    assert blob_with_both == merged(blob)
    assert b"aaaaaaaa" not in blob_with_both


def test_the_old_record_is_wiped_even_when_something_stands_behind_it() -> None:
    old = make_mark("A", mark_id=UUID("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"))
    blob = merged(b"", old) + b"a later writer put this here"

    changed = merged(blob, make_mark("B" * 40))

    assert b"aaaaaaaa" not in changed
    assert b"a later writer put this here" in changed
    assert judged(changed).mark == make_mark("B" * 40)


def test_the_description_of_others_is_left_alone() -> None:
    blob = merged(block("<", {0x010E: b"A yurt\0"}, {}))

    assert judged(blob).facts == {"ImageDescription": "A yurt"}


def test_our_own_description_follows_the_mark() -> None:
    notice = make_mark().notice
    other = make_mark(notice=type(notice)(languages=("en",), texts=("Made by AI",)))
    first = merged(b"", other)

    second = merged(first)

    assert b"Made by AI\0" in first
    assert b"Made by AI" not in second
    assert second == merged(b"")


def test_a_broken_record_is_said_to_be_broken_and_can_be_replaced() -> None:
    blob = merged(b"")
    broken = blob.replace(b'"operation":"created"', b'"operation":"invented"'[:21])
    cut = blob.replace(b'{"created"', b'["created"')

    for bad in (broken, cut):
        assert (judged(bad).status, judged(bad).code) == (Status.BROKEN, "exif.record")
        assert judged(merged(bad)).mark == make_mark()
        assert comment_of(merged(bad)).count(b"KZ 230-VIII") == 1


def test_two_different_records_are_no_record() -> None:
    first = json.dumps(make_mark("A").to_dict()).encode()
    second = json.dumps(make_mark("B").to_dict()).encode()
    blob = block("<", {}, {0x9286: b"ASCII\0\0\0" + first + b"\n" + second})

    assert (judged(blob).status, judged(blob).code) == (Status.BROKEN, "exif.record")
    assert judged(merged(blob)).status is Status.PRESENT


def test_a_record_in_others_spacing_is_read() -> None:
    spaced = json.dumps(make_mark().to_dict(), indent=1).encode()
    blob = block("<", {}, {0x9286: b"ASCII\0\0\0before\n" + spaced + b"\nafter"})

    found = judged(blob)

    assert found.mark == make_mark()
    assert found.facts["UserComment"] == "before after"


def test_without_a_record_the_mark_is_absent() -> None:
    assert judged(b"").status is Status.ABSENT
    assert judged(block("<", {0x010F: b"Canon\0"}, {})).status is Status.ABSENT
    assert judged(block("<", {0x010F: b"Canon\0"}, {})).facts == {"Make": "Canon"}


@pytest.mark.parametrize("blob", [b"x", b"II*\0", b"II*\0\x09\0\0\0", b"MM\0*\0\0\xff\xff"])
def test_what_cannot_be_read_is_broken_and_not_merged(blob: bytes) -> None:
    assert (judged(blob).status, judged(blob).code) == (Status.BROKEN, "exif.unparsable")
    with pytest.raises(MalformedMediaError):
        merged(blob)


def test_a_block_over_the_limit_is_refused() -> None:
    limits = Limits(max_metadata=100)

    with pytest.raises(LimitExceededError):
        exif.merge(bytes(101), make_mark(), limits=limits)
    assert exif.judge(bytes(101), limits=limits).code == "exif.unparsable"


def test_facts_are_short_and_printable() -> None:
    blob = block("<", {0x0131: b"a\x07b\n" + b"x" * 5000 + b"\0"}, {})

    fact = judged(blob).facts["Software"]
    assert fact.startswith("a b xxx")
    assert len(fact) == 200


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(10))
def test_the_orientation_is_that_of_pillow_or_upright(order: str, value: int) -> None:
    data = bytearray(block(order, {0x0112: 0}, {}))
    at = data.index(struct.pack(order + "H", 0x0112))
    struct.pack_into(order + "HLH", data, at + 2, 3, 1, value)

    assert exif.orientation(bytes(data)) == (value if 1 <= value <= 8 else 1)
    with Image.open(io.BytesIO(jpeg_with(bytes(data)))) as image:
        assert image.getexif()[0x0112] == value


@pytest.mark.parametrize("blob", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"nothing"])
def test_an_orientation_that_cannot_be_read_is_upright(blob: bytes) -> None:
    assert exif.orientation(blob) == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_thumbnail_is_gone_and_the_rest_stays(order: str) -> None:
    thumbnail = b"\xff\xd8 a small picture \xff\xd9"
    blob = with_canon_note(order, thumbnail=thumbnail)

    dropped, found = exif.drop_thumbnail(blob)

    assert found
    assert b"a small picture" not in dropped
    assert dropped[:8] == blob[:8]
    assert dropped.index(b"Aigerim") == blob.index(b"Aigerim")
    assert exif.drop_thumbnail(dropped) == (dropped, False)


@exiftool
def test_exiftool_sees_no_thumbnail_and_the_same_maker_note(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(target, "JPEG")
    blob = with_canon_note("<", thumbnail=target.getvalue())
    assert "IFD1:ThumbnailImage" in told(blob, tmp_path)

    dropped, _ = exif.drop_thumbnail(blob)

    after = told(dropped, tmp_path)
    assert not any("Thumbnail" in name for name in after)
    assert after["Canon:OwnerName"] == told(blob, tmp_path)["Canon:OwnerName"]
    assert not any("Warning" in name for name in after)


def test_a_jpeg_inside_a_maker_note_is_wiped_in_place() -> None:
    target = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(target, "JPEG")
    preview = target.getvalue()
    blob = block("<", {}, {0x927C: b"HEAD" + preview + b"TAIL"})

    dropped, found = exif.drop_thumbnail(blob)

    assert found
    assert dropped == blob.replace(preview, bytes(len(preview)))


def test_previews_in_sub_directories_are_gone() -> None:
    preview = b"raw pixels of a preview" * 4
    blob = bytearray(block("<", {0x014A: 0, 0x0131: b"Painter\0"}, {}))
    at = blob.index(struct.pack("<HHL", 0x014A, 4, 1)) + 8
    struct.pack_into("<L", blob, at, len(blob))
    start = len(blob)
    _put(blob, "<", {0x0111: 0, 0x0117: len(preview)})
    struct.pack_into("<L", blob, start + 2 + 8, len(blob))
    blob += preview

    dropped, found = exif.drop_thumbnail(bytes(blob))

    assert found
    assert b"preview" not in dropped
    assert judged(dropped).facts == {"Software": "Painter"}


def test_a_prefix_that_belongs_to_jpeg_is_tolerated() -> None:
    blob = b"Exif\0\0" + with_canon_note(">", thumbnail=b"\xff\xd8 small \xff\xd9")

    marked = merged(blob)

    assert marked.startswith(b"Exif\0\0MM")
    assert judged(marked).mark == make_mark()
    assert exif.drop_thumbnail(blob)[0].startswith(b"Exif\0\0MM")


def test_a_comment_full_of_braces_and_laws_takes_no_time() -> None:
    hostile = b"ASCII\0\0\0" + b'{"law":' * 20_000 + b"KZ 230-VIII art. 21" * 20_000
    blob = block("<", {}, {0x9286: hostile})

    assert judged(blob).code == "exif.record"


def cut_in_a_dangling_value() -> bytes:
    """A block that ends before a value of others, whose tag was UserComment."""
    blob = bytearray(merged(with_canon_note("<", thumbnail=b"\xff\xd8 small \xff\xd9")))
    at = blob.index(struct.pack("<HH", 0x9286, 7))
    start = int.from_bytes(blob[at + 8 : at + 12], "little")
    blob[at] = 0
    return bytes(blob[:start])


def test_a_cut_value_that_seems_to_hold_ours_does_not_make_it_stand_there_twice() -> None:
    old = make_mark("ТОО Ескі", mark_id=UUID("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"))
    blob = cut_in_a_dangling_value()

    once = merged(blob)

    assert merged(once) == once
    assert once.count(b"KZ 230-VIII") == 1
    assert b"aaaaaaaa" not in merged(merged(blob, old))
    assert judged(merged(merged(blob, old))).mark == make_mark()


def test_the_words_of_others_outlive_a_record_that_a_cut_value_claims() -> None:
    old = make_mark("ТОО Ескі", mark_id=UUID("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"))
    fields = {0x9286: b"ASCII\0\0\0Almaty", 0xA420: b"a value that is cut off"}
    blob = block("<", {}, fields)

    changed = merged(merged(blob[:-20], old))

    assert b"aaaaaaaa" not in changed
    assert comment_of(changed).startswith(b"ASCII\0\0\0Almaty\n{")
    assert merged(changed) == changed


@pytest.mark.parametrize("left", range(5))
def test_a_pointer_that_was_cut_off_stays_empty_when_something_follows_it(left: int) -> None:
    whole = block("<", {0x010E: b"ab\0", 0x8769: 0}, {})
    blob = whole[: len(whole) - 4 + left]

    marked = merged(blob)
    again = merged(marked, make_mark("B"))

    assert Layout(again, limits=DEFAULT_LIMITS).directory(8).following == 0
    assert judged(again).mark == make_mark("B")


def test_a_block_whose_directories_lie_over_each_other_is_refused_or_says_the_mark() -> None:
    blob = bytearray(block("<", {0x010E: b"A yurt\0"}, {0x9286: b"ASCII\0\0\0Almaty"}))
    slot = blob.index(struct.pack("<HHL", 0x8769, 4, 1)) + 8

    for at in range(len(blob)):
        struct.pack_into("<L", blob, slot, at)
        with contextlib.suppress(MediaError):
            once = merged(bytes(blob))
            assert judged(once).mark == make_mark()
            assert merged(once) == once


@pytest.mark.parametrize("more", [1, 4, 5, 9])
def test_a_comment_that_names_the_law_many_times_still_takes_one_record(more: int) -> None:
    record = json.dumps(make_mark("A").to_dict()).encode()
    theirs = b"ASCII\0\0\0KZ 230-VIII a" + record + b"rt. 21, KZ 230-VIII art. 21" + record * more
    blob = block("<", {}, {0x9286: theirs})

    once = merged(blob)

    assert judged(once).mark == make_mark()
    assert comment_of(once).count(b"KZ 230-VIII art. 21") == 1
    assert merged(once) == once


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bytes_of_any_kind_raise_only_media_errors(data: st.DataObject) -> None:
    blob = bytearray(merged(with_canon_note("<", thumbnail=b"\xff\xd8 small \xff\xd9")))
    for _ in range(data.draw(st.integers(0, 6))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(blob[: data.draw(st.integers(0, len(blob)))])

    exif.orientation(cut)
    judged(cut)
    dropped, found = exif.drop_thumbnail(cut)
    assert len(dropped) <= len(cut)
    assert found or dropped == cut
    with contextlib.suppress(MediaError):
        again = merged(cut)
        assert judged(again).mark == make_mark()
        assert merged(again) == again
