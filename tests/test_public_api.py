"""What is public: the names in `kzmark.__all__`, sorted, documented, and nothing besides."""

import inspect
import subprocess
import sys

import kzmark
from kzmark import errors

LIGHT = ("kzmark", "kzmark.cli", "kzmark.cli.stamp", "kzmark.cli.verify", "kzmark.vocabulary")
HEAVY = {"numpy", "PIL", "cv2", "c2pa", "lxml", "cryptography", "isal", "tqdm", "imagecodecs"}


def test_all_is_sorted_and_every_name_in_it_is_there() -> None:
    names = [name for name in kzmark.__all__ if not name.startswith("__")]

    assert kzmark.__all__ == sorted(kzmark.__all__, key=lambda n: (n.strip("_").islower(), n))
    assert all(hasattr(kzmark, name) for name in names)
    assert set(dir(kzmark)) == set(kzmark.__all__)


def test_every_public_name_is_documented_with_its_methods() -> None:
    for name in kzmark.__all__:
        thing = getattr(kzmark, name)
        if name.startswith("__"):
            continue
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for method, function in vars(thing).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    assert inspect.getdoc(function), f"{name}.{method}"


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
