"""A closed store made longer, for carriers in which not every byte takes the same room.

The header that a signature does not cover may hold zeros (C2PA 2.4, 10.4.2: `pad`, and `pad2` where
one run does not reach a length), so that a store can grow after it was signed. Only the four boxes
that end where the store ends have to tell their new length.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from kzmark.signing.store import cbor

REACH: Final = 112  # bytes that zeros had best fill: two lengths of three can be reached there
_NAMES: Final = ("pad", "pad2")
_SHORT: Final = 23  # zeros whose number CBOR spells in one byte with their kind
_LONG: Final = 255  # zeros whose number takes a byte of its own
_ZERO: Final = 3  # bytes that a zero takes in a carrier of variation selectors
_LETTER: Final = 4  # what a letter takes there
_FIRST: Final = (len(_NAMES[0]) + 2) * _LETTER  # what a run costs beside its zeros
_SECOND: Final = (len(_NAMES[1]) + 2) * _LETTER

Measure = Callable[[bytes], int]


class Seams(NamedTuple):
    """Where a store can grow.

    Attributes:
        boxes: Where the boxes begin that end with the store, the outermost first.
        header: Where the header begins that the signature does not cover; it is empty.
    """

    boxes: tuple[int, ...]
    header: int


def stretched(store: bytes, seams: Seams, runs: tuple[int, ...]) -> bytes:
    """Return a closed store with one or two runs of zeros put in; none of them is signed."""
    fields = {name: bytes(size) for name, size in zip(_NAMES, runs, strict=False)}
    longer = bytearray(store)
    longer[seams.header : seams.header + 1] = cbor.encode(fields)
    for start in seams.boxes:
        longer[start : start + 4] = (len(longer) - start).to_bytes(4, "big")
    return bytes(longer)


def fitted(store: bytes, seams: Seams, size: int, measure: Measure) -> bytes | None:
    """Return a store that takes exactly `size` bytes in its carrier, or nothing if none does.

    Args:
        store: The closed store; it takes about `REACH` bytes less.
        seams: Where it can grow.
        size: Bytes that it shall take.
        measure: Tells how many a store takes.
    """
    lacking = size - measure(store)
    if not lacking:
        return store
    for runs in _runs(lacking):
        longer = stretched(store, seams, runs)
        if measure(longer) == size:
            return longer
    return None


def _runs(lacking: int) -> Iterator[tuple[int, ...]]:
    """Yield runs of zeros that may take so many bytes, the likely ones first.

    A run costs its name, a head and three bytes a zero; the head of a long run costs one byte more,
    so that short and long ones leave different remainders of three. The lengths of the four boxes
    may take some bytes more or less than before.
    """
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
