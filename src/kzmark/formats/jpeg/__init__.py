"""JPEG: EXIF and XMP in APP1 right behind JFIF's APP0; the notice coded with the file's own tables.

Spec: ITU-T T.81 (JPEG), ITU-T T.871 (JFIF), CIPA DC-008 (Exif), XMP part 3, 1.1.3. The C2PA
manifest (APP11, JUMBF) is left as it stands: signing comes later and elsewhere.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._base import (
    Box,
    C2PABinding,
    FormatInfo,
    PatchFor,
    Picture,
    Pixels,
    Signature,
)
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._orient import displayed, stored_box, upright
from kzmark.formats.jpeg import c2pa, paint, parts, pixels, previews, xmp
from kzmark.formats.jpeg.previews import EXIF
from kzmark.formats.jpeg.segments import (
    APP0,
    APP1,
    MAX_PAYLOAD,
    SOI,
    SOS,
    Segment,
    Stream,
    parse,
    segment_bytes,
)
from kzmark.formats.layers import exif
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_SCAN: Final = bytes((0xFF, SOS))


class Jpeg:
    """See the module."""

    info = FormatInfo(
        name="jpeg",
        title="JPEG pictures",
        medium=Medium.IMAGE,
        mime="image/jpeg",
        extensions=(".jpg", ".jpeg", ".jpe", ".jfif"),
        signatures=(Signature(b"\xff\xd8\xff"),),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact=(
            "every byte of others' metadata; of one-scan files, with the native core, every "
            "coefficient outside the blocks under the notice; else coded again with the same tables"
        ),
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what XMP and EXIF hold."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        return [*xmp.judge(stream, limits=limits), exif.judge(_exif(stream), limits=limits)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in XMP and EXIF; every other byte stays."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        target.writelines(_marked(stream, mark, limits=limits))

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed size from the frame header and the EXIF orientation."""
        data = read_all(source, limits=limits)
        stream = parse(data, limits=limits, header_only=True)
        return [displayed(stream.frame.width, stream.frame.height, _orientation(stream))]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on its picture and without previews that lack it."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        pieces, notes = _painted(stream, patch_for, limits=limits)
        target.writelines(pieces)
        return notes

    def complete(
        self,
        source: BinaryIO,
        target: BinaryIO,
        patch_for: PatchFor,
        mark: Mark,
        *,
        limits: Limits,
    ) -> Sequence[str]:
        """Copy the file with a patch and the mark; of the painted one, the header alone is read."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        pieces, notes = _painted(stream, patch_for, limits=limits)
        scan = next((at for at, piece in enumerate(pieces) if piece[:2] == _SCAN), None)
        behind = stream.segments[len(stream.header) :]
        if scan is None or any(segment.marker == APP1 for segment in behind):
            painted = parse(b"".join(pieces), limits=limits)
            target.writelines(_marked(painted, mark, limits=limits))
            return notes
        first = pieces[scan]
        size = len(_SCAN) + int.from_bytes(first[2:4], "big")
        header = b"".join((*pieces[:scan], first[:size]))
        painted = parse(header, limits=limits, header_only=True)
        target.writelines(_marked(painted, mark, limits=limits))
        target.write(first[size:])
        target.writelines(pieces[scan + 1 :])
        return notes

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the picture; with `within`, only the part of it, decoded alone where it can be."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        stream.check_decodable(limits=limits)
        orientation = _orientation(stream)
        size = displayed(stream.frame.width, stream.frame.height, orientation)
        box = _clipped(within, size)
        part = parts.whole_size(stream, stored_box(box, size, orientation))
        yield Picture(
            index=0,
            width=size[0],
            height=size[1],
            pixels=upright(part, orientation),
            x=box[0],
            y=box[1],
        )

    def shrunk(self, source: BinaryIO, within: Box, by: int, *, limits: Limits) -> Picture | None:
        """Return a part at a half, quarter or eighth: with fewer points of the DCT."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        stream.check_decodable(limits=limits)
        orientation = _orientation(stream)
        size = displayed(stream.frame.width, stream.frame.height, orientation)
        x, y, width, height = stored_box(_clipped(within, size), size, orientation)
        if x % by or y % by:  # its right or lower end is not whole, and is displayed first
            return None
        across, down = -(-(x + width) // by) - x // by, -(-(y + height) // by) - y // by
        part = parts.shrunk(stream, (x // by, y // by, across, down), by=by)
        if part is None:
            return None
        return Picture(
            index=0,
            width=size[0],
            height=size[1],
            pixels=upright(part, orientation),
            x=within[0],
            y=within[1],
            by=by,
        )

    def glance(self, source: BinaryIO, side: int, *, limits: Limits) -> Pixels:
        """Return the picture at the eighth, quarter or half of its size that is large enough."""
        stream = parse(read_all(source, limits=limits), limits=limits)
        stream.check_decodable(limits=limits)
        return upright(pixels.rgb(stream, least=side), _orientation(stream))

    def room(self, data: bytes, size: int) -> Room:
        """Return the place for a manifest store: APP11 behind JFIF's APP0."""
        return c2pa.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store in a run of APP11 segments."""
        return c2pa.unwrap(piece)

    def survey(self, data: bytes, *, limits: Limits) -> Survey:
        """Return the manifest store, and every segment beside it."""
        return c2pa.survey(data, limits=limits)


def _painted(
    stream: Stream, patch_for: PatchFor, *, limits: Limits
) -> tuple[Sequence[bytes | memoryview], Sequence[str]]:
    """Return the pieces of the file with a patch, and notes on the previews that are gone."""
    stream.check_decodable(limits=limits)
    orientation = _orientation(stream)
    patch = patch_for(*displayed(stream.frame.width, stream.frame.height, orientation))
    stripped = previews.strip(stream, limits=limits)
    laid = paint.plate(stream, patch, orientation)
    return paint.painted(stream, laid, stripped), stripped.notes


def _marked(stream: Stream, mark: Mark, *, limits: Limits) -> Iterator[bytes | memoryview]:
    """Yield the pieces of the file with the mark in XMP and EXIF."""
    new = xmp.merge(stream, mark, limits=limits)
    block = _exif_segment(exif.merge(_exif(stream), mark, limits=limits))
    old = _exif_at(stream)
    if old is None:
        added = block + new.pop(None, b"")
        anchor = _behind_jfif(stream)
    else:
        if block[4:] != stream.payload(old):
            new[old.start] = block
        added = new.pop(None, b"")
        anchor = old.stop
    view = memoryview(stream.data)  # the scan is long: it is copied once
    yield SOI
    if anchor == len(SOI):
        yield added
    for segment in stream.segments:
        yield new.get(segment.start, view[segment.start : segment.stop])
        if segment.stop == anchor:
            yield added
    yield view[stream.segments[-1].stop if stream.segments else len(SOI) :]


def _clipped(within: Box | None, size: tuple[int, int]) -> Box:
    """Return the wanted part, inside the picture; all of it if none of it was wanted."""
    if within is None:
        return 0, 0, *size
    left, top = max(0, within[0]), max(0, within[1])
    right, bottom = min(size[0], within[0] + within[2]), min(size[1], within[1] + within[3])
    if left >= right or top >= bottom:
        return 0, 0, *size
    return left, top, right - left, bottom - top


def _exif_at(stream: Stream) -> Segment | None:
    return next(stream.find(APP1, EXIF), None)


def _exif(stream: Stream) -> bytes:
    """Return the EXIF block, without the name in front of it, or nothing."""
    segment = _exif_at(stream)
    return stream.payload(segment)[len(EXIF) :] if segment else b""


def _exif_segment(block: bytes) -> bytes:
    if len(EXIF) + len(block) > MAX_PAYLOAD:
        raise LimitExceededError(
            f"EXIF with the mark takes {len(block)} bytes, more than a JPEG segment holds",
            hint="shorten the EXIF block, for example its maker note",
        )
    return segment_bytes(APP1, EXIF + block)


def _orientation(stream: Stream) -> int:
    block = _exif(stream)
    return exif.orientation(block) if block else 1


def _behind_jfif(stream: Stream) -> int:
    """Return where the APP0 segments end with which the file begins, in bytes."""
    at = len(SOI)
    for segment in stream.segments:
        if segment.marker != APP0:
            break
        at = segment.stop
    return at


ADAPTER = Jpeg()
