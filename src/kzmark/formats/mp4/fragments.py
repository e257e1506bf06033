"""Fragments of a film: their offsets, put right when boxes move, and how many samples they name.

Spec: ISO/IEC 14496-12, 8.8.7 (tfhd), 8.8.8 (trun), 8.8.10 (tfra).
"""

from collections.abc import Callable
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._bmff.boxes import Span, spans

_BASE: Final = 0x000001  # tfhd: a base-data-offset is there
_OF_EACH: Final = 0x000F00  # trun: duration, size, flags or shift of each sample are there
_WIDE: Final = 4 << 20  # elements of one table


def moved(data: bytes, move: Callable[[int], int], *, limits: Limits) -> bytes:
    """Return a whole `moof` or `mfra` box with its offsets moved; its size stays.

    Raises:
        MalformedMediaError: If an offset no longer fits its field.
    """
    patched = bytearray(data)
    (top,) = spans(data, 0, len(data), limits=limits)
    for one in spans(data, top.body, top.end, limits=limits):
        if one.kind == b"traf":
            for inner in spans(data, one.body, one.end, limits=limits):
                if inner.kind == b"tfhd":
                    _move_base(patched, inner, move)
        elif one.kind == b"tfra":
            _move_entries(patched, one, move)
    return bytes(patched)


def unlisted(data: bytes, *, limits: Limits) -> int:
    """Return how many samples a whole `moof` box names without a byte for each of them.

    Such runs say a number and nothing else: libav believes it, and makes room for so many.
    """
    (top,) = spans(data, 0, len(data), limits=limits)
    count = 0
    for one in spans(data, top.body, top.end, limits=limits):
        if one.kind != b"traf":
            continue
        for run in spans(data, one.body, one.end, limits=limits):
            told = data[run.body : min(run.end, run.body + 8)]
            if run.kind == b"trun" and not int.from_bytes(told[1:4], "big") & _OF_EACH:
                count += int.from_bytes(told[4:], "big")
    return count


def _move_base(patched: bytearray, box: Span, move: Callable[[int], int]) -> None:
    at = box.body + 8
    if int.from_bytes(patched[box.body + 1 : box.body + 4], "big") & _BASE:
        if at + 8 > box.end:
            raise MalformedMediaError("the head of a fragment ends too early")
        old = int.from_bytes(patched[at : at + 8], "big")
        patched[at : at + 8] = move(old).to_bytes(8, "big")


def _move_entries(patched: bytearray, box: Span, move: Callable[[int], int]) -> None:
    version = patched[box.body] if box.end > box.body else 0
    at = box.body + 16
    sizes = patched[box.body + 11] if box.body + 11 < box.end else 0
    tail = sum((sizes >> shift & 3) + 1 for shift in (4, 2, 0))
    width = 8 if version == 1 else 4
    count = int.from_bytes(patched[box.body + 12 : at], "big")
    if at > box.end or count > _WIDE or count * (2 * width + tail) > box.end - at:
        raise MalformedMediaError("a table of fragments ends too early")
    for _ in range(count):
        place = at + width
        fresh = move(int.from_bytes(patched[place : place + width], "big"))
        if fresh >= 1 << 8 * width:
            raise MalformedMediaError("an offset of a fragment does not fit its field any more")
        patched[place : place + width] = fresh.to_bytes(width, "big")
        at = place + width + tail
