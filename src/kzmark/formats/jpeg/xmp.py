"""XMP in a JPEG: one packet of at most 65,502 bytes, and an extension in pieces.

Spec: XMP part 3 (Storage in files), 1.1.3. The packet names its extension by the MD5 digest of the
extension's bytes; each piece repeats that name, the length of the whole and its own offset.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MediaError
from kzmark.formats.jpeg.segments import APP1, Segment, Stream, segment_bytes
from kzmark.formats.layers import xmp
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

MAIN: Final = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION: Final = b"http://ns.adobe.com/xmp/extension/\0"
MAX_PACKET: Final = 65_502  # bytes, from the specification

_NAME: Final = 32  # hexadecimal digits of an MD5 digest
_HEAD: Final = len(EXTENSION) + _NAME + 8  # ... length of the whole, offset
_PIECE: Final = 65_400  # bytes of one piece, as Adobe's own tools cut it
_MOST: Final = 16  # packets in one file; more than one is against the specification already
_NAMED: Final = re.compile(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})")
_WRAPPER: Final = re.compile(rb"<\?xpacket [^>]{0,200}\?>")
_NOTE: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
    ' xmpNote:HasExtendedXMP="{}"/></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True, slots=True)
class Extension:
    """What stands in the pieces of the extension.

    Attributes:
        name: 32 hexadecimal digits, as the packet spells them.
        data: The whole, without a packet wrapper.
        segments: The pieces, in file order.
    """

    name: bytes
    data: bytes
    segments: tuple[Segment, ...]


def judge(stream: Stream, *, limits: Limits) -> list[Evidence]:
    """Return what the packets hold; an extension is asked only if they hold no mark.

    Raises:
        LimitExceededError: If there are more than a few packets.
    """
    packets = _packets(stream)
    found = [xmp.judge(stream.payload(s)[len(MAIN) :], limits=limits) for s in packets]
    if not any(piece.status is Status.PRESENT for piece in found):
        extension = _extension(stream, packets, limits=limits)
        if extension is not None:
            found.append(xmp.judge(extension.data, limits=limits))
    telling = [piece for piece in found if piece.status is not Status.ABSENT] or found[:1]
    distinct = [piece for at, piece in enumerate(telling) if not _repeats(piece, telling[:at])]
    return distinct or [Evidence(layer=Layer.XMP, status=Status.ABSENT)]


def merge(stream: Stream, mark: Mark, *, limits: Limits) -> dict[int | None, bytes]:
    """Return the new segments: by where they start in the file, or under None for an added one.

    Raises:
        MalformedMediaError: If the packet there is not XMP.
        LimitExceededError: If there is no room for the mark beside what others wrote.
    """
    packets = _packets(stream)
    if not packets:
        return {None: _main(xmp.merge(b"", mark, limits=limits))}
    new: dict[int | None, bytes] = {}
    for at, segment in enumerate(packets):
        old = stream.payload(segment)[len(MAIN) :]
        if at and xmp.judge(old, limits=limits).status is Status.ABSENT:
            continue
        packet = xmp.merge(old, mark, limits=limits)
        if packet == old:
            continue
        new[segment.start] = (
            _main(packet) if len(packet) <= MAX_PACKET else _moved(stream, old, mark, limits=limits)
        )
    return new


def without_thumbnails(stream: Stream, *, limits: Limits) -> Iterator[tuple[Segment, bytes]]:
    """Yield the segments that hold previews of the picture, each with its new bytes.

    A packet that cannot be read stays as it is: no viewer finds a preview in it either.
    """
    packets = _packets(stream)
    extension = _extension(stream, packets, limits=limits)
    renamed = b""
    if extension is not None:
        slim, dropped = _drop(extension.data, limits=limits)
        if dropped:
            slim = _unwrapped(slim)
            renamed = _digest(slim)
            new = b"".join(_pieces(renamed, slim))
            for segment in extension.segments:
                yield segment, new
                new = b""
    for segment in packets:
        packet, dropped = _drop(stream.payload(segment)[len(MAIN) :], limits=limits)
        if extension is not None and renamed and extension.name in packet:
            packet, dropped = packet.replace(extension.name, renamed), True
        if dropped:
            yield segment, _main(packet)


def _packets(stream: Stream) -> list[Segment]:
    packets = list(stream.find(APP1, MAIN))
    if len(packets) > _MOST:
        raise LimitExceededError(f"{len(packets)} XMP packets in one JPEG")
    return packets


def _repeats(piece: Evidence, earlier: list[Evidence]) -> bool:
    """Say whether a packet only repeats what an earlier one states."""
    return any(e.status is piece.status and e.mark == piece.mark for e in earlier if e.mark)


def _main(packet: bytes) -> bytes:
    return segment_bytes(APP1, MAIN + packet)


def _moved(stream: Stream, old: bytes, mark: Mark, *, limits: Limits) -> bytes:
    """Move others' packet to an extension, because it leaves no room for ours.

    Raises:
        LimitExceededError: If there is an extension already, the packet holds a mark of ours, or
            it is not in UTF-8.
    """
    is_free = not any(stream.find(APP1, EXTENSION)) and b"\0" not in old
    if not is_free or xmp.judge(old, limits=limits).status is not Status.ABSENT:
        raise LimitExceededError(
            f"the XMP packet of {len(old)} bytes leaves no room for the mark in a JPEG segment",
            hint="shorten the XMP packet, for example its editing history",
        )
    whole = _unwrapped(old)
    name = _digest(whole)
    seed = _NOTE.format(name.decode()).encode()
    return _main(xmp.merge(seed, mark, limits=limits)) + b"".join(_pieces(name, whole))


def _extension(stream: Stream, packets: list[Segment], *, limits: Limits) -> Extension | None:
    """Put the extension together that a packet names, if all of it is there."""
    named = (_NAMED.search(stream.payload(segment)) for segment in packets)
    name = next((found[1] for found in named if found), None)
    if name is None:
        return None
    segments = [s for s in stream.find(APP1, EXTENSION + name) if s.end - s.body > _HEAD]
    parts, length = [], 0
    for segment in segments:
        head = stream.payload(segment)
        length = int.from_bytes(head[_HEAD - 8 : _HEAD - 4], "big")
        parts.append((int.from_bytes(head[_HEAD - 4 : _HEAD], "big"), head[_HEAD:]))
    data = b""
    if length <= limits.max_metadata:
        parts.sort()
        data = b"".join(part for _, part in parts)
    whole = bool(data) and len(data) == length
    return Extension(name, data, tuple(segments)) if whole else None


def _pieces(name: bytes, data: bytes) -> Iterator[bytes]:
    length = len(data).to_bytes(4, "big")
    for at in range(0, len(data), _PIECE):
        head = EXTENSION + name + length + at.to_bytes(4, "big")
        yield segment_bytes(APP1, head + data[at : at + _PIECE])


def _drop(packet: bytes, *, limits: Limits) -> tuple[bytes, bool]:
    try:
        return xmp.drop_thumbnails(packet, limits=limits)
    except MediaError:
        return packet, False


def _unwrapped(packet: bytes) -> bytes:
    """Return a packet without its wrapper and padding, as an extension has none."""
    return _WRAPPER.sub(b"", packet).strip()


def _digest(data: bytes) -> bytes:
    name = hashlib.md5(data, usedforsecurity=False).hexdigest().upper()  # the format asks for MD5
    return name.encode()
