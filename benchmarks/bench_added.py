"""Bytes that the mark itself adds, the plate aside: layers and manifest on a painted file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import tables
from benchmarks.bench_stamp import desk

from kzmark import pipeline
from kzmark.paths import subject_of
from kzmark.plan import Step
from kzmark.signing.signer import Signer

_CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
_NAMES = ("photo", "lossy", "drawing")


def section(rounds: int) -> str:
    cells = [[name, f"{size:,}"] for name, size in added()]
    title = "Bytes that the mark adds (no thumbnail)"
    return tables.section(title, tables.table(["file", "bytes"], cells))


def added() -> Iterator[tuple[str, int]]:
    """Yield the fixtures, one of each format, and what their marks take."""
    with desk() as (_, stamper):
        signer = Signer(stamper.identity)
        for source in sorted(_CLEAN.iterdir()):
            if not source.stem.startswith(_NAMES):
                continue
            plan = stamper.plan(source)
            assert plan is not None
            subject = subject_of(source, limits=stamper.limits)
            shown = replace(plan, steps=(Step.NOTICE,))
            painted, whole = (
                pipeline.carry_out(subject, one, signer, limits=stamper.limits)
                for one in (shown, plan)
            )
            assert isinstance(painted.data, bytes)  # pictures are stamped in memory
            assert isinstance(whole.data, bytes)
            yield source.name, len(whole.data) + len(whole.record or b"") - len(painted.data)
