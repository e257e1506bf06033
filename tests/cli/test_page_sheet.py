"""The page while it is written: blocks, flat memory, whole or not there; and its own words."""

import base64
import hashlib
import re
import tracemalloc
from pathlib import Path

import pytest
from tests.cli.read_page import Page
from tests.conftest import make_mark

from kzmark.cli import page
from kzmark.cli.page import Sheet
from kzmark.errors import InputError, OutputError
from kzmark.report import Basis, Evidence, Finding, Outcome, Reason, Report, Status, Verdict
from kzmark.vocabulary import Layer

ASSETS = Path(page.__file__).parent


def report(number: int, *, preview: bytes = b"") -> Report:
    detail = f"capitals {number}.0 px"
    return Report(
        source=f"folder/{number}.jpg",
        sha256=f"{number:064x}",
        format="jpeg",
        medium="image",
        policy="kz-article-21 2026-01-18",
        verdict=Verdict.COMPLIANT if number % 2 else Verdict.NOT_COMPLIANT,
        reason=Reason.OK if number % 2 else Reason.UNMARKED,
        mark=make_mark(owner=f"Owner {number % 7}") if number % 2 else None,
        findings=(Finding(clause="art. 21(2)", outcome=Outcome.MET, code="a", message="b"),),
        evidence=(
            Evidence(layer=Layer.XMP, status=Status.ABSENT),
            Evidence(
                layer=Layer.NOTICE, status=Status.PRESENT, basis=Basis.OBSERVED, detail=detail
            ),
        ),
        preview=preview,
    )


def written(target: Path, count: int, *, preview: bytes = b"") -> Page:
    with Sheet(target) as sheet:
        for number in range(count):
            sheet.add(report(number, preview=preview))
        sheet.finish(total=count, whole=True)
    return Page(target)


@pytest.mark.parametrize("count", [0, 1, 200, 201, 5_000])
def test_every_file_stands_on_the_page_as_it_was_reported(tmp_path: Path, count: int) -> None:
    shown = written(tmp_path / "p.html", count)

    assert len(shown.rows) == len(shown.pictures) == shown.totals["total"] == count
    for number in range(0, count, 97):
        said, row = report(number).to_dict(), shown.rows[number]
        assert row["evidence"] == [list(one.values()) for one in said["evidence"]]
        assert row["findings"] == [list(one.values()) for one in said["findings"]]
        assert (row["source"], row["mark"]) == (said["source"], said["mark"])


def test_what_files_share_is_told_once(tmp_path: Path) -> None:
    written(tmp_path / "p.html", 400)

    assert (tmp_path / "p.html").read_text(encoding="utf-8").count("Owner 3") == 1


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    picture = bytes(20_000)
    peaks = []
    for count in (250, 1_250):
        tracemalloc.start()
        with Sheet(tmp_path / "p.html") as sheet:
            for number in range(count):
                sheet.add(report(number, preview=picture))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            sheet.finish(total=count, whole=True)

    assert peaks[1] < peaks[0] + 3_000_000  # a thousand pictures more are 27 MB


def test_a_page_that_is_not_finished_leaves_the_old_one(tmp_path: Path) -> None:
    written(tmp_path / "p.html", 3)
    before = (tmp_path / "p.html").read_bytes()

    with Sheet(tmp_path / "p.html") as sheet, pytest.raises(ZeroDivisionError):
        for number in range(300):
            sheet.add(report(number))
        raise ZeroDivisionError

    assert (tmp_path / "p.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["p.html"]


def test_a_folder_that_is_gone_is_told_as_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        Sheet(tmp_path / "none" / "p.html")


def test_nothing_runs_or_loads_but_what_the_page_brings(tmp_path: Path) -> None:
    shown = written(tmp_path / "p.html", 1)
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in (*shown.styles, *shown.scripts)
    ]
    rules = dict(rule.split(maxsplit=1) for rule in shown.allowed.split("; "))

    assert len(hashes) == 2
    assert (rules["style-src"], rules["script-src"]) == tuple(hashes)
    assert rules["default-src"] == "'none'"
    assert shown.links == []
    assert not re.search(r"https?:|innerHTML|insertAdjacent|eval\(", shown.scripts[0])


def test_files_that_could_not_be_read_are_rows_too(tmp_path: Path) -> None:
    with Sheet(tmp_path / "p.html") as sheet:
        sheet.fail(InputError("no such <file>", source="a.jpg", hint="look again"))
        sheet.finish(total=9, whole=False)
    shown = Page(tmp_path / "p.html")

    assert shown.rows[0]["verdict"] == "not-read"
    assert shown.rows[0]["findings"][0][3] == "no such <file>; look again"
    assert (shown.totals["whole"], shown.totals["left"]) == (False, 8)


def test_the_page_has_every_word_in_every_language(tmp_path: Path) -> None:
    words = written(tmp_path / "p.html", 1).words
    spelt = (ASSETS / "page.html").read_text(encoding="utf-8")
    script = (ASSETS / "page.js").read_text(encoding="utf-8")
    wanted = set(re.findall(r'data-word(?:-\w+)?="([^"]+)"', spelt))
    wanted |= set(re.findall(r'\b(?:say|fill|title)\("([^"]+)"', script))
    wanted |= {str(one) for kind in (Verdict, Reason, Status, Basis, Outcome) for one in kind}

    assert set(words) == {"en", "kk", "ru"}
    assert words["en"]["caveat"] in spelt  # what the verdicts rest on stands there without scripts
    assert all("22" in said["caveat"] for said in words.values())
    for language, said in words.items():
        assert wanted <= said.keys(), language
        assert said.keys() == words["en"].keys()
        assert all(
            set(re.findall(r"\{\w+\}", said[key])) == set(re.findall(r"\{\w+\}", words["en"][key]))
            for key in said
        )
