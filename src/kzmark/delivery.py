"""Where a finished file goes: a path, a stream, or back to the caller; checked before any work."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from kzmark._io import cause, refuse_existing, settle, write_atomic, write_together
from kzmark.errors import OutputError, RequestError
from kzmark.formats import EXTENSIONS
from kzmark.formats._base import Adapter
from kzmark.paths import path_of, record_path
from kzmark.pipeline import Finished
from kzmark.vocabulary import Layer

_TARGETS: Final = "give a path, a binary stream open for writing, or nothing to get bytes back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One target, judged before the work begins.

    Attributes:
        named: The path as the caller named it, or nothing for a stream or for bytes.
        path: The regular file that it leads to: links are followed once, here.
        stream: The stream, or nothing.
        same: Whether the target is the source itself.
        overwrite: Whether what stands there may be replaced.
        renamed: Whether the target has another extension than the source.
    """

    named: Path | None
    path: Path | None
    stream: BinaryIO | None
    same: bool
    overwrite: bool
    renamed: bool

    @classmethod
    def of(cls, target: Any, *, source: Any, overwrite: bool) -> Self:
        """Judge a target.

        Raises:
            RequestError: If it is neither a path nor a binary stream open for writing.
            OutputExistsError: If it exists, is not the source, and `overwrite` is false.
            OutputError: If it is no regular file.
        """
        named, origin = path_of(target), path_of(source)
        path = settle(named) if named is not None else None
        same = path is not None and origin is not None and _same_file(origin, path)
        if path is not None and not (overwrite or same):
            refuse_existing(path)
        return cls(
            named=named,
            path=path,
            stream=_writable(target) if named is None and target is not None else None,
            same=same,
            overwrite=overwrite or same,
            renamed=origin is None or named is None or _suffix(origin) != _suffix(named),
        )

    def require_folder(self) -> None:
        """Refuse a target whose folder is not there.

        Raises:
            OutputError: If it is not.
        """
        if self.path is not None and not self.path.parent.is_dir():
            raise OutputError(
                "cannot write there: there is no such folder",
                source=str(self.named),
                hint=f"make {self.path.parent} first",
            )

    def accept(self, adapter: Adapter) -> None:
        """Refuse a format that this target is not for; known as soon as the source is sniffed.

        A name may stay as wrong as it was, but none is made wrong: content beats extension, and
        yet people and servers go by it.

        Raises:
            RequestError: If the extension is that of another format.
            OutputExistsError: If a sidecar stands there already and `overwrite` is false.
        """
        if self.path is None or self.named is None:
            return
        suffix, info = _suffix(self.named), adapter.info
        others = {end for extensions in EXTENSIONS.values() for end in extensions}
        if self.renamed and suffix in others.difference(info.extensions):
            raise RequestError(
                f"the output would be {info.name} under the name {self.named.name}",
                hint=f"give it the extension {info.extensions[0]}; kzmark does not convert",
            )
        if Layer.SIDECAR in info.layers and not self.overwrite:
            refuse_existing(record_path(self.path), what="the sidecar of the output")

    def deliver(self, finished: Finished) -> None:
        """Write a finished file and its sidecar: both whole, or neither.

        A sidecar has its name before its file, so that no file ever stands without it. A file that
        is as it was, where it was, is not written again.

        Raises:
            OutputExistsError: If somebody else made the target meanwhile.
            OutputError: If the folder, the disk or the stream refuses.
        """
        if self.stream is not None:
            _pour(finished.data, self.stream)
        if self.path is None or (self.same and not finished.changed):
            return
        if finished.record is None:
            write_atomic(self.path, [finished.data], overwrite=self.overwrite)
        else:
            write_together(
                (record_path(self.path), finished.record),
                (self.path, finished.data),
                overwrite=self.overwrite,
            )


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _same_file(source: Path, target: Path) -> bool:
    try:
        return source.samefile(target)
    except (OSError, ValueError):
        return False


def _writable(target: Any) -> BinaryIO:
    text = isinstance(target, io.TextIOBase) or getattr(target, "encoding", None) is not None
    if text or not callable(getattr(target, "write", None)):
        raise RequestError(f"a target of the kind {type(target).__name__}", hint=_TARGETS)
    can = getattr(target, "writable", None)
    if getattr(target, "closed", False) or (can is not None and not can()):
        raise RequestError("a target that is closed or only for reading", hint=_TARGETS)
    stream: BinaryIO = target
    return stream


def _pour(data: bytes, stream: Any) -> None:
    """Write all of it: a raw stream may take only a part at a time."""
    try:
        if not isinstance(stream, io.RawIOBase):
            stream.write(data)
            return
        left = memoryview(data)
        while left:
            taken = stream.write(left)
            if not taken:
                raise OutputError("the stream takes no more", hint="give one that blocks")
            left = left[taken:]
    except (OSError, ValueError) as error:  # ValueError: closed meanwhile
        raise OutputError(f"writing failed: {cause(error)}") from error
