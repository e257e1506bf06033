"""JPEG strips and tiles of a TIFF, as components, never converted to another colour space.

Spec: TIFF technical note 2 (compression 7): tables may stand in JPEGTables or in the stream.
"""

import io
from collections.abc import Container, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from kzmark.errors import MalformedMediaError

_SAMPLING: Final = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
_RGB_IDS: Final = b"RGB"  # by these ids libjpeg would guess a colour space
_FOREIGN: Final = (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError)


def decode(
    piece: bytes, tables: bytes, shape: tuple[int, int, int]
) -> NDArray[np.unsignedinteger[Any]]:
    """Return the components of one strip or tile.

    Args:
        piece: Its stored bytes.
        tables: JPEGTables of the page, or nothing.
        shape: Rows, columns and components that it must have.

    Raises:
        MalformedMediaError: If it is no such JPEG.
    """
    with _open(piece, tables) as picture:
        if (picture.height, picture.width, picture.layers) != shape:
            raise MalformedMediaError(f"a JPEG strip or tile of {picture.width}x{picture.height}")
        try:
            if picture.mode == "RGB":
                picture.draft("YCbCr", picture.size)  # as stored, whatever it means
            pixels = np.asarray(picture)
        except _FOREIGN as error:
            raise MalformedMediaError(f"a JPEG strip or tile: {error}") from error
    stored = 255 - pixels if shape[2] == 4 else pixels.copy()  # Pillow turns CMYK round
    return stored.reshape(shape)


def encode(old: bytes, tables: bytes, samples: NDArray[Any]) -> bytes | None:
    """Return components as a JPEG with the quality and sampling of `old`.

    Tables that the page does not share stand inside, as they may (technical note 2). Nothing comes
    back if Pillow cannot write such a sampling.
    """
    depth = samples.shape[2]
    with _open(old, tables) as picture:
        factors = [(layer[1], layer[2]) for layer in picture.layer]
        sampling = _SAMPLING.get(factors[0], "") if set(factors[1:]) <= {(1, 1)} else ""
        quality = [picture.quantization.get(layer[3]) for layer in picture.layer]
    if None in quality or (depth > 1 and not sampling) or (depth == 4 and sampling != "4:4:4"):
        return None
    modes = {1: "L", 3: "YCbCr", 4: "CMYK"}
    pixels = np.ascontiguousarray(255 - samples if depth == 4 else samples, np.uint8)
    height, width = pixels.shape[:2]
    flat = Image.frombytes(modes[depth], (width, height), pixels.tobytes())
    target = io.BytesIO()
    options = {"subsampling": sampling} if depth == 3 else {}
    while len(quality) > 1 and quality[-1] == quality[-2]:  # libjpeg lets the last table serve on
        quality.pop()
    flat.save(target, "JPEG", qtables=[list(table or ()) for table in quality], **options)
    shared = set(_segments(tables)) if tables else set()
    return _bare(target.getvalue(), without=shared)


def _open(piece: bytes, tables: bytes) -> JpegImagePlugin.JpegImageFile:
    stream = tables.removesuffix(b"\xff\xd9") + piece[2:] if tables else piece
    try:
        return JpegImagePlugin.JpegImageFile(io.BytesIO(_bare(stream)))
    except _FOREIGN as error:
        raise MalformedMediaError(f"a JPEG strip or tile: {error}") from error


def _bare(stream: bytes, *, without: Container[tuple[int, bytes]] = ()) -> bytes:
    """Return a JPEG without APP markers and given segments, and with neutral component ids.

    A TIFF says by its tags what components mean; JFIF, Adobe and ids would make libjpeg guess.
    """
    kept = [b"\xff\xd8"]
    for marker, body in _segments(stream):
        if marker == 0xDA:
            kept.append(b"\xff\xda" + _renamed_scan(body))
        elif not 0xE0 <= marker <= 0xEF and (marker, body) not in without:
            plain = _renamed_frame(body) if marker in _FRAMES else body
            kept.append(b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + plain)
    return b"".join(kept)


def _renamed_frame(frame: bytes) -> bytes:
    """Return a frame header with neutral component ids."""
    if frame[5:6] == b"\x03" and frame[6:15:3] == _RGB_IDS:
        parts = (bytes([i + 1]) + frame[7 + 3 * i : 9 + 3 * i] for i in range(3))
        return frame[:6] + b"".join(parts)
    return frame


def _renamed_scan(scan: bytes) -> bytes:
    """Return the first scan (its header and all that follows) with neutral component ids."""
    if scan[2:3] == b"\x03" and scan[3:9:2] == _RGB_IDS:
        return scan[:3] + bytes([1, scan[4], 2, scan[6], 3, scan[8]]) + scan[9:]
    return scan


def _segments(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, body) up to the first scan, whose body is all the rest of the stream."""
    at = 2
    while at + 4 <= len(stream):
        marker = stream[at + 1]
        if stream[at] != 0xFF:
            raise MalformedMediaError("a JPEG strip or tile without markers")
        if marker == 0xDA:
            yield marker, stream[at + 2 :]
            return
        if marker == 0xD8:  # of the stream behind the tables
            at += 2
            continue
        size = int.from_bytes(stream[at + 2 : at + 4], "big")
        yield marker, stream[at + 4 : at + 2 + size]
        at += 2 + max(size, 2)
