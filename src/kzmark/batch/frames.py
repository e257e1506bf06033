"""Messages between a coordinator and its workers: a length, then that many bytes."""

import os
import struct
from typing import Final

_LENGTH: Final = struct.Struct(">Q")
_BLOCK: Final = 1 << 20


def send(handle: int, body: bytes) -> None:
    """Write one message to a pipe.

    Raises:
        OSError: If the other end is gone.
    """
    whole = memoryview(_LENGTH.pack(len(body)) + body)
    while whole:
        whole = whole[os.write(handle, whole[:_BLOCK]) :]


def receive(handle: int) -> bytes:
    """Read one message from a pipe.

    Raises:
        EOFError: If the other end is gone.
    """
    (size,) = _LENGTH.unpack(_exactly(handle, _LENGTH.size))
    return _exactly(handle, size)


def _exactly(handle: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(handle, min(size, _BLOCK))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
