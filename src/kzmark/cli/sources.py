"""Which files a command works on, and where their outputs go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kzmark.errors import InputError, RequestError
from kzmark.formats import all_adapters
from kzmark.paths import RECORD_SUFFIX


@dataclass(frozen=True, slots=True)
class Found:
    """One file to work on.

    Attributes:
        path: Where it is.
        inside: Its path below the folder that was named, or its bare name.
    """

    path: Path
    inside: Path


def find(sources: Sequence[Path], *, recursive: bool) -> Iterator[Found]:
    """Yield the files named, and with `recursive` those of known formats below the folders named.

    Raises:
        InputError: If a source does not exist.
        RequestError: If a folder is named without `recursive`.
    """
    known = {end for adapter in all_adapters() for end in adapter.info.extensions}
    for source in sources:
        if source.is_dir():
            if not recursive:
                raise RequestError("it is a folder", source=str(source), hint="give --recursive")
            for path in sorted(source.rglob("*")):
                if path.suffix.lower() in known and path.is_file():
                    yield Found(path, path.relative_to(source))
        elif not source.exists():
            raise InputError("there is no such file", source=str(source))
        elif not source.name.endswith(RECORD_SUFFIX):
            yield Found(source, Path(source.name))


def targets(
    files: Sequence[Found], *, output: Path | None, out_dir: Path | None, in_place: bool
) -> list[Path]:
    """Return where each output goes, the tree mirrored below `out_dir`.

    Raises:
        RequestError: If no target or several are named, or two outputs would share a name.
    """
    if in_place:
        return [found.path for found in files]
    if output is not None:
        if output.is_dir():
            out_dir = output
        elif len(files) > 1:
            raise RequestError("one output for several files", hint="give --out-dir instead of -o")
        else:
            return [output]
    if out_dir is None:
        raise RequestError("no output named", hint="give -o OUT, --out-dir DIR or --in-place")
    wanted = [out_dir / found.inside for found in files]
    if len(set(wanted)) != len(wanted):
        twice = next(path for path in wanted if wanted.count(path) > 1)
        raise RequestError(f"two files would become {twice}", hint="name their common folder")
    return wanted
