"""A TIFF written anew without the bytes that nothing uses."""

from typing import Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import MediaError
from kzmark.formats._ifd import INTEGER, LONG, LONG8, PIECES, POINTERS, UNIT, Directory, Layout
from kzmark.formats._ifd_draft import Draft

# MakerNote, an old thumbnail, GlobalParametersIFD, DNGPrivateData: offsets that only others follow
_UNTOUCHABLE: Final = frozenset({0x927C, 0x0201, 400, 0xC634})
_OFFSET_KINDS: Final = frozenset({13, 18})
_ENTRIES: Final = 500  # of one directory; real ones have some twenty
_DEPTH: Final = 4  # sub-directories within sub-directories


class _Unsafe(Exception):  # noqa: N818 - a way out of the recursion, no error
    """The file holds offsets that cannot be followed."""


def compact(data: bytes, *, limits: Limits) -> bytes | None:
    """Return the same pages without unused bytes, or nothing if that might break others' offsets.

    Raises:
        MediaError: If the outcome is over the limits of its kind of TIFF.
    """
    source = Layout(data, limits=limits)
    head = bytearray(data[: source.slot + source.pointer_size])
    head[source.slot :] = bytes(source.pointer_size)
    target = Draft(head, limits=limits)
    slot = target.slot
    try:
        for _, directory in list(source.chain(source.slot)):
            at = _copied(source, target, directory, 0)
            target.point(slot, at)
            slot = target.directory(at).slot
    except (_Unsafe, MediaError):
        return None
    return bytes(target.data)


def _copied(source: Layout, target: Draft, directory: Directory, depth: int) -> int:
    """Copy a directory with all it points to; return its new offset."""
    if depth > _DEPTH or len(directory.entries) > _ENTRIES:
        raise _Unsafe
    numbers = _moved_pieces(source, target, directory)
    for entry in directory.entries:
        known = entry.tag in POINTERS
        if entry.tag in _UNTOUCHABLE or (entry.kind in _OFFSET_KINDS and not known):
            raise _Unsafe
        if entry.kind not in UNIT:
            raise _Unsafe
        if known:
            children = [source.directory(at) for at in source.integers(entry).tolist()]
            numbers[entry.tag] = [_copied(source, target, one, depth + 1) for one in children]
    at = target.append(source.data[directory.at : directory.slot])
    target.data.extend(bytes(source.pointer_size))
    for entry in directory.entries:
        made = target.directory(at)
        if entry.tag in numbers:
            kind = LONG8 if source.big else LONG
            content = np.array(numbers[entry.tag], source.order + INTEGER[kind]).tobytes()
            target.store(made, entry.tag, kind, content)
        elif entry.size > source.pointer_size:
            target.store(made, entry.tag, entry.kind, source.value(entry))
    return at


def _moved_pieces(source: Layout, target: Draft, directory: Directory) -> dict[int, list[int]]:
    """Copy strips and tiles, in the order they stood; return their new offsets by tag."""
    found: dict[int, list[int]] = {}
    for where, how_long in PIECES:
        starts, sizes = directory.get(where), directory.get(how_long)
        if starts is None:
            continue
        if sizes is None or sizes.count != starts.count:
            raise _Unsafe
        at = source.integers(starts)
        size = source.integers(sizes)
        moved = at.copy()
        for index in np.argsort(at, kind="stable").tolist():
            start, end = int(at[index]), int(at[index] + size[index])
            moved[index] = target.append(source.data[start:end]) if end > start else 0
        found[where] = moved.tolist()
    return found
