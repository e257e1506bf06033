"""Where systems differ: files that are open, locks, durable renames, and names that cannot be.

On Windows nobody renames, replaces or removes a file that is open, be it open here or in a virus
scanner, which soon lets go. A rename there never replaces unasked; a folder cannot be brought to
disk by itself; and a rule of names older than folders reserves those of devices.
"""

import contextlib
import errno
import os
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from kzmark.errors import RequestError

WINDOWS = os.name == "nt"
FOLDS_CASE = WINDOWS or sys.platform == "darwin"  # as their file systems are made

_BUSY: Final = frozenset({5, 32, 33, 1224})  # access denied, shared, locked, mapped into memory
# Seconds between tries at what is in use
_PAUSES: tuple[float, ...] = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
_REMEDIES: Final = {
    errno.ENOSPC: "make room on its disk, or name a folder on another",
    errno.EDQUOT: "make room within the quota of its disk, or name a folder on another",
    errno.EROFS: "its disk is read-only: name a folder on another",
}
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{kind}{digit}" for kind in ("com", "lpt") for digit in "0123456789¹²³"}
)
_FORBIDDEN: Final = frozenset('<>:"/\\|?*') | {chr(code) for code in range(32)}
_LOCKED: Final = 0x7FFF_0000  # the byte that is locked on Windows: behind all that anybody reads
_LONGEST: Final = 259  # letters of a path that Windows takes unless told otherwise
_TEMPORARY: Final = 54  # letters of a temporary file's name


def move(source: Path, target: Path, *, replacing: bool) -> None:
    """Give a finished file another name in its folder, at once and for everybody.

    On Windows it is tried again for about a second while somebody has one of them open.

    Args:
        source: The file as it is called now; nobody has it open.
        target: Its new name.
        replacing: Whether what stands there is replaced.

    Raises:
        FileExistsError: If something stands there and `replacing` is false.
        OSError: If the system refuses.
    """
    if WINDOWS:
        if replacing and _is_read_only(target):
            raise PermissionError(errno.EACCES, "it is read-only")
        _patiently(lambda: (os.replace if replacing else os.rename)(source, target))
    elif replacing:
        source.replace(target)
    else:
        _claim(source, target)


def discard(path: Path) -> None:
    """Remove a file of ours, if it is there and nothing stands against it."""
    with contextlib.suppress(OSError):
        _patiently(lambda: path.unlink(missing_ok=True))


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable, where the system has such a call (not on Windows)."""
    if WINDOWS:
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def take_mode(path: Path, mode: int) -> None:
    """Give a file permission bits; on Windows its folder says who may do what with it.

    All that the bits could do there is to make it read-only, and then nobody replaces it.
    """
    if not WINDOWS:
        with contextlib.suppress(OSError, NotImplementedError):  # a file system without permissions
            path.chmod(mode)


def take_after(path: Path, found: os.stat_result) -> None:
    """Give a file the owner, the group and the permission bits of another, as far as one may.

    A group that it cannot be given to is not let in either: whoever is in the file's new group may
    do what everybody may.

    Args:
        path: The file; nobody else knows it yet.
        found: What the other is.
    """
    mode = found.st_mode & 0o777
    if not WINDOWS and (path.stat().st_uid, path.stat().st_gid) != (found.st_uid, found.st_gid):
        with contextlib.suppress(OSError):
            os.chown(path, -1, found.st_gid)
        with contextlib.suppress(OSError):  # root alone may give files away
            os.chown(path, found.st_uid, -1)
        if path.stat().st_gid != found.st_gid:
            mode &= ~0o070 | (mode & 0o007) << 3
    take_mode(path, mode)


def hold(stream: BinaryIO) -> None:
    """Lock a file for as long as it is open, so that others see that somebody writes it.

    On Windows there is nothing to do: that it is open is enough.

    Raises:
        OSError: If another process holds it, or the system cannot lock.
    """
    if not WINDOWS:
        import fcntl

        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(stream: BinaryIO) -> Iterator[None]:
    """Hold an exclusive lock on an open file in the block, however long others keep it.

    Raises:
        OSError: If the system cannot lock.
    """
    if not WINDOWS:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX)  # closing the file lets it go
        yield
        return
    import msvcrt

    _lock_byte(stream)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # what is left to be written belongs under the lock
            stream.flush()
        stream.seek(_LOCKED)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def misnamed(name: str) -> str:
    """Return why Windows cannot give a file this name, or nothing where it can, or elsewhere.

    A colon would even write into a hidden part of another file.

    Args:
        name: A name without its folder.
    """
    if not WINDOWS:
        return ""
    if bad := next((letter for letter in name if letter in _FORBIDDEN), ""):
        return f"Windows has no {bad!r} in names"
    if name.rstrip(" .") != name:
        return "Windows takes away what a name ends with: a full stop or a space"
    if name.partition(".")[0].rstrip(" ").lower() in _DEVICES:
        return "Windows has a device of that name"
    return ""


def remedy(error: OSError, target: Path) -> str:
    """Return what to do about a write that the system refused, where its own words do not say."""
    if told := _REMEDIES.get(error.errno or 0):
        return told
    if not WINDOWS:
        return ""
    if _is_read_only(target):
        return "take away its read-only mark"
    if getattr(error, "winerror", 0) in _BUSY:
        return "close it where it is open, here or in another program"
    if len(os.path.abspath(target)) > _LONGEST - _TEMPORARY:  # noqa: PTH100 - links stay
        return "shorten its path, or switch on long paths in Windows"
    return ""


def home() -> Path:
    """Return the folder of this user.

    Raises:
        RequestError: If nobody says where it is, as to a service without an account.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        variable = "USERPROFILE" if WINDOWS else "HOME"
        raise RequestError("there is no home folder", hint=f"set {variable}") from error


def folded(name: str) -> str:
    """Return a name so that two are equal if they are one here: letters' case counts or not."""
    return unicodedata.normalize("NFC", name).lower() if FOLDS_CASE else name


def _patiently(attempt: Callable[[], None]) -> None:
    for pause in _PAUSES:
        try:
            return attempt()
        except PermissionError as error:
            if getattr(error, "winerror", 0) not in _BUSY:
                raise
        time.sleep(pause)
    return attempt()


def _is_read_only(path: Path) -> bool:
    try:
        return not path.stat().st_mode & stat.S_IWRITE
    except OSError:
        return False


def _claim(source: Path, target: Path) -> None:
    """Rename a file, never over another: a link is refused where something stands.

    Where there are no hard links (FAT, some network shares) it is looked for just before.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "it exists", str(target)) from None
        source.rename(target)
    else:
        discard(source)


def _lock_byte(stream: BinaryIO) -> None:
    """Lock one byte; Windows gives up waiting after ten seconds, and this does not."""
    import msvcrt

    while True:
        stream.seek(_LOCKED)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            if error.errno not in {errno.EDEADLK, errno.EACCES}:
                raise
        else:
            return
