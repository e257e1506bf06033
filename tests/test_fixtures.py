"""Fixtures say in their list what `verify` must say of them, for ever."""

import tomllib
from pathlib import Path

import pytest

import kzmark
from kzmark._limits import Limits

ROOT = Path(__file__).parents[1] / "fixtures"
LISTED = [
    (fate, row)
    for fate, rows in tomllib.loads((ROOT / "fixtures.toml").read_text(encoding="utf-8")).items()
    for row in rows
    if row["verdict"]
]


def test_every_fate_has_fixtures() -> None:
    assert {fate for fate, _ in LISTED} == {"clean", "marked", "tampered", "bad"}
    assert len(LISTED) > 60


@pytest.mark.parametrize(
    ("fate", "row"), LISTED, ids=[f"{fate}-{row['name']}" for fate, row in LISTED]
)
def test_a_fixture_is_judged_as_listed(fate: str, row: dict[str, str]) -> None:
    report = kzmark.verify(ROOT / fate / row["name"], limits=Limits(max_seconds=30))

    assert (report.verdict.value, report.reason.value) == (row["verdict"], row["reason"])
