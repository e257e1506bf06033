"""Whole stamps, paired against the pipeline people build by hand, and the parts of one stamp.

    python benchmarks/bench_stamp.py [ROUNDS]

Interleaved in one run, medians; CPU of this process and of exiftool, wall time beside it. As a
plain test the body runs once on a small picture and its work is checked.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.naive import Naive
from benchmarks.pictures import SIZES, encoded
from PIL import Image

import kzmark
from kzmark import formats
from kzmark.formats._base import Paints
from kzmark.signing.identity import new_identity

STATEMENT = kzmark.Statement(
    system=kzmark.System(name="ImageGen", version="2.1"),
    responsible=kzmark.Responsible(name="ТОО Пример"),
)


@contextmanager
def desk() -> Iterator[tuple[Path, kzmark.Stamper]]:
    """Give a folder with a stamper whose identity and audit log are in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        identity = new_identity(folder / "id", organisation="ТОО Пример")
        yield folder, kzmark.Stamper(STATEMENT, identity=identity, audit=folder / "audit.jsonl")


def timed(work: Callable[[], object], others: Callable[[], float] = float) -> tuple[float, float]:
    """Return (CPU, wall) of one call, in seconds; `others` is the CPU of a helper process."""
    before, wall, cpu = others(), time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu + others() - before, time.perf_counter() - wall


class Pair(NamedTuple):
    """Medians of both sides, in seconds, and what a stamp adds, in bytes."""

    kind: str
    size: str
    naive: float
    ours: float
    naive_wall: float
    our_wall: float
    added: int


class Parts(NamedTuple):
    """CPU of one picture of 4 MP, in seconds."""

    kind: str
    pillow: float
    paint: float
    stamp: float


def stamps(rounds: int) -> Iterator[Pair]:
    """Yield the comparison with the hand-built pipeline for each kind and size."""
    with desk() as (folder, stamper), Naive(folder / "id") as naive:
        for kind in ("jpeg", "png"):
            for size in SIZES:
                (folder / f"in.{kind}").write_bytes(encoded(kind, size))
                yield _pair(folder, stamper, naive, kind, size, rounds)


def around(rounds: int) -> Iterator[Parts]:
    """Yield what Pillow's decode and encode, our painting and a whole stamp cost at 4 MP."""
    with desk() as (folder, stamper):
        for kind in ("jpeg", "png"):
            source = folder / f"in.{kind}"
            source.write_bytes(encoded(kind, "4 MP"))
            works = (
                partial(_pillow, source.read_bytes(), kind),
                partial(_paint, stamper, source, kind),
                partial(stamper.stamp, source, folder / f"out.{kind}", overwrite=True),
            )
            times = [[timed(work)[0] for work in works] for _ in range(rounds + 1)][1:]
            pillow, paint, stamp = map(statistics.median, zip(*times, strict=True))
            yield Parts(kind, pillow, paint, stamp)


def _pair(
    folder: Path, stamper: kzmark.Stamper, naive: Naive, kind: str, size: str, rounds: int
) -> Pair:
    source, ours, theirs = (folder / f"{name}.{kind}" for name in ("in", "ours", "theirs"))
    by_hand = partial(naive.stamp, source, theirs)
    by_us = partial(stamper.stamp, source, ours, overwrite=True)
    by_hand()
    by_us()
    times = [(*timed(by_hand, naive.others_cpu), *timed(by_us)) for _ in range(rounds)]
    cpu, wall, our_cpu, our_wall = map(statistics.median, zip(*times, strict=True))
    added = ours.stat().st_size - source.stat().st_size
    return Pair(kind, size, cpu, our_cpu, wall, our_wall, added)


def _pillow(data: bytes, kind: str) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if kind == "jpeg":
            image.save(io.BytesIO(), kind, quality="keep")
        else:
            image.save(io.BytesIO(), kind)


def _paint(stamper: kzmark.Stamper, source: Path, kind: str) -> None:
    plan, adapter = stamper.plan(source), formats.adapter(kind)
    assert plan is not None
    assert isinstance(adapter, Paints)
    data = source.read_bytes()
    adapter.paint(io.BytesIO(data), io.BytesIO(), plan.patch, limits=stamper.limits)


def bench_a_whole_stamp() -> None:
    with desk() as (folder, stamper):
        source = folder / "in.jpg"
        source.write_bytes((Path(__file__).parents[1] / "fixtures/clean/photo.jpg").read_bytes())

        cpu, wall = timed(lambda: stamper.stamp(source, folder / "out.jpg"))

        assert wall > 0
        assert cpu >= 0
        assert kzmark.verify(folder / "out.jpg").verdict is kzmark.Verdict.COMPLIANT


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for pair in stamps(rounds):
        print(
            f"{pair.kind:5} {pair.size:6} naive {pair.naive * 1e3:8.1f} ms  "
            f"kzmark {pair.ours * 1e3:7.1f} ms  x{pair.naive / pair.ours:5.1f} CPU  "
            f"x{pair.naive_wall / pair.our_wall:5.1f} wall  {pair.added:+} bytes"
        )
    for part in around(rounds):
        rest = part.stamp - part.paint
        print(
            f"{part.kind:5} 4 MP   Pillow {part.pillow * 1e3:7.1f}  paint {part.paint * 1e3:7.1f}  "
            f"stamp {part.stamp * 1e3:7.1f}  rest {rest * 1e3:6.1f} = {rest / part.pillow:.0%}"
        )


if __name__ == "__main__":
    main()
