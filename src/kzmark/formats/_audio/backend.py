"""PyAV for sound: opened as one format only, so that no file can name another."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from kzmark.errors import BackendMissingError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av import backend

BACKEND: Final = "av"
EXTRA: Final = "audio"
_BUFFER: Final = 1 << 18  # bytes that libavformat asks for at a time

spool = backend.spool


def load() -> Any:
    """Return the `av` module.

    Raises:
        BackendMissingError: If it is not installed.
    """
    try:
        return backend.load()
    except BackendMissingError as error:
        raise BackendMissingError(BACKEND, extra=EXTRA) from error


@contextlib.contextmanager
def reading(what: str) -> Iterator[Any]:
    """Give the library; what it cannot make of the file is the file's fault.

    Raises:
        MalformedMediaError: Instead of an error of libav.
    """
    av = load()
    try:
        yield av
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MalformedMediaError(f"the {what} cannot be decoded: {told}") from error


@contextlib.contextmanager
def opened(source: BinaryIO, container: str, *, track: int = 0) -> Iterator[tuple[Any, Any]]:
    """Give the container over a stream, which stays open, and its stream of sound.

    Args:
        source: The file.
        container: Name of the demuxer: no other is tried.
        track: Which of the streams of sound that can be decoded, from 0.

    Raises:
        UnsupportedMediaError: If there is no sound in it that can be decoded.
    """
    source.seek(0)
    with reading("sound") as av:
        stream = Unclosed(source)
        with av.open(stream, format=container, buffer_size=_BUFFER, **backend.lenient(av)) as found:
            yield found, sound_stream(found, track)


def sound_stream(container: Any, track: int = 0) -> Any:
    """Return one of the streams of sound that can be decoded: the first, unless told otherwise.

    Raises:
        UnsupportedMediaError: If there is none.
    """
    streams = [one for one in container.streams.audio if one.codec_context is not None]
    if track < len(streams):
        return streams[track]
    raise UnsupportedMediaError("there is no sound in it that can be decoded")


class Unclosed(io.RawIOBase):
    """A stream that a library may read and seek, and not close."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.name = ""

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        return self._source.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the position."""
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._source.tell()

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True
