"""Films on the command line: the placement of their notice, and an end in the middle of one."""

import io
import json
from pathlib import Path

import pytest
from fixtures.films import X264, film

from kzmark import cli
from kzmark.batch import Stop
from kzmark.cli.frames import Frames

WHO = ["--owner", "ТОО Пример", "--system", "G", "--audit-log", "none", "--quiet", "--json"]


@pytest.fixture(scope="module")
def long_film() -> bytes:
    return film("mp4", "libx264", frames=60, options=X264)


@pytest.fixture
def source(long_film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "in.mp4"
    path.write_bytes(long_film)
    return path


def seconds(capsys: pytest.CaptureFixture[str], path: Path) -> list[float] | None:
    capsys.readouterr()
    assert cli.main(["verify", str(path), "--json"]) == 0
    found: list[float] | None = json.loads(capsys.readouterr().out)["mark"]["notice"].get("seconds")
    return found


def test_the_placement_may_be_an_option(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stamp", str(source), "-o", "o.mp4", *WHO, "--placement", "intro"]) == 0

    assert seconds(capsys, Path("o.mp4")) == [0.0, 2.0]


@pytest.mark.parametrize("where", ["file", "environment"])
def test_the_placement_may_be_a_setting(
    where: str, source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "file":
        Path("kzmark.toml").write_text('placement = "intro"\n', encoding="utf-8")
    else:
        monkeypatch.setenv("KZMARK_PLACEMENT", "intro")

    assert cli.main(["stamp", str(source), "-o", "o.mp4", *WHO]) == 0

    assert seconds(capsys, Path("o.mp4")) == [0.0, 2.0]


def test_without_it_the_notice_stands_throughout(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["stamp", str(source), "-o", "o.mp4", *WHO]) == 0

    assert seconds(capsys, Path("o.mp4")) is None


def test_a_film_ends_at_its_next_frame_when_asked_and_leaves_nothing(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    hear = Frames.__call__

    def stopping(self: Frames, done: int, total: int) -> None:
        told.append(done)
        if done == 3:
            self._stop.ask()
        hear(self, done, total)

    monkeypatch.setattr(Frames, "__call__", stopping)

    assert cli.main(["stamp", str(source), "-o", "o.mp4", *WHO]) == 130

    assert told == [1, 2, 3]
    assert list(source.parent.iterdir()) == [source]


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    Frames(Stop(), drawn=True)(1, 100)
    assert screen.getvalue() == ""

    monkeypatch.setattr(screen, "isatty", lambda: True)
    frames = Frames(Stop(), drawn=True)
    frames(1, 100)
    frames(100, 100)

    assert "/100 frames" in screen.getvalue()
