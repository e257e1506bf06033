"""The fast core, in C: work on coded data that Python would be too slow for.

Everything here is optional. Where an extension was not built, or `KZMARK_PURE` is set to 1, every
call answers `Refusal.ABSENT` and the caller takes its pure path. A refusal is never an error: the
core does nothing by halves and guesses nothing; whatever is odd about a file it leaves alone.

One module a format, each with an extension of its own; the sources stand in `c/`. They see sizes
that were checked, tables and coded bytes; headers are parsed in Python. The work is done without
the GIL.
"""

import os
from enum import IntEnum
from importlib import import_module
from typing import Final

CORES: Final = ("jpeg", "png")  # formats that have one


class Refusal(IntEnum):
    """Why the core left a file alone."""

    DAMAGED = 1
    UNSUPPORTED = 2
    NO_CODE = 3  # the Huffman tables have no code for what must be written, and no room for one
    NO_MEMORY = 4
    ABSENT = 5  # there is no core


def active(name: str) -> bool:
    """Say whether files of a format take the native path, unless their core refuses them."""
    return name in CORES and built(name) and allowed()


def built(name: str) -> bool:
    """Say whether the core of a format was built for this machine."""
    try:
        import_module(f"{__name__}._{name}")
    except ImportError:
        return False
    return True


def allowed() -> bool:
    """Say whether nobody switched the core off with `KZMARK_PURE=1`."""
    return os.environ.get("KZMARK_PURE", "") != "1"
