"""Where files come from: places, bytes, streams, and the sidecars that stand beside places."""

import contextlib
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark._io import cause
from kzmark._limits import Limits
from kzmark.errors import InputError, RequestError, UnknownFormatError
from kzmark.formats import EXTENSIONS
from kzmark.formats.layers.sidecar import MAX_SIDECAR
from kzmark.places import Place, place
from kzmark.sniff import sniff
from kzmark.subject import Subject, open_subject
from kzmark.vocabulary import Layer

RECORD_SUFFIX: Final = ".kzmark.json"
SOURCES: Final = "give a path, a URL, bytes or a binary stream"
_HINTS: Final = {
    errno.ENOENT: "check the name",
    errno.EACCES: "check who may read it",
    errno.EISDIR: "it is a folder: name the files in it",
}


def place_of(named: Any) -> Place | None:
    """Return the place that a source or target names, or nothing for bytes and streams.

    Raises:
        RequestError: If it is a URL that cannot be.
    """
    if type(named) is Place:  # before the slow question whether it is like a path
        return named
    return place(named) if isinstance(named, str | os.PathLike) else None


def name_of(named: Any) -> str:
    """Return what to call a source or target in messages; nothing for bytes and streams."""
    return str(place_of(named) or "")


def record_path(path: Path) -> Path:
    """Return where the `.kzmark.json` sidecar of a file stands: its whole name and a suffix more.

    The extension stays in it, so that `a.bmp` and `a.webm` never share a sidecar.
    """
    return path.with_name(path.name + RECORD_SUFFIX)


def subject_of(source: Any, *, limits: Limits, hint: str = SOURCES, name: str = "") -> Subject:
    """Open a path, a URL, bytes or a binary stream, with the sidecar that stands beside it.

    Args:
        source: What to open.
        limits: What it may cost.
        hint: What to say where it is none of these.
        name: What to call bytes or a stream; the name that a stream has itself if left out.

    Raises:
        InputError: If it cannot be read.
        RequestError: If it is none of these.
        MediaError: If it is over the limits or no adapter recognises it.
    """
    where = place_of(source)
    with opened(source, limits=limits, hint=hint) as stream:
        record = record_beside(where, stream)
        called = str(where or name or stream_name(source))
        return open_subject(stream, limits=limits, name=called, record=record)


def stream_name(source: Any) -> str:
    """Return the name that a stream has, as an open file does; that of a folder is left out."""
    name = getattr(source, "name", "")
    return Path(name).name if isinstance(name, str) else ""


@contextlib.contextmanager
def opened(source: Any, *, limits: Limits, hint: str = SOURCES) -> Iterator[BinaryIO]:
    """Give a stream over a source that can be read from its start.

    A pipe or an object is read first, up to one byte over the limit; a stream of the caller's is
    left open.

    Raises:
        InputError: If it cannot be read, also inside the block.
        RequestError: If it is neither a place nor bytes nor a binary stream.
    """
    where = place_of(source)
    with contextlib.ExitStack() as stack:
        try:
            if where is None:
                stream = _stream_of(source, hint=hint)
            elif where.is_local:
                stream = stack.enter_context(where.local.open("rb"))
            else:
                stream = io.BytesIO(where.store.head(limits.max_bytes + 1))
            stream = _seekable(stream, limits)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise _unread(error, where) from error
        try:
            yield stream
        except OSError as error:
            raise _unread(error, where) from error


def record_beside(where: Place | None, stream: BinaryIO) -> bytes | None:
    """Return the sidecar of a source, or nothing.

    Objects are asked for one only where their format keeps its mark there: each look is a request
    that costs time and money.

    Args:
        where: The source, or nothing for bytes and streams.
        stream: Its bytes; left at their start.

    Raises:
        InputError: If there is one that cannot be read.
    """
    if where is None:
        return None
    if where.is_local:
        return read_record(where.local)
    try:
        keeps = Layer.SIDECAR in sniff(stream, name=where.name).info.layers
    except UnknownFormatError:
        keeps = False
    return _record_object(where) if keeps else None


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


def format_for(output: Place | None, format: str) -> str:  # noqa: A002 - Pillow's word
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


def _record_object(where: Place) -> bytes | None:
    beside = where.sibling(RECORD_SUFFIX)
    try:
        return beside.store.head(MAX_SIDECAR + 1)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise InputError(
            f"its sidecar: {error.message}",
            source=str(where),
            hint="a store tells that there is none only to whom may list (s3:ListBucket)"
            if isinstance(error.__cause__, PermissionError)
            else error.hint,
        ) from error


def _unread(error: Exception, where: Place | None) -> InputError:
    return InputError(
        f"cannot be read: {cause(error)}",
        source=str(where or ""),
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
