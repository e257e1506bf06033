"""Which packets of a film have to be decoded, so that the frames seen at some times come out.

A packet tells when its picture is shown before anybody decodes it, and those behind it tell until
when: so it is known in time whether somebody wants to see it. What nobody wants to see, and no
other picture is made from, need not be decoded.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

_AHEAD: Final = 64  # packets that are held back at most: pictures are reordered by far fewer
_NEVER: Final = 1 << 62


class UncertainError(Exception):
    """The packets do not tell: only decoding does. It never leaves this package."""


def picked(packets: Iterable[Any], ticks: Sequence[int]) -> Iterator[tuple[Any, int]]:
    """Yield the packets, each with the number of ticks at which its picture is seen.

    Args:
        packets: Of one stream, from a key frame on, as libav gives them.
        ticks: Times in the unit of the stream, in rising order.

    Raises:
        UncertainError: If a packet has no time, two have the same, or the first tick is before all
            of them.
    """
    waiting: deque[Any] = deque()
    known: list[int] = []  # when pictures are shown: of those that wait, and that follow on them
    sure = -_NEVER
    for packet in packets:
        if not packet.size:
            continue  # it tells decoders that the stream is at its end
        if len(waiting) >= _AHEAD:
            raise UncertainError
        sure = _sure(packet, sure)
        waiting.append(packet)
        if not packet.is_discard:
            _note(packet.pts, known)
        yield from _settled(waiting, known, ticks, sure)
    yield from _settled(waiting, known, ticks, _NEVER)


def _sure(packet: Any, before: int) -> int:
    """Return up to when all pictures are known that are shown: none is, before it is decoded."""
    if packet.pts is None:
        raise UncertainError
    if packet.dts is None and before == -_NEVER:
        return before  # Matroska tells nothing of decoding, and libav cannot guess it at once
    if packet.dts is None or not before < packet.dts <= packet.pts:
        raise UncertainError
    sure: int = packet.dts
    return sure


def _note(pts: int, known: list[int]) -> None:
    place = bisect_left(known, pts)
    if place < len(known) and known[place] == pts:
        raise UncertainError
    known.insert(place, pts)


def _settled(
    waiting: "deque[Any]", known: list[int], ticks: Sequence[int], sure: int
) -> Iterator[tuple[Any, int]]:
    """Yield those that wait for nothing: all that is shown up to `sure` is known."""
    while waiting:
        packet = waiting[0]
        place = bisect_right(known, packet.pts)
        follows = known[place] if place < len(known) else _NEVER
        if follows > sure:
            return
        if known and ticks[0] < known[0]:
            raise UncertainError
        waiting.popleft()
        seen = bisect_left(ticks, follows) - bisect_left(ticks, packet.pts)
        yield packet, 0 if packet.is_discard else seen
