"""What is public: the names in `kzmark.__all__`, sorted, documented, and nothing besides."""

import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import FunctionType

import pytest
from scripts import reference

import kzmark
from kzmark import errors

LIGHT = ("kzmark", "kzmark.cli", "kzmark.cli.stamp", "kzmark.cli.verify", "kzmark.vocabulary")
HEAVY = {"numpy", "PIL", "cv2", "c2pa", "lxml", "cryptography", "isal", "tqdm", "imagecodecs"}


def test_all_is_sorted_and_every_name_in_it_is_there() -> None:
    names = [name for name in kzmark.__all__ if not name.startswith("__")]

    assert kzmark.__all__ == sorted(kzmark.__all__, key=lambda n: (n.strip("_").islower(), n))
    assert all(hasattr(kzmark, name) for name in names)
    assert set(dir(kzmark)) == set(kzmark.__all__)


def offered(thing: type) -> Iterator[tuple[str, object]]:
    """Yield what a user can ask a class for, inherited or not, but for what a builtin brings."""
    for name in dir(thing):
        found = inspect.getattr_static(thing, name)
        home = next((one for one in thing.__mro__ if name in vars(one)), object)
        if name.startswith("_") or not home.__module__.startswith("kzmark"):
            continue
        kinds = property, cached_property, classmethod, staticmethod, FunctionType
        if isinstance(found, kinds):
            yield name, found


def test_every_public_name_is_documented_with_its_members() -> None:
    for name in kzmark.__all__:
        thing = getattr(kzmark, name)
        if name.startswith("__"):
            continue
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for member, found in offered(thing):
                assert inspect.getdoc(found), f"{name}.{member}"


def test_the_reference_has_every_public_name_and_every_member() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    heads = set(re.findall(r"^##+ (?:\w+ )*?([\w.]+)$", page, re.MULTILINE))
    seen = set()
    for name in kzmark.__all__:
        thing = getattr(kzmark, name)
        if name.startswith("__"):
            continue
        assert name in heads, name
        if inspect.isclass(thing) and not issubclass(thing, Exception | Enum):
            members = {f"{name}.{member}" for member, _ in offered(thing)}
            seen |= members
            assert members <= heads, name

    assert {
        "Stamper.video",
        "Stamper.text",
        "Stamper.identity",
        "Mark.from_json",
        "AnswerStream.answer",
    } <= seen


def test_every_field_of_a_public_class_is_told_of_in_its_docstring() -> None:
    for name in kzmark.__all__:
        thing = getattr(kzmark, name)
        if inspect.isclass(thing) and dataclasses.is_dataclass(thing):
            fields = [field.name for field in dataclasses.fields(thing) if field.name[0] != "_"]
            told = inspect.getdoc(thing) or ""
            assert [one for one in fields if f"\n    {one}: " not in told] == [], name


def test_what_a_public_call_takes_is_told_of_in_its_docstring() -> None:
    calls = [getattr(kzmark, name) for name in kzmark.__all__ if name[0] != "_"]
    calls = [one for one in calls if inspect.isfunction(one)]
    calls += [kzmark.Stamper.stamp, kzmark.Stamper.video, kzmark.Stamper.text, kzmark.Stamper.plan]
    for call in calls:
        told = inspect.getdoc(call) or ""
        names = list(inspect.signature(call).parameters)
        if "Args:" in told:
            assert [
                n for n in names if n != "self" and f"    {n}: " not in told.replace("*", "")
            ] == [], call
        assert "Raises:" in told, call


def test_stamp_names_every_choice_of_a_stamper() -> None:
    told = inspect.getdoc(kzmark.stamp) or ""
    choices = set(inspect.signature(kzmark.Stamper).parameters) - {"statement"}

    assert {choice for choice in choices if f"`{choice}`" not in told} == set()


def test_policies_are_named_by_words_and_paths(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('name = "a"\nedition = "2026"\nrequirements = ["signed"]\n', encoding="utf-8")

    assert kzmark.article_21("trusted") == kzmark.article_21(kzmark.Signed.TRUSTED)
    assert kzmark.load_policy(str(file)) == kzmark.load_policy(file)
    with pytest.raises(kzmark.errors.RequestError, match="'much'"):
        kzmark.article_21("much")
    with pytest.raises(kzmark.errors.RequestError, match="cannot be read"):
        kzmark.load_policy(str(tmp_path / "none.toml"))


def test_the_modules_among_the_public_names_come_without_being_imported() -> None:
    code = "import kzmark; print(kzmark.errors.MediaError.code, *kzmark.vocabulary.Operation)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert said.split() == ["media", "created", "modified"]


def test_the_reference_leaves_no_inherited_member_out() -> None:
    class Grown(kzmark.Stamper):
        @classmethod
        def made(cls) -> None: ...

    Grown.__module__ = "kzmark.grown"
    found = {name for name, _ in offered(Grown)}

    assert {"made", "video", "text", "identity", "stamp"} <= found
    assert found == {name for name, _, _ in reference.members(Grown)}


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(kzmark, "strip")


def test_nothing_public_removes_or_hides_a_mark() -> None:
    words = ("strip", "remove", "delete", "hide", "unmark", "clean")

    assert not [name for name in kzmark.__all__ if any(word in name.lower() for word in words)]


def test_importing_loads_no_third_party_module() -> None:
    for module in LIGHT:
        code = f"import sys, {module}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
        loaded = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()

        assert not HEAVY & set(loaded), module


def test_the_tree_of_errors_is_the_one_drawn() -> None:
    drawn: list[tuple[int, str]] = []
    assert errors.__doc__
    for line in errors.__doc__.splitlines()[2:]:
        name = line.strip().split(" ")[0]
        if name.endswith("Error"):
            drawn.append((len(line) - len(line.lstrip()), name))
    parents: dict[str, str] = {}
    for index, (depth, name) in enumerate(drawn):
        above = [other for level, other in drawn[:index] if level < depth]
        parents[name] = above[-1] if above else "Exception"
    real = {
        name: thing.__mro__[1].__name__
        for name, thing in vars(errors).items()
        if inspect.isclass(thing)
    }

    assert parents == real


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [thing for thing in vars(errors).values() if inspect.isclass(thing)]
    codes = [kind.code for kind in kinds if issubclass(kind, errors.KzmarkError)]

    assert len(codes) == len(kinds)
    assert len(set(codes)) == len(codes)


def test_the_reference_says_nothing_of_whoever_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KZMARK_TEST_ONE", "})")
    monkeypatch.setenv("KZMARK_TEST_TWO", "mine alone")

    assert "environment: Mapping[str, str] = os.environ" in " ".join(reference.library().split())
    assert "mine alone" not in reference.library()
