"""Pixels of HEIF and AVIF pictures: the patch laid on, the quality chosen, the view of a person."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._base import Box, Patch, Picture

Samples = NDArray[Any]  # (height, width) or (height, width, channels), uint8 or uint16

TARGET: Final = 44.0  # dB outside the notice, against the decoded source
FLOOR: Final = 40.0  # dB that will do where more would cost too many bytes: grain, mostly
_GROWTH: Final = 1.5  # times the source, which a picture may take to come above the floor
_SPARE: Final = 64 << 10  # bytes that nobody minds
_STEP: Final = 1.25  # times its bytes, at least, which the next quality of a ladder takes
_REACH: Final = 16  # pixels around the notice that its edges may disturb
_ROWS: Final = 512  # rows measured at a time


class Step(NamedTuple):
    """One setting of a lossy encoder: quality 0 to 100, and subsampling as `4:2:0`."""

    quality: int
    chroma: str


class Plate(NamedTuple):
    """A patch laid on a picture: the picture, and which of its pixels must stay as they were."""

    pixels: Samples
    outside: NDArray[np.bool_]


def lay(shown: Samples, patch: Patch, *, bits: int, limits: Limits) -> Plate:
    """Return a copy of a displayed picture with a patch on it.

    Args:
        shown: Displayed pixels; 1 and 3 channels are opaque, 2 and 4 end in alpha.
        patch: What to lay on it; its band makes the picture taller.
        bits: Bits of a sample.
        limits: What the grown picture may cost.
    """
    height, width = shown.shape[:2]
    limits.check_picture(width, height + patch.grow, file_bytes=shown.nbytes)
    planes = shown.reshape(height, width, -1)
    grown = np.zeros((height + patch.grow, width, planes.shape[2]), planes.dtype)
    grown[:height] = planes
    x, y, across, down = patch.box
    grown[y : y + down, x : x + across] = _samples(patch.pixels, planes.shape[2], bits)
    outside = np.ones(grown.shape[:2], np.bool_)
    outside[max(y - _REACH, 0) : y + down + _REACH, max(x - _REACH, 0) : x + across + _REACH] = (
        False
    )
    return Plate(grown.reshape(grown.shape[:1] + shown.shape[1:]), outside)


def best(
    steps: Sequence[Step],
    encode: Callable[[Step], bytes],
    loss: Callable[[bytes], float],
    *,
    source: int,
) -> bytes:
    """Return the first encoding that is good enough for a source of so many bytes, or the last."""
    found = b""
    for step in steps:
        found = encode(step)
        if good_enough(loss(found), len(found), source=source):
            break
    return found


def good_enough(loss: float, size: int, *, source: int) -> bool:
    """Say whether a better encoding is not worth its bytes.

    Args:
        loss: What `psnr` says of this one.
        size: Its bytes.
        source: Bytes of the file that it is made from.
    """
    most = max(_GROWTH * source, source + _SPARE)
    return loss >= TARGET or (loss >= FLOOR and size * _STEP > most)


def ladder(chroma: str, *, first: int) -> list[Step]:
    """Return the settings to try: the source's own subsampling, then none at all."""
    own = [Step(first, chroma), Step(min(first + 4, 98), chroma)]
    if chroma == "4:0:0":
        return [*own, Step(100, chroma)]
    return [*own, Step(98, "4:4:4"), Step(100, "4:4:4")]


def psnr(wanted: Samples, got: Samples, outside: NDArray[np.bool_], *, bits: int) -> float:
    """Return the peak signal-to-noise ratio outside the notice, in dB; 99 for no difference.

    Raises:
        MalformedMediaError: If the shapes differ: the encoder did something else than asked.
    """
    if wanted.shape != got.shape:
        raise MalformedMediaError(f"an encoder made {got.shape} of {wanted.shape}")
    squares, count = 0.0, 0
    for top in range(0, wanted.shape[0], _ROWS):
        rows = slice(top, top + _ROWS)
        difference = wanted[rows].astype(np.float32) - got[rows]
        chosen = difference[outside[rows]]
        squares += float(np.square(chosen).sum(dtype=np.float64))
        count += chosen.size
    if not squares:
        return 99.0
    peak = (1 << bits) - 1
    return min(float(10 * np.log10(peak * peak * count / squares)), 99.0)


def seen(index: int, shown: Samples, *, bits: int, within: Box | None) -> Picture:
    """Return a displayed picture, or the wanted part of it, as a person sees it."""
    height, width = shown.shape[:2]
    x, y, across, down = within or (0, 0, width, height)
    left, top = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    part = shown[top : max(y + down, top + 1), left : max(x + across, left + 1)]
    part = part.reshape(*part.shape[:2], -1)
    if part.dtype != np.uint8:
        part = (part >> (bits - 8)).astype(np.uint8)
    colour = part[..., :3] if part.shape[2] >= 3 else np.repeat(part[..., :1], 3, axis=2)
    if part.shape[2] in {2, 4}:
        alpha = part[..., -1:].astype(np.uint16)
        mixed = colour * alpha + 255 * (255 - alpha)
        colour = ((mixed + 127) // 255).astype(np.uint8)
    pixels = np.ascontiguousarray(colour)
    return Picture(index=index, width=width, height=height, pixels=pixels, x=left, y=top)


def check_memory(width: int, height: int, frames: int, *, limits: Limits) -> None:
    """Refuse an animation of too many frames or pixels.

    All its frames stand in memory at once, because the encoder takes them so.

    Raises:
        LimitExceededError: If the limits say so, or the frames take more than 2 GiB.
    """
    if frames > limits.max_frames:
        raise LimitExceededError(f"an animation of {frames} frames")
    total = width * height * frames
    if total > min(limits.max_total_pixels, (1 << 31) // 4):
        raise LimitExceededError(f"an animation of {total} pixels")


def _samples(pixels: Samples, channels: int, bits: int) -> Samples:
    """Return 8-bit RGB pixels in the channels and depth of a picture, opaque."""
    peak = (1 << bits) - 1
    colour: Samples = pixels.astype(np.uint32)
    if channels < 3:  # BT.601, as libjpeg and Pillow turn colour to grey
        grey = colour @ np.array([19595, 38470, 7471], np.uint32)
        colour = (grey[..., None] + (1 << 15)) >> 16
    if bits != 8:
        colour = (colour * peak + 127) // 255
    if channels in {2, 4}:
        full = np.full((*colour.shape[:2], 1), peak, colour.dtype)
        colour = np.concatenate([colour, full], axis=2)
    return colour.astype(np.uint8 if bits <= 8 else np.uint16)
