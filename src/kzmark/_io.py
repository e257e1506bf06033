"""Files in and out: reads that trust no declared size, writes that appear whole or not at all."""

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark._rope import Rope, let_go, pieces_of
from kzmark._system import discard, misnamed, move, remedy, sync_folder, take_after, take_mode
from kzmark._temporary import is_temporary, make_temporary, run_named, sweep
from kzmark.errors import LimitExceededError, MalformedMediaError, OutputError, OutputExistsError

__all__ = [
    "atomic_output",
    "cause",
    "is_temporary",
    "read_all",
    "read_exact",
    "refuse_existing",
    "run_named",
    "settle",
    "sha256",
    "sweep",
    "sync_folder",
    "write_atomic",
    "write_together",
]

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
        size = source.seek(0, io.SEEK_END)  # room for the limit costs more than the reading itself
        source.seek(0)
        data = source.read(min(size, limits.max_bytes) + 1)
        if len(data) > size:  # it has grown since, or it cannot tell its size
            data += source.read(limits.max_bytes + 1 - len(data))
    if len(data) > limits.max_bytes:
        raise LimitExceededError(f"the file is over the limit of {limits.max_bytes} bytes")
    return data


def sha256(data: bytes | Rope) -> str:
    """Return the SHA-256 of `data` as 64 lower-case hexadecimal digits."""
    digest = hashlib.sha256()
    for piece in pieces_of(data):
        digest.update(piece)
    return digest.hexdigest()


def settle(target: Path) -> Path:
    """Return the regular file that a name leads to, whether it is there yet or not.

    Links are followed, so that a file and its sidecar stand side by side and a link stays a link.

    Raises:
        OutputError: If the name leads in a circle, cannot be, or leads to what is no regular file
            (a folder, a device, a pipe): replacing that would destroy more than a file.
    """
    if why := misnamed(target.name):
        raise OutputError(
            f"cannot write there: {why}", source=str(target), hint="name it otherwise"
        )
    try:
        path = target.resolve() if target.is_symlink() else target
        kind = path.stat().st_mode
    except FileNotFoundError:
        return path
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: a NUL in the name
        raise OutputError(f"cannot write there: {cause(error)}", source=str(target)) from error
    if not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "no regular file"
        raise OutputError(
            f"the output is {what}", source=str(target), hint="name a file, new or old"
        )
    return path


def refuse_existing(target: Path, *, what: str = "the output") -> None:
    """Refuse a target that stands there already.

    Raises:
        OutputExistsError: If it does.
        OutputError: If nobody can tell.
    """
    try:
        there = target.exists()
    except OSError as error:
        raise OutputError(f"cannot write there: {cause(error)}", source=str(target)) from error
    if there:
        raise OutputExistsError(
            f"{what} exists already",
            source=str(target),
            hint="give --overwrite (overwrite=True) to replace it",
        )


def cause(error: Exception) -> str:
    """Return why the system refused, in its own words."""
    return str(getattr(error, "strerror", None) or "") or str(error) or type(error).__name__


@contextlib.contextmanager
def atomic_output(
    target: Path, *, overwrite: bool, readers: Sequence[bytes | Rope | None] = ()
) -> Iterator[BinaryIO]:
    """Give a temporary file beside `target`; rename it over `target` when the block ends well.

    The rename comes after a flush and an fsync, also when the target is new, so a reader sees the
    old file or the whole new one. When the block raises, the target stays as it was.

    Args:
        target: Final path.
        overwrite: Whether an existing target may be replaced.
        readers: Files that may be read from what is replaced; they let go of it before the rename.

    Raises:
        OutputExistsError: If the target exists and `overwrite` is false.
        OutputError: If it is no regular file, or the folder or the disk refuses.
    """
    target = settle(target)
    if not overwrite:
        refuse_existing(target)
    with _staged(target) as (stream, temporary):
        yield stream
        _finish(stream, temporary, like=target)
        let_go(readers, target)
        _place(temporary, target, overwrite=overwrite)
    sync_folder(target.parent)


def write_atomic(
    target: Path,
    pieces: Iterable[bytes | memoryview],
    *,
    overwrite: bool,
    readers: Sequence[bytes | Rope | None] = (),
) -> None:
    """Write `pieces` one after another to `target`, whole or not at all; as `atomic_output`."""
    with atomic_output(target, overwrite=overwrite, readers=readers) as stream:
        stream.writelines(pieces)


def write_together(
    first: tuple[Path, bytes],
    then: tuple[Path, bytes | Rope],
    *,
    overwrite: bool,
    readers: Sequence[bytes | Rope | None] = (),
) -> None:
    """Write two files that only make sense together; if either fails, both stay as they were.

    Both are whole and on disk before the first gets its name, so that a full disk costs nothing.
    Should the second rename fail, the first is taken back.

    Args:
        first: Name and content of the file that gets its name first.
        then: Those of the other.
        overwrite: Whether what stands there may be replaced.
        readers: Files that may be read from what is replaced; they let go of it.

    Raises:
        OutputExistsError: If one of them exists and `overwrite` is false.
        OutputError: If one is no regular file, or the folder or the disk refuses.
    """
    one, two = settle(first[0]), settle(then[0])
    if not overwrite:
        refuse_existing(one)
        refuse_existing(two)
    with _kept(one) as old, _staged(one) as (stream, early), _staged(two) as (other, late):
        stream.write(first[1])
        _finish(stream, early, like=one)
        other.writelines(pieces_of(then[1]))
        _finish(other, late, like=two)
        let_go([then[1], *readers], two)
        try:
            _place(early, one, overwrite=overwrite)
            sync_folder(one.parent)
            _place(late, two, overwrite=overwrite)
        except BaseException:  # Ctrl-C may come just behind a rename that was done
            if _has_name(early, one) and not _has_name(late, two):
                _take_back(one, old)
            raise
    sync_folder(two.parent)


@contextlib.contextmanager
def _staged(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Give a temporary file beside `target`, gone at the end unless it got its name."""
    try:
        stream, temporary = make_temporary(target.parent)
    except OSError as error:
        raise OutputError(
            f"cannot write there: {cause(error)}",
            source=str(target),
            hint=remedy(error, target),
        ) from error
    try:
        with stream:
            yield stream, temporary
    except OSError as error:
        raise OutputError(
            f"writing failed: {cause(error)}", source=str(target), hint=remedy(error, target)
        ) from error
    finally:
        discard(temporary)


def _finish(stream: BinaryIO, temporary: Path, *, like: Path) -> None:
    """Bring a temporary file to disk whole, with owner, group and permission bits of another."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()  # Windows renames no open file
    try:
        found = like.stat()
    except OSError:
        take_mode(temporary, 0o666 & ~_UMASK)
    else:
        take_after(temporary, found)


def _place(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Give a finished file its name; without `overwrite`, never over somebody else's."""
    try:
        move(temporary, target, replacing=overwrite)
    except FileExistsError as error:
        raise OutputExistsError(
            "the output exists already",
            source=str(target),
            hint="give --overwrite (overwrite=True) to replace it",
        ) from error


@contextlib.contextmanager
def _kept(path: Path) -> Iterator[Path | None]:
    """Give a copy of a file as it is now, or nothing if there is none; gone at the end."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise OutputError(f"cannot be kept: {cause(error)}", source=str(path)) from error
    with _staged(path) as (stream, copy):
        stream.write(data)
        _finish(stream, copy, like=path)
        yield copy


def _has_name(temporary: Path, target: Path) -> bool:
    """Say whether a temporary file got its final name: it has left its own, or has both."""
    try:
        return temporary.samefile(target)
    except OSError:
        return not os.path.lexists(temporary)


def _take_back(path: Path, old: Path | None) -> None:
    with contextlib.suppress(OSError):
        if old is None:
            path.unlink(missing_ok=True)
        else:
            move(old, path, replacing=True)
