"""HTML: the notice as real words before all others, the mark in the head.

Spec: HTML Living Standard; W3C CG "AI content disclosure" (draft of May 2026) for
`<meta name="ai-disclosure">`; schema.org `digitalSourceType`; TDMRep of 10 May 2024; C2PA 2.4, A.7.
Pages are edited by splicing: what others wrote is copied, never spelt anew.
"""

import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import BackendMissingError, RecordError
from kzmark.formats import _armour
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._text import Inscription, Leaf
from kzmark.formats.html import c2pa, markup
from kzmark.formats.html.page import DISCLOSURE, RESERVATION, Page
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_STARTS: Final = (b"<", b" ", b"\t", b"\r", b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_BEGINS: Final = re.compile(
    r"\ufeff?\s*+(?:(?><!--.*?-->)\s*+|<\?xml[^>]*+>\s*+)*+"
    r"(<!doctype\s+html\b|<(html|head|body|title|main|article)[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_SCRIPT: Final = re.compile(r"<script[^>]*>(.*?)</script", re.IGNORECASE | re.DOTALL)


class Html:
    """The adapter."""

    info = FormatInfo(
        name="html",
        title="HTML pages",
        medium=Medium.TEXT,
        mime="text/html",
        extensions=(".html", ".htm", ".xhtml"),
        signatures=tuple(Signature(start) for start in _STARTS),
        layers=frozenset({Layer.C2PA, Layer.TEXT}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every byte outside the notice and the mark in the head",
        backend="selectolax",
        extra="html",
    )

    unaided = True  # the C2PA library knows no pages

    def confirm(self, head: bytes) -> bool:
        """Say whether the first 4,096 bytes begin a page."""
        wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2], "utf-8")
        return _BEGINS.match(head.decode(wide, "replace")) is not None

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the head holds: our records, and what others disclosed."""
        page = Page.read(source, limits=limits)
        text = page.plain.text
        records = [text[start:stop] for start, stop, value in page.ours if value == markup.RECORD]
        found = [_judged(record) for record in records]
        if found:
            return found
        said = {DISCLOSURE: page.disclosures, RESERVATION: page.reservations}
        facts = {name: rows[0][2] for name, rows in said.items() if rows and rows[0][2]}
        return [Evidence(layer=Layer.TEXT, status=Status.ABSENT, facts=facts)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the page with the mark at the end of its head.

        A document has one `ai-disclosure` only: that of others is replaced, and so is what they
        said of mining where the mark speaks of it.
        """
        page = Page.read(source, limits=limits)
        old = [(a, b, "") for a, b, value in page.ours if value != markup.NOTICE]
        reserved = page.reservations if training.is_reserved(mark) else ()
        others = [(a, b, "") for a, b, _ in (*page.disclosures, *reserved)]
        target.write(page.edited([*old, *others, (page.head, page.head, markup.head(mark))]))

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the page, less an earlier manifest, with the notice before its first words."""
        page = Page.read(source, limits=limits)
        old = [(a, b, "") for a, b, value in page.ours if value == markup.NOTICE]
        stores = [(a, b, "") for a, b, address in page.manifests if not address]
        fresh = (page.body, page.body, markup.notice(inscription))
        target.write(page.edited([*old, *stores, fresh]))
        return ()

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the page as a browser without scripts shows it.

        Raises:
            BackendMissingError: If selectolax or tinycss2 is not installed.
        """
        page = Page.read(source, limits=limits)
        try:
            from kzmark.formats.html.sight import passages

            yield Leaf(index=0, passages=passages(page.plain.text, limits=limits))
        except ImportError as error:
            raise BackendMissingError("selectolax", extra="html") from error

    def room(self, data: bytes, size: int) -> Room:
        """Return the place at the end of the head."""
        return c2pa.room(_page(data), size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store that an element holds."""
        wide = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(piece[:2], "utf-8")
        return c2pa.unwrap(piece, wide)

    def survey(self, data: bytes, *, limits: Limits) -> Survey:
        """Look for the element that holds the store."""
        return c2pa.survey(_page(data, limits), limits=limits)

    def covered(self, data: bytes, place: tuple[int, int]) -> bytes:
        """Return the SHA-256 of all bytes outside a place."""
        return _armour.covered(data, place)


ADAPTER = Html()


def _page(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Page:
    return Page.read(io.BytesIO(data), limits=limits)


def _judged(element: str) -> Evidence:
    found = _SCRIPT.match(element)
    try:
        mark = Mark.from_json(found[1] if found else "")
    except RecordError as error:
        return Evidence(
            layer=Layer.TEXT, status=Status.BROKEN, code="text.record", detail=error.message
        )
    return Evidence(layer=Layer.TEXT, status=Status.PRESENT, mark=mark)
