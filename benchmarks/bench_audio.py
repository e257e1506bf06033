"""A spoken notice before an hour of sound, beside decoding and encoding the hour with PyAV.

    python -m benchmarks.bench_audio [FORMAT...] [--minutes 60]

The peer says the same words before the sound with PyAV alone, as scripts do: it decodes everything
and encodes it again, in the same codec, rate and bit rate; no metadata, no manifest, no check. One
run of each, since the peer takes minutes; the sound is a minute of tones and noise, repeated.
"""

import argparse
import hashlib
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import timed
from fixtures import sounds

import kzmark
from kzmark.signing.identity import new_identity

MINUTES: Final = 60
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
    return f"{same} of {len(before)} packets as they were"


def _digests(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        return [
            hashlib.md5(bytes(packet), usedforsecurity=False).digest()
            for packet in file.demux(stream)
            if packet.size
        ]


def measure(kind: str, folder: Path, stamper: kzmark.Stamper, minutes: int) -> str:
    """Return one row: seconds of CPU of both, and what became of the packets."""
    source, target, other = (folder / f"{name}.{kind}" for name in ("long", "ours", "theirs"))
    made(kind, source, minutes)
    words = folder / f"words.{kind}"
    words.write_bytes(stamper.stamp(_silence(kind)).data or b"")
    ours = timed(lambda: stamper.stamp(source, target))
    peer = timed(lambda: theirs(kind, source, other, words))
    assert kzmark.verify(target).verdict is kzmark.Verdict.COMPLIANT
    told = kept(source, target) if kind != "flac" else "samples as they were"
    return (
        f"{kind:5} {ours.cpu:7.2f} s CPU   PyAV {peer.cpu:7.2f} s   "
        f"{peer.cpu / ours.cpu:6.1f} times as fast; {told}"
    )


def _silence(kind: str) -> bytes:
    muxer, encoder, rate, bits = FORMATS[kind]
    return sounds.sound(muxer, encoder, seconds=1, rate=rate, layout="stereo", bit_rate=bits)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("formats", nargs="*", default=list(FORMATS), metavar="FORMAT")
    parser.add_argument("--minutes", type=int, default=MINUTES)
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stamper = kzmark.Stamper(STATEMENT, identity=new_identity(folder / "id"))
        for kind in chosen.formats:
            print(measure(kind, folder, stamper, chosen.minutes), flush=True)
            for path in folder.glob("*." + kind):
                path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
