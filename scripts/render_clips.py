"""Make the spoken notices of a profile with espeak-ng.

    python scripts/render_clips.py [--out src/kzmark/notices/clips] [--voice m3] [--speed 145]

Needs the program `espeak-ng` (made with 1.51) and PyAV. For each language and operation of the
profile, the full text is spoken, cut to its words, freed of rumble, evened out a little, brought to
-20 LUFS, and written as mono Opus at 48 kHz. `index.toml` beside the clips says which text each
one speaks; the package looks up texts there. The short texts are left out: read aloud, their
abbreviations are words of no language («жый жасаған»).

The same versions of espeak-ng and libopus give the same bytes. espeak-ng is under the GPL; what it
speaks is not (see the README there), and nothing of it is needed where kzmark runs.
"""

import argparse
import io
import struct
import subprocess
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from kzmark.notices.loudness import Meter
from kzmark.notices.rates import resampled
from kzmark.profile import load
from kzmark.vocabulary import Operation

Wave = NDArray[np.float32]

RATE: Final = 48_000
BIT_RATE: Final = 64_000  # from here on Opus codes the wave; at 48,000 it loses 3 dB above 6 kHz
LOUDNESS: Final = -20.0  # LUFS
FOLDER: Final = Path(__file__).parents[1] / "src/kzmark/notices/clips"
VOICES: Final = {"en": "en-gb"}  # where espeak-ng calls a language otherwise
ABOUT: Final = """\
# Which clip speaks which text. Written by scripts/render_clips.py; see README.md.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--voice", default="m3", help="espeak-ng's name of the variant")
    parser.add_argument("--speed", type=int, default=145, help="words a minute")
    parser.add_argument("--pitch", type=int, default=46, help="0 to 99")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    index = ABOUT
    for language, operations in load().texts.items():
        for operation in Operation:
            text = operations[operation].full
            spoken = _spoken(text, language, args)
            name = f"{language}-{operation}.opus"
            (args.out / name).write_bytes(_encoded(_mastered(spoken)))
            index += f'\n[[clip]]\nlanguage = "{language}"\ntext = "{text}"\nfile = "{name}"\n'
            print(f"{name}: {(args.out / name).stat().st_size} bytes")
    (args.out / "index.toml").write_text(index, encoding="utf-8")


def _spoken(text: str, language: str, args: argparse.Namespace) -> Wave:
    """Return what espeak-ng says, at 48 kHz."""
    voice = f"{VOICES.get(language, language)}+{args.voice}"
    options = ["-v", voice, "-s", str(args.speed), "-p", str(args.pitch), "-g", "1"]
    done = subprocess.run(
        ["espeak-ng", *options, "--stdout", f"{text}."], capture_output=True, check=True
    )
    (rate,) = struct.unpack_from("<I", done.stdout, 24)
    pcm = np.frombuffer(done.stdout[44:], "<i2")  # the header of a stream names no length
    return resampled((pcm / 32768).astype(np.float32), rate, RATE)


def _mastered(spoken: Wave) -> Wave:
    """Return the words alone: without rumble, evened out, faded at both ends, at -20 LUFS."""
    clean = _without_rumble(spoken)
    loud = np.flatnonzero(np.abs(clean) > np.abs(clean).max() * 10 ** (-45 / 20))
    words = clean[max(0, loud[0] - RATE // 50) : loud[-1] + RATE // 12]
    even = _evened(words)
    fade = np.minimum(1, np.arange(even.size) / (RATE * 0.01))
    shaped = even * fade * np.minimum(1, np.arange(even.size)[::-1] / (RATE * 0.04))
    meter = Meter(RATE, [1.0])
    meter.hear(shaped[:, None].astype(np.float32))
    return (shaped * 10 ** ((LOUDNESS - meter.loudness) / 20)).astype(np.float32)


def _without_rumble(sound: Wave) -> Wave:
    """Return a sound without what lies under 90 Hz: a fourth-order Butterworth shape, no phase."""
    size = sound.size + RATE
    spectrum = np.fft.rfft(sound, size)
    ratio = np.fft.rfftfreq(size, 1 / RATE) / 90
    shape = ratio**4 / np.sqrt(1 + ratio**8)
    return np.fft.irfft(spectrum * shape, size)[: sound.size].astype(np.float32)


def _evened(sound: Wave) -> Wave:
    """Return a sound whose loud parts are halved in decibels above -12 dB of their peak."""
    width = RATE // 50
    window = np.hanning(width)
    power = np.convolve(sound.astype(np.float64) ** 2, window / window.sum(), "same")
    level = 10 * np.log10(np.maximum(power / power.max(), 1e-9))
    reduction = np.maximum(0, level + 12) / 2
    even: Wave = (sound * 10 ** (-reduction / 20)).astype(np.float32)
    return even


def _encoded(sound: Wave) -> bytes:
    """Return Ogg Opus, without the number that would differ from run to run."""
    file = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(file, "w", format="ogg", options=options) as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        stream.options = {"application": "audio", "vbr": "on"}
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="flt", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


if __name__ == "__main__":
    main()
