"""The frames of an animated WebP: `ANMF` chunks in and out.

Spec: WebP container specification (RFC 9649, 2.7.1.1). Offsets are stored halved, so they are even.
"""

from dataclasses import dataclass
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._animation import Disposal, Frame, contains
from kzmark.formats.webp.riff import Chunk, WebP, coded_size, parse_chunks, still

_HEADER: Final = 16  # bytes: four measures and the duration of 24 bits each, and the flags
_BACKGROUND, _NO_BLEND = 1, 2


@dataclass(frozen=True, slots=True)
class Animated:
    """One `ANMF` chunk.

    Attributes:
        at: Its index among the chunks of the file.
        frame: Geometry, disposal, blending, duration.
        reserved: Bits of the flags without a meaning yet.
        picture: Chunks of the picture.
        others: Unknown chunks beside it.
    """

    at: int
    frame: Frame
    reserved: int
    picture: list[Chunk]
    others: list[Chunk]


def frames(webp: WebP, *, limits: Limits) -> list[Animated]:
    """Return all frames in order.

    Raises:
        MalformedMediaError: If a frame is damaged, leaves the canvas, or is not of its own size.
        LimitExceededError: If there are more frames than allowed.
    """
    found: list[Animated] = []
    for at, chunk in enumerate(webp.chunks):
        if chunk.kind != b"ANMF":
            continue
        if len(found) >= limits.max_frames:
            raise LimitExceededError(f"a WebP with more than {limits.max_frames} frames")
        found.append(_frame(at, chunk, webp.size, limits=limits))
    return found


def pack(frame: Frame, reserved: int, chunks: list[Chunk]) -> Chunk:
    """Return the `ANMF` chunk of a frame."""
    left, top, width, height = frame.box
    measures = (left // 2, top // 2, width - 1, height - 1, frame.delay)
    header = b"".join(number.to_bytes(3, "little") for number in measures)
    flags = reserved | (0 if frame.blend else _NO_BLEND)
    flags |= _BACKGROUND if frame.disposal is Disposal.BACKGROUND else 0
    return Chunk(b"ANMF", header + bytes([flags]) + b"".join(chunk.raw for chunk in chunks))


def _frame(at: int, chunk: Chunk, canvas: tuple[int, int], *, limits: Limits) -> Animated:
    data = chunk.data
    if len(data) < _HEADER:
        raise MalformedMediaError("an ANMF chunk that is too short")
    left, top, width, height, delay = (
        int.from_bytes(data[start : start + 3], "little") for start in range(0, 15, 3)
    )
    chunks = parse_chunks(data[_HEADER:], limits=limits)
    picture = still(chunks)
    box = (left * 2, top * 2, width + 1, height + 1)
    if picture is None or coded_size(picture[-1]) != box[2:]:
        raise MalformedMediaError(f"a frame without a picture of its {box[2]}x{box[3]} px")
    if not contains((0, 0, *canvas), box):
        raise MalformedMediaError(f"a frame at {box} leaves its canvas of {canvas}")
    frame = Frame(
        box,
        Disposal.BACKGROUND if data[15] & _BACKGROUND else Disposal.KEEP,
        blend=not data[15] & _NO_BLEND,
        delay=delay,
    )
    others = [one for one in chunks if one not in picture]
    return Animated(at, frame, data[15] & ~3, picture, others)
