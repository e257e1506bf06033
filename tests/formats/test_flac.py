"""FLAC: frames numbered anew without being decoded, and all that names places in them."""

import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from fixtures.sounds import sound
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.sound_samples import LIMITS, heard, marked, mutagen, packets, spoken

from kzmark.errors import MalformedMediaError
from kzmark.formats.flac import blocks
from kzmark.formats.flac.blocks import File
from kzmark.formats.flac.frames import crc16, head, renumbered, spell, verbatim

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"


def clean(name: str) -> bytes:
    return (CLEAN / name).read_bytes()


def file(data: bytes) -> File:
    return File.of(io.BytesIO(data), limits=LIMITS)


def with_blocks(data: bytes, *more: tuple[int, bytes]) -> bytes:
    found = file(data)
    found.blocks += more
    return found.head() + data[found.sound :]


@pytest.mark.parametrize("name", ["speech.flac", "deep.flac"])
def test_the_digest_is_that_of_all_samples(name: str) -> None:
    data = spoken(clean(name))[0]
    info, samples = file(data).info, heard(data)
    if info.bits == 24:
        four = np.ascontiguousarray((samples >> 8).astype("<i4")).view(np.uint8)
        stored = four.reshape(-1, 4)[:, :3].tobytes()
    else:
        stored = samples.astype("<i2").tobytes()

    assert info.md5 == hashlib.md5(stored, usedforsecurity=False).digest()
    assert info.total == len(samples)


def test_frames_are_numbered_one_after_another() -> None:
    found = packets(spoken(clean("speech.flac"))[0])

    assert [head(one).number for one in found] == list(range(len(found)))
    assert all(crc16(one[:-2]) == int.from_bytes(one[-2:], "big") for one in found)


@given(st.integers(0, (1 << 36) - 1), st.binary(max_size=200), st.integers(0, (1 << 31) - 1))
def test_a_new_number_gives_the_frame_that_would_have_been_written(
    number: int, body: bytes, old: int
) -> None:
    fixed = b"\xff\xf9\xc9\x08"

    def made(told: int) -> bytes:
        whole = spell(fixed, told, b"") + body
        return whole + crc16(whole).to_bytes(2, "big")

    assert renumbered(made(old), number) == made(number)
    assert head(made(number)).number == number


def test_a_damaged_head_is_malformed() -> None:
    frame = bytearray(packets(clean("speech.flac"))[0])
    frame[2] ^= 0x10

    with pytest.raises(MalformedMediaError):
        renumbered(bytes(frame), 5)


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24])
def test_frames_of_plain_samples_are_decoded_as_they_were_given(bits: int) -> None:
    top = 1 << (bits - 1)
    values = np.random.default_rng(1).integers(-top, top, (256, 2))
    first = head(packets(clean("deep.flac"))[0])
    frame = verbatim(values, first.fixed, 0, bits)
    stored = bits + -bits % 8
    info = blocks.Info(
        least=256, most=256, smallest=0, largest=0, rate=16_000, channels=2, bits=bits, total=256,
        md5=bytes(16),
    )  # fmt: skip
    data = b"fLaC\x80\0\0\x22" + info.pack() + frame

    found = heard(data)

    wide = found.dtype.itemsize * 8
    assert np.array_equal(found >> (wide - bits), values)
    assert stored >= bits


def test_seek_points_lead_to_the_same_sound() -> None:
    data = clean("speech.flac")
    sizes = [len(one) for one in packets(data)]
    step = file(data).info.most
    rows = [(step * n, sum(sizes[:n]), step) for n in (0, 2)] + [((1 << 64) - 1, 0, 0)]
    table = b"".join(struct.pack(">QQH", *row) for row in rows)

    after = spoken(with_blocks(data, (blocks.SEEKTABLE, table)))[0]

    found = file(after)
    points = [
        struct.unpack_from(">QQH", found.find(blocks.SEEKTABLE) or b"", 18 * n) for n in range(3)
    ]
    more = len(heard(after)) - len(heard(data))
    assert [one[0] for one in points[:2]] == [more, step * 2 + more]
    for sample, offset, _ in points[:2]:
        frame = after[found.sound + offset :][:40]
        assert head(frame).number == sample // step
    assert points[2][0] == (1 << 64) - 1


def test_a_cue_sheet_moves_and_says_when_it_leaves_the_sectors_of_a_disc() -> None:
    track = struct.pack(">QB", 588, 1) + bytes(12) + b"\0" + bytes(13) + b"\1"
    index = struct.pack(">QB", 0, 1) + bytes(3)
    out = struct.pack(">QB", 23_520, 170) + bytes(12) + b"\0" + bytes(13) + b"\0"
    sheet = bytes(128) + bytes(8) + b"\x80" + bytes(258) + b"\2" + track + index + out
    data, notes = spoken(with_blocks(clean("speech.flac"), (blocks.CUESHEET, sheet)))

    moved = file(data).find(blocks.CUESHEET) or b""
    more = len(heard(data)) - len(heard(clean("speech.flac")))
    assert struct.unpack_from(">Q", moved, 396)[0] == 588 + more
    assert notes == ("cuesheet-off-sectors",)


def test_chapters_move() -> None:
    data = spoken(clean("speech.flac"))[0]

    told = mutagen("flac.FLAC", data)["chapter001"][0]

    more = (len(heard(data)) - len(heard(clean("speech.flac")))) / 16_000
    assert float(told.rpartition(":")[2]) == pytest.approx(0.5 + more, abs=0.001)


def test_a_digest_that_did_not_fit_is_told_and_put_right() -> None:
    data = bytearray(clean("speech.flac"))
    data[8 + 18] ^= 1

    assert spoken(bytes(data))[1] == ("digest-did-not-fit",)


def test_a_file_without_a_digest_is_not_decoded_and_gets_none() -> None:
    data = bytearray(clean("speech.flac"))
    data[8 + 18 : 8 + 34] = bytes(16)

    after = spoken(bytes(data))[0]

    assert file(after).info.md5 == bytes(16)
    assert np.array_equal(heard(after)[-24_000:], heard(clean("speech.flac")))


def test_a_tag_before_the_file_stays_and_mutagen_reads_both() -> None:
    from kzmark.formats.layers._id3_tag import Frame, Tag

    front = Tag(4, [Frame("TIT2", b"\3Theirs")]).pack()
    data = marked(spoken(front + clean("speech.flac"))[0])

    assert data.startswith(front)
    assert "KZ 230-VIII" in mutagen("flac.FLAC", data)["kzmark_record"][0]


@pytest.mark.parametrize("size", ["576", "4096"])
def test_blocks_of_any_length_are_joined(size: str) -> None:
    data = sound("flac", "flac", options={"frame_size": size}, layout="5.1", seconds=0.4)

    after = heard(spoken(data)[0])

    assert np.array_equal(after[-len(heard(data)) :], heard(data))
