"""Files in and out: reads that trust no declared size, writes that appear whole or not at all."""

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, OutputError, OutputExistsError

_BLOCK = 1 << 20
_UMASK = os.umask(0o077)  # read once, at import: asking means setting, which no thread should see
os.umask(_UMASK)


def read_exact(source: BinaryIO, size: int, *, what: str) -> bytes:
    """Return exactly `size` bytes, without ever allocating more than the source holds.

    Raises:
        MalformedMediaError: If the source ends first; `what` names the part in the message.
    """
    if size < 0:
        raise MalformedMediaError(f"{what} declares {size} bytes")
    if size <= _BLOCK:
        data = source.read(size)
    else:
        parts = []
        left = size
        while left and (part := source.read(min(left, _BLOCK))):
            parts.append(part)
            left -= len(part)
        data = b"".join(parts)
    if len(data) != size:
        raise MalformedMediaError(f"the file ends inside its {what}")
    return data


def read_all(source: BinaryIO, *, limits: Limits) -> bytes:
    """Return the whole source from its start, refusing more than `limits.max_bytes`."""
    if isinstance(source, io.BytesIO):
        data = source.getvalue()
    else:
        source.seek(0)
        data = source.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        raise LimitExceededError(f"the file is over the limit of {limits.max_bytes} bytes")
    return data


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def atomic_output(
    target: Path, *, overwrite: bool, mode_of: Path | None = None
) -> Iterator[BinaryIO]:
    """Give a temporary file beside `target`; rename it over `target` when the block ends well.

    The rename comes after a flush and an fsync, also when the target is new, so a reader sees the
    old file or the whole new one. When the block raises, the target stays as it was.

    Args:
        target: Final path.
        overwrite: Whether an existing target may be replaced.
        mode_of: A file whose permission bits the new file takes; otherwise those of the target it
            replaces, otherwise what the umask gives.

    Raises:
        OutputExistsError: If the target exists and `overwrite` is false.
        OutputError: If the folder or the disk refuses.
    """
    target = target.resolve() if target.is_symlink() else target
    if not overwrite and target.exists():
        raise OutputExistsError(
            "the output exists already", source=str(target), hint="give --overwrite to replace it"
        )
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".kzmark-", suffix=".tmp")
    except OSError as error:
        raise OutputError(f"cannot write there: {error.strerror}", source=str(target)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _take_mode(temporary, mode_of or target)
        if overwrite:
            temporary.replace(target)
        else:
            _rename_new(temporary, target)
    except OSError as error:
        raise OutputError(
            f"writing failed: {error.strerror or error}", source=str(target)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def write_atomic(target: Path, pieces: Sequence[bytes], *, overwrite: bool) -> None:
    """Write `pieces` one after another to `target`, whole or not at all."""
    with atomic_output(target, overwrite=overwrite) as stream:
        for piece in pieces:
            stream.write(piece)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable, where the system has such a call (not on Windows)."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _take_mode(temporary: Path, like: Path) -> None:
    try:
        mode = like.stat().st_mode & 0o777
    except OSError:
        mode = 0o666 & ~_UMASK
    with contextlib.suppress(OSError, NotImplementedError):
        temporary.chmod(mode)


def _rename_new(temporary: Path, target: Path) -> None:
    """Rename without replacing: a target made meanwhile by somebody else is never lost."""
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise OutputExistsError(
            "the output exists already", source=str(target), hint="give --overwrite to replace it"
        ) from error
    except OSError:  # no hard links here (FAT, some network shares)
        temporary.rename(target)
