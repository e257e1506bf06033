"""The registry: names of the built-in adapters, each imported on first use."""

import functools
from importlib import import_module, metadata
from typing import Final

from kzmark.formats._base import Adapter

NAMES: Final = ("avif", "bmp", "gif", "heic", "jpeg", "jxl", "png", "svg", "tiff", "webp")
ENTRY_POINTS: Final = "kzmark.formats"


@functools.cache
def adapter(name: str) -> Adapter:
    """Return the built-in adapter of this name.

    Raises:
        KeyError: If there is none.
    """
    if name not in NAMES:
        raise KeyError(name)
    found: Adapter = import_module(f"kzmark.formats.{name}").ADAPTER
    return found


@functools.cache
def all_adapters() -> tuple[Adapter, ...]:
    """Return the built-in adapters, then those that installed packages offer, sorted by name."""
    others = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return tuple(adapter(name) for name in NAMES) + tuple(point.load() for point in others)
