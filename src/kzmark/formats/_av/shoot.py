"""A film out of frames as they are made: turned into samples, the plate laid on, encoded once."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from kzmark.errors import RequestError, UnsupportedMediaError
from kzmark.formats._av.backend import load
from kzmark.formats._av.facts import Colours, Facts
from kzmark.formats._av.manner import ENCODERS
from kzmark.formats._av.plate import Plate, plate_for
from kzmark.formats._av.sound import Sound
from kzmark.formats._base import PatchFor, Pixels

_BT709: Final = Colours(full=False, matrix=1, primaries=1, transfer=1)
_GROUP: Final = 2  # seconds between key frames, at most
_BITS: Final = 0.12  # of a pixel, for encoders that know no constant quality
_CHOSEN: Final[Mapping[str, Mapping[str, str]]] = {  # quality at which nobody sees a loss, quickly
    "libx264": {"preset": "veryfast", "crf": "18"},
    "libx265": {"preset": "ultrafast", "crf": "20", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "6", "crf": "24", "row-mt": "1"},
    "libsvtav1": {"preset": "9", "crf": "28"},
    "libaom-av1": {"usage": "realtime", "cpu-used": "8", "crf": "28"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a container is filled with.

    Attributes:
        muxer: Its name in libav.
        codecs: What its pictures may be coded in, the usual one first.
        copied: Sound that is taken over as it is.
        sound: Encoder of any other sound.
        options: For the muxer.
    """

    muxer: str
    codecs: tuple[str, ...]
    copied: frozenset[str]
    sound: str
    options: Mapping[str, str]


_MP4_SOUND: Final = frozenset({"aac", "mp3", "alac", "ac3", "eac3", "opus", "flac"})
RECIPES: Final = {
    "mp4": Recipe(
        muxer="mp4",
        codecs=("h264", "hevc", "av1"),
        copied=_MP4_SOUND,
        sound="aac",
        options={"movflags": "+faststart"},
    ),
    "mov": Recipe(
        muxer="mov",
        codecs=("h264", "hevc", "prores"),
        copied=_MP4_SOUND - {"opus", "flac"},
        sound="aac",
        options={"movflags": "+faststart"},
    ),
    "webm": Recipe(
        muxer="webm",
        codecs=("vp9", "av1"),
        copied=frozenset({"opus", "vorbis"}),
        sound="libopus",
        options={},
    ),
    "matroska": Recipe(
        muxer="matroska",
        codecs=("h264", "hevc", "av1", "vp9"),
        copied=_MP4_SOUND | {"vorbis", "pcm_s16le", "pcm_s24le"},
        sound="flac",
        options={},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One film to be made.

    Attributes:
        format: Name of its adapter.
        size: Width and height of its frames, in pixels.
        rate: Frames a second.
        codec: What its pictures are coded in; the usual codec of the container if empty.
        options: For the encoder, over our own choices.
        patch_for: Displayed size → plate.
        shown: Whether the plate is seen at so many seconds.
        sound: What is heard, or nothing.
    """

    format: str
    size: tuple[int, int]
    rate: Fraction
    codec: str
    options: Mapping[str, str]
    patch_for: PatchFor
    shown: Callable[[float], bool]
    sound: Sound | None = None

    def make(self, path: Path, frames: Iterator[Pixels], tell: Callable[[int], None]) -> None:
        """Write the film; frames are taken one at a time.

        Raises:
            RequestError: If the encoder does not take the options, or there is none.
            MediaError: If the sound cannot be read, or there is no room for a notice.
        """
        av, recipe = load(), RECIPES[self.format]
        try:
            with av.open(str(path), "w", format=recipe.muxer, options=dict(recipe.options)) as out:
                picture = self._picture(out, recipe)
                voice = self.sound.into(out, recipe.copied, recipe.sound) if self.sound else None
                self._fill(out, picture, voice, frames, tell)
        except (av.error.FFmpegError, ValueError) as error:
            raise RequestError(
                f"the film cannot be encoded as {self.format}: {error}",
                hint="another size, codec or option",
            ) from error

    def _fill(
        self,
        out: Any,
        picture: Any,
        voice: Any,
        frames: Iterator[Pixels],
        tell: Callable[[int], None],
    ) -> None:
        plate: Plate | None = None
        for index, pixels in enumerate(frames):
            frame = self._frame(pixels, picture.pix_fmt, index)
            if self.shown(float(index / self.rate)):
                plate = plate or plate_for(frame, self._facts(picture.pix_fmt), self.patch_for)
                plate.lay(frame)
            out.mux(picture.encode(frame))
            if voice is not None:
                out.mux(voice.until(float((index + 1) / self.rate)))
            tell(index + 1)
        out.mux(picture.encode(None))
        if voice is not None:
            out.mux(voice.until(float("inf")))

    def _frame(self, pixels: Pixels, kind: str, index: int) -> Any:
        rgb = load().VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = rgb.reformat(format=kind, dst_colorspace=1, dst_color_range=1)
        frame.pts, frame.time_base = index, 1 / self.rate
        return frame

    def _picture(self, out: Any, recipe: Recipe) -> Any:
        codec = self.codec or recipe.codecs[0]
        if codec not in recipe.codecs:
            raise RequestError(
                f"pictures of the codec {codec} in {self.format}",
                hint=f"one of {', '.join(recipe.codecs)}",
            )
        there = load().codecs_available
        os.environ.setdefault("SVT_LOG", "1")  # errors only: it writes to the terminal itself
        name = next((one for one in ENCODERS[codec] if one in there), "")
        if not name:
            raise UnsupportedMediaError(f"there is no encoder for {codec}")
        options = {**_CHOSEN.get(name, {}), **self.options}
        stream = out.add_stream(name, rate=self.rate.limit_denominator(100_000), options=options)
        stream.width, stream.height = self.size
        stream.pix_fmt = self._pixels(name)
        context = stream.codec_context
        if codec == "hevc" and recipe.muxer in {"mp4", "mov"}:
            context.codec_tag = "hvc1"  # the only spelling that Apple's players know
        context.time_base = 1 / self.rate
        context.gop_size = max(1, round(self.rate * _GROUP))
        context.thread_type = "FRAME"
        context.color_range, context.colorspace = 1, _BT709.matrix
        context.color_primaries, context.color_trc = _BT709.primaries, _BT709.transfer
        if name == "libvpx-vp9":
            context.bit_rate, context.thread_count = 0, 0
        elif name not in _CHOSEN:
            context.bit_rate = int(self.size[0] * self.size[1] * self.rate * _BITS)
        return stream

    def _pixels(self, encoder: str) -> str:
        """Return a pixel format: colours of half the size need an even number of pixels."""
        if encoder == "prores_ks":
            return "yuv422p10le"
        odd = self.size[0] % 2 or self.size[1] % 2
        return "yuv444p" if odd and encoder in {"libx264", "libx265"} else "yuv420p"

    def _facts(self, pixels: str) -> Facts:
        return Facts(
            index=0,
            codec=self.codec,
            width=self.size[0],
            height=self.size[1],
            aspect=Fraction(1),
            orientation=1,
            pixels=pixels,
            colours=_BT709,
            fields="",
            rate=self.rate,
            start=Fraction(0),
            seconds=0.0,
            frames=0,
            delay=0,
            tracks=(),
        )
