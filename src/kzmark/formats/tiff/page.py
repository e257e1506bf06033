"""One page of a TIFF: what its directory says about the pixels, checked before any is read.

Spec: TIFF 6.0, sections 3 to 16 (strips, planes, predictor, tiles); TIFF technical note 2 (JPEG).
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._base import Box
from kzmark.formats._ifd import Directory, Layout
from kzmark.formats._orient import displayed
from kzmark.formats.tiff.fields import BYTEWISE, DEFLATE, FAX, JPEG, OLD_JPEG, Photometric, Tag
from kzmark.formats.tiff.kinds import is_page, refuse_raw

_KNOWN: Final = frozenset({1, JPEG, *DEFLATE, *FAX, *BYTEWISE})
_COLOURS: Final = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}  # samples that a photometric needs
_MANY_SAMPLES: Final = 32
_SHARED: Final = 16 << 20  # bytes that tiles which share their bytes may come to (blank tiles do)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Attributes:
        number: Its place in the chain of directories, from 0.
        directory: Where all this stands.
        order: Byte order of its samples, `<` or `>`.
        width: Stored width, in pixels.
        height: Stored height, in pixels.
        bits: Bits of one sample.
        samples: Samples of one pixel.
        photometric: What they mean.
        compression: Number of the compression.
        predictor: 1 for none, 2 for horizontal differences.
        reversed_bits: Whether the bits of each byte stand lowest first.
        orientation: 1 to 8.
        planes: Planes the samples are stored in: 1, or as many as samples.
        extras: Meaning of each extra sample: 0 unknown, 1 associated alpha, 2 alpha.
        across: Width of a strip or tile, in pixels.
        down: Height of a strip or tile, in pixels.
        tiled: Whether it has tiles; they keep their full size at the edges.
        starts: Offset of each strip or tile.
        sizes: Bytes of each strip or tile.
        plain: Whether the samples are whole numbers without sign.
        fax: T4Options or T6Options.
        tables: JPEG tables shared by all strips, or nothing.
        colours: The colour map, (entries, 3), 16 bits a channel, or nothing.
    """

    number: int
    directory: Directory
    order: str
    width: int
    height: int
    bits: int
    samples: int
    photometric: int
    compression: int
    predictor: int
    reversed_bits: bool
    orientation: int
    planes: int
    extras: tuple[int, ...]
    across: int
    down: int
    tiled: bool
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    plain: bool
    fax: int
    tables: bytes
    colours: NDArray[np.uint16] | None

    @property
    def size(self) -> tuple[int, int]:
        """Displayed width and height, in pixels."""
        return displayed(self.width, self.height, self.orientation)

    @property
    def depth(self) -> int:
        """Samples of one pixel in one strip or tile."""
        return self.samples // self.planes

    @property
    def columns(self) -> int:
        """Tiles side by side."""
        return -(-self.width // self.across)

    @property
    def per_plane(self) -> int:
        """Strips or tiles of one plane."""
        return self.columns * -(-self.height // self.down)

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger[Any]]:
        """Type of a sample in memory: one byte for anything up to eight bits."""
        return np.dtype(f"u{max(1, self.bits // 8)}")

    @property
    def stored_dtype(self) -> np.dtype[np.unsignedinteger[Any]]:
        """Type of a sample in the file."""
        return np.dtype(f"{self.order}u{max(1, self.bits // 8)}")

    def segment(self, index: int) -> Box:
        """Return the place of a strip or tile: left, top, width, height; tiles may jut out."""
        row, column = divmod(index % self.per_plane, self.columns)
        top = row * self.down
        tall = self.down if self.tiled else min(self.down, self.height - top)
        return column * self.across, top, self.across, tall

    def touched(self, box: Box) -> list[int]:
        """Return the strips or tiles of all planes that a stored box meets."""
        x, y, width, height = box
        rows = range(y // self.down, -(-(y + height) // self.down))
        columns = range(x // self.across, -(-(x + width) // self.across))
        first = [row * self.columns + column for row in rows for column in columns]
        return [plane * self.per_plane + one for plane in range(self.planes) for one in first]

    def refusal(self) -> str:
        """Say why the pixels cannot be read strip by strip, or nothing if they can."""
        is_jpeg, is_fax = self.compression == JPEG, self.compression in FAX
        is_palette = self.photometric == Photometric.PALETTE
        described = f"{self.depth} samples of {self.bits} bits"
        reasons = {
            f"compression {self.compression}": self.compression not in _KNOWN,
            f"{described} that are no plain whole numbers": not self.plain
            or self.bits not in {1, 2, 4, 8, 16, 32},
            f"photometric interpretation {self.photometric}": self.photometric not in _COLOURS,
            "YCbCr without JPEG": self.photometric == Photometric.YCBCR and not is_jpeg,
            f"JPEG of {described}": is_jpeg and (self.bits != 8 or self.depth not in {1, 3, 4}),
            f"fax compression of {described}": is_fax and (self.bits, self.depth) != (1, 1),
            f"a palette of {described}": is_palette and (self.bits > 8 or self.colours is None),
            f"Lab of {described}": self.photometric == Photometric.LAB and self.bits not in {8, 16},
            f"predictor {self.predictor}": self.predictor not in {1, 2}
            or (self.predictor == 2 and self.bits < 8),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")


def pages(layout: Layout, *, limits: Limits) -> list[Page]:
    """Return the pages a person looks at, headers only.

    Raises:
        UnsupportedMediaError: If the file is a camera's raw file.
        MalformedMediaError: If there is no page, or one contradicts itself.
        LimitExceededError: If pages are too many or too large.
    """
    chain = list(layout.chain(layout.slot))
    if not chain:
        raise MalformedMediaError("a TIFF without a page")
    refuse_raw(layout, chain[0][1])
    shown = [(i, one) for i, (_, one) in enumerate(chain) if not i or is_page(layout, one)]
    found = []
    total = 0
    for place, directory in shown:
        page = _read(layout, place, directory)
        limits.check_picture(
            page.width,
            page.height,
            file_bytes=len(layout.data),
            sample_bytes=-(-page.samples * page.bits // 8),
        )
        total += page.width * page.height
        if total > limits.max_total_pixels:
            raise LimitExceededError(f"pages of over {limits.max_total_pixels} px together")
        found.append(page)
    return found


def _read(layout: Layout, place: int, directory: Directory) -> Page:
    def number(tag: Tag, default: int) -> int:
        return layout.number(directory, tag, default)

    width, height = number(Tag.WIDTH, 0), number(Tag.LENGTH, 0)
    samples, planar = number(Tag.SAMPLES, 1), number(Tag.PLANAR, 1)
    if width < 1 or height < 1 or not 1 <= samples <= _MANY_SAMPLES or planar not in {1, 2}:
        raise MalformedMediaError(f"a page of {width}x{height} px with {samples} samples")
    compression = number(Tag.COMPRESSION, 1)
    photometric = number(Tag.PHOTOMETRIC, 0 if compression in FAX else 2 if samples > 2 else 1)
    bits = _all_equal(layout, directory, Tag.BITS, 1)
    colours = _COLOURS.get(photometric, samples)
    if samples < colours or not 1 <= bits <= 64:
        raise MalformedMediaError(f"{samples} samples of {bits} bits for this kind of picture")
    tiled = directory.get(Tag.TILE_OFFSETS) is not None
    across = number(Tag.TILE_WIDTH, 0) if tiled else width
    down = number(Tag.TILE_LENGTH, 0) if tiled else min(number(Tag.ROWS_PER_STRIP, height), height)
    if across < 1 or down < 1 or (tiled and max(across, down) > 1 << 16):
        raise MalformedMediaError(f"strips or tiles of {across}x{down} px")
    if photometric == 5 and number(Tag.INK_SET, 1) != 1:
        photometric = -1  # inks other than cyan, magenta, yellow and black
    fax = number(Tag.T4_OPTIONS if compression == 3 else Tag.T6_OPTIONS, 0)
    orientation = number(Tag.ORIENTATION, 1)
    tables = directory.get(Tag.JPEG_TABLES)
    page = Page(
        number=place,
        directory=directory,
        order=layout.order,
        width=width,
        height=height,
        bits=bits,
        samples=samples,
        photometric=photometric,
        compression=compression,
        predictor=number(Tag.PREDICTOR, 1) if compression in {*DEFLATE, *BYTEWISE} else 1,
        reversed_bits=number(Tag.FILL_ORDER, 1) == 2 and compression != JPEG,
        orientation=orientation if 1 <= orientation <= 8 else 1,
        planes=samples if planar == 2 else 1,
        extras=_extras(layout, directory, samples - colours),
        across=across,
        down=down,
        tiled=tiled,
        starts=np.zeros(0, np.int64),
        sizes=np.zeros(0, np.int64),
        plain=_all_equal(layout, directory, Tag.SAMPLE_FORMAT, 1) in {1, 4},
        fax=fax,
        tables=layout.value(tables) if tables else b"",
        colours=_colour_map(layout, directory, bits),
    )
    return _located(layout, page)


def _located(layout: Layout, page: Page) -> Page:
    """Return the page with its strips or tiles, all of them inside the file."""
    where, how_long = (
        (Tag.TILE_OFFSETS, Tag.TILE_SIZES) if page.tiled else (Tag.STRIP_OFFSETS, Tag.STRIP_SIZES)
    )
    if page.compression == OLD_JPEG:
        return page  # each writer had its own idea of where the stream stands
    count = page.per_plane * page.planes
    entry, sizes_entry = page.directory.get(where), page.directory.get(how_long)
    if entry is None or entry.count < count:
        raise MalformedMediaError(f"a page lacks some of its {count} strips or tiles")
    starts = layout.integers(entry)[:count]
    if sizes_entry is not None and sizes_entry.count >= count:
        sizes = layout.integers(sizes_entry)[:count]
    elif page.compression == 1:
        sizes = np.array([raw_bytes(page, i) for i in range(count)], np.int64)
    else:
        sizes = len(layout.data) - starts  # libtiff reads on to the end of the file, too
    if int((starts + sizes).max()) > len(layout.data) or int(sizes.min()) < 0:
        raise MalformedMediaError("strips or tiles lie outside the file")
    if int(sizes.sum()) > max(_SHARED, 4 * len(layout.data)):
        raise LimitExceededError("strips or tiles lie over each other")
    return dataclasses.replace(page, starts=starts, sizes=sizes)


def raw_bytes(page: Page, index: int) -> int:
    """Return how many bytes a strip or tile has when nothing is compressed."""
    _, _, width, height = page.segment(index)
    return -(-width * page.depth * page.bits // 8) * height


def _all_equal(layout: Layout, directory: Directory, tag: Tag, default: int) -> int:
    entry = directory.get(tag)
    if entry is None:
        return default
    numbers = layout.integers(entry)[:_MANY_SAMPLES]
    if (numbers != numbers[0]).any():
        raise UnsupportedMediaError("a TIFF whose samples are of different sizes or kinds")
    return int(numbers[0])


def _extras(layout: Layout, directory: Directory, count: int) -> tuple[int, ...]:
    entry = directory.get(Tag.EXTRA_SAMPLES)
    said = layout.integers(entry)[:count].tolist() if entry and count else []
    return tuple(said + [0] * (count - len(said)))


def _colour_map(layout: Layout, directory: Directory, bits: int) -> NDArray[np.uint16] | None:
    entry = directory.get(Tag.COLOR_MAP)
    if entry is None or bits > 8 or entry.count != 3 << bits:
        return None
    return layout.integers(entry).astype(np.uint16).reshape(3, -1).T
