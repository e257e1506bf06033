"""Text chunks of PNG: keyword and text, in their three forms, and the old form of EXIF in one.

Spec: PNG third edition, 11.3.3 (tEXt, zTXt, iTXt). The "Raw profile type" texts are ImageMagick's:
a name, a length and hexadecimal digits.
"""

import binascii
import zlib
from dataclasses import dataclass
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats.png.chunks import Chunk, pack
from kzmark.formats.png.deflate import inflate_text

KINDS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
XMP: Final = "XML:com.adobe.xmp"
RAW_EXIF: Final = frozenset({"Raw profile type exif", "Raw profile type APP1"})
_EXIF_PREFIX: Final = b"Exif\0\0"
_HEAD: Final = 2048  # bytes in which keyword, language and translated keyword must end
_LINE: Final = 72  # hexadecimal digits in a line of a raw profile


@dataclass(frozen=True, slots=True)
class Text:
    """One text chunk.

    Attributes:
        keyword: What the text is about.
        kind: tEXt, zTXt or iTXt.
        body: The text as it stands, perhaps compressed.
        compressed: Whether it is.
        middle: What stands between the keyword and the text, its terminators included.
    """

    keyword: str
    kind: bytes
    body: memoryview
    compressed: bool
    middle: bytes

    def text(self, *, limits: Limits) -> bytes:
        """Return the text: UTF-8 in iTXt, Latin-1 otherwise.

        Raises:
            MalformedMediaError: If its compression is broken.
            LimitExceededError: If it holds more than a metadata block may.
        """
        what = f"the text {self.keyword!r}"
        if self.compressed:
            return inflate_text(self.body, limit=2 * limits.max_metadata, what=what)
        limits.check_metadata(len(self.body) // 2, what=what)  # a raw profile has two digits a byte
        return bytes(self.body)

    def pack(self, text: bytes) -> bytes:
        """Return the same chunk, whole, with another text."""
        body = zlib.compress(text, 9) if self.compressed else text
        return pack(self.kind, self.keyword.encode("latin-1") + b"\0" + self.middle + body)


def parse(chunk: Chunk) -> Text | None:
    """Return a text chunk taken apart; nothing if it is another chunk or breaks its rules."""
    if chunk.kind not in KINDS:
        return None
    data = chunk.data
    keyword, end, rest = bytes(data[:_HEAD]).partition(b"\0")
    middle = _middle(chunk.kind, rest)
    if not end or not 0 < len(keyword) < 80 or middle is None:
        return None
    compressed = middle[:1] == (b"\0" if chunk.kind == b"zTXt" else b"\1")
    body = data[len(keyword) + 1 + len(middle) :]
    return Text(keyword.decode("latin-1"), chunk.kind, body, compressed, middle)


def international(keyword: str, text: bytes) -> bytes:
    """Return an iTXt chunk, not compressed, of no stated language."""
    return pack(b"iTXt", keyword.encode("latin-1") + b"\0" * 5 + text)


def raw_exif(text: bytes) -> bytes:
    """Return the EXIF block in a raw profile; nothing if there is none to be read."""
    lines = text.split(b"\n", 3)
    if len(lines) != 4 or lines[0] or not lines[2].strip().isdigit():
        return b""
    try:
        blob = binascii.unhexlify(b"".join(lines[3].split()))
    except binascii.Error:
        return b""
    if len(lines[2]) > 12 or len(blob) != int(lines[2]) or not blob.startswith(_EXIF_PREFIX):
        return b""
    return blob[len(_EXIF_PREFIX) :]


def with_raw_exif(text: bytes, blob: bytes) -> bytes:
    """Return a raw profile of the same name that holds another EXIF block."""
    whole = _EXIF_PREFIX + blob
    if len(whole) > 99_999_999:  # the length has eight columns
        raise MalformedMediaError(f"an EXIF block of {len(whole)} bytes")
    digits = binascii.hexlify(whole)
    name = text.split(b"\n", 2)[1]
    rows = [digits[at : at + _LINE] for at in range(0, len(digits), _LINE)]
    return b"\n".join([b"", name, b"%8d" % len(whole), *rows, b""])


def _middle(kind: bytes, rest: bytes) -> bytes | None:
    """Return what stands between keyword and text; nothing if it is not lawful."""
    if kind == b"tEXt":
        return b""
    if kind == b"zTXt":
        return rest[:1] if rest[:1] == b"\0" else None
    language, end, tail = rest[2:].partition(b"\0")
    translated, stop, _ = tail.partition(b"\0")
    if rest[:1] not in {b"\0", b"\1"} or rest[1:2] != b"\0" or not end or not stop:
        return None
    return rest[:2] + language + end + translated + stop
