"""The docs are true: blocks run, commands work, generated pages are fresh, codes are listed."""

import ast
import importlib
import os
import re
import shlex
import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest
from scripts import reference

import kzmark
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


MODULES = ("kzmark", "kzmark.errors", "kzmark.vocabulary", "kzmark.testing")


def private_names(code: str) -> list[str]:
    """Return the names of kzmark that a block of Python uses, and that are not public."""
    used: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            used += [(one.name, "") for one in node.names if one.name.split(".")[0] == "kzmark"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kzmark":
            used += [(node.module or "", one.name) for one in node.names]
        elif isinstance(node, ast.Attribute):
            home, _, name = ast.unparse(node).rpartition(".")
            if home in MODULES:
                used.append((home, name))
    return [f"{home}.{name}".strip(".") for home, name in used if not _is_public(home, name)]


def _is_public(home: str, name: str) -> bool:
    if home not in MODULES or name.startswith("_"):
        return False
    if home == "kzmark" and name:
        return name in kzmark.__all__ or f"kzmark.{name}" in MODULES
    return not name or hasattr(importlib.import_module(home), name)


def test_pages_show_public_names_only() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
    found = [
        (page.name, name)
        for page in pages
        for kind, text in blocks(page)
        if kind == "python"
        for name in private_names(text)
    ]

    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "from kzmark.signing.identity import load",
        "from kzmark import pipeline",
        "import kzmark.batch",
        "kzmark.executors.connect('x')",
        "kzmark._io",
        "from kzmark.vocabulary import Nothing",
    ],
)
def test_a_private_name_in_a_page_would_be_seen(code: str) -> None:
    assert private_names(code)


def test_what_is_public_stands_in_contributing() -> None:
    said = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Public")[2]

    assert [name for name in MODULES[1:] if f"`{name}`" not in said] == []
    assert "`kzmark.__all__`" in said


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


def test_every_part_of_the_source_has_one_row_in_the_architecture() -> None:
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    firsts = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    rows = [name for first in firsts for name in re.findall(r"`(\w+)(?:\.py|/)`", first)]
    parts = {
        path.stem
        for path in (ROOT / "src" / "kzmark").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert {part for part in parts if part[0] != "_"} - set(rows) == set()
    assert [name for name in rows if rows.count(name) > 1] == []


def test_links_between_pages_lead_somewhere() -> None:
    seen = 0
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            seen += 1
            assert (page.parent / target).exists(), f"{page}: {target}"
    assert seen > 10


def test_every_page_is_reached_from_the_readme() -> None:
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]

    assert pages
    assert [page for page in pages if f"]({page})" not in said] == []


def test_the_makefile_has_the_commands_of_the_readme() -> None:
    rules = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {"demo", "test", "bench", "lint", "fuzz"} <= set(rules)
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
