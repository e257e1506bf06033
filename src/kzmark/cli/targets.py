"""Where outputs go, and what stands in their way."""

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kzmark.cli.sources import Found
from kzmark.errors import KzmarkError, OutputError, OutputExistsError, RequestError


def pairs(
    files: Sequence[Found],
    *,
    output: Path | None,
    out_dir: Path | None,
    in_place: bool,
    named: int,
    overwrite: bool = False,
) -> list[tuple[Path, Path]]:
    """Return every source with its target, the tree mirrored below `out_dir`.

    Args:
        files: The sources.
        output: One file, or a folder that is there.
        out_dir: A folder.
        in_place: Whether the sources are replaced; a file with two names is taken once.
        named: Number of sources, with those that cannot be read.
        overwrite: Whether an output below a folder may replace its own input.

    Raises:
        RequestError: If no target is named, two outputs would share a name, or one would replace
            its own input unasked.
    """
    if in_place:
        alone = {_identity(found.path): found.path for found in reversed(files)}
        return [(path, path) for path in reversed(alone.values())]
    out_dir = folder_of(output, out_dir)
    if output is not None and out_dir is None:
        if named > 1:
            raise RequestError("one output for several files", hint="give --out-dir instead of -o")
        return [(found.path, output) for found in files]
    if out_dir is None:
        raise RequestError("no output named", hint="give -o OUT, --out-dir DIR or --in-place")
    wanted = [out_dir / found.inside for found in files]
    for found, target in zip(files, wanted, strict=True):
        if _identity(target) == _identity(found.path) and not overwrite:
            raise RequestError(
                "the output would replace its own input",
                source=str(found.path),
                hint="name another folder, or say --in-place",
            )
    if len(set(wanted)) != len(wanted):
        twice = next(path for path in wanted if wanted.count(path) > 1)
        raise RequestError(f"two files would become {twice}", hint="name their common folder")
    return [(found.path, target) for found, target in zip(files, wanted, strict=True)]


def folder_of(output: Path | None, out_dir: Path | None) -> Path | None:
    """Return the folder that outputs go to, if they go to a folder."""
    try:
        is_folder = output is not None and stat.S_ISDIR(output.stat().st_mode)
    except OSError:
        is_folder = False  # it is told of when the output is to be written
    return output if is_folder else out_dir


def folder_maker() -> Callable[[Path], KzmarkError | None]:
    """Return what makes the folder of a target, each once, and says why it could not."""
    made: dict[Path, KzmarkError | None] = {}

    def make(target: Path) -> KzmarkError | None:
        folder = target.parent
        if folder not in made:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                made[folder] = None
            except OSError as error:
                made[folder] = _refused(folder, error)
        return made[folder]

    return make


def obstacle(source: Path, target: Path, *, overwrite: bool) -> KzmarkError | None:
    """Return why an output could not get its name, as it is before the work."""
    try:
        there = target.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return _refused(target, error)
    if not stat.S_ISREG(there.st_mode):
        return OutputError(
            "what stands there is no regular file", source=str(target), hint="name another output"
        )
    if overwrite or is_one_of(target, [source]):
        return None
    return OutputExistsError(
        "the output exists already", source=str(target), hint="give --overwrite to replace it"
    )


def is_one_of(path: Path, others: Iterable[Path]) -> bool:
    """Return whether a path leads to the same file as one of others."""
    for other in others:
        try:
            if path.samefile(other):
                return True
        except OSError:
            continue
    return False


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


def _refused(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write there: {error.strerror}",
        source=str(path),
        hint="name a folder that can be written to",
    )
