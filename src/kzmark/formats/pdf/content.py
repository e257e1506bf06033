"""Whether the content of a page ends as it began: every state taken back, every block closed.

What stands behind such content is drawn in the page's own, fresh state. Spec: ISO 32000-2, 8.4.2
(graphics state stack), 14.6 (marked content), 9.4 (text objects), 8.9.7 (inline images).
"""

import functools
import hashlib
import re
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import LimitExceededError
from kzmark.formats.pdf.document import Document, is_array, is_name, is_stream

_MOST: Final = 32 << 20  # bytes of one page's content
_KEPT: Final = 20_000  # pages whose balance is remembered
_ENDS: Final = bytes(one in b"()qQTCI%" for one in range(256))


def _table(**values: int) -> NDArray[np.int8]:
    found = np.zeros(256, np.int8)
    for letter, value in values.items():
        found[ord(letter)] = value
    return found


_STEP: Final = np.zeros(256, np.int8)
_STEP[[ord("("), ord(")")]] = 1, -1
_LEVEL: Final = _table(q=1, Q=-1)
_TEXT: Final = _table(B=1, E=-1)
_BEFORE: Final = np.zeros(256, np.bool_)
_BEFORE[list(b"\0\t\n\f\r )>]}")] = True  # white space, and delimiters that end what they close
_AFTER: Final = np.zeros(256, np.bool_)
_AFTER[list(b"\0\t\n\f\r (<[/{%)")] = True
_DIGITS: Final = np.zeros(256, np.bool_)
_DIGITS[list(b"0123456789.+-")] = True


class Balance(NamedTuple):
    """How far content is from ending as it began.

    Attributes:
        under: States taken back that were never saved.
        over: States saved and never taken back.
        texts: Text objects left open; below zero, closed without being opened.
        marked: The same of marked content.
    """

    under: int
    over: int
    texts: int = 0
    marked: int = 0

    @property
    def even(self) -> bool:
        """Whether what stands behind it starts afresh."""
        return not any(self)


_remembered: dict[bytes, Balance] = {}


def streams(contents: Any) -> list[Any]:
    """Return the streams of a page's content, in order."""
    listed = list(contents) if is_array(contents) else [contents]
    return [one for one in listed if is_stream(one)]


def balance(document: Document, parts: list[Any]) -> Balance | None:
    """Return the balance of a page's content, or nothing if reading it would cost too much.

    Raises:
        MalformedMediaError: If a stream is damaged.
    """
    key = hashlib.sha256()
    for part in parts:
        raw = part.read_raw_bytes()
        key.update(b"%d;" % len(raw))
        key.update(raw)
        key.update(_coding(part))
    known = key.digest()
    if known not in _remembered:
        try:
            data = b"\n".join(document.decoded(part, most=_MOST) for part in parts)
        except LimitExceededError:
            return None
        if len(_remembered) >= _KEPT:
            _remembered.clear()
        _remembered[known] = measured(data)
    return _remembered[known]


def _coding(part: Any) -> bytes:
    """Return how a stream is coded, in words that are others for every other way."""
    coding, more = part.get("/Filter"), part.get("/DecodeParms")
    if more is None and is_name(coding):
        return str(coding).encode()
    return repr((coding, more)).encode()


def forget() -> None:
    """Forget what was measured: for those who measure how long that takes."""
    _remembered.clear()


def measured(data: bytes) -> Balance:
    """Return the balance of content; exact, whatever stands in its strings."""
    quick = _quick(data)
    return _slow(data) if quick is None else quick


def _quick(data: bytes) -> Balance | None:
    """Return the balance of content of the usual kind, or nothing if it needs a closer look.

    Only the letters are looked at in which an operator of interest ends, all at once.
    """
    if b"\\" in data:  # escaped brackets are no brackets
        data = data.replace(b"\\\\", b"..").replace(b"\\(", b"..").replace(b"\\)", b"..")
    if _is_simple(data):
        return Balance(0, 0)
    data = b"\n\n\n" + data + b"\n"
    letters = np.frombuffer(data, np.uint8)
    at = np.flatnonzero(np.frombuffer(data.translate(_ENDS), np.bool_))
    last = letters[at]
    told = (last != ord("T")) | (_TEXT[letters[at - 1]] != 0)  # most are of Tj and its like
    at, last = at[told], last[told]
    depth = np.cumsum(_STEP[last], dtype=np.int32)
    if len(depth) and (depth.min() < 0 or depth[-1] != 0):
        return None
    outside = depth == 0
    if b"%" in data and (outside & (last == ord("%"))).any():
        return None  # a comment
    outside &= _AFTER[letters[at + 1]]
    at, last = at[outside], last[outside]
    one, two, three = letters[at - 1], letters[at - 2], letters[at - 3]
    if (_DIGITS[one] & ((last == ord("q")) | (last == ord("Q")))).any():
        return None  # a number runs into an operator: readers differ
    alone, double, triple = _BEFORE[one], _BEFORE[two], _BEFORE[three]
    if (double & (one == ord("B")) & (last == ord("I"))).any():
        return None  # an inline image may hold anything
    level = np.cumsum(_LEVEL[last] * alone, dtype=np.int32)
    under = max(0, -int(level.min(initial=0)))
    over = (int(level[-1]) if len(level) else 0) + under
    texts = (_TEXT[one] * (double & (last == ord("T")))).sum()
    middle = (one == ord("D")) | (one == ord("M"))
    marked = (_TEXT[two] * (triple & middle & (last == ord("C")))).sum()
    return Balance(under, over, int(texts), int(marked))


def _is_simple(data: bytes) -> bool:
    """Say whether content saves no state and marks nothing, and its text objects come in pairs.

    That is so on most pages of words; it is told by a few searches.
    """
    if any(word in data for word in (b"q", b"Q", b"MC", b"BDC", b"BI", b"%")):
        return False
    return _standing(data, b"BT") == _standing(data, b"ET") >= 0


def _standing(data: bytes, word: bytes) -> int:
    """Return how often an operator stands in content, or -1 if that takes a closer look."""
    count = at = start = depth = 0
    while (at := data.find(word, at)) >= 0:
        depth += data.count(b"(", start, at) - data.count(b")", start, at)
        before, after = data[at - 1 : at] or b" ", data[at + 2 : at + 3] or b" "
        if depth or not _BEFORE[before[0]] or not _AFTER[after[0]]:
            return -1
        start = at
        count, at = count + 1, at + 2
    return count


@functools.cache
def _token() -> re.Pattern[bytes]:
    """Return what content is made of, strings, comments and inline images as one piece each."""
    string = rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*\)"
    image = rb"BI(?=[\s/]).*?\sID\s.*?\sEI(?=[\s]|\Z)"
    return re.compile(
        rb"%[^\r\n]*|" + string + rb"|" + image + rb"|/[^\s()<>\[\]{}/%]*|[A-Za-z'\"*]+[0-9]*",
        re.DOTALL,
    )


def _slow(data: bytes) -> Balance:
    level = under = texts = marked = 0
    for found in _token().finditer(data):
        word = found[0]
        if word == b"q":
            level += 1
        elif word == b"Q":
            level -= 1
            under = max(under, -level)
        elif word in {b"BT", b"ET"}:
            texts += 1 if word == b"BT" else -1
        elif word in {b"BDC", b"BMC", b"EMC"}:
            marked += -1 if word == b"EMC" else 1
    return Balance(under, level + under, texts, marked)
