"""Encoding runs again with the plate on them, one run at a time, packets to a spool."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av import av1, avc, hevc, runs, vision
from kzmark.formats._av.backend import load, reading, settle
from kzmark.formats._av.facts import Facts
from kzmark.formats._av.manner import Manner
from kzmark.formats._av.plate import Plate, plate_for
from kzmark.formats._av.reel import Flags, Numbers, Reel
from kzmark.formats._av.runs import Run
from kzmark.formats._base import PatchFor

_FEW: Final = 2  # threads of a decoder: each of them holds several pictures
_ASP: Final = frozenset({"mpeg4", "mpeg2video", "msmpeg4v3"})  # what decodes them stands in them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A run, encoded again.

    Attributes:
        run: Which one.
        offsets: Where each packet lies in the spool, in bytes.
        sizes: How long each is.
        pts: When each is shown.
        keys: Which are key frames.
        extradata: Parameter sets of the encoder, as it hands them out.
        variant: Which ids its parameter sets get.
    """

    run: Run
    offsets: Numbers
    sizes: Numbers
    pts: Numbers
    keys: Flags
    extradata: bytes
    variant: int


@dataclass(slots=True, kw_only=True)
class Job:
    """One film under work.

    Attributes:
        reel: Its pictures.
        facts: What is known of them.
        patch_for: Displayed size → patch.
        dirty: Which pictures get the plate.
        spool: Where packets go.
        tell: Told of every picture that is done.
    """

    reel: Reel
    facts: Facts
    patch_for: PatchFor
    dirty: Flags
    spool: BinaryIO
    tell: Callable[[int], None]
    _plate: Plate | None = None

    def render(self, found: Sequence[Run]) -> Iterator[Rendered]:
        """Yield each run when it is done.

        Raises:
            MediaError: If the film is damaged, or of a kind that cannot be encoded again.
        """
        whole = all(run.whole for run in found)
        manner = manner_for(self.reel, self.facts, whole=whole)
        for run in found:
            with reading("picture"):
                done = _Rendering(self, run, manner).result()
            settle()
            yield done

    def lay(self, frame: Any) -> None:
        """Lay the plate on a frame."""
        if self._plate is None:
            self._plate = plate_for(frame, self.facts, self.patch_for)
        self._plate.lay(frame)


def manner_for(reel: Reel, facts: Facts, *, whole: bool) -> Manner:
    """Return the settings with which a film, or runs of it, are encoded again.

    Raises:
        MediaError: If its parameter sets are damaged, or leave no number to runs.
    """
    manner = Manner(
        facts=facts,
        base=reel.base,
        rate=reel.rate,
        bit_rate=reel.bit_rate,
        group=reel.group,
        whole=whole,
        in_band=reel.codec in _ASP or (not reel.nal and reel.codec == "h264"),
    )
    if reel.codec == "h264":
        config = config_of(reel)
        like = avc.read_sps(config.sps[0]) if config.sps else None
        return replace(manner, like=like, number=0 if whole else avc.free_number(config))
    if reel.codec == "hevc" and not whole:
        hevc.check_free(hevc.read_config(reel.extradata))
        return replace(manner, number=1)
    return manner


def config_of(reel: Reel) -> avc.Config:
    """Return the H.264 parameter sets of a film, however its container holds them."""
    if reel.nal:
        return avc.read_config(reel.extradata)
    found = avc.from_start_codes(reel.extradata) or avc.from_start_codes(reel.read(0))
    if found is None:
        raise UnsupportedMediaError("it has no H.264 parameter sets")
    return found


class _Rendering:
    """One run between decoder and encoder."""

    def __init__(self, job: Job, run: Run, manner: Manner) -> None:
        self._job, self._run, self._manner = job, run, manner
        reel = job.reel
        self._end = run.stop + (1 + run.tail if run.tail else 0)
        wanted = [*range(run.start, run.stop), *range(run.stop + 1, self._end)]
        self._dirty = dict(zip(reel.pts[wanted].tolist(), job.dirty[wanted].tolist(), strict=True))
        if len(self._dirty) != run.count:
            raise UnsupportedMediaError("two of its pictures are shown at one time")
        self._depth = runs.depth(reel, run, np.array(sorted(self._dirty)))
        self._places: dict[int, int] = {}  # of pictures with instructions, by when they are shown
        if reel.codec == "hevc" and vision.carried(reel.read(run.start), reel.nal):
            self._places = dict(zip(reel.pts[wanted].tolist(), wanted, strict=True))
        self._decoder: Any = None
        self._encoder: Any = None
        self._packets: list[tuple[int, int, int, bool]] = []

    def result(self) -> Rendered:
        """Decode, lay the plate, encode, spool."""
        try:
            self._work()
        except BaseException:
            self._settle()
            raise
        if len(self._packets) != self._run.count:
            raise UnsupportedMediaError(
                f"{self._run.count} pictures became {len(self._packets)} when encoded again"
            )
        offsets, sizes, pts, keys = zip(*self._packets, strict=True)
        return Rendered(
            run=self._run,
            offsets=np.array(offsets, np.int64),
            sizes=np.array(sizes, np.int64),
            pts=np.array(pts, np.int64),
            keys=np.array(keys, np.bool_),
            extradata=bytes(self._encoder.extradata or b""),
            variant=runs.DEPTHS[0] - self._depth,
        )

    def _work(self) -> None:
        done = 0
        order = iter(sorted(self._dirty)) if self._job.reel.renumbered else None
        for frame in self._frames():
            if order is not None:
                frame.pts = next(order, None)
            if frame.pts in self._dirty:
                self._encode(frame, first=not done)
                done += 1
                self._job.tell(1)
        if self._encoder is None:
            raise UnsupportedMediaError("no frame of it can be decoded")
        self._keep(self._encoder.encode(None))

    def _settle(self) -> None:
        """Let the threads of decoder and encoder come to rest.

        A codec that is freed while they work waits for them, and they for the interpreter's lock.
        """
        for rest in (
            self._decoder and self._decoder.decode,
            self._encoder and self._encoder.encode,
        ):
            with contextlib.suppress(Exception):  # whatever it is, another error is on its way
                rest(None)

    def _frames(self) -> Iterator[Any]:
        reel, run = self._job.reel, self._run
        decoder = self._decoder = decoder_for(reel)
        decoder.thread_count = 0 if run.whole else _FEW
        start = run.start
        if (reel.pts[run.start : run.stop] < reel.pts[run.start]).any():
            earlier = np.flatnonzero(reel.keys[: run.start])  # leading pictures refer to these
            start = int(earlier[-1]) if len(earlier) else start
        for index in range(start, self._end):
            yield from decoder.decode(packet_of(reel, index))
        yield from decoder.decode(None)

    def _encode(self, frame: Any, *, first: bool) -> None:
        if self._encoder is None:
            self._encoder = self._manner.encoder(self._depth)
        if self._dirty[frame.pts]:
            self._job.lay(frame)
        elif (frame.width, frame.height) != (self._job.facts.width, self._job.facts.height):
            raise UnsupportedMediaError("its frames change their size on the way")
        frame.time_base = self._job.reel.base
        frame.pict_type = 1 if first else 0
        self._keep(self._encoder.encode(frame))

    def _keep(self, packets: Any) -> None:
        reel, spool = self._job.reel, self._job.spool
        for packet in packets:
            data = self._fitted(bytes(packet))
            if (place := self._places.get(packet.pts)) is not None:
                told = vision.carried(reel.read(place), reel.nal)
                data = vision.with_carried(data, told, reel.nal)
            self._packets.append((spool.tell(), len(data), packet.pts, packet.is_keyframe))
            spool.write(data)
            if packet.pts is None or packet.pts not in self._dirty:
                raise UnsupportedMediaError(f"the {reel.codec} encoder changes the times")

    def _fitted(self, data: bytes) -> bytes:
        """Return a packet as the container of this film holds packets."""
        reel = self._job.reel
        if reel.codec == "av1":
            return av1.without_delimiters(data)
        if reel.codec == "hevc" and not self._run.whole:
            return hevc.moved(data, runs.DEPTHS[0] - self._depth, reel.nal)
        if reel.nal and reel.nal != 4:
            return _relaid(data, reel.nal)
        return data


def _relaid(data: bytes, prefix: int) -> bytes:
    from kzmark.formats._av.nal import joined, units

    return joined(list(units(data, 4)), prefix)


def decoder_for(reel: Reel) -> Any:
    """Return an open decoder for the pictures of a film."""
    names = {"av1": "libdav1d"}
    name = names.get(reel.codec, reel.codec)
    av = load()
    if name not in av.codecs_available:
        raise UnsupportedMediaError(f"there is no decoder for {reel.codec}")
    decoder = av.CodecContext.create(name, "r")
    if reel.extradata:
        decoder.extradata = reel.extradata
    decoder.thread_type = "AUTO"
    return decoder


def packet_of(reel: Reel, index: int) -> Any:
    """Return one coded picture for a decoder."""
    packet = load().Packet(reel.read(index))
    packet.pts, packet.time_base = int(reel.pts[index]), reel.base
    return packet


__all__ = ["Job", "Rendered", "config_of", "decoder_for", "manner_for", "packet_of"]
