"""Who may import whom: arrows only point one way (docs/explanation/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "kzmark"
LEVELS = (  # a module imports from its own line and from lines below it
    ("__main__",),
    ("cli",),
    ("testing",),
    ("batch",),
    ("executors",),
    ("api",),
    ("stamper",),
    ("speaker",),
    ("answer",),
    ("filming",),
    ("trail", "recall", "look", "intake"),
    ("delivery",),
    ("paths", "still", "footage"),
    ("belongings", "encoders"),
    ("colours", "options"),
    ("pipeline",),
    ("checking", "showing"),
    ("plan",),
    ("seeing",),
    ("subject", "preview", "unread"),
    ("policy", "policy_file", "prompts", "sniff", "statement", "audit", "signing", "notices"),
    ("formats",),
    ("native",),
    ("report", "foreign"),
    ("comparison",),
    ("stamped",),
    ("mark", "profile", "profiles"),
    (
        "vocabulary",
        "_record",
        "_notice_record",
        "_profile_rules",
        "_profile_table",
        "_profile_texts",
    ),
    ("journal",),
    ("places",),
    ("_io", "_limits", "_rope"),
    ("_caller", "_ground", "_temporary"),
    ("_system",),
    ("errors",),
)
RANK = {name: rank for rank, line in enumerate(LEVELS) for name in line}
APART = (  # the same line, and yet no arrow
    ("formats", "notices"),
    ("formats", "signing"),
    ("formats", "policy"),
    ("signing", "notices"),
    ("notices", "signing"),
    ("policy", "signing"),
    ("policy", "notices"),
    ("audit", "signing"),
    ("sniff", "notices"),
)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).with_suffix("").parts[0]
        if name != "__init__":
            yield name, path


def imports(path: Path) -> Iterator[str]:
    """Yield the first name below `kzmark` that each import of a file reaches, in any spelling."""
    package = ("kzmark", *path.relative_to(SOURCE).parent.parts)
    yield from reached(path.read_text(encoding="utf-8"), package)


def reached(code: str, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            home = ".".join((*above, *filter(None, (node.module,))))
            names = [f"{home}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            words = node.args[0] if node.args else None
            names = [str(words.value)] if isinstance(words, ast.Constant) else _formatted(words)
        yield from (n.partition(".")[2].partition(".")[0] for n in names if _is_ours(n))


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == "kzmark"


def _formatted(words: ast.expr | None) -> list[str]:
    """Return the beginning of a name that is put together, such as `f"kzmark.formats.{name}"`."""
    if isinstance(words, ast.JoinedStr) and isinstance(words.values[0], ast.Constant):
        return [str(words.values[0].value)]
    return []


def test_arrows_point_one_way() -> None:
    seen = 0
    for name, path in modules():
        for other in imports(path):
            if other in {"__version__", name}:
                continue
            seen += 1
            assert other, f"{path} imports kzmark itself: name the module"
            assert other in RANK, f"{path} imports {other}, which has no level"
            assert RANK[name] <= RANK[other], f"{path} imports {other}: the arrow points back"
            assert (name, other) not in APART, f"{path} imports {other}"

    assert seen > 50


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("from kzmark import policy", "policy"),
        ("from kzmark.notices.plate import Plate", "notices"),
        ("import kzmark.cli.stamp", "cli"),
        ("from .. import policy", "policy"),
        ("from ..signing import embed", "signing"),
        ("from .jpeg import Jpeg", "formats"),
        ("from . import jpeg", "formats"),
        ("import_module(f'kzmark.notices.{name}')", "notices"),
        ("import kzmark", ""),
        ("import kzmarks.policy, numpy", None),
    ],
)
def test_every_spelling_of_an_import_is_seen(code: str, module: str | None) -> None:
    assert list(reached(code, ("kzmark", "formats"))) == ([] if module is None else [module])


def test_every_module_stands_on_one_line_and_every_name_there_is_a_module() -> None:
    listed = [name for line in LEVELS for name in line]

    assert len(listed) == len(set(listed))
    assert set(listed) == {name for name, _ in modules()}
    assert {name for pair in APART for name in pair} <= set(listed)


def test_only_one_file_imports_the_c2pa_library() -> None:
    found = set()
    for _, path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            if any(name.split(".")[0] == "c2pa" for name in names):
                found.add(path.relative_to(SOURCE).as_posix())

    assert found == {"signing/c2pa.py"}


def test_no_module_is_called_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}

    assert not [path for _, path in modules() if path.stem.strip("_") in drawers]


def test_no_file_grows_past_three_hundred_lines() -> None:
    long = {
        path.relative_to(SOURCE).as_posix(): lines
        for _, path in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }

    assert long == {}
