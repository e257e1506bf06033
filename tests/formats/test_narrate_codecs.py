"""Words over films of many codecs: packets are joined, and where the codec allows it, exactly."""

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
from kzmark.formats._av import dolby, reservoir
from kzmark.formats._narration import Narrates
from kzmark.sniff import sniff

from .test_narrate import SECONDS, heard, narrated, packets, strength, words

LIMITS = Limits()
QUICK = {**X264, "preset": "ultrafast"}
EXACT = frozenset({"flac", "alac", "pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_f32le"})
KINDS = [
    ("mov", "pcm_s16le"),
    ("mov", "pcm_s16be"),
    ("matroska", "pcm_s24le"),
    ("matroska", "pcm_f32le"),
    ("mp4", "flac"),
    ("matroska", "flac"),
    ("mov", "alac"),
    ("matroska", "alac"),
    ("mp4", "ac3"),
    ("matroska", "ac3"),
    ("mp4", "eac3"),
    ("matroska", "eac3"),
    ("mp4", "libmp3lame"),
    ("matroska", "libmp3lame"),
    ("mov", "libmp3lame"),
    ("matroska", "mp2"),
    ("avi", "mp2"),
    ("avi", "pcm_s16le"),
    ("avi", "libmp3lame"),
    ("avi", "ac3"),
]
each_kind = pytest.mark.parametrize(("container", "codec"), KINDS)
ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


@cache
def made(container: str, codec: str) -> bytes:
    pictures = {"codec": "mjpeg", "pixels": "yuvj420p"} if container == "avi" else {}
    known = {"codec": "libx264", "options": QUICK} | pictures
    return film(container, sound=codec, frames=36, voicing={}, **known)  # type: ignore[arg-type]


@cache
def spoken(container: str, codec: str) -> bytes:
    return narrated(made(container, codec))


@each_kind
def test_no_time_and_no_picture_changes(container: str, codec: str) -> None:
    before, after = made(container, codec), spoken(container, codec)

    assert packets(after, "video") == packets(before, "video")
    assert [row[:4] for row in packets(after, "audio")] == [
        row[:4] for row in packets(before, "audio")
    ]


@each_kind
def test_what_lies_behind_the_words_is_as_it_was(container: str, codec: str) -> None:
    before, after = heard(made(container, codec)), heard(spoken(container, codec))

    behind = int((SECONDS + 0.6) * 48_000)
    exactly = int(SECONDS * 48_000) if codec in EXACT else behind
    wide = {"int16": 2**15, "int32": 2**31}.get(str(before.dtype), 1)
    assert after.shape == before.shape
    dither = {"ac3": 2e-4, "eac3": 2e-4, "mp2": 1}.get(codec, 0)  # that decoders draw or carry on
    assert np.abs(after[exactly:].astype(float) - before[exactly:]).max() <= dither
    drift = np.abs(after[57_600:behind].astype(float) - before[57_600:behind]) / wide
    assert drift.max() < 0.04


@each_kind
def test_the_words_are_heard_and_the_programme_steps_back(container: str, codec: str) -> None:
    adapter: Any = sniff(io.BytesIO(spoken(container, codec)))

    ((_, middle),) = adapter.overhear(
        io.BytesIO(spoken(container, codec)), 0, [(0.4, 0.8)], limits=LIMITS
    )

    assert strength(middle, 1_000) == pytest.approx(0.3, rel=0.05)
    assert strength(middle, 330) == pytest.approx(0.05, rel=0.1)


@ffmpeg
@each_kind
def test_ffmpeg_plays_it_without_a_complaint(container: str, codec: str, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(spoken(container, codec))

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


def test_the_digest_that_flac_had_is_taken_back() -> None:
    for container in ("mp4", "matroska"):
        old, new = (packets_config(one(container, "flac")) for one in (made, spoken))

        assert old[:4] + old[10:18] == new[:4] + new[10:18]
        assert any(old[18:]) or any(old[4:10])
        assert not any(new[4:10] + new[18:])


def packets_config(data: bytes) -> bytes:
    """Return what a film says of the samples of its FLAC."""
    with av.open(io.BytesIO(data)) as container:
        config = bytes(container.streams.audio[0].codec_context.extradata or b"")
    return config[8:] if config.startswith(b"fLaC") else config


def noisy(codec: str, options: dict[str, str], *, rate: int = 44_100) -> list[bytes]:
    """Return packets of two seconds of stereo that is hard to code: frames borrow bits."""
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "stereo", "fltp"
    encoder.bit_rate, encoder.options = 128_000, options
    encoder.open()
    chance = np.random.default_rng(3)
    found = []
    for block in range(2 * rate // encoder.frame_size):
        loud = 0.4 if block % 9 == 0 else 0.02
        wave = (chance.standard_normal((2, encoder.frame_size)) * loud).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, block * encoder.frame_size
        found += [bytes(one) for one in encoder.encode(frame)]
    return found


def decoded(frames: list[bytes]) -> list[np.ndarray]:
    decoder: Any = av.CodecContext.create("mp3float", "r")
    return [part.to_ndarray() for one in frames for part in decoder.decode(av.Packet(one))]


@pytest.mark.parametrize("rate", [44_100, 22_050])
def test_frames_that_borrow_bits_find_them_behind_others(rate: int) -> None:
    old = noisy("libmp3lame", {}, rate=rate)
    fresh = noisy("libmp3lame", {"reservoir": "0", "b": "64k"}, rate=rate)
    wanted = decoded(old)
    borrowing = [at for at in range(10, 40) if old[at][4] or old[at][5] & 0x80]
    assert len(borrowing) > 10

    for at in borrowing[:12]:
        joined = [*fresh[:at], *old[at:]]
        joined[at - 1] = reservoir.bridged(joined[at - 1], old[:at])

        found = decoded(joined)

        assert len(found) == len(wanted)
        assert all(map(np.array_equal, found[at + 2 :], wanted[at + 2 :]))


@pytest.mark.parametrize("frame", [b"", b"\x0b\x77", b"\x0b\x77" + b"\xff" * 40, b"RIFF" * 8])
def test_what_is_no_frame_of_dolby_is_refused(frame: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        dolby.head(frame)


@pytest.mark.parametrize("frame", [b"", b"\xff\xfb", b"RIFF" * 200])
def test_what_is_no_frame_of_mp3_is_refused(frame: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        reservoir.bridged(frame, [])


@pytest.mark.parametrize(("container", "codec"), KINDS[::4])
def test_damaged_films_raise_nothing_but_media_errors(container: str, codec: str) -> None:
    chance = random.Random(codec)
    data = made(container, codec)
    for _ in range(6):
        hurt = bytearray(data)
        for _ in range(chance.randint(1, 30)):
            hurt[chance.randrange(len(hurt))] = chance.randrange(256)
        try:
            adapter: Any = sniff(io.BytesIO(hurt))
            if isinstance(adapter, Narrates):
                adapter.narrate(io.BytesIO(hurt), Rope(), words, limits=LIMITS)
        except MediaError:
            continue
