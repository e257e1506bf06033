"""Head bytes → adapter. Signatures are data declared by the adapters; content beats the name."""

import codecs
import functools
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO, Final

from kzmark.errors import UnknownFormatError, UnsupportedMediaError
from kzmark.formats import adapter as built_in
from kzmark.formats import foreign_adapters
from kzmark.formats._ability import offers
from kzmark.formats._base import Adapter, Confirms, Probes, Signature
from kzmark.formats.catalogue import EXTENSIONS, NAMES, ROWS, TEXTS, Row

_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # MS-CFB, 2.2
_COMPOUND_HINT: Final = "remove its password, or save it as .docx, .xlsx or .pptx"
_EMPTY_HINT: Final = "take it from its source again; whoever makes it may be writing still"
_BOX: Final = 4  # where the type of the first box of ISO BMFF stands (ISO/IEC 14496-12, 4.2)
_PIECE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*+<[A-Za-z!]")  # of a page, as answers are
HEAD: Final = 4096  # bytes read from the start of a file


def sniff(source: BinaryIO, *, name: str = "") -> Adapter:
    """Return the adapter of a file, by its first bytes.

    The longest signature that matches wins; where formats share one, each looks a second time.
    Only the adapters that come into question are imported.

    Args:
        source: The file; it is left at its start.
        name: What to call it in an error. The formats of plain text are told apart by its
            extension, since their content does not tell.

    Raises:
        UnknownFormatError: If no adapter recognises it.
        UnsupportedMediaError: If it is an office file that is encrypted or of an old kind.
    """
    source.seek(0)
    head = source.read(HEAD)
    source.seek(0)
    for adapter in _candidates(head):
        if offers(adapter, Confirms) and not adapter.confirm(head):
            continue
        if not offers(adapter, Probes) or _probed(adapter, source):
            return adapter
    if head.startswith(_COMPOUND):
        raise UnsupportedMediaError(
            "an office file that is encrypted, or of before 2007", source=name, hint=_COMPOUND_HINT
        )
    if (text := _textual(head, name)) is not None:
        return text
    if not head:
        raise UnknownFormatError("the file is empty", source=name, hint=_EMPTY_HINT)
    raise UnknownFormatError("no format that kzmark knows", source=name, hint=_hint(head, name))


def promised(name: str) -> str:
    """Return the format that a file's name promises, or nothing.

    What macOS lays beside a file on foreign disks, `._photo.jpg` (AppleDouble), promises nothing.
    """
    path = PurePath(name)
    suffix = "" if path.name.startswith("._") else path.suffix.lower()
    return next((one for one in NAMES if suffix in EXTENSIONS[one]), "")


def _hint(head: bytes, name: str) -> str:
    """Return what a person can do about a file that no adapter recognises."""
    if wanted := promised(name):
        return (
            f"by its name it is {wanted}, by its content it is not: is it whole, and unencrypted?"
        )
    if b"\0" not in head and _is_text(head):
        known = ", ".join(EXTENSIONS[one][0] for one in TEXTS)
        said = "the name tells one kind of text from another"
        return f'{said}: give it one of {known}; bytes by name="a.txt"'
    return "`kzmark formats` lists those it knows"


def _is_text(head: bytes) -> bool:
    """Say whether bytes are UTF-8, though the last letter may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _probed(adapter: Probes, source: BinaryIO) -> bool:
    found = adapter.probe(source)
    source.seek(0)
    return found


def _candidates(head: bytes) -> Iterator[Adapter]:
    for row in _rows(head[:1], head[_BOX : _BOX + 1]):
        if _matches(row.magic, row.offset, row.mask, head):
            yield built_in(row.name)
    for adapter in foreign_adapters():
        if any(_fits(signature, head) for signature in adapter.info.signatures):
            yield adapter


def _textual(head: bytes, name: str) -> Adapter | None:
    """Return the adapter of a text that has no signature, by the extension of its name.

    A piece of a page begins as other markup does, so that its name must tell.
    """
    suffix = PurePath(name).suffix.lower()
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    if not suffix or not head or (b"\0" in head and not wide):
        return None
    if suffix in EXTENSIONS["html"] and _PIECE.match(head):
        return built_in("html")
    return next((built_in(one) for one in TEXTS if suffix in EXTENSIONS[one]), None)


@functools.lru_cache(maxsize=512)
def _rows(first: bytes, fifth: bytes) -> tuple[Row, ...]:
    """Signatures that files with these bytes may have, the longest first.

    So the exact format wins over its family. The fifth byte is where box formats begin to differ.
    """
    fitting = (row for row in ROWS if _begins_so(row, 0, first) and _begins_so(row, _BOX, fifth))
    return tuple(sorted(fitting, key=lambda row: -len(row.magic)))


def _begins_so(row: Row, at: int, byte: bytes) -> bool:
    """Say whether a signature allows for this byte there; it may be silent on it."""
    inside = at - row.offset
    if not 0 <= inside < len(row.magic):
        return True
    magic, mask = row.magic[inside : inside + 1], row.mask[inside : inside + 1]
    return _matches(magic, 0, mask, byte)


def _fits(signature: Signature, head: bytes) -> bool:
    return _matches(signature.magic, signature.offset, signature.mask, head)


def _matches(magic: bytes, offset: int, mask: bytes, head: bytes) -> bool:
    part = head[offset : offset + len(magic)]
    if mask:
        part = bytes(byte & bit for byte, bit in zip(part, mask, strict=False))
    return part == magic
