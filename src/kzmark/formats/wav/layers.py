"""The mark in a WAV: the record in an INFO list and in an ID3 tag, XMP behind the samples.

Spec: RIFF MCI (INFO); XMP part 3, WAV (`_PMX`); the `id3 ` chunk, as programs write it.
"""

from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._audio.chunks import Chunk, File, Fresh
from kzmark.formats._audio.chunks import write as write_file
from kzmark.formats.layers import id3, xmp
from kzmark.formats.layers import riff as layer
from kzmark.formats.layers._id3_tag import Tag
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

XMP: Final = b"_PMX"
TAGS: Final = frozenset({b"id3 ", b"ID3 "})


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the XMP chunks, the INFO lists and the tag hold."""
    file = File(source, limits=limits)
    packets = [file.content(one) for one in file.chunks if one.kind == XMP]
    seen = [xmp.judge(packet, limits=limits) for packet in packets]
    absent = Evidence(layer=Layer.XMP, status=Status.ABSENT)
    values: dict[bytes, bytes] = {}
    for one in file.chunks:
        said = [(one.kind, file.content(one))] if one.kind == layer.LABEL else _listed(file, one)
        for kind, data in said:
            values.setdefault(kind, data)
    tags = [_tag(file, one) for one in file.chunks if one.kind in TAGS]
    return [*(seen or [absent]), layer.judge(values), id3.judge(tags[0] if tags else None)]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in all of them; what others wrote stays."""
    file = File(source, limits=limits)
    packet = next((file.content(one) for one in file.chunks if one.kind == XMP), b"")
    lists = {one: list(_listed(file, one)) for one in file.chunks if one.kind == b"LIST"}
    ours = [one for one, items in lists.items() if any(k == layer.RECORD for k, _ in items)]
    theirs = [k for one, items in lists.items() if one not in ours for k, _ in items]
    values = layer.chunks(mark, comment=layer.COMMENT not in theirs)
    tagged = next((one for one in file.chunks if one.kind in TAGS), None)
    tag = Tag() if tagged is None else _tag(file, tagged)
    id3.put(tag, mark, limits=limits)
    kept: list[Fresh] = []
    for one in file.chunks:
        if one.kind == b"data":
            kept.append(_info(values))
        if one == tagged:
            kept.append(Fresh(one.kind, (tag.pack(),)))
        elif one.kind != XMP and one not in ours:
            kept.append(file.kept(one))
    if tagged is None:
        kept.append(Fresh(b"id3 ", (tag.pack(),)))
    kept.append(Fresh(XMP, (xmp.merge(packet, mark, limits=limits),)))
    write_file(file, target, kept, samples=file.samples)


def _tag(file: File, one: Chunk) -> Tag:
    return Tag.parse(file.content(one), limits=file.limits)


def _listed(file: File, one: Chunk) -> list[tuple[bytes, bytes]]:
    """Return kinds and contents of an INFO list; nothing for any other chunk."""
    if one.kind != b"LIST":
        return []
    data = file.content(one)
    found, at = [], 4
    while data[:4] == b"INFO" and at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _info(values: dict[bytes, bytes]) -> Fresh:
    parts = [b"INFO"]
    for kind, data in values.items():
        parts += [kind, len(data).to_bytes(4, "little"), data, b"\0" * (len(data) % 2)]
    return Fresh(b"LIST", (b"".join(parts),))
