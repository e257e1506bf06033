"""The headers of a JPEG XL codestream: size, metadata, colour.

Spec: ISO/IEC 18181-1, annexes D (SizeHeader, ImageMetadata), E (colour encoding, ICC), F.2 (frame
header).
"""

from dataclasses import dataclass
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats.jxl.bits import ENUM, Bits
from kzmark.formats.jxl.entropy import skip_icc

MAGIC: Final = b"\xff\x0a"
ALPHA: Final = 0  # extra channel types
SPOT: Final = 2
BLACK: Final = 4
GREY: Final = 1  # colour spaces
SRGB: Final = 13  # transfer functions
LINEAR: Final = 8
D65 = 1
LENGTH: Final = ((9, 1), (13, 1), (18, 1), (30, 1))
_RATIOS: Final = ((1, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_PREVIEW_DIV8: Final = ((0, 16), (0, 32), (5, 1), (9, 33))
_PREVIEW: Final = ((6, 1), (8, 65), (10, 321), (12, 1345))
_CHROMATICITY: Final = ((19, 0), (19, 524288), (20, 1048576), (21, 2097152))
_MOST_CHANNELS: Final = 256
_RUNS: Final = ("depth", "channels", "colour", "tone", "transform", "icc")


@dataclass(frozen=True, slots=True)
class Channel:
    """An extra channel (D.3.6): its type, bits, subsampling, and whether alpha is premultiplied."""

    kind: int = ALPHA
    bits: int = 8
    shift: int = 0
    associated: bool = False


@dataclass(frozen=True, slots=True)
class Colour:
    """What samples mean (E.2). Enumerations as in the standard; `gamma` is 0 if not used."""

    icc: bool = False
    space: int = 0
    white: int = D65
    primaries: int = 1
    transfer: int = SRGB
    gamma: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything before the frames.

    Attributes:
        data: The codestream.
        width: Stored width, in pixels.
        height: Stored height, in pixels.
        orientation: As in EXIF, 1 to 8.
        intrinsic: Bit offsets of the recommended display size.
        animated: Whether it has several displayed frames.
        preview: Whether a preview frame comes first.
        bits: Bits of a colour sample; `floating` says whether it is a floating-point number.
        narrow: Whether 16-bit buffers do for the samples.
        channels: Extra channels.
        xyb: Whether frames are coded in XYB, which loses.
        colour: What samples mean.
        default_tone: Whether tone mapping has its default values.
        runs: Bit offsets, from and to, of parts that are copied; 0, 0 for what is not there.
        frames: Offset of the first frame, in bytes.
    """

    data: bytes
    width: int
    height: int
    orientation: int
    intrinsic: tuple[int, int]
    animated: bool
    preview: bool
    bits: int
    floating: bool
    narrow: bool
    channels: tuple[Channel, ...]
    xyb: bool
    colour: Colour
    default_tone: bool
    runs: dict[str, tuple[int, int]]
    frames: int

    @property
    def alpha(self) -> Channel | None:
        """The first alpha channel, if there is one."""
        return next((one for one in self.channels if one.kind == ALPHA), None)

    def modular(self) -> bool:
        """Say whether the first frame is coded in modular mode, which loses nothing by itself."""
        bits = Bits(self.data, self.frames * 8)
        if bits.flag():
            return False  # all fields have their defaults: VarDCT
        bits.take(2)  # frame type
        return bits.flag()


def read_header(data: bytes, *, limits: Limits, whole: bool = False) -> Header:
    """Read the headers of a codestream.

    Args:
        data: The codestream.
        limits: What it may cost.
        whole: Whether to go past an ICC profile too, to where the frames begin.

    Raises:
        MalformedMediaError: If they break the rules of the standard.
        LimitExceededError: If they declare too much.
    """
    if not data.startswith(MAGIC):
        raise MalformedMediaError("not a JPEG XL codestream")
    bits = Bits(data, 16)
    width, height = _size(bits)
    return _Reading(data, bits, limits, whole=whole).header(width, height)


class _Reading:
    def __init__(self, data: bytes, bits: Bits, limits: Limits, *, whole: bool) -> None:
        self._data = data
        self._bits = bits
        self._limits = limits
        self._whole = whole
        self._runs = dict.fromkeys(_RUNS, (0, 0))
        self._orientation, self._intrinsic = 1, (0, 0)
        self._animated = self._preview = False
        self._depth: tuple[int, bool] = (8, False)
        self._narrow, self._xyb, self._default_tone = True, True, True
        self._channels: tuple[Channel, ...] = ()
        self._colour = Colour()

    def header(self, width: int, height: int) -> Header:
        if not self._bits.flag():  # all_default
            self._metadata()
        start = self._bits.at
        _transform(self._bits, xyb=self._xyb)
        self._runs["transform"] = (start, self._bits.at)
        if self._colour.icc and self._whole:
            start = self._bits.at
            skip_icc(self._bits, limits=self._limits)
            self._runs["icc"] = (start, self._bits.at)
        self._bits.align()
        return Header(
            data=self._data,
            width=width,
            height=height,
            orientation=self._orientation,
            intrinsic=self._intrinsic,
            animated=self._animated,
            preview=self._preview,
            bits=self._depth[0],
            floating=self._depth[1],
            narrow=self._narrow,
            channels=self._channels,
            xyb=self._xyb,
            colour=self._colour,
            default_tone=self._default_tone,
            runs=self._runs,
            frames=self._bits.at // 8,
        )

    def _metadata(self) -> None:
        """Read ImageMetadata (D.3)."""
        bits = self._bits
        if extra := bits.flag():
            self._extra_fields()
        start = bits.at
        self._depth = _depth(bits)
        self._runs["depth"] = (start, bits.at)
        self._narrow = bits.flag()
        start = bits.at
        count = bits.u32(((0, 0), (0, 1), (4, 2), (12, 1)))
        if count > _MOST_CHANNELS:
            raise MalformedMediaError(f"{count} extra channels")
        self._channels = tuple(_channel(bits) for _ in range(count))
        self._runs["channels"] = (start, bits.at)
        self._xyb = bits.flag()
        start = bits.at
        self._colour = _colour(bits)
        self._runs["colour"] = (start, bits.at)
        if extra:
            start = bits.at
            self._default_tone = bits.flag()
            if not self._default_tone:
                bits.take(16 + 16 + 1 + 16)
            self._runs["tone"] = (start, bits.at)
        _extensions(bits)

    def _extra_fields(self) -> None:
        bits = self._bits
        self._orientation = bits.take(3) + 1
        start = bits.at + 1
        if bits.flag():
            _size(bits)
            self._intrinsic = (start, bits.at)
        self._preview = bits.flag()
        if self._preview:
            _preview_size(bits)
        self._animated = bits.flag()
        if self._animated:
            bits.u32(((0, 100), (0, 1000), (10, 1), (30, 1)))
            bits.u32(((0, 1), (0, 1001), (8, 1), (10, 1)))
            bits.u32(((0, 0), (3, 0), (16, 0), (32, 0)))
            bits.take(1)


def _size(bits: Bits) -> tuple[int, int]:
    """Read a SizeHeader (D.2)."""
    small = bits.flag()
    height = (bits.take(5) + 1) * 8 if small else bits.u32(LENGTH)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio]
        return height * across // down, height
    return (bits.take(5) + 1) * 8 if small else bits.u32(LENGTH), height


def _preview_size(bits: Bits) -> None:
    choices = _PREVIEW_DIV8 if bits.flag() else _PREVIEW
    bits.u32(choices)
    if not bits.take(3):
        bits.u32(choices)


def _depth(bits: Bits) -> tuple[int, bool]:
    """Read a BitDepth (D.3.5): bits of a sample, and whether they are floating-point."""
    if bits.flag():
        count = bits.u32(((0, 32), (0, 16), (0, 24), (6, 1)))
        bits.take(4)
        return count, True
    return bits.u32(((0, 8), (0, 10), (0, 12), (6, 1))), False


def _channel(bits: Bits) -> Channel:
    """Read an ExtraChannelInfo (D.3.6)."""
    if bits.flag():
        return Channel()
    kind = bits.u32(ENUM)
    depth, _ = _depth(bits)
    shift = bits.u32(((0, 0), (0, 3), (0, 4), (3, 1)))
    bits.take(8 * bits.u32(((0, 0), (4, 0), (5, 16), (10, 48))))  # its name
    associated = bits.flag() if kind == ALPHA else False
    if kind == SPOT:
        bits.take(64)
    elif kind == 5:  # colour filter array
        bits.u32(((0, 1), (2, 0), (4, 3), (8, 19)))
    return Channel(kind, depth, shift, associated)


def _colour(bits: Bits) -> Colour:
    """Read a ColourEncoding (E.2)."""
    if bits.flag():
        return Colour()
    icc, space = bits.flag(), bits.u32(ENUM)
    if icc:
        return Colour(icc=True, space=space)
    white, primaries, transfer, gamma = D65, 1, SRGB, 0.0
    if space != 2:  # XYB says all by itself
        white = _points(bits, 1)
        primaries = primaries if space == GREY else _points(bits, 3)
        gamma = bits.take(24) / 1e7 if bits.flag() else 0.0
        transfer = transfer if gamma else bits.u32(ENUM)
    bits.u32(ENUM)  # rendering intent
    return Colour(False, space, white, primaries, transfer, gamma)


def _points(bits: Bits, count: int) -> int:
    """Read an enumeration; custom ones spell out so many chromaticities."""
    value = bits.u32(ENUM)
    for _ in range(2 * count if value == 2 else 0):
        bits.u32(_CHROMATICITY)
    return value


def _extensions(bits: Bits) -> None:
    """Skip extensions (B.3): a mask, a length for each, then all their bits."""
    mask = bits.u64()
    total = sum(bits.u64() for _ in range(mask.bit_count()))
    if total > 1 << 24:
        raise MalformedMediaError(f"{total} bits of header extensions")
    bits.take(total)


def _transform(bits: Bits, *, xyb: bool) -> None:
    """Read CustomTransformData: colour matrix and upsampling weights (D.3, E.2.8)."""
    if bits.flag():
        return
    if xyb and not bits.flag():
        bits.take(16 * 16)
    mask = bits.take(3)
    bits.take(16 * (15 * (mask & 1) + 55 * (mask >> 1 & 1) + 210 * (mask >> 2)))
