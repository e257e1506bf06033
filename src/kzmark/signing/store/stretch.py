"""A closed store made longer, for carriers in which not every byte takes the same room.

The header that a signature does not cover may hold zeros (C2PA 2.4, 10.4.2: `pad`, and `pad2` where
one run does not reach a length), so that a store can grow after it was signed, and room can be kept
for a time stamp, whose size nobody knows before. Only the four boxes that end where the store ends
have to tell their new length.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from kzmark.signing.store import cbor

REACH: Final = 112  # bytes that zeros had best fill: two lengths of three can be reached there
_NAMES: Final = ("pad", "pad2")
_SHORT: Final = 23  # zeros whose number CBOR spells in one byte with their kind
_LONG: Final = 255  # zeros whose number takes a byte of its own
_ZERO: Final = 3  # bytes that a zero takes in a carrier of variation selectors
_LETTER: Final = 4  # what a letter takes there
_FEW: Final = 16  # values of a byte that take no more than a zero
_HEADS: Final = 4  # zeros that the longest head takes the room of
_FAR: Final = 4_000  # bytes beyond which a run that is left is very long
_SECONDS: Final = (None, 0, 24, 300, 5_000, *range(1, _SHORT + 1))  # zeros, of heads of all sizes
_FIRST: Final = (len(_NAMES[0]) + 2) * _LETTER  # what a run costs beside its zeros
_SECOND: Final = (len(_NAMES[1]) + 2) * _LETTER
_SHIFTS: Final = sorted(range(-8, 9), key=abs)  # bytes that the lengths of the boxes may differ

Measure = Callable[[bytes], int]


class Seams(NamedTuple):
    """Where a store can grow.

    Attributes:
        boxes: Where the boxes begin that end with the store, the outermost first.
        header: Where the header stands that the signature does not cover; it says nothing yet.
    """

    boxes: tuple[int, ...]
    header: tuple[int, int]


def zeros(room: int) -> bytes:
    """Return a header that says nothing and takes so many bytes; an empty one if there is none."""
    return padded({}, room) if room else cbor.encode({})


def padded(said: Mapping[str, Any], room: int) -> bytes:
    """Return a header that takes so many bytes, filled with zeros.

    Raises:
        ValueError: If what it says has no room in it.
    """
    spare = room - len(cbor.encode(dict(said)))
    # one run reaches all lengths but those at which its number takes a byte more
    for runs in _fills(spare):
        header = cbor.encode(_filled(said, runs))
        if len(header) == room:
            return header
    raise ValueError(f"a header of {room - spare} bytes for a room of {room}")


def with_header(store: bytes, seams: Seams, header: bytes) -> bytes:
    """Return a closed store with another unsigned header."""
    start, stop = seams.header
    whole = bytearray(store[:start] + header + store[stop:])
    for box in seams.boxes:
        whole[box : box + 4] = (len(whole) - box).to_bytes(4, "big")
    return bytes(whole)


def fitted(
    store: bytes, seams: Seams, size: int, measure: Measure, said: Mapping[str, Any] | None = None
) -> bytes | None:
    """Return a store that takes exactly `size` bytes in its carrier, or nothing if none does.

    Args:
        store: The closed store; it takes about `REACH` bytes less, or many more.
        seams: Where it can grow.
        size: Bytes that it shall take.
        measure: Tells how many a store takes.
        said: What its unsigned header says.
    """
    said = said or {}
    bare = with_header(store, seams, cbor.encode(dict(said)))
    lacking = size - measure(bare)
    if not lacking:
        return bare
    for runs in _runs(lacking):
        longer = with_header(store, seams, cbor.encode(_filled(said, runs)))
        if measure(longer) == size:
            return longer
    return None


def _filled(said: Mapping[str, Any], runs: tuple[int, ...]) -> dict[str, Any]:
    """Return what a header says with one or two runs of zeros behind it; none of it is signed."""
    return {**said, **{name: bytes(size) for name, size in zip(_NAMES, runs, strict=False)}}


def _fills(spare: int) -> Iterator[tuple[int, ...]]:
    """Yield runs of zeros that may take so many bytes of a store."""
    if not spare:
        yield ()
    name, second = (len(each) + 1 for each in _NAMES)
    for head in (1, 2, 3):
        if spare >= name + head:
            yield (spare - name - head,)
    for head in (1, 2, 3):
        if spare >= name + head + second + 1:
            yield (spare - name - head - second - 1, 0)


def _runs(lacking: int) -> Iterator[tuple[int, ...]]:
    """Yield runs of zeros that may take so many bytes of a carrier, the likely ones first.

    A run costs its name, a head and three bytes a zero; the head of a long run costs one byte more,
    so that short and long ones leave different remainders of three. The lengths of the four boxes
    may take some bytes more or less than before.
    """
    if lacking > _FAR:
        yield from _long_runs(lacking)
        return
    for more in (0, 1, -1, 2, -2, 3, -3):
        short, rest = divmod(lacking - more - _FIRST, _ZERO)
        if not rest and 0 <= short <= _SHORT:
            yield (short,)
        long, rest = divmod(lacking - more - _FIRST - _LETTER, _ZERO)
        if not rest and _SHORT < long <= _LONG:
            yield (long,)
        both, rest = divmod(lacking - more - _FIRST - _SECOND, _ZERO)
        if not rest and 0 <= both <= 2 * _SHORT:
            yield (min(both, _SHORT), max(0, both - _SHORT))


def _long_runs(lacking: int) -> Iterator[tuple[int, ...]]:
    """Yield the same where very many zeros are lacking, as beside a time stamp.

    Heads are of many sizes then, and beside a second run of one size or another the first takes
    what is left: two lengths of three can be reached as well, and farther away nearly all.
    """
    for more in _SHIFTS:
        for second in _SECONDS:
            left = lacking - more - (0 if second is None else _cost(_NAMES[1], second))
            likely = (left - _cost(_NAMES[0], 0)) // _ZERO
            for first in range(likely, max(likely - _HEADS, -1), -1):
                if _cost(_NAMES[0], first) == left:
                    yield (first,) if second is None else (first, second)


def _cost(name: str, zeros: int) -> int:
    """Return what a run of zeros takes in a carrier, with its name and its head."""
    size = 0 if zeros <= _SHORT else 1 if zeros <= _LONG else 2
    head = zeros.to_bytes(4, "big")[4 - size :]
    few = sum(byte < _FEW for byte in head)
    return (len(name) + 2 + size) * _LETTER - few + zeros * _ZERO
