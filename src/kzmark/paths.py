"""Where files come from and go to: paths, bytes, streams, and the sidecars beside paths."""

import os
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark import pipeline
from kzmark._io import write_atomic
from kzmark._limits import Limits
from kzmark.errors import InputError, RequestError
from kzmark.formats import all_adapters
from kzmark.subject import Subject, open_subject

RECORD_SUFFIX: Final = ".kzmark.json"
_MAX_RECORD: Final = 1 << 20  # bytes of a sidecar


def path_of(place: Any) -> Path | None:
    """Return the path that a source or target names, or nothing for bytes and streams."""
    return Path(place) if isinstance(place, str | os.PathLike) else None


def record_path(path: Path) -> Path:
    """Return where the `.kzmark.json` sidecar of a file stands: its whole name and a suffix more.

    The extension stays in it, so that `a.bmp` and `a.webm` never share a sidecar.
    """
    return path.with_name(path.name + RECORD_SUFFIX)


def subject_of(source: Any, *, limits: Limits) -> Subject:
    """Open a path, bytes or a binary stream, with the sidecar that stands beside a path.

    Raises:
        InputError: If a path cannot be read.
        RequestError: If it is none of these.
        MediaError: If it is over the limits or no adapter recognises it.
    """
    path = path_of(source)
    if path is not None:
        try:
            with path.open("rb") as stream:
                return open_subject(stream, limits=limits, name=str(path), record=read_record(path))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", source=str(path)) from error
    return open_subject(stream_of(source), limits=limits)


def stream_of(source: Any) -> BinaryIO:
    """Return a binary stream over bytes, or the stream itself.

    Raises:
        RequestError: If it is neither.
    """
    import io

    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    if hasattr(source, "read") and hasattr(source, "seek"):
        stream: BinaryIO = source
        return stream
    raise RequestError(
        f"a source of the kind {type(source).__name__}",
        hint="give a path, bytes, a seekable binary stream, a PIL.Image or a NumPy array",
    )


def read_record(path: Path) -> bytes | None:
    """Return the sidecar that stands beside a file, or nothing."""
    beside = record_path(path)
    try:
        with beside.open("rb") as stream:
            return stream.read(_MAX_RECORD + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None


def format_for(output: Path | None, format: str) -> str:  # noqa: A002 - Pillow's word
    """Return the name of the format a picture is to be encoded in.

    Raises:
        RequestError: If neither a format nor an extension says it.
    """
    if format:
        return format.lower()
    suffix = output.suffix.lower() if output else ""
    for adapter in all_adapters():
        if suffix in adapter.info.extensions:
            return adapter.info.name
    raise RequestError("no format for this picture", hint='say format="png", or another')


def deliver(finished: "pipeline.Finished", target: Any, *, source: Any, overwrite: bool) -> None:
    """Write a finished file to a path (whole or not at all) or to a stream.

    A sidecar is in place before its file, so that no file ever stands without it.

    Raises:
        OutputExistsError: If the target exists, is not the source, and `overwrite` is false.
        OutputError: If the folder or the disk refuses.
    """
    path = path_of(target)
    if path is None:
        if target is not None:
            target.write(finished.data)
        return
    overwrite = overwrite or _same_file(path_of(source), path)
    if finished.record is not None:
        write_atomic(record_path(path), [finished.record], overwrite=overwrite)
    write_atomic(path, [finished.data], overwrite=overwrite)


def _same_file(source: Path | None, target: Path) -> bool:
    try:
        return source is not None and source.samefile(target)
    except OSError:
        return False
