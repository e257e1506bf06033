"""JPEG XL: XMP in an `xml ` box, EXIF in an `Exif` box; a bare codestream gets a container.

Spec: ISO/IEC 18181-2 (file format), 18181-1 (codestream).
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, MalformedMediaError, MediaError
from kzmark.formats._base import Box, C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats._heif.layers import join_exif, split_exif
from kzmark.formats._heif.pixels import seen
from kzmark.formats._orient import displayed
from kzmark.formats.jxl.boxes import (
    EXIF,
    SIGNATURE,
    XML,
    Metadata,
    has_reconstruction,
    header_of,
    join,
    metadata,
    read_boxes,
    with_codestream,
)
from kzmark.formats.jxl.boxes import Box as FileBox
from kzmark.formats.jxl.header import MAGIC, read_header
from kzmark.formats.jxl.pixels import check, decode, paint, show
from kzmark.formats.layers import exif, xmp
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_LEAD: Final = bytes(4)  # the TIFF header follows at once


class Jxl:
    """JPEG XL stills."""

    info = FormatInfo(
        name="jxl",
        title="JPEG XL pictures",
        medium=Medium.IMAGE,
        mime="image/jxl",
        extensions=(".jxl",),
        signatures=(Signature(SIGNATURE), Signature(MAGIC)),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every pixel of a lossless picture; a lossy one is encoded again, "
        "at about 44 dB outside the notice, or 40 where more would double it",
        backend="imagecodecs",
        extra="jxl",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether it is a container, or a codestream whose headers make sense."""
        if head.startswith(SIGNATURE):
            return True
        try:
            read_header(head, limits=Limits())
        except MediaError:
            return False
        return True

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP and EXIF boxes hold."""
        boxes = read_boxes(read_all(source, limits=limits), limits=limits)
        header_of(boxes, limits=limits)
        found = [xmp.judge(one.data, limits=limits) for one in _safe(boxes, XML, limits)]
        blobs = [
            exif.judge(split_exif(one.data)[1], limits=limits) for one in _safe(boxes, EXIF, limits)
        ]
        return [
            *(found or [_nothing(boxes, XML, Layer.XMP, limits)]),
            *(blobs or [_nothing(boxes, EXIF, Layer.EXIF, limits)]),
        ]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its XMP and EXIF boxes; they are stored uncompressed."""
        boxes = read_boxes(read_all(source, limits=limits), limits=limits)
        header_of(boxes, limits=limits)
        renewed = {}
        for one in (packets := metadata(boxes, XML, limits=limits)):
            renewed[one.place] = FileBox(XML, xmp.merge(one.data, mark, limits=limits))
        for one in (blobs := metadata(boxes, EXIF, limits=limits)):
            lead, blob = split_exif(one.data) if len(one.data) > 4 else (_LEAD, b"")
            merged = join_exif(lead, exif.merge(blob, mark, limits=limits))
            renewed[one.place] = FileBox(EXIF, merged)
        new = []
        if not blobs:
            new.append(FileBox(EXIF, _LEAD + exif.merge(b"", mark, limits=limits)))
        if not packets:
            new.append(FileBox(XML, xmp.merge(b"", mark, limits=limits)))
        whole = [renewed.get(index, box) for index, box in enumerate(boxes)]
        at = next(i for i, box in enumerate(whole) if box.kind in {b"jxlc", b"jxlp"})
        target.write(join([*whole[:at], *new, *whole[at:]]))

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed size, from the headers of the codestream."""
        boxes = read_boxes(read_all(source, limits=limits), limits=limits)
        header = header_of(boxes, limits=limits)
        return [displayed(header.width, header.height, header.orientation)]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on the picture, without loss if it was coded without loss."""
        boxes = read_boxes(read_all(source, limits=limits), limits=limits)
        header = header_of(boxes, limits=limits, whole=True)
        notes = check(header)
        found = decode(header)
        patch = patch_for(*displayed(header.width, header.height, header.orientation))
        code = paint(found, header, patch, limits=limits)
        if found.exact and not header.modular():
            notes.append("encoded-lossless")
        if has_reconstruction(boxes):
            notes.append("jpeg-reconstruction-dropped")
        boxes = _without_previews(boxes, notes, limits)
        target.write(join(with_codestream(boxes, code, limits=limits)))
        return sorted(set(notes))

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the picture, turned as viewers do."""
        boxes = read_boxes(read_all(source, limits=limits), limits=limits)
        header = header_of(boxes, limits=limits, whole=True)
        check(header)
        yield seen(0, show(header), bits=8, within=within)


def _safe(boxes: Sequence[FileBox], kind: bytes, limits: Limits) -> list[Metadata]:
    try:
        return metadata(boxes, kind, limits=limits)
    except (BackendMissingError, MalformedMediaError):
        return []  # `_nothing` says why


def _nothing(boxes: Sequence[FileBox], kind: bytes, layer: Layer, limits: Limits) -> Evidence:
    """Say why a layer shows nothing: it is absent, broken, or cannot be read here."""
    try:
        metadata(boxes, kind, limits=limits)
    except BackendMissingError as error:
        status, code, detail = Status.UNCHECKED, "backend-missing", error.message
    except MalformedMediaError as error:
        status, code, detail = Status.BROKEN, f"{layer.value}.unparsable", error.message
    else:
        return Evidence(layer=layer, status=Status.ABSENT)
    return Evidence(layer=layer, status=status, code=code, detail=detail)


def _without_previews(boxes: Sequence[FileBox], notes: list[str], limits: Limits) -> list[FileBox]:
    """Return the boxes without previews that would show the picture without its notice."""
    result = list(boxes)
    for one in metadata(boxes, EXIF, limits=limits):
        lead, blob = split_exif(one.data)
        blob, changed = exif.drop_thumbnail(blob)
        if changed:
            notes.append("exif-thumbnail-dropped")
            result[one.place] = FileBox(EXIF, join_exif(lead, blob))
    for one in metadata(boxes, XML, limits=limits):
        packet, changed = xmp.drop_thumbnails(one.data, limits=limits)
        if changed:
            notes.append("xmp-thumbnail-dropped")
            result[one.place] = FileBox(XML, packet)
    return result


ADAPTER = Jxl()
