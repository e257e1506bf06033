"""UserComment: eight bytes that name a character set, then text of others and our record.

Spec: CIPA DC-008-2023 (Exif 3.0), 4.6.6.4 UserComment.
"""

import json
from dataclasses import dataclass
from typing import Final

from kzmark.errors import RecordError
from kzmark.mark import MAX_RECORD, Mark
from kzmark.vocabulary import LAW

_ASCII: Final = b"ASCII\0\0\0"
_UNICODE: Final = b"UNICODE\0"
_UNDEFINED: Final = bytes(8)
_CHARSETS: Final = (_ASCII, _UNICODE, b"JIS\0\0\0\0\0", _UNDEFINED)
MAX_ESCAPED: Final = 3 * MAX_RECORD  # two bytes of UTF-8 become six as a \u escape
_MOST: Final = 4  # records in one comment that are looked at
_TRIES: Final = 16  # opening braces in front of the law's name that are tried
_BLANK: Final = "\0 \ufeff"
_JSON: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Comment:
    """What a UserComment holds.

    Attributes:
        charset: Its first eight bytes.
        codec: Python's name of the encoding; latin-1 stands for bytes kept as they are.
        words: What others wrote.
        records: What looks like a record of ours, as text; whole or broken.
        clean: Whether a single record of ours ends it, as we write it.
        tail: Bytes at its end that such a record takes; all of them if others wrote nothing.
    """

    charset: bytes
    codec: str
    words: str
    records: tuple[str, ...]
    clean: bool
    tail: int

    def spell(self, record: str) -> bytes:
        """Return the bytes of a comment with the same words of others and this record."""
        words = self.words.rstrip(_BLANK)
        if not words.strip(_BLANK):
            return _ASCII + record.encode("ascii")
        return self.charset + f"{words}\n{record}".encode(self.codec, "surrogatepass")


def parse(raw: bytes, *, order: str) -> Comment:
    """Take a comment apart.

    Args:
        raw: The value of the tag.
        order: Byte order of the block, `<` or `>`: that of UTF-16 text that names none.
    """
    charset, body = raw[:8], raw[8:]
    if charset not in _CHARSETS:  # a writer that left the character set out
        charset, body = (_ASCII if raw.isascii() else _UNDEFINED), raw
    codec = _utf16(body, order) if charset == _UNICODE else "latin-1"
    odd = len(body) % 2 if codec != "latin-1" else 0
    text = body[: len(body) - odd].decode(codec, "surrogatepass")
    words, records, rest = _take_apart(text)
    clean = len(records) == 1 and not rest
    words = (words + rest).replace(LAW, "\n")  # no record may begin in front of the one we add
    tail = len(raw)
    if words.strip(_BLANK):
        tail = odd + sum(len(one.encode(codec, "surrogatepass")) for one in records)
    return Comment(charset, codec, words, tuple(records), clean, tail)


def marks(comment: Comment) -> tuple[list[Mark], str]:
    """Return the marks of a comment, and what is wrong with those records that are none."""
    found: list[Mark] = []
    problem = ""
    for record in comment.records:
        try:
            found.append(Mark.from_json(record, limit=MAX_ESCAPED))
        except RecordError as error:
            problem = error.message
    return found, problem


def _utf16(body: bytes, order: str) -> str:
    """Guess the byte order: Latin text has its zeros in the high bytes."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if body.startswith(b"\xff") else "utf-16-be"
    even, odd = body[::2].count(0), body[1::2].count(0)
    if even == odd:
        return "utf-16-le" if order == "<" else "utf-16-be"
    return "utf-16-le" if odd > even else "utf-16-be"


def _take_apart(text: str) -> tuple[str, list[str], str]:
    """Return the text before, the records, and the text between and behind them."""
    records: list[str] = []
    before = rest = ""
    while len(records) < _MOST and (at := text.find(LAW)) >= 0:
        start, end = _object_around(text, at)
        front = text[:start].removesuffix("\n")
        if records:
            rest += front
        else:
            before = front
        records.append(text[start:end])
        text = text[end:]
    return (before, records, rest + text) if records else (text, records, "")


def _object_around(text: str, at: int) -> tuple[int, int]:
    """Return where the JSON object that names the law at `at` stands, or the line if none does."""
    low = max(0, at - MAX_ESCAPED)
    window = text[low : at + MAX_ESCAPED]
    brace = at - low
    for _ in range(_TRIES):
        brace = window.rfind("{", 0, brace)
        if brace < 0:
            break
        try:
            found, end = _JSON.raw_decode(window, brace)
        except (ValueError, RecursionError):
            continue
        if low + end > at and found.get("law") == LAW:
            return low + brace, low + end
    line = text.find("\n", at)
    return text.rfind("\n", low, at) + 1 if "\n" in text[low:at] else low, (
        line if line >= 0 else len(text)
    )
