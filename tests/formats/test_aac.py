"""AAC in frames of its own: joined where a decoder allows, else encoded again, and told."""

import io
from pathlib import Path
from typing import Any

import pytest
from fixtures.sounds import NOISELESS, sound
from tests.formats.sound_samples import LIMITS, heard, marked, packets, spoken

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats.aac import ADAPTER, speak
from kzmark.formats.aac.frames import framed, header, walk
from kzmark.formats.layers._id3_tag import Frame, Tag
from kzmark.sniff import sniff

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
SPEECH = (CLEAN / "speech.aac").read_bytes()


def test_frames_are_counted_and_say_the_same_as_those_before_them() -> None:
    data = spoken(SPEECH)[0]
    before, after = (walk(Rope.over(io.BytesIO(one)), 0) for one in (SPEECH, data))

    assert after.blocks > before.blocks + 12
    assert after.first[1:4] == before.first[1:4]
    assert data.endswith(SPEECH)


def test_sound_that_is_not_plain_is_encoded_again_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speak, "LOW", 1)  # as if these frames were of a kind without an encoder

    data, notes = spoken(SPEECH)

    assert notes == (speak.ENCODED_AGAIN,)
    assert len(heard(data)) >= len(heard(SPEECH)) + 0.8 * 16_000


def test_surround_sound_is_joined() -> None:
    data = sound("adts", "aac", layout="5.1", bit_rate=200_000, options=NOISELESS)

    assert packets(spoken(data)[0])[-len(packets(data)) :] == packets(data)


def test_a_tag_before_the_frames_stays_and_gets_the_mark() -> None:
    front = Tag(4, [Frame("TIT2", b"\3Theirs"), Frame("TLEN", b"\0001500")]).pack()

    data = marked(spoken(front + SPEECH)[0])

    assert sniff(io.BytesIO(data)).info.name == "aac"
    assert b"Theirs" in data[:100]
    assert b"\x001500" not in data[:200]
    assert data.endswith(SPEECH)


def test_a_frame_that_is_cut_off_is_malformed() -> None:
    with pytest.raises(MalformedMediaError):
        ADAPTER.sound(io.BytesIO(SPEECH[:-5]), limits=LIMITS)


def test_a_packet_longer_than_a_frame_can_be_is_refused() -> None:
    first: Any = header(SPEECH[:7])

    with pytest.raises(UnsupportedMediaError):
        framed(first, bytes(8_190))
