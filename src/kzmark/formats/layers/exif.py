"""EXIF: the record as JSON in UserComment, the words of the notice in ImageDescription.

The JSON is plain ASCII (other letters as \\u escapes), because that is the one character set that
every reader of UserComment agrees on. What others wrote there stays in front of it, on lines of its
own. Nothing that stands in a block is moved: see `kzmark.formats._ifd`.

Spec: CIPA DC-008-2023 (Exif 3.0), 4.6.4 and 4.6.6.4 UserComment, 4.6.5.4.1 ImageDescription.
"""

import json
from collections.abc import Iterator
from typing import Final

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._record import parse_json
from kzmark.errors import MediaError, RecordError
from kzmark.formats import _comment, _previews
from kzmark.formats._ifd import ASCII, LONG, LONG8, UNDEFINED, Directory, Draft, Layout
from kzmark.mark import MAX_RECORD, Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

EXIF_IFD: Final = 0x8769
USER_COMMENT: Final = 0x9286
DESCRIPTION: Final = 0x010E
_ORIENTATION: Final = 0x0112
_VERSION: Final = 0x9000
_SUB_IFDS: Final = 0x014A
_EMPTY: Final = b"II*\0\0\0\0\0"
_PREFIX: Final = b"Exif\0\0"  # belongs to JPEG's APP1, but some writers leave it elsewhere too
_FACTS: Final = {
    DESCRIPTION: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
}
_FACT: Final = 200  # characters of one fact
_SUB_LIMIT: Final = 32  # sub-directories of one block
