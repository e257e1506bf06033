"""The docs are true: blocks run, commands work, generated pages are fresh, codes are listed."""

import os
import re
import shlex
import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest

from kzmark import cli

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    ROOT / "docs" / "explanation" / "notice.md",
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(
    r"\"((?:c2pa|xmp|exif|text|sidecar|notice|mark|layers|signature|file|svg)\.[a-z][a-z-]+)\""
)
NOTE = re.compile(
    r"\"((?:[a-z0-9]+-)+(?:dropped|merged|expanded|normalised|reduced|recompressed|reencoded|raised"
    r"|kept|applied|lossless|replaced|broken)|svg\.[a-z0-9-]+)\""
)
LABELS = {
    "c2pa.assertions",
    "c2pa.actions",
    "c2pa.created",
    "c2pa.opened",
    "c2pa.edited",
    "c2pa.ingredient",
}
LABELS |= {"c2pa.ai-disclosure", "c2pa.training-mining", "notice.texts"}  # no codes


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    clean = ROOT / "fixtures" / "clean"
    shutil.copy(clean / "photo.jpg", "photo.jpg")
    shutil.copy(clean / "page.pdf", "report.pdf")
    shutil.copy(clean / "letter.docx", "report.docx")
    shutil.copy(clean / "story.txt", "story.txt")
    shutil.copy(clean / "page.html", "page.html")
    who = ["--owner", "ТОО Пример", "--system", "ImageGen", "--audit-log", "none"]
    assert cli.main(["stamp", "photo.jpg", "-o", "out.jpg", *who, "--quiet"]) == 0
    Path("incoming").mkdir()
    shutil.copy("out.jpg", "incoming/a.jpg")
    Path("archive").mkdir()
    shutil.copy("photo.jpg", "archive/photo.jpg")
    shutil.copy(clean / "speech.mp4", "clip.mp4")
    shutil.copy(clean / "speech.mp3", "speech.mp3")
    settings = 'owner = "ТОО Пример"\nsystem = "ImageGen"\naudit-log = "none"\n'
    Path("kzmark.toml").write_text(settings, encoding="utf-8")
    text = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    Path("house.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_works(page: Path, desk: Path) -> None:
    names: dict[str, object] = {}
    ran = 0
    for kind, text in blocks(page):
        if kind == "python":
            exec(compile(text, f"{page.name}", "exec"), names)
            ran += 1
        elif kind == "toml":
            Path("policy.toml").write_text(text, encoding="utf-8")
        elif kind == "console":
            ran += sum(_command(line[2:]) for line in text.splitlines() if line[:2] == "$ ")
    assert ran or page.stem == "add-a-format"


def _command(line: str) -> int:
    words = shlex.split(line)
    if words[0] != "kzmark":
        assert words[0] in {"pip", "git", "make"}
        return 0
    if words[1] == "stamp":
        words += ["--overwrite"]
    assert cli.main(words[1:]) in {0, 1}, line
    return 1


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help anew in 3.13")
def test_generated_pages_are_fresh() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import reference  # type: ignore[import-not-found]  # a script, found by the path above
    finally:
        sys.path.pop(0)

    for name, make in reference.PAGES.items():
        path = ROOT / "docs" / "reference" / name
        assert path.read_text(encoding="utf-8") == make(), f"run `make docs`: {name} is stale"


def test_every_code_of_the_source_is_listed_and_no_other() -> None:
    listed = set(re.findall(r"^\| `([a-z0-9.-]+)` \|", _page("codes.md"), re.MULTILINE))
    source = [p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py")]
    used = {code for text in source for code in (*CODE.findall(text), *NOTE.findall(text))}

    assert used
    assert used - listed - LABELS == set()
    written = " ".join(source)
    assert [code for code in listed if code.rpartition(".")[2] not in written] == []


def test_links_between_pages_lead_somewhere() -> None:
    seen = 0
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            seen += 1
            assert (page.parent / target).exists(), f"{page}: {target}"
    assert seen > 10


def test_the_makefile_has_the_commands_of_the_readme() -> None:
    rules = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {"demo", "test", "bench", "lint", "fuzz"} <= set(rules)
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
