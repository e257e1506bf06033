"""Packets of a track of Matroska sound, and others that come to stand in the first blocks of it.

Spec: RFC 9559, 10 (blocks), 5.1.4.1.27 (codec delay).
"""

from itertools import islice
from typing import Final

from kzmark._io import read_exact
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av import pcm
from kzmark.formats._av.dub import SPARE, Track, dubbed, probe
from kzmark.formats._av.kinds import HINT, Kind
from kzmark.formats._narration import Narration
from kzmark.formats._sound import Sound
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import Entry, Slot, head_of, scale_of, slots
from kzmark.formats.matroska.segment import File

_DELAY: Final = 1.0  # seconds by which sound may begin after the picture
_ASTRAY: Final = 0.06  # seconds by which a block may be from where its samples are
_APART: Final = "leave out --audible"
_SECOND: Final = 1_000_000_000

Blocks = list[tuple[Slot, int]]  # with their times


class LateError(UnsupportedMediaError):
    """A track of sound begins long after the picture."""


def _blocks(file: File, entry: Entry, count: int) -> Blocks:
    return [(slot, time) for slot, time, _ in islice(slots(file, entry.number), count)]


def packets(
    file: File, entry: Entry, sound: Sound, config: bytes, narration: Narration
) -> tuple[Blocks, list[bytes]]:
    """Return the blocks at the start of a track, and the packets that come to stand in them."""
    kind, first = probe(sound, config), round(entry.delay * sound.rate / _SECOND)
    blocks = _blocks(file, entry, (first + len(narration.words)) // kind.frame + SPARE)
    _check_times(file, blocks, kind.frame / sound.rate)
    return blocks, dubbed(_track(file, blocks, sound, config, kind, first), narration)


def samples(
    file: File, entry: Entry, sound: Sound, narration: Narration
) -> tuple[Blocks, list[bytes]]:
    """Return the blocks of plain samples under the words, and what comes to stand in them."""
    wanted = len(narration.words) * pcm.width(sound)
    blocks: Blocks = []
    parts: list[bytes] = []
    for slot, time, _ in slots(file, entry.number):
        blocks.append((slot, time))
        parts.append(payload(file, slot))
        if sum(map(len, parts)) >= wanted:
            break
    _check_start(blocks[0][1] * scale_of(file) / _SECOND if blocks else 0.0)
    data = b"".join(parts)
    fresh, found = pcm.dubbed(data[:wanted], sound, narration) + data[wanted:], []
    for part in parts:
        found.append(fresh[: len(part)])
        fresh = fresh[len(part) :]
    return blocks, found


def _check_start(start: float) -> None:
    if start > _DELAY:
        raise LateError(f"its sound begins {start:.1f} s late", hint=_APART)


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
        read=lambda index: payload(file, blocks[index][0]),
    )


def payload(file: File, slot: Slot) -> bytes:
    """Return the packet in a block."""
    head = len(frame_head(file, slot))
    file.source.seek(slot.block.body + head)
    return read_exact(file.source, slot.block.end - slot.block.body - head, what="sound")


def frame_head(file: File, slot: Slot) -> bytes:
    """Return track, time and flags of a block."""
    head = head_of(file, slot.block)
    return head[: ebml.number(head, 0)[0] + 3]
