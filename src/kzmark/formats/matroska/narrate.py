"""Words over the sound of Matroska and WebM: other packets in the first blocks of each track.

Spec: RFC 9559, 5.1.3 (clusters), 10 (blocks), 5.1.4.1.27 (codec delay).
"""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import BinaryIO, Final

from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark.errors import CheckError, MediaError, UnsupportedMediaError
from kzmark.formats._av import pcm
from kzmark.formats._av.dub import SPARE, Track, dubbed, probe
from kzmark.formats._av.kinds import HINT, Kind, forgotten, is_pcm
from kzmark.formats._av.soundtracks import configs, overhear, soundtracks
from kzmark.formats._film import Progress
from kzmark.formats._narration import Narration, NarrationFor
from kzmark.formats._sound import Sound
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import (
    BLOCK,
    GROUP,
    SIMPLE,
    Entry,
    Slot,
    entries,
    head_of,
    scale_of,
    slots,
)
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

_SOUND: Final = 2
_DELAY: Final = 1.0  # seconds by which sound may begin after the picture
_ASTRAY: Final = 0.06  # seconds by which a block may be from where its samples are
_COMPARED: Final = 64  # packets behind the new ones that are compared
_APART: Final = "leave out --audible"
_SECOND: Final = 1_000_000_000

Blocks = list[tuple[Slot, int]]  # with their times


def admit(source: BinaryIO, *, limits: Limits) -> None:
    """Refuse a film over whose sound nothing here can speak. See `Narrates.admit`."""
    file = File(source, limits=limits)
    for entry, sound, config in zip(*_tracks(file), strict=True):
        if entry.encoded:
            raise UnsupportedMediaError("its sound is compressed or encrypted as a whole")
        if is_pcm(sound.codec):
            pcm.width(sound)
        else:
            probe(sound, config)


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
    fresh: dict[int, bytes] = {}
    known = list(zip(*_tracks(file), strict=True))
    counts = {}
    setups: list[tuple[bytes, bytes]] = []
    for number, (entry, sound, config) in enumerate(known):
        listen = partial(overhear, file.source, "matroska", number, limits=limits)
        narration = narration_for(sound, listen)
        first = round(entry.delay * sound.rate / _SECOND)
        if is_pcm(sound.codec):
            blocks, packets = _samples(file, entry, sound, narration)
        else:
            kind = probe(sound, config)
            needed = (first + len(narration.words)) // kind.frame + SPARE
            blocks = _blocks(file, entry, needed)
            _check_times(file, blocks, kind.frame / sound.rate)
            packets = dubbed(_track(file, blocks, sound, config, kind, first), narration)
        places = [slot.block.start for slot, _ in blocks]
        fresh |= dict(zip(places, packets, strict=False))
        counts[entry.number] = len(packets)
        setups.append(forgotten(sound, config))
        if progress is not None:
            progress(number + 1, len(known))
    changed = _clusters(file, fresh)
    rewrite(file, target, changed | _described(file, setups), rebuilt=frozenset(changed))
    _check(file, target, counts)
    return []


def _tracks(file: File) -> tuple[list[Entry], list[Sound], list[bytes]]:
    found = [one for one in entries(file) if one.kind == _SOUND]
    known = soundtracks(file.source)
    if len(known) != len(found):
        raise UnsupportedMediaError("a track of sound is of a kind that nothing here decodes")
    return found, known, configs(file.source)


def _blocks(file: File, entry: Entry, count: int) -> Blocks:
    return [(slot, time) for slot, time, _ in islice(slots(file, entry.number), count)]


def _samples(
    file: File, entry: Entry, sound: Sound, narration: Narration
) -> tuple[Blocks, list[bytes]]:
    """Return the blocks of plain samples under the words, and what comes to stand in them."""
    wanted = len(narration.words) * pcm.width(sound)
    blocks: Blocks = []
    parts: list[bytes] = []
    for slot, time, _ in slots(file, entry.number):
        blocks.append((slot, time))
        parts.append(_payload(file, slot))
        if sum(map(len, parts)) >= wanted:
            break
    _check_start(blocks[0][1] * scale_of(file) / _SECOND if blocks else 0.0)
    data = b"".join(parts)
    fresh, packets = pcm.dubbed(data[:wanted], sound, narration) + data[wanted:], []
    for part in parts:
        packets.append(fresh[: len(part)])
        fresh = fresh[len(part) :]
    return blocks, packets


def _check_start(start: float) -> None:
    if start > _DELAY:
        raise UnsupportedMediaError(f"its sound begins {start:.1f} s late", hint=_APART)


def _check_times(file: File, blocks: Blocks, long: float) -> None:
    """Refuse a track that begins late, or in which packets are missing."""
    unit = scale_of(file) / _SECOND
    start = blocks[0][1] * unit if blocks else 0.0
    _check_start(start)
    for number, (_, time) in enumerate(blocks):
        if abs(time * unit - start - number * long) > _ASTRAY:
            raise UnsupportedMediaError("the packets of its sound are not equally long", hint=HINT)


def _track(
    file: File, blocks: Blocks, sound: Sound, config: bytes, kind: Kind, first: int
) -> Track:
    sizes = [slot.block.end - slot.block.body for slot, _ in blocks]
    seconds = len(blocks) * kind.frame / sound.rate
    return Track(
        sound=sound,
        config=config,
        kind=kind,
        count=len(blocks),
        bit_rate=int(sum(sizes) * 8 / seconds) if seconds else 0,
        first=first,
        read=lambda index: _payload(file, blocks[index][0]),
    )


def _payload(file: File, slot: Slot) -> bytes:
    head = len(_head(file, slot))
    file.source.seek(slot.block.body + head)
    return read_exact(file.source, slot.block.end - slot.block.body - head, what="sound")


def _head(file: File, slot: Slot) -> bytes:
    """Return track, time and flags of a block."""
    head = head_of(file, slot.block)
    return head[: ebml.number(head, 0)[0] + 3]


def _clusters(file: File, fresh: dict[int, bytes]) -> "dict[int, list[Part]]":
    """Return the clusters that hold new packets, each laid anew."""
    last, changed = max(fresh), {}
    for cluster in file.tops:
        if cluster.kind != CLUSTER or cluster.start > last:
            continue
        inner = list(file.inner(cluster))
        parts = [part for one in inner for part in _element(file, one, fresh)]
        changed[cluster.start] = [ebml.header(CLUSTER, length(parts), width=8), *parts]
    return changed


def _described(file: File, setups: Sequence[tuple[bytes, bytes]]) -> "dict[int, list[Part]]":
    """Return the tracks with other words of what decoders need, if there are any."""
    found = file.first(TRACKS)
    if found is None or not any(old for old, _ in setups):
        return {}
    data = file.content(found)
    rows = ebml.children(data, 0, len(data), limits=file.limits)
    body = b"".join(data[row.start : row.end] for row in rows if row.kind != ebml.CRC)
    for old, new in setups:
        body = body.replace(old, new) if old else body
    return {found.start: [ebml.header(TRACKS, len(body)), body]}


def _element(file: File, one: ebml.Element, fresh: dict[int, bytes]) -> list[Part]:
    if one.kind in {POSITION, PREVIOUS, ebml.CRC}:
        return []
    if one.kind in {SIMPLE, BLOCK} and one.start in fresh:
        head = _head(file, Slot(0, one, one, 0))
        return [ebml.pack(one.kind, head, fresh[one.start])]
    if one.kind == GROUP:
        inner = list(file.inner(one))
        if any(part.start in fresh for part in inner):
            parts = [piece for part in inner for piece in _element(file, part, fresh)]
            return [ebml.header(GROUP, length(parts)), *parts]
    return [Piece(file.source, one.start, one.end - one.start)]


def _check(file: File, target: BinaryIO, counts: dict[int, int]) -> None:
    """Read the start of the film again: no block moved in time, kept ones are as they were.

    Raises:
        CheckError: If it is not what it should be.
    """
    there = {one: _first(file, one, count) for one, count in counts.items()}  # its own faults aside
    try:
        again = File(target, limits=file.limits)
        for track, count in counts.items():
            old, new = there[track], _first(again, track, count)
            if [row[1:] for row in old] != [row[1:] for row in new]:
                raise CheckError("the times of its sound changed")
            for (before, *_), (after, *_) in zip(old[count:], new[count:], strict=True):
                if _payload(file, before) != _payload(again, after):
                    raise CheckError("a packet of its sound is not the one it was")
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error


def _first(file: File, track: int, count: int) -> list[tuple[Slot, int, bool]]:
    """Return the slots of a track that are compared."""
    return list(islice(slots(file, track), count + _COMPARED))
