"""Every registered adapter against the contract: no list of formats to forget."""

import sys
from pathlib import Path
from typing import Any

from kzmark.formats import all_adapters
from kzmark.testing import AdapterContract

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"


def _clean(extensions: tuple[str, ...]) -> tuple[bytes, ...]:
    found = tuple(
        path.read_bytes() for path in sorted(CLEAN.iterdir()) if path.suffix in extensions
    )
    assert found, f"no clean fixture for {extensions}"
    return found


def _class(adapter: Any) -> type[AdapterContract]:
    name = f"Test{adapter.info.name.title()}"
    body = {"adapter": adapter, "clean": _clean(adapter.info.extensions), "__module__": __name__}
    return type(name, (AdapterContract,), body)


for _adapter in all_adapters():
    _made = _class(_adapter)
    setattr(sys.modules[__name__], _made.__name__, _made)
del _made


def test_signatures_of_formats_do_not_tie() -> None:
    from kzmark.formats._base import Confirms

    rows = [(s, a) for a in all_adapters() for s in a.info.signatures]
    for index, (signature, adapter) in enumerate(rows):
        for other, rival in rows[index + 1 :]:
            if signature == other:
                assert isinstance(adapter, Confirms), adapter
                assert isinstance(rival, Confirms), rival


def test_every_adapter_says_what_stays_exact() -> None:
    for adapter in all_adapters():
        info = adapter.info
        assert info.exact
        assert info.title
        assert all(end.startswith(".") and end == end.lower() for end in info.extensions)
        assert bool(info.backend) == bool(info.extra)


def test_the_catalogue_says_what_the_adapters_declare() -> None:
    from kzmark.formats.catalogue import EXTENSIONS, ROWS, Row

    infos = [adapter.info for adapter in all_adapters()]
    rows = [Row(s.magic, info.name, s.offset, s.mask) for info in infos for s in info.signatures]

    assert {info.name: info.extensions for info in infos} == EXTENSIONS
    assert rows == list(ROWS)
