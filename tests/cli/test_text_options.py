"""`--embed-c2pa` and `--pages`: on the command line, in settings, in workers, in the journal."""

from pathlib import Path

import pytest
from tests.cli.conftest import CLEAN, WHO, Run

from kzmark import Stamper, Statement, System
from kzmark.batch.travel import fit, settings_of
from kzmark.errors import RequestError
from kzmark.mark import Responsible
from kzmark.signing.identity import new_identity

QUIET = ("--audit-log", "none")
STATEMENT = Statement(system=System(name="A", version="1"), responsible=Responsible(name="B"))


@pytest.fixture
def desk(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("story.txt", "dense.pdf"):
        (tmp_path / name).write_bytes((CLEAN / name).read_bytes())
    run("identity", "new", "--dir", tmp_path / "id", "--organisation", "ТОО Пример")
    monkeypatch.setenv("KZMARK_IDENTITY", str(tmp_path / "id"))
    return tmp_path


def layers(run: Run, *words: str) -> list[str]:
    ran = run("stamp", "story.txt", "-o", "out.txt", "--overwrite", "--json", *WHO, *QUIET, *words)
    assert ran.code == 0, ran.err
    found: list[str] = ran.rows[-1]["layers"]
    return found


def test_a_text_carries_its_manifest_only_where_that_is_asked_for(run: Run, desk: Path) -> None:
    assert layers(run) == ["sidecar"]
    assert (desk / "out.txt.kzmark.json").exists()
    (desk / "out.txt.kzmark.json").unlink()

    assert layers(run, "--embed-c2pa") == ["c2pa"]
    assert not (desk / "out.txt.kzmark.json").exists()
    assert run("verify", "out.txt").code == 0


def test_settings_ask_for_it_as_well(run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "kzmark.toml").write_text("embed-c2pa = true\n")
    assert layers(run) == ["c2pa"]
    monkeypatch.setenv("KZMARK_EMBED_C2PA", "no")
    assert layers(run) == ["sidecar"]
    monkeypatch.setenv("KZMARK_EMBED_C2PA", "1")
    (desk / "kzmark.toml").unlink()

    assert layers(run) == ["c2pa"]


def test_the_notice_stands_on_the_first_page_if_that_is_asked_for(run: Run, desk: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed here")
    data = _book()
    (desk / "book.pdf").write_bytes(data)

    for word, pages in (("all", [True, True, True]), ("first", [True, False, False])):
        ran = run("stamp", "book.pdf", "-o", f"{word}.pdf", "--pages", word, *WHO, *QUIET)
        shown = [
            "ЖИ" in page.extract_text() for page in pypdf.PdfReader(desk / f"{word}.pdf").pages
        ]

        assert ran.code == 0, ran.err
        assert shown == pages
        assert run("verify", f"{word}.pdf").code == 0


def _book() -> bytes:
    from fixtures import documents

    page = ("/MediaBox [0 0 595 842]", documents.lines(["Text"], y=740, size=11))
    return documents.book([page] * 3)


def test_both_go_along_to_workers_and_into_the_journal(tmp_path: Path) -> None:
    who = new_identity(tmp_path / "id")
    stamper = Stamper(STATEMENT, identity=who, pages="first", embed_c2pa=True)
    twin = fit(stamper)

    assert (twin.style.pages, twin.embed_c2pa) == ("first", True)
    assert settings_of(stamper) == settings_of(twin)
    assert settings_of(stamper) != settings_of(Stamper(STATEMENT, identity=who))


def test_pages_are_all_or_the_first() -> None:
    with pytest.raises(RequestError, match="last"):
        Stamper(STATEMENT, pages="last")
