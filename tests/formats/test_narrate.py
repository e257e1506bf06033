"""Words over the sound of films: mixed in place, and nothing else of the film changes."""

import io
import random
import shutil
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fixtures.films import X264, film

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MediaError, UnsupportedMediaError
from kzmark.formats._av import successors
from kzmark.formats._narration import Listen, Narrates, Narration, Overhears
from kzmark.formats._sound import Sound
from kzmark.sniff import sniff

LIMITS = Limits()
SECONDS = 1.2  # that the words take
QUICK = {**X264, "preset": "ultrafast"}
MADE: dict[str, dict[str, Any]] = {
    "film.mp4": {"container": "mp4"},
    "film.mov": {"container": "mov"},
    "fast-start.mp4": {"container": "mp4", "muxer": {"movflags": "+faststart"}},
    "no-edits.mp4": {"container": "mp4", "muxer": {"use_editlist": "0"}},
    "opus.mp4": {"container": "mp4", "sound": "libopus", "voicing": {}},
    "film.mkv": {"container": "matroska"},
    "opus.mkv": {"container": "matroska", "sound": "libopus", "voicing": {}},
    "film.webm": {
        "container": "webm",
        "codec": "libvpx-vp9",
        "options": {"deadline": "realtime", "cpu-used": "8"},
        "sound": "libopus",
        "voicing": {},
    },
}
each_film = pytest.mark.parametrize("name", MADE)
ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg and ffprobe")


@cache
def made(name: str) -> bytes:
    given: dict[str, Any] = {
        "codec": "libx264",
        "options": QUICK,
        "sound": "aac",
        "voicing": {"aac_pns": "0"},  # noise is drawn anew in each decoder
        "frames": 36,
    }
    return film(**(given | MADE[name]))


def words(sound: Sound, listen: Listen) -> Narration:
    """Return another tone that swells and ends, over a programme a quarter as strong."""
    del listen
    count = int(SECONDS * sound.rate)
    time = np.arange(count) / sound.rate
    shape = np.clip(np.minimum(time, SECONDS - time) / 0.2, 0, 1)
    tone = 0.3 * np.sin(2 * np.pi * 1_000 * time) * shape
    spread = np.repeat(tone.astype(np.float32)[:, None], sound.channels, axis=1)
    return Narration(words=spread, gain=(1 - 0.75 * shape).astype(np.float32))


def narrated(data: bytes, words: Any = words) -> bytes:
    adapter: Any = sniff(io.BytesIO(data))
    assert isinstance(adapter, Narrates)
    target = Rope()
    assert list(adapter.narrate(io.BytesIO(data), target, words, limits=LIMITS)) == []
    target.seek(0)
    return target.read()


def packets(data: bytes, kind: str) -> list[tuple[Any, ...]]:
    with av.open(io.BytesIO(data)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [
            (p.stream.index, p.pts, p.dts, p.duration, bytes(p))
            for p in container.demux(*streams)
            if p.size
        ]


def heard(data: bytes, track: int = 0) -> np.ndarray:
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[track]
        return np.concatenate([frame.to_ndarray().T for frame in container.decode(stream)])


def strength(samples: np.ndarray, hertz: int) -> float:
    """Return the amplitude of one tone."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / 48_000)
    return float(abs(np.mean(samples[:, 0] * turn)) * 2)


@each_film
def test_no_time_and_no_picture_changes(name: str) -> None:
    data = narrated(made(name))

    assert packets(data, "video") == packets(made(name), "video")
    assert [row[:4] for row in packets(data, "audio")] == [
        row[:4] for row in packets(made(name), "audio")
    ]


@each_film
def test_packets_behind_the_words_are_the_same(name: str) -> None:
    before = packets(made(name), "audio")

    after = packets(narrated(made(name)), "audio")

    changed = [
        index for index, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1
    ]
    assert changed[0] == 0
    assert SECONDS * 48_000 / 1024 < changed[-1] + 1 < SECONDS * 48_000 / 960 + 20


@each_film
def test_the_words_are_heard_and_the_programme_steps_back(name: str) -> None:
    after = heard(narrated(made(name)))

    middle = slice(19_200, 38_400)
    assert strength(after[middle], 1_000) == pytest.approx(0.3, rel=0.05)
    assert strength(after[middle], 330) == pytest.approx(0.05, rel=0.1)


@each_film
def test_samples_stay_where_they_were_and_are_exact_again_behind_the_join(name: str) -> None:
    before = heard(made(name))

    after = heard(narrated(made(name)))

    behind = int((SECONDS + 0.5) * 48_000)
    assert after.shape == before.shape
    drift = np.abs(after[behind:] - before[behind:]).max()
    assert drift < 1e-3 if MADE[name].get("sound") else drift == 0  # Opus forgets by and by
    assert np.abs(after[57_600:behind] - before[57_600:behind]).max() < 0.04


def test_a_track_as_short_as_the_words_is_made_anew_to_its_end() -> None:
    before = heard(made("film.mp4"))

    def long(sound: Sound, listen: Listen) -> Narration:
        del listen
        count = int(2.95 * sound.rate)
        return Narration(
            words=np.zeros((count, sound.channels), np.float32), gain=np.ones(count, np.float32)
        )

    after = heard(narrated(made("film.mp4"), long))

    assert after.shape == before.shape
    assert np.abs(after[2_000:] - before[2_000:]).max() < 0.03


def test_words_longer_than_the_sound_are_refused() -> None:
    def longer(sound: Sound, listen: Listen) -> Narration:
        del listen
        count = 4 * sound.rate
        return Narration(
            words=np.zeros((count, sound.channels), np.float32), gain=np.ones(count, np.float32)
        )

    with pytest.raises(UnsupportedMediaError, match="ends before"):
        narrated(made("film.mp4"), longer)


def test_packets_that_are_longer_behind_the_words_are_in_nobody_s_way() -> None:
    uneven = later(made("film.mp4"), behind=120)

    after = narrated(uneven)

    assert [row[:4] for row in packets(after, "audio")] == [
        row[:4] for row in packets(uneven, "audio")
    ]


def test_every_track_is_spoken_over_and_listened_to_by_itself() -> None:
    data = narrated(doubled(made("film.mp4")))

    adapter: Any = sniff(io.BytesIO(data))
    known = adapter.soundtracks(io.BytesIO(data), limits=LIMITS)
    parts = [
        next(adapter.overhear(io.BytesIO(data), track, [(0.4, 0.8)], limits=LIMITS))
        for track in (0, 1)
    ]

    assert [sound.codec for sound in known] == ["aac", "aac"]
    assert [strength(samples, 1_000) > 0.25 for _, samples in parts] == [True, True]
    assert [round(time, 3) for time, _ in parts] == [0.4, 0.4]


def test_sound_that_nothing_makes_again_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = film("matroska", "libx264", sound="tta", options=QUICK, frames=12)
    monkeypatch.setitem(successors.TAKEN, "matroska", ())
    adapter: Any = sniff(io.BytesIO(data))

    with pytest.raises(UnsupportedMediaError, match="tta") as caught:
        adapter.admit(io.BytesIO(data), limits=LIMITS)

    assert "--audible" in caught.value.hint


def test_fragments_are_joined_by_others() -> None:
    data = film(
        "mp4", "libx264", sound="aac", options=QUICK, muxer={"movflags": "frag_keyframe+empty_moov"}
    )
    adapter: Any = sniff(io.BytesIO(data))
    adapter.admit(io.BytesIO(data), limits=LIMITS)

    with pytest.raises(UnsupportedMediaError, match="fragments"):
        adapter.narrate(io.BytesIO(data), Rope(), words, limits=LIMITS)


@pytest.mark.parametrize("name", ["speech.mkv", "speech.webm", "every-key.avi", "speech.mp4"])
def test_the_sound_of_every_container_is_listened_to(name: str) -> None:
    data = (Path(__file__).parents[2] / "fixtures" / "clean" / name).read_bytes()
    adapter: Any = sniff(io.BytesIO(data), name=name)
    assert isinstance(adapter, Overhears)

    tracks = adapter.soundtracks(io.BytesIO(data), limits=LIMITS)
    (found,) = adapter.overhear(io.BytesIO(data), 0, [(0.1, 0.4)], limits=LIMITS)

    assert len(tracks) == 1
    assert found[0] == pytest.approx(0.1, abs=0.001)
    assert strength(found[1][:9_600], 330) == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize(
    ("name", "mark"), [("film.mp4", b"moov"), ("film.mkv", b"\x16\x54\xae\x6b")]
)
def test_damaged_films_raise_nothing_but_media_errors(name: str, mark: bytes) -> None:
    chance = random.Random(5)
    data = bytearray(made(name))
    index = data.find(mark)
    for _ in range(40):
        hurt = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            hurt[chance.randrange(index, min(len(hurt), index + 3_000))] = chance.randrange(256)
        try:
            adapter: Any = sniff(io.BytesIO(hurt))
            if isinstance(adapter, Narrates):
                adapter.narrate(io.BytesIO(hurt), Rope(), words, limits=LIMITS)
        except MediaError:
            continue


@ffmpeg
@each_film
def test_ffmpeg_decodes_it_silently_and_finds_the_same_times(name: str, tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(made(name))
    (tmp_path / "after").write_bytes(narrated(made(name)))

    decoded = subprocess.run(
        ["ffmpeg", "-v", "warning", "-xerror", "-i", tmp_path / "after", "-f", "null", "-"],
        capture_output=True,
        check=True,
    )
    told = [
        subprocess.run(
            ["ffprobe", "-v", "error", "-of", "csv", "-show_entries", shown, tmp_path / which],
            capture_output=True,
            check=True,
        ).stdout
        for shown in (
            "stream=start_time,duration,nb_frames",
            "packet=stream_index,pts,dts,duration",
        )
        for which in ("before", "after")
    ]

    assert decoded.stderr == b""
    assert [one == two for one, two in list(pairwise(told))[::2]] == [True, True]


def later(data: bytes, *, behind: int) -> bytes:
    """Return a film whose packets of sound come half a packet later from one of them on."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4") as target:
        tracks = [target.add_stream_from_template(one) for one in source.streams]
        number = 0
        for packet in source.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "audio":
                number += 1
                if number > behind:
                    packet.pts, packet.dts = packet.pts + 512, packet.dts + 512
            packet.stream = tracks[packet.stream.index]
            target.mux(packet)
    return out.getvalue()


def doubled(data: bytes) -> bytes:
    """Return a film with its track of sound twice."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4") as target:
        rows = [*source.streams, source.streams.audio[0]]
        tracks = [target.add_stream_from_template(one) for one in rows]
        for packet in list(source.demux()):
            for stream, track in zip(rows, tracks, strict=True):
                if packet.stream.index == stream.index and packet.dts is not None:
                    copy = av.Packet(bytes(packet))
                    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
                    copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
                    copy.stream = track
                    target.mux(copy)
    return out.getvalue()
