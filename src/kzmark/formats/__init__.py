"""The registry: built-in adapters and those of installed packages, each on first use."""

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Final

from kzmark.formats.catalogue import EXTENSIONS, NAMES

if TYPE_CHECKING:
    from kzmark.formats._base import Adapter

__all__ = ["ENTRY_POINTS", "EXTENSIONS", "NAMES", "adapter", "all_adapters", "foreign_adapters"]

ENTRY_POINTS: Final = "kzmark.formats"


@functools.cache
def adapter(name: str) -> "Adapter":
    """Return the built-in adapter of this name.

    Raises:
        KeyError: If there is none.
    """
    if name not in NAMES:
        raise KeyError(name)
    found: Adapter = import_module(f"kzmark.formats.{name}").ADAPTER
    return found


@functools.cache
def all_adapters() -> "tuple[Adapter, ...]":
    """Return the built-in adapters, then those that installed packages offer, sorted by name."""
    return tuple(adapter(name) for name in NAMES) + foreign_adapters()


@functools.cache
def foreign_adapters() -> "tuple[Adapter, ...]":
    """Return the adapters that installed packages offer, sorted by name."""
    from importlib import metadata

    points = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return tuple(point.load() for point in points)
