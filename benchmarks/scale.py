"""How cost grows: what docs/explanation/scale.md says, measured here.

    python benchmarks/scale.py [--files N] [--write]

Only the part of the page between the two marker lines is written; the rest is kept by hand.
"""

import argparse
import itertools
import operator
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.clock import timed  # noqa: E402 - the path is set first
from benchmarks.pictures import encoded  # noqa: E402
from benchmarks.run import machine  # noqa: E402
from benchmarks.scale_crews import Bucket, Instant, Scales, cpu_below, dask  # noqa: E402
from benchmarks.scale_sums import Calls, Measured, pages  # noqa: E402

import kzmark  # noqa: E402
from kzmark.audit import AuditLog, event  # noqa: E402
from kzmark.batch import Job  # noqa: E402
from kzmark.batch.processes import Processes  # noqa: E402
from kzmark.batch.units import MAX_FILES  # noqa: E402
from kzmark.cli.sources import Found, Search  # noqa: E402
from kzmark.executors import connect  # noqa: E402
from kzmark.places import place  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "scale.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
T = TypeVar("T")
ROUNDS = 3
WARM = 8  # files that each crew does first
NOTHING = 4000  # calls that do nothing
LISTED = 20_000  # names in a tree
KEYS = 2000  # objects in a bucket


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=300, help="pictures stamped in each round")
    parser.add_argument("--write", action="store_true", help="write the page")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        desk = Path(name)
        os.environ |= {"XDG_CONFIG_HOME": name, "XDG_STATE_HOME": name}
        measured = Measured(
            machine=machine(),
            size=len(encoded("jpeg", "4 MP")),
            files=args.files,
            work=told("work", lambda: work(desk, args.files)),
            units=told("units", units),
            coordinator=told("coordinator", lambda: coordinator(desk)),
            log=told("log", lambda: log_lines(desk)),
            listing=told("listing", lambda: listing(desk)),
            keys=told("keys", keys),
            requests=told("requests", lambda: requests(desk)),
            sent=told("sent", lambda: sent(desk)),
            unit=MAX_FILES,
        )
    text = pages(measured)
    print(text)
    if args.write:
        head, _, tail = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        tail = tail.partition(END)[2]
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def told(name: str, measure: Callable[[], T]) -> T:
    """Measure, and say how long that took: some of it takes minutes."""
    begun = time.perf_counter()
    found = measure()
    print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return found


def stamper(desk: Path, *, log: bool = True) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО Пример")
    )
    audit = desk / f"{uuid4().hex}.jsonl" if log else None
    made = kzmark.Stamper(said, identity=desk / "id", audit=audit)
    _ = made.identity
    return made


def work(desk: Path, files: int) -> dict[str, tuple[float, float]]:
    """Return what a file costs one and two workers that are warm: (CPU s a file, files/s)."""
    source = desk / "in"
    source.mkdir()
    for number in range(files):
        (source / f"{number:06}.jpg").write_bytes(encoded("jpeg", "4 MP"))
    names = sorted(source.iterdir())
    stamp, judge = partial(_stamp, desk), _judge
    crews: dict[str, tuple[Callable[[], Any], Callable[..., None]]] = {
        "1 thread": (lambda: ThreadPoolExecutor(1), stamp),
        "2 threads": (lambda: ThreadPoolExecutor(2), stamp),
        "1 process": (lambda: Processes(1), stamp),
        "2 processes": (lambda: Processes(2), stamp),
        "Dask, 1 worker": (lambda: dask(1, 1), stamp),
        "Dask, 2 workers": (lambda: dask(2, 1), stamp),
        "verify, 1 process": (lambda: Processes(1), judge),
        "verify, 2 processes": (lambda: Processes(2), judge),
    }
    marked = [desk / "marked" / one.name for one in names]
    with Processes(2) as pool:
        _stamp(desk, names, pool, target=desk / "marked")
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in crews}
    for _ in range(ROUNDS):
        for name, (crew, do) in crews.items():
            with crew() as pool:
                seen[name].append(_batch(do, marked if do is judge else names, pool))
    return {
        name: (statistics.median(c for c, _ in one), statistics.median(w for _, w in one))
        for name, one in seen.items()
    }


def _batch(do: Callable[..., None], names: list[Path], pool: Any) -> tuple[float, float]:
    """Do some files to warm up, then all, with the CPU of all processes."""
    do(names[:WARM], pool)
    spent = timed(lambda: do(names, pool), cpu_below)
    return spent.cpu / len(names), len(names) / spent.wall


def _stamp(desk: Path, names: list[Path], pool: Any, *, target: Path | None = None) -> None:
    folder = target or desk / uuid4().hex
    jobs = [Job(source=one, target=folder / one.name, make_folder=True) for one in names]
    _none_failed(kzmark.stamp_many(jobs, stamper(desk), executor=pool))
    if target is None:
        shutil.rmtree(folder)


def _judge(names: list[Path], pool: Any) -> None:
    _none_failed(kzmark.verify_many(names, executor=pool))


def _none_failed(results: Iterator[kzmark.Result]) -> None:
    wrong = [one.error for one in results if one.error is not None]
    assert not wrong, wrong[0]


def units() -> dict[str, Calls]:
    """Return what calls cost that do nothing: what can be handed out."""
    return {
        "2 processes": _nothing(Processes(2)),
        "Dask, 128 slots": _nothing(dask(2, 64), of="dask_scheduler"),
        "Ray, a slot a core": _nothing(connect("ray://local"), of="raylet/raylet "),
    }


def _nothing(executor: Any, *, of: str = "") -> Calls:
    with executor as pool:
        wait([pool.submit(time.sleep, 0.2) for _ in range(4 * pool.workers)])
        here, there, begun = time.process_time(), _cpu_of(of), time.perf_counter()
        wait([pool.submit(operator.add, n, 1) for n in range(NOTHING)])
        wall = time.perf_counter() - begun
        here, there = time.process_time() - here, _cpu_of(of) - there
        return Calls(NOTHING / wall, here / NOTHING, there / NOTHING)


def _cpu_of(words: str) -> float:
    """Return the CPU seconds of a process that is called so; 0 if there is none."""
    found = psutil.Process().children(recursive=True) if words else []
    called = [one for one in found if words in " ".join(one.cmdline())]
    return sum(one.cpu_times().user + one.cpu_times().system for one in called)


def coordinator(desk: Path) -> dict[str, tuple[float, float]]:
    """Return (CPU s a file, files/s) of the coordinator alone, with what it writes down."""
    first = next((desk / "in").iterdir())
    found = {}
    for name, log, journal in (
        ("neither", False, False),
        ("audit log", True, False),
        ("audit log and journal", True, True),
    ):

        def body(*, log: bool = log, journal: bool = journal) -> None:
            mine = stamper(desk, log=log)
            kept = desk / f"{uuid4().hex}.journal" if journal else None
            pool = Instant()
            results = kzmark.stamp_many(_listed(desk, first), mine, executor=pool, journal=kept)
            assert sum(one.stamped is not None for one in results) == LISTED

        spent = timed(body)
        found[name] = spent.cpu / LISTED, LISTED / spent.wall
    return found


def _listed(desk: Path, first: Path) -> Iterator[Job]:
    facts, target = place(first).facts(), desk / uuid4().hex
    for number in range(LISTED):
        yield Job(source=first, target=target / f"{number:06}.jpg", facts=facts, make_folder=True)


def log_lines(desk: Path) -> dict[int, float]:
    """Return lines a second that an audit log takes, by lines that share one wait for the disk."""
    found = {}
    for together in (1, 2 * MAX_FILES):
        log = AuditLog(desk / f"lines-{together}.jsonl")
        lines = 200 if together == 1 else 20_000
        ids = (str(UUID(int=n)) for n in itertools.count())
        begun = time.perf_counter()
        for _ in range(lines // together):
            log.append([event("intent", next(ids), source="s" * 60) for _ in range(together)])
        found[together] = lines / (time.perf_counter() - begun)
    return found


def listing(desk: Path) -> float:
    """Return files a second that are found in a tree of folders, with their sizes."""
    tree = desk / "tree"
    for number in range(LISTED):
        path = tree / f"{number // 1000}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    begun = time.perf_counter()
    assert sum(1 for _ in Search([place(tree)], recursive=True)) == LISTED
    return LISTED / (time.perf_counter() - begun)


def keys() -> float:
    """Return CPU seconds for each object that is listed in a bucket."""
    with Bucket() as bucket:
        bucket.files.pipe({f"bucket/in/{number:06}.jpg": b"" for number in range(KEYS)})
        begun = time.process_time()
        assert sum(1 for _ in Search([place("s3://bucket/in")], recursive=True)) == KEYS
        return (time.process_time() - begun) / KEYS


def requests(desk: Path) -> dict[str, float]:
    """Return requests for each file from bucket to bucket, as a cluster makes them."""
    import s3fs

    asked: list[str] = []
    real = s3fs.S3FileSystem._call_s3

    async def record(self: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(method))
        return await real(self, method, *args, **kwargs)

    class Far(ThreadPoolExecutor):
        workers, remote, repeats = 1, True, True

    count = 10
    with Bucket() as bucket, Far(1) as pool:
        for number in range(count):
            bucket.files.pipe_file(f"bucket/in/{number}.jpg", encoded("jpeg", "4 MP"))
        s3fs.S3FileSystem._call_s3 = record
        try:
            found = [
                one
                for one in Search([place("s3://bucket/in")], recursive=True)
                if isinstance(one, Found)
            ]
            jobs = [
                Job(source=f.place, target=f"s3://bucket/out/{f.inside}", facts=f.facts)
                for f in found
            ]
            asked.clear()
            results = kzmark.stamp_many(
                jobs, stamper(desk), executor=pool, journal=desk / "s3.journal"
            )
            assert sum(one.stamped is not None for one in results) == count
        finally:
            s3fs.S3FileSystem._call_s3 = real
    return {name: asked.count(name) / count for name in sorted(set(asked))}


def sent(desk: Path) -> tuple[float, float]:
    """Return bytes that a file costs between coordinator and worker, out and back."""
    names = sorted((desk / "in").iterdir())[: 2 * MAX_FILES * 2]
    jobs = [Job(source=n, target=desk / "sent" / n.name, make_folder=True) for n in names]
    with Scales(1) as pool:
        assert all(one.stamped for one in kzmark.stamp_many(jobs, stamper(desk), executor=pool))
    shutil.rmtree(desk / "sent")
    out, back = (sum(one[way] for one in pool.seen) / len(names) for way in (0, 1))
    return out, back


if __name__ == "__main__":
    main()
