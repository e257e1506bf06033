"""Packages: copied byte for byte, and refused where two readers would see different things."""

import io
import struct
import zipfile
import zlib

import pytest
from fixtures import office
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.office_samples import parts

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats._zip.edits import Edits
from kzmark.formats._zip.package import Package


def opened(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Package:
    return Package.open(io.BytesIO(data), limits=limits)


def edited(data: bytes, **files: bytes) -> bytes:
    edits, target = Edits(io.BytesIO(data), limits=DEFAULT_LIMITS), io.BytesIO()
    for name, held in files.items():
        edits.put(name, held)
    edits.write(target)
    return target.getvalue()


def streamed(files: dict[str, bytes]) -> bytes:
    """Return a package as programs write it that cannot seek: with data descriptors."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in files.items():
            archive.writestr(name, held)
    return pipe.data


names = st.text("abcdefgжә/_.-", min_size=1, max_size=9).filter(
    lambda name: all(part not in {"", ".", ".."} for part in name.split("/"))
)


@settings(max_examples=40, deadline=None)
@given(
    files=st.dictionaries(names, st.binary(max_size=300), min_size=1, max_size=6), data=st.data()
)
def test_whatever_is_not_changed_is_copied_byte_for_byte(
    files: dict[str, bytes], data: st.DataObject
) -> None:
    folded = {name.casefold(): name for name in files}
    files = {name: files[name] for name in folded.values()}
    whole = office.package(files) if data.draw(st.booleans()) else streamed(files)
    chosen = data.draw(st.sampled_from(sorted(files)))
    fresh = edited(
        whole, **{chosen: b"fresh", "behind": b"all"} if chosen != "behind" else {chosen: b"x"}
    )

    assert zipfile.ZipFile(io.BytesIO(fresh)).testzip() is None
    found = opened(fresh)
    for name, member in opened(whole).members.items():
        other = found.members[name]
        if name != chosen:
            assert whole[member.start : member.end] == fresh[other.start : other.end]
        assert found.read(name) == parts(fresh)[name]


def test_a_change_to_what_was_there_changes_nothing() -> None:
    data = office.letter()

    assert edited(data, **{"word/document.xml": parts(data)["word/document.xml"]}) == data


def test_a_member_of_a_thousand_megabytes_costs_no_memory(tmp_path: object) -> None:
    import tracemalloc

    source = Rope()
    files = {"big.bin": bytes(8 << 20), "small.xml": b"<x/>"}
    source.write(office.package(files, stored=("big.bin",)))
    tracemalloc.start()
    edits, target = Edits(source, limits=DEFAULT_LIMITS), Rope()
    edits.put("small.xml", b"<y/>")
    edits.write(target)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2 << 20
    assert target.size > 8 << 20


@pytest.mark.parametrize(
    "name",
    ["../evil", "/evil", "a/../../evil", "a\\b", "C:/evil", "a//b", "./a", "a/\0b", "a\nb"],
)
def test_a_name_that_leads_out_of_a_package_is_refused(name: str) -> None:
    wide = "x" * len(name.encode())
    data = office.package({wide: b"1"}).replace(wide.encode(), name.encode())

    with pytest.raises(MalformedMediaError):
        opened(data)


def test_two_members_of_one_name_are_refused() -> None:
    data = office.package({"one": b"1", "two": b"2"}).replace(b"two", b"ONE")

    with pytest.raises(MalformedMediaError, match="two members"):
        opened(data)


def test_links_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")

    with pytest.raises(MalformedMediaError, match="link"):
        opened(target.getvalue())


def test_bytes_that_belong_to_no_member_are_refused() -> None:
    data = office.package({"one": b"1", "two": b"2"})
    second = data.index(b"PK\3\4", 4)
    gap = data[:second] + b"hidden" + data[second:]

    for strange in (b"MZ" + data, data + b"tail", gap):
        with pytest.raises(MalformedMediaError):
            opened(strange)


def test_headers_that_contradict_the_directory_are_refused() -> None:
    data = bytearray(office.package({"one": b"12345", "two": b"2"}))
    for at, size in ((14, 4), (18, 4), (22, 4), (8, 2), (30, 1)):
        lying = bytearray(data)
        lying[at : at + size] = bytes((one ^ 1) for one in lying[at : at + size])
        with pytest.raises(MediaError):
            opened(bytes(lying)).read("one")


def test_members_that_overlap_are_refused() -> None:
    data = bytearray(office.package({"one": b"1", "two": b"2"}))
    directory = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", directory + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)

    with pytest.raises(MalformedMediaError):
        opened(bytes(data))


def test_a_member_that_opens_to_more_than_it_says_is_refused() -> None:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = squeezer.compress(bytes(10_000_000)) + squeezer.flush()
    small = office.package({"a": b"\0" * 10})
    start, directory = small.index(b"a") + 1, small.index(b"PK\1\2")
    head = bytearray(small[:start])
    entry = bytearray(small[directory:])
    head[18:22] = entry[20:24] = struct.pack("<I", len(body))
    at = entry.index(b"PK\5\6") + 16
    entry[at : at + 4] = struct.pack("<I", start + len(body))

    with pytest.raises(MalformedMediaError):
        opened(bytes(head) + body + bytes(entry)).read("a")


def test_a_package_of_bombs_is_stopped_by_their_sum() -> None:
    data = office.package({f"{n}": bytes(1000) for n in range(40)})
    package = opened(data, limits=Limits(max_text=1000))

    with pytest.raises(LimitExceededError):
        for name in package.members:
            package.read(name)


def test_an_encrypted_package_is_refused_with_a_hint() -> None:
    data = bytearray(office.package({"one": b"1"}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1

    with pytest.raises(UnsupportedMediaError, match="encrypted") as caught:
        opened(bytes(data))
    assert caught.value.hint


def test_sizes_in_zip64_fields_are_read_and_kept() -> None:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w") as archive,
        archive.open("wide", "w", force_zip64=True) as one,
    ):
        one.write(b"12345")
    data = target.getvalue()

    assert opened(data).read("wide") == b"12345"
    assert parts(edited(data, more=b"1")) == {"wide": b"12345", "more": b"1"}


def test_what_is_remembered_of_a_package_counts_against_its_limits_too() -> None:
    data, limits = office.package({"a": bytes(1000)}), Limits(max_text=1000)
    opened(data, limits=limits).read("a")
    again = opened(data, limits=limits)

    with pytest.raises(LimitExceededError):
        for _ in range(17):
            assert again.read("a") == bytes(1000)
