"""Memory is no timing: what a job takes at most is held to the baseline, here too."""

import sys
from pathlib import Path

import pytest
from benchmarks import bench_memory
from benchmarks.bench_memory import Change


@pytest.mark.skipif(bool(bench_memory.unfit()), reason=bench_memory.unfit() or "-")
def test_no_job_takes_a_tenth_more_memory_than_the_baseline() -> None:
    now = bench_memory.measured(enough=bench_memory.allowed())

    changes = bench_memory.compared(bench_memory.baseline(), now)
    assert len(changes) == len(bench_memory.WORKS)
    assert [one for one in changes if one.too_much] == []


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_job_that_takes_more_memory_is_seen_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_memory, "prepare", lambda _: None)
    works = {"little": "b = bytes(1)", "much": "b = bytes(range(256)) * 400_000"}

    now = bench_memory.measured(works, tries=1)

    assert 90 < now["much"] - now["little"] < 115  # 102.4 MB


def test_growth_over_a_tenth_is_too_much() -> None:
    assert Change("a job", 100, 111).too_much
    assert not Change("a job", 100, 109).too_much
    assert not Change("a job", 100, 40).too_much


def test_a_baseline_is_written_for_this_platform_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "memory.toml"
    path.write_text('["vms-vax-cpython-3.11"."MB"]\n"a job" = 1.0\n', encoding="utf-8")

    bench_memory.write({"a job": 12.34}, path)

    assert bench_memory.baseline(path) == {"a job": 12.3}
    assert "vms-vax-cpython-3.11" in path.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_missing_or_foreign_baseline_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "memory.toml"
    missing = bench_memory.unfit(path)
    bench_memory.write({"a job": 12.34}, path)
    fits = bench_memory.unfit(path)
    monkeypatch.setattr(bench_memory, "libraries", lambda: {"numpy": "99"})

    foreign = bench_memory.unfit(path)

    assert missing == f"no baseline for {bench_memory.key()} in memory.toml"
    assert fits == ""
    assert foreign == "the baseline was made with another numpy"
