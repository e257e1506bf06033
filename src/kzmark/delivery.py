"""Where a finished file goes: a place, a stream, or back to the caller; checked before any work."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from kzmark._io import cause, refuse_existing, settle, write_atomic, write_together
from kzmark._rope import Rope, bytes_of, pieces_of, stream_of
from kzmark.errors import InputError, OutputError, OutputExistsError, RequestError
from kzmark.formats import EXTENSIONS
from kzmark.formats._base import Adapter
from kzmark.paths import RECORD_SUFFIX, place_of, record_path
from kzmark.pipeline import Finished
from kzmark.places import Place, place
from kzmark.sniff import sniff
from kzmark.vocabulary import Layer

_KNOWN: Final = frozenset(end for extensions in EXTENSIONS.values() for end in extensions)
_TARGETS: Final = "give a path, a URL, a binary stream open for writing, or nothing for bytes back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One target, judged before the work begins.

    Attributes:
        named: The place as the caller named it, or nothing for a stream or for bytes.
        place: The regular file or the object that it leads to: links are followed once, here.
        stream: The stream, or nothing.
        same: Whether the target is the source itself.
        overwrite: Whether what stands there may be replaced.
        renamed: Whether the target has another extension than the source.
    """

    named: Place | None
    place: Place | None
    stream: BinaryIO | None
    same: bool
    overwrite: bool
    renamed: bool

    @classmethod
    def of(cls, target: Any, *, source: Any, overwrite: bool) -> Self:
        """Judge a target.

        Raises:
            RequestError: If it is neither a place nor a binary stream open for writing.
            OutputExistsError: If it exists, is not the source, and `overwrite` is false.
            OutputError: If it is no regular file, or a web address.
            BackendMissingError: If it is a URL whose backend is not installed.
        """
        named, origin = place_of(target), place_of(source)
        where = _settled(named) if named is not None else None
        same = where is not None and origin is not None and origin.same_as(where)
        if where is not None and not (overwrite or same):
            _refuse_existing(where)
        return cls(
            named=named,
            place=where,
            stream=_writable(target) if named is None and target is not None else None,
            same=same,
            overwrite=overwrite or same,
            renamed=origin is None or named is None or _suffix(origin) != _suffix(named),
        )

    @property
    def output(self) -> Path | str | None:
        """What to tell the caller: a path, the name of a URL, or nothing for a stream or bytes."""
        if self.named is None:
            return None
        return self.named.local if self.named.is_local else str(self.named)

    @property
    def folder(self) -> Path | None:
        """The folder of a local target, where there is room for what leads up to it."""
        return self.place.local.parent if self.place and self.place.is_local else None

    def require_folder(self, *, make: bool = False) -> None:
        """Refuse a target whose folder is not there, or make it.

        Args:
            make: Whether to make it, with its parents.

        Raises:
            OutputError: If it is not there, or cannot be made.
        """
        if self.place is None:
            return
        folder = self.place.parent
        if make:
            folder.make_folder()
        elif folder.is_local and not folder.local.is_dir():
            raise OutputError(
                "cannot write there: there is no such folder",
                source=str(self.named),
                hint=f"make {folder} first",
            )

    def accept(self, adapter: Adapter) -> None:
        """Refuse a format that this target is not for; known as soon as the source is sniffed.

        A name may stay as wrong as it was, but none is made wrong: content beats extension, and
        yet people and servers go by it.

        Raises:
            RequestError: If the extension is that of another format.
            OutputExistsError: If a sidecar stands there already and `overwrite` is false.
        """
        if self.place is None or self.named is None:
            return
        suffix, info = _suffix(self.named), adapter.info
        if self.renamed and suffix not in info.extensions and suffix in _KNOWN:
            raise RequestError(
                f"the output would be {info.name} under the name {self.named.name}",
                hint=f"give it the extension {info.extensions[0]}; kzmark does not convert",
            )
        if Layer.SIDECAR in info.layers and not self.overwrite:
            _refuse_existing(self.place.sibling(RECORD_SUFFIX), what="the sidecar of the output")

    def notes(self, adapter: Adapter) -> tuple[str, ...]:
        """Return what is to be said of its name: one that was wrong stays so, and is told."""
        suffix = "" if self.named is None else _suffix(self.named)
        wrong = suffix in _KNOWN and suffix not in adapter.info.extensions
        return ("extension-differs",) if wrong else ()

    def deliver(self, finished: Finished, readers: Sequence[bytes | Rope | None] = ()) -> None:
        """Write a finished file and its sidecar: both whole, or neither.

        A sidecar has its name before its file, so that no file ever stands without it. A file that
        is as it was, where it was, is not written again.

        Args:
            finished: What to write. If it is made of the file that it replaces, it is closed.
            readers: What else is read from there; it is closed as well.

        Raises:
            OutputExistsError: If somebody else made the target meanwhile.
            OutputError: If the folder, the disk or the stream refuses.
        """
        if self.stream is not None:
            _pour(finished.data, self.stream)
        if self.place is None or (self.same and not finished.changed):
            return
        if not self.place.is_local:
            _put(self.place, finished, create=not self.overwrite)
        elif finished.record is None:
            write_atomic(
                self.place.local,
                pieces_of(finished.data),
                overwrite=self.overwrite,
                readers=(finished.data, *readers),
            )
        else:
            write_together(
                (record_path(self.place.local), finished.record),
                (self.place.local, finished.data),
                overwrite=self.overwrite,
                readers=readers,
            )


def _settled(named: Place) -> Place:
    """Return what a name leads to; a URL leads to itself, if its backend can be opened."""
    if named.is_local:
        return place(settle(named.local))
    if named.is_web:
        raise OutputError(
            "a web address is no output", source=str(named), hint="name a file or an object"
        )
    _ = named.store
    return named


def _refuse_existing(where: Place, *, what: str = "the output") -> None:
    if where.is_local:
        refuse_existing(where.local, what=what)
        return
    try:
        there = where.facts() is not None
    except InputError as error:
        # S3 tells who may not list nothing of what is not there; the put itself asks once more
        if isinstance(error.__cause__, PermissionError) and where.store.is_object_store:
            return
        raise OutputError(error.message, source=str(where), hint=error.hint) from error
    if there:
        raise OutputExistsError(
            f"{what} exists already",
            source=str(where),
            hint="give --overwrite (overwrite=True) to replace it",
        )


def _put(where: Place, finished: Finished, *, create: bool) -> None:
    from kzmark.places.store import put_together

    mime = sniff(stream_of(finished.data), name=where.name).info.mime
    data = bytes_of(finished.data)
    if finished.record is None:
        where.store.put(data, create=create, mime=mime)
    else:
        beside = where.sibling(RECORD_SUFFIX).store
        put_together(
            (beside, finished.record, "application/json"),
            (where.store, data, mime),
            create=create,
        )


def _suffix(where: Place) -> str:
    return where.suffix.lower()


def _writable(target: Any) -> BinaryIO:
    text = isinstance(target, io.TextIOBase) or getattr(target, "encoding", None) is not None
    if text or not callable(getattr(target, "write", None)):
        raise RequestError(f"a target of the kind {type(target).__name__}", hint=_TARGETS)
    can = getattr(target, "writable", None)
    if getattr(target, "closed", False) or (can is not None and not can()):
        raise RequestError("a target that is closed or only for reading", hint=_TARGETS)
    stream: BinaryIO = target
    return stream


def _pour(data: bytes | Rope, stream: Any) -> None:
    """Write all of it: a raw stream may take only a part at a time."""
    try:
        for piece in pieces_of(data):
            left = memoryview(piece)
            while left:
                taken = stream.write(left)
                if not isinstance(stream, io.RawIOBase):
                    break
                if not taken:
                    raise OutputError("the stream takes no more", hint="give one that blocks")
                left = left[taken:]
    except (OSError, ValueError) as error:  # ValueError: closed meanwhile
        raise OutputError(f"writing failed: {cause(error)}") from error
