"""Stills of a film, as a person sees them."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kzmark._limits import Limits
from kzmark.formats._av.backend import opened
from kzmark.formats._av.facts import Colours, Facts, colours_of, picture_stream, survey
from kzmark.formats._av.plate import HLG, PQ, WHITE
from kzmark.formats._base import Picture, Pixels
from kzmark.formats._film import Film
from kzmark.formats._orient import upright

_NEAR: Final = 1.5  # seconds ahead up to which decoding on is cheaper than seeking
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
        stream.thread_type = "AUTO"
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
            frame = next(self._container.decode(self._stream), None)
            if frame is None or frame.pts is None:
                continue
            shown = self._time(frame)
            if shown > last:
                yield self._picture(frame)
            last = max(last, shown, time)

    def at(self, times: Sequence[float]) -> Iterator[tuple[float, Picture]]:
        """Yield exactly the frame that is seen at each time."""
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
                self._seek(time)
                decoded = self._container.decode(self._stream)
                frames = (frame for frame in decoded if frame.pts is not None)
                current = following = None
            while following is None or self._time(following) <= time + 1e-6:
                current = following if following is not None else current
                following = next(frames, None)
                if following is None:
                    break
            shown = current if current is not None else following
            if shown is not None:
                yield self._picture(shown)

    def _seek(self, time: float) -> None:
        base = self._stream.time_base
        at = int((max(time, 0.0) + self._start + 1e-4) / base)
        self._container.seek(at, stream=self._stream, backward=True)

    def _time(self, frame: Any) -> float:
        return float(frame.pts * self._stream.time_base) - self._start

    def _picture(self, frame: Any) -> tuple[float, Picture]:
        pixels = shown_pixels(frame, self._facts)
        height, width = pixels.shape[:2]
        index, self._index = self._index, self._index + 1
        return self._time(frame), Picture(index=index, width=width, height=height, pixels=pixels)


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
