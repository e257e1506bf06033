"""Text files: in which encoding and with which line ends they were written, and back."""

import codecs
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, BinaryIO, Final, Self

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._encoding import guess, undecodable
from kzmark.formats._text import Passage

_BOMS: Final = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LABELS: Final = {  # names that mean another encoding on the web (WHATWG Encoding, 4.2)
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gbk",
    "ks_c_5601-1987": "cp949",
    "x-cp1251": "cp1251",
}
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_TURNING: Final = re.compile("[\u202a\u202b\u202d\u202e\u2066\u2067\u2068\x1b]")
_HEAD: Final = 1 << 14  # characters in which a notice must begin
_GAP: Final = 12  # empty lines after which a reader thinks that the text is over
_ALONE: Final = 8  # lines that are passages of their own: a notice stands in them mostly
_SHORT: Final = 64 << 10  # bytes of a text that is remembered
_FEW: Final = 4  # texts that a thread remembers
_INDENT: Final = 120  # spaces before a text that push it out of a window


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A text file taken apart; spelt again unchanged it is the very same bytes.

    Attributes:
        text: All characters but the byte order mark, line ends as they are.
        codec: Python's name of the encoding.
        bom: Its byte order mark, or nothing.
    """

    text: str
    codec: str
    bom: bytes = b""

    @classmethod
    def read(cls, source: BinaryIO, *, limits: Limits, codec: str = "") -> Self:
        """Read a text file.

        Args:
            source: The file.
            limits: What it may cost.
            codec: Encoding that the format declares; a byte order mark wins over it.

        Raises:
            LimitExceededError: If it is over `limits.max_text`.
            MalformedMediaError: If it is no text in any encoding that can be told.
        """
        data = read_all(source, limits=limits)
        if len(data) > limits.max_text:
            raise LimitExceededError(f"the text is over the limit of {limits.max_text} bytes")
        return cls.of(data, codec=codec)

    @classmethod
    def of(cls, data: bytes, *, codec: str = "") -> Self:
        """Take the bytes of a text file apart.

        Args:
            data: The whole file.
            codec: Encoding that the format declares; a byte order mark wins over it.

        Raises:
            MalformedMediaError: If it is no text in any encoding that can be told.
        """
        for one, named, plain in _LAST.taken:
            if (one is data or one == data) and named == codec and type(plain) is cls:
                return plain
        plain = cls.fresh(data, codec=codec)
        if len(data) <= _SHORT:
            _LAST.taken = [(data, codec, plain), *_LAST.taken[: _FEW - 1]]
        return plain

    @classmethod
    def fresh(cls, data: bytes, *, codec: str = "") -> Self:
        """As `of`, whatever was taken apart before; stamping reads the same bytes several times."""
        bom, marked = next(((b, c) for b, c in _BOMS if data.startswith(b)), (b"", ""))
        text = None if marked or codec else _utf8(data)
        codec = marked or codec or (guess(data) if text is None else "utf-8")
        try:
            text = data[len(bom) :].decode(codec) if text is None else text
        except UnicodeDecodeError as error:
            raise undecodable(codec, error, start=len(bom)) from error
        if _CONTROLS.search(text, 0, _HEAD):
            raise MalformedMediaError("the file holds control characters: it is no text")
        plain = cls(text=text, codec=codec, bom=bom)
        if codec != "utf-8" and plain.spell() != data:  # UTF-8 has one spelling for each letter
            raise MalformedMediaError(f"the text cannot be written again as it was, in {codec}")
        return plain

    @property
    def newline(self) -> str:
        """The line end that it uses first, a line feed if it has one line."""
        first = self.text.find("\n")
        if first > 0 and self.text[first - 1] == "\r":
            return "\r\n"
        return "\n" if first >= 0 or "\r" not in self.text else "\r"

    def spell(self) -> bytes:
        """Return the bytes of the file.

        Raises:
            UnicodeEncodeError: If its encoding lacks a letter.
        """
        return self.bom + self.text.encode(self.codec)

    def begun_with(
        self, text: str, *, instead_of: Callable[[str], bool], at: int = 0
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the file with a line of words of its own, in place of an earlier one of ours.

        What somebody joined to a line of the same words stays.

        Args:
            text: The line.
            instead_of: Says of a line whether it is an earlier one.
            at: Where it goes, in characters.

        Returns:
            As `with_text`.
        """
        end = self.newline
        before, after = self.text[:at], self.text[at:]
        first, *rest = after.split(end, 2)
        if first != text and first.startswith(text):
            after = after[len(text) :].lstrip(" \t")
        elif instead_of(first):
            after = end.join(rest).removeprefix(end)
        return self.with_text(f"{before}{text}{end}" + (f"{end}{after}" if after else ""))

    def with_text(self, text: str) -> tuple[Self, tuple[str, ...]]:
        """Return the file with another text, in UTF-8 if its own encoding lacks a letter.

        Returns:
            The file, and `text.encoding-changed` if it had to become UTF-8.
        """
        changed = replace(self, text=text)
        try:
            changed.spell()
        except UnicodeEncodeError:
            return replace(changed, codec="utf-8", bom=codecs.BOM_UTF8), ("text.encoding-changed",)
        return changed, ()


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


class _Last(threading.local):
    """The short texts that this thread took apart last, the newest first."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, str, Any]] = []


_LAST: Final = _Last()


def passages(text: str, lines: int = 200) -> tuple[Passage, ...]:
    """Return the first lines of a text as a reader meets them, in a window or a terminal."""
    return tuple(Passage(text=line, hidden=why) for line, why in _together(_lines(text, lines)))


def _lines(text: str, lines: int) -> Iterator[tuple[str, str]]:
    """Yield the first lines that are not empty, and why a reader does not see them."""
    empty = 0
    hidden = ""
    for line in text[:_HEAD].splitlines()[:lines]:
        if not line.strip():
            empty += 1
            continue
        if empty > _GAP:
            hidden = f"{empty} empty lines stand before it"
        empty = 0
        yield line, hidden or _turned(line)


def _together(lines: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the first lines one by one, of the rest those as one that are alike: they are many."""
    yield from itertools.islice(lines, _ALONE)
    for why, alike in itertools.groupby(lines, key=itemgetter(1)):
        yield "\n".join([line for line, _ in alike]), why


def named_codec(label: str) -> str:
    """Return Python's name of an encoding as web pages name it, or nothing if nobody knows it."""
    try:
        found = codecs.lookup(_LABELS.get(label.strip().lower(), label.strip()))
    except (LookupError, ValueError):
        return ""
    wide = found.name.startswith(("utf-16", "utf-32"))  # a page that says so in ASCII is not
    return "utf-8" if wide else found.name


def _turned(line: str) -> str:
    if "\x1b" in line or (not line.isascii() and _TURNING.search(line)):
        return "control characters change how the line is shown"
    if line[:1].isspace() and len(line) - len(line.lstrip()) > _INDENT:
        return "spaces push it out of the window"
    return ""
