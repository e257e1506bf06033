"""What a caller hands in to be stamped: what it may be, and how errors name it."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from typing import Any, BinaryIO
from uuid import UUID

from kzmark import paths
from kzmark._ground import closed_after
from kzmark.errors import KzmarkError, RequestError
from kzmark.pipeline import Finished
from kzmark.places import Place
from kzmark.plan import Plan

Source = Any  # a path, a URL, bytes, a binary stream, a PIL.Image or a NumPy array
Target = str | os.PathLike[str] | Place | BinaryIO | None


def refuse_picture_words(format: str, options: dict[str, Any]) -> None:  # noqa: A002
    """Refuse what only a picture in memory can take: a file keeps its format and its quality."""
    given = sorted([*(["format"] if format else []), *options])
    if given:
        text = '; bytes of a text are told by name="a.txt"' if given == ["format"] else ""
        raise RequestError(
            f"{', '.join(given)} for a source that is a file already",
            hint=f"for a PIL.Image or a NumPy array; a file keeps its format{text}",
        )


@contextlib.contextmanager
def naming(source: Source) -> Iterator[None]:
    """Let errors say which file they are about; whoever keeps them keeps no file open."""
    try:
        with closed_after():
            yield
    except KzmarkError as error:
        error.source = error.source or paths.name_of(source)
        raise


def is_picture(source: Source, name: str = "") -> bool:
    """Say whether a source is a picture in memory; for a path or bytes nothing is imported.

    Raises:
        RequestError: If it is one, and yet was given the name of a file.
    """
    if isinstance(source, str | os.PathLike | Place | bytes | bytearray | memoryview):
        return False
    from kzmark import still

    if (found := still.is_picture(source)) and name:
        raise RequestError(
            f"the name {name!r} for a picture that is no file yet", hint='say format="png"'
        )
    return found


def named(job: Plan | Finished, mark_id: UUID | None) -> Plan | Finished:
    """Give the mark of a plan an id that was chosen before."""
    if mark_id is None or isinstance(job, Finished):
        return job
    return dataclasses.replace(job, mark=dataclasses.replace(job.mark, mark_id=mark_id))
