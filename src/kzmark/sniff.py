"""Head bytes → adapter. Signatures are data declared by the adapters; content beats the name."""

import functools
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
        raise UnknownFormatError("the file is empty", source=name, hint="make it anew")
    raise UnknownFormatError(
        "no format that kzmark knows", source=name, hint=f"it knows {', '.join(NAMES)}"
    )


def _probed(adapter: Probes, source: BinaryIO) -> bool:
    found = adapter.probe(source)
    source.seek(0)
    return found


def _candidates(head: bytes) -> Iterator[Adapter]:
    for row in _rows():
        if _matches(row.magic, row.offset, row.mask, head):
            yield built_in(row.name)
    for adapter in foreign_adapters():
        if any(_fits(signature, head) for signature in adapter.info.signatures):
            yield adapter


def _textual(head: bytes, name: str) -> Adapter | None:
    """Return the adapter of a text that has no signature, by the extension of its name."""
    suffix = PurePath(name).suffix.lower()
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    if not suffix or not head or (b"\0" in head and not wide):
        return None
    return next((built_in(one) for one in TEXTS if suffix in EXTENSIONS[one]), None)


@functools.cache
def _rows() -> tuple[Row, ...]:
    """All signatures, the longest first, so that the exact format wins over its family."""
    return tuple(sorted(ROWS, key=lambda row: -len(row.magic)))


def _fits(signature: Signature, head: bytes) -> bool:
    return _matches(signature.magic, signature.offset, signature.mask, head)


def _matches(magic: bytes, offset: int, mask: bytes, head: bytes) -> bool:
    part = head[offset : offset + len(magic)]
    if mask:
        part = bytes(byte & bit for byte, bit in zip(part, mask, strict=False))
    return part == magic
