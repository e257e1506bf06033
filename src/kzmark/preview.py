"""A small picture of a file for those who read its report: made from what was looked at anyway.

Where the whole picture was searched for its notice, that picture is shrunk. Where only the part
with the notice was decoded, the whole is decoded small if that costs little, or else the part is
shown.
"""

import contextlib
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, MediaError
from kzmark.formats._ability import offers
from kzmark.formats._base import Adapter, Picture, Pictures, Pixels
from kzmark.formats._small import Glances

_MOST_PIXELS: Final = 4_000_000  # decoded whole for a preview alone
_MOST_BYTES: Final = 4 << 20  # the same for a format that decodes small, where bytes are the cost
_QUALITY: Final = 45  # of JPEG: 3 KB at 160 pixels; WebP saves a sixth and takes six times as long


class Preview:
    """Watches what a search looks at, and makes a small picture of it.

    Args:
        side: The longest side of the small picture, in pixels, at least 1.
    """

    def __init__(self, side: int) -> None:
        if side < 1:
            raise ValueError(f"a preview of {side} pixels")
        self._side = side
        self._small: Pixels | None = None
        self._is_whole = False

    def watched(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        """Yield the pictures, and keep the first whole one, small."""
        for picture in pictures:
            is_whole = picture.pixels.shape[:2] == (picture.height, picture.width)
            if self._small is None or (is_whole and not self._is_whole):
                self._small, self._is_whole = self._shrunk(picture.pixels), is_whole
            yield picture

    def complete(self, adapter: Adapter, source: BinaryIO, *, limits: Limits) -> None:
        """Look at the whole picture if only a part was seen and it costs little."""
        if self._is_whole:
            return
        with contextlib.suppress(MediaError, BackendMissingError):
            pixels = self._glance(adapter, source, limits)
            if pixels is not None:
                self._small, self._is_whole = self._shrunk(pixels), True

    def encoded(self) -> bytes:
        """Return the small picture as JPEG, or nothing if there was nothing to see."""
        if self._small is None:
            return b""
        from PIL import Image  # here, or sounds and texts would load it too

        target = io.BytesIO()
        image = Image.fromarray(np.ascontiguousarray(self._small))
        image.save(target, "JPEG", quality=_QUALITY, optimize=True)
        return target.getvalue()

    def _glance(self, adapter: Adapter, source: BinaryIO, limits: Limits) -> Pixels | None:
        if offers(adapter, Glances):
            size = source.seek(0, io.SEEK_END)
            return (
                adapter.glance(source, self._side, limits=limits) if size <= _MOST_BYTES else None
            )
        if not offers(adapter, Pictures):
            return None
        pages = adapter.sizes(source, limits=limits)
        if not pages or pages[0][0] * pages[0][1] > _MOST_PIXELS:
            return None
        first = next(adapter.pictures(source, limits=limits), None)
        return None if first is None else first.pixels

    def _shrunk(self, pixels: Pixels) -> Pixels:
        import cv2

        height, width = pixels.shape[:2]
        by = min(1.0, self._side / max(width, height))
        size = max(1, round(width * by)), max(1, round(height * by))
        small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)
