"""Targets are told one by one, as the search goes on, and never two of one name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kzmark.cli import sources, targets
from kzmark.cli.sources import Found
from kzmark.cli.targets import Targets
from kzmark.errors import InputError, KzmarkError, OutputError, OutputExistsError, RequestError
from kzmark.places import Place, place

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
GIF = (CLEAN / "photo.gif").read_bytes()


def goals(*named: object, **how: Any) -> tuple[Targets, sources.Search]:
    search = sources.search([place(str(one)) for one in named], recursive=True)
    said: dict[str, Any] = {"output": None, "out_dir": None, "in_place": False}
    for name, value in how.items():
        said[name] = place(str(value)) if name in {"output", "out_dir"} else value
    return Targets.of(search, **said), search


def told(given: tuple[Targets, sources.Search]) -> list[str | None]:
    """Return every target, or nothing where it is refused."""
    found: list[str | None] = []
    for item in given[1]:
        assert isinstance(item, Found)
        try:
            found.append(str(given[0].of_file(item)))
        except KzmarkError:
            found.append(None)
    return found


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two trees with a picture of one name in each, and a file of no format in each."""
    monkeypatch.chdir(tmp_path)
    for tree in ("one", "two"):
        (tmp_path / tree / "deep").mkdir(parents=True)
        (tmp_path / tree / "deep" / "same.gif").write_bytes(GIF)
        (tmp_path / tree / f"{tree}.gif").write_bytes(GIF)
        (tmp_path / tree / "Thumbs.db").write_bytes(b"\0\1\2\3")
    return tmp_path


def test_a_tree_is_mirrored_and_a_name_that_two_trees_share_is_refused_once(two: Path) -> None:
    assert told(goals("one", "two", out_dir="out")) == [
        "out/Thumbs.db",
        "out/one.gif",
        "out/deep/same.gif",
        "out/Thumbs.db",  # of no format: nobody's output
        "out/two.gif",
        None,
    ]
    assert "out/deep/same.gif" in told(goals("two", out_dir="out"))


def test_a_file_named_and_one_found_do_not_share_a_name(two: Path) -> None:
    assert told(goals("one/one.gif", "one/deep/same.gif", "two/deep", out_dir="out")) == [
        "out/one.gif",
        "out/same.gif",
        None,
    ]
    assert told(goals("two/deep", "one/deep/same.gif", out_dir="out")) == ["out/same.gif", None]


def test_of_two_files_of_one_name_the_first_named_gets_it(two: Path) -> None:
    named = ("one/deep/same.gif", "one/one.gif", "two/deep/same.gif")

    assert told(goals(*named, out_dir="out")) == ["out/same.gif", "out/one.gif", None]
    assert told(goals(*reversed(named), out_dir="out")) == ["out/same.gif", "out/one.gif", None]
    assert len(told(goals(*named, in_place=True))) == 3


def test_one_output_takes_one_source(two: Path) -> None:
    assert told(goals("one/one.gif", output="x.gif")) == ["x.gif"]
    for named in (("one",), ("one/one.gif", "two/two.gif"), ("one/one.gif", "none.gif")):
        with pytest.raises(RequestError, match="one output for several"):
            goals(*named, output="x.gif")


def test_an_output_that_is_a_folder_takes_many(two: Path) -> None:
    (two / "out").mkdir()

    assert told(goals("one/one.gif", "two/two.gif", output="out")) == ["out/one.gif", "out/two.gif"]
    assert told(goals("one/one.gif", output="s3://b/out/")) == ["s3://b/out/one.gif"]
    assert told(goals("one/one.gif", output="s3://b/out")) == ["s3://b/out"]


def test_no_target_is_a_request_error(two: Path) -> None:
    with pytest.raises(RequestError, match="no output named"):
        goals("one")


def test_an_output_over_its_own_input_is_refused_before_any_work(two: Path) -> None:
    (two / "link").symlink_to("one")

    for folder in ("one", "link", "two/../one"):
        with pytest.raises(RequestError, match="its own input"):
            goals("one", out_dir=folder)
        assert len(told(goals("one", out_dir=folder, overwrite=True))) == 3


def test_a_hard_link_is_no_input_of_its_own(two: Path) -> None:
    (two / "out").mkdir()
    os.link(two / "one" / "one.gif", two / "out" / "one.gif")

    assert told(goals("one/one.gif", out_dir="out")) == ["out/one.gif"]


@pytest.fixture
def memory() -> Iterator[Any]:
    system = pytest.importorskip("fsspec", reason="fsspec is not installed").filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def test_a_key_never_leads_out_of_the_folder_of_outputs(memory: Any, two: Path) -> None:
    keys = ["../up.gif", "a/../../up.gif", "a//b.gif", "ok.gif", "..x/y..gif"]
    found = [Found(place(f"memory://in/{key}"), key, listed=True) for key in keys]
    here = Targets(sources.search([place("one")], recursive=True), None, place("out"), False)
    there = Targets(here.search, None, place("memory://out"), False)

    assert [refused(here, one) for one in found] == [InputError, InputError, InputError, None, None]
    assert [refused(there, one) for one in found] == [InputError, InputError, None, None, None]


def refused(given: Targets, found: Found) -> type[KzmarkError] | None:
    try:
        given.of_file(found)
    except KzmarkError as error:
        return type(error)
    return None


def test_objects_are_mirrored_from_a_store_to_a_store_and_to_a_folder(
    memory: Any, two: Path
) -> None:
    memory.pipe_file("/in/d/a.gif", GIF)

    assert told(goals("memory://in", out_dir="memory://out/")) == ["memory://out/d/a.gif"]
    assert told(goals("memory://in", out_dir="out")) == ["out/d/a.gif"]
    with pytest.raises(RequestError, match="its own input"):
        goals("memory://in/", out_dir="memory://in")


def test_what_stands_in_the_way_is_told_of_local_outputs(two: Path) -> None:
    def look(target: Place, *, overwrite: bool = False) -> type[KzmarkError] | None:
        error = targets.obstacle(place("one/one.gif"), target, overwrite=overwrite)
        return type(error) if error else None

    assert look(place("none.gif")) is None
    assert look(place("one/one.gif")) is None
    assert look(place("two/two.gif")) is OutputExistsError
    assert look(place("two/two.gif"), overwrite=True) is None
    assert look(place("two"), overwrite=True) is OutputError
    assert look(place("s3://nobody/asks")) is None
