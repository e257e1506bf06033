"""The mark in a PDF: the document's XMP, and its information dictionary.

Spec: ISO 32000-2, 14.3.2 (metadata streams), 14.3.3 (document information dictionary), 14.5
(page-piece dictionaries); ISO 19005-4, 6.1.3: PDF/A-4 has no information dictionary of its own, so
the record stands in the catalog's page-piece dictionary there.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import RecordError
from kzmark.formats.layers import _training as training
from kzmark.formats.layers import xmp
from kzmark.formats.pdf import archive
from kzmark.formats.pdf.document import Document, dictionary, is_dictionary, is_stream, opened
from kzmark.formats.pdf.revision import Kind, Revision, before, put_behind
from kzmark.formats.pdf.syntax import changed, reference, spell, stream, text
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

RECORD: Final = "/kzmark"  # the key of the record; the keys beside it are IPTC's own words
_FACTS: Final = (
    "DigitalSourceType",
    "AISystemUsed",
    "AISystemVersionUsed",
    training.MINING,
    training.CONSTRAINTS,
    "AIGC",  # China, GB 45438-2025
)
_MOST: Final = 1 << 20  # characters of a record


def read(source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
    """Return what both layers hold."""
    with opened(source, limits=limits) as document:
        packet = packet_of(document)
        said, facts = _said(document), _facts(document)
    return xmp.judge(packet, limits=limits), replace(_judged(said), facts=facts)


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy a PDF with the mark in both layers; an earlier one of ours is taken back."""
    size = before(source, source.seek(0, 2), Kind.LAYERS, Kind.MANIFEST)
    with opened(source, limits=limits, size=size, strict=True) as document:
        revision = Revision.of(document, source, size)
        packet = xmp.merge(packet_of(document), mark, limits=limits, tdm=True)
        if document.archival in archive.EXTENDED:
            packet = archive.described(packet, limits=limits)
        entries = _with_packet(document, revision, packet)
        if document.archival == archive.WITHOUT_INFO:
            entries["/PieceInfo"] = _piece(document, mark)
        else:
            _with_info(document, revision, mark)
        if entries:
            revision.change(document.catalog, changed(document.catalog, entries))
    newline = put_behind(source, target, size)
    revision.write(target, Kind.LAYERS, newline=newline)


def packet_of(document: Document) -> bytes:
    """Return the XMP packet of the document, or nothing."""
    found = document.catalog.get("/Metadata")
    if not is_stream(found):
        return b""
    return document.decoded(found, most=document.limits.max_metadata)


def _with_packet(document: Document, revision: Revision, packet: bytes) -> dict[str, bytes | None]:
    """Put the packet into the update; return what the catalog says anew."""
    entries = {"/Type": b"/Metadata", "/Subtype": b"/XML"}
    body = stream(entries, packet)  # never compressed: others look for it in the bytes
    old = document.catalog.get("/Metadata")
    if is_stream(old):
        revision.change(old, body)
        return {}
    return {"/Metadata": reference(revision.new(body))}


def _with_info(document: Document, revision: Revision, mark: Mark) -> None:
    fresh = _words(mark)
    gone = training.replaced(_judged(_said(document)).mark)
    entries = dict.fromkeys((f"/{name}" for name in gone), None) | fresh
    old = document.pdf.trailer.get("/Info")
    if is_dictionary(old) and old.is_indirect:
        revision.change(old, changed(old, entries))
        return
    body = changed(old, entries) if is_dictionary(old) else spell(fresh)
    revision.trailer["/Info"] = reference(revision.new(body))


def _words(mark: Mark) -> dict[str, bytes]:
    said = {
        RECORD: mark.to_json().decode(),
        "/DigitalSourceType": mark.source_type.uri,
        "/AISystemUsed": mark.system.name,
        "/AISystemVersionUsed": mark.system.version,
        **{f"/{name}": value for name, value in training.said(mark).items()},
    }
    return {name: text(value) for name, value in said.items() if value}


def _piece(document: Document, mark: Mark) -> bytes:
    when = mark.created.strftime("D:%Y%m%d%H%M%SZ")
    ours = spell({"/LastModified": text(when), "/Private": spell(_words(mark))})
    old = document.catalog.get("/PieceInfo")
    return changed(old, {RECORD: ours}) if is_dictionary(old) else spell({RECORD: ours})


def _said(document: Document) -> list[Any]:
    """Return every record there is: one at most, if all is well."""
    info = dictionary(document.pdf.trailer.get("/Info"))
    pieces = dictionary(document.catalog.get("/PieceInfo"))
    piece = dictionary(dictionary(pieces.get(RECORD)).get("/Private"))
    return [held[RECORD] for held in (info, piece) if RECORD in held]


def _facts(document: Document) -> dict[str, str]:
    """Return what the information dictionary says beside the record, in words known here."""
    import pikepdf

    info = dictionary(document.pdf.trailer.get("/Info"))
    held = {name: info.get(f"/{name}") for name in _FACTS}
    return {name: str(one)[:1_000] for name, one in held.items() if isinstance(one, pikepdf.String)}


def _judged(said: Sequence[Any]) -> Evidence:
    import pikepdf

    if not said:
        return Evidence(layer=Layer.PDF, status=Status.ABSENT)
    records = {str(one)[:_MOST] for one in said if isinstance(one, pikepdf.String)}
    if len(records) != 1 or not all(isinstance(one, pikepdf.String) for one in said):
        detail = f"{len(said)} records that differ or are no text"
        return Evidence(layer=Layer.PDF, status=Status.BROKEN, code="pdf.record", detail=detail)
    try:
        mark = Mark.from_json(records.pop())
    except RecordError as error:
        return Evidence(
            layer=Layer.PDF, status=Status.BROKEN, code="pdf.record", detail=error.message
        )
    return Evidence(layer=Layer.PDF, status=Status.PRESENT, mark=mark)
