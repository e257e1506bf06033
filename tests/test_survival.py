"""The page of what survives tells the truth: the quick edits are done again and looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import survival
from scripts.survival_edits import EVERY, Edit
from scripts.survival_table import EDITS, TITLES

from kzmark.formats import NAMES
from kzmark.vocabulary import Layer

SLOW = frozenset({"mp4", "mov", "matroska", "webm", "avi", "avif", "heic"})
WRITTEN = survival.written()


def quick() -> Iterator[tuple[str, Edit]]:
    """Yield what is done here: a copy, and the first edits that a tool makes."""
    for name in EVERY:
        if name not in SLOW:
            edits = [edit for edit in survival.edits_of(name) if edit.quick]
            yield from ((name, edit) for edit in edits[: 5 if name == "jpeg" else 2])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("survival")


@pytest.mark.xdist_group("survival")
@pytest.mark.parametrize(
    ("name", "edit"), [pytest.param(*one, id=f"{one[0]}, {one[1].title}") for one in quick()]
)
def test_an_edit_leaves_what_the_page_says(name: str, edit: Edit, folder: Path) -> None:
    if not edit.possible:
        pytest.skip(f"{edit.needs} is not installed here")
    if not survival.is_as_measured(edit):
        pytest.skip(f"{edit.needs} is of another version here than on the page")

    assert survival.measure(name, edit, folder) == WRITTEN[name, edit.title]


def test_the_page_has_every_format_and_every_edit() -> None:
    listed = {(name, edit.title) for edit in EDITS for name in edit.formats}

    assert set(EVERY) == set(TITLES) == set(NAMES)
    assert WRITTEN.keys() == listed


def test_a_byte_copy_loses_nothing_in_any_format() -> None:
    for name in EVERY:
        row = WRITTEN[name, "byte copy"]

        assert row.layers != "none"
        assert (row.c2pa, row.notice, row.verdict) == ("valid", "found", "compliant, `ok`")


def test_a_file_without_its_sidecar_is_looked_at_where_there_is_one() -> None:
    from kzmark.formats import adapter

    beside = {name for name in EVERY if Layer.SIDECAR in adapter(name).info.layers}
    left = {name for name, title in WRITTEN if title == "byte copy without the sidecar"}

    assert left == beside
