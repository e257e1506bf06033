"""Numbers of TIFF: tags, kinds of colour, compressions.

Spec: TIFF 6.0; Adobe and libtiff for what came later.
"""

from enum import IntEnum
from typing import Final


class Tag(IntEnum):
    """Fields of a page, by the names TIFF 6.0 gives them."""

    NEW_SUBFILE_TYPE = 254
    SUBFILE_TYPE = 255
    WIDTH = 256
    LENGTH = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_SIZES = 279
    PLANAR = 284
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    PREDICTOR = 317
    COLOR_MAP = 320
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_SIZES = 325
    SUB_IFDS = 330
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    XMP = 700
    PHOTOSHOP = 34377
    PHOTOSHOP_LAYERS = 37724
    DNG_VERSION = 50706
    C2PA = 52545


class Photometric(IntEnum):
    """What the samples mean."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    CMYK = 5
    YCBCR = 6
    LAB = 8


JPEG: Final = 7
OLD_JPEG: Final = 6
DEFLATE: Final = frozenset({8, 32946})
FAX: Final = {2: "tiff_ccitt", 3: "group3", 4: "group4"}
BYTEWISE: Final = {5: "tiff_lzw", 32773: "packbits", 34925: "lzma", 50000: "zstd"}
