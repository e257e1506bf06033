"""Whoever gets kzmark gets the terms of it, of the font of its notices, and of its clips."""

import tomllib
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[1]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def named() -> set[Path]:
    patterns: list[str] = project()["project"]["license-files"]
    found = {pattern: list(ROOT.glob(pattern)) for pattern in patterns}
    assert all(found.values()), found  # a pattern without a file ends a build
    return {path for paths in found.values() for path in paths}


def test_the_licence_that_the_project_names_is_packed() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert project()["project"]["license"] == "Apache-2.0"
    assert ROOT / "LICENSE" in named()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_terms_of_the_font_are_those_that_came_with_it() -> None:
    files = metadata.files("fontpkg-pt-sans") or []
    theirs = next(one for one in files if str(one) == "fontpkg_pt_sans/LICENSE")
    ours = ROOT / "licenses" / "PT-Sans-OFL-1.1.txt"

    assert ours in named()
    assert ours.read_bytes() == Path(str(theirs.locate())).read_bytes()
    assert b"SIL Open Font License, Version 1.1" in ours.read_bytes()


def test_the_clips_are_packed_with_their_terms() -> None:
    packed: list[str] = project()["tool"]["setuptools"]["package-data"]["kzmark"]
    page = PurePosixPath("notices/clips/README.md")

    assert any(page.match(pattern) for pattern in packed)
    assert "**Terms.** Apache-2.0" in (ROOT / "src" / "kzmark" / page).read_text(encoding="utf-8")
