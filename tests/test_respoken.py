"""Sounds and films that are stamped again: no notice is ever heard twice."""

import io
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from fixtures import sounds
from fixtures.films import X264, film

import kzmark
from kzmark.signing.identity import Identity, new_identity
from kzmark.sniff import sniff
from kzmark.stamper import Stamper

LIMITS = kzmark.Limits()
KINDS = {  # muxer, encoder; whether words are cut out of it
    "mp3": ("mp3", "libmp3lame", True),
    "wav": ("wav", "pcm_s16le", True),
    "aiff": ("aiff", "pcm_s16be", True),
    "aac": ("adts", "aac", True),
    "flac": ("flac", "flac", True),
    "m4a": ("ipod", "aac", True),
    "opus": ("ogg", "libopus", False),
}
MADE: dict[str, tuple[bytes, kzmark.Stamped]] = {}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


def stamper(identity: Identity, name: str, *languages: str, **chosen: Any) -> Stamper:
    statement = kzmark.Statement(
        system=kzmark.System(name=name), responsible=kzmark.Responsible(name="ТОО")
    )
    return Stamper(statement, identity=identity, languages=list(languages), **chosen)


def stamped(by: Stamper, data: bytes, **options: Any) -> tuple[bytes, kzmark.Stamped]:
    done = by.stamp(data, **options)
    assert done.data is not None
    return done.data, done


@cache
def clean(kind: str) -> bytes:
    muxer, encoder, _ = KINDS[kind]
    return sounds.sound(muxer, encoder, seconds=3, rate=48_000)


def spoken(identity: Identity, kind: str) -> tuple[bytes, kzmark.Stamped]:
    """Return a sound that was stamped once, in Kazakh."""
    if kind not in MADE:
        MADE[kind] = stamped(stamper(identity, "A", "kk"), clean(kind))
    return MADE[kind]


def samples(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as file:
        parts = [frame.to_ndarray() for frame in file.decode(file.streams.audio[0])]
        wide = [part if part.shape[0] <= 2 else part.T for part in parts]
    return np.concatenate(wide, axis=1)


@each_kind
def test_the_same_words_are_not_spoken_again(kind: str, identity: Identity) -> None:
    once, first = spoken(identity, kind)

    twice, second = stamped(stamper(identity, "B", "kk"), once, replace=True)

    assert np.array_equal(samples(once), samples(twice))
    assert second.mark.history == (first.mark.mark_id,)
    assert kzmark.verify(twice).verdict is kzmark.Verdict.COMPLIANT


@each_kind
def test_other_words_take_the_place_of_the_earlier_ones(kind: str, identity: Identity) -> None:
    once, _ = spoken(identity, kind)

    twice, done = stamped(stamper(identity, "A", "ru"), once, replace=True)

    assert kzmark.verify(twice).verdict is kzmark.Verdict.COMPLIANT
    assert done.mark.notice.seconds is not None
    longer = samples(twice).shape[1] - (done.mark.notice.seconds[1] + 3) * 48_000
    if KINDS[kind][2]:
        assert abs(longer) < 9_000  # encoders put silence around what they are given
        assert done.notes.count("earlier-words-cut") == 1
        assert "earlier-words-kept" not in done.notes
    else:
        assert longer > 100_000
        assert "earlier-words-kept" in done.notes


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind][2]])
def test_words_that_are_taken_back_leave_the_sound_as_it_was(kind: str) -> None:
    adapter: Any = sniff(io.BytesIO(clean(kind)), name=f"a.{kind}")
    sound = adapter.sound(io.BytesIO(clean(kind)), limits=LIMITS)
    words = np.full((40_000, sound.channels), 0.2, np.float32)
    spoken, back = io.BytesIO(), io.BytesIO()
    adapter.speak(io.BytesIO(clean(kind)), spoken, words, limits=LIMITS)

    adapter.unsay(spoken, back, len(words), limits=LIMITS)

    before, after = (packets(one) for one in (clean(kind), back.getvalue()))
    assert before == after


def packets(data: bytes) -> bytes:
    with av.open(io.BytesIO(data)) as file:
        return b"".join(bytes(one) for one in file.demux(file.streams.audio[0]))


def test_a_film_is_spoken_over_once(identity: Identity) -> None:
    chosen = {"placement": "intro", "audible": "words"}
    quick = {**X264, "preset": "ultrafast"}
    data = film("mp4", "libx264", sound="flac", frames=84, options=quick)
    once, _ = stamped(stamper(identity, "A", "ru", **chosen), data)

    twice, _ = stamped(stamper(identity, "B", "ru", **chosen), once, replace=True)

    assert packets(once) == packets(twice)
    assert kzmark.verify(twice).verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.parametrize("audible", ["words", None])
def test_earlier_words_that_stay_in_a_film_are_told_of(
    audible: str | None, identity: Identity
) -> None:
    quick = {**X264, "preset": "ultrafast"}
    data = film("mp4", "libx264", sound="flac", frames=84, options=quick)
    first = {"placement": "intro", "audible": "words"}
    once, done = stamped(stamper(identity, "A", "ru", **first), data)

    then = {"placement": "intro"} | ({"audible": audible} if audible else {})
    _, again = stamped(stamper(identity, "A", "en", **then), once, replace=True)

    assert "earlier-words-kept" not in done.notes
    assert "earlier-words-kept" in again.notes
