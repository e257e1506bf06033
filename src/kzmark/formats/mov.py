"""MOV: the same boxes as MP4, with the names of QuickTime.

Spec: QuickTime file format (2012-08-14).
"""

from dataclasses import replace
from typing import Final

from kzmark.formats._base import Signature
from kzmark.formats._bmff.boxes import brands
from kzmark.formats.mp4 import Mp4

_OLD: Final = (b"moov", b"wide", b"mdat", b"free", b"skip")  # first boxes of files without brands


class Mov(Mp4):
    """QuickTime films."""

    info = replace(
        Mp4.info,
        name="mov",
        title="QuickTime films",
        mime="video/quicktime",
        extensions=(".mov", ".qt"),
        signatures=(
            Signature(b"ftyp", offset=4),
            *(Signature(kind, offset=4) for kind in _OLD),
        ),
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the first brand is that of QuickTime, or there are none, as there were."""
        return brands(head)[0] == b"qt  " or head[4:8] in _OLD


ADAPTER = Mov()
