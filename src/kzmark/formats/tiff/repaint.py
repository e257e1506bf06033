"""The new strips or tiles of one painted page.

Only what the plate touches is decoded and encoded again, in the page's own compression. A page
that cannot take the plate that way is rewritten as a whole, without loss, with Deflate.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.formats import _orient, _palette, _palette_loss
from kzmark.formats._base import Box, Patch
from kzmark.formats.tiff import codec, foreign
from kzmark.formats.tiff import colour as _tiff_colour
from kzmark.formats.tiff import pixels as _tiff_pixels
from kzmark.formats.tiff.codec import Samples
from kzmark.formats.tiff.fields import JPEG, Photometric
from kzmark.formats.tiff.page import Page

RECOMPRESSED: Final = "tiff-page-recompressed"
REENCODED: Final = "tiff-jpeg-reencoded"
EXPANDED: Final = "tiff-palette-expanded"
_STRIP: Final = 1 << 18  # raw bytes of a strip of a rewritten page


@dataclass(slots=True)
class Repaint:
    """What changes on one page.

    Attributes:
        old: The page as it was.
        new: The page as it will be; its `starts` and `sizes` do not count.
        made: New strips or tiles, by their index on the new page; all others stay.
        notes: Codes of what else changed.
        whole: Whether the page takes another form, so that none of its old strips stays.
    """

    old: Page
    new: Page
    made: dict[int, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    whole: bool = False


def repaint(page: Page, data: bytearray, patch: Patch, *, limits: Limits) -> Repaint:
    """Return the page with a patch on it.

    Raises:
        MediaError: If the page cannot be read, or grows over the limits.
    """
    if patch.grow:
        width, height = page.size
        limits.check_picture(width, height + patch.grow, file_bytes=len(data), sample_bytes=1)
    if _tiff_pixels.is_foreign(page):
        pixels = foreign.pixels_of(page, data)
        return _rewritten(page, _as_rgb(page, 0), pixels, patch, RECOMPRESSED)
    if page.photometric == Photometric.PALETTE:
        return _on_palette(page, data, patch)
    return _painted(page, data, patch, _stored_ink(page, patch, None))


def _painted(page: Page, data: bytearray, patch: Patch, ink: Samples) -> Repaint:
    """Return a page that keeps its form; `ink` is the patch in stored samples."""
    grown = _grown(page, patch.grow)
    box = _orient.stored_box(patch.box, grown.size, page.orientation)
    if patch.grow:
        canvas = _canvas(page, grown, data, patch.grow)
        _lay(canvas, ink, box, (0, 0))
        indices = [i for i in range(grown.per_plane * grown.planes) if not _stays(page, grown, i)]
        parts = {i: _cut(grown, canvas, i) for i in indices}
    else:
        parts = codec.decode(page, data, page.touched(box))
        for index, samples in parts.items():
            left, top, _, _ = page.segment(index)
            plane = index // page.per_plane
            channels = slice(plane, plane + 1) if page.planes > 1 else slice(None)
            parts[index] = samples.copy()
            _lay(parts[index], ink[:, :, channels], box, (left, top))
    if page.compression == JPEG:
        return _reencoded(page, grown, data, patch, parts)
    made = {i: codec.encode(grown, samples) for i, samples in parts.items()}
    return Repaint(page, grown, made)


def _reencoded(
    page: Page, grown: Page, data: bytearray, patch: Patch, parts: dict[int, Samples]
) -> Repaint:
    """Return a JPEG page with some strips encoded anew, or the whole page without JPEG."""
    template = next((i for i in range(len(page.sizes)) if page.sizes[i]), 0)
    made: dict[int, bytes] = {}
    for index, samples in parts.items():
        near = index if index < len(page.sizes) and page.sizes[index] else template
        stream = codec.piece(page, data, near)
        encoded = codec.encode_like(page, stream, samples)
        if encoded is None:
            return _without_jpeg(page, data, patch)
        made[index] = encoded
    return Repaint(page, grown, made, [REENCODED])


def _without_jpeg(page: Page, data: bytearray, patch: Patch) -> Repaint:
    whole = _tiff_pixels.part_of(page, data, (0, 0, page.width, page.height))
    if page.photometric != Photometric.YCBCR:
        return _rewritten(page, _deflated(page), whole, patch, RECOMPRESSED)
    pixels = _tiff_colour.pixels_of(dataclasses.replace(page, extras=()), whole[:, :, :3])
    extras = whole[:, :, 3:]
    as_rgb = np.concatenate([pixels, extras], axis=2)
    return _rewritten(page, _as_rgb(page, extras.shape[2]), as_rgb, patch, RECOMPRESSED)


def _on_palette(page: Page, data: bytearray, patch: Patch) -> Repaint:
    """Return a page with the plate's colours in its colour map, or one without a map."""
    assert page.colours is not None
    whole = _tiff_pixels.part_of(page, data, (0, 0, page.width, page.height))
    kept = _orient.upright(whole[:, :, 0], page.orientation)
    counts = np.bincount(kept.ravel(), minlength=len(page.colours))
    under = kept[patch.y : patch.y + patch.box[3], patch.x : patch.x + patch.box[2]]
    counts -= np.bincount(under.ravel(), minlength=len(page.colours))
    palette = _tiff_colour.palette_of(page)
    flat = patch.pixels.reshape(-1, 3)
    colours, which, weights = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    fitted, where, _ = _palette.fit(palette, counts > 0, colours, room=0)
    if _palette_loss.is_far(fitted[where], colours, weights):
        pixels = palette[whole[:, :, 0]]
        beside = np.concatenate([pixels, whole[:, :, 1:]], axis=2) if page.bits == 8 else pixels
        new = _as_rgb(page, beside.shape[2] - 3)
        return _rewritten(page, new, beside, patch, EXPANDED)
    entries = page.colours.copy()
    moved = (fitted != palette).any(axis=1)
    entries[moved] = fitted[moved].astype(np.uint16) * 257
    index = where[which.ravel()].reshape(patch.pixels.shape[:2])
    painted = _painted(page, data, patch, _stored_ink(page, patch, index))
    painted.new = dataclasses.replace(painted.new, colours=entries)
    return painted


def _rewritten(page: Page, new: Page, stored: Samples, patch: Patch, note: str) -> Repaint:
    """Return a page whose strips are all new; `stored` are its samples without the patch."""
    grown = _grown(new, patch.grow)
    canvas = np.zeros((grown.height, grown.width, new.samples), new.dtype)
    x, y = _shift(page, patch.grow)
    canvas[y : y + page.height, x : x + page.width] = stored
    box = _orient.stored_box(patch.box, grown.size, page.orientation)
    _lay(canvas, _stored_ink(new, patch, None), box, (0, 0))
    indices = range(grown.per_plane * grown.planes)
    made = {i: codec.encode(grown, _cut(grown, canvas, i)) for i in indices}
    return Repaint(page, grown, made, [note], whole=True)


def _stored_ink(page: Page, patch: Patch, index: NDArray[np.uint8] | None) -> Samples:
    ink = _tiff_colour.samples_of(page, np.asarray(patch.pixels, np.uint8), index)
    return _orient.stored(ink, page.orientation)


def _lay(canvas: Samples, ink: Samples, box: Box, origin: tuple[int, int]) -> None:
    """Copy that part of `ink` into `canvas` that they share; `origin` is the canvas's corner."""
    left, top, width, height = box[0] - origin[0], box[1] - origin[1], box[2], box[3]
    x0, x1 = max(left, 0), min(left + width, canvas.shape[1])
    y0, y1 = max(top, 0), min(top + height, canvas.shape[0])
    if x0 < x1 and y0 < y1:
        canvas[y0:y1, x0:x1] = ink[y0 - top : y1 - top, x0 - left : x1 - left]


def _shift(page: Page, grow: int) -> tuple[int, int]:
    """Return where the old picture's stored corner lies when its displayed bottom grows."""
    return {3: (0, grow), 4: (0, grow), 7: (grow, 0), 8: (grow, 0)}.get(page.orientation, (0, 0))


def _grown(page: Page, grow: int) -> Page:
    turned = page.orientation > 4
    width, height = page.width + grow * turned, page.height + grow * (not turned)
    across = page.across if page.tiled else width
    down = height if not page.tiled and page.down >= page.height else page.down
    return dataclasses.replace(page, width=width, height=height, across=across, down=down)


def _canvas(page: Page, grown: Page, data: bytearray, grow: int) -> Samples:
    canvas = np.zeros((grown.height, grown.width, page.samples), page.dtype)
    x, y = _shift(page, grow)
    whole = _tiff_pixels.part_of(page, data, (0, 0, page.width, page.height))
    canvas[y : y + page.height, x : x + page.width] = whole
    return canvas


def _stays(page: Page, grown: Page, index: int) -> bool:
    """Say whether a strip or tile of a page that grew holds what it held before.

    A caption band covers only what is new, so that asks for the same place inside the old page.
    """
    plane, place = divmod(index, grown.per_plane)
    x, y, width, height = grown.segment(index)
    same_grid = grown.columns == page.columns and grown.across == page.across
    at_corner = page.orientation in {1, 2, 5, 6}
    inside = x + width <= page.width and y + height <= page.height
    return (
        plane == 0
        and page.planes == 1
        and place < page.per_plane
        and (same_grid and at_corner and inside)
    )


def _cut(page: Page, canvas: Samples, index: int) -> Samples:
    """Return one strip or tile of a whole page; a tile that juts out ends in zeros."""
    x, y, width, height = page.segment(index)
    plane = index // page.per_plane
    channels = slice(plane, plane + 1) if page.planes > 1 else slice(None)
    part = canvas[y : y + height, x : x + width, channels]
    missing = (height - part.shape[0], width - part.shape[1])
    return np.pad(part, ((0, missing[0]), (0, missing[1]), (0, 0))) if any(missing) else part


def _deflated(page: Page) -> Page:
    """Return the form of a page that is rewritten with Deflate, in strips."""
    row = -(-page.width * page.samples * page.bits // 8)
    return dataclasses.replace(
        page,
        compression=8,
        predictor=2 if page.bits in {8, 16} else 1,
        reversed_bits=False,
        planes=1,
        across=page.width,
        down=max(1, min(page.height, _STRIP // row)),
        tiled=False,
        tables=b"",
    )


def _as_rgb(page: Page, extras: int) -> Page:
    """Return the form of a page that is rewritten in RGB, 8 bits a sample."""
    plain = dataclasses.replace(
        page,
        bits=8,
        samples=3 + extras,
        photometric=Photometric.RGB,
        extras=page.extras[len(page.extras) - extras :],
        colours=None,
        plain=True,
    )
    return _deflated(plain)
