"""Times in the index of a film or an M4A that name places in its sound: lengths, edits, chapters.

Spec: ISO/IEC 14496-12, 8.2.2 (mvhd), 8.3.2 (tkhd), 8.4.2 (mdhd), 8.6.6 (elst); `chpl` and
`iTunSMPB`, as programs write them.
"""

import re
from typing import Final

from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.fields import field
from kzmark.formats.mp4.tree import Box

_HUNDREDS: Final = 10_000_000  # units of `chpl` in a second
_GAPLESS: Final = re.compile(rb" 00000000 ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{16})")
_CHAPTERS: Final = b"chpl"
_FEWEST: Final = 17  # bytes of such a box of version 1, without a chapter


def lengthen(box: Box, at: tuple[int, int], units: int) -> None:
    """Add to a length that a box names; one that is unknown stays so.

    Args:
        box: `mvhd`, `mdhd` or `tkhd`.
        at: Where the length stands in version 0, and in version 1.
        units: What to add; below 0 to take it away.
    """
    wide = box.body[:1] == b"\1"
    start, size = (at[1], 8) if wide else (at[0], 4)
    old = box.body[start : start + size]
    if len(old) != size:
        raise MalformedMediaError("the head of a track ends too early")
    if old == b"\xff" * size:
        return
    fresh = min(max(0, int.from_bytes(old, "big") + units), (1 << 8 * size) - 2)
    box.body = box.body[:start] + fresh.to_bytes(size, "big") + box.body[start + size :]


def edits(trak: Box) -> list[tuple[int, int, bytes]]:
    """Return length, media time and rate of every edit of a track."""
    found = trak.find(b"edts", b"elst")
    if found is None or len(found.body) < 8:
        return []
    wide = 8 if found.body[0] == 1 else 4
    size = 2 * wide + 4
    count = int.from_bytes(found.body[4:8], "big")
    if count * size > len(found.body) - 8:
        raise MalformedMediaError("the list of edits ends too early")
    rows = (found.body[8 + n * size : 8 + (n + 1) * size] for n in range(count))
    return [
        (
            int.from_bytes(row[:wide], "big"),
            int.from_bytes(row[wide : 2 * wide], "big", signed=True),
            row[2 * wide :],
        )
        for row in rows
    ]


def put_edits(trak: Box, rows: list[tuple[int, int, bytes]]) -> None:
    """Set the edits of a track that has some."""
    narrow = all(length < 1 << 32 and -1 << 31 <= time < 1 << 31 for length, time, _ in rows)
    wide = 4 if narrow else 8
    parts = [bytes((int(wide == 8), 0, 0, 0)), len(rows).to_bytes(4, "big")]
    for length, time, rate in rows:
        parts.append(field(length, wide, what="an edit that lasts"))
        parts.append(field(time, wide, what="an edit that begins", signed=True) + rate)
    trak.need(b"edts", b"elst").body = b"".join(parts)


def move_chapters(moov: Box, seconds: float) -> None:
    """Move the chapters that Nero's box names."""
    udta = moov.find(b"udta")
    if udta is None:
        return
    body = bytearray(udta.body)
    found = _chapters(udta.body)
    if found is None:
        return
    at, end = found
    wide = 4 if body[at] else 0  # version 1 has four more bytes before the number
    place = at + 4 + wide + 1
    for _ in range(body[place - 1]):
        if place + 9 > end:
            break
        start = int.from_bytes(body[place : place + 8], "big") + round(seconds * _HUNDREDS)
        body[place : place + 8] = min(max(0, start), (1 << 64) - 1).to_bytes(8, "big")
        place += 9 + body[place + 8]
    udta.body = bytes(body)


def _chapters(body: bytes) -> tuple[int, int] | None:
    """Return where the content of the chapters begins and ends among the boxes of `udta`."""
    at = 0
    while at + 8 <= len(body):  # a few writers end the list with zeros, which are no box
        size = int.from_bytes(body[at : at + 4], "big")
        if size < 8 or at + size > len(body):
            return None
        if body[at + 4 : at + 8] == _CHAPTERS:
            return (at + 8, at + size) if size >= _FEWEST else None
        at += size
    return None


def gapless_delay(moov: Box) -> int:
    """Return the samples of silence at the start that iTunes' comment tells of; 0 without one."""
    for box in (moov.find(b"udta"), moov.find(b"meta")):
        if box is not None and (found := _GAPLESS.search(box.body)) is not None:
            return int(found[1], 16)
    return 0


def move_gapless(moov: Box, delay: int, grown: int) -> None:
    """Set what iTunes' comment says of silence at the start, and of the length in samples."""
    for box in (moov.find(b"udta"), moov.find(b"meta")):
        if box is not None:
            box.body = _GAPLESS.sub(lambda found: _gapless(found, delay, grown), box.body)


def put_gapless(moov: Box, delay: int, whole: int) -> None:
    """Set what that comment says to other numbers of samples; none are too many at the end."""
    told = f" 00000000 {delay:08X} 00000000 {whole:016X}".encode("ascii")
    for box in (moov.find(b"udta"), moov.find(b"meta")):
        if box is not None:
            box.body = _GAPLESS.sub(told, box.body)


def _gapless(found: "re.Match[bytes]", delay: int, grown: int) -> bytes:
    old, padding, length = (int(found[number], 16) for number in (1, 2, 3))
    whole = (length + grown + old - delay) % (1 << 64)
    return f" 00000000 {delay:08X} {padding:08X} {whole:016X}".encode("ascii")
