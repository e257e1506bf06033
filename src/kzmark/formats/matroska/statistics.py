"""What muxers count of a track and tell in a tag: it goes where the track is not what it was.

mkvmerge writes bit rate, length, frames and bytes of each track, says in `_STATISTICS_TAGS` which
tags these are, and drops them all where it changes the track. So it is done here. What else the
tags hold stays as it is, every byte.

Spec: RFC 9559, 5.1.8 (tags), 5.1.4.1.2 (the id by which a tag names a track).
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from kzmark._limits import Limits
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import TRACK, TRACK_NUMBER
from kzmark.formats.matroska.ebml import Element
from kzmark.formats.matroska.layers import NAME, SIMPLE_TAG, STRING, TAG, TARGETS
from kzmark.formats.matroska.segment import TAGS, TRACKS, File, Part

_TRACK_UID, _TAG_TRACK_UID = 0x73C5, 0x63C5
_SIZES: Final = frozenset({"BPS", "NUMBER_OF_BYTES"})
_COUNTED: Final = _SIZES | {"DURATION", "NUMBER_OF_FRAMES"}
_LISTED: Final = "_STATISTICS_TAGS"
_OTHERS: Final = "_STATISTICS_"  # who counted, and when


def without_statistics(
    file: File, *, resized: AbstractSet[int] = frozenset(), remade: AbstractSet[int] = frozenset()
) -> "dict[int, list[Part]]":
    """Return what stands in the places of tags that tell of tracks what does not hold any more.

    Args:
        file: The film.
        resized: Numbers of tracks whose packets are as many as before and at the same times, some
            of other sizes. A tag that tells nothing of sizes still holds of them.
        remade: Numbers of tracks that are others throughout.

    Raises:
        LimitExceededError: If the tags are too large.
        MalformedMediaError: If they are damaged.
    """
    uids = _uids(file)
    sized, all_new = ({uids[one] for one in some if one in uids} for some in (resized, remade))
    changed: dict[int, list[Part]] = {}
    for top in file.tops if sized or all_new else ():
        if top.kind == TAGS:
            file.limits.check_metadata(top.end - top.body, what="the tags")
            data = file.content(top)
            rows = ebml.children(data, 0, len(data), limits=file.limits)
            old = [data[row.start : row.end] for row in ebml.without_crc(rows)]
            new = [_kept(one, sized, all_new, limits=file.limits) for one in old]
            if new != old:
                whole = b"".join(new)
                changed[top.start] = [ebml.header(TAGS, len(whole)), whole] if whole else []
    return changed


def _uids(file: File) -> dict[int, int]:
    """Return number of each track → the id by which tags name it; 0 would be all tracks."""
    found = file.first(TRACKS)
    data = file.content(found) if found else b""
    told = {}
    for track in ebml.children(data, 0, len(data), limits=file.limits):
        if track.kind == TRACK:
            rows = ebml.children(data, track.body, track.end, limits=file.limits)
            values = {row.kind: ebml.integer(data[row.body : row.end]) for row in rows}
            if values.get(_TRACK_UID):
                told[values.get(TRACK_NUMBER, 0)] = values[_TRACK_UID]
    return told


def _kept(
    tag: bytes, sized: AbstractSet[int], all_new: AbstractSet[int], *, limits: Limits
) -> bytes:
    """Return a tag, or what of it still holds, which may be nothing."""
    whole = ebml.element(tag, 0, len(tag))
    if whole.kind != TAG:
        return tag
    rows = ebml.children(tag, whole.body, whole.end, limits=limits)
    about = set(_tracks(tag, rows, limits))
    if not about or not about <= sized | all_new:
        return tag
    told = {row: _told(tag, row, limits) for row in rows if row.kind == SIMPLE_TAG}
    names = {name for name, _ in told.values()}
    if not (about & all_new or names & _SIZES):
        return tag
    listed = {one for name, text in told.values() if name == _LISTED for one in text.split()}
    gone = {
        row
        for row, (name, _) in told.items()
        if name in _COUNTED | listed or name.startswith(_OTHERS)
    }
    if not gone:
        return tag
    kept = [row for row in ebml.without_crc(rows) if row not in gone]
    left = any(row.kind == SIMPLE_TAG for row in kept)
    return ebml.pack(TAG, *(tag[row.start : row.end] for row in kept)) if left else b""


def _tracks(tag: bytes, rows: list[Element], limits: Limits) -> Iterator[int]:
    """Yield the ids of the tracks that a tag is about."""
    for row in rows:
        if row.kind == TARGETS:
            for one in ebml.children(tag, row.body, row.end, limits=limits):
                if one.kind == _TAG_TRACK_UID:
                    yield ebml.integer(tag[one.body : one.end])


def _told(tag: bytes, row: Element, limits: Limits) -> tuple[str, str]:
    """Return name and text of what a tag tells."""
    fields = ebml.children(tag, row.body, row.end, limits=limits)
    values = {one.kind: tag[one.body : one.end].rstrip(b"\0") for one in fields}
    name, text = (values.get(kind, b"").decode("utf-8", "replace") for kind in (NAME, STRING))
    return name, text
