"""The benchmarks run, and what they measure is real work: each once, on small pictures."""

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from benchmarks import (
    bench_added,
    bench_command,
    bench_stamp,
    clock,
    measured,
    notice_tables,
    peers,
    pictures,
    plot,
    run,
    tables,
)
from benchmarks.bench_stamp import Row
from benchmarks.clock import Spent, Work
from benchmarks.naive import Naive
from benchmarks.notice_tables import Cell, Rows
from benchmarks.pictures import KINDS
from PIL import Image

import kzmark
from kzmark.formats import all_adapters
from kzmark.vocabulary import Medium

SMALL = "small"
NEEDS = {"jxl": "imagecodecs", "heic": "pillow_heif"}
SPENT = {
    peers.STAMP: Spent(0.010, 0.020),
    peers.BY_HAND: Spent(0.050, 0.060),
    peers.STRIP: Spent(0.010, 0.020),
    peers.FILE: Spent(0.002, 0.030),
    peers.LIBRARY: Spent(0.004, 0.004),
    peers.PAINT: Spent(0.001, 0.001),
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a size that is quick to measure."""
    monkeypatch.setitem(pictures.SIZES, SMALL, (480, 320))
    monkeypatch.setattr(bench_stamp, "_PLAN", dict.fromkeys(KINDS, (SMALL,)))
    return SMALL


@pytest.fixture
def desk() -> Iterator[tuple[Path, kzmark.Stamper]]:
    with bench_stamp.desk() as both:
        yield both


def row(kind: str = "jpeg", size: str = "4 MP", spent: dict[str, Spent] | None = None) -> Row:
    return Row(kind, size, 4.08, 1_000_000, SPENT | (spent or {}), 6000)


def shown(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("kind", bench_stamp.SPLICED)
@pytest.mark.parametrize("name", [peers.PAINT, peers.LIBRARY, peers.OPENCV])
def test_a_bare_notice_is_where_kzmark_puts_it(
    kind: str, name: str, small: str, desk: tuple[Path, kzmark.Stamper]
) -> None:
    case = peers.Case.of(kind, small, *desk)
    x, y, width, height = case.patch.box

    picture = shown(peers.works(case, None)[name].call())  # type: ignore[arg-type]  # these give bytes

    part = picture[y : y + height, x : x + width].astype(int)
    assert np.abs(part - case.patch.pixels).mean() < 8
    assert picture.shape == (320, 480, 3)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_drawtext_draws_words(small: str, desk: tuple[Path, kzmark.Stamper]) -> None:
    case = peers.Case.of("png", small, *desk)

    picture = shown(peers.drawtext(case).read_bytes())

    changed = (picture != shown(case.data)).any(2)
    assert 0.01 < changed.mean() < 0.5
    assert changed[: 320 // 2].any()


def test_the_limit_hashes_and_copies_the_file(
    small: str, desk: tuple[Path, kzmark.Stamper]
) -> None:
    case = peers.Case.of("jpeg", small, *desk)

    digest = peers.hashed_copy(case)

    assert digest == hashlib.sha256(case.data).hexdigest()
    assert case.output("copy").read_bytes() == case.data


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_measured_whole(
    kind: str, small: str, desk: tuple[Path, kzmark.Stamper]
) -> None:
    if kind in NEEDS:
        pytest.importorskip(NEEDS[kind])
    folder, stamper = desk
    hand = Naive(folder / "id") if shutil.which("exiftool") else nullcontext()
    with hand as naive:
        case = peers.Case.of(kind, small, folder, stamper)
        works = peers.works(case, naive)
        found = {name: clock.timed(work.call, work.others) for name, work in works.items()}

    assert {peers.STAMP, peers.PAINT, peers.LIBRARY, peers.FILE} <= set(found)
    assert all(one.wall > 0 for one in found.values())
    assert kzmark.verify(case.output("stamped")).verdict is kzmark.Verdict.COMPLIANT
    if naive:
        import c2pa

        assert found[peers.BY_HAND].cpu > 0
        by_hand = case.output("by-hand")
        assert b"trainedAlgorithmicMedia" in by_hand.read_bytes()
        with c2pa.Reader(str(by_hand)) as reader:
            assert "c2pa.created" in reader.json()


def test_a_comparison_calls_every_work_in_turn_and_takes_the_median() -> None:
    called: list[str] = []
    used = iter([0.0, 9.0, 0.0, 1.0, 0.0, 5.0, 0.0, 2.0])  # of a helper: a warm-up and three calls
    works = {
        "a": Work(lambda: called.append("a"), lambda: next(used)),
        "b": Work(lambda: called.append("b")),
    }

    found = clock.compared(works, rounds=3)

    assert called == ["a", "b"] * 4
    assert found["a"].cpu == pytest.approx(2, abs=0.1)


def test_works_done_several_times_in_a_row_count_once() -> None:
    called: list[int] = []
    used = iter([0.0, 6.0])  # of a helper

    spent = Work(lambda: called.append(1), lambda: next(used), in_a_row=3).spent()

    assert len(called) == 3
    assert spent.cpu == pytest.approx(2, abs=0.1)


def test_a_comparison_ends_with_its_budget_but_not_before_the_least() -> None:
    called: list[int] = []

    clock.compared({"a": Work(lambda: called.append(1))}, rounds=50, budget=0, least=2)

    assert len(called) == 3


def test_time_of_a_child_process_counts() -> None:
    import subprocess
    import sys

    words = [sys.executable, "-c", "sum(i * i for i in range(1_000_000))"]

    spent = clock.timed(lambda: subprocess.run(words, check=True))

    assert spent.cpu > 0.02


def test_bars_say_what_is_met_and_what_is_not() -> None:
    slow = row(spent={peers.FILE: Spent(0.001, 0.001)})

    found = {bar.what: bar for bar in tables.found_bars([slow, row("png")])}
    text = tables.bars([slow, row("png")])

    assert [(round(bar.reached), bar.met) for bar in found.values()] == [
        (5, True),
        (10, False),
        (2, False),
        (5, False),
    ]
    assert text.count("**no**") == 3
    assert text.count(" yes ") == 1


def test_tables_name_every_picture_and_leave_out_what_was_not_measured() -> None:
    rows = [row(), row("avif", "1 MP")]

    whole, made_of = tables.all_peers(rows), tables.made_of(rows)

    assert "JPEG 4:2:0 q90, 4 MP" in whole
    assert "AVIF" not in whole
    assert "AVIF q80, 1 MP" in made_of
    assert "nan" not in whole + made_of + tables.ratios(rows)
    assert "–" in whole  # nobody measured OpenCV here
    assert "| 9.0 (225%) |" in made_of


def test_a_bare_notice_is_held_to_its_bar_at_every_size() -> None:
    quick, slow = Cell(0.1, 0.002, -0.02), Cell(0.1, 0.005, 0.01)
    rows: Rows = {("top",): {"1 MP": quick, "4 MP": slow}, ("bottom",): {"1 MP": quick}}

    text = notice_tables.table(("place",), rows, {"top": 25.0}, grown=True).splitlines()

    assert text[2].startswith("| top | x50.0 (2.0 ms) | x20.0 (5.0 ms) | – | at least x25 |")
    assert text[2].endswith("| **not at 4 MP** | +1.0% |")
    assert text[3] == "| bottom | x50.0 (2.0 ms) | – | – | – | – | -2.0% |"


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run_of_today = measured.Measured("a machine", "1 May 2026", [row(), row("png", "1 MP")])

    measured.save(run_of_today, tmp_path / "run.json")

    assert measured.load(tmp_path / "run.json") == run_of_today


def test_the_plot_draws_every_measured_picture_with_letters_as_paths(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [row(kind, size) for kind in ("jpeg", "png", "jxl") for size in ("1 MP", "4 MP")]
    slow = row("avif", spent={peers.BY_HAND: Spent(0.001, 0.001)})
    alone = row("gif")
    del alone.spent[peers.BY_HAND]
    picture = tmp_path / "deep" / "plot.svg"

    plot.draw(measured.Measured("a machine", "1 May 2026", [*rows, slow, alone]), picture)

    text = picture.read_text(encoding="utf-8")
    comments = [f"<!-- {words} -->" for words in ("×5.0", "×0.1", "JPEG XL d1", "4 MP", "GIF")]
    assert [text.count(one) for one in comments] == [6, 1, 1, 5, 1]
    assert "a machine; 1 May 2026." in text
    assert "<text" not in text


def test_a_run_writes_between_the_markers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    page, figures, picture = (tmp_path / name for name in ("page.md", "run.json", "plot.svg"))
    page.write_text(f"before {run.BEGIN} old {run.END} after", encoding="utf-8")
    monkeypatch.setattr(run, "PAGE", page)

    run.write("new", [row()], figures=figures, picture=picture)

    assert page.read_text(encoding="utf-8") == f"before {run.BEGIN}\n\nnew\n\n{run.END} after"
    assert measured.load(figures).rows == [row()]
    assert picture.exists()


def test_a_run_measures_everything_and_writes_it_or_one_part_and_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[str] = []
    parts = {"memory": lambda rounds: f"memory {rounds}", "added": lambda _: "added"}
    monkeypatch.setattr(run, "sections", lambda: parts)
    monkeypatch.setattr(bench_stamp, "measure", lambda **_: iter([row()]))
    monkeypatch.setattr(run, "write", lambda text, _: written.append(text))

    run.main(["memory", "--rounds", "2"])
    one = capsys.readouterr().out
    run.main([])

    assert "memory 2" in one
    assert "### Bars" not in one
    assert len(written) == 1
    assert [words in written[0] for words in ("### Bars", "memory 7", "added")] == [True] * 3
    with pytest.raises(SystemExit):
        run.main(["nothing"])


def test_named_sections_take_the_place_of_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "README.md"
    old = "the machine\n\n### One\n\n1\n\n### Two\n\n2"
    page.write_text(f"by hand\n{run.BEGIN}\n\n{old}\n\n{run.END}\nby hand too\n")
    monkeypatch.setattr(run, "PAGE", page)

    run.renew(["### Two\n\nnew", "### Three\n\n3"])

    told = page.read_text()
    assert told.startswith("by hand\n")
    assert told.endswith("by hand too\n")
    order = [told.index(f"### {name}") for name in ("One", "Two", "Three")]
    assert order == sorted(order)
    assert "the machine" in told
    assert "new\n\nMeasured on" in told
    assert "\n2\n" not in told


def test_the_page_has_the_markers_of_a_run() -> None:
    text = run.PAGE.read_text(encoding="utf-8")

    assert text.count(run.BEGIN) == text.count(run.END) == 1


def test_the_machine_is_told_in_words_without_paths() -> None:
    told = run.machine()

    assert "Python 3." in told
    assert "pillow" in told
    assert "/" not in told


def test_commands_of_the_command_line_are_timed() -> None:
    found = bench_command.commands(1)

    assert len(found) == 3
    assert all(seconds > 0 for seconds in found.values())


def test_a_mark_adds_less_than_eight_kilobytes_to_any_format() -> None:
    pictures = [one for one in all_adapters() if one.info.medium is Medium.IMAGE]

    found = dict(bench_added.added())

    assert len(found) == len(pictures)
    assert all(0 < size < 8192 for size in found.values()), found


def test_every_benchmark_with_a_section_is_part_of_a_run() -> None:
    found = list(run.sections())

    assert {"memory", "command", "added"} <= set(found)
    assert found.index("memory") < found.index("command") < found.index("added")
    assert "stamp" not in found  # whole stamps have tables of their own
