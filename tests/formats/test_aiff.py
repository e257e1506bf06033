"""AIFF: every way to store samples, and markers in them."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from fixtures.sounds import sound
from tests.formats.sound_samples import LIMITS, heard, marked, mutagen, spoken, words

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.chunks import File
from kzmark.formats.aiff import ADAPTER
from kzmark.formats.aiff.chunks import moved_marks

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
SPEECH = (CLEAN / "speech.aiff").read_bytes()
CODECS = ("pcm_s8", "pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_alaw", "pcm_s16le")


def content(data: bytes, kind: bytes) -> bytes:
    file = File(io.BytesIO(data), limits=LIMITS)
    return file.content(file.need(kind))


@pytest.mark.parametrize("codec", CODECS)
def test_every_kind_of_sample_stays_and_gets_words(codec: str) -> None:
    data = sound("aiff", codec, layout="stereo", seconds=0.2)
    before, after = heard(data), heard(spoken(data)[0])
    said = len(words(16_000, 2))

    assert np.array_equal(after[said:], before)
    assert after[:said].astype(np.float64).std() > 0


def test_the_number_of_moments_is_right() -> None:
    data = spoken(SPEECH)[0]

    assert int.from_bytes(content(data, b"COMM")[2:6], "big") == len(heard(data))


def test_markers_move_whatever_their_names_are() -> None:
    marks = b"\0\2" + b"\0\1" + struct.pack(">I", 7) + b"\3abc" + b"\0\2" + struct.pack(">I", 9)
    marks += b"\2ab\0"

    moved = moved_marks(marks, 100)

    assert struct.unpack_from(">I", moved, 4)[0] == 107
    assert struct.unpack_from(">I", moved, 14)[0] == 109
    assert len(moved) == len(marks)


def test_mutagen_reads_the_mark() -> None:
    found = mutagen("aiff.AIFF", marked(SPEECH))

    assert "KZ 230-VIII" in str(found.tags["TXXX:kzmark.record"])


def test_sound_coded_in_blocks_is_refused_in_words() -> None:
    data = sound("aiff", "adpcm_ima_qt", rate=22_050)

    with pytest.raises(UnsupportedMediaError, match="ima4"):
        ADAPTER.sound(io.BytesIO(data), limits=LIMITS)


def test_samples_that_begin_behind_their_end_are_malformed() -> None:
    data = bytearray(SPEECH)
    at = data.index(b"SSND") + 8
    data[at : at + 4] = b"\x7f\xff\xff\xff"

    with pytest.raises(MalformedMediaError):
        spoken(bytes(data))
