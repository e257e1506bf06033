"""Where files come from: paths, bytes, streams, and the sidecars that stand beside paths."""

import contextlib
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark._io import cause
from kzmark._limits import Limits
from kzmark.errors import InputError, RequestError
from kzmark.formats import EXTENSIONS
from kzmark.formats.layers.sidecar import MAX_SIDECAR
from kzmark.subject import Subject, open_subject

RECORD_SUFFIX: Final = ".kzmark.json"
SOURCES: Final = "give a path, bytes or a binary stream"
_HINTS: Final = {
    errno.ENOENT: "check the name",
    errno.EACCES: "check who may read it",
    errno.EISDIR: "it is a folder: name the files in it",
}


def path_of(place: Any) -> Path | None:
    """Return the path that a source or target names, or nothing for bytes and streams."""
    if isinstance(place, str):
        return Path(place)
    if isinstance(place, os.PathLike):
        return Path(os.fsdecode(place))
    return None


def record_path(path: Path) -> Path:
    """Return where the `.kzmark.json` sidecar of a file stands: its whole name and a suffix more.

    The extension stays in it, so that `a.bmp` and `a.webm` never share a sidecar.
    """
    return path.with_name(path.name + RECORD_SUFFIX)


def subject_of(source: Any, *, limits: Limits, hint: str = SOURCES) -> Subject:
    """Open a path, bytes or a binary stream, with the sidecar that stands beside a path.

    Args:
        source: What to open.
        limits: What it may cost.
        hint: What to say where it is none of these.

    Raises:
        InputError: If it cannot be read.
        RequestError: If it is none of these.
        MediaError: If it is over the limits or no adapter recognises it.
    """
    path = path_of(source)
    with opened(source, limits=limits, hint=hint) as stream:
        record = read_record(path) if path else None
        return open_subject(stream, limits=limits, name=str(path or ""), record=record)


@contextlib.contextmanager
def opened(source: Any, *, limits: Limits, hint: str = SOURCES) -> Iterator[BinaryIO]:
    """Give a stream over a source that can be read from its start.

    A pipe is read first, up to one byte over the limit; a stream of the caller's is left open.

    Raises:
        InputError: If it cannot be read, also inside the block.
        RequestError: If it is neither a path nor bytes nor a binary stream.
    """
    path = path_of(source)
    with contextlib.ExitStack() as stack:
        try:
            if path is None:
                stream = _stream_of(source, hint=hint)
            else:
                stream = stack.enter_context(path.open("rb"))
            stream = _seekable(stream, limits)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise _unread(error, path) from error
        try:
            yield stream
        except OSError as error:
            raise _unread(error, path) from error


def read_record(path: Path) -> bytes | None:
    """Return the sidecar of a file, or nothing.

    It stands beside the file that a link leads to; failing that, beside the link.

    Raises:
        InputError: If there is one that cannot be read.
    """
    for name in dict.fromkeys((_real(path), path)):
        beside = record_path(name)
        try:
            with beside.open("rb") as stream:
                return stream.read(MAX_SIDECAR + 1)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # then there cannot be one
                continue
            raise InputError(
                f"its sidecar cannot be read: {cause(error)}",
                source=str(path),
                hint=f"look at {beside.name}",
            ) from error
    return None


def format_for(output: Path | None, format: str) -> str:  # noqa: A002 - Pillow's word
    """Return the name of the format a picture is to be encoded in.

    Raises:
        RequestError: If neither a format nor an extension says it.
    """
    if format:
        named = format.lower()
        return next((name for name, ends in EXTENSIONS.items() if f".{named}" in ends), named)
    suffix = output.suffix.lower() if output else ""
    for name, extensions in EXTENSIONS.items():
        if suffix in extensions:
            return name
    raise RequestError("no format for this picture", hint='say format="png", or another')


def _unread(error: Exception, path: Path | None) -> InputError:
    return InputError(
        f"cannot be read: {cause(error)}",
        source=str(path or ""),
        hint=_HINTS.get(getattr(error, "errno", None) or 0, "check that it is a file"),
    )


def _real(path: Path) -> Path:
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):
        return path


def _stream_of(source: Any, *, hint: str) -> BinaryIO:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(bytes(source))
    text = isinstance(source, io.TextIOBase) or getattr(source, "encoding", None) is not None
    if text or not hasattr(source, "read"):
        raise RequestError(f"a source of the kind {type(source).__name__}", hint=hint)
    if getattr(source, "closed", False):
        raise RequestError("a source that is closed", hint="hand it over open; kzmark leaves it so")
    stream: BinaryIO = source
    return stream


def _seekable(stream: BinaryIO, limits: Limits) -> BinaryIO:
    can = getattr(stream, "seekable", None)
    if can() if can else hasattr(stream, "seek"):
        return stream
    whole, left = io.BytesIO(), limits.max_bytes + 1
    while left > 0 and (part := stream.read(left)):  # a raw stream gives a part at a time
        left -= whole.write(part)
    return whole
