"""What libav knows of the picture of a film: size, turning, pixels, colours, time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Any, BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av.backend import opened, reading
from kzmark.formats._av.mastering import Mastering, mastering_of
from kzmark.formats._film import Film, Track
from kzmark.formats._orient import displayed

_CODECS: Final = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9"}
_TOP_FIRST: Final = frozenset({2, 5})  # AVFieldOrder: the top field is shown first
_AHEAD: Final = 32  # packets that are looked at before the first is decoded
_FIELDS: Final = frozenset({2, 3, 4, 5})
_ORIENTATIONS: Final = {  # signs of a, b, c, d of the display matrix → EXIF orientation
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Code points of ISO/IEC 23091-2 (CICP): 2 means that the file does not say.

    Attributes:
        full: Whether samples use their full range.
        matrix: Matrix coefficients.
        primaries: Colour primaries.
        transfer: Transfer characteristics: 16 is PQ, 18 is HLG.
    """

    full: bool
    matrix: int
    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The picture of a film.

    Attributes:
        index: Number of its stream in libav.
        codec: Name of its codec, as libav decodes it.
        width: Stored width, in pixels.
        height: Stored height, in pixels.
        aspect: Width of a pixel to its height.
        orientation: EXIF orientation that shows it upright.
        pixels: Name of the pixel format.
        colours: What the samples mean.
        fields: "tff" or "bff" if it is interlaced, else empty.
        rate: Frames a second, on average.
        start: Time of the first displayed frame on the clock of libav, in seconds.
        seconds: How long it lasts; 0 if unknown.
        frames: Number of frames; 0 if unknown.
        delay: Frames by which decoding runs ahead of showing.
        tracks: All tracks of the file.
        mastering: Of an HDR film: its display and how bright it gets.
    """

    index: int
    codec: str
    width: int
    height: int
    aspect: Fraction
    orientation: int
    pixels: str
    colours: Colours
    fields: str
    rate: Fraction
    start: Fraction
    seconds: float
    frames: int
    delay: int
    tracks: tuple[Track, ...]
    mastering: Mastering = field(default_factory=Mastering)

    @property
    def shown(self) -> tuple[int, int]:
        """Displayed width and height, in square pixels: the larger side of a pixel is kept."""
        return displayed(*self.square, self.orientation)

    @property
    def square(self) -> tuple[int, int]:
        """Stored width and height, in square pixels."""
        one = Fraction(1)
        across, down = max(self.aspect, one), min(self.aspect, one)
        return max(1, round(self.width * across)), max(1, round(self.height / down))

    @property
    def film(self) -> Film:
        """The same for callers who do not care how it is stored."""
        width, height = self.shown
        return Film(
            width=width,
            height=height,
            seconds=self.seconds,
            frames=self.frames,
            rate=self.rate,
            tracks=self.tracks,
            known=self,
        )


def survey(source: BinaryIO, *, limits: Limits) -> Facts:
    """Look at a film; its first frame is decoded, since some facts stand only there.

    Raises:
        MediaError: If it has no picture, or none that can be decoded.
    """
    with opened(source) as container:
        stream = picture_stream(container)
        check_size(stream, limits)
        frame = _first(container, stream)
        return _facts(container, stream, frame)


def picture_stream(container: Any) -> Any:
    """Return the stream of moving pictures that players show: no cover art.

    Raises:
        UnsupportedMediaError: If there is none, or several.
    """
    moving = [s for s in container.streams.video if not _is_cover(s)]
    if not moving:
        raise UnsupportedMediaError("there is no moving picture in it")
    if len(moving) > 1:
        raise UnsupportedMediaError(f"it has {len(moving)} tracks of moving pictures")
    return moving[0]


def check_size(stream: Any, limits: Limits) -> None:
    """Refuse frames without a decoder or a size, or over the limits."""
    if stream.codec_context is None:
        raise UnsupportedMediaError("its picture is of a kind that nothing here decodes")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width < 1 or height < 1:
        raise MalformedMediaError("the picture has no size")
    if width * height > limits.max_pixels:
        raise LimitExceededError(f"frames of {width}x{height} px")


def colours_of(frame: Any, height: int) -> Colours:
    """Return what the samples of a frame mean; what it does not say, players guess by height."""
    matrix = int(frame.colorspace)
    if matrix in {2, 3}:
        matrix = 1 if height >= 720 else 6
    return Colours(
        full=int(frame.color_range) == 2 or frame.format.name.startswith("yuvj"),
        matrix=matrix,
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
    )


def _is_cover(stream: Any) -> bool:
    disposition = stream.disposition
    return bool(disposition & type(disposition).attached_pic)


def _first(container: Any, stream: Any) -> Any:
    """Return the frame that is shown first; one packet is decoded, if it is sure to be that."""
    decoder, packets = stream.codec_context, container.demux(stream)
    held, alone = _held(packets)
    if alone:
        frames = decoder.decode(held[0]) or decoder.decode(None)
        if frames:
            return frames[0]
        decoder.flush_buffers()
    for packet in chain(held, packets):
        for frame in decoder.decode(packet):
            return frame
    raise MalformedMediaError("no frame of it can be decoded")


def _held(packets: Iterator[Any]) -> tuple[list[Any], bool]:
    """Return the first packets, and whether what the very first holds is surely shown first."""
    held: list[Any] = []
    for packet in packets:
        held.append(packet)
        first = held[0]
        if not packet.size or packet.pts is None or first.is_discard:
            return held, False
        if packet.pts < first.pts or len(held) > _AHEAD:
            return held, False
        if packet.dts is not None and packet.dts > first.pts:
            return held, True
    return held, False


def _facts(container: Any, stream: Any, frame: Any) -> Facts:
    context, base = stream.codec_context, stream.time_base
    seconds = float(stream.duration * base) if stream.duration else 0.0
    if not seconds and container.duration:
        seconds = container.duration / 1_000_000
    return Facts(
        index=stream.index,
        codec=_CODECS.get(context.name, context.name),
        width=frame.width,
        height=frame.height,
        aspect=_aspect(stream),
        orientation=_orientation(frame),
        pixels=frame.format.name,
        colours=colours_of(frame, frame.height),
        fields=_fields(context, frame),
        rate=Fraction(stream.average_rate or stream.guessed_rate or 25),
        start=Fraction(frame.pts * base) if frame.pts is not None else Fraction(0),
        seconds=seconds,
        frames=stream.frames,
        delay=int(context.has_b_frames),
        tracks=tuple(_tracks(container.streams)),
        mastering=mastering_of(frame),
    )


def _aspect(stream: Any) -> Fraction:
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return aspect if Fraction(1, 8) <= aspect <= 8 else Fraction(1)


def _orientation(frame: Any) -> int:
    with reading("display matrix") as av:
        found = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if found is None:
        return 1
    a, b, _, c, d, *_ = np.frombuffer(bytes(found), np.int32)[:9].tolist()
    largest = max(abs(a), abs(b), abs(c), abs(d)) or 1
    signs = tuple(round(one / largest) for one in (a, b, c, d))
    if signs not in _ORIENTATIONS:
        raise UnsupportedMediaError("its picture is turned by an angle that is no right angle")
    return _ORIENTATIONS[signs]


def _fields(context: Any, frame: Any) -> str:
    order = int(context.field_order)
    if not frame.interlaced_frame and order not in _FIELDS:
        return ""
    return "bff" if order in _FIELDS - _TOP_FIRST else "tff"


def _tracks(streams: Sequence[Any]) -> "list[Track]":
    found = []
    for stream in streams:
        context = stream.codec_context
        kind = stream.type or "data"
        name = context.name if context is not None else ""
        found.append(Track(kind=kind, codec=_CODECS.get(name, name), language=_language(stream)))
    return found


def _language(stream: Any) -> str:
    language = stream.language or ""
    return "" if language == "und" else language
