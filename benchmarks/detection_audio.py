"""How reliably the spoken notice is found, and what does not pass for one: a table over sounds.

    python -m benchmarks.detection_audio [FOLDER ...] [--hours 10] [--marked 20] [--jobs 2]

Unmarked: speech of espeak-ng in many voices and languages, phrases that nearly are the notice in
the notice's own voice, music and noise made here, and every sound below the folders, in pieces of
24 s. Each is searched blind, and with a record that claims a notice.

Marked: pieces of the same kinds get a notice, go through what sounds go through, and are searched
with the record and blind. `found` rows count what must be perceivable and is, `hindered` rows what
must not be and is not. Needs espeak-ng, ffmpeg and PyAV. Nothing here runs in the tests, but for
the edits.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from benchmarks import sounds
from benchmarks.sound_edits import CODECS, HINDERING, KIND, Edit

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples, Sound
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.notices import audio
from kzmark.notices.rates import resampled
from kzmark.notices.style import NoticeStyle
from kzmark.profile import load
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Medium, Operation, SourceType

PROFILE = load()
KINDS = (".wav", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".flac", ".aif", ".aiff")
RATE = 44_100
BLOCK = 25  # sounds of one task


@dataclass
class Table:
    done: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)  # seconds
    spent: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def note(self, row: str, *, good: bool, spent: float, seconds: float, what: str) -> None:
        self.done[row] += 1
        self.good[row] += good
        self.heard[row] += round(seconds)
        self.spent[row].append(spent)
        if not good:
            self.failures.append(f"{row}: {what}")

    def merge(self, other: "Table") -> None:
        self.done.update(other.done)
        self.good.update(other.good)
        self.heard.update(other.heard)
        self.failures += other.failures
        for row, spent in other.spent.items():
            self.spent[row] += spent

    def __str__(self) -> str:
        lines = [f"{'':48}{'right':>7}{'of':>7}{'share':>9}{'hours':>8}{'median ms':>11}"]
        for row, done in sorted(self.done.items()):
            lines.append(
                f"{row:48}{self.good[row]:7}{done:7}{self.good[row] / done:9.2%}"
                f"{self.heard[row] / 3600:8.2f}{np.median(self.spent[row]) * 1e3:11.1f}"
            )
        return "\n".join(lines)


def sound_of(samples: Samples, rate: int) -> Sound:
    channels = samples.shape[1]
    layout = {1: "mono", 2: "stereo"}[channels]
    seconds = len(samples) / rate
    return Sound(codec="pcm", rate=rate, channels=channels, layout=layout, seconds=seconds)


def listening(samples: Samples, rate: int) -> audio.Listen:
    """Return what an adapter's `listen` would give of an array."""

    def listen(spans: Sequence[Span]) -> Iterator[tuple[float, Samples]]:
        for start, end in spans:
            first, last = (int(min(time * rate, len(samples))) for time in (start, end))
            if first < last:
                yield first / rate, samples[first:last]

    return listen


def style_of(turn: int) -> NoticeStyle:
    operation = list(Operation)[turn % 2]
    languages = (("kk", "ru"), ("kk", "ru", "en"))[turn // 2 % 2]
    corner = PROFILE.corner
    return NoticeStyle(profile=PROFILE, operation=operation, languages=languages, corner=corner)


def mark_of(style: NoticeStyle, notice: NoticeRecord) -> Mark:
    return Mark(
        mark_id=UUID(int=1),
        operation=style.operation,
        source_type=SourceType.TRAINED,
        medium=Medium.AUDIO,
        system=System(name="bench"),
        responsible=Responsible(name="bench"),
        created=datetime(2026, 1, 1, tzinfo=UTC),
        profile=PROFILE.name,
        notice=notice,
    )


def search(samples: Samples, rate: int, mark: Mark | None) -> tuple[Evidence, float]:
    start = time.process_time()
    evidence = audio.find(
        listening(samples, rate),
        sound_of(samples, rate),
        profile=PROFILE,
        mark=mark,
        limits=DEFAULT_LIMITS,
    )
    return evidence, time.process_time() - start


def unmarked(kind: str, name: str, samples: Samples, rate: int) -> Table:
    table = Table()
    style = style_of(0)
    claimed = mark_of(style, audio.record(style, sound_of(samples, rate)))
    for suffix, mark in ((", blind", None), (", a record claims one", claimed)):
        evidence, spent = search(samples, rate, mark)
        # a record that claims a notice makes "something like it" a better answer than "nothing"
        good = evidence.status is Status.ABSENT or (
            mark is not None and evidence.status is Status.BROKEN
        )
        told = f"{name}: {evidence.status.value} {evidence.code} {evidence.detail}"
        seconds = len(samples) / rate
        row = f"unmarked: {kind}{suffix}"
        table.note(row, good=good, spent=spent, seconds=seconds, what=told)
    return table


def made(first: int, last: int) -> Table:
    table = Table()
    for kind, name, wave in sounds.numbered(range(first, last)):
        table.merge(unmarked(kind, name, wave[:, None], sounds.RATE))
    return table


def of_file(path: Path) -> Table:
    """Search every 24 s of one file."""
    import av

    table = Table()
    try:
        with av.open(str(path)) as container:
            change = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
            parts = [
                part.to_ndarray().reshape(-1, 2)
                for frame in container.decode(audio=0)
                for part in change.resample(frame)
            ]
    except (av.error.FFmpegError, IndexError):
        return table
    whole = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
    step = int(sounds.SECONDS * RATE)
    for start in range(0, len(whole), step):
        piece = whole[start : start + step]
        table.merge(
            unmarked("recordings and music", f"{path.name} +{start // RATE} s", piece, RATE)
        )
    return table


def marked(turn: int) -> Table:
    """Stamp one programme, and search it after everything that may happen to it."""
    table = Table()
    name, wave = list(sounds.MAKERS)[turn % len(sounds.MAKERS)](turn)
    long = resampled(wave, sounds.RATE, RATE)
    programme = np.stack([long, 0.7 * long], 1).astype(np.float32)
    style = style_of(turn)
    sound = sound_of(programme, RATE)
    notice = audio.voice(style, sound, listening(programme, RATE))
    whole = np.concatenate([notice, programme])
    mark = mark_of(style, audio.record(style, sound))
    searches = [("", mark)] if len(style.languages) > 2 else [("", mark), (", blind", None)]
    rows: list[tuple[str, Edit]] = [("found: as made", lambda x, _, rate: (x, rate))]
    rows += [(f"found: {row}", edit) for row, edit in (KIND | CODECS).items()]
    rows += [(f"hindered: {row}", edit) for row, edit in HINDERING.items()]
    for row, edit in rows:
        changed, rate = edit(whole, len(notice), RATE)
        for suffix, record in searches:
            evidence, spent = search(changed, rate, record)
            good = (evidence.status is Status.PRESENT) == row.startswith("found")
            told = f"{name}: {evidence.status.value} {evidence.code} {evidence.detail}"
            seconds = len(changed) / rate
            table.note(row + suffix, good=good, spent=spent, seconds=seconds, what=told)
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--hours", type=float, default=10, help="of sounds made here")
    parser.add_argument("--marked", type=int, default=20, help="programmes that are stamped")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    files = [
        path
        for folder in args.folders
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in KINDS and path.is_file()
    ]
    count = int(args.hours * 3600 / sounds.SECONDS)
    table = Table()
    with ProcessPoolExecutor(args.jobs) as pool:
        waiting = [pool.submit(marked, turn) for turn in range(args.marked)]
        waiting += [
            pool.submit(made, start, min(count, start + BLOCK)) for start in range(0, count, BLOCK)
        ]
        waiting += [pool.submit(of_file, path) for path in files]
        for future in waiting:
            table.merge(future.result())
    print(table)
    print("\n".join(table.failures), file=sys.stderr)
    return bool(table.failures)


if __name__ == "__main__":
    raise SystemExit(main())
