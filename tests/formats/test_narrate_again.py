"""Words over sound that they cannot be joined to: the track is encoded again, and nothing moves."""

import io
import random
import shutil
import subprocess
from functools import cache
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
from kzmark.formats._narration import Narrates
from kzmark.formats._sound import Sound
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import SIMPLE
from kzmark.formats.matroska.segment import CLUSTER, File, Part, rewrite
from kzmark.sniff import sniff

from .test_narrate import SECONDS, heard, packets, strength, words

LIMITS = Limits()
QUICK = {**X264, "preset": "ultrafast"}
MJPEG = {"codec": "mjpeg", "pixels": "yuvj420p", "options": {}}
VP8 = {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "-8", "threads": "1"}}
VORBIS = {"sound": "vorbis"}
FIXTURES = Path(__file__).parents[2] / "fixtures" / "clean"
LONG = {"sound": "libopus", "voicing": {"frame_duration": "60"}}
MADE: dict[str, tuple[str, dict[str, Any], str]] = {  # container, settings, codec afterwards
    "vorbis.mkv": ("matroska", VORBIS, "opus"),
    "vorbis.mp4": ("mp4", VORBIS, "opus"),
    "vorbis.webm": ("webm", VORBIS | VP8, "opus"),
    "long-opus.mkv": ("matroska", LONG, "opus"),
    "long-opus.mp4": ("mp4", LONG, "opus"),
    "tta.mkv": ("matroska", {"sound": "tta"}, "flac"),
    "wavpack.mkv": ("matroska", {"sound": "wavpack"}, "flac"),
    "adpcm.mov": ("mov", {"sound": "adpcm_ima_qt"}, "aac"),
    "adpcm.avi": ("avi", {"sound": "adpcm_ms"} | MJPEG, "mp3"),
}
each_film = pytest.mark.parametrize("name", MADE)
ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


@cache
def made(name: str) -> bytes:
    container, settings, _ = MADE[name]
    known: dict[str, Any] = {"codec": "libx264", "options": QUICK, "voicing": {}, "frames": 36}
    if settings.get("sound") != "vorbis":
        return film(container, **(known | settings))
    pictures = film(container, **(known | settings | {"sound": ""}))
    return with_sound_of(pictures, (FIXTURES / "speech.ogg").read_bytes(), container)


def with_sound_of(pictures: bytes, sound: bytes, container: str) -> bytes:
    """Return a film with sound whose packets are copied."""
    out = io.BytesIO()
    with (
        av.open(io.BytesIO(pictures)) as one,
        av.open(io.BytesIO(sound)) as two,
        av.open(out, "w", format=container) as target,
    ):
        seen, said = (target.add_stream_from_template(f.streams[0]) for f in (one, two))
        found = [(packet, seen) for packet in one.demux() if packet.dts is not None]
        found += [(packet, said) for packet in two.demux() if packet.dts is not None]
        for packet, track in sorted(found, key=lambda row: row[0].dts * row[0].time_base):
            packet.stream = track
            target.mux(packet)
    return out.getvalue()


def again(data: bytes) -> tuple[bytes, list[str]]:
    adapter: Any = sniff(io.BytesIO(data))
    adapter.admit(io.BytesIO(data), limits=LIMITS)
    target = Rope()
    notes = adapter.narrate(io.BytesIO(data), target, words, limits=LIMITS)
    target.seek(0)
    return target.read(), list(notes)


@cache
def spoken(name: str) -> tuple[bytes, list[str]]:
    return again(made(name))


def wave(data: bytes) -> tuple[float, np.ndarray]:
    """Return when the sound of a film begins, and all of it, one channel at 48 kHz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(container.streams.audio[0]))
    start = float(frames[0].time)
    parts = [*(part for frame in frames for part in resampler.resample(frame))]
    parts += resampler.resample(None)
    return start, np.concatenate([part.to_ndarray()[0] for part in parts])


@each_film
def test_the_notes_tell_what_was_done_and_why(name: str) -> None:
    data, notes = spoken(name)

    (now,) = tracks_of(data)
    assert now.codec == MADE[name][2]
    reason = "sound-packed-unevenly" if "long" in name else "sound-kind-not-joined"
    told = [] if "long" in name else [f"sound-now-{now.codec}"]
    assert notes == ["sound-encoded-again", reason, *told]


def tracks_of(data: bytes) -> list[Sound]:
    adapter: Any = sniff(io.BytesIO(data))
    return list(adapter.soundtracks(io.BytesIO(data), limits=LIMITS))


@each_film
def test_pictures_are_the_same_and_sound_stays_where_it_was(name: str) -> None:
    before, after = made(name), spoken(name)[0]

    (old_start, old), (start, new) = wave(before), wave(after)
    assert packets(after, "video") == packets(before, "video")
    assert start == pytest.approx(old_start, abs=2e-4)
    behind = slice(int((SECONDS + 0.05) * 48_000), int((SECONDS + 0.28) * 48_000))
    shifts = range(-40, 41)
    faults = [np.abs(old[behind] - np.roll(new, shift)[behind]).mean() for shift in shifts]
    assert shifts[int(np.argmin(faults))] == 0
    assert min(faults) < 0.15 * np.abs(old[behind]).mean()
    assert abs(len(new) - len(old)) <= 2_880  # the longest frame, which ends are filled up to


@pytest.mark.parametrize("name", ["tta.mkv", "wavpack.mkv"])
def test_what_was_lossless_is_the_same_to_the_bit_behind_the_words(name: str) -> None:
    (_, old), (_, new) = wave(made(name)), wave(spoken(name)[0])

    behind = int(SECONDS * 48_000)
    assert np.array_equal(old[behind:], new[behind : len(old)])


@each_film
def test_the_words_are_heard_and_the_programme_steps_back(name: str) -> None:
    adapter: Any = sniff(io.BytesIO(spoken(name)[0]))

    ((_, middle),) = adapter.overhear(io.BytesIO(spoken(name)[0]), 0, [(0.4, 0.8)], limits=LIMITS)

    assert strength(middle, 1_000) == pytest.approx(0.3, rel=0.08)
    if "vorbis" not in name:
        assert strength(middle, 330) == pytest.approx(0.05, rel=0.2)


@ffmpeg
@each_film
def test_ffmpeg_plays_it_without_a_complaint(name: str, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(spoken(name)[0])

    done = subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode", "-i", str(path)),
            *("-map", "0", "-f", "null", "-"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_sound_that_begins_late_has_silence_before_it_and_words_from_the_start() -> None:
    late = delayed(film("mp4", "libx264", sound="aac", options=QUICK, frames=36), 1.5)

    data, notes = again(late)

    start, new = wave(data)
    assert notes == ["sound-encoded-again", "sound-cut-or-late"]
    assert start == 0
    assert strength(new[19_200:38_400, None], 1_000) == pytest.approx(0.3, rel=0.05)
    assert strength(new[62_000:71_000, None], 330) < 0.005
    assert strength(new[76_800:96_000, None], 330) == pytest.approx(0.2, rel=0.05)


def delayed(data: bytes, seconds: float) -> bytes:
    """Return a film whose sound begins later."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4") as target:
        tracks = {one.index: target.add_stream_from_template(one) for one in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                if packet.stream.type == "audio":
                    late = int(seconds / packet.time_base)
                    packet.pts, packet.dts = packet.pts + late, packet.dts + late
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
    return out.getvalue()


def test_aac_of_high_efficiency_becomes_plain_aac() -> None:
    plain = film("matroska", "libx264", sound="aac", options=QUICK, frames=36)
    config = bytes((0x11, 0x88, 0x56, 0xE5, 0x00))
    assert plain.count(config) == 1
    doubled = plain.replace(config, bytes((0x29, 0x88, 0x08, 0x00, 0x00)))  # 48 kHz heard as 96

    data, notes = again(doubled)

    assert notes == ["sound-encoded-again", "sound-kind-not-joined", "sound-now-aac"]
    with av.open(io.BytesIO(data)) as container:
        context = container.streams.audio[0].codec_context
        assert (context.profile, context.sample_rate) == ("LC", 96_000)


def test_flac_of_32_bits_says_that_fewer_are_kept() -> None:
    sound = io.BytesIO()
    fine = {"strict": "experimental", "bits_per_raw_sample": "32"}
    with av.open(sound, "w", format="flac") as out:
        track: Any = out.add_stream("flac", rate=48_000, layout="mono", options=fine)
        track.codec_context.format = "s32"
        for at in range(0, 144_000, 4_608):
            tone = np.sin(np.arange(at, at + 4_608)[None] / 23) * 2.0**28
            frame = av.AudioFrame.from_ndarray(tone.astype(np.int32), format="s32", layout="mono")
            frame.sample_rate, frame.pts = 48_000, at
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    pictures = film("matroska", "libx264", options=QUICK, frames=36)
    before = with_sound_of(pictures, sound.getvalue(), "matroska")

    after, notes = again(before)

    assert notes == ["sound-encoded-again", "sound-kind-not-joined", "sound-now-flac"]
    assert (depth(before), depth(after)) == (32, 24)


def depth(data: bytes) -> int:
    """Return the bits of a sample of FLAC (RFC 9639, 8.2)."""
    info = data[data.index(b"fLaC") + 8 :]
    return (int.from_bytes(info[12:14], "big") >> 4 & 31) + 1


def test_only_the_track_that_needs_it_is_encoded_again() -> None:
    both = io.BytesIO()
    with (
        av.open(io.BytesIO(made("tta.mkv"))) as one,
        av.open(io.BytesIO(film("matroska", "libx264", sound="aac", options=QUICK))) as two,
        av.open(both, "w", format="matroska") as target,
    ):
        streams = [*one.streams, two.streams.audio[0]]
        tracks = [target.add_stream_from_template(stream) for stream in streams]
        found = [(p, tracks[p.stream.index]) for p in one.demux() if p.dts is not None]
        found += [(p, tracks[2]) for p in two.demux(two.streams.audio[0]) if p.dts is not None]
        for packet, track in sorted(found, key=lambda row: row[0].dts * row[0].time_base):
            packet.stream = track
            target.mux(packet)

    data, notes = again(both.getvalue())

    before = [row for row in packets(both.getvalue(), "audio") if row[0] == 2]
    after = [row for row in packets(data, "audio") if row[0] == 2]
    assert notes == ["sound-encoded-again", "sound-kind-not-joined", "sound-now-flac"]
    assert [row[:4] for row in after] == [row[:4] for row in before]
    assert after[-5:] == before[-5:]
    assert strength(heard(data, 1)[19_200:38_400], 1_000) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("muxer", successors.TAKEN)
@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("codec", ["aac", "dca", "truehd", "vorbis", "wmav2"])
def test_every_sound_of_up_to_eight_channels_has_a_successor(
    codec: str, channels: int, muxer: str
) -> None:
    names = ("mono", "stereo", "2.1", "quad", "5.0", "5.1(side)", "6.1", "7.1")
    sound = Sound(
        codec=codec, rate=96_000, channels=channels, layout=names[channels - 1], seconds=9
    )

    if muxer == "avi" and channels > 6:
        with pytest.raises(UnsupportedMediaError, match="encodes"):
            successors.successor(sound, 0, muxer, fine=True)
        return
    found = successors.successor(sound, 0, muxer, fine=True)

    assert found.encoder in successors.TAKEN[muxer]
    assert av.AudioLayout(found.layout).nb_channels <= channels


@pytest.mark.parametrize("name", ["vorbis.mkv", "long-opus.mp4", "adpcm.avi", "vorbis.webm"])
def test_damaged_films_raise_nothing_but_media_errors(name: str) -> None:
    chance = random.Random(name)
    data = made(name)
    for _ in range(8):
        hurt = bytearray(data)
        for _ in range(chance.randint(1, 30)):
            hurt[chance.randrange(len(hurt))] = chance.randrange(256)
        try:
            adapter: Any = sniff(io.BytesIO(hurt))
            if isinstance(adapter, Narrates):
                adapter.narrate(io.BytesIO(hurt), Rope(), words, limits=LIMITS)
        except MediaError:
            continue


def laced(data: bytes) -> bytes:
    """Return a film in which two packets of sound share a block, as mkvmerge writes them."""
    whole_film, target = File(io.BytesIO(data), limits=LIMITS), io.BytesIO()
    changed: dict[int, list[Part]] = {}
    for cluster in (one for one in whole_film.tops if one.kind == CLUSTER):
        parts: list[bytes] = []
        waiting = b""
        for one in whole_film.inner(cluster):
            body = data[one.body : one.end]
            if one.kind != SIMPLE or body[:1] != b"\x82":  # the track of sound
                parts.append(data[one.start : one.end])
            elif not waiting:
                waiting = body
            else:
                size = len(waiting) - 4
                lacing = b"\1" + b"\xff" * (size // 255) + bytes((size % 255,))  # RFC 9559, 10.3.2
                head = waiting[:3] + bytes((waiting[3] | 2,))
                parts.append(ebml.pack(SIMPLE, head, lacing, waiting[4:], body[4:]))
                waiting = b""
        parts += [ebml.pack(SIMPLE, waiting)] if waiting else []
        whole = b"".join(parts)
        changed[cluster.start] = [ebml.header(CLUSTER, len(whole), width=8), whole]
    rewrite(whole_film, target, changed, rebuilt=frozenset(changed))
    return target.getvalue()


def test_packets_that_share_a_block_are_encoded_again() -> None:
    before = laced(film("matroska", "libx264", sound="aac", options=QUICK, frames=36))

    after, notes = again(before)

    (start, old), (new_start, new) = wave(before), wave(after)
    assert notes == ["sound-encoded-again", "sound-packed-unevenly"]
    assert new_start == pytest.approx(start, abs=2e-4)
    assert packets(after, "video") == packets(before, "video")
    behind = slice(int((SECONDS + 0.05) * 48_000), int((SECONDS + 1) * 48_000))
    assert np.abs(old[behind] - new[behind]).mean() < 0.05 * np.abs(old[behind]).mean()


def test_layer_two_in_an_mp4_becomes_layer_three_and_says_so() -> None:
    after, notes = again(film("mp4", "libx264", sound="mp2", options=QUICK, frames=36))

    layers = {packet[-1][1] & 6 for packet in packets(after, "audio")}
    assert layers == {2}  # of Layer III
    assert notes == ["sound-encoded-again", "sound-kind-not-joined", "sound-now-mp3"]
