"""The frame header of a JPEG: how large the picture is, and how its components are sampled.

Spec: ITU-T T.81 (ISO/IEC 10918-1), B.2.2.
"""

from dataclasses import dataclass
from typing import Final

from kzmark.errors import MalformedMediaError, UnsupportedMediaError

_PROGRESSIVE: Final = 0xC2
_UNSUPPORTED: Final = {0xC3: "lossless", 0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded"}


@dataclass(frozen=True, slots=True)
class Component:
    """One colour plane: identifier, sampling factors, number of its quantisation table."""

    identifier: int
    across: int
    down: int
    table: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header (B.2.2): size in stored pixels and the components."""

    marker: int
    precision: int
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def progressive(self) -> bool:
        """Whether the scans refine one another."""
        return self.marker == _PROGRESSIVE

    @property
    def most(self) -> tuple[int, int]:
        """The largest sampling factors, across and down."""
        return max(c.across for c in self.components), max(c.down for c in self.components)

    @property
    def ratios(self) -> tuple[tuple[int, int], ...]:
        """By how much each component is smaller than the picture, across and down."""
        across, down = self.most
        return tuple((across // c.across, down // c.down) for c in self.components)

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of an MCU of one scan that holds every component, in pixels."""
        if len(self.components) == 1:
            return 8, 8
        across, down = self.most
        return 8 * across, 8 * down

    @property
    def unsupported(self) -> str:
        """Name of the kind of JPEG, if it is one that libjpeg's 8-bit decoder does not take."""
        if self.marker > _PROGRESSIVE:
            return _UNSUPPORTED.get(self.marker, "hierarchical")
        if self.precision != 8:
            return f"{self.precision}-bit"
        if len(self.components) not in {1, 3, 4}:
            return f"{len(self.components)}-component"
        across, down = self.most
        if any(across % c.across or down % c.down for c in self.components):
            return "fractionally sampled"
        return ""


def frame_of(marker: int, payload: bytes) -> Frame:
    """Return the frame that a segment describes.

    Args:
        marker: Second byte of its marker.
        payload: What it holds behind its length.

    Raises:
        MalformedMediaError: If it is none.
        UnsupportedMediaError: If the height of the picture stands elsewhere.
    """
    if len(payload) < 6 or len(payload) != 6 + 3 * payload[5] or not payload[5]:
        raise MalformedMediaError("the frame header has a wrong length")
    components = tuple(
        Component(payload[at], payload[at + 1] >> 4, payload[at + 1] & 15, payload[at + 2])
        for at in range(6, len(payload), 3)
    )
    if any(not 1 <= factor <= 4 for c in components for factor in (c.across, c.down)):
        raise MalformedMediaError("sampling factors outside 1 to 4")
    height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
    if not width:
        raise MalformedMediaError("a picture without width")
    if not height:
        raise UnsupportedMediaError(
            "JPEG whose height stands behind its scan (DNL) is not supported"
        )
    return Frame(marker, payload[0], width, height, components)
