"""AAC in frames of its own: joined where a decoder allows, else encoded again, and told."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.sounds import NOISELESS, sound
from tests.formats.sound_samples import LIMITS, heard, marked, packets, spoken

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio import hear
from kzmark.formats._audio.voice import ENCODED_AGAIN
from kzmark.formats.aac import ADAPTER, listen, speak
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

    assert notes == (ENCODED_AGAIN,)
    assert len(heard(data)) >= len(heard(SPEECH)) + 0.8 * 16_000


SPANS = [(0.0, 0.5), (0.5, 1.0), (1.013, 2.4), (4.0, 5.5), (9.9, 9.91), (11.0, 13.0), (30.0, 31.0)]


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_stretches_sound_as_in_the_whole(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "_START", 0.0)
    data = sound("adts", "aac", seconds=12, layout=layout, options=NOISELESS)
    played = np.concatenate(list(hear.whole(io.BytesIO(data), "aac")))
    rate = ADAPTER.sound(io.BytesIO(data), limits=LIMITS).rate

    found = list(ADAPTER.listen(io.BytesIO(data), SPANS, limits=LIMITS))

    assert [time for time, _ in found] == pytest.approx([start for start, _ in SPANS[:-1]])
    for (time, part), (start, stop) in zip(found, SPANS, strict=False):
        wanted = played[round(start * rate) : round(stop * rate)]
        assert time * rate == pytest.approx(round(start * rate))
        np.testing.assert_allclose(part, wanted, atol=1e-5)


def test_stretches_of_a_stream_that_no_frame_explains_are_left_to_libav(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = sound("adts", "aac", seconds=8, options=NOISELESS)
    monkeypatch.setattr(listen, "_START", 0.0)
    near = list(ADAPTER.listen(io.BytesIO(data), SPANS, limits=LIMITS))
    monkeypatch.setattr(listen, "LOW", 1)  # as if these frames were of high efficiency

    plain = list(ADAPTER.listen(io.BytesIO(data), SPANS, limits=LIMITS))

    assert [part.shape for _, part in plain] == [part.shape for _, part in near]


def test_a_stretch_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "_START", 0.0)
    few = Limits(max_bytes=16 * 4_000)

    with pytest.raises(LimitExceededError, match="a stretch"):
        list(ADAPTER.listen(io.BytesIO(SPEECH), [(0.0, 60.0)], limits=few))


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
