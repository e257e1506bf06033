"""A PDF opened for reading: its trailer, its catalog, its streams. Nothing is changed in it.

Spec: ISO 32000-2, 7.5 (file structure), 7.7 (document structure). qpdf (through pikepdf) reads
the objects; changes go into an update behind the file, see `revision`.
"""

import io
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from kzmark._limits import Limits
from kzmark._rope import Rope, copy
from kzmark.errors import (
    BackendMissingError,
    KzmarkError,
    LimitExceededError,
    MalformedMediaError,
    UnsupportedMediaError,
)

_FLATE: Final = frozenset({"/FlateDecode", "/Fl"})
_STEP: Final = 1 << 20  # bytes that a stream is opened by
_SMALL_FILE: Final = 16 << 20  # bytes of a file that is read whole
_SMALL: Final = 64 << 10  # bytes of a stream that may be coded in any way
_BUFFER: Final = 16 << 10  # bytes read at once: objects are small and stand anywhere
_PART: Final = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*([1-9])")
_STREAM: Final = re.compile(r"^stream <.*?>:? ")  # what Python calls the file, before qpdf's words
_SILENT: Final = logging.NullHandler()
_FAULTS: Final = (  # what a damaged object does to code that expects a sound one
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    RuntimeError,
    NotImplementedError,
)


class Document:
    """An open PDF.

    Attributes:
        pdf: What pikepdf made of it.
        limits: What it may cost.
    """

    def __init__(self, pdf: Any, limits: Limits) -> None:
        self.pdf = pdf
        self.limits = limits
        self._archival: int | None = None

    @property
    def catalog(self) -> Any:
        """The root of all objects.

        Raises:
            MalformedMediaError: If there is none.
        """
        root = self.pdf.trailer.get("/Root")
        if not is_dictionary(root) or not root.is_indirect:
            raise MalformedMediaError("the PDF has no catalog")
        return root

    @property
    def archival(self) -> int:
        """The part of PDF/A (ISO 19005) that the file says it keeps to, or 0."""
        if self._archival is None:
            stream = self.catalog.get("/Metadata")
            packet = b""
            if is_stream(stream):
                packet = self.decoded(stream, most=self.limits.max_metadata)
            found = _PART.search(packet)
            self._archival = int(found[1]) if found else 0
        return self._archival

    def decoded(self, stream: Any, *, most: int) -> bytes:
        """Return what a stream holds.

        Args:
            stream: The stream.
            most: How long that may be, in bytes.

        Raises:
            LimitExceededError: If it is longer, or could be.
            MalformedMediaError: If it is damaged.
        """
        filters = names(stream.get("/Filter"))
        raw: bytes = stream.read_raw_bytes()
        if len(raw) > most:
            raise LimitExceededError(f"a stream of {len(raw)} bytes")
        if not filters:
            return raw
        if set(filters) <= _FLATE and not stream.get("/DecodeParms"):
            for _ in filters:
                raw = _inflated(raw, most)
            return raw
        if len(filters) > 1 and _FLATE & set(filters) and len(raw) > _SMALL // 64:
            raise LimitExceededError("a stream that is coded several times over")
        if len(raw) > most // 16 and len(raw) > _SMALL:
            raise LimitExceededError(f"a stream of {len(raw)} bytes, coded in an unusual way")
        found: bytes = stream.read_bytes()
        if len(found) > most:
            raise LimitExceededError(f"a stream that opens to {len(found)} bytes")
        return found


@contextmanager
def opened(
    source: BinaryIO, *, limits: Limits, size: int | None = None, strict: bool = False
) -> Iterator[Document]:
    """Open a PDF; whatever is wrong with it inside the block comes out as a `MediaError`.

    Args:
        source: The file.
        limits: What it may cost.
        size: How much of it counts, in bytes; all of it if left out.
        strict: Whether the file must be sound: its cross-reference table is not mended, and
            encryption is refused, because an update has to build on both.

    Raises:
        BackendMissingError: If pikepdf is not installed.
        UnsupportedMediaError: If it is encrypted with a password, or at all if `strict`.
        MediaError: If it is damaged or over the limits.
    """
    try:
        import pikepdf
    except ImportError as error:
        raise BackendMissingError("pikepdf", extra="pdf") from error
    logging.getLogger("pikepdf").addHandler(_SILENT)  # what it mends is not for people to read
    whole = check_size(source, limits)
    try:
        with (
            _mapped(part(source, whole if size is None else size)) as stream,
            pikepdf.open(
                stream,
                attempt_recovery=not strict,
                inherit_page_attributes=False,
                access_mode=_access(stream),
            ) as pdf,
        ):
            if strict and pdf.is_encrypted:
                raise _encrypted()
            yield Document(pdf, limits)
    except KzmarkError:
        raise
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except pikepdf.PdfError as error:
        raise MalformedMediaError(
            f"the PDF is damaged: {_words(error)}",
            hint="open it in a PDF program and save it anew" if strict else "",
        ) from error
    except _FAULTS as error:
        raise MalformedMediaError(f"the PDF is damaged: {_words(error)}") from error


def part(source: BinaryIO, size: int) -> BinaryIO:
    """Return a stream over the first bytes of a file, made for many small reads."""
    if size <= _SMALL_FILE:
        source.seek(0)
        return io.BytesIO(source.read(size))
    rope = Rope()
    copy(source, rope, 0, size)
    rope.seek(0)
    return io.BufferedReader(rope, _BUFFER)


@contextmanager
def _mapped(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give a stream in memory as a file in memory, where the system has such.

    qpdf reads 128 bytes at a time: from a file it does so without asking Python.
    """
    file = _memory_file(stream) if isinstance(stream, io.BytesIO) else None
    if file is None:
        yield stream
    else:
        del stream  # once in memory is enough
        with file:
            yield file


def _memory_file(stream: io.BytesIO) -> BinaryIO | None:
    """Return a file in memory of the same bytes; nothing where there is no such thing."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        file = io.FileIO(os.memfd_create("kzmark"), "r+")
    except OSError:  # none are allowed, or none are left
        return None
    try:
        with stream.getbuffer() as data:
            if file.write(data) == len(data):
                return file
    except OSError:
        pass
    file.close()
    return None


def _access(stream: BinaryIO) -> Any:
    import pikepdf

    modes = pikepdf.AccessMode
    return modes.mmap if isinstance(stream, io.FileIO) else modes.default


def check_size(source: BinaryIO, limits: Limits) -> int:
    """Return the size of a file in bytes.

    Raises:
        LimitExceededError: If it is over the limit.
    """
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    if size > limits.max_stream:
        raise LimitExceededError(f"the file is over the limit of {limits.max_stream} bytes")
    return size


def is_dictionary(value: Any) -> bool:
    """Say whether a value is a dictionary, a stream's aside."""
    import pikepdf

    return isinstance(value, pikepdf.Dictionary)


def is_stream(value: Any) -> bool:
    """Say whether a value is a stream."""
    import pikepdf

    return isinstance(value, pikepdf.Stream)


def is_array(value: Any) -> bool:
    """Say whether a value is an array."""
    import pikepdf

    return isinstance(value, pikepdf.Array)


def is_name(value: Any) -> bool:
    """Say whether a value is a name."""
    import pikepdf

    return isinstance(value, pikepdf.Name)


def array(value: Any) -> Any:
    """Return an array as it is, and nothing else as an empty one."""
    return value if is_array(value) else ()


def dictionary(value: Any) -> Any:
    """Return a dictionary as it is, and nothing else as an empty one."""
    return value if is_dictionary(value) else {}


def names(value: Any) -> list[str]:
    """Return one name or an array of names as a list."""
    return [str(one) for one in ([value] if is_name(value) else array(value)) if is_name(one)]


def _inflated(data: bytes, most: int) -> bytes:
    from isal import isal_zlib

    opener, parts, size = isal_zlib.decompressobj(), [], 0
    try:
        while size <= most and (piece := opener.decompress(data, _STEP)):
            parts.append(piece)
            size += len(piece)
            data = opener.unconsumed_tail
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub calls the class an instance
        raise MalformedMediaError(f"a stream cannot be opened: {error}") from error
    if size > most:
        raise LimitExceededError(f"a stream that opens to more than {most} bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _encrypted() -> UnsupportedMediaError:
    return UnsupportedMediaError(
        "the PDF is encrypted: a notice cannot be added without taking that away",
        hint="stamp the file before it is encrypted",
    )


def _words(error: Exception) -> str:
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    told = _STREAM.sub("", told)
    return told[:200]
