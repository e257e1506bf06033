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
from kzmark.formats._av.dub import FRAMES, HINT, SPARE, Track, dubbed, probe
from kzmark.formats._av.soundtracks import configs, overhear, soundtracks
from kzmark.formats._film import Progress
from kzmark.formats._narration import NarrationFor
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
    for number, (entry, sound, config) in enumerate(known):
        listen = partial(overhear, file.source, "matroska", number, limits=limits)
        narration = narration_for(sound, listen)
        first = round(entry.delay * sound.rate / _SECOND)
        needed = (first + len(narration.words)) // FRAMES[sound.codec] + SPARE
        blocks = _blocks(file, entry, needed)
        _check_times(file, blocks, sound)
        packets = dubbed(_track(file, blocks, sound, config, first), narration)
        places = [slot.block.start for slot, _ in blocks]
        fresh |= dict(zip(places, packets, strict=False))
        counts[entry.number] = len(packets)
        if progress is not None:
            progress(number + 1, len(known))
    changed = _clusters(file, fresh)
    rewrite(file, target, changed, rebuilt=frozenset(changed))
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


def _check_times(file: File, blocks: Blocks, sound: Sound) -> None:
    """Refuse a track that begins late, or in which packets are missing."""
    unit, long = scale_of(file) / _SECOND, FRAMES[sound.codec] / sound.rate
    start = blocks[0][1] * unit if blocks else 0.0
    if start > _DELAY:
        raise UnsupportedMediaError(f"its sound begins {start:.1f} s late", hint=_APART)
    for number, (_, time) in enumerate(blocks):
        if abs(time * unit - start - number * long) > _ASTRAY:
            raise UnsupportedMediaError("the packets of its sound are not equally long", hint=HINT)


def _track(file: File, blocks: Blocks, sound: Sound, config: bytes, first: int) -> Track:
    sizes = [slot.block.end - slot.block.body for slot, _ in blocks]
    seconds = len(blocks) * FRAMES[sound.codec] / sound.rate
    return Track(
        sound=sound,
        config=config,
        frame=FRAMES[sound.codec],
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
    try:
        again = File(target, limits=file.limits)
        for track, count in counts.items():
            old, new = (list(islice(slots(one, track), count + _COMPARED)) for one in (file, again))
            if [row[1:] for row in old] != [row[1:] for row in new]:
                raise CheckError("the times of its sound changed")
            for (before, *_), (after, *_) in zip(old[count:], new[count:], strict=True):
                if _payload(file, before) != _payload(again, after):
                    raise CheckError("a packet of its sound is not the one it was")
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error
