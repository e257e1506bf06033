"""Which files a command works on: found as they are needed, however many there are."""

import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import glob
from typing import Final, Self

from kzmark import _system
from kzmark._io import is_temporary
from kzmark.cli.roots import Root, Roots
from kzmark.errors import InputError, RequestError
from kzmark.paths import RECORD_SUFFIX
from kzmark.places import Facts, Place, place
from kzmark.places.listing import Apart, Listed, below
from kzmark.places.url import is_url

_STREAMS: Final = ("/dev/std*", "/dev/fd/*", "/proc/*/fd/*")
_JOURNAL: Final = ".kzmark-journal"  # and what the database keeps beside it


def source(word: str) -> Place:
    """Return a source that the command line names.

    Raises:
        RequestError: If it is meant to be the standard input.
    """
    if word == "-":
        raise RequestError(
            "the standard input has no name, and a source has one",
            hint="give /dev/stdin where the system has it; a file of that name is ./-",
        )
    return place(word)


def named(words: Sequence[str]) -> list[Place]:
    """Return the sources that the command line names.

    No shell of Windows reads `*` and `?`, and no name there holds them: so they are read here.

    Raises:
        RequestError: If one is meant to be the standard input.
    """
    return [source(name) for word in words for name in _read(word)]


def target(word: str) -> Place:
    """Return a target that the command line names.

    Raises:
        RequestError: If it is the standard output or another stream that is open already.
    """
    if word == "-" or any(fnmatch(word, stream) for stream in _STREAMS):
        raise RequestError(
            "an output is a file: it appears whole or not at all, which no stream can do",
            source=word,
            hint="name a file; a file that is called - is ./-",
        )
    return place(word)


@dataclass(frozen=True, slots=True)
class Found:
    """One file to work on.

    Attributes:
        place: Where it is.
        inside: Its path below the folder that was named, `/` between its parts, or its bare name.
        listed: Whether it came out of a folder: then a format that nobody knows is no failure.
        root: Which of the sources named it came from, counted from 0.
        facts: What it is known by, if the look for it told; a batch need not ask again.
    """

    place: Place
    inside: str
    listed: bool = False
    root: int = 0
    facts: Facts | None = None


class Search:
    """A look at the sources. Iterating yields files, and what cannot be read, as they are met.

    Sidecars, temporary files of ours, pipes and devices in folders are no sources; links to
    folders are not followed. Every file is worked on once, however often it is named. Memory
    grows with the number of sources named, not with the number of files below them.

    Args:
        sources: Files and folders.
        recursive: Whether folders may be named.
        apart: Outputs that may stand inside such a folder; they are no sources.
        each_once: Whether a link counts as the file it leads to, as when that file is replaced.

    Raises:
        RequestError: If a folder is named without `recursive`.
    """

    def __init__(
        self,
        sources: Sequence[Place],
        *,
        recursive: bool,
        apart: Sequence[Place] = (),
        each_once: bool = False,
    ) -> None:
        self.roots = Roots.of(sources, apart=apart, ask=recursive)
        for root in self.roots.folders:
            if not recursive:
                raise RequestError(
                    "it is a folder", source=str(root.place), hint="give --recursive"
                )
        self._apart = tuple(apart)
        self._each_once = each_once
        self._followed: set[str] = set()  # where links led, if each file is taken once
        self._coming = self._items()
        self._ahead: deque[Found | InputError] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Found | InputError:
        """Return the next file, or why one cannot be read.

        Raises:
            RequestError: At the end, if there was nothing at all.
        """
        return self._ahead.popleft() if self._ahead else next(self._coming)

    def ahead(self, count: int) -> list[Found | InputError]:
        """Return the next items, at most `count`, without taking them.

        Raises:
            RequestError: If there is nothing at all.
        """
        while len(self._ahead) < count and (item := next(self._coming, None)) is not None:
            self._ahead.append(item)
        return list(self._ahead)[:count]

    def _items(self) -> Iterator[Found | InputError]:
        nothing = True
        for root in self.roots.all:
            if root.error is not None:
                items: Iterator[Found | InputError] = iter([root.error])
            else:
                items = self._below(root) if root.is_folder else self._named(root)
            for item in items:
                nothing = False
                yield item
        if nothing:
            raise RequestError("there is no file to work on", hint=self._why_nothing)

    @property
    def _why_nothing(self) -> str:
        return "the folders named are empty" if self.roots.folders else "a sidecar is no source"

    def _named(self, root: Root) -> Iterator[Found]:
        place = root.place
        if place.name.endswith(RECORD_SUFFIX) or self.roots.came_before(root, listable=_wanted):
            return
        linked = place.is_local and place.local.is_symlink()
        if not (linked and self._taken_elsewhere(place)):
            yield Found(place, place.name, root=root.index, facts=_facts(place))

    def _below(self, root: Root) -> Iterator[Found | InputError]:
        if self.roots.came_before(root, listable=_wanted):
            return
        within = [one.place for one in self.roots.folders if one.index < root.index]
        apart = Apart.of([*self._apart, *within])
        for item in below(root.place, wanted=_wanted, apart=apart):
            if isinstance(item, InputError):
                yield item
            elif not self._seen(root, item):
                yield Found(item.place, item.inside, True, root.index, item.facts)

    def _seen(self, root: Root, item: Listed) -> bool:
        if self.roots.was_named(root, item.inside):
            return True
        return item.is_link and self._taken_elsewhere(item.place)

    def _taken_elsewhere(self, link: Place) -> bool:
        """Return whether the file that a link leads to is worked on under another name."""
        if not self._each_once:
            return False
        real = os.path.normcase(os.path.realpath(link.local))
        if real in self._followed or self.roots.has(real, listable=_wanted):
            return True
        self._followed.add(real)
        return False


def search(
    sources: Sequence[Place],
    *,
    recursive: bool,
    apart: Sequence[Place] = (),
    each_once: bool = False,
) -> Search:
    """Return a `Search`; as there."""
    return Search(sources, recursive=recursive, apart=apart, each_once=each_once)


def _read(word: str) -> list[str]:
    if not _system.WINDOWS or is_url(word) or not any(letter in word for letter in "*?"):
        return [word]
    # brackets are letters of a name there; a pattern that finds nothing is told of as it is
    return sorted(glob(word.replace("[", "[[]"))) or [word]  # noqa: PTH207 - spelt as it was named


def _wanted(name: str) -> bool:
    return not (name.endswith(RECORD_SUFFIX) or is_temporary(name) or name.startswith(_JOURNAL))


def _facts(place: Place) -> Facts | None:
    """Return the facts of a local file; a pipe has none, and an object would have to be asked."""
    if not place.is_local:
        return None
    try:
        found = place.local.stat()
    except OSError:
        return None
    regular = stat.S_ISREG(found.st_mode)
    return Facts(found.st_size, str(found.st_mtime_ns)) if regular else None
