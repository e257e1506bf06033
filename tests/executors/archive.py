"""A small archive to stamp, and what two runs over it must have in common."""

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import kzmark
from kzmark.audit import check
from kzmark.batch import Job, Result
from kzmark.places import Place

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
KINDS = ("photo.jpg", "grey.jpg", "photo.png", "palette.png", "photo.gif", "lossy.webp")
SIDECAR = "photo.bmp"  # its mark stands beside it
FILES = int(os.environ.get("KZMARK_CLUSTER_FILES", "60"))
Root = Path | Place
CHANGING = frozenset({"mark_id", "created"})


def fill(folder: Path, files: int = FILES) -> list[str]:
    """Write an archive in two folders; return the names below its root."""
    names = []
    kinds = (*KINDS, SIDECAR)
    for number in range(files):
        kind = kinds[number % len(kinds)]
        name = f"{number % 2}/{number:04}-{kind}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((CLEAN / kind).read_bytes())
        names.append(name)
    return names


def jobs(source: Root, target: Root, names: Iterable[str]) -> Iterator[Job]:
    """Give the jobs from one root to another."""
    for name in names:
        yield Job(source=source / name, target=target / name, make_folder=True)


def stamper(folder: Path, log: Path) -> kzmark.Stamper:
    """Return a Stamper that keeps a log."""
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО Пример")
    )
    return kzmark.Stamper(said, identity=folder, audit=log)


def assert_alike(one: Path, other: Path, names: Iterable[str]) -> None:
    """Outputs of two runs show the same and say the same, mark ids and times aside."""
    for name in names:
        first, second = (root / name for root in (one, other))
        assert said(first) == said(second), name
        assert np.array_equal(seen(first), seen(second)), name


def assert_each_stamped_once(results: Iterable[Result], log: Path, names: list[str]) -> None:
    """Every file has one result, and the log one intent and one end for each."""
    ended = list(results)
    stamped = [one.stamped for one in ended if one.stamped]
    checked = check(log)

    assert [repr(one.error) for one in ended if one.error] == []
    assert len(stamped) == len(names)
    assert len({one.mark.mark_id for one in stamped}) == len(names)
    assert (checked.done, checked.failed) == (len(names), 0)
    assert (checked.broken, checked.unfinished) == ((), ())


def said(path: Path) -> dict[str, Any]:
    """Return the mark of a file that complies."""
    report = kzmark.verify(path)
    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert report.mark is not None
    return {k: v for k, v in report.mark.to_dict().items() if k not in CHANGING}


def seen(path: Path) -> Any:
    """Return its pixels."""
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        return np.asarray(picture.convert("RGBA"))
