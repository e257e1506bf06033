"""AVIF: XMP in a `mime` item and EXIF in an `Exif` item, both describing the primary picture.

Spec: AV1 Image File Format 1.2; ISO/IEC 23008-12, annex A; ISO/IEC 23000-22 (MIAF).
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.formats._base import Box, C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats._bmff.boxes import Span, brands, spans
from kzmark.formats._bmff.edit import File, open_file, rewrite
from kzmark.formats._heif import av1
from kzmark.formats._heif import layers as _heif_layers
from kzmark.formats._heif.carry import assemble, foreign, metadata_puts
from kzmark.formats._heif.pixels import (
    Plate,
    Samples,
    Step,
    best,
    check_memory,
    ladder,
    lay,
    psnr,
    seen,
)
from kzmark.formats._heif.stills import Still, dropped, stills
from kzmark.formats._heif.tracks import Track, picture_track, put_right
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_OWN: Final = frozenset({b"avif", b"avis"})
_HEVC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_QUALITY: Final = 90


class _Source(NamedTuple):
    data: bytes
    tops: list[Span]
    still: Still  # the picture, or what the frames of the track have in common
    track: Track | None


class Avif:
    """AV1 pictures and animations."""

    info = FormatInfo(
        name="avif",
        title="AVIF pictures and animations",
        medium=Medium.IMAGE,
        mime="image/avif",
        extensions=(".avif", ".avifs"),
        signatures=(Signature(b"ftyp", offset=4),),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="nothing: the picture is encoded again, at 44 dB outside the notice, 40 where more "
        "would double it; a lossless picture stays lossless where imagecodecs is installed",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the brands name AV1 pictures."""
        major, listed = brands(head)
        return bool(listed & _OWN) and major not in _HEVC

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP and EXIF items of the primary picture hold."""
        return _heif_layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its XMP and EXIF items."""
        _heif_layers.write(source, target, mark, limits=limits)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed size of the primary picture, or of the animation."""
        still = _open(source, limits).still
        return [(still.width, still.height)]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on every frame; all are encoded again."""
        opened = _open(source, limits)
        painter = _paint_still if opened.track is None else _paint_track
        data, notes = painter(opened, patch_for, limits)
        target.write(data)
        if any(one.kind == b"clap" for one in opened.still.properties):
            notes.append("clean-aperture-applied")
        return sorted(set(notes))

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield every frame, turned and cropped as viewers do."""
        opened = _open(source, limits)
        for index, stored in enumerate(_frames(opened, limits)):
            yield seen(index, opened.still.shown(stored), bits=8, within=within)


def _open(source: BinaryIO, limits: Limits) -> _Source:
    data = read_all(source, limits=limits)
    tops = spans(data, 0, len(data), limits=limits)
    track = picture_track(data, tops, limits=limits)
    if track is not None and len(track.durations) > 1:
        width, height = track.still.stored
        check_memory(width, height, len(track.durations), limits=limits)
        if data[8:12] != b"avis":  # otherwise libavif decodes the poster alone
            data = data[:8] + b"avis" + data[12:]
        return _Source(data, tops, track.still, track)
    if data[8:12] == b"avis":  # one frame is a still
        data = data[:8] + b"avif" + data[12:]
    file = open_file(data, limits=limits)
    found = stills(file, limits=limits)
    return _Source(data, tops, next(one for one in found if one.number == file.meta.primary), None)


def _frames(opened: _Source, limits: Limits) -> Iterator[Samples]:
    count = len(opened.track.durations) if opened.track else 1
    data = _heif_layers.without_exif(opened.data, limits=limits)
    return av1.frames(data, expected=(*opened.still.stored, count))


def _paint_still(opened: _Source, patch_for: PatchFor, limits: Limits) -> tuple[bytes, list[str]]:
    file = open_file(opened.data, limits=limits)
    still, notes = opened.still, dropped(file, limits=limits)
    lossless = still.colour()[1][8:10] == b"\0\0"  # RGB kept as it is: matrix 0
    stored = av1.deep(file.data) if still.bits > 8 or lossless else None
    bits = still.bits if stored is not None else 8
    if stored is None:
        notes += ["bit-depth-reduced"] if still.bits > 8 else []
        (stored,) = _frames(opened, limits)
        encode = _shallow
    else:
        encode = _deep
    patch = patch_for(still.width, still.height)
    plate = lay(still.shown(stored), patch, bits=bits, limits=limits)
    steps = ladder(still.chroma, first=_QUALITY)
    if lossless and encode is _deep:
        steps = [Step(av1.LOSSLESS, "4:4:4")]
    encoded = encode(plate, still, steps, bits, len(opened.data))
    number = open_file(encoded, limits=limits).meta.primary
    data, more = assemble(encoded, file, {number: still}, limits=limits)
    return data, notes + more


def _shallow(plate: Plate, still: Still, steps: Sequence[Step], bits: int, source: int) -> bytes:
    wanted, outside = still.unturned(plate.pixels), still.unturned(plate.outside)
    size = (wanted.shape[1], wanted.shape[0], 1)

    def loss(encoded: bytes) -> float:
        (got,) = av1.frames(encoded, expected=size)
        return psnr(wanted.reshape(got.shape), got, outside, bits=bits)

    return best(steps, lambda step: av1.encode([wanted], step), loss, source=source)


def _deep(plate: Plate, still: Still, steps: Sequence[Step], bits: int, source: int) -> bytes:
    wanted, outside = still.unturned(plate.pixels), still.unturned(plate.outside)

    def loss(encoded: bytes) -> float:
        got = av1.deep(encoded)
        return 0.0 if got is None else psnr(wanted, got, outside, bits=bits)

    return best(steps, lambda step: av1.encode_deep(wanted, step, bits=bits), loss, source=source)


def _paint_track(opened: _Source, patch_for: PatchFor, limits: Limits) -> tuple[bytes, list[str]]:
    still, track = opened.still, opened.track
    assert track is not None
    patch = patch_for(still.width, still.height)
    plates = [
        lay(still.shown(stored), patch, bits=8, limits=limits) for stored in _frames(opened, limits)
    ]
    height, width = plates[0].pixels.shape[:2]

    def encode(step: Step) -> bytes:
        icc = still.colour()[0]
        pixels = [plate.pixels for plate in plates]
        return av1.encode(pixels, step, durations=track.durations, icc=icc)

    def loss(encoded: bytes) -> float:
        got = av1.frames(encoded, expected=(width, height, len(plates)))
        return min(
            psnr(plate.pixels, one, plate.outside, bits=8)
            for plate, one in zip(plates, got, strict=True)
        )

    steps = ladder(still.chroma, first=_QUALITY)
    encoded = best(steps, encode, loss, source=len(opened.data))
    notes = ["bit-depth-reduced"] if still.bits > 8 else []
    notes += ["orientation-normalised"] if still.turns else []
    return _assembled(encoded, opened, track, notes, limits)


def _assembled(
    encoded: bytes, opened: _Source, track: Track, notes: list[str], limits: Limits
) -> tuple[bytes, list[str]]:
    """Give an encoded animation the time, colours and metadata of its source."""
    made = picture_track(encoded, spans(encoded, 0, len(encoded), limits=limits), limits=limits)
    assert made is not None
    encoded = put_right(encoded, made, track)
    out = open_file(encoded, limits=limits)
    if not any(span.kind == b"meta" for span in opened.tops):
        return encoded, notes
    file: File = open_file(opened.data, limits=limits)
    puts = metadata_puts(file, out.meta.primary, notes, limits=limits)
    notes += dropped(file, limits=limits)
    return rewrite(out, puts, limits=limits, carry=foreign(file)), notes


ADAPTER = Avif()
