"""The sources as they were named: which are folders, and which of them hold one another."""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from kzmark.errors import InputError, KzmarkError
from kzmark.places import Place
from kzmark.places.listing import unreadable

_FEW: Final = 16  # objects named that are asked one by one whether they are folders


@dataclass(frozen=True, slots=True)
class Root:
    """One source as it was named.

    Attributes:
        place: What was named.
        index: Which of the sources it is, counted from 0.
        real: What tells it from others, however it is spelt: links in its folder followed, not
            the link that it may be itself.
        is_folder: Whether it is a folder.
        error: Why it cannot be read.
    """

    place: Place
    index: int
    real: str
    is_folder: bool = False
    error: InputError | None = None


@dataclass(frozen=True, slots=True)
class Roots:
    """All sources as they were named, in order.

    Attributes:
        all: Every one.
        folders: Those that are folders.
        apart: What is left out below them, by its real name.
    """

    all: tuple[Root, ...]
    folders: tuple[Root, ...]
    apart: tuple[str, ...]
    _first: dict[str, int] = field(default_factory=dict)  # real name of a file: its first index

    @classmethod
    def of(cls, sources: Sequence[Place], *, apart: Sequence[Place], ask: bool) -> Self:
        """Look at every source named.

        Args:
            sources: Files and folders.
            apart: What is left out below folders.
            ask: Whether to ask stores which objects are folders, however many are named.
        """
        ask = ask or sum(not place.is_local for place in sources) <= _FEW
        roots = tuple(_look(place, index, ask=ask) for index, place in enumerate(sources))
        first: dict[str, int] = {}
        for root in roots:
            if not root.is_folder:
                first.setdefault(root.real, root.index)
        folders = tuple(root for root in roots if root.is_folder)
        return cls(roots, folders, tuple(map(_folder_name, apart)), first)

    def came_before(self, root: Root, *, listable: Callable[[str], bool]) -> bool:
        """Return whether all that a source gives was given by an earlier one."""
        if not root.is_folder:
            if self._first[root.real] < root.index:
                return True
            if not (listable(root.place.name) and _is_regular(root.place)):
                return False  # the look at a folder passes over it
        return any(
            self._holds(other, root.real) for other in self.folders if other.index < root.index
        )

    def was_named(self, root: Root, inside: str) -> bool:
        """Return whether a file below a folder was named by itself, earlier."""
        if not self._first:
            return False
        path = inside.replace("/", os.sep) if root.place.is_local else inside
        return self._first.get(_below(root.real, path), root.index) < root.index

    def has(self, real: str, *, listable: Callable[[str], bool]) -> bool:
        """Return whether a local file is among the sources, by its real name."""
        if real in self._first:
            return True
        return listable(os.path.basename(real)) and any(  # noqa: PTH119 - a name, not a path
            self._holds(root, real) for root in self.folders
        )

    def _holds(self, folder: Root, real: str) -> bool:
        if not _within(real, folder.real):
            return False
        return not any(
            _within(real, apart) and _within(apart, folder.real) and apart != folder.real
            for apart in self.apart
        )


def _look(place: Place, index: int, *, ask: bool) -> Root:
    if not place.is_local:
        real = place.url.rstrip("/")
        try:
            return Root(place, index, real, place.is_folder() if ask else _ends_as_folder(place))
        except KzmarkError as error:
            if not isinstance(error, InputError):
                raise
            return Root(place, index, real, error=error)
    path = place.local
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return Root(place, index, str(path), error=unreadable(path, error))
    return Root(place, index, _folder_name(place) if is_folder else _file_name(place), is_folder)


def _ends_as_folder(place: Place) -> bool:
    return place.url.endswith("/") and not place.is_web


def _folder_name(place: Place) -> str:
    if not place.is_local:
        return place.url.rstrip("/")
    return os.path.normcase(os.path.realpath(place.local))


def _file_name(place: Place) -> str:
    """Return the real name of a file; if it is a link, of the link."""
    path = place.local
    return os.path.normcase(os.path.join(os.path.realpath(path.parent), path.name))  # noqa: PTH118


def _is_regular(place: Place) -> bool:
    try:
        return not place.is_local or stat.S_ISREG(place.local.stat().st_mode)
    except OSError:
        return False


def _below(folder: str, inside: str) -> str:
    separator = "/" if "://" in folder else os.sep
    whole = f"{folder.removesuffix(separator)}{separator}{inside}"
    return whole if separator != os.sep else os.path.normcase(whole)


def _within(real: str, folder: str) -> bool:
    separator = "/" if "://" in folder else os.sep
    return real == folder or real.startswith(folder.removesuffix(separator) + separator)
