"""EXIF and XMP of HEIF and AVIF files: items that describe the primary picture.

Spec: ISO/IEC 23008-12, annex A.2 (Exif) and A.3 (XMP); references of type `cdsc`.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._bmff.boxes import spans
from kzmark.formats._bmff.edit import File, open_file, rewrite
from kzmark.formats._bmff.items import RDF, Item, decoded, payload
from kzmark.formats._bmff.put import Put
from kzmark.formats.layers import exif, xmp
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

EXIF_LEAD: Final = b"\0\0\0\x06Exif\0\0"  # offset of the TIFF header, then what Apple puts there
_MOST: Final = 32  # metadata items of one kind about one picture; real files have one
_TIFF: Final = (b"II*\0", b"MM\0*")


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the XMP and EXIF items of the primary picture hold."""
    data = read_all(source, limits=limits)
    tops = {span.kind for span in spans(data, 0, len(data), limits=limits)}
    if b"moov" in tops and b"meta" not in tops:  # an animation alone has no items
        return [Evidence(layer=one, status=Status.ABSENT) for one in (Layer.XMP, Layer.EXIF)]
    file = open_file(data, limits=limits)
    found = [_judge_xmp(file, item, limits) for item in about(file, RDF)]
    found = found or [Evidence(layer=Layer.XMP, status=Status.ABSENT)]
    blobs = [_judge_exif(file, item, limits) for item in about(file, "")]
    return found + (blobs or [Evidence(layer=Layer.EXIF, status=Status.ABSENT)])


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy a file with the mark in its XMP and EXIF items."""
    data = read_all(source, limits=limits)
    file = open_file(data, limits=limits)
    puts = [*_xmp_puts(file, mark, limits), *_exif_puts(file, mark, limits)]
    target.write(rewrite(file, puts, limits=limits) if puts or not file.meta.normal else data)


def about(file: File, content_type: str) -> list[Item]:
    """Return the items of one kind that describe the primary picture, or nothing in particular.

    Args:
        file: The file.
        content_type: Media type of `mime` items, or empty for EXIF.

    Raises:
        LimitExceededError: If there are absurdly many.
    """
    kind = b"mime" if content_type else b"Exif"
    found = [
        item
        for item in file.meta.items.values()
        if item.kind == kind
        and item.content_type == content_type
        and file.meta.primary in (described(file, item.number) or (file.meta.primary,))
    ]
    if len(found) > _MOST:
        raise LimitExceededError(f"{len(found)} metadata items about one picture")
    return found


def described(file: File, number: int) -> tuple[int, ...]:
    """Return the items that one item is about."""
    return file.meta.targets(b"cdsc", number)


def without_exif(data: bytes, *, limits: Limits) -> bytes:
    """Return the file with its Exif items renamed in place, for a decoder that must not see them.

    Pillow reads EXIF while it opens an AVIF file, with warnings on what it finds there, to tell
    an orientation that does not count.
    """
    patched = bytearray(data)
    levels = [(0, len(data))]
    while levels:
        for span in spans(data, *levels.pop(), limits=limits):
            if span.kind in {b"moov", b"trak"}:
                levels.append((span.body, span.end))
            elif span.kind == b"meta":
                levels.append((span.body + 4, span.end))
            elif span.kind == b"iinf":
                levels.append((span.body + (8 if data[span.body] else 6), span.end))
            elif span.kind == b"infe":
                at = span.body + (10 if data[span.body] == 3 else 8)
                if data[at : at + 4] == b"Exif" and at + 4 <= span.end:
                    patched[at : at + 4] = b"skip"
    return bytes(patched)


def xmp_packet(file: File, item: Item, *, limits: Limits) -> bytes:
    """Return the packet of an XMP item, inflated if need be."""
    raw = payload(file.data, file.meta, item.number, limits=limits)
    return decoded(raw, item.encoding, limits=limits)


def split_exif(raw: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the TIFF header of an Exif item, and the EXIF block from there on.

    The declared offset is believed only if a TIFF header is there; some writers forget the
    six letters that they put in between.
    """
    offset = 4 + int.from_bytes(raw[:4], "big")
    if not raw[offset:].startswith(_TIFF):
        offset = 10 if raw[4:10] == EXIF_LEAD[4:] else 4
    return raw[:offset], raw[offset:]


def join_exif(lead: bytes, blob: bytes) -> bytes:
    """Return an Exif item whose offset is right."""
    return (len(lead) - 4).to_bytes(4, "big") + lead[4:] + blob


def _judge_xmp(file: File, item: Item, limits: Limits) -> Evidence:
    try:
        return xmp.judge(xmp_packet(file, item, limits=limits), limits=limits)
    except MalformedMediaError as error:
        return Evidence(
            layer=Layer.XMP, status=Status.BROKEN, code="xmp.unparsable", detail=error.message
        )


def _judge_exif(file: File, item: Item, limits: Limits) -> Evidence:
    try:
        raw = payload(file.data, file.meta, item.number, limits=limits)
    except MalformedMediaError as error:
        return Evidence(
            layer=Layer.EXIF, status=Status.BROKEN, code="exif.unparsable", detail=error.message
        )
    return exif.judge(split_exif(raw)[1], limits=limits)


def _xmp_puts(file: File, mark: Mark, limits: Limits) -> Iterator[Put]:
    items = about(file, RDF)
    for item in items:
        old = xmp_packet(file, item, limits=limits)
        new = xmp.merge(old, mark, limits=limits)
        if new != old or item.encoding:
            yield Put(data=new, number=item.number)
    if not items:
        yield Put(data=xmp.merge(b"", mark, limits=limits), describes=_primary(file))


def _exif_puts(file: File, mark: Mark, limits: Limits) -> Iterator[Put]:
    items = about(file, "")
    for item in items:
        raw = payload(file.data, file.meta, item.number, limits=limits)
        lead, old = split_exif(raw) if len(raw) > 4 else (EXIF_LEAD, b"")
        new = join_exif(lead, exif.merge(old, mark, limits=limits))
        if new != raw:
            yield Put(data=new, kind=b"Exif", content_type="", number=item.number)
    if not items:
        blob = exif.merge(b"", mark, limits=limits)
        yield Put(
            data=join_exif(EXIF_LEAD, blob),
            kind=b"Exif",
            content_type="",
            describes=_primary(file),
        )


def _primary(file: File) -> tuple[int, ...]:
    return (file.meta.primary,) if file.meta.primary else ()
