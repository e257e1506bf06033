"""Text in Unicode's form NFC, and the hash of it while it comes in pieces (UAX 15)."""

import hashlib
import re
import unicodedata
from typing import Final

from kzmark.errors import LimitExceededError

_MARKS: Final = re.compile(r"[^\w\s]{100,}")  # combining marks are neither letters nor spaces
_MOST_MARKS: Final = 100  # on one letter: ordering them takes the square of their number
# Letters that compose with nothing before them: ASCII, Cyrillic, kana, Han, Hangul syllables.
_APART: Final = re.compile(
    "[\0-\x7f\u0400-\u0482\u048a-\u052f\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uac00-\ud7a3]"
)


def normal(text: str) -> str:
    """Return a text in form NFC.

    Raises:
        LimitExceededError: If a letter has more combining marks than anybody writes.
    """
    if text.isascii():
        return text
    for run in _MARKS.finditer(text):
        _count_marks(run[0])
    return unicodedata.normalize("NFC", text)


class Digest:
    """The SHA-256 of a text in form NFC, piece by piece; what may change still is kept back."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rest: list[str] = []

    def update(self, piece: str) -> None:
        """Take one more piece.

        Raises:
            LimitExceededError: If a letter has more combining marks than anybody writes.
        """
        cut = _last_apart(piece)
        if cut < 0:
            self._rest.append(piece)
            return
        self._flush("".join([*self._rest, piece[:cut]]))
        self._rest = [piece[cut:]]

    def digest(self) -> bytes:
        """Return the hash of all pieces."""
        self._flush("".join(self._rest))
        self._rest = []
        return self._hash.digest()

    def _flush(self, text: str) -> None:
        self._hash.update(normal(text).encode())


def _last_apart(piece: str) -> int:
    """Return where the last letter stands that composes with nothing before it, or -1."""
    for at in range(len(piece) - 1, -1, -1):
        if _APART.match(piece, at):
            return at
    return -1


def _count_marks(run: str) -> None:
    count = 0
    for letter in run:
        count = count + 1 if unicodedata.combining(letter) else 0
        if count > _MOST_MARKS:
            raise LimitExceededError(f"more than {_MOST_MARKS} combining marks on one letter")
