"""Whole stamps, paired against the pipeline people build by hand, and the parts of one stamp.

    python benchmarks/bench_stamp.py [ROUNDS]

Interleaved in one run, medians; CPU of this process and of exiftool, wall time beside it. As a plain
test each body runs once on a small picture and its work is checked.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.naive import Naive
from benchmarks.pictures import SIZES, encoded

import kzmark
from kzmark import formats
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


def stamps(rounds: int) -> list[tuple[str, str, float, float, float, float, int]]:
    """Return (kind, size, naive CPU, our CPU, naive wall, our wall, bytes added) for each size."""
    rows = []
    with desk() as (folder, stamper), Naive(folder / "id") as naive:
        for kind in ("jpeg", "png"):
            for size in SIZES:
                source = folder / f"in.{kind}"
                ours, theirs = folder / f"ours.{kind}", folder / f"theirs.{kind}"
                source.write_bytes(encoded(kind, size))
                stamper.stamp(source, ours, overwrite=True)
                naive.stamp(source, theirs)
                a, b = [], []
                for _ in range(rounds):
                    a.append(timed(lambda: naive.stamp(source, theirs), lambda: naive.others_cpu))
                    b.append(timed(lambda: stamper.stamp(source, ours, overwrite=True)))
                cpus = [statistics.median(one[0] for one in column) for column in (a, b)]
                walls = [statistics.median(one[1] for one in column) for column in (a, b)]
                added = ours.stat().st_size - source.stat().st_size
                rows.append((kind, size, *cpus, *walls, added))
    return rows


def around(rounds: int) -> list[tuple[str, float, float, float]]:
    """Return (kind, Pillow decode+encode, our painting, our whole stamp) at 4 MP, CPU seconds."""
    from PIL import Image

    rows = []
    with desk() as (folder, stamper):
        for kind in ("jpeg", "png"):
            data = encoded(kind, "4 MP")
            source, target = folder / f"in.{kind}", folder / f"out.{kind}"
            source.write_bytes(data)
            plan = stamper.plan(source)
            assert plan is not None
            adapter = formats.adapter(kind)
            options = {"quality": "keep"} if kind == "jpeg" else {}

            def pillow(data: bytes = data, kind: str = kind, options: dict = options) -> None:
                with Image.open(io.BytesIO(data)) as image:
                    image.load()
                    image.save(io.BytesIO(), kind, **options)

            def paint(data: bytes = data, adapter=adapter, plan=plan) -> None:
                adapter.paint(io.BytesIO(data), io.BytesIO(), plan.patch, limits=stamper.limits)

            def whole(source: Path = source, target: Path = target) -> None:
                stamper.stamp(source, target, overwrite=True)

            works = (pillow, paint, whole)
            times = [[timed(work)[0] for work in works] for _ in range(rounds + 1)][1:]
            medians = [statistics.median(column) for column in zip(*times, strict=True)]
            rows.append((kind, *medians))
    return rows


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
    for kind, size, naive, ours, naive_wall, our_wall, added in stamps(rounds):
        print(
            f"{kind:5} {size:6} naive {naive * 1e3:8.1f} ms  kzmark {ours * 1e3:7.1f} ms  "
            f"x{naive / ours:5.1f} CPU  x{naive_wall / our_wall:5.1f} wall  {added:+} bytes"
        )
    for kind, pillow, paint, whole in around(rounds):
        rest = whole - paint
        print(
            f"{kind:5} 4 MP   Pillow decode+encode {pillow * 1e3:7.1f}  paint {paint * 1e3:7.1f}  "
            f"whole {whole * 1e3:7.1f}  the rest {rest * 1e3:6.1f} = {rest / pillow:.0%} of Pillow"
        )


if __name__ == "__main__":
    main()
