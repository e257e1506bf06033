"""Where the pictures of an AVI are, and its tables of that, put right when they move.

Spec: AVI RIFF file reference (`idx1`); OpenDML 1.02, 3 (`indx`, `ix##`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from kzmark.errors import MalformedMediaError
from kzmark.formats._av.facts import Facts
from kzmark.formats._av.reel import Reel
from kzmark.formats.avi.riff import Chunk, Edit, File, Moves

_KEY: Final = 0x10
_BITMAP: Final = 40  # bytes of a BITMAPINFOHEADER before what a decoder needs
_SUPER, _STANDARD = 0, 1
_NOT_KEY: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Index:
    """The pictures of a film.

    Attributes:
        header: The `strh` chunk of their stream.
        chunks: Of each picture, in coding order; empty ones (repeats) are left out.
        lists: All lists that hold pictures, from the outermost inwards.
        reel: The same for the engine.
    """

    header: Chunk
    chunks: tuple[Chunk, ...]
    lists: tuple[Chunk, ...]
    reel: Reel


def index(file: File, facts: Facts) -> Index:
    """Find every coded picture.

    Raises:
        MediaError: If the file is damaged.
    """
    number, stream = _picture_stream(file)
    header, format_ = file.find(stream, b"strh"), file.find(stream, b"strf")
    if header is None or format_ is None:
        raise MalformedMediaError("a stream without its description")
    told = file.content(header)
    scale, rate = (int.from_bytes(told[at : at + 4], "little") for at in (20, 24))
    if not scale or not rate:
        raise MalformedMediaError("a picture stream without a rate")
    names = frozenset({b"%02ddc" % number, b"%02ddb" % number})
    lists: list[Chunk] = []
    found = [c for riff in file.riffs for c in walk(file, riff, lists) if c.kind in names]
    if not found:
        raise MalformedMediaError("there is no picture in it")
    times = [at for at, chunk in enumerate(found) if chunk.end > chunk.body]
    chunks = tuple(found[at] for at in times)
    if not chunks:
        raise MalformedMediaError("there is no picture in it")
    shown = np.array(times, np.int64)
    reel = Reel(
        source=file.source,
        codec=facts.codec,
        extradata=file.content(format_)[_BITMAP:],
        nal=0,
        offsets=np.array([c.body for c in chunks], np.int64),
        sizes=np.array([c.end - c.body for c in chunks], np.int64),
        pts=shown,
        dts=shown,
        spans=np.diff(np.append(shown, len(found))),
        keys=_keys(file, names, len(found))[times],
        base=Fraction(scale, rate),
        first=times[0],
        renumbered=facts.delay > 0,
    )
    return Index(header, chunks, tuple(lists), reel)


def moved(file: File, moves: Moves, sizes: dict[int, tuple[int, bool]]) -> Iterator[Edit]:
    """Yield the edits that put the tables right.

    Args:
        file: The file.
        moves: Where its bytes come to lie.
        sizes: Start of a changed chunk → its new size, and whether it is a key frame.
    """
    riff = file.riffs[0]
    movi, listed = file.find(riff, b"movi"), file.find(riff, b"idx1")
    if movi is not None and listed is not None:
        yield _idx1(file, listed, movi, moves, sizes)
    for chunk in _tables(file):
        yield _indx(file, chunk, moves, sizes)


def _picture_stream(file: File) -> tuple[int, Chunk]:
    head = file.find(file.riffs[0], b"hdrl")
    if head is None:
        raise MalformedMediaError("an AVI without a header")
    streams = [one for one in file.inner(head) if one.kind == b"strl"]
    for number, stream in enumerate(streams):
        header = file.find(stream, b"strh")
        if header is not None and file.content(header)[:4] == b"vids":
            return number, stream
    raise MalformedMediaError("there is no picture stream")


def walk(file: File, parent: Chunk, lists: list[Chunk]) -> Iterator[Chunk]:
    """Yield the chunks of `movi` lists and of the `rec ` lists inside of them."""
    lists.append(parent)
    for one in file.inner(parent):
        if one.is_list and one.kind in {b"movi", b"rec "}:
            yield from walk(file, one, lists)
        elif not one.is_list and parent.kind in {b"movi", b"rec "}:
            yield one


def _keys(file: File, names: frozenset[bytes], count: int) -> "np.ndarray":
    """Return which pictures the old index calls key frames; all but the first are none without."""
    keys = np.zeros(count, np.bool_)
    keys[0] = True
    listed = file.find(file.riffs[0], b"idx1")
    rows = _rows(file.content(listed)) if listed is not None else []
    flags = [bool(row[1] & _KEY) for row in rows if row[0] in names]
    keys[: len(flags)] = flags[:count]
    return keys


def _rows(data: bytes) -> list[tuple[bytes, int, int, int]]:
    table = np.frombuffer(data[: len(data) // 16 * 16], "<u4").reshape(-1, 4)
    return [(int(a).to_bytes(4, "little"), int(b), int(c), int(d)) for a, b, c, d in table]


def _idx1(
    file: File, listed: Chunk, movi: Chunk, moves: Moves, sizes: dict[int, tuple[int, bool]]
) -> Edit:
    data = file.content(listed)
    whole = bytearray(data)
    rows = _rows(data)
    base = _base(file, rows, movi)
    for at, (_, old_flags, offset, old_size) in enumerate(rows):
        start = base + offset
        place = moves(start) - (moves(base) if base else 0)
        size, key = sizes.get(start, (old_size, bool(old_flags & _KEY)))
        flags = old_flags & ~_KEY | _KEY * key
        for field, value in ((4, flags), (8, place), (12, size)):
            whole[at * 16 + field : at * 16 + field + 4] = (value & 0xFFFFFFFF).to_bytes(
                4, "little"
            )
    return Edit(listed.body, listed.end, (bytes(whole),))


def _base(file: File, rows: list[tuple[bytes, int, int, int]], movi: Chunk) -> int:
    """Return what offsets count from: the letters of `movi`, or the file, as writers differ."""
    if not rows:
        return 0
    name, _, offset, _ = rows[0]
    file.source.seek(movi.body - 4 + offset)
    return movi.body - 4 if file.source.read(4) == name else 0


def _tables(file: File) -> Iterator[Chunk]:
    head = file.find(file.riffs[0], b"hdrl")
    for stream in file.inner(head) if head else ():
        if stream.kind == b"strl" and (found := file.find(stream, b"indx")):
            yield found
    for riff in file.riffs:
        movi = file.find(riff, b"movi")
        for one in file.inner(movi) if movi else ():
            if one.kind[:2] == b"ix":
                yield one


def _indx(file: File, chunk: Chunk, moves: Moves, sizes: dict[int, tuple[int, bool]]) -> Edit:
    data = bytearray(file.content(chunk))
    if len(data) < 24:
        raise MalformedMediaError("an index that is too short")
    count = int.from_bytes(data[4:8], "little")
    if data[3] == _SUPER:
        for at in range(24, min(24 + 16 * count, len(data) - 15), 16):
            old = int.from_bytes(data[at : at + 8], "little")
            data[at : at + 8] = moves(old).to_bytes(8, "little") if old else data[at : at + 8]
    elif data[3] == _STANDARD:
        base = int.from_bytes(data[12:20], "little")
        data[12:20] = moves(base).to_bytes(8, "little")
        for at in range(24, min(24 + 8 * count, len(data) - 7), 8):
            start = base + int.from_bytes(data[at : at + 4], "little") - 8
            place = moves(start) + 8 - moves(base)
            data[at : at + 4] = (place & 0xFFFFFFFF).to_bytes(4, "little")
            if start in sizes:
                size, key = sizes[start]
                data[at + 4 : at + 8] = (size | (0 if key else _NOT_KEY)).to_bytes(4, "little")
    return Edit(chunk.body, chunk.end, (bytes(data),))
