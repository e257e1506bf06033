"""What a `PIL.Image` brings along besides pixels: EXIF, XMP and resolution of the file it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kzmark._limits import Limits
from kzmark.errors import RequestError
from kzmark.formats.layers import exif, png_text, xmp

_PREFIX: Final = b"Exif\0\0"
_XMP_KEYWORD: Final = "XML:com.adobe.xmp"  # XMP part 3, PNG
_XMP_TAG: Final = 700  # XMP part 3, TIFF
_EXIF_IN: Final = frozenset({"avif", "heic", "jpeg", "jxl", "png", "webp"})  # TIFF by other means
_XMP_IN: Final = frozenset(
    {"avif", "gif", "heic", "jpeg", "jxl", "webp"}
)  # PNG and TIFF by other means
_TOLD: Final = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)  # words in a TIFF's IFD
_SUB: Final = (0x8769, 0x8825)  # Exif and GPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What came along.

    Attributes:
        exif: The EXIF block, with the prefix that JPEG gives it; or empty.
        xmp: The XMP packet, or empty.
        dpi: Resolution, or nothing.
        notes: What was left behind, as stable codes.
    """

    exif: bytes
    xmp: bytes
    dpi: Any
    notes: tuple[str, ...]

    def arguments(self, name: str, profile: bytes | None) -> Mapping[str, Any]:
        """Return the options of an encoder that carry them into a format.

        Args:
            name: Name of the format.
            profile: The ICC profile that describes the pixels, or nothing.
        """
        given: dict[str, Any] = {"icc_profile": profile}
        if self.dpi:
            given["dpi"] = self.dpi
        if self.exif and name in _EXIF_IN:
            given["exif"] = self.exif
        if self.xmp and name in _XMP_IN:
            given["xmp"] = self.xmp
        elif self.xmp and name == "png":
            given["pnginfo"] = PngInfo()
            given["pnginfo"].add_itxt(_XMP_KEYWORD, self.xmp.decode("utf-8", "replace"))
        if (self.exif or self.xmp) and name == "tiff":
            given["exif"] = tags = self._tags()
            if any(tag in tags for tag in _SUB):
                given["compression"] = "raw"  # with another one Pillow cannot write these
        return given

    def _tags(self) -> Image.Exif:
        tags = Image.Exif()
        if self.exif:
            tags.load(self.exif)
        if self.xmp:
            tags[_XMP_TAG] = self.xmp
        return tags


def of(image: Image.Image, *, limits: Limits) -> Belongings:
    """Return what an image brings along; previews of it without the notice are left behind.

    Raises:
        RequestError: If it carries a mark of ours, over whose notice a second one would be laid.
        MediaError: If its EXIF or XMP is over the limits.
    """
    block, packet = _exif_of(image), _xmp_of(image)
    limits.check_metadata(len(block), what="EXIF block")
    limits.check_metadata(len(packet), what="XMP packet")
    found = (exif.judge(block, limits=limits), xmp.judge(packet, limits=limits))
    if png_text.KEYWORD in image.info or any(e.mark or e.code.endswith(".record") for e in found):
        raise RequestError(
            "the image was stamped before: its mark and notice cannot be renewed from pixels",
            hint="give the file itself; or clear image.info if these are new pixels",
        )
    block, cut = exif.drop_thumbnail(block) if block else (block, False)
    packet, emptied = xmp.drop_thumbnails(packet, limits=limits)
    left = (("exif-thumbnail-dropped", cut), ("xmp-thumbnail-dropped", emptied))
    return Belongings(
        exif=block,
        xmp=packet,
        dpi=image.info.get("dpi"),
        notes=tuple(note for note, dropped in left if dropped),
    )


def without_previews(
    options: Mapping[str, Any], *, limits: Limits
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return options of an encoder, less the previews in the EXIF and XMP that they hand over.

    Args:
        options: As the caller gave them.
        limits: What they may cost.

    Returns:
        The options, and what was left behind, as stable codes.

    Raises:
        MediaError: If the XMP is over the limits.
    """
    given, notes = dict(options), []
    block = given.get("exif")
    if isinstance(block, Image.Exif):
        block = block.tobytes()
    if isinstance(block, bytes | bytearray) and block:
        cleared, cut = exif.drop_thumbnail(bytes(block))
        if cut:
            given["exif"] = cleared
            notes.append("exif-thumbnail-dropped")
    if isinstance(packet := given.get("xmp"), bytes) and packet:
        given["xmp"], emptied = xmp.drop_thumbnails(packet, limits=limits)
        if emptied:
            notes.append("xmp-thumbnail-dropped")
    return given, tuple(notes)


def _exif_of(image: Image.Image) -> bytes:
    block = image.info.get("exif")
    if isinstance(block, bytes) and block:
        return _PREFIX + block.removeprefix(_PREFIX)
    if not hasattr(image, "tag_v2"):
        return b""
    source, kept = image.getexif(), Image.Exif()  # a TIFF: its words, not its strips
    for tag in _TOLD:
        if tag in source:
            kept[tag] = source[tag]
    for tag in _SUB:
        kept.get_ifd(tag).update(source.get_ifd(tag))
    return kept.tobytes() if len(kept) or any(kept.get_ifd(tag) for tag in _SUB) else b""


def _xmp_of(image: Image.Image) -> bytes:
    packet = image.info.get("xmp") or image.info.get(_XMP_KEYWORD) or b""
    if isinstance(packet, str):
        return packet.encode("utf-8", "surrogateescape")
    return packet if isinstance(packet, bytes) else b""
