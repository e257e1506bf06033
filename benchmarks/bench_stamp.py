"""Whole stamps and bare notices, paired against what people use today and against the limits.

    python -m benchmarks.bench_stamp [KIND...]

Every peer in one run, one call of each in turn, medians; CPU of this process and of all it
started, wall time beside it. As a plain test the body runs once on a small picture and its work
is checked.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import peers
from benchmarks.clock import Spent, compared, timed
from benchmarks.naive import Naive
from benchmarks.pictures import KINDS, SIZES

import kzmark
from kzmark.signing.identity import new_identity

__all__ = ["STATEMENT", "Row", "desk", "measure", "timed"]

STATEMENT = kzmark.Statement(
    system=kzmark.System(name="ImageGen", version="2.1"),
    responsible=kzmark.Responsible(name="ТОО Пример"),
)
SPLICED: Final = ("jpeg", "jpeg444", "png")  # measured at every size, and against every peer
_BUDGET: Final = 6.0  # wall seconds a picture; one more round may begin just before
_PLAN: Final = {kind: tuple(SIZES) if kind in SPLICED else tuple(SIZES)[:2] for kind in KINDS}


@contextmanager
def desk() -> Iterator[tuple[Path, kzmark.Stamper]]:
    """Give a folder with a stamper whose identity and audit log are in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        identity = new_identity(folder / "id", organisation="ТОО Пример")
        yield folder, kzmark.Stamper(STATEMENT, identity=identity, audit=folder / "audit.jsonl")


class Row(NamedTuple):
    """One picture: what each peer took, and what a stamp adds to the file, in bytes."""

    kind: str
    size: str
    megapixels: float
    bytes: int
    spent: dict[str, Spent]
    added: int

    @property
    def title(self) -> str:
        return f"{KINDS[self.kind].title}, {self.size}"

    def cpu(self, peer: str) -> float:
        """Milliseconds of CPU; not a number where the peer cannot do it."""
        return self.spent[peer].cpu * 1e3 if peer in self.spent else float("nan")

    def ratio(self, slow: str, quick: str, *, wall: bool = False) -> float:
        """How many times as long as `quick` the peer `slow` takes."""
        both = [self.spent.get(one, Spent(float("nan"), float("nan"))) for one in (slow, quick)]
        return both[0].wall / both[1].wall if wall else both[0].cpu / both[1].cpu


def measure(
    kinds: tuple[str, ...] = tuple(KINDS), *, rounds: int = 7, budget: float = _BUDGET
) -> Iterator[Row]:
    """Yield the comparison for each kind and size.

    Args:
        kinds: Of `KINDS`.
        rounds: Calls of each peer, at most.
        budget: Wall seconds a picture after which no further round begins.
    """
    with desk() as (folder, stamper):
        hand = Naive(folder / "id") if shutil.which("exiftool") else nullcontext()
        with hand as naive:
            for kind in kinds:
                for size in _PLAN[kind]:
                    yield _row(peers.Case.of(kind, size, folder, stamper), naive, rounds, budget)


def _row(case: peers.Case, naive: Naive | None, rounds: int, budget: float) -> Row:
    least = min(2 if case.kind in SPLICED else 1, rounds)
    spent = compared(peers.works(case, naive), rounds=rounds, budget=budget, least=least)
    added = case.output("stamped").stat().st_size - len(case.data)
    return Row(case.kind, case.size, case.megapixels, len(case.data), spent, added)


def bench_a_whole_stamp() -> None:
    with desk() as (folder, stamper):
        source = folder / "in.jpg"
        source.write_bytes((Path(__file__).parents[1] / "fixtures/clean/photo.jpg").read_bytes())

        spent = timed(lambda: stamper.stamp(source, folder / "out.jpg"))

        assert spent.wall > 0
        assert spent.cpu >= 0
        assert kzmark.verify(folder / "out.jpg").verdict is kzmark.Verdict.COMPLIANT


def main() -> None:
    for row in measure(tuple(sys.argv[1:]) or tuple(KINDS)):
        times = "  ".join(f"{peer} {one.cpu * 1e3:.1f}" for peer, one in row.spent.items())
        print(f"{row.title:24} CPU ms: {times}  {row.added:+} bytes", flush=True)


if __name__ == "__main__":
    main()
