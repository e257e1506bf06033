"""HEIC: XMP in a `mime` item and EXIF in an `Exif` item, both describing the primary picture.

Spec: ISO/IEC 23008-12 (HEIF), annexes A and B (HEVC); ISO/IEC 23000-22 (MIAF).
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._base import Box, C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats._bmff.boxes import brands, first
from kzmark.formats._bmff.edit import File, open_file
from kzmark.formats._heif import layers as _heif_layers
from kzmark.formats._heif.carry import assemble
from kzmark.formats._heif.hevc import decode, encode
from kzmark.formats._heif.pixels import Plate, Step, best, ladder, lay, psnr, seen
from kzmark.formats._heif.stills import Still, dropped, stills
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_ANY: Final = frozenset({b"mif1", b"msf1", b"mif2"})  # HEIF whatever the codec
_QUALITY: Final = 70  # of x265 in libheif: 44 dB on soft and on noisy pictures


class Heic:
    """HEIF with HEVC pictures."""

    info = FormatInfo(
        name="heic",
        title="HEIC and HEIF pictures, with tiles, layers of depth, several pictures",
        medium=Medium.IMAGE,
        mime="image/heic",
        extensions=(".heic", ".heif", ".hif"),
        signatures=(Signature(b"ftyp", offset=4),),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="nothing: the picture is encoded again, at 44 dB outside the notice, "
        "or 40 where more would double it",
        backend="pillow_heif",
        extra="heic",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the brands speak of HEVC, or of HEIF without naming AV1."""
        major, listed = brands(head)
        if major in _HEIC:
            return True
        return major in _ANY and (bool(listed & _HEIC) or not listed & _AVIF)

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP and EXIF items of the primary picture hold."""
        return _heif_layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its XMP and EXIF items."""
        _heif_layers.write(source, target, mark, limits=limits)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed size of every picture, by item ID."""
        found = _open(source, limits)[1]
        return [(one.width, one.height) for one in found]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on every picture; all are encoded again."""
        file, listed = _open(source, limits)
        found, plates = [], []
        for still, shown in decode(file.data, listed):
            patch = patch_for(still.width, still.height)
            found.append(still)
            plates.append(lay(shown, patch, bits=still.bits, limits=limits))
        encoded = _encoded(found, plates, file, limits)
        out = open_file(encoded, limits=limits)
        numbers = [one.number for one in stills(out, limits=limits)]
        data, notes = assemble(encoded, file, dict(zip(numbers, found, strict=True)), limits=limits)
        target.write(data)
        if any(one.kind == b"clap" for still in found for one in still.properties):
            notes.append("clean-aperture-applied")
        if len(found) < len(listed):
            notes.append("auxiliary-image-dropped")
        return sorted({*notes, *dropped(file, limits=limits)})

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield every picture, turned and cropped as viewers do."""
        file, found = _open(source, limits)
        for index, (still, shown) in enumerate(decode(file.data, found)):
            yield seen(index, shown, bits=still.bits, within=within)


def _open(source: BinaryIO, limits: Limits) -> tuple[File, list[Still]]:
    file = open_file(read_all(source, limits=limits), limits=limits)
    if first(file.tops, b"moov"):
        raise MalformedMediaError("HEIC image sequences are not supported, only still pictures")
    return file, stills(file, limits=limits)


def _encoded(found: Sequence[Still], plates: Sequence[Plate], file: File, limits: Limits) -> bytes:
    """Encode all pictures at the lowest quality that keeps each of them."""
    primary, source = file.meta.primary, len(file.data)
    stored = [still.unturned(plate.pixels) for still, plate in zip(found, plates, strict=True)]

    def loss(encoded: bytes) -> float:
        inside = stills(open_file(encoded, limits=limits), limits=limits)
        got = decode(encoded, inside)
        return min(
            psnr(pixels, one, still.unturned(plate.outside), bits=still.bits)
            for pixels, (_, one), still, plate in zip(stored, got, found, plates, strict=True)
        )

    first_still = next((one for one in found if one.number == primary), None)
    if first_still is None:
        raise MalformedMediaError("libheif does not see the primary picture")
    steps = ladder(first_still.chroma, first=_QUALITY)
    if first_still.colour()[1][8:10] == b"\0\0":  # RGB without loss: matrix 0
        steps = [Step(-1, "4:4:4")]
    return best(steps, lambda step: encode(stored, found, primary, step), loss, source=source)


ADAPTER = Heic()
