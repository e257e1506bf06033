"""Animations: which frames must be redrawn so that a plate stands in every displayed one.

Pure geometry, shared by GIF, APNG and animated WebP. Their common model (WebP container
specification, "Animation"; APNG 1.0, `fcTL`; GIF89a, 23): a canvas that is transparent at the
start of every loop; each frame is drawn on its rectangle, shown, and disposed of.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Box, Pixels

Rgba = NDArray[np.uint8]  # (height, width, 4), alpha not premultiplied
Load = Callable[[], Rgba]  # the pixels of one frame's whole rectangle, decoded when asked for

_NOTHING: Final[Box] = (0, 0, 0, 0)


class Disposal(StrEnum):
    """What becomes of a frame's rectangle once the frame has been shown."""

    KEEP = "keep"
    BACKGROUND = "background"  # browsers: transparent, whatever background the file names
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of an animation.

    Attributes:
        box: Its rectangle on the canvas, in pixels; it may be empty or leave the canvas.
        disposal: What becomes of the rectangle afterwards.
        blend: Whether it is laid over the canvas; otherwise it replaces the pixels, alpha too.
        delay: How long it is shown, in milliseconds.
    """

    box: Box
    disposal: Disposal = Disposal.KEEP
    blend: bool = True
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What has to happen to one frame. Its disposal and delay always stay.

    Attributes:
        box: The frame's rectangle, possibly enlarged, in pixels.
        paint: Part of the plate to draw, opaque, in canvas pixels (it may be empty); nothing if the
            frame stays as it is, byte for byte.
        restore: Area that an enlarged rectangle cleared earlier and that must be drawn again as
            the original shows it; nothing if the canvas is right there.
        standing: Whether the plate shows on the canvas already wherever this frame draws it.
    """

    box: Box
    paint: Box | None = None
    restore: Box | None = None
    standing: bool = False


def cover(
    frames: Sequence[Frame], plate: Box, canvas: tuple[int, int], *, grid: int = 1
) -> list[Step]:
    """Say how each frame must change so that `plate` stands in every displayed frame.

    A frame is redrawn if its rectangle meets the plate, or if the plate does not stand yet (first
    frame) or was cleared by a disposal; then the rectangle grows to reach that part. A grown
    rectangle that is disposed of to the background clears more than the original did: the frame
    after it must restore that. All areas are bounding boxes, so a step may redraw a little too
    much, never too little.

    Args:
        frames: All frames, in order.
        plate: The plate's box on the canvas, in stored pixels.
        canvas: Width and height, in pixels, a caption band included.
        grid: Offsets of redrawn frames are multiples of this (2 in WebP).

    Returns:
        One step for each frame.
    """
    steps = []
    screen = (0, 0, *canvas)
    content: Box = _NOTHING  # where the original's canvas may hold pixels that can be seen
    stale = clip(plate, screen)  # where the patched canvas is not what it should be
    for frame in frames:
        step = _step(frame.box, plate, stale, grid=grid)
        steps.append(step)
        drawn = clip(step.box, screen)
        own = clip(frame.box, screen)
        if frame.disposal is Disposal.KEEP:
            content, stale = bound(content, own), _NOTHING
        elif frame.disposal is Disposal.BACKGROUND:
            content = _without(bound(content, own), own)
            lost = clip(drawn, content)
            lost = _NOTHING if contains(own, lost) else lost
            stale = _NOTHING if step.paint is None else bound(clip(drawn, plate), lost)
    return steps


def compose(
    frames: Iterable[tuple[Frame, Load]],
    canvas: tuple[int, int],
    *,
    within: Box | None = None,
) -> Iterator[Rgba]:
    """Yield what is displayed after each frame, as browsers show it.

    Frames that do not reach the wanted part are not decoded.

    Args:
        frames: Each frame with a function that decodes its rectangle.
        canvas: Width and height, in pixels.
        within: The wanted part of the canvas; all of it if not given.

    Yields:
        The part, RGBA: one array that the next step changes, so copy what must last.
    """
    part = clip(within or (0, 0, *canvas), (0, 0, *canvas))
    shown = np.zeros((part[3], part[2], 4), np.uint8)
    for frame, load in frames:
        seen = clip(frame.box, part)
        target = shown[slices(seen, part)]
        before = target.copy() if frame.disposal is Disposal.PREVIOUS else target
        if target.size:
            lay(target, load()[slices(seen, frame.box)], blend=frame.blend)
        yield shown
        if frame.disposal is Disposal.BACKGROUND:
            target[:] = 0
        elif frame.disposal is Disposal.PREVIOUS:
            target[:] = before


def redraw(frame: Frame, own: Rgba, step: Step, plate: Box, pixels: Pixels, shown: Rgba) -> Rgba:
    """Return the new pixels of a frame: its own, the plate, and what else its new box needs.

    With `frame.blend` and nothing to restore, what the enlarged box adds is transparent, so the
    canvas shows through. Otherwise the added part is copied from the original, and the new frame
    must *replace* the canvas: draw it without blending.

    Args:
        frame: The frame as it was.
        own: Its pixels.
        step: What `cover` said of it.
        plate: The plate's box on the canvas.
        pixels: The plate, RGB, in the orientation of the canvas.
        shown: The original's whole canvas as displayed with this frame; read only when the new
            frame replaces the canvas outside its old box.
    """
    new = np.zeros((step.box[3], step.box[2], 4), np.uint8)
    if replaces(frame, step):
        seen = clip(step.box, (0, 0, shown.shape[1], shown.shape[0]))
        new[slices(seen, step.box)] = shown[slices(seen)]
    if own.size and not (replaces(frame, step) and frame.blend):
        new[slices(frame.box, step.box)] = own
    if step.paint is not None:
        target = new[slices(step.paint, step.box)]
        target[..., :3] = pixels[slices(step.paint, plate)]
        target[..., 3] = 255
    return new


def replaces(frame: Frame, step: Step) -> bool:
    """Say whether the redrawn frame needs the original's canvas, and so must replace it."""
    return step.restore is not None or (not frame.blend and step.box != frame.box)


def lay(target: Rgba, source: Rgba, *, blend: bool) -> None:
    """Draw `source` on `target`: over it if `blend`, otherwise in its place."""
    alpha = source[..., 3]
    if not blend or alpha.min(initial=255) == 255:
        target[:] = source
        return
    solid = alpha == 255
    target[solid] = source[solid]
    half = (alpha > 0) & ~solid
    if half.any():
        target[half] = _over(source[half], target[half])


def over_white(shown: Rgba) -> Pixels:
    """Return RGBA pixels laid over white, as new RGB ones."""
    alpha = shown[..., 3]
    if alpha.min(initial=255) == 255:
        return shown[..., :3].copy()
    white = np.full((*alpha.shape, 4), 255, np.uint8)
    lay(white, shown, blend=True)
    return white[..., :3]


def _over(source: Rgba, target: Rgba) -> Rgba:
    """Return source over target for lists of RGBA pixels, rounded to the nearest level."""
    above = source[:, 3:].astype(np.float32) / 255
    below = target[:, 3:].astype(np.float32) / 255 * (1 - above)
    alpha = above + below
    colour = (source[:, :3] * above + target[:, :3] * below) / alpha
    mixed: Rgba = np.rint(np.concatenate([colour, alpha * 255], axis=1)).astype(np.uint8)
    return mixed


def clip(box: Box, to: Box) -> Box:
    """Return the part of `box` inside `to`; an empty box if there is none."""
    left, top = max(box[0], to[0]), max(box[1], to[1])
    right, bottom = min(box[0] + box[2], to[0] + to[2]), min(box[1] + box[3], to[1] + to[3])
    return (left, top, right - left, bottom - top) if left < right and top < bottom else _NOTHING


def bound(first: Box, second: Box) -> Box:
    """Return the smallest box that holds both; empty boxes take no room."""
    if empty(first) or empty(second):
        return second if empty(first) else first
    left, top = min(first[0], second[0]), min(first[1], second[1])
    right = max(first[0] + first[2], second[0] + second[2])
    bottom = max(first[1] + first[3], second[1] + second[3])
    return left, top, right - left, bottom - top


def contains(outer: Box, inner: Box) -> bool:
    """Say whether `inner` lies in `outer`; an empty box lies everywhere."""
    return empty(inner) or bound(outer, inner) == outer


def empty(box: Box) -> bool:
    """Say whether a box holds no pixel."""
    return box[2] < 1 or box[3] < 1


def slices(box: Box, origin: Box = _NOTHING) -> tuple[slice, slice]:
    """Return the slices of `box` in an array whose first pixel is at the corner of `origin`."""
    left, top = box[0] - origin[0], box[1] - origin[1]
    if empty(box):
        return slice(0, 0), slice(0, 0)
    return slice(top, top + box[3]), slice(left, left + box[2])


def _step(own: Box, plate: Box, stale: Box, *, grid: int) -> Step:
    askew = own[0] % grid or own[1] % grid
    if empty(stale) and empty(clip(own, plate)) and not askew:
        return Step(own)
    box = bound(own, stale)
    left, top = box[0] - box[0] % grid, box[1] - box[1] % grid
    box = (left, top, box[0] + box[2] - left, box[1] + box[3] - top)
    return Step(
        box,
        paint=clip(box, plate),
        restore=None if contains(plate, stale) else stale,
        standing=empty(clip(stale, plate)),
    )


def _without(box: Box, hole: Box) -> Box:
    """Return a bounding box of what `box` has outside `hole`."""
    cut = clip(box, hole)
    if cut == box:
        return _NOTHING
    left, top, width, height = box
    if cut[2] == width and cut[3]:  # a whole strip at the top or bottom goes
        if cut[1] == top:
            return left, top + cut[3], width, height - cut[3]
        if cut[1] + cut[3] == top + height:
            return left, top, width, height - cut[3]
    if cut[3] == height and cut[2]:
        if cut[0] == left:
            return left + cut[2], top, width - cut[2], height
        if cut[0] + cut[2] == left + width:
            return left, top, width - cut[2], height
    return box
