"""Films: the notice at the start against encoding all anew, and on every frame against the peers.

    python -m benchmarks.bench_video             clips made here with ffmpeg (some minutes)
    python -m benchmarks.bench_video --folder D  kept there, made once
    python -m benchmarks.bench_video --seconds 20

Whole stamps (notice, layers, C2PA, check, SHA-256 of the output) from file to file, audit log
aside. "All anew" is the same film decoded and encoded by PyAV with the very settings that kzmark
takes, and nothing else. moviepy is measured if it is installed; ffmpeg has to be.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from benchmarks import clock, tables
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Spent, Work

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark._rope import Rope
from kzmark.formats import adapter
from kzmark.formats._av.facts import survey
from kzmark.formats._av.manner import Manner
from kzmark.formats._av.render import manner_for
from kzmark.formats.mp4.burn import picture_table, reel_of
from kzmark.formats.mp4.movie import Movie
from kzmark.signing.identity import new_identity
from kzmark.testing import example_mark

SECONDS: Final = 60
SHORT: Final = 8  # seconds of the clip that is encoded whole by everybody
SCENE: Final = "testsrc2=s={size}:r=30,noise=c0s=5:c0f=t"
X264: Final = "-c:v libx264 -preset veryfast -b:v 8M -maxrate 12M -bufsize 16M -g 250"
CODECS: Final = {  # name → size, encoder, name of the file
    "H.264, GOP 250": ("1920x1080", X264, "h264.mp4"),
    "HEVC": (
        "1920x1080",
        "-c:v libx265 -preset ultrafast -b:v 6M -g 120 -tag:v hvc1 -x265-params log-level=none",
        "hevc.mp4",
    ),
    "VP9": (
        "1280x720",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 7 -b:v 2M -g 120",
        "vp9.webm",
    ),
    "AV1": ("1280x720", "-c:v libsvtav1 -preset 10 -b:v 3M -g 120", "av1.mp4"),
}
_WORDS: Final = """Whole stamps of films, 1080p30 (VP9, AV1: 720p30), {seconds} s unless it says
otherwise; noise on every frame. Times are CPU seconds, in brackets wall. "All anew" decodes and
encodes every frame with PyAV and kzmark's own settings, and lays no notice, writes no mark."""


def ffmpeg(*words: str) -> None:
    told = {**os.environ, "SVT_LOG": "1"}
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *words], check=True, env=told)


def clip(folder: Path, name: str, seconds: int) -> Path:
    """Return a clip, made if it is not there."""
    size, encoder, file = CODECS[name]
    path = folder / f"{seconds}-{file}"
    if not path.exists():
        sound = "libopus" if path.suffix == ".webm" else "aac"
        scene = ["-f", "lavfi", "-i", SCENE.format(size=size)]
        tone = ["-f", "lavfi", "-i", "sine=f=330:b=4:r=48000"]
        ending = ["-t", str(seconds), "-pix_fmt", "yuv420p", "-c:a", sound, str(path)]
        ffmpeg(*scene, *tone, *encoder.split(), *ending)
    return path


def looped(path: Path, times: int) -> Path:
    """Return the clip so many times over, its packets as they are."""
    long = path.with_name(f"{times}x-{path.name}")
    if not long.exists():
        ffmpeg("-stream_loop", str(times - 1), "-i", str(path), "-c", "copy", str(long))
    return long


def settings(path: Path) -> Manner:
    """Return the settings that kzmark takes for a film."""
    with path.open("rb") as source:
        facts = survey(source, limits=DEFAULT_LIMITS)
        if path.suffix != ".mp4":
            rate = int(path.stat().st_size * 8 / facts.seconds)
            return Manner(
                facts=facts, base=1 / facts.rate, rate=facts.rate, bit_rate=rate, group=120
            )
        movie = Movie(source, limits=DEFAULT_LIMITS)
        reel = reel_of(movie.source, picture_table(movie.tables(), facts), facts)
        return manner_for(reel, facts, whole=True)


def anew(path: Path, target: Path) -> None:
    """Decode and encode all pictures, with the settings that kzmark takes; copy the sound."""
    encoder = settings(path).encoder(2)
    with av.open(str(path)) as container, av.open(str(target), "w") as out:
        film, sound = container.streams.video[0], container.streams.audio[0]
        film.thread_type = "AUTO"
        track: Any = out.add_stream_from_template(film, opaque=True)
        voice = out.add_stream_from_template(sound)
        for packet in container.demux(film, sound):
            if packet.stream is sound:
                if packet.dts is not None:
                    packet.stream = voice
                    out.mux(packet)
                continue
            for frame in packet.decode():
                frame.pict_type = 0
                _mux(out, track, encoder.encode(frame))
        _mux(out, track, encoder.encode(None))


def _mux(out: Any, track: Any, packets: Any) -> None:
    for packet in packets:
        packet.stream = track
        out.mux(packet)


def drawtext(path: Path, target: Path) -> None:
    """Burn words in with ffmpeg, with much the same settings."""
    words = "drawtext=text='AI':fontsize=54:box=1:x=96:y=54"
    how = f"-vf {words} -c:v libx264 -preset veryfast -crf 20 -maxrate 12M -bufsize 24M -c:a copy"
    ffmpeg("-i", str(path), *how.split(), str(target))


def by_moviepy(path: Path, target: Path) -> None:
    """Lay a picture on every frame with moviepy, as its users do."""
    moviepy: Any = import_module("moviepy")
    with moviepy.VideoFileClip(str(path)) as film:
        pixels = np.zeros((108, 600, 3), np.uint8)
        plate = moviepy.ImageClip(pixels).with_duration(film.duration)
        whole = moviepy.CompositeVideoClip([film, plate.with_position((96, 54))])
        whole.write_videofile(
            str(target), preset="veryfast", ffmpeg_params=["-crf", "20"], logger=None
        )


class Films:
    """Clips, and stampers for them.

    Args:
        folder: Where clips are kept.
        scratch: Where outputs go.
        seconds: Length of the clips.
    """

    def __init__(self, folder: Path, scratch: Path, seconds: int) -> None:
        self.folder, self.scratch, self.seconds = folder, scratch, seconds
        self._identity = new_identity(scratch / "id")

    def stamp(self, path: Path, placement: str) -> Callable[[], object]:
        """Return the call that stamps a clip."""
        stamper = kzmark.Stamper(STATEMENT, identity=self._identity, placement=placement)
        target = self.scratch / f"out{path.suffix}"
        return lambda: stamper.stamp(path, target, overwrite=True)

    def anew(self, path: Path) -> Callable[[], object]:
        """Return the call that encodes a clip anew."""
        return lambda: anew(path, self.scratch / f"anew{path.suffix}")

    def starts(self, rounds: int) -> Iterator[list[str]]:
        """Yield rows: the notice at the start, against all anew."""
        for name in CODECS:
            path = clip(self.folder, name, self.seconds)
            works = {"start": Work(self.stamp(path, "intro")), "anew": Work(self.anew(path))}
            yield _against(name, **clock.compared(works, rounds=rounds, budget=30))
        path = looped(clip(self.folder, "H.264, GOP 250", self.seconds), 10)
        short = clip(self.folder, "H.264, GOP 250", self.seconds)
        works = {"start": Work(self.stamp(path, "intro")), "anew": Work(self.anew(short))}
        spent = clock.compared(works, rounds=rounds, budget=30)
        whole = Spent(spent["anew"].cpu * 10, spent["anew"].wall * 10)
        length = f"H.264, ten times as long (all anew: ten times {self.seconds} s)"
        yield _against(length, start=spent["start"], anew=whole)

    def wholes(self, rounds: int) -> Iterator[list[str]]:
        """Yield rows: the notice on every frame, against the peers."""
        path = clip(self.folder, "H.264, GOP 250", min(SHORT, self.seconds))
        target = self.scratch / "peer.mp4"
        works = {
            "**kzmark, whole stamp, every frame**": Work(self.stamp(path, "full")),
            "**kzmark, notice only**": Work(self.burn(path)),
            "PyAV, decode and encode, no notice": Work(self.anew(path)),
            "ffmpeg drawtext": Work(lambda: drawtext(path, target)),
        }
        if find_spec("moviepy"):
            works["moviepy"] = Work(lambda: by_moviepy(path, target))
        spent = clock.compared(works, rounds=rounds, budget=90, least=2)
        ours = spent["**kzmark, notice only**"]
        for name, one in spent.items():
            yield [name, _time(one), f"{one.cpu / ours.cpu:.2f}"]

    def burn(self, path: Path) -> Callable[[], object]:
        """Return the call that lays the notice on every frame and does nothing else."""
        from kzmark.testing import half_and_half

        film: Any = adapter("mp4")

        def work() -> None:
            with path.open("rb") as source:
                film.burn(source, Rope(), half_and_half, [(0.0, 1e9)], limits=DEFAULT_LIMITS)

        return work

    def others(self, rounds: int) -> Iterator[list[str]]:
        """Yield rows: what is no encoding."""
        long = looped(clip(self.folder, "H.264, GOP 250", self.seconds), 10)
        done = self.scratch / "done.mp4"
        kzmark.Stamper(STATEMENT, identity=self._identity, placement="intro").stamp(long, done)
        data = Rope.over(io.BytesIO(done.read_bytes()))
        film = adapter("mp4")
        mark = example_mark(film)
        works = {
            f"verify, {self.seconds * 10} s, 1080p": Work(lambda: kzmark.verify(done)),
            f"XMP and keys into {data.size / 1e6:.0f} MB": Work(
                lambda: film.write(data, Rope(), mark, limits=DEFAULT_LIMITS)
            ),
        }
        for name, one in clock.compared(works, rounds=rounds, budget=30, least=5).items():
            yield [name, f"{one.cpu * 1e3:.1f} ms"]


def _against(name: str, *, start: Spent, anew: Spent) -> list[str]:
    ratios = f"{anew.cpu / start.cpu:.1f}", f"{anew.wall / start.wall:.1f}"
    return [name, _time(start), _time(anew), *ratios]


def _time(spent: Spent) -> str:
    return f"{spent.cpu:.1f} ({spent.wall:.1f})"


def section(rounds: int, *, folder: Path | None = None, seconds: int = SECONDS) -> str:
    """Return this part of the page."""
    with tempfile.TemporaryDirectory() as scratch:
        films = Films(folder or Path(scratch), Path(scratch), seconds)
        starts = tables.table(
            ("notice at the start", "kzmark", "all anew", "times, CPU", "times, wall"),
            films.starts(rounds),
        )
        head = f"on every frame, {min(SHORT, seconds)} s"
        wholes = tables.table((head, "time", "times kzmark's notice"), films.wholes(rounds))
        others = tables.table(("nothing encoded", "CPU"), films.others(rounds))
    words = _WORDS.format(seconds=seconds)
    return tables.section("Films", words, starts, wholes, others)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args(argv)
    print(section(chosen.rounds, folder=chosen.folder, seconds=chosen.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
