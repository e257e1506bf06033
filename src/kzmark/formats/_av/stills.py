"""Stills of a film, as a person sees them."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kzmark._limits import Limits
from kzmark.formats._av.backend import opened
from kzmark.formats._av.facts import Colours, Facts, colours_of, picture_stream, survey
from kzmark.formats._av.picking import UncertainError, picked
from kzmark.formats._av.plate import HLG, PQ, WHITE
from kzmark.formats._base import Picture, Pixels
from kzmark.formats._film import Film
from kzmark.formats._orient import upright

_NEAR: Final = 1.5  # seconds ahead up to which decoding on is cheaper than seeking
_THREADS: Final = 4  # each of them holds several pictures
_BACK: Final = 0.5  # seconds to look back for an earlier key frame, more each time
_ENDLESS: Final = 1 << 60  # ticks: behind the end of every film
_SKIPPING: Final = frozenset({"h264"})  # there a picture says whether others are made from it
_MATRIX: Final = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # 23091-2 → libswscale


def stills(
    source: BinaryIO,
    times: Sequence[float],
    *,
    limits: Limits,
    keys: bool = False,
    film: Film | None = None,
) -> Iterator[tuple[float, Picture]]:
    """Yield the frames that are seen at these times. See `Films.stills`."""
    known = film.known if film else None
    facts = known if isinstance(known, Facts) else survey(source, limits=limits)
    with opened(source) as container:
        stream = picture_stream(container)
        stream.thread_type, stream.codec_context.thread_count = "AUTO", _THREADS
        if keys:
            stream.codec_context.skip_frame = "NONKEY"
        shower = _Shower(container, stream, facts)
        yield from shower.at_keys(times) if keys else shower.at(times)


class _Shower:
    def __init__(self, container: Any, stream: Any, facts: Facts) -> None:
        self._container, self._stream, self._facts = container, stream, facts
        self._start = float(facts.start)
        self._index = 0

    def at_keys(self, times: Sequence[float]) -> Iterator[tuple[float, Picture]]:
        """Yield one key frame for each time, and none twice."""
        last = -1.0
        for time in times:
            if time <= last:
                continue
            self._seek(time)
            frame = self._key_behind(last)
            if frame is None or frame.pts is None:
                continue
            shown = self._time(frame)
            if shown > last:
                yield self._picture(frame)
            last = max(last, shown, time)

    def _key_behind(self, last: float) -> Any:
        """Return the next key frame, or nothing if it is shown no later than that time."""
        packet = next((one for one in self._container.demux(self._stream) if one.size), None)
        if packet is None or (packet.pts is not None and self._time(packet) <= last):
            return None
        decoder = self._stream.codec_context
        frames = decoder.decode(packet) or decoder.decode(None)  # one is enough: none is waited for
        if frames:
            return frames[0]
        self._container.seek(packet.pts or 0, stream=self._stream, backward=True)
        return next(self._container.decode(self._stream), None)

    def at(self, times: Sequence[float]) -> Iterator[tuple[float, Picture]]:
        """Yield exactly the frame that is seen at each time."""
        done = 0
        try:
            for stretch in self._stretches(times):
                for frame in self._picked(stretch):
                    done += 1
                    yield self._picture(frame)
        except UncertainError:
            self._stream.codec_context.skip_frame = "DEFAULT"
            yield from self.plainly_at(times[done:])

    def plainly_at(self, times: Sequence[float]) -> Iterator[tuple[float, Picture]]:
        """Yield the same, found by decoding every frame from a key frame on."""
        frames: Iterator[Any] = iter(())
        current: Any = None
        following: Any = None
        for time in times:
            known = following if following is not None else current
            if (
                known is None
                or not self._time(known) - 1e-6 <= time + _NEAR
                or (time - self._time(known) > _NEAR)
            ):
                frames = self._from(time)
                current = following = None
            while following is None or self._time(following) <= time + 1e-6:
                current = following if following is not None else current
                following = next(frames, None)
                if following is None:
                    break
            shown = current if current is not None else following
            if shown is not None:
                yield self._picture(shown)

    def _from(self, time: float) -> Iterator[Any]:
        """Return frames, the first of them seen at that time or before it, if there is any.

        Behind an open key frame come pictures that are shown before it, and cannot be decoded from
        it on: those of the key frame before it are needed.
        """
        back = 0.0
        while True:
            self._seek(time - back)
            decoded = self._container.decode(self._stream)
            frames = (frame for frame in decoded if frame.pts is not None)
            first = next(frames, None)
            if first is None or self._time(first) <= time + 1e-6 or back >= time:
                return chain([first] if first is not None else [], frames)
            back = 4 * back + _BACK

    def _stretches(self, times: Sequence[float]) -> Iterator[list[float]]:
        """Yield the times in groups that are decoded in one go, from one key frame on."""
        index: Any = getattr(self._stream, "index_entries", ())  # release 15 of PyAV has none
        whole = bool(index) and len(index) == self._stream.frames
        keys = [index.search_timestamp(self._tick(time)) if whole else 0 for time in times]
        stretch: list[float] = []
        for place, time in enumerate(times):
            near = not whole and time - times[place - 1] <= _NEAR
            if stretch and not near and (not whole or keys[place] != keys[place - 1]):
                yield stretch
                stretch = []
            stretch.append(time)
        if stretch:
            yield stretch

    def _picked(self, stretch: Sequence[float]) -> Iterator[Any]:
        """Yield the frame of each time; what nobody sees is decoded only if others need it."""
        self._seek(stretch[0])
        decoder, skips = self._stream.codec_context, self._facts.codec in _SKIPPING
        due: dict[int, int] = {}
        left, fed = len(stretch), 0
        packets = self._container.demux(self._stream)
        for packet, seen in picked(packets, [self._tick(time, 1e-6) for time in stretch]):
            if skips:
                decoder.skip_frame = "DEFAULT" if seen else "NONREF"
            if seen:
                due[packet.pts] = seen
            fed += seen
            for frame in _due(decoder.decode(packet), due):
                left -= 1
                yield frame
            if fed == len(stretch):
                break
        for frame in _due(decoder.decode(None), due):
            left -= 1
            yield frame
        if left:
            raise UncertainError

    def _seek(self, time: float) -> None:
        self._container.seek(self._tick(time, 1e-4), stream=self._stream, backward=True)

    def _tick(self, time: float, more: float = 1e-4) -> int:
        """Return a time in the unit of the stream; one a little later than it, for rounding."""
        ticks = (max(time, 0.0) + self._start + more) / float(self._stream.time_base)
        return math.floor(max(-_ENDLESS, min(ticks, _ENDLESS)))

    def _time(self, frame: Any) -> float:
        return float(frame.pts * self._stream.time_base) - self._start

    def _picture(self, frame: Any) -> tuple[float, Picture]:
        pixels = shown_pixels(frame, self._facts)
        height, width = pixels.shape[:2]
        index, self._index = self._index, self._index + 1
        return self._time(frame), Picture(index=index, width=width, height=height, pixels=pixels)


def _due(frames: Sequence[Any], due: dict[int, int]) -> Iterator[Any]:
    """Yield the frames that are wanted, as often as they are.

    Raises:
        UncertainError: If one did not come in its turn.
    """
    for frame in frames:
        if frame.pts is None or (due and frame.pts > min(due)):
            raise UncertainError
        for _ in range(due.pop(frame.pts, 0)):
            yield frame


def shown_pixels(frame: Any, facts: Facts) -> Pixels:
    """Return a decoded frame as a person sees it, HDR brought down to what a plain screen shows."""
    colours = colours_of(frame, frame.height)
    hdr = colours.transfer in {PQ, HLG}
    matrix = _MATRIX.get(colours.matrix, 1)
    kind = "rgb48le" if hdr else "rgb24"
    found = frame.to_ndarray(format=kind, src_colorspace=matrix, dst_colorspace=matrix)
    pixels = _dimmed(found, colours) if hdr else found
    if facts.square != (frame.width, frame.height):
        image = Image.fromarray(pixels).resize(facts.square, Image.Resampling.BICUBIC)
        pixels = np.asarray(image)
    return np.ascontiguousarray(upright(pixels, facts.orientation))


def _dimmed(signal: NDArray[np.uint16], colours: Colours) -> Pixels:
    """Return PQ or HLG pixels as sRGB, diffuse white as white, what is brighter cut off."""
    table = _light(np.arange(65536) / 65535, colours.transfer)
    light = np.clip(table[signal], 0, 1)
    low = light <= 0.0031308
    found = np.where(low, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    pixels: Pixels = np.rint(found * 255).astype(np.uint8)
    return pixels


def _light(signal: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Return light relative to diffuse white (SMPTE ST 2084; ITU-R BT.2100, HLG)."""
    if transfer == PQ:
        power = signal ** (32 / 2523)
        light = np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)
        found: NDArray[np.float64] = light ** (8192 / 1305) * 10_000 / WHITE
        return found
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = (np.exp((signal - c) / a) + b) / 12
    return np.where(signal <= 0.5, signal**2 / 3, bright) / 0.265
