"""Words before the packets of an Opus link: packets of their own, in the same stream.

Spec: RFC 7845, 4 (positions, pre-skip) and 5.1 (identification header); RFC 6716, 3.1 (lengths).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.facts import Facts
from kzmark.formats._audio.voice import Coded, Manner, coded
from kzmark.formats._sound import Samples
from kzmark.formats.ogg import pages
from kzmark.formats.ogg.links import File, Link

RATE: Final = 48_000  # samples a second of every Opus stream
_QUIET: Final = 0.12  # seconds of silence in which the decoder comes to rest
_PACKETS: Final = 2  # of silence in another mode
_CELT: Final = 16  # the first configuration of packets that are coded as music is
_HYBRID: Final = 12  # the first one of packets that are coded as both
_SPEECH: Final = 11_000  # bits a second of two channels, at which packets are coded as speech is
_PAGE: Final = 50  # packets of one page: a second
_LEAST, _MOST = 24_000, 128_000  # bits a second of one channel
_GAIN: Final = slice(16, 18)
_MAP: Final = slice(18, None)
_SKIP: Final = slice(10, 12)
_LENGTHS: Final = (  # samples of a frame, by the configuration in the first byte of a packet
    (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
)


def spoken(words: Samples, link: Link, facts: Facts, first: bytes) -> Coded:
    """Return the words as packets that a decoder of this link takes.

    Args:
        words: The words.
        link: The link.
        facts: What libav knows of it.
        first: Its first packet of sound.

    Raises:
        UnsupportedMediaError: If its channels are arranged in a way of their own.
    """
    head = link.headers[0]
    if len(head) < 19:
        raise MalformedMediaError("the header of the sound is cut off")
    gain = int.from_bytes(head[_GAIN], "little", signed=True) / 256  # decibels, for all packets
    quieter = words * np.float32(10 ** (-gain / 20))
    real = facts.bit_rate or 96_000
    channels = words.shape[1]
    manner = Manner(
        encoder="libopus",
        rate=RATE,
        layout=facts.sound.layout,
        sample="flt",
        bit_rate=max(_LEAST * channels, min(real, _MOST * channels)),
    )
    found = coded([quieter, _quiet(words)], manner)
    if found.extradata[_MAP] != head[_MAP] or found.extradata[9] != head[9]:
        raise UnsupportedMediaError("its channels are arranged in a way of their own")
    return replace(found, packets=[*found.packets, *_rest(words, manner, first)])


def _rest(words: Samples, manner: Manner, first: bytes) -> Sequence[bytes]:
    """Return silence in the mode that the sound does not begin in.

    A decoder that changes its mode forgets all it knew of the other, as at the start of a stream
    (RFC 6716, 4.5.2): so what follows is decoded as it was, behind the first few milliseconds,
    which a player leaves out. Nothing if the encoder does not choose that mode.
    """
    if words.shape[1] > 2:  # its streams would change their modes one by one
        return []
    celt = bool(first) and first[0] >> 3 >= _CELT
    options = {"application": "voip" if celt else "lowdelay"}
    rate = _SPEECH * -(-words.shape[1] // 2) if celt else manner.bit_rate
    found = coded([_quiet(words)], replace(manner, options=options, bit_rate=rate)).packets
    fits = [one for one in found if (one[0] >> 3 < _HYBRID if celt else one[0] >> 3 >= _CELT)]
    return fits[-_PACKETS:]


def _quiet(words: Samples) -> Samples:
    return np.zeros((round(_QUIET * RATE), words.shape[1]), np.float32)


def pages_of(file: File, link: Link, coded_: Coded) -> tuple[list[bytes], int]:
    """Return pages with the words, and by how many samples those behind them come later."""
    start = start_of(file, link)
    made: list[bytes] = []
    count = len(link.head())
    for at in range(0, len(coded_.packets), _PAGE):
        some = coded_.packets[at : at + _PAGE]
        position = start + (at + len(some)) * coded_.frame
        number = count + len(made)
        made += pages.joined(some, serial=link.serial, number=number, position=position)
    return made, len(coded_.packets) * coded_.frame


def put_skip(link: Link, samples: int) -> int:
    """Set how many samples a player leaves out at the start, and return how many it was."""
    head = link.headers[0]
    link.headers[0] = head[:10] + samples.to_bytes(2, "little") + head[12:]
    return int.from_bytes(head[_SKIP], "little")


def first_packet(file: File, link: Link) -> bytes:
    """Return the first packet of sound of a link, or nothing."""
    found = pages.packets(file.source, file.pages(link), most=1 << 20)
    return next((packet for packet, _ in found), b"")


def start_of(file: File, link: Link) -> int:
    """Return the position at which the first page of sound begins: not 0 in a part of a stream."""
    page = next(file.pages(link), None)
    if page is None or page.flags & pages.LAST or page.position == pages.NOWHERE:
        return 0
    found = pages.packets(file.source, [page], most=1 << 20)
    length = sum(_length(packet) for packet, _ in found)
    return max(0, page.position - length)


def _length(packet: bytes) -> int:
    """Return how many samples a packet holds."""
    if not packet:
        return 0
    code = packet[0] & 3
    frames = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 0)[code]
    return frames * _LENGTHS[packet[0] >> 3]
