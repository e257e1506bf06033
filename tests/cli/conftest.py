"""A command line that runs in-process, and pictures to run it on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kzmark import cli

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
WHO = ("--owner", "ТОО Пример", "--system", "ImageGen", "--system-version", "2.1")


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("KZMARK_CONFIG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> Ran:
        code = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes((CLEAN / name).read_bytes())
        return path

    return copy
