"""Painting a TIFF: new strips into old places, numbers patched, every other byte where it was."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from kzmark._limits import Limits
from kzmark.formats._base import Patch, PatchFor
from kzmark.formats._ifd import SHORT, Directory
from kzmark.formats._ifd_draft import Draft
from kzmark.formats.tiff import compact as _tiff_compact
from kzmark.formats.tiff import previews
from kzmark.formats.tiff.fields import Photometric, Tag
from kzmark.formats.tiff.page import pages
from kzmark.formats.tiff.repaint import Repaint, repaint
from kzmark.formats.tiff.space import Space

_DEAD: Final = 0.2  # share of the file that may be left unused before it is written anew
_OF_OLD_FORM: Final = (
    *(Tag.FILL_ORDER, Tag.PREDICTOR, Tag.T4_OPTIONS, Tag.T6_OPTIONS, Tag.JPEG_TABLES),
    *(Tag.TILE_WIDTH, Tag.TILE_LENGTH, Tag.TILE_OFFSETS, Tag.TILE_SIZES),
    *range(512, 522),  # JPEG as TIFF 6.0 first had it
    *(529, 530, 531, 532),  # YCbCr
)
_OF_COLOURS: Final = (Tag.COLOR_MAP, Tag.EXTRA_SAMPLES, Tag.SAMPLE_FORMAT, 280, 281, 290, 291)


def paint(data: bytes, patch_for: PatchFor, *, limits: Limits) -> tuple[bytes, list[str]]:
    """Return a TIFF with a patch on every page, and notes on what else changed.

    Raises:
        MediaError: If it cannot be read or is over the limits.
    """
    draft = Draft(data, limits=limits)
    pages(draft, limits=limits)  # refuse before anything is changed
    freed, notes = previews.drop(draft, limits=limits)
    patches: dict[tuple[int, int], Patch] = {}
    work: list[Repaint] = []
    for page in pages(draft, limits=limits):
        if page.size not in patches:
            patches[page.size] = patch_for(*page.size)
        work.append(repaint(page, draft.data, patches[page.size], limits=limits))
        notes += work[-1].notes
    space = Space(draft, [*freed, *_old(draft, work)], list(_live(draft, work)))
    shared = draft.shared()
    for one in work:
        _settle(draft, one, space, shared)
    if space.dead > _DEAD * len(data):
        compact = _tiff_compact.compact(bytes(draft.data), limits=limits)
        return compact or bytes(draft.data), sorted(set(notes))
    return bytes(draft.data), sorted(set(notes))


def _old(draft: Draft, work: Sequence[Repaint]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the strips that get a successor."""
    for one in work:
        if one.whole:
            pieces = list(draft.regions(one.old.directory))[1:]
            outline = set(draft.outline(one.old.directory.entries))
            yield from ((at, at + size) for at, size in pieces if (at, size) not in outline)
        else:
            for index in set(one.made) & set(range(len(one.old.starts))):
                start = int(one.old.starts[index])
                yield start, start + int(one.old.sizes[index])


def _live(draft: Draft, work: Sequence[Repaint]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of everything that stays."""
    painted = {one.old.directory.at for one in work}
    yield from draft.extents()
    for directory in draft.tree():
        if directory.at not in painted:
            yield from ((at, at + size) for at, size in draft.regions(directory))
    for one in work:
        if not one.whole:
            for index in set(range(len(one.old.starts))) - set(one.made):
                start = int(one.old.starts[index])
                yield start, start + int(one.old.sizes[index])


def _settle(draft: Draft, one: Repaint, space: Space, shared: set[int]) -> None:
    """Put the new strips in their places and tell the directory."""
    old, new = one.old, one.new
    count = new.per_plane * new.planes
    starts, sizes = np.zeros(count, np.int64), np.zeros(count, np.int64)
    known = min(count, len(old.starts))
    starts[:known], sizes[:known] = old.starts[:known], old.sizes[:known]
    for index, content in sorted(one.made.items()):
        starts[index], sizes[index] = space.place(content), len(content)
    directory = _reshape(draft, one, shared)
    where, how_long = (
        (Tag.TILE_OFFSETS, Tag.TILE_SIZES) if new.tiled else (Tag.STRIP_OFFSETS, Tag.STRIP_SIZES)
    )
    draft.renumber(directory, where, starts.tolist(), shared=shared)
    draft.renumber(directory, how_long, sizes.tolist(), shared=shared)


def _reshape(draft: Draft, one: Repaint, shared: set[int]) -> Directory:
    """Bring the other fields of a page up to date; return its directory."""
    fields = dict(_fields(one))
    directory = draft.directory(one.old.directory.at)
    if one.whole:
        directory = draft.narrow(directory, _OF_OLD_FORM)
    if one.new.photometric != one.old.photometric:
        directory = draft.narrow(directory, _OF_COLOURS)
    where, how_long = (
        (Tag.TILE_OFFSETS, Tag.TILE_SIZES)
        if one.new.tiled
        else (Tag.STRIP_OFFSETS, Tag.STRIP_SIZES)
    )
    wanted = {*fields, where, how_long}
    if wanted - {entry.tag for entry in directory.entries}:
        slot = next(slot for slot, one in draft.chain(draft.slot) if one.at == directory.at)
        directory = draft.widen(slot, wanted)
    for tag, numbers in fields.items():
        directory = draft.directory(directory.at)
        if tag == Tag.COLOR_MAP:
            draft.renumber(directory, tag, numbers, shared=shared)
        else:
            _store(draft, directory, tag, numbers)
    return draft.directory(directory.at)


def _fields(one: Repaint) -> Iterator[tuple[int, list[int]]]:
    """Yield the fields that change, with their numbers."""
    old, new = one.old, one.new
    if new.width != old.width:
        yield Tag.WIDTH, [new.width]
    if new.height != old.height:
        yield Tag.LENGTH, [new.height]
    if not new.tiled and (new.down != old.down or one.whole):
        yield Tag.ROWS_PER_STRIP, [new.down]
    if one.whole:
        yield Tag.COMPRESSION, [new.compression]
        yield Tag.PREDICTOR, [new.predictor]
        yield Tag.PLANAR, [new.planes]
    if new.photometric != old.photometric:
        yield Tag.PHOTOMETRIC, [new.photometric]
        yield Tag.BITS, [new.bits] * new.samples
        yield Tag.SAMPLES, [new.samples]
    if new.photometric == Photometric.PALETTE and new.colours is not None:
        if new.colours is not old.colours:
            yield Tag.COLOR_MAP, new.colours.T.ravel().tolist()
    elif new.extras and new.photometric != old.photometric:
        yield Tag.EXTRA_SAMPLES, list(new.extras)


def _store(draft: Draft, directory: Directory, tag: int, numbers: list[int]) -> None:
    wide = max(numbers) >= 1 << 16
    content = np.array(numbers, draft.order + ("u4" if wide else "u2")).tobytes()
    draft.store(directory, tag, 4 if wide else SHORT, content)
