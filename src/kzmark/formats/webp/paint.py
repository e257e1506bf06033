"""A plate on a WebP: on the still picture, or on every displayed frame of an animation."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from kzmark._limits import Limits
from kzmark.formats._animation import Frame as Geometry
from kzmark.formats._animation import Load, Rgba, Step, compose, cover, redraw, replaces
from kzmark.formats._base import Box, Patch, Pixels
from kzmark.formats._orient import displayed, stored_box, upright
from kzmark.formats.webp import codec
from kzmark.formats.webp import frames as _webp_frames
from kzmark.formats.webp.frames import Animated
from kzmark.formats.webp.riff import ALPHA_FLAG, Chunk, WebP, has_alpha, still

_NO_CANVAS: Final[Rgba] = np.zeros((0, 0, 4), np.uint8)


def paint_still(
    webp: WebP, patch: Patch, orientation: int, *, limits: Limits, file_bytes: int
) -> None:
    """Lay the patch on the one picture of a file."""
    picture = still(webp.chunks)
    assert picture
    old = codec.decode(picture, limits=limits, file_bytes=file_bytes)
    samples = _grown(old, patch.grow, orientation) if patch.grow else old
    x, y, width, height = patch.box
    target = upright(samples, orientation)[y : y + height, x : x + width]
    target[..., :3] = patch.pixels
    target[..., 3:] = 255
    coded = codec.encode(samples, picture)
    at = next(i for i, chunk in enumerate(webp.chunks) if chunk is picture[0])
    webp.chunks[:] = [chunk for chunk in webp.chunks if all(chunk is not one for one in picture)]
    webp.chunks[at:at] = coded
    stored = samples.shape[1], samples.shape[0]
    if webp.chunks[0].kind == b"VP8X" or len(coded) > 1:
        webp.announce(ALPHA_FLAG if has_alpha(coded[0]) else 0, size=stored)


def paint_frames(
    webp: WebP, patch: Patch, orientation: int, *, limits: Limits, file_bytes: int
) -> None:
    """Lay the patch on every displayed frame; frames that need no change keep their bytes."""
    wide, high = displayed(*webp.size, orientation)
    size = (wide, high + patch.grow)
    canvas = displayed(*size, orientation)  # back to stored: the same swap
    left, top, _, _ = stored_box((0, 0, wide, high), size, orientation)
    found = [_moved(one, left, top) for one in _webp_frames.frames(webp, limits=limits)]
    plate = stored_box(patch.box, size, orientation)
    steps = cover([one.frame for one in found], plate, canvas, grid=2)
    brush = _Brush(found, plate, _stored(patch.pixels, orientation), canvas, limits, file_bytes)
    webp.announce(0, size=canvas)
    for index, (one, step) in enumerate(zip(found, steps, strict=True)):
        if step.paint is not None:
            webp.chunks[one.at] = brush.redraw(index, step)
        elif left or top:
            chunks = [*one.picture, *one.others]
            webp.chunks[one.at] = _webp_frames.pack(one.frame, one.reserved, chunks)
    if brush.transparent:
        webp.announce(ALPHA_FLAG)


def layers(
    found: Sequence[Animated], *, limits: Limits, file_bytes: int
) -> Iterator[tuple[Geometry, Load]]:
    """Yield each frame with a function that decodes it, as `compose` wants them."""

    def load(one: Animated) -> Load:
        return lambda: codec.with_alpha(
            codec.decode(one.picture, limits=limits, file_bytes=file_bytes)
        )

    return ((one.frame, load(one)) for one in found)


class _Brush:
    """Redraws frames; composes the original's canvas only as far as one of them needs it."""

    def __init__(
        self,
        found: Sequence[Animated],
        plate: Box,
        pixels: Pixels,
        canvas: tuple[int, int],
        limits: Limits,
        file_bytes: int,
    ) -> None:
        self._found, self._plate, self._pixels = found, plate, pixels
        self._limits, self._file_bytes = limits, file_bytes
        self._canvases = compose(layers(found, limits=limits, file_bytes=file_bytes), canvas)
        self._composed = -1
        self._canvas = _NO_CANVAS
        self.transparent = False

    def redraw(self, index: int, step: Step) -> Chunk:
        """Return the new chunk of a frame."""
        one = self._found[index]
        self._limits.check_picture(*step.box[2:], file_bytes=self._file_bytes)
        samples = codec.decode(one.picture, limits=self._limits, file_bytes=self._file_bytes)
        own = codec.with_alpha(samples)
        # an opaque frame looks the same laid over the canvas, and need not copy from it then
        frame = dataclasses.replace(one.frame, blend=one.frame.blend or own[..., 3].min() == 255)
        shown = self._shown(index) if replaces(frame, step) else _NO_CANVAS
        drawn = redraw(frame, own, step, self._plate, self._pixels, shown)
        coded = codec.encode(drawn, one.picture)
        self.transparent |= has_alpha(coded[0])
        blend = one.frame.blend if step.box == one.frame.box else frame.blend
        new = dataclasses.replace(frame, box=step.box, blend=blend and not replaces(frame, step))
        return _webp_frames.pack(new, one.reserved, [*coded, *one.others])

    def _shown(self, index: int) -> Rgba:
        while self._composed < index:
            self._canvas = next(self._canvases)
            self._composed += 1
        return self._canvas


def _moved(one: Animated, left: int, top: int) -> Animated:
    x, y, width, height = one.frame.box
    frame = dataclasses.replace(one.frame, box=(x + left, y + top, width, height))
    return dataclasses.replace(one, frame=frame)


def _stored(pixels: Pixels, orientation: int) -> Pixels:
    """Return a displayed plate in the orientation of the stored pixels."""
    height, width = pixels.shape[:2]
    wide, high = displayed(width, height, orientation)  # the same swap both ways
    stored = np.empty((high, wide, 3), np.uint8)
    upright(stored, orientation)[:] = pixels
    return stored


def _grown(samples: codec.Samples, rows: int, orientation: int) -> codec.Samples:
    """Return stored pixels with empty rows at their displayed bottom."""
    old = upright(samples, orientation)
    wide, high = displayed(old.shape[1], old.shape[0] + rows, orientation)
    grown = np.zeros((high, wide, samples.shape[2]), np.uint8)
    upright(grown, orientation)[: old.shape[0]] = old
    return grown
