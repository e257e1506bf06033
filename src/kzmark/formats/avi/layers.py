"""The mark in an AVI: the record in an INFO list before the pictures, XMP behind them.

Spec: XMP part 3, AVI (`_PMX` in the first RIFF list); RIFF MCI (INFO).
"""

from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats.avi.index import moved
from kzmark.formats.avi.riff import Chunk, Edit, File, Moves, pack, resized
from kzmark.formats.avi.riff import write as write_file
from kzmark.formats.layers import riff as layer
from kzmark.formats.layers import xmp
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

XMP: Final = b"_PMX"


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the XMP chunks and the INFO lists hold."""
    file = File(source, limits=limits)
    seen = [xmp.judge(file.content(one), limits=limits) for one in _packets(file)]
    absent = Evidence(layer=Layer.XMP, status=Status.ABSENT)
    values: dict[bytes, bytes] = {}
    for _, chunks in _infos(file):
        for one in chunks:
            values.setdefault(one.kind, file.content(one))
    return [*(seen or [absent]), layer.judge(values)]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in both; what others wrote stays."""
    file = File(source, limits=limits)
    packets, infos = _packets(file), _infos(file)
    packet = xmp.merge(file.content(packets[0]) if packets else b"", mark, limits=limits)
    ours = [one for one, chunks in infos if any(c.kind == layer.RECORD for c in chunks)]
    theirs = [c.kind for one, chunks in infos if one not in ours for c in chunks]
    values = layer.chunks(mark, comment=layer.COMMENT not in theirs)
    info = pack(b"LIST", b"INFO", *(pack(kind, data) for kind, data in values.items()))
    movi, end = file.find(file.riffs[0], b"movi"), file.riffs[0].after
    edits = [Edit(one.start, one.after, ()) for one in (*packets, *ours)]
    edits.append(Edit(end, end, (pack(XMP, packet),)))
    start = movi.start if movi else end
    edits.append(Edit(start, start, (info,)))  # libav looks no further than to the pictures
    edits.sort(key=lambda edit: (edit.stop, edit.start))
    moves = Moves(edits)
    sized = resized([file.riffs[0]], moves)
    write_file(file.source, target, [*edits, *sized, *moved(file, moves, {})])


def _packets(file: File) -> list[Chunk]:
    found = [one for one in file.inner(file.riffs[0]) if one.kind == XMP]
    for one in found:
        file.limits.check_metadata(one.end - one.body, what="an XMP packet")
    return found


def _infos(file: File) -> list[tuple[Chunk, list[Chunk]]]:
    lists = [one for one in file.inner(file.riffs[0]) if one.is_list and one.kind == b"INFO"]
    return [(one, list(file.inner(one))) for one in lists]
