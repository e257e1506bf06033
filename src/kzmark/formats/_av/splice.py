"""From runs that were encoded again to the samples of the whole film."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from kzmark._rope import Rope
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av import avc, hevc, runs
from kzmark.formats._av.backend import spool
from kzmark.formats._av.facts import Facts
from kzmark.formats._av.manner import ENCODERS, NUMBERED
from kzmark.formats._av.reel import Flags, Numbers, Reel
from kzmark.formats._av.render import Job, Rendered, config_of
from kzmark.formats._av.runs import Run
from kzmark.formats._base import PatchFor
from kzmark.formats._film import Progress, Span

NOTE: Final = "film-reencoded"
CODEC: Final = "film-codec-not-joined"
TIMES: Final = "film-without-times"
SETS: Final = "film-sets-in-pictures"
ENCODER: Final = "film-encoder-without-ids"
OPEN: Final = "film-open-groups"
FEW: Final = "film-few-key-frames"


@dataclass(slots=True, kw_only=True)
class Spliced:
    """All samples of a film, old and new, in coding order.

    Attributes:
        spool: Where new ones lie.
        fresh: Which ones lie there.
        origin: For old ones, which sample of the source it is.
        offsets: Where each lies, in the spool or the source.
        sizes: How long each is.
        pts: When each is shown.
        keys: Which are key frames.
        extradata: What decoders need beforehand, in the form of the source.
        runs: What was encoded again.
        expected: Whether all of it had to be, since all of it shows the notice.
        reason: Code that tells why all of it had to be, where only a part shows the notice.
    """

    spool: BinaryIO
    fresh: Flags
    origin: Numbers
    offsets: Numbers
    sizes: Numbers
    pts: Numbers
    keys: Flags
    extradata: bytes
    runs: tuple[Run, ...]
    expected: bool = False
    reason: str = ""

    def notes(self) -> list[str]:
        """Return what a caller should hear of, as stable codes."""
        whole = any(run.whole for run in self.runs)
        return [NOTE, self.reason] if whole and not self.expected else []


def splice(
    reel: Reel,
    facts: Facts,
    patch_for: PatchFor,
    spans: Sequence[Span],
    *,
    progress: Progress | None = None,
) -> Spliced:
    """Return the samples of a film with a patch on what is seen in the spans.

    Raises:
        MediaError: If the film is damaged, or cannot be encoded again.
    """
    if reel.codec not in ENCODERS:
        raise UnsupportedMediaError(
            f"nothing here encodes pictures of the kind {reel.codec}",
            hint="make an H.264 film of it first",
        )
    dirty = reel.within(tuple(spans))
    if not dirty.any():
        raise UnsupportedMediaError("none of its pictures is shown in time for the notice")
    reason = _hindrance(reel)
    found = [runs.whole(reel)] if reason else runs.plan(reel, dirty)
    storage = spool()
    try:
        job = Job(
            reel=reel,
            facts=facts,
            patch_for=patch_for,
            dirty=dirty,
            spool=storage,
            tell=_teller(progress, sum(run.count for run in found)),
        )
        spliced = _assembled(reel, list(job.render(found)), storage)
        spliced.spool = Rope.over(storage)  # goes on reading the file after it is closed here
        spliced.expected = bool(dirty.all())
        spliced.reason = reason or _why_all(reel, dirty)
        return spliced
    finally:
        storage.close()


def _hindrance(reel: Reel) -> str:
    """Return the code that tells why no part of a film can be encoded alone, or nothing."""
    if reel.codec not in runs.SMART:
        return CODEC
    if reel.renumbered:
        return TIMES
    if reel.codec in {"h264", "hevc"}:
        from kzmark.formats._av.backend import load

        there = load().codecs_available
        best = next((name for name in ENCODERS[reel.codec] if name in there), "")
        if not reel.nal:
            return SETS
        return "" if best in NUMBERED else ENCODER
    return ""


def _why_all(reel: Reel, dirty: Flags) -> str:
    """Return the code that tells why the run of a part became one of the whole film."""
    groups = np.searchsorted(np.flatnonzero(reel.keys), np.flatnonzero(dirty), "right")
    return OPEN if len(np.unique(groups)) < reel.keys.sum() else FEW


def _teller(progress: Progress | None, total: int) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    return tell


def _assembled(reel: Reel, rendered: list[Rendered], storage: BinaryIO) -> Spliced:
    found = Spliced(
        spool=storage,
        fresh=np.zeros(reel.count, np.bool_),
        origin=np.arange(reel.count),
        offsets=reel.offsets.copy(),
        sizes=reel.sizes.copy(),
        pts=reel.pts.copy(),
        keys=reel.keys.copy(),
        extradata=_extradata(reel, rendered),
        runs=tuple(one.run for one in rendered),
    )
    for one in rendered:
        slots = slice(one.run.slots.start, one.run.slots.stop)
        found.fresh[slots], found.origin[slots] = True, -1
        found.offsets[slots], found.sizes[slots] = one.offsets, one.sizes
        found.pts[slots], found.keys[slots] = one.pts, one.keys
        _close(reel, one.run, found)
    return found


def _close(reel: Reel, run: Run, found: Spliced) -> None:
    """Put the key frame behind a run in its place, and make it a start of its own."""
    if run.stop >= reel.count or runs.start_kind(reel, run.stop) != "open":
        return
    at = run.stop + run.tail
    data = hevc.broken_off(reel.read(run.stop), reel.nal)
    found.fresh[at], found.origin[at] = True, -1
    found.offsets[at] = found.spool.seek(0, 2)
    found.sizes[at] = len(data)
    found.pts[at], found.keys[at] = reel.pts[run.stop], True
    found.spool.write(data)


def _extradata(reel: Reel, rendered: list[Rendered]) -> bytes:
    fresh = [one.extradata for one in rendered]
    whole = rendered[0].run.whole
    if reel.codec == "h264":
        if not reel.nal:
            return reel.extradata
        old = config_of(reel)
        if whole:
            new = avc.read_config(fresh[0])
            return avc.Config(new.head, old.prefix, new.sps, new.pps, new.tail).pack()
        return avc.merged(old, fresh).pack()
    if reel.codec == "hevc":
        config = hevc.read_config(reel.extradata)
        if whole:
            return hevc.replaced(config, fresh[0]).pack()
        return hevc.merged(config, [(one.extradata, one.variant) for one in rendered]).pack()
    return fresh[0] if whole and fresh[0] and reel.codec not in _OWN_CONFIG else reel.extradata


_OWN_CONFIG = frozenset({"av1", "vp9", "vp8", "prores", "mjpeg"})  # what the container says holds
