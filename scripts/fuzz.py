"""`make fuzz`: damaged files of every format through everything that reads them.

    fuzz.py [--inputs N] [--seed S] [--seconds T] [--keep FOLDER] [--only mp4,avi]

Each input is one of our fixtures, damaged: bits flipped, cut, parts doubled, moved, zeroed, lengths
turned into lies. It goes through read, write, sizes, pictures, paint or burn, and verify in a
worker of its own, held to 1 GB of memory; only a `MediaError` may come out, within T seconds. What
does something else is kept in FOLDER under its SHA-256, with the seed that made it.
"""

import argparse
import contextlib
import hashlib
import io
import multiprocessing
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any

ROOT = Path(__file__).parents[1]
MEMORY = 1_000_000_000  # bytes above what the worker has when it begins


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to eight kinds of damage done to it."""
    body = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if not body:
            break
        at = chance.randrange(len(body))
        size = min(chance.choice((1, 2, 4, 8, 64, 1000)), len(body) - at)
        kind = chance.randrange(8)
        if kind == 0:
            body[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del body[at:]
        elif kind == 2:
            del body[at : at + size]
        elif kind == 3:
            body[at:at] = body[at : at + size] * chance.choice((1, 2, 50))
        elif kind == 4:
            body[at : at + size] = bytes(size)
        elif kind == 5:
            body[at : at + size] = chance.randbytes(size)
        elif kind == 6:
            lie = chance.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))
            body[at : at + 4] = lie.to_bytes(4, chance.choice(("big", "little")))
        else:
            to = chance.randrange(len(body))
            body[to : to + size] = body[at : at + size]
    return bytes(body)


def everything(name: str, data: bytes) -> None:
    """Do all that kzmark does with a file."""
    from kzmark import api
    from kzmark._limits import Limits
    from kzmark._rope import Rope
    from kzmark.errors import KzmarkError, MediaError
    from kzmark.formats import adapter
    from kzmark.formats._base import Draws, Paints, Pictures
    from kzmark.formats._embedding import Embeds
    from kzmark.formats._film import Films
    from kzmark.notices import image
    from kzmark.notices.style import NoticeStyle
    from kzmark.profile import load
    from kzmark.testing import example_mark, half_and_half
    from kzmark.vocabulary import Operation

    limits = Limits(
        max_pixels=4_000_000, max_total_pixels=40_000_000, max_frames=100, max_seconds=5
    )
    one: Any = adapter(name)
    style = NoticeStyle(
        profile=load(), operation=Operation.CREATED, languages=("kk", "ru"), corner=load().corner
    )
    drawing = image.drawing_for(style, image.Form.SHORT)
    calls: list[Callable[[], Any]] = [
        lambda: one.read(io.BytesIO(data), limits=limits),
        lambda: one.write(io.BytesIO(data), io.BytesIO(), example_mark(one), limits=limits),
    ]
    if isinstance(one, Pictures):
        calls.append(lambda: one.sizes(io.BytesIO(data), limits=limits))
        calls.append(lambda: list(one.pictures(io.BytesIO(data), limits=limits)))
    if isinstance(one, Paints):
        target = io.BytesIO()
        calls.append(lambda: one.paint(io.BytesIO(data), target, half_and_half, limits=limits))
    if isinstance(one, Draws):
        calls.append(lambda: one.draw(io.BytesIO(data), io.BytesIO(), drawing, limits=limits))
    if isinstance(one, Films):
        calls.append(lambda: one.film(io.BytesIO(data), limits=limits))
        some = partial(one.stills, io.BytesIO(data), [0.0, 0.5, 9.0, float("inf")], limits=limits)
        calls += [lambda: list(some()), lambda: list(some(keys=True))]
        calls.append(
            lambda: one.burn(io.BytesIO(data), Rope(), half_and_half, [(0, 0.3)], limits=limits)
        )
    if isinstance(one, Embeds):
        streamed = adapter(name).info.streamed
        whole: Any = Rope.over(io.BytesIO(data)) if streamed else data
        calls.append(lambda: one.survey(whole, limits=limits))
        calls.append(lambda: one.room(whole, 3_000))
    for call in (*calls, *sounding(one, data, limits), *narrated(one, data, limits)):
        try:
            call()
        except MediaError:
            pass
        except KzmarkError as error:  # our own tree, and yet not the file's fault: wrong
            raise AssertionError(f"{type(error).__name__} for a damaged file") from error
    api.verify(data, limits=limits)


def sounding(one: Any, data: bytes, limits: Any) -> list[Callable[[], Any]]:
    """Return what is done with a sound: listening to it, and putting words before it."""
    import numpy as np

    from kzmark.formats._sound import Sounds

    def spoken() -> None:
        sound = one.sound(io.BytesIO(data), limits=limits)
        words = np.zeros((sound.rate // 4, sound.channels), np.float32)
        one.speak(io.BytesIO(data), io.BytesIO(), words, limits=limits)

    def heard() -> None:
        list(one.listen(io.BytesIO(data), [(0, 0.5), (1, 1.5)], limits=limits))

    return [heard, spoken] if isinstance(one, Sounds) else []


def narrated(one: Any, data: bytes, limits: Any) -> list[Callable[[], Any]]:
    """Return what is done with the sound of a film: listening to it, and speaking over it."""
    import numpy as np

    from kzmark._rope import Rope
    from kzmark.formats._narration import Narrates, Narration, Overhears

    def heard() -> None:
        for track in range(len(one.soundtracks(io.BytesIO(data), limits=limits))):
            list(one.overhear(io.BytesIO(data), track, [(0, 0.5), (1, 1.5)], limits=limits))

    def words(sound: Any, _: Any) -> Narration:
        said = np.zeros((sound.rate // 4, sound.channels), np.float32)
        return Narration(words=said, gain=np.ones(len(said), np.float32))

    def spoken() -> None:
        one.admit(io.BytesIO(data), limits=limits)
        one.narrate(io.BytesIO(data), Rope(), words, limits=limits)

    return [heard] * isinstance(one, Overhears) + [spoken] * isinstance(one, Narrates)


def seeds(only: str = "") -> list[tuple[str, str, bytes]]:
    """Return (format, file, bytes) of every fixture, clean and marked, of some formats or all."""
    from kzmark.sniff import sniff

    found = []
    for folder in ("clean", "marked", "bad", "regression"):
        for path in sorted((ROOT / "fixtures" / folder).glob("*")):
            data = path.read_bytes()
            try:
                found.append((sniff(io.BytesIO(data)).info.name, path.name, data))
            except Exception:  # noqa: BLE001 - a bad fixture may be of no format
                continue
    wanted = only.split(",") if only else [name for name, _, _ in found]
    return [one for one in found if one[0] in wanted]


def work(queue: Any, done: Any, seed: int, only: str) -> None:
    """Run cases until told to stop; each is told before it begins, so that a crash has a name."""
    import resource
    import warnings

    warnings.simplefilter("error")
    pool = seeds(only)
    everything(*next((n, d) for n, _, d in pool))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    while (number := queue.get()) is not None:
        chance = random.Random(f"{seed}-{number}")
        name, file, data = chance.choice(pool)
        body = damaged(data, chance)
        done.put(("begin", number, file, os.getpid(), b""))
        begun = time.monotonic()
        told = ""
        try:
            everything(name, body)
        except BaseException:  # noqa: BLE001 - whatever comes out is the result
            told = traceback.format_exc(limit=-6)
        seconds = time.monotonic() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - base
        if not told and peak > MEMORY:
            told = f"memory: {peak / 1e6:.0f} MB above the start"
        done.put(("end", number, file, (told, seconds), body if told else b""))


class Crew:
    """Workers on one queue of case numbers; a worker that hangs or dies is replaced."""

    def __init__(self, args: argparse.Namespace) -> None:
        context = multiprocessing.get_context("spawn")
        self.args = args
        self.queue, self.done = context.Queue(), context.Queue()
        self.context = context
        self.workers: dict[int, Any] = {}
        self.busy: dict[int, tuple[int, str, float]] = {}
        self.slowest = (0.0, 0, "")
        self.ended = self.finds = 0
        for number in range(args.first, args.first + args.inputs):
            self.queue.put(number)
        for _ in range(args.workers):
            self.hire()

    def hire(self) -> None:
        given = (self.queue, self.done, self.args.seed, self.args.only)
        worker = self.context.Process(target=work, args=given, daemon=True)
        worker.start()
        assert worker.pid is not None
        self.workers[worker.pid] = worker

    def run(self) -> None:
        while self.ended < self.args.inputs:
            with contextlib.suppress(Empty):
                self.hear(*self.done.get(timeout=1))
            self.look_after()
        for worker in self.workers.values():
            worker.kill()

    def hear(self, kind: str, number: int, file: str, extra: Any, body: bytes) -> None:
        if kind == "begin":
            self.busy[extra] = (number, file, time.monotonic())
            return
        told, seconds = extra
        self.busy = {pid: one for pid, one in self.busy.items() if one[0] != number}
        self.slowest = max(self.slowest, (seconds, number, file))
        if told:
            self.keep(number, file, told, body)
        self.end()

    def look_after(self) -> None:
        for pid, worker in list(self.workers.items()):
            case = self.busy.get(pid)
            hung = case is not None and time.monotonic() - case[2] > self.args.seconds
            if hung:
                worker.kill()
                worker.join()
            if worker.is_alive():
                continue
            del self.workers[pid]
            if case is not None:
                del self.busy[pid]
                told = "a hang" if hung else f"a crash, exit {worker.exitcode}"
                self.keep(case[0], case[1], told, remade(self.args.seed, case[0], self.args.only))
                self.end()
            self.hire()

    def keep(self, number: int, file: str, told: str, body: bytes) -> None:
        self.finds += 1
        name = f"{hashlib.sha256(body).hexdigest()[:16]}{Path(file).suffix}"
        print(f"\ncase {self.args.seed}-{number} from {file}, kept as {name}: {told}", flush=True)
        self.args.keep.mkdir(exist_ok=True)
        (self.args.keep / name).write_bytes(body)

    def end(self) -> None:
        self.ended += 1
        if self.ended % 1000 == 0:
            print(f"{self.ended} of {self.args.inputs}, {self.finds} finds", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--keep", type=Path, default=ROOT / "fuzz-finds")
    parser.add_argument("--only", default="", metavar="FORMATS", help="some formats, not all")
    args = parser.parse_args()
    crew = Crew(args)
    crew.run()
    seconds, number, file = crew.slowest
    print(f"{crew.ended} inputs, seed {args.seed}, {crew.finds} finds")
    print(f"slowest: case {args.seed}-{number} from {file}, {seconds:.2f} s")
    return 1 if crew.finds else 0


def remade(seed: int, number: int, only: str) -> bytes:
    """Make a case again from its seed and number."""
    chance = random.Random(f"{seed}-{number}")
    _, _, data = chance.choice(seeds(only))
    return damaged(data, chance)


if __name__ == "__main__":
    sys.exit(main())
