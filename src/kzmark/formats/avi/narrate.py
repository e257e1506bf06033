"""Words over the sound of an AVI: other bytes in the first chunks of each track.

Samples that are coded by nothing are changed in place. Packets may change their size where time is
counted in chunks; where it is counted in bytes, all that follows would come later.

Spec: AVI RIFF file reference (`strh`, `strf`); OpenDML AVI file format extensions 1.02.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import CheckError, MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats._av import pcm
from kzmark.formats._av.dub import SPARE, Track, dubbed, probe
from kzmark.formats._av.kinds import HINT, Kind, is_pcm
from kzmark.formats._av.soundtracks import configs, overhear, soundtracks
from kzmark.formats._film import Progress
from kzmark.formats._narration import Narration, NarrationFor
from kzmark.formats._sound import Sound
from kzmark.formats.avi.index import moved, walk
from kzmark.formats.avi.riff import Chunk, Edit, File, Moves, resized, write

_SCALE, _RATE, _START, _SAMPLE = 20, 24, 28, 44  # where they stand in `strh`
_DELAY: Final = 1.0  # seconds by which sound may begin after the picture
_ASTRAY: Final = 0.06  # seconds by which a packet may be from where its samples are
_APART: Final = "leave out --audible"


def admit(source: BinaryIO, *, limits: Limits) -> None:
    """Refuse a film over whose sound nothing here can speak. See `Narrates.admit`."""
    file = File(source, limits=limits)
    for number, sound, config in _tracks(file):
        _kind(file, number, sound, config)


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
    edits: list[Edit] = []
    sizes: dict[int, tuple[int, bool]] = {}
    known = list(_tracks(file))
    lists: list[Chunk] = []
    for place, (number, sound, config) in enumerate(known):
        listen = partial(overhear, file.source, "avi", place, limits=limits)
        narration = narration_for(sound, listen)
        kind = _kind(file, number, sound, config)
        lists, chunks = _chunks(file, number)
        if kind is None:
            edits += _samples(file, chunks, sound, narration)
        else:
            fresh = dubbed(_track(file, chunks, sound, config, kind), narration)
            for chunk, packet in zip(chunks, fresh, strict=False):
                head = len(packet).to_bytes(4, "little")
                whole = (head, packet, b"\0" * (len(packet) % 2))
                edits.append(Edit(chunk.start + 4, chunk.after, whole))
                sizes[chunk.start] = len(packet), True
        if progress is not None:
            progress(place + 1, len(known))
    moves = Moves(edits)
    write(file.source, target, [*edits, *resized(lists, moves), *moved(file, moves, sizes)])
    _check(file, target, [number for number, *_ in known])
    return []


def _tracks(file: File) -> Iterator[tuple[int, Sound, bytes]]:
    """Yield the number of each stream of sound, what it is, and what a decoder needs."""
    numbers = [at for at, head in enumerate(_heads(file)) if head[:4] == b"auds"]
    known = soundtracks(file.source)
    if len(known) != len(numbers):
        raise UnsupportedMediaError("a track of sound is of a kind that nothing here decodes")
    yield from zip(numbers, known, configs(file.source), strict=True)


def _heads(file: File) -> list[bytes]:
    """Return the header of every stream."""
    head = file.find(file.riffs[0], b"hdrl")
    streams = [one for one in file.inner(head) if one.kind == b"strl"] if head else []
    found = [file.find(one, b"strh") for one in streams]
    return [file.content(one).ljust(56, b"\0") if one else bytes(56) for one in found]


def _kind(file: File, number: int, sound: Sound, config: bytes) -> Kind | None:
    """Return how packets of a stream are made; nothing where there are none.

    Raises:
        UnsupportedMediaError: If nothing here makes them, or time is not counted in them.
    """
    told = _heads(file)[number]
    scale, rate, start, sample = (
        int.from_bytes(told[at : at + 4], "little") for at in (_SCALE, _RATE, _START, _SAMPLE)
    )
    if not scale or not rate:
        raise MalformedMediaError("a stream of sound without a rate")
    if start * scale > _DELAY * rate:
        raise UnsupportedMediaError("its sound begins late", hint=_APART)
    if is_pcm(sound.codec):
        pcm.width(sound)
        return None
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


def _check(file: File, target: BinaryIO, numbers: Sequence[int]) -> None:
    """Read the film again: every stream has its chunks, and the last one is as it was.

    Raises:
        CheckError: If it is not what it should be.
    """
    try:
        again = File(target, limits=file.limits)
        for number in numbers:
            (_, old), (_, new) = (_chunks(one, number) for one in (file, again))
            if len(old) != len(new):
                raise CheckError("the chunks of its sound are not those that there were")
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error
