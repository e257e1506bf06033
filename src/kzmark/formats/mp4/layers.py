r"""The mark in an MP4 or MOV: an XMP box at the end, the record in the index, a comment for people.

* XMP in a top-level `uuid` box (XMP part 3, MPEG-4): behind the last box, so that nothing moves.
* The record as a free key in `moov/meta` (`mdta`; QuickTime file format, metadata keys).
* The sentence as `moov/udta/meta/ilst/\xa9cmt`, which every program keeps that copies a film,
  unless a comment of somebody else stands there.
"""

from collections.abc import Mapping
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._bmff.boxes import Span, pack
from kzmark.formats.layers import mp4 as layer
from kzmark.formats.layers import xmp
from kzmark.formats.mp4 import metadata
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tree import content
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the XMP boxes and the keys of the index hold."""
    movie = Movie(source, limits=limits)
    movie.check_fragments()  # whoever judges or stamps a file reads it first
    packets = [packet for _, packet in _packets(movie, limits)]
    seen = [xmp.judge(packet, limits=limits) for packet in packets]
    absent = Evidence(layer=Layer.XMP, status=Status.ABSENT)
    listed = metadata.keys(movie.moov, limits=limits)
    comment = metadata.comment(movie.moov, limits=limits)
    return [*(seen or [absent]), layer.judge(listed.get(layer.KEY), facts=_facts(comment, listed))]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in all of them."""
    movie = Movie(source, limits=limits)
    old = _packets(movie, limits)
    packet = xmp.merge(old[0][1] if old else b"", mark, limits=limits)
    earlier = layer.judge(metadata.keys(movie.moov, limits=limits).get(layer.KEY), facts={}).mark
    metadata.put_key(movie.moov, layer.KEY, mark.to_json(), limits=limits)
    theirs = metadata.comment(movie.moov, limits=limits)
    if not theirs or (earlier is not None and theirs == layer.sentence(earlier)):
        metadata.put_comment(movie.moov, layer.sentence(mark), limits=limits)
    extra = pack(b"uuid", XMP, packet)
    rewrite(movie, target, extra=extra, skip=[span for span, _ in old])


def _packets(movie: Movie, limits: Limits) -> list[tuple[Span, bytes]]:
    found = []
    for span in movie.tops:
        if span.kind == b"uuid" and span.end - span.body >= len(XMP):
            movie.source.seek(span.body)
            if movie.source.read(len(XMP)) == XMP:
                limits.check_metadata(span.end - span.body, what="an XMP packet")
                found.append(
                    (span, content(movie.source, span)[len(XMP) + span.body - span.start :])
                )
    return found


def _facts(comment: str, listed: Mapping[str, bytes]) -> dict[str, str]:
    label = listed.get(layer.LABEL, b"").decode("utf-8", "replace")
    told = {"comment": comment, layer.LABEL: label}
    return {name: text[:1_000] for name, text in told.items() if text}
