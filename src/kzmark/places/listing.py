"""What stands below a folder: local or in a store, file by file, however many there are.

Memory holds the names of one folder (one page of a thousand for S3), never those of the tree.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kzmark import _system
from kzmark.errors import InputError
from kzmark.places import Facts, Place, place, refusal, s3
from kzmark.places.backend import facts_of
from kzmark.places.store import Store

Wanted = Callable[[str], bool]
_RIGHTS: Final = "check who may read it, and enter the folders above it"
_SPELLING: Final = "check its spelling; names are taken from the working folder"


@dataclass(frozen=True, slots=True)
class Listed:
    """One file below a folder.

    Attributes:
        place: Where it is.
        inside: Its path below the folder, `/` between its parts.
        facts: What it is known by.
        is_link: Whether its name is a link.
    """

    place: Place
    inside: str
    facts: Facts
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """Folders and files that a listing leaves out.

    Attributes:
        identities: Device and inode of local ones.
        urls: Those in stores.
    """

    identities: frozenset[tuple[int, int]] = frozenset()
    urls: frozenset[str] = frozenset()

    @classmethod
    def of(cls, places: "list[Place] | tuple[Place, ...]") -> "Apart":
        """Return them by what tells them apart; what is not there stands in nobody's way."""
        local = (identity(one.local) for one in places if one.is_local)
        urls = (one.url.rstrip("/") for one in places if not one.is_local)
        return cls(frozenset(found for found in local if found), frozenset(urls))


def below(root: Place, *, wanted: Wanted, apart: Apart) -> Iterator[Listed | InputError]:
    """Yield the files below a folder, and what could not be listed, as it is met.

    In a local folder files come first, then its folders, both in the order of their names; links
    to folders are not followed, and pipes and devices are no files.

    Args:
        root: A folder.
        wanted: Says of a name, without its folder, whether the file counts.
        apart: What is left out.
    """
    if root.is_local:
        yield from _below_folder(root.local, wanted, apart)
        return
    try:
        with refusal.told(root, writing=False):
            yield from _below_url(root.store, wanted, apart)
    except InputError as error:
        yield error


def identity(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of a file or folder, or nothing if it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def unreadable(path: Path, error: Exception) -> InputError:
    """Return what to say of a source that is not there or cannot be looked at."""
    missing = isinstance(error, FileNotFoundError)
    why = getattr(error, "strerror", None) or error
    what = "there is no such file" if missing else f"cannot be read: {why}"
    if missing and path.is_symlink():
        what = "it is a link to what is not there"
        return InputError(what, source=str(path), hint=f"it leads to {_led_to(path)}")
    if isinstance(error, PermissionError):
        return InputError(what, source=str(path), hint=_RIGHTS)
    return InputError(what, source=str(path), hint=_SPELLING if missing else "check its name")


def _led_to(link: Path) -> str:
    """Return what a link says, as it says it."""
    try:
        return os.readlink(link)  # noqa: PTH115 - as text: a path would lose its last slash
    except OSError:
        return "nowhere"


def _below_folder(root: Path, wanted: Wanted, apart: Apart) -> Iterator[Listed | InputError]:
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        folder = root / inside
        try:
            folders, files = _entries(folder, wanted)
        except OSError as error:
            yield unreadable(folder, error)
            continue
        for name, is_link in sorted(files):
            found = _file(folder / name, f"{inside}{name}", apart, is_link=is_link)
            if found is not None:
                yield found
        waiting += [
            f"{inside}{name}/"
            for name in sorted(folders, reverse=True)
            if not (apart.identities and identity(folder / name) in apart.identities)
        ]


def _entries(folder: Path, wanted: Wanted) -> tuple[list[str], list[tuple[str, bool]]]:
    """Return the names of the folders and of the files in a folder, a link to a folder apart."""
    folders: list[str] = []
    files: list[tuple[str, bool]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():  # what cannot be looked at is told of as a file
                if wanted(entry.name):
                    files.append((entry.name, entry.is_symlink()))
            elif not (entry.is_symlink() or _is_junction(entry)):
                folders.append(entry.name)
    return folders, files


def _is_junction(entry: "os.DirEntry[str]") -> bool:
    """Return whether a folder is one by another name, which may lead in a circle (Windows)."""
    if not _system.WINDOWS:
        return False
    if hasattr(entry, "is_junction"):  # Python 3.12
        return bool(entry.is_junction())
    tag = getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", None)
    return tag is not None and tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003)


def _file(path: Path, inside: str, apart: Apart, *, is_link: bool) -> Listed | InputError | None:
    try:
        found = path.stat()
    except OSError as error:
        return unreadable(path, error)
    if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) in apart.identities:
        return None
    facts = Facts(found.st_size, str(found.st_mtime_ns))
    return Listed(place(path), inside, facts, is_link)


def _below_url(store: Store, wanted: Wanted, apart: Apart) -> Iterator[Listed]:
    pages = s3.pages(store.system, store.path) if s3.speaks(store.system) else _folders(store)
    base = f"{store.place.url.rstrip('/')}/"
    skipped = tuple(f"{url}/" for url in apart.urls if not base.startswith(f"{url}/"))
    for page in pages:
        for info in page:
            inside = info["name"][len(store.path) :].removeprefix("/")
            where = store.place / inside
            if not inside or inside.endswith("/") or not wanted(where.name):
                continue  # a name that ends so is what stores keep for an empty folder
            if where.url not in apart.urls and not where.url.startswith(skipped):
                yield Listed(where, inside, facts_of(info))


def _folders(store: Store) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of one folder after another."""
    waiting = [store.path]
    while waiting:
        folder = waiting.pop()
        found = sorted(store.system.ls(folder, detail=True), key=lambda info: str(info["name"]))
        yield [info for info in found if info["type"] == "file"]
        inner = [info["name"].rstrip("/") for info in found if info["type"] == "directory"]
        waiting += [name for name in reversed(inner) if name != folder.rstrip("/")]
