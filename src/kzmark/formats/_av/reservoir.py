"""Frames of MP3 that borrow bits from those before them, behind others that lent none.

What a frame holds may begin in the frames before it. Where new frames take the place of those, the
last new one is made larger, and ends with the bytes that stood there: the old ones find all that
they look back for. Spec: ISO/IEC 11172-3, 2.4.1.7 (side information), 2.4.3.1 (main data).
"""

from collections.abc import Sequence
from typing import Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats.mp3.frames import BIT_RATES, Header, header

_GRANULE: Final = (59, 63)  # bits that describe one channel of one, MPEG-1 and MPEG-2
_LENGTH: Final = 12  # of them, how long its main data are, in bits
_BACK: Final = (511, 255)  # bytes that can be looked back for


def bridged(last: bytes, before: Sequence[bytes]) -> bytes:
    """Return a frame that ends with what stood before the next, as far back as that may look.

    Args:
        last: A frame that looks back for nothing.
        before: The frames that stood there, up to the one whose place it takes.

    Raises:
        UnsupportedMediaError: If no frame is large enough.
    """
    first = _understood(last)
    wanted = b""
    for frame in reversed(before):
        wanted = frame[_understood(frame).side :] + wanted
        if len(wanted) >= _BACK[first.version != 1]:
            break
    wanted = wanted[-_BACK[first.version != 1] :]
    used = first.side + -(-_main(last, first) // 8)
    for number in range(len(BIT_RATES[first.version])):
        third = number + 1 << 4 | last[2] & 0x0F
        larger = _understood(bytes((*last[:2], third, last[3])))
        if larger.size >= max(used + len(wanted), len(last)):
            room = larger.size - used - len(wanted)
            return larger.raw + last[4:used] + bytes(room) + wanted
    raise UnsupportedMediaError("its frames borrow more bits than one can hold")


def _understood(frame: bytes) -> Header:
    found = header(frame[:4])
    if found is None:
        raise UnsupportedMediaError("a packet of its sound is no frame of MP3")
    return found


def _main(frame: bytes, first: Header) -> int:
    """Return how long the main data of a frame are, in bits."""
    old = first.version == 1
    begin = first.side - (32 if old and first.channels == 2 else 17 if old else 0)
    if not old:
        begin = first.side - (17 if first.channels == 2 else 9)
    side = int.from_bytes(frame[begin : first.side], "big")
    left = 8 * (first.side - begin)
    lead = (9 + (3 if first.channels == 2 else 5) + 4 * first.channels) if old else 0
    lead = lead or 8 + (2 if first.channels == 2 else 1)
    total = 0
    for number in range((2 if old else 1) * first.channels):
        at = left - lead - number * _GRANULE[not old] - _LENGTH
        total += side >> at & ((1 << _LENGTH) - 1)
    return total
