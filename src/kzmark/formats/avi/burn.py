"""The notice burnt into the pictures of an AVI: new chunks in the places of old ones."""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import CheckError, MediaError
from kzmark.formats._av.facts import survey
from kzmark.formats._av.splice import splice
from kzmark.formats._base import PatchFor
from kzmark.formats._film import Progress, Span
from kzmark.formats.avi.index import index, moved
from kzmark.formats.avi.riff import Edit, File, Moves, Piece, resized, write


def burn(
    source: BinaryIO,
    target: BinaryIO,
    patch_for: PatchFor,
    seconds: Sequence[Span],
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> list[str]:
    """Copy a film with a patch on what is seen in these seconds. See `Films.burn`."""
    file = File(source, limits=limits)
    facts = survey(file.source, limits=limits)
    found = index(file, facts)
    spliced = splice(found.reel, facts, patch_for, seconds, progress=progress)
    edits, sizes = [], {}
    for number in np.flatnonzero(spliced.fresh).tolist():
        chunk, size = found.chunks[number], int(spliced.sizes[number])
        head = size.to_bytes(4, "little")
        body = Piece(spliced.spool, int(spliced.offsets[number]), size)
        edits.append(Edit(chunk.start + 4, chunk.after, (head, body, b"\0" * (size % 2))))
        sizes[chunk.start] = size, bool(spliced.keys[number])
    moves = Moves(edits)
    largest = max(spliced.sizes.max(), found.reel.sizes.max()).item().to_bytes(4, "little")
    room = Edit(found.header.body + 36, found.header.body + 40, (largest,))
    tables = list(moved(file, moves, sizes))
    write(file.source, target, [*edits, *resized(found.lists, moves), *tables, room])
    _check(target, found.reel.count, spliced.sizes, limits)
    return spliced.notes()


def _check(target: BinaryIO, count: int, sizes: "np.ndarray", limits: Limits) -> None:
    """Read the film again.

    Raises:
        CheckError: If it is not what it should be.
    """
    try:
        file = File(target, limits=limits)
        reel = index(file, survey(file.source, limits=limits)).reel
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error
    if reel.count != count or not np.array_equal(reel.sizes, sizes):
        raise CheckError("the pictures are not those that were written")
