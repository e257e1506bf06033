"""The kind of sound of a track: what its sample entry says.

Spec: ISO/IEC 14496-12, 12.2.3 (sample entry); 14496-14, 5.6 (`esds`); 14496-3, 1.6.2.1
(AudioSpecificConfig); QuickTime file format (sound sample description, versions 1 and 2).
"""

from dataclasses import dataclass
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._bmff.boxes import first, spans
from kzmark.formats.mp4.tree import Box

_SIZES: Final = {0: 28, 1: 44, 2: 64}  # bytes of an entry before its boxes, by version
_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip
_LOW: Final = 2  # AAC of low complexity: what can be encoded
_SPECTRAL: Final = frozenset({5, 29})  # high efficiency: half of the rate is coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a track is coded.

    Attributes:
        codec: "aac" or "alac".
        config: What a decoder needs.
        rate: Samples a second that are coded; half of those heard in high efficiency AAC.
        mono: Whether one channel is coded, whether two are heard or not.
    """

    codec: str
    config: bytes
    rate: int
    mono: bool = False


def entry(stbl: Box, *, limits: Limits) -> Entry:
    """Return how the samples of a track are coded.

    Raises:
        UnsupportedMediaError: If they are of several kinds, or of one that cannot be encoded.
    """
    body = stbl.need(b"stsd").body
    count, size = (int.from_bytes(body[at : at + 4], "big") for at in (4, 8))
    if count != 1:
        raise UnsupportedMediaError(f"the sound has {count} descriptions, not one")
    kind, data = body[12:16], body[16 : 8 + size]
    if size < 36 or 8 + size > len(body):
        raise MalformedMediaError("the description of the sound ends too early")
    version = int.from_bytes(data[8:10], "big")
    inner = spans(data, _SIZES.get(version, 28), len(data), limits=limits)
    if (wave := first(inner, b"wave")) is not None:  # QuickTime wraps them once more
        end = (
            wave.end - 8 if data[wave.end - 8 : wave.end] == b"\0\0\0\x08" + bytes(4) else wave.end
        )
        inner = spans(data, wave.body, end, limits=limits)
    if kind == b"mp4a" and (esds := first(inner, b"esds")) is not None:
        return _aac(data[esds.body : esds.end])
    if kind == b"alac" and (cookie := first(inner, b"alac")) is not None:
        return _alac(data[cookie.start : cookie.end])
    name = kind.decode("latin-1")
    raise UnsupportedMediaError(f"sound of the kind {name!r} cannot be joined to words")


def _aac(esds: bytes) -> Entry:
    kind, config = _decoder_info(esds)
    if kind != 0x40 or len(config) < 2:
        raise UnsupportedMediaError(f"sound of the MPEG-4 object type {kind:#04x}")
    bits = int.from_bytes(config.ljust(16, b"\0"), "big")
    at = 128

    def take(count: int) -> int:
        nonlocal at
        at -= count
        return bits >> at & ((1 << count) - 1)

    def rate() -> int:
        index = take(4)
        if index == 15:
            return take(24)
        return _RATES[index] if index < len(_RATES) else 0

    aot, core, channels = take(5), rate(), take(4)
    if aot in _SPECTRAL:
        rate()  # the one that is heard
        aot = take(5)
    if aot != _LOW or take(1) or not core:
        raise UnsupportedMediaError(f"AAC of the object type {aot}, which cannot be encoded here")
    return Entry(codec="aac", config=config, rate=core, mono=channels == 1)


def _alac(cookie: bytes) -> Entry:
    if len(cookie) < 36:
        raise MalformedMediaError("the description of the sound ends too early")
    return Entry(codec="alac", config=cookie, rate=int.from_bytes(cookie[32:36], "big"))


def _decoder_info(esds: bytes) -> tuple[int, bytes]:
    """Return the object type and the specific information of a decoder (14496-1, 7.2.6)."""
    at, kind = 4, 0
    while at + 2 <= len(esds):
        tag, size, at = esds[at], 0, at + 1
        for _ in range(4):
            byte = esds[at : at + 1] or b"\0"
            size, at = size << 7 | byte[0] & 0x7F, at + 1
            if byte[0] < 0x80:
                break
        if tag == 3:
            at += 3
        elif tag == 4:
            kind = esds[at] if at < len(esds) else 0
            at += 13
        elif tag == 5:
            return kind, esds[at : at + size]
        else:
            at += size
    return kind, b""
