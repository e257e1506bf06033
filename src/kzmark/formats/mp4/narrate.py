"""Words over the sound of an MP4 or MOV: new samples in the places of the first old ones.

Spec: ISO/IEC 14496-12, 8.6.6 (edits), 8.7 (sizes, chunks); 14496-14 (AAC in MP4).
"""

import io
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final

import numpy as np

from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark._rope import Rope, copy
from kzmark._temporary import scratch
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av import pcm
from kzmark.formats._av.dub import SPARE, Track, dubbed, probe
from kzmark.formats._av.kinds import HINT, forgotten, is_pcm
from kzmark.formats._av.retake import KIND, PACKETS, TIMES, Original, hindrance, retake
from kzmark.formats._av.soundtracks import configs, overhear, soundtracks
from kzmark.formats._bmff.boxes import brands, full
from kzmark.formats._film import Progress
from kzmark.formats._narration import Listen, Narration, NarrationFor
from kzmark.formats._sound import Sound
from kzmark.formats.mp4.burn import check_apart
from kzmark.formats.mp4.check import check_start
from kzmark.formats.mp4.movie import Edit, Movie, Piece, rewrite
from kzmark.formats.mp4.retrack import Retrack, retracked
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box

_SOUND: Final = b"soun"
_ASTRAY: Final = 0.06  # seconds by which a packet may be from where its samples are
_DELAY: Final = 1.0  # seconds by which sound may begin after the picture
_APART: Final = "leave out --audible"


def admit(source: BinaryIO, *, limits: Limits) -> None:
    """Refuse a film over whose sound nothing here can speak. See `Narrates.admit`."""
    movie = Movie(source, limits=limits)
    traks = [box for box in movie.moov.children or () if box.kind == b"trak"]
    heard = [one for one in traks if one.need(b"mdia", b"hdlr").body[8:12] == _SOUND]
    known = soundtracks(movie.source)
    if len(known) != len(heard):
        raise UnsupportedMediaError("a track of sound is of a kind that nothing here decodes")
    setups = configs(movie.source)
    for number, (trak, sound) in enumerate(zip(heard, known, strict=True)):
        if trak.need(b"mdia", b"minf", b"stbl", b"stsd").body[12:16] == b"enca":
            raise UnsupportedMediaError("its sound is encrypted")
        if _hindrance(movie, trak, sound, setups[number]):
            _original(movie, number, sound).manner(_muxer(movie))


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
    movie = Movie(source, limits=limits)
    if movie.fragmented:
        raise UnsupportedMediaError("its samples are listed in fragments")
    tables, known = movie.tables(), soundtracks(movie.source)
    places = [index for index, table in enumerate(tables) if table.kind == _SOUND]
    setups, work = configs(movie.source), _Work(movie, tables)
    for number, (place, sound) in enumerate(zip(places, known, strict=True)):
        reason = _hindrance(movie, tables[place].trak, sound, setups[number])
        if not reason:
            reason = work.joined(number, place, sound, setups[number], narration_for)
        if reason:
            work.retaken(number, place, sound, narration_for, reason)
        if progress is not None:
            progress(number + 1, len(places))
    work.write(target)
    return list(work.notes)


class _Work:
    """What changes of a film, track by track."""

    def __init__(self, movie: Movie, tables: Sequence[Table]) -> None:
        self._movie, self._tables = movie, tables
        self._edits: list[Edit] = []
        self._fresh: dict[int, int] = {}
        self._remade: dict[int, Retrack] = {}
        self.notes: dict[str, None] = {}

    def joined(
        self, number: int, place: int, sound: Sound, config: bytes, narration_for: NarrationFor
    ) -> str:
        """Join new samples to a track; return a reason where they cannot be."""
        movie, table = self._movie, self._tables[place]
        narration = narration_for(sound, _listen(movie, number))
        try:
            if is_pcm(sound.codec):
                begin = round(_first(movie, table.trak) * sound.rate / table.scale)
                own = list(_samples(movie, table, sound, narration, begin))
                end = (begin + len(narration.words)) * table.moment
                self._fresh[place] = int(np.searchsorted(np.cumsum(table.sizes) - table.sizes, end))
            else:
                own = self._packets(table, sound, config, narration, place)
        except UnsupportedMediaError:
            return PACKETS
        self._edits += own
        return ""

    def _packets(
        self, table: Table, sound: Sound, config: bytes, narration: Narration, place: int
    ) -> list[Edit]:
        track = _track(self._movie, table, sound, config)
        _check_times(table, track, len(narration.words))
        packets = dubbed(track, narration)
        own = list(_edits(self._movie.source, table, packets))
        check_apart(self._movie, self._tables, table, own)
        _put_sizes(table, packets)
        entries = table.stbl.need(b"stsd")
        old, new = forgotten(sound, config)
        entries.body = entries.body.replace(old, new) if old else entries.body
        self._fresh[place] = len(packets)
        return own

    def retaken(
        self, number: int, place: int, sound: Sound, narration_for: NarrationFor, reason: str
    ) -> None:
        """Record a track anew."""
        movie, listen = self._movie, _listen(self._movie, number)
        original, muxer = _original(movie, number, sound), _muxer(movie)
        take = retake(original, narration_for, listen, muxer=muxer, reason=reason)
        self._remade[place] = retracked(movie, self._tables, self._tables[place], take)
        self._edits += self._remade[place].edits
        self.notes |= dict.fromkeys(take.notes)

    def write(self, target: BinaryIO) -> None:
        """Write the film and look at it again; one that changed throughout goes to a file first."""
        if self._remade:
            with scratch() as made:
                rewrite(self._movie, made, edits=self._edits)
                copy(Rope.over(made), target, 0, made.seek(0, io.SEEK_END))
        else:
            rewrite(self._movie, target, edits=self._edits)
        check_start(
            self._movie.source,
            target,
            self._fresh,
            remade={place: (one.stream, one.table) for place, one in self._remade.items()},
            limits=self._movie.limits,
        )


def _hindrance(movie: Movie, trak: Box, sound: Sound, config: bytes) -> str:
    """Return why new samples cannot be joined to a track, or nothing."""

    def known() -> object:
        return pcm.width(sound) if is_pcm(sound.codec) else probe(sound, config)

    return hindrance((KIND, known), (TIMES, lambda: _first(movie, trak)))


def _original(movie: Movie, number: int, sound: Sound) -> Original:
    return Original(source=movie.source, demuxer="mov", number=number, sound=sound)


def _listen(movie: Movie, number: int) -> Listen:
    return partial(overhear, movie.source, "mov", number, limits=movie.limits)


def _muxer(movie: Movie) -> str:
    """Return which of both writes such a file: they describe sound in different words."""
    return "mov" if brands(movie.head)[0] in {b"qt  ", b""} else "mp4"


def _first(movie: Movie, trak: Box) -> int:
    """Return the time of the media at which a track begins to be played, in its own units.

    Raises:
        UnsupportedMediaError: If it begins late, or is cut into pieces.
    """
    from kzmark.formats.mp4.times import edits

    rows = edits(trak)
    head = movie.moov.need(b"mvhd").body
    at = 20 if head[:1] == b"\1" else 12
    scale = int.from_bytes(head[at : at + 4], "big") or 1
    empty = sum(length for length, time, _ in rows if time < 0)
    shown = [time for _, time, _ in rows if time >= 0]
    if len(shown) > 1 or (rows and not shown):
        raise UnsupportedMediaError("its sound is cut into pieces by an edit list", hint=_APART)
    if empty > _DELAY * scale:
        raise UnsupportedMediaError(f"its sound begins {empty / scale:.1f} s late", hint=_APART)
    return shown[0] if shown else 0


def _track(movie: Movie, table: Table, sound: Sound, config: bytes) -> Track:
    if table.entries != {1}:
        raise UnsupportedMediaError("its sound changes its kind on the way", hint=HINT)
    seconds = float(table.spans.sum()) / table.scale

    def read(index: int) -> bytes:
        movie.source.seek(int(table.offsets[index]))
        return read_exact(movie.source, int(table.sizes[index]), what="sound")

    return Track(
        sound=sound,
        config=config,
        kind=probe(sound, config),
        count=table.count,
        bit_rate=int(table.sizes.sum() * 8 / seconds) if seconds else 0,
        first=round(_first(movie, table.trak) * sound.rate / table.scale),
        read=read,
    )


def _samples(
    movie: Movie, table: Table, sound: Sound, narration: Narration, begin: int
) -> Iterator[Edit]:
    """Yield the bytes of samples that change: as many come to stand in their places.

    Raises:
        UnsupportedMediaError: If samples are listed in another way, or end before the words do.
    """
    wide = pcm.width(sound)
    if table.entries != {1} or table.moment != wide:
        raise UnsupportedMediaError("its samples are listed in a way of their own", hint=_APART)
    begin, end = begin * wide, (begin + len(narration.words)) * wide
    stretches = []
    first = 0
    for at, size in zip(table.chunks.tolist(), table.sizes.tolist(), strict=True):
        start, stop = max(first, begin), min(first + size, end)
        if start < stop:
            stretches.append((at + start - first, stop - start))
        first += size
        if first >= end:
            break
    parts = []
    for at, size in stretches:
        movie.source.seek(at)
        parts.append(read_exact(movie.source, size, what="sound"))
    fresh = io.BytesIO(pcm.dubbed(b"".join(parts), sound, narration))
    done = 0
    for at, size in stretches:
        yield Edit(at, at + size, (Piece(fresh, done, size),))
        done += size


def _check_times(table: Table, track: Track, words: int) -> None:
    """Refuse a track of which packets under the words are missing, or lie elsewhere."""
    count = min(table.count, (track.first + words) // track.frame + SPARE)
    due = np.arange(count) * (track.frame / track.sound.rate)
    if count and np.abs(table.pts[:count] / table.scale - due).max() > _ASTRAY:
        raise UnsupportedMediaError("the packets of its sound are not equally long", hint=HINT)


def _edits(source: BinaryIO, table: Table, packets: Sequence[bytes]) -> Iterator[Edit]:
    """Yield the chunks that hold new packets, each with what comes to stand there."""
    for chunk in range(int(table.chunk_of[len(packets) - 1]) + 1):
        begin = int(table.first[chunk])
        end = begin + int(table.counts[chunk])
        if begin == end:
            continue
        start = int(table.offsets[begin])
        stop = int(table.offsets[end - 1] + table.sizes[end - 1])
        data = b"".join(packets[begin:end])
        pieces = [Piece(io.BytesIO(data), 0, len(data))]
        if end > len(packets):
            kept = int(table.offsets[len(packets)])
            pieces.append(Piece(source, kept, stop - kept))
        yield Edit(start, stop, tuple(pieces))


def _put_sizes(table: Table, packets: Sequence[bytes]) -> None:
    sizes = table.sizes.copy()
    sizes[: len(packets)] = [len(one) for one in packets]
    head = bytes(4) + len(sizes).to_bytes(4, "big")
    table.stbl.drop(b"stz2")
    body = full(b"stsz", 0, 0, head, sizes.astype(">u4").tobytes())[8:]
    table.stbl.put(Box(b"stsz", body), behind=b"stsc")
