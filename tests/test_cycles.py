"""No module needs, while it is loaded, one that needs it: each can be imported first."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import kzmark

ROOT = Path(kzmark.__file__).parent


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in ROOT.rglob("*.py")}


def loaded(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is loaded."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from loaded(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            yield from loaded(
                [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)]
            )


def named(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
        return
    for one in node.names:
        whole = f"{node.module}.{one.name}"
        yield whole if whole in FILES else str(node.module)


def needs(name: str) -> Iterator[str]:
    """Yield the modules that run before this one can, and are not its own packages."""
    own = {name.rsplit(".", depth)[0] for depth in range(name.count(".") + 1)}
    for node in loaded(ast.parse(FILES[name].read_text(encoding="utf-8")).body):
        for target in named(node):
            parts = target.split(".")
            before = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
            yield from (before & FILES.keys()) - own


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_import_leads_back_to_its_module() -> None:
    graph = {name: set(needs(name)) for name in FILES}

    assert cycle_in(graph) == []


def test_a_cycle_would_be_seen() -> None:
    graph = {name: set(needs(name)) for name in FILES}
    graph["kzmark.errors"].add("kzmark.pipeline")

    assert "kzmark.errors" in cycle_in(graph)
