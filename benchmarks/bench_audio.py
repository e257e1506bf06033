"""A spoken notice before an hour of sound, beside decoding and encoding the hour with PyAV.

    python -m benchmarks.bench_audio [FORMAT...] [--minutes 60] [--rounds 3]

The peer says the same words before the sound with PyAV alone, as scripts do: it decodes everything
and encodes it again, in the same codec, rate and bit rate; no metadata, no manifest, no check. It
takes minutes, so it is run once, on a sixth of the sound; the sound is a minute of tones and noise,
repeated. Verifying is measured in a process that has verified something before.
"""

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
from benchmarks import clock, tables
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Work, timed
from fixtures import sounds

import kzmark
from kzmark.signing.identity import new_identity

MINUTES: Final = 60
PART: Final = 6  # the peer is given one part of so many
UNCODED: Final = frozenset({"flac", "wav"})  # packets are cut anew there; samples are compared
TITLES: Final = {"m4a": "M4A (AAC)", "aac": "AAC (ADTS)", "opus": "Ogg Opus"}
_WORDS: Final = """Whole stamps of {minutes} minutes, stereo: spoken notice, layers, C2PA, check,
SHA-256, from file to file, audit log aside; CPU seconds. PyAV decodes and encodes the words and the
sound, and writes no mark: {part} minutes, times {times}. Memory is the greatest resident set of a
fresh process that stamps, less the pages of program files; and with them, in all."""
_PEAK: Final = """
import sys
import kzmark
statement = kzmark.Statement(
    system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name="X")
)
kzmark.Stamper(statement, identity="id").stamp(*sys.argv[1:], overwrite=True)
status = open("/proc/self/status").read()
print(*(int(status.split(name + ":")[1].split()[0]) for name in ("VmHWM", "RssFile")))
"""
FORMATS: Final = {  # muxer, encoder, rate, bits a second
    "mp3": ("mp3", "libmp3lame", 44_100, 128_000),
    "m4a": ("ipod", "aac", 44_100, 128_000),
    "aac": ("adts", "aac", 44_100, 128_000),
    "opus": ("ogg", "libopus", 48_000, 96_000),
    "flac": ("flac", "flac", 44_100, 0),
    "wav": ("wav", "pcm_s16le", 44_100, 0),
}


def made(kind: str, target: Path, minutes: int) -> None:
    """Write so many minutes: one is encoded, the others repeat its packets.

    Frames of FLAC are numbered: there the minute is encoded again and again.
    """
    muxer, encoder, rate, bits = FORMATS[kind]
    one = sounds.sound(muxer, encoder, seconds=60, rate=rate, layout="stereo", bit_rate=bits)
    if kind == "flac":
        _encoded_again(one, target, minutes)
        return
    with av.open(io.BytesIO(one)) as first:
        stream = first.streams.audio[0]
        packets = [packet for packet in first.demux(stream) if packet.size]
        step = packets[1].pts - packets[0].pts
        with av.open(str(target), "w", format=muxer) as out:
            copy = out.add_stream_from_template(stream)
            for number in range(minutes * len(packets)):
                packet = av.Packet(bytes(packets[number % len(packets)]))
                packet.pts = packet.dts = (packets[0].pts or 0) + number * step
                packet.duration, packet.time_base = step, packets[0].time_base
                packet.stream = copy
                out.mux_one(packet)


def _encoded_again(one: bytes, target: Path, minutes: int) -> None:
    with av.open(str(target), "w", format="flac") as out:
        stream: Any = out.add_stream("flac", rate=44_100, layout="stereo")
        at = 0
        for _ in range(minutes):
            with av.open(io.BytesIO(one)) as source:
                for frame in source.decode(source.streams.audio[0]):
                    frame.pts, at = at, at + frame.samples
                    out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def theirs(kind: str, source: Path, target: Path, words: Path) -> None:
    """Decode the words and the sound, and encode both."""
    muxer, encoder, rate, bits = FORMATS[kind]
    with av.open(str(target), "w", format=muxer) as out:
        stream: Any = out.add_stream(encoder, rate=rate, layout="stereo")
        if bits:
            stream.bit_rate = bits
        sample = stream.codec_context.format.name
        resampler = av.AudioResampler(
            format=sample, layout="stereo", rate=rate, frame_size=1152 if kind == "mp3" else 960
        )
        at = 0
        for frame in (one for path in (words, source) for one in _frames(path)):
            frame.pts = None
            for part in resampler.resample(frame):
                part.pts, at = at, at + part.samples
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))


def _frames(path: Path) -> Iterator[Any]:
    with av.open(str(path)) as file:
        yield from file.decode(file.streams.audio[0])


def kept(source: Path, target: Path) -> str:
    """Say how many of the packets of the source stand in the target, byte for byte."""
    before, after = _digests(source), _digests(target)
    same = sum(one == two for one, two in zip(reversed(before), reversed(after), strict=False))
    return f"{same} of {len(before)} packets"


def samples_kept(source: Path, target: Path) -> str:
    """Say that the samples of the source end the target, bit for bit.

    Raises:
        AssertionError: If they do not.
    """
    before, after = (sum(map(len, _samples(path))) for path in (source, target))
    whole = hashlib.sha256()
    for part in _samples(source):
        whole.update(part)
    ended, skip = hashlib.sha256(), after - before
    for part in _samples(target):
        ended.update(part[min(skip, len(part)) :])
        skip -= min(skip, len(part))
    assert whole.digest() == ended.digest()
    return "all samples"


def _samples(path: Path) -> Iterator[bytes]:
    for frame in _frames(path):
        yield frame.to_ndarray().tobytes()


def _digests(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        return [
            hashlib.md5(bytes(packet), usedforsecurity=False).digest()
            for packet in file.demux(stream)
            if packet.size
        ]


class Row(NamedTuple):
    """One format: seconds of CPU, what became of the packets, and megabytes."""

    kind: str
    ours: float
    peer: float
    kept: str
    verify: float
    peak: float
    whole: float

    @property
    def times(self) -> float:
        """How many times as long the peer takes."""
        return self.peer / self.ours


def measure(kind: str, folder: Path, minutes: int, rounds: int) -> Row:
    """Stamp, verify and compare one format; the folder holds an identity."""
    stamper = kzmark.Stamper(STATEMENT, identity=folder / "id")
    part, source, target, other, words = (
        folder / f"{name}.{kind}" for name in ("part", "long", "ours", "theirs", "words")
    )
    made(kind, part, max(1, minutes // PART))
    made(kind, source, minutes)
    words.write_bytes(stamper.stamp(_silence(kind)).data or b"")
    works = {
        "ours": Work(lambda: stamper.stamp(source, target, overwrite=True)),
        "verify": Work(lambda: kzmark.verify(target)),
    }
    spent = clock.compared(works, rounds=rounds, budget=60, least=min(rounds, 2))
    peer = timed(lambda: theirs(kind, part, other, words)).cpu * minutes / max(1, minutes // PART)
    assert kzmark.verify(target).verdict is kzmark.Verdict.COMPLIANT
    told = samples_kept(source, target) if kind in UNCODED else kept(source, target)
    peak, whole = _peak(source, target)
    for path in (part, source, target, other, words):
        path.unlink()
    return Row(kind, spent["ours"].cpu, peer, told, spent["verify"].cpu, peak, whole)


def _peak(source: Path, target: Path) -> tuple[float, float]:
    """Return the greatest resident set of a stamp less the program files' pages, and all; MB."""
    environment = {**os.environ, "PYTHONPATH": str(Path(kzmark.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, source.name, target.name],
        cwd=source.parent,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    highest, files = map(int, done.stdout.split())
    return (highest - files) * 1024 / 1e6, highest * 1024 / 1e6


def _silence(kind: str) -> bytes:
    muxer, encoder, rate, bits = FORMATS[kind]
    return sounds.sound(muxer, encoder, seconds=1, rate=rate, layout="stereo", bit_rate=bits)


def section(rounds: int, *, kinds: Sequence[str] = (*FORMATS,), minutes: int = MINUTES) -> str:
    """Return this part of the page."""
    head = (
        "spoken notice before",
        "kzmark",
        "PyAV",
        "times",
        "as before",
        "verify",
        "memory, MB",
        "in all",
    )
    with tempfile.TemporaryDirectory() as name:
        new_identity(Path(name) / "id")
        cells = [_cells(measure(kind, Path(name), minutes, rounds)) for kind in kinds]
    part = max(1, minutes // PART)
    words = _WORDS.format(minutes=minutes, part=part, times=f"{minutes / part:g}")
    return tables.section("Sound", words, tables.table(head, cells))


def _cells(row: Row) -> list[str]:
    spent = f"{row.ours:.2f}", f"{row.peer:.1f}", f"{row.times:.1f}"
    return [
        TITLES.get(row.kind, row.kind.upper()),
        *spent,
        row.kept,
        f"{row.verify:.2f}",
        f"{row.peak:.0f}",
        f"{row.whole:.0f}",
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("formats", nargs="*", default=[*FORMATS], metavar="FORMAT")
    parser.add_argument("--minutes", type=int, default=MINUTES)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(argv)
    print(section(chosen.rounds, kinds=chosen.formats, minutes=chosen.minutes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
