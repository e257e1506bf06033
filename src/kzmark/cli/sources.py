"""Which files a command works on."""

import functools
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kzmark.errors import InputError, RequestError, UnknownFormatError
from kzmark.paths import RECORD_SUFFIX
from kzmark.sniff import sniff

_TEMPORARY: Final = (".kzmark-", ".tmp")  # what a crash of ours may leave
_SPELLING: Final = "check its spelling; names are taken from the working folder"


@dataclass(frozen=True, slots=True)
class Found:
    """One file to work on.

    Attributes:
        path: Where it is.
        inside: Its path below the folder that was named, or its bare name.
    """

    path: Path
    inside: Path


@dataclass(frozen=True, slots=True)
class Search:
    """What a look at the sources gave.

    Attributes:
        files: The files to work on, each once.
        failures: What was named or listed and cannot be read.
        skipped: Files in folders that are of no format kzmark knows, if those were not wanted.
    """

    files: list[Found] = field(default_factory=list)
    failures: list[InputError] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)


def find(
    sources: Sequence[Path],
    *,
    recursive: bool,
    apart: Sequence[Path] = (),
    known_only: bool = False,
) -> Search:
    """Return the files named, and with `recursive` all those below the folders named.

    Sidecars, temporary files of ours, pipes and devices in folders are no sources; links to
    folders are not followed. Every file is worked on once, however often it is named.

    Args:
        sources: Files and folders.
        recursive: Whether folders may be named.
        apart: Outputs that may stand inside such a folder; they are no sources.
        known_only: Whether to skip files in folders that no adapter recognises by their content.

    Raises:
        RequestError: If a folder is named without `recursive`, or there is no file at all.
    """
    search = Search()
    seen: set[str] = set()
    real = functools.lru_cache(maxsize=256)(os.path.realpath)
    outputs = {place for path in apart if (place := _place(path))}
    for source in sources:
        for found in _named(source, search, recursive=recursive, outputs=outputs):
            entry = os.path.normcase(Path(real(found.path.parent), found.path.name))
            if entry in seen:
                continue
            seen.add(entry)
            if known_only and found.path != source and not _known(found.path):
                search.skipped.append(found.path)
            else:
                search.files.append(found)
    if not search.files and not search.failures:
        raise RequestError("there is no file to work on", hint=_none_found(search))
    return search


def _named(
    source: Path, search: Search, *, recursive: bool, outputs: set[tuple[int, int]]
) -> Iterator[Found]:
    try:
        is_folder = stat.S_ISDIR(source.stat().st_mode)
    except OSError as error:
        search.failures.append(_unreadable(source, error))
        return
    if not is_folder:
        if not source.name.endswith(RECORD_SUFFIX):
            yield Found(source, Path(source.name))
        return
    if not recursive:
        raise RequestError("it is a folder", source=str(source), hint="give --recursive")
    for path in _below(source, search, outputs):
        yield Found(path, path.relative_to(source))


def _below(root: Path, search: Search, outputs: set[tuple[int, int]]) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        search.failures.append(_unreadable(Path(error.filename), error))

    for name, folders, names in os.walk(root, onerror=refused):
        where = Path(name)
        folders[:] = [one for one in sorted(folders) if _place(where / one) not in outputs]
        for path in (where / one for one in sorted(names) if not _ours(one)):
            try:
                found = path.stat()
            except OSError as error:
                search.failures.append(_unreadable(path, error))
                continue
            if stat.S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) not in outputs:
                yield path


def _ours(name: str) -> bool:
    begin, end = _TEMPORARY
    return name.endswith(RECORD_SUFFIX) or (name.startswith(begin) and name.endswith(end))


def _known(path: Path) -> bool:
    """Return whether an adapter recognises a file; one that cannot be read is for later to tell."""
    try:
        with path.open("rb") as stream:
            sniff(stream)
    except UnknownFormatError:
        return False
    except OSError:
        return True
    return True


def _place(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _unreadable(path: Path, error: OSError) -> InputError:
    missing = isinstance(error, FileNotFoundError)
    what = "there is no such file" if missing else f"cannot be read: {error.strerror}"
    return InputError(what, source=str(path), hint=_SPELLING if missing else "check its name")


def _none_found(search: Search) -> str:
    if search.skipped:
        count = len(search.skipped)
        return f"{count} file{'s' * (count > 1)} of no format that kzmark knows; see kzmark formats"
    return "the folders named are empty"
