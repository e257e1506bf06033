"""Words before the frames of a FLAC file, which are numbered anew and not encoded again."""

from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark import _rope
from kzmark._limits import Limits
from kzmark.formats._audio.backend import spool
from kzmark.formats._audio.facts import survey
from kzmark.formats._audio.voice import Manner, coded
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples
from kzmark.formats.flac import blocks
from kzmark.formats.flac.blocks import File, Info
from kzmark.formats.flac.frames import Head, crc16, head, spell, verbatim
from kzmark.formats.flac.renumber import Moved, put

_ENCODED: Final = {16: "s16", 24: "s32"}  # bits of a sample → what the encoder takes
_HEAD: Final = 32  # bytes in which the head of a frame ends


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy a FLAC file with words before its frames, of whose samples no bit changes."""
    file = File.of(source, limits=limits)
    info, layout = file.info, survey(file.front.source, "flac").sound.layout
    file.front.source.seek(file.sound)
    first = head(file.front.source.read(_HEAD))
    values = _numbers(words, info)
    fresh = _spoken(values, info, layout, first)
    told = blocks.points(file.find(blocks.SEEKTABLE) or b"")
    later = len(values) if first.varies else len(fresh)
    with spool() as held:
        moved = Moved(file, info, later, told, held)
        moved.run(values, sum(map(len, fresh)))
        notes = [*moved.notes, *put(file, moved, len(values), fresh)]
        tag, more = file.front.moved(round(1000 * len(values) / info.rate))
        target.write(tag)
        front = file.front
        _rope.copy(front.source, target, front.after, front.content - front.after)
        target.write(file.head() + b"".join(fresh))
        _rope.copy(held, target, 0, moved.size)
    rest = file.sound + moved.read
    _rope.copy(file.front.source, target, rest, file.front.source.size - rest)
    if progress:
        progress(1, 1)
    return sorted({*notes, *more})


def unsay(source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits) -> Sequence[str]:
    """Copy a FLAC file without the frames of words of a length. See `Unsays.unsay`."""
    file = File.of(source, limits=limits)
    info, front = file.info, file.front
    front.source.seek(file.sound)
    varies = head(front.source.read(_HEAD)).varies
    number = -(-count // info.most)
    samples = number * info.most
    told = blocks.points(file.find(blocks.SEEKTABLE) or b"")
    with spool() as held:
        moved = Moved(file, info, -(samples if varies else number), told, held, dropped=number)
        moved.run(np.zeros((0, info.channels), np.int32), 0)
        notes = [*moved.notes, *put(file, moved, -samples, [])]
        tag, more = front.moved(-round(1000 * samples / info.rate))
        target.write(tag)
        _rope.copy(front.source, target, front.after, front.content - front.after)
        target.write(file.head())
        _rope.copy(held, target, 0, moved.size)
    rest = file.sound + moved.read
    _rope.copy(front.source, target, rest, front.source.size - rest)
    return sorted({*notes, *more})


def _numbers(words: Samples, info: Info) -> NDArray[np.signedinteger]:
    """Return the words as whole samples, silence behind them up to the end of a block."""
    top = 1 << (info.bits - 1)
    values = np.zeros((-(-len(words) // info.most) * info.most, words.shape[1]), np.int32)
    for at in range(0, len(words), info.most):  # wide numbers take memory
        numbers = np.rint(np.asarray(words[at : at + info.most], np.float64) * top)
        values[at : at + len(numbers)] = np.clip(numbers, -top, top - 1)
    return values


def _spoken(values: NDArray[np.signedinteger], info: Info, layout: str, first: Head) -> list[bytes]:
    """Return the words as frames of this stream, with their numbers."""
    step = info.most if first.varies else 1
    if info.bits not in _ENCODED or not layout:
        return [
            verbatim(values[at : at + info.most], first.fixed, at // info.most * step, info.bits)
            for at in range(0, len(values), info.most)
        ]
    options = {"frame_size": str(info.most)}
    if info.bits == 24:
        options["bits_per_raw_sample"] = "24"
    manner = Manner(
        encoder="flac",
        rate=info.rate,
        layout=layout,
        sample=_ENCODED[info.bits],
        options=options,
    )
    top = np.float32(1 << (info.bits - 1))  # 24 bits fit into a float
    pieces = (values[at : at + info.most] / top for at in range(0, len(values), info.most))
    exact = (np.asarray(block, np.float32) for block in pieces)
    made = []
    for number, packet in enumerate(coded(exact, manner).packets):
        old = head(packet)
        varying = bytes((old.fixed[0], old.fixed[1] | first.varies, *old.fixed[2:]))
        fresh = _other_head(packet, old, varying, number * step)
        made.append(fresh)
    return made


def _other_head(packet: bytes, old: Head, fixed: bytes, number: int) -> bytes:
    """Return a frame with another head; it is short enough to be checked as a whole."""
    whole = spell(fixed, number, old.rest) + packet[old.size : -2]
    return whole + crc16(whole).to_bytes(2, "big")
