"""A plate on every displayed frame of a GIF; frames that need no change keep their bytes."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.formats._animation import Frame, Load, Rgba, Step, clip, compose, cover, slices
from kzmark.formats._base import Box, Patch, Pixels
from kzmark.formats.gif import codec
from kzmark.formats.gif import colours as _gif_colours
from kzmark.formats.gif.blocks import (
    Block,
    Extension,
    Gif,
    Image,
    Shown,
    control_of,
    with_table,
)

MERGED: Final = "gif-colours-merged"  # a full colour table gave up rarely used colours
_NO_CANVAS: Final[Rgba] = np.zeros((0, 0, 4), np.uint8)


def painted(gif: Gif, patch: Patch, *, limits: Limits, file_bytes: int) -> tuple[Gif, list[str]]:
    """Return the GIF with the patch on every frame, and notes on what else changed."""
    width, height = gif.size
    size = (width, height + patch.grow)
    grown = gif if size == gif.screen[:2] else gif.resized(*size)  # the first frame may change
    shown = gif.frames
    steps = cover([one.frame for one in shown], patch.box, size)
    changed: dict[int, list[Block]] = {}
    merged = False
    canvases = _canvases(gif, shown, steps, limits=limits, file_bytes=file_bytes)
    for one, step, canvas in zip(shown, steps, canvases, strict=True):
        if step.paint is None:
            continue
        limits.check_picture(*step.box[2:], file_bytes=file_bytes, sample_bytes=1)
        own = codec.decode(_image(gif, one), limits=limits, file_bytes=file_bytes)
        new = _Redrawn(gif, one, step, own)
        new.restore(canvas)
        new.lay(patch.box, patch.pixels)
        merged |= new.settle()
        changed |= new.blocks()
    blocks = [new for at, old in enumerate(gif.blocks) for new in changed.get(at, [old])]
    return dataclasses.replace(grown, blocks=blocks), [MERGED] if merged else []


def frame_pixels(gif: Gif, one: Shown, *, limits: Limits, file_bytes: int) -> Rgba:
    """Return the pixels of one frame's rectangle; its transparent index has alpha 0."""
    image = _image(gif, one)
    indices = codec.decode(image, limits=limits, file_bytes=file_bytes)
    table = np.zeros((256, 4), np.uint8)
    colours = _table(gif, image)
    table[: len(colours), :3] = colours
    table[:, 3] = 255
    if one.transparent is not None:
        table[one.transparent] = 0
    pixels: Rgba = table[indices]
    return pixels


class _Redrawn:
    """One frame being redrawn: its indices, what is drawn over them, its colour table."""

    def __init__(self, gif: Gif, one: Shown, step: Step, own: codec.Indices) -> None:
        self.one, self.step, self.image = one, step, _image(gif, one)
        self.control = None if one.control is None else gif.blocks[one.control]
        self.table = self.old_table = _table(gif, self.image)
        self.transparent = one.transparent
        shape = step.box[3], step.box[2]
        self.indices = np.zeros(shape, np.uint8)
        self.drawn = np.zeros(shape, np.bool_)  # by the frame itself
        self.layer = np.zeros((*shape, 4), np.uint8)  # over it
        if own.size:
            place = slices(self.image.box, step.box)
            self.indices[place] = own
            self.drawn[place] = own != (-1 if one.transparent is None else one.transparent)

    def restore(self, canvas: Rgba) -> None:
        """Draw what an earlier, enlarged frame cleared and this one does not draw itself."""
        if self.step.restore is None:
            return
        seen = clip(self.step.restore, (0, 0, canvas.shape[1], canvas.shape[0]))
        target = self.layer[slices(seen, self.step.box)]
        hidden = self.drawn[slices(seen, self.step.box)]
        target[~hidden] = canvas[slices(seen)][~hidden]

    def lay(self, plate: Box, pixels: Pixels) -> None:
        """Draw the part of the plate that this frame has to show."""
        assert self.step.paint is not None
        target = self.layer[slices(self.step.paint, self.step.box)]
        target[..., :3] = pixels[slices(self.step.paint, plate)]
        target[..., 3] = 255

    def settle(self) -> bool:
        """Turn the layer into indices; say whether colours of the frame had to be merged."""
        over = self.layer[..., 3] == 255
        kept = self.drawn & ~over
        hollow = bool((~self.drawn & ~over).any())
        counts = np.bincount(self.indices[kept], minlength=256)
        colours, which, weights = _distinct(self.layer[over][:, :3])
        table = self._whole_table(counts)
        fitted = _gif_colours.fit(
            table,
            counts,
            colours,
            weights,
            transparent=self.transparent,
            hollow=hollow,
            merge=not self._shows_through(),
        )
        if not fitted.exact and self.transparent is not None and self._shows_through():
            self.indices[over] = self.transparent
            return False
        self.indices = fitted.moved[self.indices]
        self.indices[over] = fitted.where[which]
        self.indices[~self.drawn & ~over] = fitted.transparent or 0
        self.table, self.transparent = fitted.table, fitted.transparent
        return fitted.merged

    def blocks(self) -> dict[int, list[Block]]:
        """Return the blocks that take the place of the old ones, by their index."""
        left, top, _, _ = self.step.box
        image = codec.encode(self.indices, self.image, left=left, top=top)
        if not self._same_table():
            image = with_table(image, self.table.tobytes())
        new: dict[int, list[Block]] = {self.one.image: [image]}
        if self.transparent is None or self.transparent == self.one.transparent:
            return new
        old = self.control if isinstance(self.control, Extension) else None
        control = control_of(old, transparent=self.transparent)
        if self.one.control is None:
            return {self.one.image: [control, image]}
        return new | {self.one.control: [control]}

    def _whole_table(self, counts: NDArray[np.int64]) -> _gif_colours.Table:
        """Return the table with a black entry for every index in use beyond its end."""
        last = int(np.flatnonzero(counts).max(initial=0))
        size = max(last, self.transparent or 0) + 1
        missing = max(0, size - len(self.table))
        return np.concatenate([self.table, np.zeros((missing, 3), np.uint8)])

    def _shows_through(self) -> bool:
        """Say whether the plate of an earlier frame would show if this one left it out."""
        return self.step.standing and self.step.restore is None and self.transparent is not None

    def _same_table(self) -> bool:
        size = len(self.old_table)
        inside = int(self.indices.max(initial=0)) < size
        return inside and np.array_equal(self.table[:size], self.old_table)


def _image(gif: Gif, one: Shown) -> Image:
    image = gif.blocks[one.image]
    assert isinstance(image, Image)
    return image


def _table(gif: Gif, image: Image) -> _gif_colours.Table:
    return np.frombuffer(image.table or gif.table, np.uint8).reshape(-1, 3)


def _canvases(
    gif: Gif, shown: Sequence[Shown], steps: Sequence[Step], *, limits: Limits, file_bytes: int
) -> Iterator[Rgba]:
    """Yield the original's canvas for each frame, or empty ones if no frame has to restore any."""
    if not any(step.restore for step in steps):
        yield from (_NO_CANVAS for _ in steps)
        return
    limits.check_picture(*gif.size, file_bytes=file_bytes)
    yield from compose(layers(gif, shown, limits=limits, file_bytes=file_bytes), gif.size)


def layers(
    gif: Gif, shown: Sequence[Shown], *, limits: Limits, file_bytes: int
) -> Iterator[tuple[Frame, Load]]:
    """Yield each frame with a function that decodes it, as `compose` wants them."""
    for one in shown:
        load = functools.partial(frame_pixels, gif, one, limits=limits, file_bytes=file_bytes)
        yield one.frame, load


def _distinct(
    colours: NDArray[np.uint8],
) -> tuple[_gif_colours.Table, NDArray[np.int64], NDArray[np.int64]]:
    """Return the different colours, which of them each pixel has, and how many have each."""
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, which, weights = np.unique(packed, return_inverse=True, return_counts=True)
    rgb = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    return rgb, which, weights
