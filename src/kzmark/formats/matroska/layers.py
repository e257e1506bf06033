"""The mark in the tags of a Matroska file: one tag of our own beside those of others."""

from typing import BinaryIO, Final

from kzmark import _rope
from kzmark._limits import Limits
from kzmark.formats.layers import matroska as layer
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.ebml import Element
from kzmark.formats.matroska.segment import TAGS, File, Part, rewrite
from kzmark.mark import Mark
from kzmark.report import Evidence

TAG, TARGETS, SIMPLE_TAG = 0x7373, 0x63C0, 0x67C8
NAME, LANGUAGE, STRING = 0x45A3, 0x447A, 0x4487
_TRACK: Final = frozenset({0x63C5, 0x63C9, 0x63C4, 0x63C6})  # a tag about a part of the file


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the tags hold that are about the whole file."""
    file = File(source, limits=limits)
    values: dict[str, str] = {}
    for data, tag in _tags(file):
        if _is_whole(data, tag, limits):
            for name, value in _simple(data, tag, limits).items():
                values.setdefault(name, value)
    return [layer.judge(values)]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in its tags; those of others stay."""
    file = File(source, limits=limits)
    theirs = [
        _simple(data, tag, limits)
        for data, tag in _tags(file)
        if _is_whole(data, tag, limits) and not _is_ours(data, tag, limits)
    ]
    comment = not any(layer.COMMENT in tag for tag in theirs)
    fresh = _pack(layer.tags(mark, comment=comment))
    tops = [one for one in file.tops if one.kind == TAGS]
    if not tops:
        rewrite(file, target, {}, before_clusters=ebml.pack(TAGS, fresh))
        return
    changed: dict[int, list[Part]] = {}
    for number, top in enumerate(tops):
        data = file.content(top)
        found = ebml.children(data, 0, len(data), limits=limits)
        kept = [
            data[one.start : one.end]
            for one in ebml.without_crc(found)
            if not _is_ours(data, one, limits)
        ]
        whole = ebml.pack(TAGS, *kept, *([fresh] if number == 0 else []))
        if whole[-(top.end - top.body) :] != data or len(kept) != len(found) - 1:
            changed[top.start] = [whole]
    if not changed:
        _rope.copy(file.source, target, 0, file.source.size)
        return
    rewrite(file, target, changed)


def _tags(file: File) -> "list[tuple[bytes, Element]]":
    found = []
    for top in file.tops:
        if top.kind == TAGS:
            file.limits.check_metadata(top.end - top.body, what="the tags")
            data = file.content(top)
            rows = ebml.children(data, 0, len(data), limits=file.limits)
            found += [(data, row) for row in rows if row.kind == TAG]
    return found


def _is_whole(data: bytes, tag: Element, limits: Limits) -> bool:
    for row in ebml.children(data, tag.body, tag.end, limits=limits):
        if row.kind == TARGETS:
            fields = ebml.children(data, row.body, row.end, limits=limits)
            if any(f.kind in _TRACK and any(data[f.body : f.end]) for f in fields):
                return False
    return True


def _is_ours(data: bytes, tag: Element, limits: Limits) -> bool:
    return tag.kind == TAG and layer.RECORD in _simple(data, tag, limits)


def _simple(data: bytes, tag: Element, limits: Limits) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in ebml.children(data, tag.body, tag.end, limits=limits):
        if row.kind == SIMPLE_TAG:
            fields = ebml.children(data, row.body, row.end, limits=limits)
            values = {f.kind: data[f.body : f.end].rstrip(b"\0") for f in fields}
            name = values.get(NAME, b"").decode("utf-8", "replace").upper()
            found.setdefault(name, values.get(STRING, b"").decode("utf-8", "replace"))
    return found


def _pack(values: dict[str, str]) -> bytes:
    rows = [
        ebml.pack(
            SIMPLE_TAG,
            ebml.pack(NAME, name.encode()),
            ebml.pack(LANGUAGE, b"und"),
            ebml.pack(STRING, value.encode()),
        )
        for name, value in values.items()
    ]
    return ebml.pack(TAG, ebml.pack(TARGETS), *rows)
