"""A report page: one self-contained HTML file that fetches nothing.

The page is written as the verdicts come, so that its size costs no memory. Files stand in it as
data, which a script of ours shows; names and words of strangers are never markup there. Its content
security policy lets nothing run or load but that script, that style and pictures in the file.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kzmark.cli.page.sheet import HEAD, Sheet
from kzmark.errors import OutputError, OutputExistsError, RequestError
from kzmark.places import Place, place

__all__ = ["THUMBNAIL", "Sheet", "check"]

THUMBNAIL: Final = 160  # pixels, the longest side


def check(target: Path, sources: Sequence[Place]) -> None:
    """Refuse a target that the page must not replace or cannot be written to.

    Files in folders need no look: what is no such page is refused whatever it is.

    Raises:
        RequestError: If it is one of the sources.
        OutputExistsError: If a file stands there that is neither empty nor such a page.
        OutputError: If it is no regular file, or its folder refuses.
    """
    name, own = str(target), place(target)
    if any(source.is_local and own.same_as(source) for source in sources):
        raise RequestError("the page would replace a source", source=name, hint="name another file")
    try:
        if not _is_free(target):
            raise OutputExistsError(
                "a file that is no report page stands there", source=name, hint="name another file"
            )
    except OSError as error:
        raise OutputError(
            f"the page cannot be written: {error.strerror}", source=name, hint="name another file"
        ) from error


def _is_free(target: Path) -> bool:
    try:
        found = target.stat()
    except FileNotFoundError:
        folder = target.parent
        if not stat.S_ISDIR(folder.stat().st_mode) or not os.access(folder, os.W_OK):
            raise PermissionError(0, "its folder cannot be written to") from None
        return True
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "no regular file stands there")
    with target.open("rb") as stream:
        return stream.read(len(HEAD.encode())) in {b"", HEAD.encode()}
