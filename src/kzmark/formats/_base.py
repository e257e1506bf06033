"""The contract of an adapter: what a format declares, and what it can do.

One format, one file, no state, streams and never paths. A method assumes no position in the
stream, leaves it open, and never opens a source for writing. Every way out on bad input is a
`MediaError`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

Pixels = NDArray[np.uint8]  # (height, width, 3), RGB, as displayed
Box = tuple[int, int, int, int]  # left, top, width, height, in displayed pixels


class C2PABinding(StrEnum):
    """Where a C2PA manifest of this format lives."""

    EMBEDDED = "embedded"
    SIDECAR = "sidecar"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Signature:
    """Bytes by which a format is known: `data[offset:] & mask == magic`."""

    magic: bytes
    offset: int = 0
    mask: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatInfo:
    """Plain data about a format, readable without any backend.

    Attributes:
        name: Exact name, as reports spell it.
        title: For people: the kinds of files it covers.
        medium: What a person perceives.
        mime: Media type.
        extensions: Lower case, with the dot; the first is the usual one.
        signatures: The longest match wins; two adapters may not share one unless they confirm.
        layers: Where the mark is written.
        c2pa: Where the C2PA manifest lives.
        exact: In words: what stays bit-exact outside the notice.
        streamed: Whether its files are worked on as streams, since they may be larger than memory;
            sources and targets are ropes then (`kzmark._rope`).
        backend: Import name of the library that the pixels need beyond the core, or empty.
        extra: Extra of kzmark that brings this library, or empty.
    """

    name: str
    title: str
    medium: Medium
    mime: str
    extensions: tuple[str, ...]
    signatures: tuple[Signature, ...]
    layers: frozenset[Layer]
    c2pa: C2PABinding
    exact: str
    streamed: bool = False
    backend: str = ""
    extra: str = ""


class Adapter(Protocol):
    """Reads and writes the marks of one format."""

    @property
    def info(self) -> FormatInfo: ...

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the layers of this format hold, C2PA and the notice aside.

        One `Evidence` at least for every layer of `info.layers` that the adapter itself writes
        (`ABSENT` where there is none); others' statements come as `facts`.
        """
        ...

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy `source` to `target` with the mark in every layer of this format.

        An earlier mark of ours is replaced, what others wrote stays, pixels are not touched.
        Writing the same mark twice gives the same bytes.
        """
        ...


@runtime_checkable
class Confirms(Protocol):
    """For a signature that formats share (BMFF brands, RIFF, XML): a second look."""

    def confirm(self, head: bytes) -> bool:
        """Say whether the first 4,096 bytes are of this very format."""
        ...


@runtime_checkable
class Probes(Protocol):
    """For formats whose first bytes do not tell them apart, such as ZIP packages."""

    def probe(self, source: BinaryIO) -> bool:
        """Look at as much of the file as it takes to say whether it is of this very format."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Opaque pixels to lay on one displayed picture.

    Attributes:
        x: Left edge, in displayed pixels.
        y: Top edge, in displayed pixels, counted in the grown picture.
        pixels: The plate, (height, width, 3) uint8 RGB.
        grow: Rows that the picture gains at its displayed bottom for a caption band, in pixels.
            The patch then covers the band exactly.
    """

    x: int
    y: int
    pixels: Pixels
    grow: int = 0

    @property
    def box(self) -> Box:
        """Left, top, width, height in the grown picture."""
        height, width = self.pixels.shape[:2]
        return self.x, self.y, width, height


PatchFor = Callable[[int, int], Patch]  # displayed width and height of a page → its patch


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One displayed still, or a part of it: a frame, a page, the picture.

    Attributes:
        index: Number of the frame or page, from 0.
        width: Displayed width of the whole picture, in pixels.
        height: Displayed height of the whole picture, in pixels.
        pixels: (h, w, 3) uint8 RGB, upright, alpha laid over white: the whole or the part.
        x: Left edge of the part, in displayed pixels, a multiple of `by`.
        y: Top edge of the part, in displayed pixels, a multiple of `by`.
        by: How many displayed pixels one of `pixels` stands for, across and down.
    """

    index: int
    width: int
    height: int
    pixels: Pixels
    x: int = 0
    y: int = 0
    by: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A filled rectangle of a drawing.

    Attributes:
        box: Left, top, width, height, from the drawing's own corner, in its unit.
        fill: RGB colour.
    """

    box: tuple[float, float, float, float]
    fill: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of letters of a drawing.

    Attributes:
        text: The letters.
        language: BCP 47 code.
        x: Left end of the line.
        baseline: Height of the baseline, from the top.
        width: Width the line takes when set in the shipped font.
        size: Font size (the em).
        bold: Whether the bold face is meant.
        fill: RGB colour.
    """

    text: str
    language: str
    x: float
    baseline: float
    width: float
    size: float
    bold: bool
    fill: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A plate as shapes and words, for formats that keep real text (SVG, pages, slides).

    All measures are in the unit of the page it was made for (displayed pixels, user units).

    Attributes:
        x: Left edge on the page.
        y: Top edge on the page, counted in the grown page.
        width: Width of the plate.
        height: Height of the plate.
        grow: Height that the page gains at its bottom for a caption band.
        rectangles: Painted first, in order; the first is the plate itself.
        words: Painted on top.
    """

    x: float
    y: float
    width: float
    height: float
    grow: float
    rectangles: tuple[Rectangle, ...]
    words: tuple[Words, ...]


DrawingFor = Callable[[float, float], Drawing]  # displayed width and height of a page → its plate


@runtime_checkable
class Draws(Protocol):
    """What the adapters of vector formats can do: lay down a plate of real text."""

    def draw(
        self, source: BinaryIO, target: BinaryIO, drawing_for: DrawingFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy `source` to `target` with a drawing of real, selectable text on every page."""
        ...


@runtime_checkable
class Conceals(Protocol):
    """For formats whose files can change what is seen after a still picture of them was taken."""

    def hidden_text(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what could hide the notice where no rendering shows it; empty if nothing does."""
        ...


@runtime_checkable
class Paints(Protocol):
    """What the adapters of pictures made of pixels can do: lay down a plate of pixels."""

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy `source` to `target` with a patch on every frame and page.

        `patch_for` is called once for every displayed size. Metadata, timing and everything
        outside the patch stay as `info.exact` promises; embedded previews that would show the
        picture without the patch are dropped.

        Returns:
            Notes on what else changed, as stable codes, such as `exif-thumbnail-dropped`.
        """
        ...


@runtime_checkable
class Pictures(Protocol):
    """What an adapter can do whose files a person sees: show every frame and page."""

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed (width, height) of each page; an animation is one page.

        Cheap: headers only, no pixel is decoded. EXIF orientation is taken into account.
        """
        ...

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield every frame and page as a person sees it.

        Args:
            source: The file.
            limits: What it may cost.
            within: If given, at least this part of each picture (clipped to it) is wanted; an
                adapter may decode and yield no more than that.
        """
        ...
