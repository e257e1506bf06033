"""TIFF: an XMP packet in tag 700 and an EXIF record, both of the first page; a plate on every page.

What a change adds stands at the end of the file, and everything else keeps its place.

Spec: TIFF 6.0; XMP specification part 3, TIFF; BigTIFF (magic 43) as libtiff writes it.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import numpy as np

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import MediaError
from kzmark.formats import _orient
from kzmark.formats._base import Box, C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats._ifd import UNDEFINED, Layout
from kzmark.formats._ifd_draft import Draft
from kzmark.formats.layers import exif, xmp
from kzmark.formats.tiff import paint as _tiff_paint
from kzmark.formats.tiff import pixels as _tiff_pixels
from kzmark.formats.tiff.fields import Tag
from kzmark.formats.tiff.page import Page, pages
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_RESERVED: Final = 10  # bytes: c2pa-rs reads a shorter entry as damaged


class Tiff:
    """The adapter of TIFF."""

    info = FormatInfo(
        name="tiff",
        title="TIFF and BigTIFF, also with several pages",
        medium=Medium.IMAGE,
        mime="image/tiff",
        extensions=(".tif", ".tiff"),
        signatures=(
            Signature(b"II*\0"),
            Signature(b"MM\0*"),
            Signature(b"II+\0"),
            Signature(b"MM\0+"),
        ),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every pixel outside the notice; with JPEG inside a TIFF, every strip without it",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP packet and the EXIF record of the first page say."""
        layout = Layout(read_all(source, limits=limits), limits=limits)
        pages(layout, limits=limits)
        return [_packet_evidence(layout, limits), exif.judge_layout(layout)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy `source` to `target` with the mark in the first page's XMP and EXIF."""
        draft = Draft(read_all(source, limits=limits), limits=limits)
        pages(draft, limits=limits)
        packet = xmp.merge(_packet(draft, limits), mark, limits=limits)
        _reserve_manifest(draft)
        exif.inscribe(draft, mark, values={int(Tag.XMP): packet})
        target.write(draft.data)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed (width, height) of each page."""
        layout = Layout(read_all(source, limits=limits), limits=limits)
        return [page.size for page in pages(layout, limits=limits)]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy `source` to `target` with a patch on every page; smaller copies are dropped."""
        data, notes = _tiff_paint.paint(read_all(source, limits=limits), patch_for, limits=limits)
        target.write(data)
        return notes

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield every page as displayed; only the strips that `within` needs are decoded."""
        layout = Layout(read_all(source, limits=limits), limits=limits)
        for index, page in enumerate(pages(layout, limits=limits)):
            yield _picture(page, layout, index, within)


ADAPTER = Tiff()


def _packet(layout: Layout, limits: Limits) -> bytes:
    """Return the XMP packet of the first page, or nothing."""
    entry = layout.directory(layout.first).get(Tag.XMP)
    if entry is None:
        return b""
    limits.check_metadata(entry.size, what="XMP packet")
    return layout.value(entry).rstrip(b"\0")


def _reserve_manifest(draft: Draft) -> None:
    """Give the last of several pages an entry for the C2PA manifest.

    A signer that finds none appends a directory that holds nothing but the manifest (C2PA 2.4,
    A.3.5), which libtiff and Pillow take for a broken page. One that finds an entry fills it; in a
    BigTIFF, c2pa-rs 0.91 then overwrites another entry, so there the directory must do.
    """
    links = list(draft.chain(draft.slot))
    slot, last = links[-1]
    if draft.big or len(links) == 1:
        return
    content = bytes(_RESERVED)
    store = last.get(Tag.C2PA)
    if store and len(last.entries) == 1:  # such a directory: its manifest moves to the page before
        content = draft.value(store)
        if not draft.shared() & {last.at, store.start}:
            draft.erase(draft.regions(last))
        draft.point(slot, 0)
        slot, last = links[-2]
    if not last.get(Tag.C2PA):
        last = draft.widen(slot, {Tag.C2PA})
        draft.store(last, Tag.C2PA, UNDEFINED, content)


def _packet_evidence(layout: Layout, limits: Limits) -> Evidence:
    try:
        packet = _packet(layout, limits)
    except MediaError as error:
        return Evidence(
            layer=Layer.XMP, status=Status.BROKEN, code="xmp.unparsable", detail=error.message
        )
    if not packet:
        return Evidence(layer=Layer.XMP, status=Status.ABSENT)
    return xmp.judge(packet, limits=limits)


def _picture(page: Page, layout: Layout, index: int, within: Box | None) -> Picture:
    width, height = page.size
    box = _orient.clipped(within or (0, 0, width, height), page.size)
    stored = _tiff_pixels.shown(
        page, layout.data, _orient.stored_box(box, page.size, page.orientation)
    )
    pixels = np.ascontiguousarray(_orient.upright(stored, page.orientation))
    return Picture(index=index, width=width, height=height, pixels=pixels, x=box[0], y=box[1])
