"""A C2PA manifest store in a text that has comments: one line between delimiters.

Spec: C2PA 2.4, A.9 (`-----BEGIN C2PA MANIFEST-----`, a reference, `-----END C2PA MANIFEST-----`, on
one line or on three). The lines themselves are left out of the hash; all other bytes are hashed as
they stand, nothing is normalised. The reference is a `data:` URI: an address is never fetched.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._plain import Plain

MULTIPLE: Final = "manifest.structuredText.multipleReferences"
EMPTY: Final = "manifest.structuredText.emptyReference"
MALFORMED: Final = "manifest.structuredText.malformedReference"
# What every store is in base64, behind its length: `jumb`, a description of 30 bytes, its type.
INSIDE: Final = "bWIAAAAeanVtZGMycGEAEQAQ"
_BEGIN, _END = "-----BEGIN C2PA MANIFEST-----", "-----END C2PA MANIFEST-----"
_DATA: Final = "data:application/c2pa;base64,"
_BREAK: Final = r"(?:\r\n|\n|\r)"
_INSIDE: Final = re.compile(rf"(?:[ \t]*+{_BREAK})?([^\r\n]*+)(?:{_BREAK}[ \t]*+)?")
_REST: Final = re.compile(rf"[^\r\n]*+(?:{_BREAK}|\Z)")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Block(NamedTuple):
    """The lines between delimiters, and these.

    Attributes:
        start: Where the first line begins, in characters.
        stop: Where the next line begins.
        reference: What stands between the delimiters.
    """

    start: int
    stop: int
    reference: str


def begins_in(data: bytes) -> bool:
    """Say whether a block, or the store of one, stands somewhere in a text of ASCII letters."""
    return any(word.encode() in data for word in (_BEGIN, _END, _DATA, INSIDE))


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text; every letter of it is looked at a fixed number of times."""
    at, line, seen = text.find(_BEGIN), 0, 0
    while at >= 0:
        line = max(line, text.rfind("\n", seen, at) + 1, text.rfind("\r", seen, at) + 1)
        inner = at + len(_BEGIN)
        following = text.find(_BEGIN, inner)
        end = text.find(_END, inner, following if following >= 0 else len(text))
        found = _INSIDE.fullmatch(text, inner, end) if end >= 0 else None
        rest = _REST.match(text, end) if found else None
        seen = at
        if found is not None and rest is not None:
            yield Block(line, rest.end(), found[1].strip())
            line = seen = rest.end()
            following = text.find(_BEGIN, seen) if following < seen else following
        at = following


def without(text: str) -> str:
    """Return a text without its blocks; one that leads elsewhere stays, for it is not kept here."""
    kept, at = [], 0
    for block in blocks(text):
        if block.reference.startswith("data:") or not _URI.match(block.reference):
            kept.append(text[at : block.start])
            at = block.stop
    return "".join([*kept, text[at:]])


def room(plain: Plain, at: int, size: int, *, prefix: str) -> Room:
    """Return the place of a block of one line.

    Args:
        plain: The text.
        at: Where a line begins, in characters.
        size: Bytes of the store.
        prefix: What makes a comment of the line.

    Raises:
        MalformedMediaError: If there is a block already.
    """
    if _BEGIN in plain.text:
        raise MalformedMediaError("there is a manifest block already")

    def wrap(store: bytes) -> bytes:
        reference = base64.b64encode(store).decode("ascii")
        line = f"{prefix}{_BEGIN} {_DATA}{reference} {_END}{plain.newline}"
        return line.encode(plain.codec)

    start = len(plain.bom) + len(plain.text[:at].encode(plain.codec))
    return Room(start=start, size=len(wrap(bytes(size))), wrap=wrap)


def unwrap(piece: bytes) -> bytes:
    """Return the store of a piece that is one whole block.

    Raises:
        MalformedMediaError: If it is anything else.
    """
    text = piece.decode(_wide(piece), "replace")
    found = list(blocks(text)) if text.count(_BEGIN) == text.count(_END) == 1 else []
    if not found or found[0][:2] != (0, len(text)):
        raise MalformedMediaError("not one whole manifest block")
    return _held(found[0].reference)


def survey(plain: Plain, *, limits: Limits) -> Survey:
    """Look for the block."""
    text = plain.text
    counts = text.count(_BEGIN), text.count(_END)
    found = list(blocks(text)) if counts == (1, 1) else []  # more of them are a fault in any case
    fault = _fault(text, found, *counts)
    if fault or not found:
        return Survey(store=b"", start=0, size=0, others=(), fault=fault)
    (start, stop, reference), *_ = found
    if not reference.startswith("data:"):
        return Survey(store=b"", start=0, size=0, others=(), elsewhere=reference)
    limits.check_metadata(len(reference) * 3 // 4, what="a manifest store")
    try:
        store = _held(reference)
    except MalformedMediaError as error:
        return Survey(store=b"", start=0, size=0, others=(), fault=(MALFORMED, error.message))
    if stop == len(text) and start:  # the line end before a last block is left out with it
        start -= 2 if text.startswith("\r\n", start - 2) else 1
    first = len(plain.bom) + len(text[:start].encode(plain.codec))
    return Survey(
        store=store, start=first, size=len(text[start:stop].encode(plain.codec)), others=()
    )


def covered(data: bytes, place: tuple[int, int]) -> bytes:
    """Return the SHA-256 of all bytes outside a place."""
    digest = hashlib.sha256(memoryview(data)[: place[0]])
    digest.update(memoryview(data)[place[0] + place[1] :])
    return digest.digest()


def _fault(text: str, found: list[Block], begun: int, ended: int) -> tuple[str, str] | None:
    """Say what is wrong with the blocks of a text, in a code of C2PA and in words."""
    if max(begun, ended) > 1:
        return MULTIPLE, f"{max(begun, ended)} manifest blocks"
    if begun != ended or len(found) != begun:
        return MALFORMED, "a manifest block that does not end as it began"
    if not found:
        loose = INSIDE in text or _DATA in text
        return (MALFORMED, "a manifest store that stands in no block") if loose else None
    reference = found[0].reference
    if not reference:
        return EMPTY, "a manifest block without a reference"
    if not _URI.match(reference):
        return MALFORMED, "a manifest block whose reference is no URI"
    return None


def _wide(piece: bytes) -> str:
    """Return the encoding of a piece that begins with a letter of ASCII."""
    if piece[1:4] == b"\0\0\0" or piece[:3] == b"\0\0\0":
        return "utf-32-be" if piece[:1] == b"\0" else "utf-32-le"
    return {b"\0": "utf-16-be"}.get(piece[:1], "utf-16-le" if piece[1:2] == b"\0" else "utf-8")


def _held(reference: str) -> bytes:
    try:
        if not reference.startswith(_DATA):
            raise MalformedMediaError("the reference is no manifest store")
        return base64.b64decode(reference[len(_DATA) :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMediaError(f"the manifest store is no base64: {error}") from error
