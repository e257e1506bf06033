"""Where a C2PA manifest store stands in an MP4 or MOV: a `uuid` box right behind `ftyp`.

Spec: C2PA 2.4, A.5 (the box, its purpose, its place before all media data); ISO/IEC 14496-12, 4.2.
"""

from typing import Final

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import Rope, bytes_of, size_of, stream_of
from kzmark.errors import MalformedMediaError
from kzmark.formats._bmff.boxes import Span, header
from kzmark.formats._embedding import Room, Survey
from kzmark.formats.mp4.movie import Gap, Movie, rewrite
from kzmark.formats.mp4.tree import MAX_INDEX, content, outermost

_USER: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_PURPOSE: Final = bytes(4) + b"manifest\0" + bytes(8)  # version, flags; no Merkle tree follows
_HEAD: Final = _USER + _PURPOSE
_MEDIA: Final = frozenset({b"mdat", b"free", b"skip", b"wide"})


def room(data: bytes | Rope, size: int) -> Room:
    """Return the place behind `ftyp`; every offset in the file is put right for it."""
    source = stream_of(data)
    movie = Movie(source, limits=DEFAULT_LIMITS)
    if any(_is_c2pa(data, top) for top in movie.tops):
        raise MalformedMediaError("there is a manifest store already")
    first = movie.tops[0]
    if first.kind != b"ftyp" or movie.tops[-1].end != movie.size:
        raise MalformedMediaError("not boxes from `ftyp` to the end")
    length = len(_wrapped(bytes(size)))
    target = Rope()
    rewrite(movie, target, gap=Gap(first.end, length))
    made = Rope.over(target) if isinstance(data, Rope) else bytes_of(target)
    return Room(start=first.end, size=length, wrap=_wrapped, data=made)


def unwrap(piece: bytes) -> bytes:
    """Return the store in such a box."""
    store = piece[8 + len(_HEAD) :]
    if _wrapped(store) != piece:
        raise MalformedMediaError("not one whole box with a manifest store")
    return store


def survey(data: bytes | Rope, *, limits: Limits) -> Survey:
    """Look at the outermost boxes; media data is not looked at."""
    found, others = [], []
    tops = outermost(stream_of(data), limits=limits)
    for top in tops:
        if _is_c2pa(data, top):
            found.append(top)
        elif top.kind not in _MEDIA:
            others.append(content(stream_of(data), top, most=MAX_INDEX))
    if len(found) != 1:
        told = (_USER + b"c2pa",) * len(found)
        return Survey(store=b"", start=0, size=0, others=(*told, *others))
    place = found[0]
    limits.check_metadata(place.end - place.start, what="a manifest store")
    store = unwrap(bytes_of(data, place.start, place.end))
    size = place.end - place.start
    return Survey(store=store, start=place.start, size=size, others=tuple(others))


def boxes(data: bytes | Rope, *, limits: Limits) -> list[tuple[bytes, int, int]]:
    """Return type, start and end of every outermost box."""
    tops = outermost(stream_of(data), limits=limits)
    if not tops or tops[-1].end != size_of(data):
        raise MalformedMediaError("there is something behind the last box")
    return [(top.kind, top.start, top.end) for top in tops]


def _wrapped(store: bytes) -> bytes:
    return header(b"uuid", len(_HEAD) + len(store)) + _HEAD + store


def _is_c2pa(data: bytes | Rope, top: Span) -> bool:
    return top.kind == b"uuid" and bytes_of(data, top.body, top.body + len(_USER)) == _USER
