"""Words in long documents: where they stand, found once for what two documents share.

A stamp looks at a document twice, before and after its edits, which are a few short ones near both
ends. What lies between them is remembered and compared, which is many times as fast as looking.
"""

import threading
from typing import Final

_LONG: Final = 64 << 10  # bytes from which remembering is worth it
_LONGEST: Final = 8 << 20  # and up to which a document is remembered
_EDGE: Final = 8 << 10  # bytes at both ends that are always looked at
_PROBE: Final = 512  # bytes by which the shared stretch is found again
_REACH: Final = 64 << 10  # bytes from the start in which it begins
_TRIES: Final = 8
_SAMPLE: Final = 4096  # bytes of a long stretch by which the rarest letter of a word is told
_BLOCKS: Final = 8  # pieces in which these stand
_STEP: Final = 64  # of a short stretch, one byte of so many
_RARE: Final = 1_000  # a letter is looked for that is fewer than one of so many bytes
_WORTH: Final = 8 << 10  # bytes from which that is worth it


class _Last(threading.local):
    """The middle of the document that this thread looked at last."""

    def __init__(self) -> None:
        self.middle = b""
        self.whole, self.at = b"", -1  # of this very document, where the middle stands in it
        self.places: dict[bytes, list[int]] = {}  # of words, from the start of the middle


_LAST: Final = _Last()


def places(data: bytes, word: bytes) -> list[int]:
    """Return where a word stands, in order; a word is one that cannot overlap itself."""
    if not _LONG <= len(data) <= _LONGEST:
        return _found(data, word, 0, len(data))
    at = _LAST.at if _LAST.whole is data else _shared(data)
    if at < 0:
        at, _LAST.middle = _EDGE, data[_EDGE:-_EDGE]
        _LAST.places = {}
    _LAST.whole, _LAST.at = data, at
    end = at + len(_LAST.middle)
    inner = _LAST.places.get(word)
    if inner is None:
        inner = _LAST.places[word] = [one - at for one in _found(data, word, at, end)]
    over = len(word) - 1
    return [
        *_found(data, word, 0, at + over),
        *(at + one for one in inner),
        *_found(data, word, end - over, len(data)),
    ]


def stands(data: bytes, word: bytes, start: int) -> bool:
    """Say whether a word stands anywhere from a place on."""
    if len(data) < _LONG:
        return data.find(word, start) >= 0
    return max(places(data, word), default=-1) >= start


def forget() -> None:
    """Forget the last document of this thread, for measurements."""
    _LAST.middle, _LAST.places, _LAST.whole = b"", {}, b""


def _shared(data: bytes) -> int:
    """Return where the middle that is remembered stands in a document, or -1."""
    middle, at = _LAST.middle, -1
    for _ in range(_TRIES if middle else 0):
        at = data.find(middle[:_PROBE], at + 1, _REACH)
        if at < 0 or data.startswith(middle, at):
            return at
    return -1


def _found(data: bytes, word: bytes, start: int, stop: int) -> list[int]:
    """Return where a word stands in a stretch, by its rarest letter if that is rare enough.

    One letter is found many times as fast as several: the processor looks at a line at a time.
    """
    offset = _rarest(data, word, start, stop) if stop - start >= _WORTH else -1
    if offset < 0:
        return _plainly(data, word, start, stop)
    letter, found = word[offset : offset + 1], []
    at = data.find(letter, start + offset, stop)
    while at >= 0:
        if data.startswith(word, at - offset, stop):
            found.append(at - offset)
        at = data.find(letter, at + 1, stop)
    return found


def _plainly(data: bytes, word: bytes, start: int, stop: int) -> list[int]:
    found = []
    at = data.find(word, start, stop)
    while at >= 0:
        found.append(at)
        at = data.find(word, at + len(word), stop)
    return found


def _rarest(data: bytes, word: bytes, start: int, stop: int) -> int:
    """Return which letter of a word is rarest, judged by some of the bytes; -1 if none is rare."""
    step = (stop - start) // _BLOCKS
    size = min(_SAMPLE // _BLOCKS, step // _STEP)
    some = b"".join([data[at : at + size] for at in range(start, stop, step)])
    counts = [some.count(letter) for letter in word]
    least = min(counts)
    return counts.index(least) if least * _RARE <= len(some) else -1
