"""A PNG taken apart: its chunks, the kind of its pixels, its frames."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._animation import Frame, Load, Rgba, compose
from kzmark.formats._base import Box
from kzmark.formats.png import animation, raster
from kzmark.formats.png import chunks as _png_chunks
from kzmark.formats.png import header as _png_header
from kzmark.formats.png import samples as samples_of
from kzmark.formats.png.animation import Shot
from kzmark.formats.png.chunks import Chunks
from kzmark.formats.png.deflate import Bytes, inflate
from kzmark.formats.png.header import Header


@dataclass(frozen=True, slots=True)
class Png:
    """A file taken apart.

    Attributes:
        chunks: Its chunks.
        header: Kind and size of its pixels.
        shots: Its frames; none if it is a still picture.
    """

    chunks: Chunks
    header: Header
    shots: Sequence[Shot]

    def default(self) -> Bytes:
        """Return the raw data of the default picture."""
        return inflate(self.chunks.picture_data(), self.header.raw_bytes())

    def shot(self, shot: Shot) -> tuple[Bytes, Header]:
        """Return the raw data of a frame, and its header."""
        header = self.header.resized(*shot.frame.box[2:])
        return inflate(shot.data(self.chunks), header.raw_bytes(), what="a frame"), header

    def load(self, shot: Shot) -> Load:
        """Return a function that decodes a frame."""

        def pixels() -> Rgba:
            raw, header = self.shot(shot)
            return samples_of.to_rgba(raster.decode(raw, header), header)

        return pixels

    def displays(
        self, canvas: tuple[int, int], former: Box, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Rgba]:
        """Yield what is displayed after each frame; the picture stands at `former` on the canvas.

        Raises:
            LimitExceededError: If all that is displayed has too many pixels together.
        """
        area = (within or (0, 0, *canvas))[2:]
        if len(self.shots) * area[0] * area[1] > limits.max_total_pixels:
            raise LimitExceededError(
                f"{len(self.shots)} frames on a canvas of {area[0]}x{area[1]} px"
            )
        frames = ((moved(shot.frame, former), self.load(shot)) for shot in self.shots)
        return compose(frames, canvas, within=within)

    def used(self) -> NDArray[np.bool_]:
        """Say of each palette entry whether a pixel, or the background, uses it."""
        counts = np.zeros(256, np.bool_)
        pictures = [(self.default(), self.header)]
        frames = (self.shot(shot) for shot in self.shots if not shot.default)
        for raw, header in itertools.chain(pictures, frames):
            counts[np.unique(raster.decode(raw, header))] = True
        counts[list(self.chunks.only(b"bKGD")[:1])] = True
        counts[list(samples_of.transparent(self.header))] = True  # enlarged frames may need it
        return counts[: len(self.header.palette)]


def take_apart(source: BinaryIO, *, limits: Limits) -> Png:
    """Read a file; no pixel is decoded.

    Raises:
        MalformedMediaError: If it breaks the rules of PNG.
        LimitExceededError: If it is over the limits.
    """
    chunks = _png_chunks.split(source, limits=limits)
    header = _png_header.parse(chunks, limits=limits)
    return Png(chunks, header, animation.shots(chunks, header, limits=limits))


def moved(frame: Frame, former: Box) -> Frame:
    """Return a frame where it stands on the grown canvas."""
    x, y, width, height = frame.box
    return dataclasses.replace(frame, box=(x + former[0], y + former[1], width, height))
