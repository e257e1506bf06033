"""Head bytes → adapter. Signatures are data declared by the adapters; content beats the name."""

import functools
from collections.abc import Iterator
from typing import BinaryIO, Final

from kzmark.errors import UnknownFormatError
from kzmark.formats import all_adapters
from kzmark.formats._base import Adapter, Confirms, Signature

HEAD: Final = 4096  # bytes read from the start of a file


def sniff(source: BinaryIO, *, name: str = "") -> Adapter:
    """Return the adapter of a file, by its first bytes.

    Args:
        source: The file; it is left at its start.
        name: What to call it in an error.

    Raises:
        UnknownFormatError: If no adapter recognises it.
    """
    source.seek(0)
    head = source.read(HEAD)
    source.seek(0)
    for signature, adapter in _rows():
        if _matches(signature, head) and _confirmed(adapter, head):
            return adapter
    known = ", ".join(adapter.info.name for adapter in all_adapters())
    raise UnknownFormatError(
        "the file is empty" if not head else "no format that kzmark knows",
        source=name,
        hint=f"it knows {known}",
    )


@functools.cache
def _rows() -> tuple[tuple[Signature, Adapter], ...]:
    """All signatures, the longest first, so that the exact format wins over its family."""
    return tuple(sorted(_pairs(), key=lambda row: -len(row[0].magic)))


def _pairs() -> Iterator[tuple[Signature, Adapter]]:
    for adapter in all_adapters():
        for signature in adapter.info.signatures:
            yield signature, adapter


def _matches(signature: Signature, head: bytes) -> bool:
    part = head[signature.offset : signature.offset + len(signature.magic)]
    if signature.mask:
        part = bytes(byte & bit for byte, bit in zip(part, signature.mask, strict=False))
    return part == signature.magic


def _confirmed(adapter: Adapter, head: bytes) -> bool:
    return not isinstance(adapter, Confirms) or adapter.confirm(head)
