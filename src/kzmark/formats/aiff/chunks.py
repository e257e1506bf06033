"""Chunks of an AIFF beside its samples: markers, the tag, XMP.

Spec: Apple, Audio Interchange File Format 1.3, 6 (`MARK`), 12 (`APPL`); XMP part 3, AIFF; the
`ID3 ` chunk, as programs write it.
"""

from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._audio.chunks import Chunk, File, Fresh
from kzmark.formats._audio.chunks import write as write_file
from kzmark.formats.layers import id3, xmp
from kzmark.formats.layers._id3_tag import Tag
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

TAGS: Final = frozenset({b"ID3 ", b"id3 "})
_PRIVATE: Final = b"APPL"
_OWNER: Final = b"XMP "


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the tag and the XMP chunks hold."""
    file = File(source, limits=limits)
    tags = [Tag.parse(file.content(one), limits=limits) for one in file.chunks if one.kind in TAGS]
    seen = [xmp.judge(_packet(file, one), limits=limits) for one in _packets(file)]
    absent = Evidence(layer=Layer.XMP, status=Status.ABSENT)
    return [id3.judge(tags[0] if tags else None), *(seen or [absent])]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in both; what others wrote stays."""
    file = File(source, limits=limits)
    packets = _packets(file)
    packet = _packet(file, packets[0]) if packets else b""
    tagged = next((one for one in file.chunks if one.kind in TAGS), None)
    tag = Tag() if tagged is None else Tag.parse(file.content(tagged), limits=limits)
    id3.put(tag, mark, limits=limits)
    kept = []
    for one in file.chunks:
        if one == tagged:
            kept.append(Fresh(one.kind, (tag.pack(),)))
        elif one not in packets:
            kept.append(file.kept(one))
    if tagged is None:
        kept.append(Fresh(b"ID3 ", (tag.pack(),)))
    kept.append(Fresh(_PRIVATE, (_OWNER, xmp.merge(packet, mark, limits=limits))))
    write_file(file, target, kept)


def moved_marks(data: bytes, count: int) -> bytes:
    """Return markers with their positions moved by so many moments."""
    out, at = bytearray(data), 2
    for _ in range(int.from_bytes(data[:2], "big")):
        if at + 7 > len(data):
            break
        position = int.from_bytes(data[at + 2 : at + 6], "big") + count
        out[at + 2 : at + 6] = max(0, min(position, 0xFFFFFFFF)).to_bytes(4, "big")
        name = 1 + data[at + 6]  # a Pascal string, padded to an even length
        at += 6 + name + name % 2
    return bytes(out)


def _packets(file: File) -> list[Chunk]:
    return [one for one in file.chunks if one.kind == _PRIVATE and _owner(file, one) == _OWNER]


def _owner(file: File, one: Chunk) -> bytes:
    file.source.seek(one.body)
    return file.source.read(min(len(_OWNER), one.end - one.body))


def _packet(file: File, one: Chunk) -> bytes:
    return file.content(one)[len(_OWNER) :]
