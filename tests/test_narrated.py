"""Films that speak: stamped, verified, and told apart from those that only say they do."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fixtures.films import X264, film

import kzmark
from kzmark._rope import Rope
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats import adapter
from kzmark.formats._narration import Listen, Narrates, Narration
from kzmark.formats._sound import Sound
from kzmark.signing.identity import Identity, new_identity
from kzmark.stamper import Stamper

QUICK = {**X264, "preset": "ultrafast"}
STATEMENT = kzmark.Statement(
    system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


@pytest.fixture(scope="module")
def speaking(identity: Identity) -> Stamper:
    return Stamper(
        STATEMENT, identity=identity, placement="intro", audible="words", languages=["ru"]
    )


@cache
def made(sound: str = "aac", *, container: str = "mp4", seconds: int = 7) -> bytes:
    return film(container, "libx264", sound=sound, frames=12 * seconds, options=QUICK)


def stamped(stamper: Stamper, data: bytes, **options: Any) -> tuple[bytes, kzmark.Stamped]:
    done = stamper.stamp(data, **options)
    assert done.data is not None
    return done.data, done


def parts(data: bytes, kind: str) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        stream = next(one for one in container.streams if one.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def remuxed(data: bytes, *kinds: str) -> bytes:
    """Return what lies in a film, with some of its tracks only; tags and all else are gone."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4") as target:
        rows = [one for one in source.streams if one.type in kinds]
        tracks = {one.index: target.add_stream_from_template(one) for one in rows}
        for packet in source.demux(*rows):
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
    return out.getvalue()


def with_mark_of(data: bytes, other: bytes) -> bytes:
    """Return a film with the record of another one."""
    mark = kzmark.verify(other).mark
    assert mark is not None
    target, known = io.BytesIO(), adapter("mp4")
    known.write(io.BytesIO(data), target, mark, limits=kzmark.Limits())
    return target.getvalue()


@cache
def spoken_film(stamper: Stamper) -> bytes:
    return stamped(stamper, made())[0]


def test_a_film_that_speaks_says_when_and_complies(speaking: Stamper) -> None:
    data = spoken_film(speaking)

    report = kzmark.verify(data)

    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert report.mark is not None
    assert report.mark.notice.heard == pytest.approx((0.0, 4.295), abs=0.01)
    assert report.mark.notice.seconds == (0.0, 2.8)
    assert any("heard in ru" in finding.message for finding in report.findings)


def test_only_the_start_of_its_sound_is_new(speaking: Stamper) -> None:
    before, after = (parts(one, "audio") for one in (made(), spoken_film(speaking)))

    same = [one == two for one, two in zip(before, after, strict=True)]

    assert not any(same[:200])
    assert all(same[int(4.3 * 48_000 / 1024) + 20 :])


def test_without_being_asked_a_film_says_nothing(identity: Identity) -> None:
    data, done = stamped(Stamper(STATEMENT, identity=identity, placement="intro"), made())

    assert parts(data, "audio") == parts(made(), "audio")
    assert kzmark.verify(data).mark.notice.heard is None  # type: ignore[union-attr]
    assert done.notes == ()


@pytest.mark.parametrize(("kinds", "told"), [(("video",), "no sound"), ((), "no notice was heard")])
def test_a_film_that_no_longer_speaks_does_not_comply(
    speaking: Stamper, kinds: tuple[str, ...], told: str
) -> None:
    data = spoken_film(speaking)
    silent = remuxed(data, *kinds) if kinds else muted(data)

    report = kzmark.verify(with_mark_of(silent, data))

    assert report.verdict is kzmark.Verdict.NOT_COMPLIANT
    (finding,) = (one for one in report.findings if one.code == "notice.not-found")
    assert told in finding.message


def muted(data: bytes) -> bytes:
    """Return a film in whose sound nothing is heard for the first seconds."""

    def nothing(sound: Sound, listen: Listen) -> Narration:
        del listen
        count = 5 * sound.rate
        silence = np.zeros((count, sound.channels), np.float32)
        return Narration(words=silence, gain=np.zeros(count, np.float32))

    known, target = adapter("mp4"), Rope()
    assert isinstance(known, Narrates)
    known.narrate(io.BytesIO(data), target, nothing, limits=kzmark.Limits())
    target.seek(0)
    return target.read()


def test_a_film_without_sound_says_so(speaking: Stamper) -> None:
    data, done = stamped(speaking, made(sound=""))

    assert set(done.notes) == {"film-without-sound", "notice.without-kk"}
    assert kzmark.verify(data).verdict is kzmark.Verdict.COMPLIANT


def test_a_film_stamped_twice_is_left_as_it_is(speaking: Stamper) -> None:
    _, again = stamped(speaking, spoken_film(speaking))

    assert again.changed is False


def test_a_film_that_was_only_seen_so_far_speaks_when_asked(
    identity: Identity, speaking: Stamper
) -> None:
    shown = Stamper(STATEMENT, identity=identity, placement="intro", languages=["ru"])
    data, _ = stamped(shown, made())

    again, done = stamped(speaking, data)

    assert done.changed is True
    assert kzmark.verify(again).mark.notice.heard is not None  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [("matroska", "tta"), ("mov", "adpcm_ima_qt")])
def test_sound_to_which_words_cannot_be_joined_is_encoded_again(
    speaking: Stamper, given: tuple[str, str]
) -> None:
    container, sound = given

    data, done = stamped(speaking, made(sound, container=container))

    assert "sound-encoded-again" in done.notes
    assert "sound-kind-not-joined" in done.notes
    assert kzmark.verify(data).verdict is kzmark.Verdict.COMPLIANT


def test_what_cannot_speak_is_refused_with_the_reason(speaking: Stamper, tmp_path: Path) -> None:
    target = tmp_path / "out"

    with pytest.raises(PolicyUnsatisfiableError, match=r"words take 4\.3 s") as caught:
        speaking.stamp(made(seconds=3), target)

    assert "--audible" in caught.value.hint
    assert not target.exists()


def test_a_film_made_of_frames_speaks_too(speaking: Stamper) -> None:
    frames = (np.full((180, 320, 3), 90 + index % 40, np.uint8) for index in range(70))
    tone = np.sin(np.arange(7 * 48_000) / 20).astype(np.float32) / 8

    done = speaking.video(frames, 10, audio=(tone, 48_000), format="mp4", preset="ultrafast")

    assert done.data is not None
    report = kzmark.verify(done.data)
    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert report.mark is not None
    assert report.mark.notice.heard is not None
