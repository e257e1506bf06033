"""The search streams: each file once, in order, whatever the roots hold of one another."""

import os
import tracemalloc
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmark.cli import sources
from kzmark.cli.sources import Found, Search
from kzmark.errors import InputError, RequestError
from kzmark.places import place

FOLDERS = ("", "a", "a/b", "a/b/c", "d")
NAMES = ("x.png", "y.png", "x.png.kzmark.json", ".kzmark-1.tmp")


def look(*named: object, recursive: bool = True, **how: Any) -> Search:
    found = [place(one) if isinstance(one, str) else place(Path(str(one))) for one in named]
    for name, value in how.items():
        how[name] = [place(one) for one in value] if name == "apart" else value
    return sources.search(found, recursive=recursive, **how)


def insides(search: Search) -> list[str]:
    return [item.inside for item in search if isinstance(item, Found)]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for folder in FOLDERS:
        (root / folder).mkdir(exist_ok=True)
        for name in NAMES:
            (root / folder / name).write_bytes(b"x")
    (root / "d" / "link.png").symlink_to("../a/x.png")
    (root / "to-a").symlink_to("a")
    (root / "d" / "x2.png").symlink_to("x.png")
    return root


def each_file_once(root: Path, named: list[str], apart: list[str]) -> list[str]:
    """Return what a search has to find, in the plainest way: all of it, then once each."""
    outputs = {os.path.realpath(root / one) for one in apart}
    seen, found = set(), []
    for name in named:
        path = root / name
        below = [path] if path.is_file() else walk(path, outputs)
        for one in below:
            entry = spelt(one)
            if entry not in seen and not one.name.endswith(".kzmark.json"):
                seen.add(entry)
                found.append(entry)
    return found


def walk(folder: Path, outputs: set[str]) -> Iterator[Path]:
    for name, folders, names in os.walk(folder):
        where = Path(name)
        folders[:] = sorted(one for one in folders if os.path.realpath(where / one) not in outputs)
        yield from (where / one for one in sorted(names) if not one.startswith(".kzmark-"))


def spelt(path: Path) -> str:
    return str(Path(os.path.realpath(path.parent), path.name))


roots = st.lists(
    st.sampled_from(
        [*FOLDERS[1:], ".", "to-a", "a/x.png", "d/link.png", "a/../d", "a/.kzmark-1.tmp"]
    ),
    min_size=1,
    max_size=5,
)


@given(roots, st.lists(st.sampled_from(["a", "a/b", "d"]), max_size=2))
@settings(max_examples=300, deadline=None)
def test_a_stream_finds_what_holding_every_name_would_find(
    tree: Path, named: list[str], apart: list[str]
) -> None:
    search = look(*(tree / one for one in named), apart=[tree / one for one in apart])

    try:
        found = [item.place.local for item in search if isinstance(item, Found)]
    except RequestError:
        found = []

    assert [spelt(one) for one in found] == each_file_once(tree, named, apart)


def test_what_is_below_a_folder_is_listed_and_what_is_named_is_not(tree: Path) -> None:
    found = [
        item for item in look(tree / "d" / "x.png", tree / "a" / "b") if isinstance(item, Found)
    ]

    assert [(one.inside, one.listed, one.root) for one in found] == [
        ("x.png", False, 0),
        ("x.png", True, 1),
        ("y.png", True, 1),
        ("c/x.png", True, 1),
        ("c/y.png", True, 1),
    ]
    assert all(one.facts == one.place.facts() for one in found)


def test_in_place_a_link_counts_as_the_file_it_leads_to(tree: Path, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name).symlink_to(tree / "a" / "x.png")

    assert insides(look(tree / "d", each_once=True)) == ["link.png", "x.png", "y.png"]
    assert "link.png" not in " ".join(insides(look(tree / "d", tree / "a", each_once=True)))
    assert insides(look(tmp_path / "two.png", tmp_path / "one.png", each_once=True)) == ["two.png"]
    assert insides(look(tmp_path / "two.png", tmp_path / "one.png")) == ["two.png", "one.png"]


def test_looking_ahead_takes_nothing(tree: Path) -> None:
    search = look(tree / "none.png", tree / "a" / "b")

    first = search.ahead(2)

    assert isinstance(first[0], InputError)
    assert search.ahead(3)[:2] == first
    assert [*search][:2] == first
    assert search.ahead(1) == []


def test_nothing_at_all_is_a_request_error_before_anything_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.png.kzmark.json").write_bytes(b"")

    for named in ([tmp_path], [tmp_path / "a.png.kzmark.json"]):
        with pytest.raises(RequestError, match="no file") as caught:
            look(*named).ahead(1)
        assert caught.value.hint


def test_a_folder_is_refused_at_once_unless_asked_for(tree: Path) -> None:
    with pytest.raises(RequestError, match="folder"):
        look(tree / "a" / "x.png", tree / "a", recursive=False)


def test_a_search_begins_without_looking_at_everything(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number:02}").mkdir()
        (tmp_path / f"{number:02}" / "x").write_bytes(b"")
    search = look(tmp_path)

    first = list(islice(search, 2))
    (tmp_path / "30" / "late").write_bytes(b"")

    assert [item.inside for item in first if isinstance(item, Found)] == ["00/x", "01/x"]
    assert "30/late" in insides(search)


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    def peak(root: Path) -> int:
        tracemalloc.start()
        for _ in look(root):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = tmp_path / "few", tmp_path / "many"
    for root, deep in ((few, "0000"), (many, "1000"), (many, "0233")):
        for folder in product(*(range(int(count) + 1) for count in deep)):
            path = root.joinpath(*map(str, folder))
            path.mkdir(parents=True, exist_ok=True)
            for number in range(50):
                (path / f"{number}.x").write_bytes(b"")
    # the lowest of three: Python makes room for the names of others now and then
    small, large = (min(peak(root) for _ in range(3)) for root in (few, many))

    assert large < 2 * small


# --- objects ------------------------------------------------------------------------------------


@pytest.fixture
def memory() -> Iterator[Any]:
    system = pytest.importorskip("fsspec", reason="fsspec is not installed").filesystem("memory")
    system.store.clear()
    for key in ("in/a.png", "in/d/b.png", "in/d/b.png.kzmark.json", "in/out/c.png", "other.png"):
        system.pipe_file(f"/{key}", b"x")
    yield system
    system.store.clear()


def test_objects_are_found_once_however_they_are_named(memory: Any) -> None:
    named = ("memory://in/d", "memory://in/d/", "memory://in", "memory://in/a.png")

    search = look(*named, "memory://other.png", apart=["memory://in/out"])

    assert [str(item.place) for item in search if isinstance(item, Found)] == [
        "memory://in/d/b.png",
        "memory://in/a.png",
        "memory://other.png",
    ]


def test_a_folder_of_objects_is_refused_unless_asked_for(memory: Any) -> None:
    for named in ("memory://in", "memory://in/"):
        with pytest.raises(RequestError, match="folder"):
            look(named, recursive=False)


def test_an_object_that_is_not_there_is_a_failure_beside_the_others(memory: Any) -> None:
    items = list(look("memory://none.png", "memory://other.png"))

    assert [type(item) for item in items] == [InputError, Found]


def test_many_objects_named_are_not_asked_one_by_one(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(memory), "info", None)

    search = look(*(f"memory://{number}.png" for number in range(100)), recursive=False)

    assert len(insides(search)) == 100
