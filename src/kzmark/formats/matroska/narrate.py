"""Words over the sound of Matroska and WebM: other packets in the first blocks of each track.

Spec: RFC 9559, 5.1.3 (clusters), 10 (blocks), 5.1.4.1.27 (codec delay).
"""

import io
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark._rope import Rope, copy
from kzmark._temporary import scratch
from kzmark.errors import CheckError, MediaError, UnsupportedMediaError
from kzmark.formats._av import pcm
from kzmark.formats._av.backend import spool
from kzmark.formats._av.dub import probe
from kzmark.formats._av.kinds import forgotten, is_pcm
from kzmark.formats._av.retake import KIND, PACKETS, TIMES, Original, hindrance, retake
from kzmark.formats._av.soundtracks import configs, overhear, soundtracks
from kzmark.formats._film import Progress
from kzmark.formats._narration import Listen, NarrationFor
from kzmark.formats._sound import Sound
from kzmark.formats.matroska import ebml, joints
from kzmark.formats.matroska.blocks import (
    BLOCK,
    GROUP,
    SIMPLE,
    TRACK,
    TRACK_NUMBER,
    Entry,
    Slot,
    entries,
    slots,
)
from kzmark.formats.matroska.retrack import Lane, check_lane, described, woven
from kzmark.formats.matroska.segment import (
    CLUSTER,
    POSITION,
    PREVIOUS,
    TRACKS,
    File,
    Part,
    Piece,
    length,
    rewrite,
)
from kzmark.formats.matroska.statistics import without_statistics

_SOUND: Final = 2
_COMPARED: Final = 64  # packets behind the new ones that are compared


def admit(source: BinaryIO, *, limits: Limits) -> None:
    """Refuse a film over whose sound nothing here can speak. See `Narrates.admit`."""
    file = File(source, limits=limits)
    for number, (entry, sound, config) in enumerate(zip(*_tracks(file), strict=True)):
        if entry.encrypted:
            raise UnsupportedMediaError("its sound is encrypted")
        if _hindrance(entry, sound, config):
            _original(file, number, sound).manner(_muxer(file))


def narrate(
    source: BinaryIO,
    target: BinaryIO,
    narration_for: NarrationFor,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy a film with words over the start of every track of sound. See `Narrates.narrate`."""
    admit(source, limits=limits)
    file = File(source, limits=limits)
    work, known = _Work(file), list(zip(*_tracks(file), strict=True))
    for number, (entry, sound, config) in enumerate(known):
        reason = _hindrance(entry, sound, config)
        if not reason:
            reason = work.joined(number, entry, sound, config, narration_for)
        if reason:
            work.retaken(number, entry, sound, narration_for, reason)
        if progress is not None:
            progress(number + 1, len(known))
    work.write(target)
    return list(work.notes)


class _Work:
    """What changes of a film, track by track."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._fresh: dict[int, bytes] = {}
        self._counts: dict[int, int] = {}
        self._resized: set[int] = set()
        self._setups: list[tuple[bytes, bytes]] = []
        self._lanes: dict[int, Lane] = {}
        self.notes: dict[str, None] = {}

    def joined(
        self,
        number: int,
        entry: Entry,
        sound: Sound,
        config: bytes,
        narration_for: NarrationFor,
    ) -> str:
        """Join new packets to a track; return a reason where they cannot be."""
        narration = narration_for(sound, _listen(self._file, number))
        try:
            if is_pcm(sound.codec):
                blocks, fresh = joints.samples(self._file, entry, sound, narration)
            else:
                blocks, fresh = joints.packets(self._file, entry, sound, config, narration)
                self._resized.add(entry.number)
        except joints.LateError:
            return TIMES
        except UnsupportedMediaError:
            return PACKETS
        places = [slot.block.start for slot, _ in blocks]
        self._fresh |= dict(zip(places, fresh, strict=False))
        self._counts[entry.number] = len(fresh)
        self._setups.append(forgotten(sound, config))
        return ""

    def retaken(
        self,
        number: int,
        entry: Entry,
        sound: Sound,
        narration_for: NarrationFor,
        reason: str,
    ) -> None:
        """Record a track anew."""
        original, muxer = _original(self._file, number, sound), _muxer(self._file)
        listen = _listen(self._file, number)
        take = retake(original, narration_for, listen, muxer=muxer, reason=reason)
        self._lanes[entry.number] = Lane(self._file, entry.number, take)
        self.notes |= dict.fromkeys(take.notes)

    def write(self, target: BinaryIO) -> None:
        """Write the film and look at it again; one that changed throughout goes to a file first."""
        file, lanes = self._file, list(self._lanes.values())
        tracks = _described(file, self._setups, self._lanes)
        outside = tracks | without_statistics(
            file, resized=self._resized, remade=self._lanes.keys()
        )
        if lanes:
            with spool() as held, scratch() as made:
                changed = woven(file, lanes, self._element, held)
                rewrite(file, made, changed | outside, rebuilt=frozenset(changed))
                copy(Rope.over(made), target, 0, made.seek(0, io.SEEK_END))
        else:
            changed = _clusters(file, self._fresh)
            rewrite(file, target, changed | outside, rebuilt=frozenset(changed))
        _check(file, target, self._counts, lanes)

    def _element(self, file: File, one: ebml.Element) -> list[Part]:
        return _element(file, one, self._fresh)


def _hindrance(entry: Entry, sound: Sound, config: bytes) -> str:
    """Return why new packets cannot be joined to a track, or nothing."""

    def known() -> object:
        return pcm.width(sound) if is_pcm(sound.codec) else probe(sound, config)

    return PACKETS if entry.encoded else hindrance((KIND, known))


def _original(file: File, number: int, sound: Sound) -> Original:
    return Original(source=file.source, demuxer="matroska", number=number, sound=sound)


def _listen(file: File, number: int) -> Listen:
    return partial(overhear, file.source, "matroska", number, limits=file.limits)


def _muxer(file: File) -> str:
    """Return which of both writes such a file: WebM takes fewer kinds of sound."""
    file.source.seek(0)
    return "webm" if b"webm" in file.source.read(file.segment.start) else "matroska"


def _tracks(file: File) -> tuple[list[Entry], list[Sound], list[bytes]]:
    found = [one for one in entries(file) if one.kind == _SOUND]
    known = soundtracks(file.source)
    if len(known) != len(found):
        raise UnsupportedMediaError("a track of sound is of a kind that nothing here decodes")
    return found, known, configs(file.source)


def _clusters(file: File, fresh: dict[int, bytes]) -> "dict[int, list[Part]]":
    """Return the clusters that hold new packets, each laid anew."""
    last, changed = max(fresh, default=-1), {}
    for cluster in file.tops:
        if cluster.kind != CLUSTER or cluster.start > last:
            continue
        inner = list(file.inner(cluster))
        parts = [part for one in inner for part in _element(file, one, fresh)]
        changed[cluster.start] = [ebml.header(CLUSTER, length(parts), width=8), *parts]
    return changed


def _described(
    file: File, setups: Sequence[tuple[bytes, bytes]], lanes: Mapping[int, Lane]
) -> "dict[int, list[Part]]":
    """Return the tracks with other words of what decoders need, if there are any."""
    found = file.first(TRACKS)
    if found is None or not (lanes or any(old for old, _ in setups)):
        return {}
    data = file.content(found)
    parts = []
    for row in ebml.children(data, 0, len(data), limits=file.limits):
        body = data[row.start : row.end]
        if row.kind == TRACK:
            rows = ebml.children(data, row.body, row.end, limits=file.limits)
            named = (data[one.body : one.end] for one in rows if one.kind == TRACK_NUMBER)
            lane = lanes.get(ebml.integer(next(named, b"")))
            if lane is not None:
                body = described(data[row.body : row.end], lane, limits=file.limits)
        for old, new in setups:
            body = body.replace(old, new) if old else body
        parts += [body] if row.kind != ebml.CRC else []
    whole = b"".join(parts)
    return {found.start: [ebml.header(TRACKS, len(whole)), whole]}


def _element(file: File, one: ebml.Element, fresh: dict[int, bytes]) -> list[Part]:
    if one.kind in {POSITION, PREVIOUS, ebml.CRC}:
        return []
    if one.kind in {SIMPLE, BLOCK} and one.start in fresh:
        head = joints.frame_head(file, Slot(0, one, one, 0))
        return [ebml.pack(one.kind, head, fresh[one.start])]
    if one.kind == GROUP:
        inner = list(file.inner(one))
        if any(part.start in fresh for part in inner):
            parts = [piece for part in inner for piece in _element(file, part, fresh)]
            return [ebml.header(GROUP, length(parts)), *parts]
    return [Piece(file.source, one.start, one.end - one.start)]


def _check(file: File, target: BinaryIO, counts: dict[int, int], lanes: Sequence[Lane]) -> None:
    """Read the start of the film again: no block moved in time, kept ones are as they were.

    Raises:
        CheckError: If it is not what it should be.
    """
    there = {one: _first(file, one, count) for one, count in counts.items()}  # its own faults aside
    try:
        again = File(target, limits=file.limits)
        for lane in lanes:
            check_lane(again, lane)
        for track, count in counts.items():
            old, new = there[track], _first(again, track, count)
            if [row[1:] for row in old] != [row[1:] for row in new]:
                raise CheckError("the times of its sound changed")
            for (before, *_), (after, *_) in zip(old[count:], new[count:], strict=True):
                if joints.payload(file, before) != joints.payload(again, after):
                    raise CheckError("a packet of its sound is not the one it was")
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error


def _first(file: File, track: int, count: int) -> list[tuple[Slot, int, bool]]:
    """Return the slots of a track that are compared."""
    return list(islice(slots(file, track), count + _COMPARED))
