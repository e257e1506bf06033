"""The plate in the samples of a film: made once, then laid on frames by copying.

The plate is opaque, so no sample is blended; chroma is subsampled on the plate, not on the film. A
frame is never turned into RGB. Where the film is HDR, the white of the plate is put at the level of
diffuse white (203 cd/m2, ITU-R BT.2408), so that it neither glares nor vanishes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kzmark.errors import LimitExceededError, UnsupportedMediaError
from kzmark.formats._av.facts import Colours, Facts
from kzmark.formats._base import Box, Patch, PatchFor, Pixels
from kzmark.formats._orient import displayed, stored, stored_box

PQ: Final = 16
HLG: Final = 18
WHITE: Final = 203.0  # cd/m2
_WEIGHTS: Final = {  # matrix coefficients (23091-2) → weights of red and blue
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
_RGB: Final = 0  # matrix: the samples are green, blue, red
_TO_2020: Final = np.array(  # ITU-R BT.2087, linear BT.709 to linear BT.2020
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
_WIDE: Final = 9  # primaries of BT.2020

Floats = NDArray[np.float64]
Samples = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Plane:
    """What goes into one plane of a frame.

    Attributes:
        number: Which plane.
        x: Left edge, in samples.
        y: Top edge.
        samples: The samples, one or two bytes each.
    """

    number: int
    x: int
    y: int
    samples: Samples


class Plate:
    """A patch as samples of one kind of frame."""

    def __init__(self, planes: Sequence[Plane], kind: tuple[int, int, str]) -> None:
        self._planes = tuple(planes)
        self._kind = kind

    def lay(self, frame: Any) -> None:
        """Write the plate into a frame.

        Raises:
            UnsupportedMediaError: If the frame is of another size or kind than the first was.
        """
        if (frame.width, frame.height, frame.format.name) != self._kind:
            raise UnsupportedMediaError("its frames change their size or kind on the way")
        frame.make_writable()  # others may be predicted from it
        for plane in self._planes:
            _write(frame.planes[plane.number], plane)


def plate_for(frame: Any, facts: Facts, patch_for: PatchFor) -> Plate:
    """Return the plate for frames like this one.

    Raises:
        UnsupportedMediaError: If their pixels are of a kind that kzmark does not lay plates on, or
            the picture is too small for a notice inside it.
    """
    patch = patch_for(*facts.shown)
    if patch.grow:
        raise UnsupportedMediaError(
            f"a film of {facts.shown[0]}x{facts.shown[1]} px has no room for a legible notice",
            hint="make it larger first",
        )
    pixels, (x, y) = _stored(patch, facts)
    kind = (frame.width, frame.height, frame.format.name)
    return Plate(list(_planes(frame, pixels, x, y, facts.colours)), kind)


def _stored(patch: Patch, facts: Facts) -> tuple[Pixels, tuple[int, int]]:
    """Return the patch as the film stores its picture, and where it goes."""
    shown = facts.shown
    x, y, width, height = stored_box(patch.box, shown, facts.orientation)
    pixels = np.ascontiguousarray(stored(patch.pixels, facts.orientation))
    across, down = displayed(*shown, facts.orientation)
    box = _scaled((x, y, width, height), (across, down), (facts.width, facts.height))
    if box[2:] != (width, height):
        image = Image.fromarray(pixels)
        pixels = np.asarray(image.resize(box[2:], Image.Resampling.LANCZOS))
    if box[0] < 0 or box[0] + box[2] > facts.width or box[1] + box[3] > facts.height or box[1] < 0:
        raise LimitExceededError("the notice leaves the picture")
    return pixels, box[:2]


def _scaled(box: Box, old: tuple[int, int], new: tuple[int, int]) -> Box:
    left, right = (round(edge * new[0] / old[0]) for edge in (box[0], box[0] + box[2]))
    top, bottom = (round(edge * new[1] / old[1]) for edge in (box[1], box[1] + box[3]))
    return left, top, max(1, right - left), max(1, bottom - top)


def _planes(frame: Any, pixels: Pixels, x: int, y: int, colours: Colours) -> "list[Plane]":
    found = []
    for number, values, component in _components(frame, pixels, colours):
        across = -(-frame.width // component.width)
        down = -(-frame.height // component.height)
        padded, left, top = _aligned(values, x, y, across, down)
        samples = np.clip(_averaged(padded, across, down), 0, (1 << component.bits) - 1)
        kind = np.dtype(np.uint8 if component.bits <= 8 else "<u2")
        found.append(Plane(number, left // across, top // down, np.rint(samples).astype(kind)))
    return found


def _components(frame: Any, pixels: Pixels, colours: Colours) -> "list[tuple[int, Floats, Any]]":
    """Return number of the plane, full-size values and description of each component."""
    format_ = frame.format
    parts = [part for part in format_.components if not part.is_alpha]
    flat = len({part.plane for part in parts}) == len(parts) and not format_.is_big_endian
    if not flat or format_.has_palette or format_.is_bit_stream or len(parts) not in {1, 3}:
        raise UnsupportedMediaError(f"pixels of the kind {format_.name}")
    bits = parts[0].bits
    light = levels(pixels, colours)
    if format_.is_rgb:
        top = (1 << bits) - 1
        return [(p.plane, light[..., n] * top, p) for n, p in enumerate(parts)]
    values = ycc(light, colours, bits)
    clear = [p for p in format_.components if p.is_alpha]
    found = [(p.plane, values[n], p) for n, p in enumerate(parts)]
    return found + [(p.plane, np.full(light.shape[:2], (1 << p.bits) - 1.0), p) for p in clear]


def levels(pixels: Pixels, colours: Colours) -> Floats:
    """Return sRGB pixels as signal levels of the film, 0 to 1."""
    signal = pixels.astype(np.float64) / 255
    if colours.transfer not in {PQ, HLG}:
        return signal
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    if colours.primaries == _WIDE:
        light = light @ _TO_2020.T
    return _pq(light * WHITE / 10_000) if colours.transfer == PQ else _hlg(light * 0.265)


def _pq(light: Floats) -> Floats:
    """SMPTE ST 2084, inverse EOTF; 1 is 10,000 cd/m2."""
    power = np.clip(light, 0, 1) ** (1305 / 8192)
    found: Floats = ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    return found


def _hlg(light: Floats) -> Floats:
    """ITU-R BT.2100, OETF of HLG; diffuse white at 75 % of the signal is 0.265 of scene light."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    light = np.clip(light, 0, 1)
    dark = np.sqrt(3 * light)
    return np.where(light <= 1 / 12, dark, a * np.log(np.maximum(12 * light - b, 1e-9)) + c)


def ycc(light: Floats, colours: Colours, bits: int) -> tuple[Floats, Floats, Floats]:
    """Return signal levels as luma and two chroma values (ITU-T H.273, 8.3)."""
    if colours.matrix not in _WEIGHTS:
        raise UnsupportedMediaError(f"colours with the matrix {colours.matrix}")
    red, blue = _WEIGHTS[colours.matrix]
    r, g, b = light[..., 0], light[..., 1], light[..., 2]
    luma = red * r + (1 - red - blue) * g + blue * b
    u, v = (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))
    if colours.full:
        top, middle = (1 << bits) - 1, 1 << bits - 1
        return luma * top, u * top + middle, v * top + middle
    unit = 1 << bits - 8
    return (16 + 219 * luma) * unit, (128 + 224 * u) * unit, (128 + 224 * v) * unit


def _aligned(values: Floats, x: int, y: int, across: int, down: int) -> tuple[Floats, int, int]:
    """Return the values grown to whole chroma samples by repeating their edge, and their corner."""
    height, width = values.shape
    left, top = x - x % across, y - y % down
    right, bottom = -(-(x + width) // across) * across, -(-(y + height) // down) * down
    edges = ((y - top, bottom - y - height), (x - left, right - x - width))
    return np.pad(values, edges, mode="edge"), left, top


def _averaged(values: Floats, across: int, down: int) -> Floats:
    height, width = values.shape
    blocks = values.reshape(height // down, down, width // across, across)
    found: Floats = blocks.mean(axis=(1, 3))
    return found


def _write(buffer: Any, plane: Plane) -> None:
    kind = plane.samples.dtype
    rows = np.frombuffer(buffer, kind).reshape(-1, buffer.line_size // kind.itemsize)
    height, width = plane.samples.shape
    room = rows[plane.y : plane.y + height, plane.x : plane.x + width]
    room[...] = plane.samples[: room.shape[0], : room.shape[1]]
