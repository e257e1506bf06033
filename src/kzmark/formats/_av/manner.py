"""How pictures are encoded again: as the source was, as far as the encoder at hand allows."""

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av.avc import Sps
from kzmark.formats._av.backend import load
from kzmark.formats._av.facts import Facts

ENCODERS: Final = {  # codec → encoders that can write it, the best first
    "h264": ("libx264", "libopenh264"),
    "hevc": ("libx265",),
    "av1": ("libsvtav1", "libaom-av1"),
    "vp9": ("libvpx-vp9",),
    "vp8": ("libvpx",),
    "mpeg4": ("mpeg4",),
    "mjpeg": ("mjpeg",),
    "prores": ("prores_ks",),
    "mpeg2video": ("mpeg2video",),
    "msmpeg4v3": ("msmpeg4",),
    "ffv1": ("ffv1",),
}
NUMBERED: Final = frozenset({"libx264", "libx265"})  # their parameter sets can get ids of their own
_H264_PROFILES: Final = {
    66: "baseline",
    77: "main",
    88: "main",
    100: "high",
    110: "high10",
    122: "high422",
    244: "high444",
}
_FIELD_CODECS: Final = frozenset({"mpeg4", "mpeg2video"})
_FEW: Final = 2  # threads: each of them holds several pictures
_GROUP: Final = 250  # longest group of pictures
_LEAST_RATE: Final = 200_000  # bits a second
# Constant quality at which the seam to the copied pictures cannot be seen (measured against the
# source outside the notice), and presets that are quick: a film is encoded once, not archived.
_H264_CRF: Final = 20
_HEVC_CRF: Final = 21
_VP9_CRF: Final = 30
_AV1_CRF: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Settings of one encoder for one film.

    Attributes:
        facts: The film.
        base: Unit of time.
        rate: Pictures a second.
        bit_rate: Of the source, in bits a second; 0 if unknown.
        group: Longest group of pictures of the source.
        like: The source's own H.264 settings, if it has any.
        whole: Whether the whole film is encoded; a part of it takes fewer threads, and less memory.
        in_band: Whether parameter sets stand in the pictures, not in the container.
        number: First id for parameter sets, where they have to differ from the source's.
    """

    facts: Facts
    base: Fraction
    rate: Fraction
    bit_rate: int
    group: int
    like: Sps | None = None
    number: int = 0
    in_band: bool = False
    whole: bool = True

    def encoder(self, depth: int) -> Any:
        """Return an open encoder.

        Args:
            depth: Pictures by which it may run ahead, 0 to 2.

        Raises:
            UnsupportedMediaError: If none at hand encodes this kind of film.
        """
        told = f"there is no encoder for {self.facts.codec}"
        for name in ENCODERS.get(self.facts.codec, ()):
            if name not in load().codecs_available:
                continue
            for strict in (True, False):
                try:
                    return self._opened(name, depth, strict=strict)
                except (load().error.FFmpegError, ValueError) as error:
                    told = f"{name} cannot encode it: {error}"
        raise UnsupportedMediaError(told)

    def _opened(self, name: str, depth: int, *, strict: bool) -> Any:
        av, facts = load(), self.facts
        encoder = av.CodecContext.create(name, "w")
        encoder.width, encoder.height = facts.width, facts.height
        encoder.pix_fmt = facts.pixels
        encoder.time_base = self.base
        encoder.framerate = self.rate.limit_denominator(100_000)
        if facts.aspect != 1:
            encoder.sample_aspect_ratio = facts.aspect
        encoder.thread_type = "FRAME"  # PyAV's default makes x264 slice its pictures
        encoder.gop_size = max(1, min(self.group, _GROUP))
        colours = facts.colours
        encoder.color_range = 2 if colours.full else 1
        encoder.colorspace = colours.matrix
        encoder.color_primaries, encoder.color_trc = colours.primaries, colours.transfer
        if not self.in_band:
            encoder.flags |= av.codec.context.Flags.global_header
        encoder.options = self._options(name, encoder, depth, strict=strict)
        encoder.open()
        return encoder

    def _options(self, name: str, encoder: Any, depth: int, *, strict: bool) -> dict[str, str]:
        if name == "libx264":
            return self._x264(encoder, depth, strict=strict)
        if name == "libx265":
            return self._x265(depth)
        if name in {"libvpx-vp9", "libvpx"}:
            # Threads of VP8 wait for one another in a loop: on a busy machine they hardly get on.
            encoder.thread_count = 0 if name == "libvpx-vp9" else 1
            encoder.bit_rate = 0 if name == "libvpx-vp9" else max(self.bit_rate, _LEAST_RATE)
            speed = {
                "crf": str(_VP9_CRF),
                "deadline": "realtime",
                "cpu-used": "7" if name == "libvpx-vp9" else "-8",
            }
            plain = {"lag-in-frames": "0", "auto-alt-ref": "0"}
            return speed | plain | ({"row-mt": "1"} if name == "libvpx-vp9" else {})
        if name == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only: it writes to the terminal itself
            more = ["irefresh-type=2", *self.facts.mastering.parameters(name)]
            return {"preset": "10", "crf": str(_AV1_CRF), "svtav1-params": ":".join(more)}
        if name == "libaom-av1":
            return {"cpu-used": "8", "crf": str(_AV1_CRF), "usage": "realtime"}
        self._plain(name, encoder)
        return {}

    def _plain(self, name: str, encoder: Any) -> None:
        """Set up an encoder of libavcodec's own: by bit rate, no pictures ahead."""
        flags = load().codec.context.Flags
        encoder.max_b_frames = 0
        encoder.bit_rate = max(_LEAST_RATE, self.bit_rate * 5 // 4)
        if name in _FIELD_CODECS and self.facts.fields:
            encoder.flags |= flags.interlaced_dct | flags.interlaced_me

    def _cap(self) -> dict[str, str]:
        """Constant quality alone makes noisy films several times as large as they were."""
        if not self.bit_rate:
            return {}
        most = max(_LEAST_RATE, self.bit_rate * 3 // 2)
        return {"maxrate": str(most), "bufsize": str(2 * most)}

    def _x264(self, encoder: Any, depth: int, *, strict: bool) -> dict[str, str]:
        options = {"preset": "veryfast", "crf": str(_H264_CRF), "forced-idr": "1"} | self._cap()
        more = [f"sps-id={self.number + 2 - depth if self.number else 0}"]
        more.append(f"annexb={int(self.in_band)}")
        more += ["open-gop=0", "aud=0", *self.facts.mastering.parameters("libx264")]
        if not self.whole:
            more += [f"threads={_FEW}", "sync-lookahead=0"]
        like = self.like
        if like is not None and strict:
            if like.profile in _H264_PROFILES:
                options["profile"] = _H264_PROFILES[like.profile]
            options["level"] = f"{like.level // 10}.{like.level % 10}"
            if like.profile >= 100:
                more.append("8x8dct=1")
        if self.facts.fields:
            more.append(f"{self.facts.fields}=1")
        encoder.max_b_frames = (0, 2, 3)[depth]
        if depth < 2:
            more.append("b-pyramid=none")
        options["x264-params"] = ":".join(more)
        return options

    def _x265(self, depth: int) -> dict[str, str]:
        options = {"preset": "ultrafast", "crf": str(_HEVC_CRF), "forced-idr": "1"} | self._cap()
        more = ["annexb=0", "log-level=none", "open-gop=0", "info=0", "repeat-headers=0"]
        more.append(("bframes=0", "bframes=2:b-pyramid=0", "bframes=3")[depth])
        more += self.facts.mastering.parameters("libx265")
        if self.facts.fields:
            more.append(f"interlace={self.facts.fields}")
        options["x265-params"] = ":".join(more)
        return options
