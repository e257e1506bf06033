"""What else in a TIFF shows the picture: smaller copies, thumbnails, Photoshop's layers.

Spec: TIFF 6.0, section 8 (NewSubfileType); Adobe, TIFF technical notes (SubIFDs, ImageSourceData);
Adobe Photoshop file formats, image resources 1033 and 1036.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MediaError
from kzmark.formats import _previews
from kzmark.formats._ifd import EXIF_IFD, UNDEFINED, Directory
from kzmark.formats._ifd_draft import Draft
from kzmark.formats.layers import xmp
from kzmark.formats.tiff.fields import Tag
from kzmark.formats.tiff.kinds import is_smaller_copy

THUMBNAIL: Final = "tiff-thumbnail-dropped"
LAYERS: Final = "tiff-layers-dropped"
_MAKER_NOTE: Final = 0x927C
_RESOURCE_THUMBNAILS: Final = frozenset({1033, 1036})


def drop(draft: Draft, *, limits: Limits) -> tuple[list[tuple[int, int]], list[str]]:
    """Take out what would show the picture without its notice.

    Returns:
        (start, end) of regions that may be free now, and notes on what was dropped.
    """
    freed: list[tuple[int, int]] = []
    notes: list[str] = []
    for directory in _unlink(draft):
        notes.append(THUMBNAIL)
        freed += draft.regions(directory)
    for at in [one.at for _, one in draft.chain(draft.slot)]:
        directory = draft.directory(at)
        for child in draft.sub_directories(directory):
            freed += draft.regions(child)
        layers = directory.get(Tag.PHOTOSHOP_LAYERS)
        freed += draft.outline([layers] if layers else [])
        notes += [THUMBNAIL] if directory.get(Tag.SUB_IFDS) else []
        notes += [LAYERS] if layers else []
        directory = draft.narrow(directory, {Tag.SUB_IFDS, Tag.PHOTOSHOP_LAYERS})
        changed = _strip_values(draft, directory, limits=limits)
        notes += [THUMBNAIL] if changed else []
    return [(start, start + size) for start, size in freed], notes


def _unlink(draft: Draft) -> list[Directory]:
    """Take smaller copies, except the first page, out of the chain and return them."""
    gone: list[Directory] = []
    links = list(draft.chain(draft.slot))
    last = links[0][1]
    for _, directory in links[1:]:
        if is_smaller_copy(draft, directory):
            gone.append(directory)
            draft.point(last.slot, directory.following)
        else:
            last = directory
    return gone


def _strip_values(draft: Draft, directory: Directory, *, limits: Limits) -> bool:
    """Take thumbnails out of the XMP packet, Photoshop's resources and the MakerNote."""
    changed = False
    with contextlib.suppress(MediaError):  # what cannot be read shows nobody a thumbnail
        if packet := directory.get(Tag.XMP):
            kept, found = xmp.drop_thumbnails(draft.value(packet), limits=limits)
            changed = changed or found
            if found:
                _replace(draft, directory, Tag.XMP, kept)
    with contextlib.suppress(MediaError):
        if resources := directory.get(Tag.PHOTOSHOP):
            old = draft.value(resources)
            kept = b"".join(_resources(old))
            changed = changed or kept != old
            if kept != old:
                _replace(draft, directory, Tag.PHOTOSHOP, kept)
    for exif in draft.sub_directories(directory, EXIF_IFD):
        note = exif.get(_MAKER_NOTE)
        if note and note.size > draft.pointer_size:
            inside = draft.data[note.start : note.start + note.size]
            for start, size in _previews.jpegs(inside):
                draft.data[note.start + start : note.start + start + size] = bytes(size)
                changed = True
    return changed


def _replace(draft: Draft, directory: Directory, tag: Tag, content: bytes) -> None:
    entry = directory.get(tag)
    assert entry is not None
    if entry.start not in draft.shared():
        draft.erase(draft.outline([entry]))
    draft.store(directory, tag, entry.kind if entry.kind == 1 else UNDEFINED, content)


def _resources(block: bytes) -> Iterator[bytes]:
    """Yield Photoshop's resources except thumbnails; what cannot be read comes as it is."""
    at = 0
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        name = 1 + block[at + 6]
        size_at = at + 6 + name + name % 2
        size = int.from_bytes(block[size_at : size_at + 4], "big")
        end = size_at + 4 + size + size % 2
        if int.from_bytes(block[at + 4 : at + 6], "big") not in _RESOURCE_THUMBNAILS:
            yield block[at:end]
        at = end
    yield block[at:]
