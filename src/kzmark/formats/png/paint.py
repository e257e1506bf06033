"""A plate on every picture of a PNG: the default one and those of the animation.

Chunks that need no change are not named in what comes back, so they stay byte for byte.

Spec: PNG third edition, 5.6 (which chunks depend on which), 11.3.6 (animation).
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kzmark._limits import Limits
from kzmark.formats._animation import Frame, Rgba, Step, cover, empty, replaces, slices
from kzmark.formats._base import Box
from kzmark.formats.png import animation, raster, splice
from kzmark.formats.png import lift as richer
from kzmark.formats.png import samples as samples_of
from kzmark.formats.png.animation import Shot
from kzmark.formats.png.chunks import pack, pack_data
from kzmark.formats.png.deflate import Bytes, deflate
from kzmark.formats.png.file import Png, moved
from kzmark.formats.png.header import GREY_ALPHA, PALETTE, RGBA, Header
from kzmark.formats.png.ink import dip
from kzmark.formats.png.samples import Rgb, Samples


@dataclass(frozen=True, slots=True)
class Plate:
    """What to lay on, as the pixels are stored.

    Attributes:
        box: Its place on the canvas, a caption band included.
        pixels: Its colours, (height, width, 3).
        size: Width and height of the canvas, a caption band included.
        former: Where the picture without the band stands on it.
    """

    box: Box
    pixels: Rgb
    size: tuple[int, int]
    former: Box


@dataclass(frozen=True, slots=True)
class _Brush:
    """Everything that painting one picture of a file needs."""

    png: Png
    plate: Plate
    header: Header  # of the new canvas
    ink: Samples

    def default(self) -> dict[int, bytes]:
        """Return the IDAT chunks that change with the plate, by index."""
        chunks, same = self.png.chunks, self._same_kind(self.png.header)
        if same and self.plate.size == self.png.header.size:
            done = splice.plate(chunks, self.header, self.plate.box, self.ink)
            if done:
                return done
        indices = range(chunks.first_data, chunks.last_data + 1)
        return dict.fromkeys(indices, b"") | {indices[0]: pack_data(self._default())}

    def _default(self) -> bytes:
        raw = self._converted(self.png.default(), self.png.header)
        if self.plate.size != self.png.header.size:
            raw = raster.grow(raw, self.header, self.plate.former)
        raster.paint(raw, self.header, self.plate.box, self.ink)
        return self._deflated(raw, self.png.chunks.picture_data())

    def shot(self, shot: Shot, step: Step, shown: Rgba) -> bytes:
        """Return the compressed data of a frame as `step` wants it."""
        frame = moved(shot.frame, self.plate.former)
        former = self.png.header.resized(*frame.box[2:])
        header = self.header.resized(*former.size)
        parts = shot.data(self.png.chunks)
        if step.box != frame.box or replaces(frame, step):
            raw = self._redrawn(self._shot(shot), frame, step, shown)
            return self._deflated(raw, parts)
        if step.paint is None or empty(step.paint):
            return self._deflated(self._shot(shot), parts)
        x, y, width, height = step.paint
        local = (x - frame.box[0], y - frame.box[1], width, height)
        ink = self.ink[slices(step.paint, self.plate.box)]
        done = splice.frame(parts, header, local, ink) if self._same_kind(former) else b""
        if done:
            return done
        raw = self._shot(shot)
        raster.paint(raw, header, local, ink)
        return self._deflated(raw, parts)

    def _shot(self, shot: Shot) -> Bytes:
        return self._converted(*self.png.shot(shot))

    def _redrawn(self, raw: Bytes, frame: Frame, step: Step, shown: Rgba) -> Bytes:
        """Return the raw data of an enlarged frame: nothing, or the original, where it is new."""
        header = self.header.resized(*step.box[2:])
        own = raster.decode(raw, self.header.resized(*frame.box[2:]))
        new = samples_of.blank(*header.size, header)
        if replaces(frame, step):
            new[:] = samples_of.from_rgba(shown[slices(step.box)], header)
        else:
            new[:] = np.array(samples_of.transparent(header), new.dtype)
        if not (replaces(frame, step) and frame.blend):  # what is shown holds it already
            new[slices(frame.box, step.box)] = own
        if step.paint is not None:
            new[slices(step.paint, step.box)] = self.ink[slices(step.paint, self.plate.box)]
        return raster.encode(new, header)

    def _same_kind(self, old: Header) -> bool:
        return (self.header.colour, self.header.depth) == (old.colour, old.depth)

    def _converted(self, raw: Bytes, old: Header) -> Bytes:
        new = self.header.resized(*old.size)
        if self._same_kind(old):
            return raw
        lifted = richer.lift(raster.decode(raw, old), old, new)
        return raster.encode(lifted, new, few_colours=old.indexed)

    def _deflated(self, raw: Bytes, before: Sequence[memoryview]) -> bytes:
        same = self.header.bits == self.png.header.bits
        return deflate(raw, like=sum(map(len, before)) if same else 0)


def repaint(png: Png, plate: Plate, *, limits: Limits) -> tuple[dict[int, bytes], list[str]]:
    """Return the chunks to replace, by index, and notes on what else changed.

    Raises:
        MalformedMediaError: If the picture data are damaged.
        LimitExceededError: If the frames have too many pixels together.
    """
    frames = [moved(shot.frame, plate.former) for shot in png.shots]
    if png.shots and png.shots[0].default:
        frames[0] = dataclasses.replace(frames[0], box=(0, 0, *plate.size))
    steps = cover(frames, plate.box, plate.size) if frames else []
    brush = _brush(png, plate, needs_alpha=_needs_alpha(png.header, frames, steps))
    replaced = _dependants(png, brush.header)
    replaced |= brush.default()
    shows: Iterator[Rgba] = itertools.repeat(np.zeros((0, 0, 4), np.uint8))
    if any(map(replaces, frames, steps)):
        shows = png.displays(plate.size, plate.former, limits=limits)
    raised = brush.header.bits != png.header.bits
    for shot, frame, step, shown in zip(png.shots, frames, steps, shows, strict=False):
        if step.box != shot.frame.box or replaces(frame, step):
            blend = frame.blend and not replaces(frame, step)
            control = animation.pack_control(png.chunks, shot, step.box, blend=blend)
            replaced[shot.control] = control
        if not shot.default and (raised or step.paint is not None):
            data_now = brush.shot(shot, step, shown)
            replaced |= animation.pack_data(png.chunks, shot, data_now)
    notes = ["colour-type-raised"] if raised else []
    stale = [index for index, chunk in enumerate(png.chunks.items) if chunk.kind == b"iDOT"]
    # Apple's decoder trusts the offsets in iDOT and would show other rows than everybody else.
    return replaced | dict.fromkeys(stale, b""), notes + ["idot-dropped"] * bool(stale)


def _needs_alpha(header: Header, frames: Sequence[Frame], steps: Sequence[Step]) -> bool:
    """Say whether an enlarged frame needs transparency that its kind of pixels does not have."""
    if header.colour in {GREY_ALPHA, RGBA}:
        return False
    enlarged = any(frame.box != step.box for frame, step in zip(frames, steps, strict=True))
    return any(map(replaces, frames, steps)) or (enlarged and not samples_of.transparent(header))


def _brush(png: Png, plate: Plate, *, needs_alpha: bool) -> _Brush:
    canvas = png.header.resized(*plate.size)
    ink = None if needs_alpha else dip(plate.pixels, canvas, png.used)
    if ink is None:
        ink = dip(plate.pixels, richer.lifted(canvas, alpha=needs_alpha), png.used)
    assert ink is not None  # true colour shows any plate
    return _Brush(png, plate, ink.header, ink.samples)


def _dependants(png: Png, new: Header) -> dict[int, bytes]:
    """Return the chunks that say something about the kind of pixels, made to fit the new ones."""
    old = png.header
    raised = new.bits != old.bits
    replaced: dict[int, bytes] = {}
    for index, chunk in enumerate(png.chunks.items):
        data = bytes(chunk.data) if len(chunk.data) <= 1024 else b""
        if chunk.kind == b"IHDR" and (raised or new.size != old.size):
            replaced[index] = new.pack()
        elif raised and chunk.kind in {b"PLTE", b"tRNS", b"hIST"}:
            replaced[index] = b""
        elif raised and chunk.kind == b"bKGD":
            replaced[index] = _packed(b"bKGD", richer.background(data, old, new))
        elif raised and chunk.kind == b"sBIT":
            replaced[index] = _packed(b"sBIT", richer.significant_bits(data, old, new))
        elif old.colour == PALETTE and not raised:
            replaced |= _palette_chunk(index, chunk.kind, data, old, new)
    return replaced


def _palette_chunk(
    index: int, kind: bytes, data: bytes, old: Header, new: Header
) -> dict[int, bytes]:
    """Return PLTE, tRNS or hIST for a palette whose entries changed or became more."""
    grown = len(new.palette) - len(old.palette)
    if kind == b"PLTE" and new.palette.tobytes() != data:
        return {index: pack(kind, new.palette.tobytes())}
    if kind == b"tRNS" and (new.alphas[: len(old.alphas)] != old.alphas).any():
        clear = np.flatnonzero(new.alphas < 255)
        return {index: _packed(kind, new.alphas[: clear[-1] + 1].tobytes() if clear.size else b"")}
    if kind == b"hIST" and grown:
        return {index: pack(kind, data + b"\0\0" * grown)}
    return {}


def _packed(kind: bytes, data: bytes) -> bytes:
    return pack(kind, data) if data else b""
