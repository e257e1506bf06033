"""Chunks of a WAV that name places in its samples, moved with them.

Spec: Multimedia Programming Interface 1.0 (`cue `, `fact`); `smpl` (MIDI sample dump in RIFF);
EBU Tech 3285 (`bext`, time reference; `levl`); iXML 3 (production recordings); the `PEAK` chunk of
floating point files.
"""

import re
import struct
from collections.abc import Callable
from typing import Final

import numpy as np

from kzmark.formats._audio.chunks import Chunk, File, Fresh
from kzmark.formats._sound import Samples
from kzmark.formats.layers._id3_tag import Tag
from kzmark.formats.layers._id3_times import shift

_CUE: Final = 24  # bytes of a cue point
_LOOP: Final = 24  # bytes of a loop
_REFERENCE: Final = 338  # offset of the time reference in `bext`
_MAX: Final = 0xFFFFFFFF
_NAMED: Final = re.compile(  # elements of iXML that name a time or a place in the sound, not 0
    rb"<(?:TIMESTAMP_SAMPLES_SINCE_MIDNIGHT|BWF_TIME_REFERENCE|SYNC_POINT|PRE_RECORD_SAMPLECOUNT)"
    rb"(?:_(?:LO|HI|LOW|HIGH))?>\s*0*[1-9]"
)
_Moved = tuple[bytes | None, list[str]]  # the new content, or nothing to leave it out


def moved(file: File, one: Chunk, count: int, words: Samples) -> tuple[Fresh | None, list[str]]:
    """Return a chunk as it reads when samples were put before all others.

    Args:
        file: The file.
        one: A chunk whose kind is among `KINDS`.
        count: How many samples.
        words: The samples.

    Returns:
        The chunk, or nothing if it does not hold any more; and notes on that, as stable codes.
    """
    data, notes = KINDS[one.kind](file.content(one), count, words, file)
    return (None if data is None else Fresh(one.kind, (data,))), notes


def _cues(data: bytes, count: int, _words: Samples, _file: File) -> _Moved:
    out = bytearray(data)
    for at in range(4, len(data) - _CUE + 1, _CUE):
        _later(out, at + 4, count)
        if data[at + 8 : at + 12] == b"data":
            _later(out, at + 20, count)
    return bytes(out), []


def _loops(data: bytes, count: int, _words: Samples, _file: File) -> _Moved:
    out = bytearray(data)
    loops = int.from_bytes(data[28:32], "little")
    for at in range(36, min(len(data) - _LOOP + 1, 36 + loops * _LOOP), _LOOP):
        _later(out, at + 8, count)
        _later(out, at + 12, count)
    return bytes(out), []


def _length(data: bytes, count: int, _words: Samples, _file: File) -> _Moved:
    out = bytearray(data)
    if len(data) >= 4 and data[:4] != b"\xff" * 4:
        _later(out, 0, count)
    return bytes(out), []


def _broadcast(data: bytes, count: int, _words: Samples, _file: File) -> _Moved:
    """Let the file begin earlier, so that the content keeps its time of day."""
    if len(data) < _REFERENCE + 8:
        return data, []
    told = int.from_bytes(data[_REFERENCE : _REFERENCE + 8], "little")
    if not told:
        return data, []
    notes = ["time-reference-kept"] if told < count else []
    begins = told if told < count else told - count
    return data[:_REFERENCE] + begins.to_bytes(8, "little") + data[_REFERENCE + 8 :], notes


def _production(data: bytes, _count: int, _words: Samples, _file: File) -> _Moved:
    """Leave what a recorder wrote as it is, and tell of it if it names times."""
    named = _NAMED.search(data.replace(b"\0", b""))  # in UTF-16, too
    return data, ["times-not-shifted"] if named else []


def _peaks(data: bytes, count: int, words: Samples, _file: File) -> _Moved:
    out = bytearray(data)
    for channel in range(min(words.shape[1], (len(data) - 8) // 8)):
        at = 8 + channel * 8
        (value,) = struct.unpack_from("<f", data, at)
        loud = int(np.abs(words[:, channel]).argmax()) if len(words) else 0
        if len(words) and float(abs(words[loud, channel])) > value:
            struct.pack_into("<fI", out, at, float(abs(words[loud, channel])), loud)
        else:
            _later(out, at + 4, count)
    return bytes(out), []


def _envelope(_data: bytes, _count: int, _words: Samples, _file: File) -> _Moved:
    return None, ["peaks-dropped"]


def _tag(data: bytes, count: int, _words: Samples, file: File) -> _Moved:
    rate = int.from_bytes(file.content(file.need(b"fmt "))[4:8], "little")
    tag = Tag.parse(data, limits=file.limits)
    notes = shift(tag, round(1000 * count / max(1, rate)))
    return tag.pack(), notes


def _later(out: bytearray, at: int, count: int) -> None:
    value = int.from_bytes(out[at : at + 4], "little")
    out[at : at + 4] = max(0, min(value + count, _MAX)).to_bytes(4, "little")


KINDS: Final[dict[bytes, Callable[[bytes, int, Samples, File], _Moved]]] = {
    b"cue ": _cues,
    b"smpl": _loops,
    b"fact": _length,
    b"bext": _broadcast,
    b"iXML": _production,
    b"PEAK": _peaks,
    b"levl": _envelope,
    b"id3 ": _tag,
    b"ID3 ": _tag,
}
