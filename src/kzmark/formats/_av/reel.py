"""The coded pictures of a film as its container holds them: where, how large, when."""

from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark._io import read_exact
from kzmark.formats._film import Span

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Bytes at the start of a sample that tell its kind; encoders may put long messages before it.
HEADS: Final = (512, 64 << 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """All coded pictures of one track, in coding order.

    Attributes:
        source: The file.
        codec: "h264", "hevc", "av1", "vp9", "vp8", "mpeg4", "mjpeg", "prores" ...
        extradata: What a decoder needs beforehand, as the container holds it.
        nal: Bytes of a NAL length; 0 where NAL units have start codes, or the codec has none.
        offsets: Where each begins, in bytes.
        sizes: How long each is, in bytes.
        pts: When each is shown, in units of `base`.
        dts: When each is decoded; nothing where the container does not say.
        spans: How long each is shown.
        keys: Which ones the container calls key frames.
        base: One unit of time, in seconds.
        first: `pts` of the first picture that is shown.
        renumbered: Whether frames are shown one after another as they come out of the decoder,
            since the container has no times of its own.
        delay: Pictures by which decoding runs ahead of showing, where `dts` does not tell.
    """

    source: BinaryIO
    codec: str
    extradata: bytes
    nal: int
    offsets: Numbers
    sizes: Numbers
    pts: Numbers
    dts: Numbers | None
    spans: Numbers
    keys: Flags
    base: Fraction
    first: int
    delay: int = 2
    renumbered: bool = False

    @property
    def count(self) -> int:
        """Number of coded pictures."""
        return len(self.sizes)

    def read(self, index: int) -> bytes:
        """Return one coded picture."""
        self.source.seek(int(self.offsets[index]))
        return read_exact(self.source, int(self.sizes[index]), what="picture data")

    def head(self, index: int, size: int) -> bytes:
        """Return up to so many bytes at the start of one."""
        self.source.seek(int(self.offsets[index]))
        return read_exact(self.source, min(size, int(self.sizes[index])), what="picture data")

    @property
    def bit_rate(self) -> int:
        """Average rate, in bits a second."""
        units = int(self.spans.sum())
        seconds = float(units * self.base)
        return int(int(self.sizes.sum()) * 8 / seconds) if seconds > 0 else 0

    @property
    def group(self) -> int:
        """Length of the longest group of pictures."""
        bounds = np.concatenate([np.flatnonzero(self.keys), [self.count]])
        return int(np.diff(bounds).max()) if len(bounds) > 1 else self.count

    @property
    def rate(self) -> Fraction:
        """Pictures a second, from the median of their spans."""
        shown = self.spans[self.spans > 0]
        return 1 / (int(np.median(shown)) * self.base) if len(shown) else Fraction(25)

    def within(self, spans: "tuple[Span, ...]") -> Flags:
        """Say which pictures are seen in these spans of seconds; 0 also means before."""
        found = np.zeros(self.count, np.bool_)
        unit = float(self.base)
        start = (self.pts - self.first) * unit
        stop = start + self.spans * unit
        for begin, end in spans:
            behind = stop > begin + unit / 2 if begin > 0 else np.True_
            found |= behind & (start < end - unit / 2)
        return found
