"""ID3v2 frame by frame: those of others are kept byte for byte, whatever they hold.

Spec: ID3 tag versions 2.2.0, 2.3.0 and 2.4.0 (main structure; native frames, 4.2.2, 4.10, 4.27).
"""

import re
from dataclasses import dataclass, field
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._tags import HEAD, tag_size, unsafe
from kzmark.formats.layers._id3_old import renewed

PADDING: Final = 16  # bytes
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_FRAME_UNSYNCHRONISED: Final = 0x02  # in version 2.4, where each frame is so by itself
# iTunes put names of three letters into tags of version 2.3, a zero or a space behind them.
_NAME: Final = {2: re.compile(rb"[A-Z][A-Z0-9]{2}"), 3: re.compile(rb"[A-Z][A-Z0-9]{2}[A-Z0-9 \0]")}
_CODECS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")
ENDS: Final = (b"\0", b"\0\0", b"\0\0", b"\0")  # of a text, by its encoding
_MOST: Final = (1 << 28) - 1  # bytes that the size of a tag can say


@dataclass(slots=True)
class Frame:
    """One frame of a tag.

    Attributes:
        name: Four letters.
        body: What it holds, as it stands in the file.
        flags: Two bytes: what a program may do with it, and how the body is coded.
    """

    name: str
    body: bytes
    flags: bytes = b"\0\0"

    @property
    def is_plain(self) -> bool:
        """Whether the body can be read as it stands: not packed, not encrypted."""
        return not self.flags[1]


@dataclass(slots=True)
class Tag:
    """A whole tag.

    Attributes:
        version: 3 or 4: the second number of the version.
        frames: In order.
    """

    version: int = 4
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes, *, limits: Limits) -> "Tag":
        """Read a tag; padding and an extended header, which only tell of the tag, are left out.

        One of version 2.2 becomes one of 2.3.

        Raises:
            MalformedMediaError: If it breaks its rules.
            UnsupportedMediaError: If it is of a version that nobody writes.
        """
        size = tag_size(data[:HEAD])
        if not size or size > len(data):
            raise MalformedMediaError("the file ends inside its ID3 tag")
        limits.check_metadata(size, what="an ID3 tag")
        version, flags = data[3], data[5]
        if version not in {2, 3, 4} or (version == 2 and flags & 0x40):
            raise UnsupportedMediaError(f"an ID3 tag of the version 2.{version}")
        body = data[HEAD : size - (HEAD if flags & _FOOTER and version == 4 else 0)]
        if flags & _UNSYNCHRONISED and version < 4:
            body = body.replace(b"\xff\0", b"\xff")
        if flags & _EXTENDED:
            body = body[_extended_size(body, version) :]
        tag = cls(max(version, 3), _frames(body, version, limits))
        for one in tag.frames if flags & _UNSYNCHRONISED and version == 4 else ():
            one.flags = bytes((one.flags[0], one.flags[1] | _FRAME_UNSYNCHRONISED))
        return tag

    def pack(self) -> bytes:
        """Return the whole tag, and `PADDING` bytes: exiftool warns of a tag that ends at once.

        Raises:
            UnsupportedMediaError: If it is longer than a tag can be.
        """
        body = b"".join(_packed(one, self.version) for one in self.frames) + bytes(PADDING)
        if len(body) > _MOST:
            raise UnsupportedMediaError(f"an ID3 tag of {len(body)} bytes")
        return b"ID3" + bytes((self.version, 0, 0)) + syncsafe(len(body)) + body

    def texts(self, name: str) -> list[tuple[str, str]]:
        """Return description and text of every plain `TXXX` or `COMM` frame."""
        return [
            told
            for one in self.frames
            if one.name == name and one.is_plain and (told := described(one)) is not None
        ]

    def text(self, name: str, description: str, value: str, *, language: bytes = b"") -> Frame:
        """Return a frame of text with a description, spelt as this version does."""
        code = 3 if self.version == 4 else 1
        end = ENDS[code]
        body = bytes((code,)) + language + description.encode(_CODECS[code]) + end
        return Frame(name, body + value.encode(_CODECS[code]))


def described(frame: Frame) -> tuple[str, str] | None:
    """Return description and text of a `TXXX` or `COMM` frame, if they can be read."""
    start = 4 if frame.name == "COMM" else 1
    code = frame.body[0] if frame.body else 9
    if code > 3 or len(frame.body) < start:
        return None
    first, _, second = split(frame.body[start:], code)
    try:
        return _decoded(first, code), _decoded(second, code)
    except UnicodeDecodeError:
        return None


def split(body: bytes, code: int) -> tuple[bytes, bytes, bytes]:
    """Return a text, its end and what follows; the end of a wide text is two zeros at its width."""
    end = ENDS[code]
    at = body.find(end)
    while len(end) == 2 and at % 2 and at >= 0:
        at = body.find(end, at + 1)
    return (body, b"", b"") if at < 0 else (body[:at], end, body[at + len(end) :])


def syncsafe(number: int) -> bytes:
    """Return a number in four bytes of seven bits."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _decoded(text: bytes, code: int) -> str:
    if code == 1 and text[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        return text.decode("utf-16-le")
    return text.decode(_CODECS[code]).rstrip("\0")


def _extended_size(body: bytes, version: int) -> int:
    if len(body) < 6:
        raise MalformedMediaError("an ID3 tag ends inside its header")
    return unsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4], "big")


def _frames(body: bytes, version: int, limits: Limits) -> list[Frame]:
    head = 6 if version == 2 else 10
    found: list[Frame] = []
    at = 0
    while at + head <= len(body) and body[at]:
        name = body[at : at + (3 if version == 2 else 4)]
        size = _frame_size(body, at, version)
        if not _NAME[min(version, 3)].fullmatch(name) or at + head + size > len(body):
            raise MalformedMediaError(f"an ID3 tag with a frame {name!r} of {size} bytes")
        flags = b"\0\0" if version == 2 else body[at + 8 : at + 10]
        told, inner = name.decode("ascii"), body[at + head : at + head + size]
        found.append(Frame(*renewed(told, inner) if version == 2 else (told, inner), flags))
        at += head + size
        if len(found) > limits.max_elements:
            raise LimitExceededError(f"more than {limits.max_elements} frames in a tag")
    return found


def _frame_size(body: bytes, at: int, version: int) -> int:
    """Return the size of a frame; some programs forgot that version 2.4 keeps the top bits free."""
    if version == 2:
        return int.from_bytes(body[at + 3 : at + 6], "big")
    raw = body[at + 4 : at + 8]
    plain = int.from_bytes(raw, "big")
    if version == 3 or plain < 0x80:
        return plain
    safe = unsafe(raw)
    if max(raw) > 0x7F or (not _ends(body, at + 10 + safe) and _ends(body, at + 10 + plain)):
        return plain
    return safe


def _ends(body: bytes, at: int) -> bool:
    """Say whether a frame may end here: another begins, or padding, or nothing."""
    follows = body[at : at + 4]
    return at <= len(body) and (not follows.strip(b"\0") or _NAME[3].fullmatch(follows) is not None)


def _packed(frame: Frame, version: int) -> bytes:
    size = len(frame.body)
    if size > _MOST:
        raise UnsupportedMediaError(f"an ID3 frame of {size} bytes")
    sized = syncsafe(size) if version == 4 else size.to_bytes(4, "big")
    return frame.name.encode("ascii") + sized + frame.flags + frame.body
