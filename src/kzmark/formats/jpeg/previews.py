"""Pictures beside the picture: previews in a JPEG that would show it without its notice.

Spec: CIPA DC-008 (EXIF thumbnail), CIPA DC-007 (MPF), ITU-T T.871 (JFIF and JFXX thumbnails),
Adobe's Photoshop file formats (image resources 1033 and 1036). MPF, gain maps and motion photos
keep their data behind EOI.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kzmark._limits import Limits
from kzmark.formats.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP13,
    MAX_PAYLOAD,
    Segment,
    Stream,
    segment_bytes,
)
from kzmark.formats.jpeg.xmp import without_thumbnails
from kzmark.formats.layers import exif

EXIF: Final = b"Exif\0\0"
_JFIF: Final = b"JFIF\0"
_JFIF_SIZE: Final = 14  # bytes without a thumbnail; the last two are its width and height
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_RESOURCE: Final = b"8BIM"
_THUMBNAILS: Final = frozenset({1033, 1036})
_JPEG: Final = b"\xff\xd8\xff"
_PREVIEWS: Final = (_JPEG, b"QVGA\0" + _JPEG, b"BGTH" + _JPEG)  # as makers put one in APP2 to APP5
_MEDIA: Final = (b"ftyp", b"\x89PNG\r\n", b"\xff\xd8\xff", b"WEBP", b"moov", b"mdat", b"GIF8")


@dataclass(slots=True)
class Stripped:
    """What becomes of a file's segments and of what stands behind it.

    Attributes:
        changed: The new bytes of segments, by where they start; empty for one that goes.
        tail: What stays behind EOI.
        notes: What was taken out, as stable codes.
    """

    changed: dict[int, bytes] = field(default_factory=dict)
    tail: bytes = b""
    notes: list[str] = field(default_factory=list)

    def take(self, segment: Segment, new: bytes, note: str) -> None:
        """Put `new` in a segment's place."""
        self.changed[segment.start] = new
        if note not in self.notes:
            self.notes.append(note)

    def spell(self, stream: Stream, segment: Segment) -> bytes:
        """Return a segment as it is to be."""
        return self.changed.get(segment.start, stream.raw(segment))


def strip(stream: Stream, *, limits: Limits) -> Stripped:
    """Take out every preview of the picture; all else that others wrote stays byte for byte.

    Notes: `jfif-thumbnail-dropped`, `exif-thumbnail-dropped`, `xmp-thumbnail-dropped`,
    `mpf-dropped`, `photoshop-thumbnail-dropped`, `preview-dropped`, `trailer-dropped`.
    """
    done = Stripped()
    for segment in stream.segments:
        if segment.marker == APP0:
            _jfif(stream, segment, done)
        elif stream.holds(segment, APP1, EXIF):
            blob, dropped = exif.drop_thumbnail(stream.payload(segment)[len(EXIF) :])
            if dropped:
                done.take(segment, segment_bytes(APP1, EXIF + blob), "exif-thumbnail-dropped")
        elif stream.holds(segment, APP2, b"MPF\0"):
            done.take(segment, b"", "mpf-dropped")
        elif APP2 <= segment.marker <= APP2 + 3 and _is_preview(stream, segment):
            done.take(segment, b"", "preview-dropped")
    _xmp(stream, done, limits)
    _photoshop(stream, done)
    _trailer(stream, done)
    return done


def _jfif(stream: Stream, segment: Segment, done: Stripped) -> None:
    payload = stream.payload(segment)
    note = "jfif-thumbnail-dropped"
    if payload.startswith(b"JFXX\0"):
        done.take(segment, b"", note)
    elif payload.startswith(_JFIF) and len(payload) >= _JFIF_SIZE and any(payload[12:14]):
        done.take(segment, segment_bytes(APP0, payload[:12] + b"\0\0"), note)


def _is_preview(stream: Stream, segment: Segment) -> bool:
    """Say whether a segment begins with a JPEG stream; longer ones go on in further segments."""
    return stream.data.startswith(_PREVIEWS, segment.body, segment.end)


def _xmp(stream: Stream, done: Stripped, limits: Limits) -> None:
    for segment, new in without_thumbnails(stream, limits=limits):
        done.take(segment, new, "xmp-thumbnail-dropped")


def _photoshop(stream: Stream, done: Stripped) -> None:
    """Leave thumbnails out of the image resources, which run on over several segments."""
    segments = list(stream.find(APP13, _PHOTOSHOP))
    if not segments:
        return
    whole = b"".join(stream.payload(segment)[len(_PHOTOSHOP) :] for segment in segments)
    kept = b"".join(_resources(whole))
    if len(kept) == len(whole):
        return
    room = MAX_PAYLOAD - len(_PHOTOSHOP)
    parts = [kept[at : at + room] for at in range(0, len(kept), room)]
    new = b"".join(segment_bytes(APP13, _PHOTOSHOP + part) for part in parts)
    for segment in segments:
        done.take(segment, new, "photoshop-thumbnail-dropped")
        new = b""


def _resources(data: bytes) -> Iterator[bytes]:
    """Yield image resources without thumbnails; a part that is none stays unless it hides one."""
    at = 0
    while data.startswith(_RESOURCE, at) and at + 12 <= len(data):
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        sized = at + 6 + (1 + data[at + 6] + 1) // 2 * 2  # behind the name and its pad byte
        size = int.from_bytes(data[sized : sized + 4], "big")
        end = sized + 4 + (size + 1) // 2 * 2
        if sized + 4 + size > len(data):
            break
        if number not in _THUMBNAILS:
            yield data[at:end]
        at = end
    hidden = any(_RESOURCE + number.to_bytes(2, "big") in data[at:] for number in _THUMBNAILS)
    if not hidden:
        yield data[at:]


def _trailer(stream: Stream, done: Stripped) -> None:
    tail = stream.data[stream.end :]
    if tail and any(magic in tail for magic in _MEDIA):
        done.notes.append("trailer-dropped")
    else:
        done.tail = tail
