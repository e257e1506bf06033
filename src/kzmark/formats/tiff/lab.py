"""CIELab with white point D50, as TIFF and ICC store it, to sRGB and back.

Spec: TIFF 6.0, section 23; IEC 61966-2-1; the matrix is sRGB's, adapted to D50 by Bradford.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Pixels

_TO_XYZ: Final = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_WHITE: Final = _TO_XYZ.sum(axis=1)
_BEND: Final = (6 / 29) ** 3  # below this share of white the cube root gives way to a line
_SLOPE: Final = 3 * (6 / 29) ** 2


def from_rgb(pixels: Pixels, *, bits: int) -> NDArray[Any]:
    """Return sRGB as L, a, b samples of 8 or 16 bits; a and b are two's complements."""
    share = pixels / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    bent = np.where(xyz > _BEND, np.cbrt(xyz), xyz / _SLOPE + 4 / 29)
    x, y, z = np.moveaxis(bent, 2, 0)
    lightness, unit = 116 * y - 16, 1 << (bits - 8)
    full = (1 << bits) - 1
    planes = [lightness / 100 * full, 500 * (x - y) * unit, 200 * (y - z) * unit]
    whole = np.rint(np.stack(planes, axis=2))
    whole[:, :, 0] = np.clip(whole[:, :, 0], 0, full)
    half = 1 << (bits - 1)
    whole[:, :, 1:] = np.clip(whole[:, :, 1:], -half, half - 1)
    samples: NDArray[Any] = (whole.astype(np.int64) & full).astype(f"u{bits // 8}")
    return samples


def to_rgb(samples: NDArray[Any], *, bits: int) -> Pixels:
    """Return L, a, b samples of 8 or 16 bits as sRGB; what sRGB cannot show is clipped."""
    full, unit = (1 << bits) - 1, 1 << (bits - 8)
    signed = samples[:, :, 1:].astype(f"i{bits // 8}").astype(np.float64) / unit
    y = (samples[:, :, 0] / full * 100 + 16) / 116
    bent = np.stack([y + signed[:, :, 0] / 500, y, y - signed[:, :, 1] / 200], axis=2)
    xyz = np.where(bent > 6 / 29, bent**3, (bent - 4 / 29) * _SLOPE) * _WHITE
    linear = np.clip(xyz @ np.linalg.inv(_TO_XYZ).T, 0, 1)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    shown: Pixels = np.rint(share * 255).astype(np.uint8)
    return shown
