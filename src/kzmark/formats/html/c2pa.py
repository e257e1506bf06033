"""Where a C2PA manifest store stands in a page: one `<script>` at the end of its head.

Spec: C2PA 2.4, A.7: `<script type="application/c2pa">`, the store in base64; or a `<link>` with the
relation `c2pa-manifest`, which is never followed. A page has one of them at most. The element is
left out of the hash; every other byte is hashed as it stands.
"""

import base64
import binascii
import re
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._armour import INSIDE
from kzmark.formats._embedding import Room, Survey
from kzmark.formats.html.page import Page

MULTIPLE: Final = "manifest.html.multipleManifests"
UNREADABLE: Final = "manifest.html.malformedManifest"
_OPEN, _CLOSE = '<script type="application/c2pa">', "</script>"
_ELEMENT: Final = re.compile(r"<script\b[^>]*>([^<]*)</script\s*>", re.IGNORECASE)


def room(page: Page, size: int) -> Room:
    """Return the place at the end of the head.

    Raises:
        MalformedMediaError: If the page has a manifest already.
    """
    if page.manifests:
        raise MalformedMediaError("there is a manifest store already")
    plain = page.plain

    def wrap(store: bytes) -> bytes:
        return f"{_OPEN}{base64.b64encode(store).decode('ascii')}{_CLOSE}".encode(plain.codec)

    start = len(plain.bom) + len(plain.text[: page.head].encode(plain.codec))
    return Room(start=start, size=len(wrap(bytes(size))), wrap=wrap)


def unwrap(piece: bytes, codec: str = "utf-8") -> bytes:
    """Return the store of a piece that is one whole element.

    Raises:
        MalformedMediaError: If it is anything else.
    """
    found = _ELEMENT.fullmatch(piece.decode(codec, "replace"))
    if found is None:
        raise MalformedMediaError("not one whole element with a manifest store")
    try:
        return base64.b64decode("".join(found[1].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMediaError(f"the manifest store is no base64: {error}") from error


def survey(page: Page, *, limits: Limits) -> Survey:
    """Look for the element."""
    nothing = Survey(store=b"", start=0, size=0, others=())
    plain, found = page.plain, page.manifests
    text = plain.text
    if len(found) > 1:
        return _faulty(MULTIPLE, f"{len(found)} manifests")
    if not found:
        loose = INSIDE in text
        return (
            _faulty(UNREADABLE, "a manifest store in no element of its kind") if loose else nothing
        )
    start, stop, address = found[0]
    if address:
        return Survey(store=b"", start=0, size=0, others=(), elsewhere=address)
    limits.check_metadata((stop - start) * 3 // 4, what="a manifest store")
    try:
        store = unwrap(text[start:stop].encode(), "utf-8")
    except MalformedMediaError as error:
        return _faulty(UNREADABLE, error.message)
    first = len(plain.bom) + len(text[:start].encode(plain.codec))
    size = len(text[start:stop].encode(plain.codec))
    return Survey(store=store, start=first, size=size, others=())


def _faulty(code: str, why: str) -> Survey:
    return Survey(store=b"", start=0, size=0, others=(), fault=(code, why))
