"""A film in fragments made one with an index, its coded pictures and sound copied one by one.

Fragments list their samples in a way that does not let single ones be replaced; their writers, too,
join them when a recording is over. Spec: ISO/IEC 14496-12, 8.8 (fragments).
"""

import hashlib
from typing import Any, BinaryIO, Final

from kzmark._rope import Rope
from kzmark._temporary import scratch
from kzmark.errors import CheckError, UnsupportedMediaError
from kzmark.formats._av.backend import opened, reading
from kzmark.formats._bmff.boxes import pack
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tree import Box, content

NOTE: Final = "film-fragments-joined"
_THEIRS: Final = frozenset({b"udta", b"meta", b"uuid"})  # libav takes over what it knows of them


def joined(movie: Movie, *, muxer: str) -> Rope:
    """Return the same film without fragments.

    Args:
        movie: The film.
        muxer: "mp4", "mov", or "ipod" for sound.

    Raises:
        UnsupportedMediaError: If it holds a track that cannot be copied.
        MalformedMediaError: If it is damaged.
        CheckError: If what was written is not what was read.
    """
    with scratch() as storage:
        before = _copied(movie.source, storage, muxer)
        made = Rope.over(storage)
    after = _sums(made)
    if before != after:
        raise CheckError("joining its fragments changed what is in them")
    return _with_theirs(movie, made)


def _with_theirs(movie: Movie, made: BinaryIO) -> Rope:
    """Return it with what others wrote into the index, its tracks and boxes of their own."""
    fresh = Movie(made, limits=movie.limits)
    _take(movie.moov, fresh.moov)
    old, new = (
        [one for one in film.moov.children or () if one.kind == b"trak"] for film in (movie, fresh)
    )
    if len(old) == len(new):
        for one, two in zip(old, new, strict=True):
            _take(one, two)
    theirs = [
        pack(top.kind, content(movie.source, top)[top.body - top.start :])
        for top in movie.tops
        if top.kind == b"uuid"
    ]
    target = Rope()
    rewrite(fresh, target, extra=b"".join(theirs))
    return Rope.over(target)


def _take(old: Box, new: Box) -> None:
    new.drop(*_THEIRS)
    assert new.children is not None
    new.children += [Box(one.kind, one.body) for one in old.children or () if one.kind in _THEIRS]


def _copied(source: BinaryIO, storage: BinaryIO, muxer: str) -> dict[int, bytes]:
    """Copy every packet; return a sum of those of each track."""
    sums: dict[int, Any] = {}
    with opened(source) as container, reading("film") as av:
        options = {"movflags": "use_metadata_tags"} if muxer == "mp4" else {}
        with av.open(storage, "w", format=muxer, options=options) as out:
            out.metadata.update(container.metadata)
            cover = av.stream.Disposition.attached_pic  # stands in what others wrote
            streams = [one for one in container.streams if not one.disposition & cover]
            tracks = {stream.index: _track(out, stream) for stream in streams}
            for packet in container.demux(*streams):
                if packet.dts is None or not packet.size:
                    continue
                track = tracks[packet.stream.index]
                sums.setdefault(track.index, hashlib.sha256()).update(bytes(packet))
                packet.stream = track
                out.mux(packet)
    return {index: found.digest() for index, found in sums.items()}


def _track(out: Any, stream: Any) -> Any:
    if stream.codec_context is None or stream.type not in {"video", "audio", "subtitle"}:
        raise UnsupportedMediaError(
            f"its fragments hold a track of the kind {stream.type}",
            hint="join them first: ffmpeg -c copy",
        )
    track = out.add_stream_from_template(stream)
    track.metadata.update(stream.metadata)
    track.disposition = stream.disposition
    return track


def _sums(made: Rope) -> dict[int, bytes]:
    sums: dict[int, Any] = {}
    with opened(made) as container:
        for packet in container.demux():
            if packet.dts is not None and packet.size:
                sums.setdefault(packet.stream.index, hashlib.sha256()).update(bytes(packet))
    return {index: found.digest() for index, found in sums.items()}
