"""The samples of a WAV: how they are stored, and the words laid before them.

Spec: Multimedia Programming Interface 1.0 (`fmt `, `data`, `fact`, `cue `); Microsoft, multiple
channel audio data and WAVE files (`WAVE_FORMAT_EXTENSIBLE`); EBU Tech 3285 (`bext`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio import facts, voice
from kzmark.formats._audio.chunks import Chunk, File, Fresh, Piece, write
from kzmark.formats._audio.pcm import Kind, packed
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.wav import times

_PCM, _ADPCM_MS, _FLOAT, _ALAW, _MULAW, _ADPCM_IMA = 1, 2, 3, 6, 7, 17
_EXTENSIBLE: Final = 0xFFFE
_KINDS: Final = {_FLOAT: "float", _ALAW: "alaw", _MULAW: "mulaw"}
_BLOCKS: Final = {_ADPCM_MS: "adpcm_ms", _ADPCM_IMA: "adpcm_ima_wav"}
_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")  # of the GUID of a known format


@dataclass(frozen=True, slots=True)
class Shape:
    """What the `fmt ` chunk says.

    Attributes:
        tag: Number of the format, that of an extensible one included.
        channels: How many.
        rate: Samples a second.
        align: Bytes of one block: of one moment, unless samples are coded in blocks.
        bits: Bits that a sample takes.
        valid: Bits of them that count.
    """

    tag: int
    channels: int
    rate: int
    align: int
    bits: int
    valid: int

    @property
    def kind(self) -> Kind | None:
        """How samples are stored; nothing if they are coded in blocks."""
        if self.tag == _PCM:
            name = "unsigned" if self.bits <= 8 else "signed"
        elif self.tag in _KINDS:
            name = _KINDS[self.tag]
        else:
            return None
        width = -(-self.bits // 8)  # whole bytes: the highest bits of them count
        if self.align != self.channels * width:
            raise MalformedMediaError(
                f"blocks of {self.align} bytes for {self.channels} samples of {self.bits} bits"
            )
        return Kind(kind=name, bits=8 * width, valid=self.valid, order="little")


def shape(file: File) -> Shape:
    """Return what the `fmt ` chunk says.

    Raises:
        MalformedMediaError: If it makes no sense.
    """
    data = file.content(file.need(b"fmt "))
    if len(data) < 16:
        raise MalformedMediaError("the format of the sound is cut off")
    tag, channels, align, bits = (
        int.from_bytes(data[at : at + 2], "little") for at in (0, 2, 12, 14)
    )
    rate, valid = int.from_bytes(data[4:8], "little"), bits
    if tag == _EXTENSIBLE:
        if len(data) < 40 or data[26:40] != _TAIL:
            raise UnsupportedMediaError("its kind of sound is one that kzmark does not know")
        tag = int.from_bytes(data[24:26], "little")
        told = int.from_bytes(data[18:20], "little")
        valid = told if 0 < told <= bits and tag == _PCM else bits
    if not channels or not rate or not align or channels > facts.CHANNELS:
        raise MalformedMediaError(f"{channels} channels at {rate} samples a second")
    return Shape(tag, channels, rate, align, bits, valid)


def sound(source: BinaryIO, *, limits: Limits) -> Sound:
    """Return rate, channels and length."""
    file = File(source, limits=limits)
    shaped = shape(file)
    file.need(b"data")
    if shaped.kind is None and shaped.tag not in _BLOCKS:
        raise UnsupportedMediaError(f"sound of the kind {shaped.tag:#06x} inside of a WAV")
    return facts.survey(file.source, "wav").sound


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy a WAV with words before its samples, of which no bit changes."""
    file = File(source, limits=limits)
    shaped, data = shape(file), file.need(b"data")
    fresh, count = _spoken(words, shaped, file)
    length = data.end - data.body
    length -= length % shaped.align  # bytes that are no whole block
    frames = [one for one in file.chunks if one.kind == b"data"]
    if len(frames) > 1:
        raise UnsupportedMediaError(f"it has {len(frames)} chunks of samples")
    joined = Fresh(b"data", (fresh, Piece(file.source, data.body, length)))
    chunks, notes = _moved(file, data, joined, count, words)
    total = (length + len(fresh)) // shaped.align if shaped.kind else file.samples + count
    write(file, target, chunks, samples=total)
    if progress:
        progress(1, 1)
    return notes


def unsay(source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits) -> Sequence[str]:
    """Copy a WAV without so many samples at its start. See `Unsays.unsay`."""
    file = File(source, limits=limits)
    shaped, data = shape(file), file.need(b"data")
    start = data.body + count * shaped.align
    if shaped.kind is None or start >= data.end:
        raise UnsupportedMediaError("its samples cannot be told one by one")
    length = (data.end - start) // shaped.align * shaped.align
    kept = Fresh(b"data", (Piece(file.source, start, length),))
    silence = np.zeros((0, shaped.channels), np.float32)
    chunks, notes = _moved(file, data, kept, -count, silence)
    write(file, target, chunks, samples=length // shaped.align)
    return notes


def _moved(
    file: File, data: Chunk, joined: Fresh, count: int, words: Samples
) -> tuple[list[Fresh], list[str]]:
    chunks, notes = [], []
    for one in file.chunks:
        if one == data:
            chunks.append(joined)
        elif one.kind in times.KINDS:
            moved, told = times.moved(file, one, count, words)
            notes += told
            chunks += [moved] if moved is not None else []
        else:
            chunks.append(file.kept(one))
    return chunks, sorted(set(notes))


def _spoken(words: Samples, shaped: Shape, file: File) -> tuple[bytes, int]:
    """Return the words as this file stores samples, and how many moments they take."""
    kind = shaped.kind
    if kind is not None:
        return packed(words, kind, shaped.rate), len(words)
    if shaped.tag not in _BLOCKS:
        raise UnsupportedMediaError(f"sound of the kind {shaped.tag:#06x} inside of a WAV")
    manner = voice.Manner(
        encoder=_BLOCKS[shaped.tag],
        rate=shaped.rate,
        layout="mono" if shaped.channels == 1 else "stereo",
        sample="s16" if shaped.tag == _ADPCM_MS else "s16p",
        options={"block_size": str(shaped.align)},
    )
    found = voice.coded([words], manner)
    told = file.content(file.need(b"fmt "))[18:]
    alike = shaped.tag != _ADPCM_MS or told.startswith(found.extradata[:32])
    if not alike or any(len(one) != shaped.align for one in found.packets):
        raise UnsupportedMediaError("its blocks are of a kind that cannot be encoded here")
    return b"".join(found.packets), len(found.packets) * found.frame
