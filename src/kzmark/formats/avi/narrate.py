"""Words over the sound of an AVI: other bytes in the first chunks of each track.

Samples that are coded by nothing are changed in place. Packets may change their size where time is
counted in chunks; where it is counted in bytes, all that follows would come later.

Spec: AVI RIFF file reference (`strh`, `strf`); OpenDML AVI file format extensions 1.02.
"""

import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark._rope import Rope, copy
from kzmark._temporary import scratch
from kzmark.errors import CheckError, MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats._av import pcm
from kzmark.formats._av.dub import SPARE, Track, dubbed, probe
from kzmark.formats._av.kinds import HINT, Kind, is_pcm
from kzmark.formats._av.retake import KIND, PACKETS, TIMES, Original, hindrance, retake
from kzmark.formats._av.soundtracks import configs, overhear, soundtracks
from kzmark.formats._film import Progress
from kzmark.formats._narration import Listen, Narration, NarrationFor
from kzmark.formats._sound import Sound
from kzmark.formats.avi.index import moved, walk
from kzmark.formats.avi.retrack import retracked
from kzmark.formats.avi.riff import Chunk, Edit, File, Moves, resized, write

_SCALE, _RATE, _START, _SAMPLE = 20, 24, 28, 44  # where they stand in `strh`
_DELAY: Final = 1.0  # seconds by which sound may begin after the picture
_ASTRAY: Final = 0.06  # seconds by which a packet may be from where its samples are
_APART: Final = "leave out --audible"


def admit(source: BinaryIO, *, limits: Limits) -> None:
    """Refuse a film over whose sound nothing here can speak. See `Narrates.admit`."""
    file = File(source, limits=limits)
    for place, (number, sound, config) in enumerate(_tracks(file)):
        if _hindrance(file, number, sound, config):
            _original(file, place, sound).manner("avi")


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
    work, known = _Work(file), list(_tracks(file))
    for place, (number, sound, config) in enumerate(known):
        reason = _hindrance(file, number, sound, config)
        if not reason:
            reason = work.joined(place, number, sound, config, narration_for)
        if reason:
            work.retaken(place, number, sound, narration_for, reason)
        if progress is not None:
            progress(place + 1, len(known))
    work.write(target)
    _check(file, target, [number for number, *_ in known], work.is_kept)
    return list(work.notes)


class _Work:
    """What changes of a film, track by track."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._edits: list[Edit] = []
        self._sizes: dict[int, tuple[int, bool]] = {}
        self._heads: list[Chunk] = []
        self.notes: dict[str, None] = {}

    def joined(
        self, place: int, number: int, sound: Sound, config: bytes, narration_for: NarrationFor
    ) -> str:
        """Join new packets to a track; return a reason where they cannot be."""
        file = self._file
        narration = narration_for(sound, _listen(file, place))
        kind = _kind(file, number, sound, config)
        chunks = _chunks(file, number)[1]
        try:
            if kind is None:
                self._edits += list(_samples(file, chunks, sound, narration))
                return ""
            fresh = dubbed(_track(file, chunks, sound, config, kind), narration)
        except UnsupportedMediaError:
            return PACKETS
        for chunk, packet in zip(chunks, fresh, strict=False):
            head = len(packet).to_bytes(4, "little")
            whole = (head, packet, b"\0" * (len(packet) % 2))
            self._edits.append(Edit(chunk.start + 4, chunk.after, whole))
            self._sizes[chunk.start] = len(packet), True
        return ""

    def retaken(
        self, place: int, number: int, sound: Sound, narration_for: NarrationFor, reason: str
    ) -> None:
        """Record a track anew."""
        file = self._file
        original, listen = _original(file, place, sound), _listen(file, place)
        take = retake(original, narration_for, listen, muxer="avi", reason=reason)
        head, stream = _streams(file)[0], _streams(file)[1][number]
        edits, sizes = retracked(file, stream, _chunks(file, number)[1], take)
        self._edits += edits
        self._sizes |= sizes
        self._heads += [head] * (head not in self._heads) + [stream]
        self.notes |= dict.fromkeys(take.notes)

    def is_kept(self, chunk: Chunk) -> bool:
        """Say whether a chunk is to be as it was."""
        return all(one.stop <= chunk.start or chunk.end <= one.start for one in self._edits)

    def write(self, target: BinaryIO) -> None:
        """Write the film; one that changed throughout goes to a file first."""
        file, moves = self._file, Moves(sorted(self._edits, key=lambda edit: edit.start))
        lists: list[Chunk] = []
        for riff in file.riffs:
            deque(walk(file, riff, lists), maxlen=0)
        grown = resized([*lists, *self._heads], moves)
        edits = [*self._edits, *grown, *moved(file, moves, self._sizes)]
        if self._heads:
            with scratch() as made:
                write(file.source, made, edits)
                copy(Rope.over(made), target, 0, made.seek(0, io.SEEK_END))
        else:
            write(file.source, target, edits)


def _hindrance(file: File, number: int, sound: Sound, config: bytes) -> str:
    """Return why packets cannot be joined to a stream, or nothing."""
    scale, rate, start, _ = _times(file, number)

    def known() -> object:
        return pcm.width(sound) if is_pcm(sound.codec) else probe(sound, config)

    def in_time() -> None:
        if start * scale > _DELAY * rate:
            raise UnsupportedMediaError("its sound begins late", hint=_APART)

    return hindrance(
        (KIND, known), (TIMES, in_time), (PACKETS, lambda: _kind(file, number, sound, config))
    )


def _original(file: File, place: int, sound: Sound) -> Original:
    return Original(source=file.source, demuxer="avi", number=place, sound=sound)


def _listen(file: File, place: int) -> Listen:
    return partial(overhear, file.source, "avi", place, limits=file.limits)


def _tracks(file: File) -> Iterator[tuple[int, Sound, bytes]]:
    """Yield the number of each stream of sound, what it is, and what a decoder needs."""
    numbers = [at for at, head in enumerate(_heads(file)) if head[:4] == b"auds"]
    known = soundtracks(file.source)
    if len(known) != len(numbers):
        raise UnsupportedMediaError("a track of sound is of a kind that nothing here decodes")
    yield from zip(numbers, known, configs(file.source), strict=True)


def _streams(file: File) -> tuple[Chunk, list[Chunk]]:
    """Return the list of headers, and the lists of all streams in it."""
    head = file.find(file.riffs[0], b"hdrl")
    if head is None:
        raise MalformedMediaError("an AVI without a header")
    return head, [one for one in file.inner(head) if one.kind == b"strl"]


def _heads(file: File) -> list[bytes]:
    """Return the header of every stream."""
    found = [file.find(one, b"strh") for one in _streams(file)[1]]
    return [file.content(one).ljust(56, b"\0") if one else bytes(56) for one in found]


def _times(file: File, number: int) -> tuple[int, int, int, int]:
    """Return scale and rate of a stream, when it begins, and the bytes that time is counted in.

    Raises:
        MalformedMediaError: If it has no rate.
    """
    told = _heads(file)[number]
    scale, rate, start, sample = (
        int.from_bytes(told[at : at + 4], "little") for at in (_SCALE, _RATE, _START, _SAMPLE)
    )
    if not scale or not rate:
        raise MalformedMediaError("a stream of sound without a rate")
    return scale, rate, start, sample


def _kind(file: File, number: int, sound: Sound, config: bytes) -> Kind | None:
    """Return how packets of a stream are made; nothing where there are none.

    Raises:
        UnsupportedMediaError: If nothing here makes them, or time is not counted in them.
    """
    if is_pcm(sound.codec):
        pcm.width(sound)
        return None
    scale, rate, _, sample = _times(file, number)
    kind = probe(sound, config)
    lasts = scale / rate  # seconds of a chunk
    if sample or abs(lasts - kind.frame / sound.rate) * SPARE > _ASTRAY:
        raise UnsupportedMediaError("the time of its sound is not counted in packets", hint=HINT)
    return kind


def _chunks(file: File, number: int) -> tuple[list[Chunk], list[Chunk]]:
    """Return all lists that hold chunks, and the chunks of one stream."""
    lists: list[Chunk] = []
    name = b"%02dwb" % number
    found = [one for riff in file.riffs for one in walk(file, riff, lists) if one.kind == name]
    return lists, found


def _samples(
    file: File, chunks: Sequence[Chunk], sound: Sound, narration: Narration
) -> Iterator[Edit]:
    """Yield the bytes of samples that change: as many come to stand in their places."""
    wanted = len(narration.words) * pcm.width(sound)
    parts: list[tuple[int, bytes]] = []
    for chunk in chunks:
        if wanted <= 0:
            break
        data = _content(file, chunk)[:wanted]
        parts.append((chunk.body, data))
        wanted -= len(data)
    fresh = pcm.dubbed(b"".join(data for _, data in parts), sound, narration)
    for at, data in parts:
        yield Edit(at, at + len(data), (fresh[: len(data)],))
        fresh = fresh[len(data) :]


def _track(file: File, chunks: Sequence[Chunk], sound: Sound, config: bytes, kind: Kind) -> Track:
    size = sum(one.end - one.body for one in chunks)
    return Track(
        sound=sound,
        config=config,
        kind=kind,
        count=len(chunks),
        bit_rate=int(size * 8 * sound.rate / (len(chunks) * kind.frame)) if chunks else 0,
        first=0,
        read=lambda index: _content(file, chunks[index]),
    )


def _content(file: File, chunk: Chunk) -> bytes:
    file.source.seek(chunk.body)
    return file.source.read(chunk.end - chunk.body)


def _check(
    file: File, target: BinaryIO, numbers: Sequence[int], is_kept: Callable[[Chunk], bool]
) -> None:
    """Read the film again: every stream has its chunks, and the last one is as it was, if kept.

    Raises:
        CheckError: If it is not what it should be.
    """
    try:
        again = File(target, limits=file.limits)
        for number in numbers:
            (_, old), (_, new) = (_chunks(one, number) for one in (file, again))
            if len(old) != len(new):
                raise CheckError("the chunks of its sound are not those that there were")
            if old and is_kept(old[-1]) and _content(file, old[-1]) != _content(again, new[-1]):
                raise CheckError("the last chunk of its sound is not the one it was")
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error
