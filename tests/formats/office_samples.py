"""Office files for tests: stamped, changed, looked at."""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import Rope
from kzmark.formats import adapter
from kzmark.formats._text import Inscribes, Legible
from kzmark.mark import Mark
from kzmark.notices import words
from kzmark.profile import load
from kzmark.report import Evidence
from kzmark.testing import INSCRIPTION, example_mark
from kzmark.vocabulary import Training

Change = Callable[[bytes], bytes]


def inscribed(name: str, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    target, one = Rope(), adapter(name)
    assert isinstance(one, Inscribes)
    one.inscribe(io.BytesIO(data), target, INSCRIPTION, limits=limits)
    target.seek(0)
    return target.read()


def written(name: str, data: bytes, *, number: int = 1, training: Training | None = None) -> bytes:
    target, one = io.BytesIO(), adapter(name)
    mark = replace(example_mark(one, number=number), training=training)
    one.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def judged(name: str, data: bytes) -> Evidence:
    """Say how a reader finds the notice of `INSCRIPTION`."""
    one = adapter(name)
    assert isinstance(one, Legible)
    texts = [line.text for line in INSCRIPTION.lines]
    told = {"notice": {"languages": ["kk", "ru"], "texts": texts}}
    mark = Mark.from_dict(example_mark(one).to_dict() | told)
    leaves = one.leaves(io.BytesIO(data), limits=DEFAULT_LIMITS)
    return words.find(leaves, profile=load(), mark=mark)


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(data: bytes, changes: Mapping[str, Change | bytes | None]) -> bytes:
    """Return a package that another program changed and saved; None drops a part."""
    files = parts(data)
    for name, change in changes.items():
        if change is None:
            del files[name]
        elif isinstance(change, bytes):
            files[name] = change
        else:
            fresh = change(files[name])
            assert fresh != files[name], f"{name} has nothing to change"
            files[name] = fresh
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, held in files.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 18, 12, 0, 0)), held, kind)
    return target.getvalue()


def swap(old: str, new: str) -> Change:
    """Return the change of every occurrence of some letters."""
    return lambda data: data.replace(old.encode(), new.encode())
