"""Where outputs go, and what stands in their way."""

import io
import os
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from kzmark import _system
from kzmark.cli.roots import Root
from kzmark.cli.sources import Found, Search
from kzmark.errors import (
    InputError,
    KzmarkError,
    OutputError,
    OutputExistsError,
    RequestError,
    UnknownFormatError,
)
from kzmark.places import Place
from kzmark.sniff import HEAD, sniff


@dataclass(frozen=True, slots=True)
class Targets:
    """Says of each source where its output goes, one by one, the tree mirrored below a folder.

    Attributes:
        search: Where the sources come from.
        file: The one output, or nothing.
        folder: The folder of all outputs, or nothing; without either they replace their sources.
        overwrite: Whether an output below a folder may replace its own input.
    """

    search: Search
    file: Place | None
    folder: Place | None
    overwrite: bool
    _named: dict[str, deque[Root]] = field(default_factory=dict)
    _given: dict[int, int] = field(default_factory=dict)  # names without case, and as they are

    @classmethod
    def of(
        cls,
        search: Search,
        *,
        output: Place | None,
        out_dir: Place | None,
        in_place: bool,
        overwrite: bool = False,
    ) -> Self:
        """Judge what was asked for, as far as it can be told before the work.

        Args:
            search: Where the sources come from; it is looked ahead, nothing is taken.
            output: One file, or a folder that is there.
            out_dir: A folder.
            in_place: Whether the sources are replaced.
            overwrite: Whether an output below a folder may replace its own input.

        Raises:
            RequestError: If no target is named, there is one for several files, the first output
                would replace its own input unasked, or there is no source at all.
        """
        folder = folder_of(output, out_dir)
        file = output if folder is None else None
        if not (in_place or file or folder):
            raise RequestError("no output named", hint="give -o OUT, --out-dir DIR or --in-place")
        if in_place:
            file = folder = None
        if file is not None and len(search.ahead(2)) > 1:
            raise RequestError("one output for several files", hint="give --out-dir instead of -o")
        targets = cls(search, file, folder, overwrite)
        for item in search.ahead(1):
            if isinstance(item, Found):
                targets.of_file(item)
        return targets

    def of_file(self, found: Found) -> Place:
        """Return where the output of one source goes.

        Raises:
            RequestError: If it would replace its own input unasked.
            OutputExistsError: If an earlier source has an output of that name.
            InputError: If its name leads out of the folder of outputs.
        """
        if self.file is not None:
            return self.file
        if self.folder is None:
            return found.place
        target = _mirrored(self.folder, found)
        if not self.overwrite and _is_own_input(target, found.place):
            raise RequestError(
                "the output would replace its own input",
                source=str(found.place),
                hint="name another folder, or say --in-place",
            )
        if self._clashes(found) or self._differs_in_case(found):
            raise _shared(target, found.place)
        return target

    def _differs_in_case(self, found: Found) -> bool:
        """Return whether another name, different by letters' case alone, leads to this output.

        Stores tell `A.jpg` from `a.jpg`, and the disks of Windows and macOS do not. Unless outputs
        are replaced, the second of two is refused when it is to get its name.
        """
        if found.place.is_local or not (self.overwrite and _system.FOLDS_CASE):
            return False
        if self.folder is None or not self.folder.is_local:
            return False
        name = hash(found.inside)
        return self._given.setdefault(hash(_system.folded(found.inside)), name) != name

    def _clashes(self, found: Found) -> bool:
        """Return whether another source named earlier gives an output of the same name.

        Two files of no known format are none's output, and do not count.
        """
        namesakes = self._by_name().get(_system.folded(found.inside), deque())
        while namesakes and namesakes[0].index < found.root:
            if _is_known(namesakes[0].place):
                return _is_known(found.place)
            namesakes.popleft()  # it stays of no format, and is looked at once
        earlier = [root for root in self.search.roots.folders if root.index < found.root]
        return any(self._gives(root, found) for root in earlier) and _is_known(found.place)

    def _by_name(self) -> dict[str, deque[Root]]:
        """Return the files named, by name and in order."""
        if not self._named:
            for root in self.search.roots.all:
                if not (root.is_folder or root.error):
                    name = _system.folded(root.place.name)
                    self._named.setdefault(name, deque()).append(root)
        return self._named

    @staticmethod
    def _gives(root: Root, found: Found) -> bool:
        other = root.place / found.inside
        try:
            return other.facts() is not None and not other.is_folder() and _is_known(other)
        except InputError:
            return False


def folder_of(output: Place | None, out_dir: Place | None) -> Place | None:
    """Return the folder that outputs go to, if they go to a folder."""
    if output is None:
        return out_dir
    if not output.is_local:
        return output if output.url.endswith("/") else out_dir
    try:
        is_folder = stat.S_ISDIR(output.local.stat().st_mode)
    except (OSError, ValueError):
        is_folder = False  # it is told of when the output is to be written
    return output if is_folder else out_dir


def obstacle(source: Place, target: Place, *, overwrite: bool) -> KzmarkError | None:
    """Return why an output could not get its name, as it is before the work.

    Only of local files: an object is asked about by whoever writes it, once.
    """
    if not target.is_local:
        return None
    try:
        there = target.local.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return _refused(target, error)
    if not stat.S_ISREG(there.st_mode):
        return OutputError(
            "what stands there is no regular file", source=str(target), hint="name another output"
        )
    if overwrite or source.same_as(target):
        return None
    return OutputExistsError(
        "the output exists already",
        source=str(target),
        hint="give --overwrite (overwrite=True) to replace it",
    )


def _mirrored(folder: Place, found: Found) -> Place:
    """Return the place of a file below another folder, and never outside it.

    A store may hold a key such as `in/../../x`, which would lead out of a local folder.
    """
    parts = found.inside.split("/")
    if folder.is_local and (why := next(filter(None, map(_system.misnamed, parts)), "")):
        raise InputError(
            f"its output cannot have its name: {why}",
            source=str(found.place),
            hint="give it an output of its own with -o",
        )
    odd = any(part == ".." or (folder.is_local and Path(part).name != part) for part in parts)
    if odd or (folder.is_local and not all(parts)):
        raise InputError(
            "its name would lead out of the folder of outputs",
            source=str(found.place),
            hint="rename the object, or give it an output of its own with -o",
        )
    return folder / found.inside


def _is_own_input(target: Place, source: Place) -> bool:
    if not (target.is_local and source.is_local):
        return target.same_as(source)
    if not os.path.lexists(target.local):
        return False
    return _identity(target.local) == _identity(source.local)


def _identity(path: Path) -> object:
    """Return what two names of one file share; hard links are files of their own.

    A stamped file is renamed over its name, so that each hard link gets a file of its own.
    """
    real = os.path.realpath(path)
    try:
        found = path.stat()
    except OSError:
        return real
    return (found.st_dev, found.st_ino) if found.st_nlink == 1 else real


def _is_known(place: Place) -> bool:
    """Return whether an adapter recognises a file; one that cannot be read is for later to tell."""
    try:
        if place.is_local:
            with place.local.open("rb") as stream:
                sniff(stream)
        else:
            sniff(io.BytesIO(place.store.head(HEAD)))
    except UnknownFormatError:
        return False
    except (OSError, KzmarkError):
        return True
    return True


def _shared(target: Place, source: Place) -> OutputExistsError:
    return OutputExistsError(
        f"two files would become {target}, and another was named before this one",
        source=str(source),
        hint="name their common folder as the source, or stamp them into two folders",
    )


def _refused(place: Place, error: Exception) -> OutputError:
    return OutputError(
        f"cannot write there: {getattr(error, 'strerror', None) or error}",
        source=str(place),
        hint="name a folder that can be written to",
    )
