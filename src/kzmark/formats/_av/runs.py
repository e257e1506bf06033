"""Which stretches of a film are decoded and encoded again, and which are copied.

A run begins at a key frame and ends where nothing behind refers to anything before: that differs
from codec to codec, and decides how much of a film has to be encoded again.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av import avc, hevc
from kzmark.formats._av.reel import HEADS, Flags, Numbers, Reel

SMART: Final = frozenset({"h264", "hevc", "av1", "vp9", "vp8", "mjpeg", "prores"})
DEPTHS: Final = (2, 1, 0)  # pictures by which the encoders may run ahead, the most first


@dataclass(frozen=True, slots=True)
class Run:
    """Pictures that are encoded again, in coding order.

    Attributes:
        start: The first: a key frame.
        stop: The one behind the last.
        tail: Leading pictures behind the key frame at `stop`, which refer to this run: they are
            encoded again too, and come before that key frame then.
        whole: Whether it is the whole film.
    """

    start: int
    stop: int
    tail: int = 0
    whole: bool = False

    @property
    def count(self) -> int:
        """How many pictures are encoded."""
        return self.stop - self.start + self.tail

    @property
    def slots(self) -> range:
        """The places in coding order that they take."""
        return range(self.start, self.stop + self.tail)


def whole(reel: Reel) -> Run:
    """Return the run of everything."""
    return Run(0, reel.count, whole=True)


def plan(reel: Reel, dirty: Flags) -> list[Run]:
    """Return the runs that hold all dirty pictures, in order, none next to another.

    Raises:
        UnsupportedMediaError: If the film does not begin with a key frame.
    """
    keys = np.flatnonzero(reel.keys)
    if not len(keys) or keys[0] != 0:
        raise UnsupportedMediaError("it does not begin with a key frame")
    groups = np.searchsorted(keys, np.flatnonzero(dirty), "right") - 1
    runs: list[Run] = []
    for group in np.unique(groups).tolist():
        start = int(keys[group])
        if runs and start < runs[-1].stop:
            continue
        run = _to_clean_end(reel, keys, group)
        if runs and start == runs[-1].stop:
            run = Run(runs.pop().start, run.stop, run.tail)
        runs.append(run)
    if len(runs) == 1 and runs[0].count == reel.count:
        return [whole(reel)]
    return runs


def depth(reel: Reel, run: Run, pts: Numbers) -> int:
    """Return how far an encoder may run ahead so that its packets fit the decoding times there.

    Args:
        reel: The film.
        run: The run.
        pts: When its pictures are shown, in rising order.
    """
    if reel.dts is None:
        return min(reel.delay, DEPTHS[0])
    dts = reel.dts[run.start : run.stop + run.tail]
    for steps in DEPTHS:
        fits = (dts[steps:] <= pts[: len(pts) - steps]).all()
        if fits and (dts[:steps] <= pts[0]).all():
            return steps
    raise UnsupportedMediaError("pictures are decoded after the time at which they are shown")


def leading(reel: Reel, key: int) -> int:
    """Return how many pictures behind a key frame are shown before it."""
    stop = key + 1
    while stop < reel.count and reel.pts[stop] < reel.pts[key]:
        stop += 1
    return stop - key - 1


def _to_clean_end(reel: Reel, keys: Numbers, group: int) -> Run:
    start = int(keys[group])
    for key in keys[group + 1 :].tolist():
        kind = start_kind(reel, key)
        if kind == "clean":
            return Run(start, key)
        if kind == "open":
            return Run(start, key, leading(reel, key))
    return Run(start, reel.count)


def start_kind(reel: Reel, key: int) -> str:
    """Return whether a key frame is a "clean" start, an "open" one, or "none".

    The leading pictures of an open one can be cut off from it.
    """
    told = {"h264": avc.start_kind, "hevc": hevc.start_kind}.get(reel.codec)
    if told is None:
        return "clean"
    found = (told(reel.head(key, size), reel.nal) for size in HEADS)
    return next((kind for kind in found if kind), "none")
