"""Who may import whom: arrows only point one way (docs/explanation/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

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
    ("paths", "still", "footage", "footage"),
    ("belongings", "colours"),
    ("pipeline",),
    ("checking", "showing"),
    ("plan",),
    ("seeing",),
    ("subject", "preview", "unread"),
    ("policy", "sniff", "statement", "audit", "signing", "notices"),
    ("formats",),
    ("native",),
    ("report",),
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
    ("_temporary",),
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
    """Yield the first name below `kzmark` that each import of a file reaches."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "kzmark":
                yield from (alias.name for alias in node.names)
            elif node.module.startswith("kzmark."):
                yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("kzmark."))


def test_arrows_point_one_way() -> None:
    seen = 0
    for name, path in modules():
        for other in imports(path):
            if other in {"__version__", name}:
                continue
            seen += 1
            assert other in RANK, f"{path} imports {other}, which has no level"
            assert RANK[name] <= RANK[other], f"{path} imports {other}: the arrow points back"
            assert (name, other) not in APART, f"{path} imports {other}"

    assert seen > 50


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
