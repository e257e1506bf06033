"""The container of JPEG XL: boxes around a codestream.

Spec: ISO/IEC 18181-2, 9 (JXL, ftyp, jxll, jxlc, jxlp, jbrd, Exif, xml, brob, jumb).
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, LimitExceededError, MalformedMediaError
from kzmark.formats._bmff.boxes import pack, spans
from kzmark.formats.jxl.header import MAGIC, Header, read_header

SIGNATURE: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
XML: Final = b"xml "
EXIF: Final = b"Exif"
_BROTLI: Final = b"brob"
_CODE: Final = frozenset({b"jxlc", b"jxlp"})
_OF_CODE: Final = frozenset({b"jbrd", b"jxli", b"jxll"})  # they speak of the very codestream
_MOST: Final = 32  # metadata boxes of one kind; real files have one


class Box(NamedTuple):
    """One box: its type and its content."""

    kind: bytes
    data: bytes


class Metadata(NamedTuple):
    """A metadata box: its place among the boxes, its content, whether it is compressed."""

    place: int
    data: bytes
    packed: bool


def read_boxes(data: bytes, *, limits: Limits) -> list[Box]:
    """Return the boxes of a file after its signature; a bare codestream becomes boxes.

    Raises:
        MalformedMediaError: If it is neither, or its boxes break their rules.
    """
    if data.startswith(MAGIC):
        return bare(data, limits=limits)
    if not data.startswith(SIGNATURE):
        raise MalformedMediaError("neither a JPEG XL container nor a codestream")
    tops = spans(data, len(SIGNATURE), len(data), limits=limits)
    if not tops or tops[0].kind != b"ftyp" or not any(one.kind in _CODE for one in tops):
        raise MalformedMediaError("a JPEG XL container without a type or a codestream")
    return [Box(one.kind, data[one.body : one.end]) for one in tops]


def bare(code: bytes, *, limits: Limits) -> list[Box]:
    """Return the boxes that a codestream needs around it."""
    level = [Box(b"jxll", b"\x0a")] if not read_header(code, limits=limits).narrow else []
    return [Box(b"ftyp", b"jxl \0\0\0\0jxl "), *level, Box(b"jxlc", code)]


def join(boxes: Sequence[Box]) -> bytes:
    """Return a file of these boxes."""
    return SIGNATURE + b"".join(pack(kind, data) for kind, data in boxes)


def codestream(boxes: Sequence[Box]) -> bytes:
    """Return the codestream, put together from its parts.

    Raises:
        MalformedMediaError: If the parts are not numbered as they stand.
    """
    whole = next((box.data for box in boxes if box.kind == b"jxlc"), None)
    if whole is not None:
        return whole
    parts = [box.data for box in boxes if box.kind == b"jxlp"]
    for index, part in enumerate(parts):
        if len(part) < 4 or int.from_bytes(part[:4], "big") & 0x7FFF_FFFF != index:
            raise MalformedMediaError("the parts of a JPEG XL codestream are out of order")
    return b"".join(part[4:] for part in parts)


def with_codestream(boxes: Sequence[Box], code: bytes, *, limits: Limits) -> list[Box]:
    """Return the boxes with another codestream; what spoke of the old one is left out."""
    kind, *around = bare(code, limits=limits)
    rest = [box for box in boxes[1:] if box.kind not in _OF_CODE and not _is_jbrd(box)]
    at = next(i for i, box in enumerate(rest) if box.kind in _CODE)
    before, after = rest[:at], [box for box in rest[at:] if box.kind not in _CODE]
    level, last = around[:-1], around[-1]
    del kind
    return [boxes[0], *level, *before, last, *after]


def metadata(boxes: Sequence[Box], kind: bytes, *, limits: Limits) -> list[Metadata]:
    """Return the metadata boxes of one type, inflated where they are compressed.

    Raises:
        BackendMissingError: If one is compressed and imagecodecs is not installed.
        MalformedMediaError: If one does not inflate.
        LimitExceededError: If one is too large, or there are absurdly many.
    """
    found = list(_metadata(boxes, kind, limits))
    if len(found) > _MOST:
        raise LimitExceededError(f"{len(found)} metadata boxes of one kind")
    return found


def has_reconstruction(boxes: Sequence[Box]) -> bool:
    """Say whether the file can give back the JPEG it was made from."""
    return any(box.kind == b"jbrd" or _is_jbrd(box) for box in boxes)


def header_of(boxes: Sequence[Box], *, limits: Limits, whole: bool = False) -> Header:
    """Return the headers of the codestream in the boxes, having asked the limits about its size."""
    header = read_header(codestream(boxes), limits=limits, whole=whole)
    size = sum(len(box.data) for box in boxes)
    sample = 4 if header.floating or header.bits > 16 else 2 if header.bits > 8 else 1
    limits.check_picture(
        header.width,
        header.height,
        file_bytes=size,
        sample_bytes=sample * (3 + min(len(header.channels), 8)),
    )
    return header


def _metadata(boxes: Sequence[Box], kind: bytes, limits: Limits) -> Iterator[Metadata]:
    for index, box in enumerate(boxes):
        if box.kind == kind:
            limits.check_metadata(len(box.data), what="a metadata box")
            yield Metadata(index, box.data, False)
        elif box.kind == _BROTLI and box.data[:4] == kind:
            yield Metadata(index, _inflated(box.data[4:], limits), True)


def _inflated(data: bytes, limits: Limits) -> bytes:
    limits.check_metadata(len(data), what="a compressed metadata box")
    try:
        from imagecodecs import brotli_decode
    except ImportError as error:
        raise BackendMissingError("imagecodecs", extra="jxl") from error
    room = bytearray(limits.max_metadata + 1)  # no more than this is ever inflated
    try:
        found = bytes(brotli_decode(data, out=room))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise MalformedMediaError("a compressed metadata box does not inflate") from error
    limits.check_metadata(len(found), what="an inflated metadata box")
    return found


def _is_jbrd(box: Box) -> bool:
    return box.kind == _BROTLI and box.data[:4] == b"jbrd"
