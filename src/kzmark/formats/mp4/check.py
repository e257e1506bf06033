"""A film that was written is read again: nothing missing, nothing moved, nothing else changed."""

import io
from collections.abc import Mapping
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import CheckError, MediaError
from kzmark.formats._av.splice import Spliced
from kzmark.formats.mp4.movie import Movie
from kzmark.formats.mp4.tables import Table

_NONE: Final[Mapping[int, tuple[BinaryIO, Table]]] = {}
_SAMPLES: Final = 96  # samples of each track that are compared byte by byte
_LONG: Final = 4 << 20  # bytes of a sample from which only both of its ends are compared


def check(source: BinaryIO, target: BinaryIO, spliced: Spliced, *, limits: Limits) -> None:
    """Compare tables of old and new, and samples spread over each track.

    Raises:
        CheckError: If the new file is not what it should be.
    """
    old, new = _both(source, target, limits)
    changed = [_is_changed(one, spliced) for one in old]
    for one, two, is_changed in zip(old, new, changed, strict=True):
        _same_times(one, two)
        if is_changed:
            _same_samples(source, target, one, two, _kept(spliced))
        else:
            _same_samples(source, target, one, two, (np.arange(one.count),) * 2)
    target.seek(0, io.SEEK_END)


def check_start(
    source: BinaryIO,
    target: BinaryIO,
    fresh: Mapping[int, int],
    *,
    remade: Mapping[int, tuple[BinaryIO, Table]] = _NONE,
    limits: Limits,
) -> None:
    """Compare tables of old and new, and samples that should be as they were.

    Args:
        source: The film as it was.
        target: The new one.
        fresh: Place of a track → how many samples at its start are new.
        remade: Place of a track → the stream and the table of one that took its place.
        limits: What it may cost.

    Raises:
        CheckError: If the new file is not what it should be.
    """
    for place, (one, two) in enumerate(zip(*_both(source, target, limits), strict=True)):
        stream, wanted = remade.get(place, (source, one))
        _same_times(wanted, two)
        kept = np.arange(fresh.get(place, 0), wanted.count)
        _same_samples(stream, target, wanted, two, (kept, kept))
    target.seek(0, io.SEEK_END)


def _both(source: BinaryIO, target: BinaryIO, limits: Limits) -> tuple[list[Table], list[Table]]:
    try:
        old = Movie(source, limits=limits).tables()
        new = Movie(target, limits=limits).tables()
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error
    if len(old) != len(new):
        raise CheckError(f"{len(new)} tracks, where there were {len(old)}")
    return old, new


def _is_changed(table: Table, spliced: Spliced) -> bool:
    return table.kind == b"vide" and table.count == len(spliced.sizes)


def _kept(spliced: Spliced) -> tuple[np.ndarray, np.ndarray]:
    places = np.flatnonzero(~spliced.fresh)
    return spliced.origin[places], places


def _same_times(old: Table, new: Table) -> None:
    if old.count != new.count:
        raise CheckError(f"{new.count} samples, where there were {old.count}")
    if not np.array_equal(old.dts, new.dts):
        raise CheckError("the times of decoding changed")
    if not np.array_equal(np.sort(old.pts), np.sort(new.pts)):
        raise CheckError("the times of showing changed")


def _same_samples(
    source: BinaryIO,
    target: BinaryIO,
    old: Table,
    new: Table,
    pairs: tuple[np.ndarray, np.ndarray],
) -> None:
    before, after = pairs
    if len(before) > _SAMPLES:  # all joins, and the rest evenly
        joins = np.flatnonzero(np.diff(after) > 1)
        spread = np.linspace(0, len(before) - 1, _SAMPLES).astype(int)
        chosen = np.unique(np.concatenate([joins, joins + 1, spread]))
        before, after = before[chosen], after[chosen]
    for one, two in zip(before.tolist(), after.tolist(), strict=True):
        same = old.sizes[one] == new.sizes[two]
        if not same or _sample(source, old, one) != _sample(target, new, two):
            raise CheckError(f"sample {two} is not the one it was")


def _sample(stream: BinaryIO, table: Table, index: int) -> bytes:
    start, size = int(table.offsets[index]), int(table.sizes[index])
    stream.seek(start)
    if size <= _LONG:
        return stream.read(size)
    begin = stream.read(_LONG // 2)
    stream.seek(start + size - _LONG // 2)
    return begin + stream.read(_LONG // 2)
