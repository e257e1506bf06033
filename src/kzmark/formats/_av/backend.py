"""PyAV, loaded on first use; its errors become errors about the file."""

import contextlib
import ctypes
import functools
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from kzmark._temporary import scratch
from kzmark.errors import BackendMissingError, MalformedMediaError

BACKEND: Final = "av"
EXTRA: Final = "video"
_BUFFER: Final = 1 << 18  # bytes that libavformat asks for at a time
_LENIENT: Final = 19  # release of PyAV


@functools.cache
def load() -> Any:
    """Return the `av` module.

    Raises:
        BackendMissingError: If it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise BackendMissingError(BACKEND, extra=EXTRA) from error
    return av


@contextlib.contextmanager
def reading(what: str) -> Iterator[Any]:
    """Give the library; what it cannot make of the file is the file's fault.

    Raises:
        MalformedMediaError: Instead of an error of libav.
    """
    av = load()
    try:
        yield av
    except (av.error.FFmpegError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MalformedMediaError(f"the {what} cannot be decoded: {told}") from error


def lenient(av: Any) -> dict[str, str]:
    """Return the option under which tags that are not UTF-8 do not end the reading of a file.

    PyAV reads so of its own accord from release 19 on, and knows the option no more.
    """
    old = int(av.__version__.partition(".")[0]) < _LENIENT
    return {"metadata_errors": "replace"} if old else {}


@contextlib.contextmanager
def opened(source: BinaryIO) -> Iterator[Any]:
    """Give a container over a stream, which stays open."""
    source.seek(0)
    with reading("film") as av:
        stream = _Unclosed(source)
        with av.open(stream, buffer_size=_BUFFER, **lenient(av)) as container:
            yield container


def spool() -> BinaryIO:
    """Return an unnamed temporary file, gone when it is closed."""
    return scratch(buffering=0)


def settle() -> None:
    """Give the memory of codecs that are gone back to the system.

    glibc keeps what is freed in an arena of each thread, and a codec brings new threads every time:
    without this a film with two runs took as much memory again as one with one.
    """
    if (trim := _trimmer()) is not None:
        trim(0)


@functools.cache
def _trimmer() -> Any:
    """Return `malloc_trim`, if this system's C library has it."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


class _Unclosed(io.RawIOBase):
    """A stream that a library may read and seek, and not close."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.name = ""

    def read(self, size: int = -1) -> bytes:
        return self._source.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
