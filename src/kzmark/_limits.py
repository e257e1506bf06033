"""What one file may cost; travels as an argument, never as a global."""

from dataclasses import dataclass

from kzmark.errors import LimitExceededError

_RATIO_FLOOR = 64_000_000  # bytes of raw pixels that any file may open to, however small it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds for one file. Every reader of declared sizes asks here first.

    Attributes:
        max_bytes: Size of the file, in bytes.
        max_stream: The same for formats that are worked on as streams, never read whole.
        max_pixels: Pixels of one picture (one frame, one page).
        max_frames: Frames of an animation.
        max_pages: Pages of a document or a TIFF.
        max_total_pixels: Pixels of all frames or pages together.
        max_metadata: Size of one metadata block (XMP packet, EXIF block), in bytes.
        max_text: Size of a text file, in bytes; it is decoded whole.
        max_elements: Elements or entries of one metadata block or SVG.
        max_depth: Nesting of boxes, XML elements or JSON values.
        max_ratio: Raw bytes of a picture for each byte of the file (above a floor of 64 MB).
        max_seconds: Time that searching one file for a notice may take, in seconds.
    """

    max_bytes: int = 1 << 30
    max_stream: int = 1 << 40
    max_pixels: int = 120_000_000
    max_frames: int = 5_000
    max_pages: int = 10_000
    max_total_pixels: int = 4_000_000_000
    max_metadata: int = 16 << 20
    max_text: int = 64 << 20
    max_elements: int = 50_000
    max_depth: int = 128
    max_ratio: int = 3_000
    max_seconds: float = 60.0

    def check_picture(
        self, width: int, height: int, *, file_bytes: int, sample_bytes: int = 4
    ) -> None:
        """Refuse a picture that is empty, too large, or too large for its file.

        Args:
            width: Declared width, in pixels.
            height: Declared height, in pixels.
            file_bytes: Size of the file that declares it, in bytes.
            sample_bytes: Raw bytes that one pixel takes when decoded.

        Raises:
            LimitExceededError: If decoding could cost more than the limits allow.
        """
        pixels = width * height
        if width < 1 or height < 1:
            raise LimitExceededError(f"a picture of {width}x{height} px")
        if pixels > self.max_pixels:
            raise LimitExceededError(
                f"a picture of {width}x{height} px is over the limit of {self.max_pixels} px",
                hint="make it smaller; or from Python, give Limits with another max_pixels",
            )
        raw = pixels * sample_bytes
        if raw > _RATIO_FLOOR and raw > file_bytes * self.max_ratio:
            raise LimitExceededError(
                f"{file_bytes} bytes declare a picture of {width}x{height} px: a decompression bomb"
            )

    def check_metadata(self, size: int, *, what: str) -> None:
        """Refuse a metadata block of `size` bytes if it is over `max_metadata`.

        Raises:
            LimitExceededError: If it is.
        """
        if size > self.max_metadata:
            raise LimitExceededError(
                f"{what} of {size} bytes is over the limit of {self.max_metadata}"
            )


DEFAULT_LIMITS = Limits()
