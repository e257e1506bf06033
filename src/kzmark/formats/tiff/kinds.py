"""What a directory of a TIFF stands for: a page, a smaller copy, a mask, a camera's raw data.

Spec: TIFF 6.0, section 8 (NewSubfileType, SubfileType); DNG 1.7 (DNGVersion).
"""

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._ifd import Directory, Layout
from kzmark.formats.tiff.fields import Tag


def is_page(layout: Layout, directory: Directory) -> bool:
    """Say whether a directory holds a picture of its own: no smaller copy, no mask."""
    if not directory.get(Tag.WIDTH):  # C2PA 2.4, A.3.5: a directory for the manifest alone
        return False
    if layout.number(directory, Tag.NEW_SUBFILE_TYPE, 0) & 0b101:
        return False
    return layout.number(directory, Tag.SUBFILE_TYPE, 1) != 2


def is_smaller_copy(layout: Layout, directory: Directory) -> bool:
    """Say whether a directory holds a reduced picture of another page."""
    if layout.number(directory, Tag.NEW_SUBFILE_TYPE, 0) & 0b1:
        return True
    return layout.number(directory, Tag.SUBFILE_TYPE, 1) == 2


def refuse_raw(layout: Layout, first: Directory) -> None:
    """Refuse raw files of cameras, which only look like a TIFF.

    Raises:
        UnsupportedMediaError: If it is one.
    """
    reduced = bool(first.get(Tag.SUB_IFDS)) and is_smaller_copy(layout, first)
    if reduced or first.get(Tag.DNG_VERSION) or layout.data[8:10] == b"CR":
        raise UnsupportedMediaError(
            "a camera's raw file, not a picture to mark", hint="develop it to TIFF or JPEG first"
        )
