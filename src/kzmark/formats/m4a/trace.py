"""What words left behind them in the index of an M4A, so that they can be taken back.

Where a sound began to be played before words came cannot be told from what is there afterwards: the
words begin with a delay of their own. A `uuid` box of the track keeps it; players pass over it.

Spec: ISO/IEC 14496-12, 4.2 and 11.1 (extended types).
"""

import struct
from dataclasses import dataclass
from typing import Final

from kzmark.formats.mp4 import times
from kzmark.formats.mp4.tree import Box

_NAME: Final = bytes.fromhex("5d3a1fb0c2b64f6e9a1a6b7a6d61726b")
_BODY: Final = struct.Struct(">IIqI")  # version, packets, time, delay


@dataclass(frozen=True, slots=True)
class Trace:
    """What was before words came.

    Attributes:
        packets: How many of them there are.
        begin: Media time at which the only edit began; 0 if there were none or several.
        delay: Samples of silence at the start, of which iTunes' comment told.
    """

    packets: int
    begin: int
    delay: int

    @classmethod
    def of(cls, moov: Box, trak: Box, packets: int) -> "Trace":
        """Return what is there before so many packets of words come."""
        rows = times.edits(trak)
        begin = rows[0][1] if len(rows) == 1 and rows[0][1] >= 0 else 0
        return cls(packets, begin, times.gapless_delay(moov))

    @classmethod
    def find(cls, trak: Box) -> "Trace | None":
        """Return what is told, if it is."""
        for box in trak.children or ():
            if _is_trace(box) and len(box.body) == len(_NAME) + _BODY.size:
                version, packets, begin, delay = _BODY.unpack(box.body[len(_NAME) :])
                if not version and begin >= 0:
                    return cls(packets, begin, delay)
        return None

    def put(self, trak: Box) -> None:
        """Tell it; of words that are there already nothing is told any more."""
        drop(trak)
        assert trak.children is not None
        body = _NAME + _BODY.pack(0, self.packets, self.begin, self.delay)
        trak.children.append(Box(b"uuid", body))


def drop(trak: Box) -> None:
    """Tell nothing any more."""
    trak.children = [box for box in trak.children or () if not _is_trace(box)]


def _is_trace(box: Box) -> bool:
    return box.kind == b"uuid" and box.body.startswith(_NAME)
