"""The display on which an HDR film was mastered, and how bright it gets: kept when it is encoded.

A player brings a film down to what its screen can do by these numbers. They stand in messages among
the pictures, which an encoder writes only if it is told to. Spec: SMPTE ST 2086 (display) and
CTA-861.3 (light levels); ITU-T H.265, D.3.28 and D.3.35, for the units.
"""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from kzmark.formats._av.backend import load

_DISPLAY: Final = struct.Struct("=22i")  # AVMasteringDisplayMetadata: ten fractions, two flags
_LIGHT: Final = struct.Struct("=2I")  # AVContentLightMetadata
_CHROMA: Final = 50_000  # steps of a coordinate
_LUMINANCE: Final = 10_000  # steps of one cd/m2
_NAMES: Final = {"libx264": ("mastering-display", "cll"), "libx265": ("master-display", "max-cll")}


@dataclass(frozen=True, slots=True)
class Mastering:
    """What a film says of itself.

    Attributes:
        display: x and y of red, green, blue and white, then the least and the greatest luminance in
            cd/m2; nothing if it does not say.
        light: Greatest light level of a pixel and of a frame on average, in cd/m2; or nothing.
    """

    display: tuple[Fraction, ...] = ()
    light: tuple[int, ...] = ()

    def parameters(self, encoder: str) -> list[str]:
        """Return what tells an encoder; empty if it cannot be told."""
        if encoder == "libsvtav1":
            names, exact = ("mastering-display", "content-light"), True
        elif encoder in _NAMES:
            names, exact = _NAMES[encoder], False
        else:
            return []
        told = [f"{names[0]}={self._spelled(exact=exact)}"] if self.display else []
        return told + ([f"{names[1]}={self.light[0]},{self.light[1]}"] if self.light else [])

    def _spelled(self, *, exact: bool) -> str:
        def point(place: int) -> str:
            return ",".join(number(one, _CHROMA) for one in self.display[place : place + 2])

        def number(value: Fraction, steps: int) -> str:
            return f"{float(value):.5f}" if exact else str(round(value * steps))

        low, high = (number(one, _LUMINANCE) for one in self.display[8:])
        red, green, blue, white = (point(place) for place in (0, 2, 4, 6))
        return f"G({green})B({blue})R({red})WP({white})L({high},{low})"


def mastering_of(frame: Any) -> Mastering:
    """Return what a decoded frame says."""
    kinds = load().sidedata.sidedata.Type
    display, light = (
        frame.side_data.get(kind)
        for kind in (kinds.MASTERING_DISPLAY_METADATA, kinds.CONTENT_LIGHT_LEVEL)
    )
    return Mastering(_display(bytes(display or b"")), _light(bytes(light or b"")))


def _display(data: bytes) -> tuple[Fraction, ...]:
    if len(data) < _DISPLAY.size:
        return ()
    *numbers, has_points, has_luminance = _DISPLAY.unpack_from(data)
    above, below = numbers[::2], numbers[1::2]
    if not (has_points and has_luminance) or min(below) <= 0 or min(above) < 0:
        return ()
    return tuple(Fraction(one, two) for one, two in zip(above, below, strict=True))


def _light(data: bytes) -> tuple[int, ...]:
    found = _LIGHT.unpack_from(data) if len(data) >= _LIGHT.size else ()
    return found if found and max(found) < 1 << 16 and any(found) else ()
