"""Words before the packets of a Vorbis link, in the same stream."""

from itertools import pairwise

from kzmark.formats._sound import Samples
from kzmark.formats.ogg import pages
from kzmark.formats.ogg.links import File, Link
from kzmark.formats.ogg.vorbis.encode import packets
from kzmark.formats.ogg.vorbis.setup import Setup, read

_PAGE = 40  # packets of one page


def pages_of(file: File, link: Link, words: Samples) -> tuple[list[bytes], int]:
    """Return pages with the words, and by how many samples those behind them come later.

    Raises:
        MediaError: If the headers are damaged, or their books cannot tell words.
    """
    setup = read(link.headers[0], link.headers[2])
    first, start = _first(file, link, setup)
    said = packets(words, setup, first)
    sizes = [setup.block(packet) for packet in said]
    ends, total = [start], start
    for one, two in pairwise(sizes):
        total += one // 4 + two // 4
        ends.append(total)
    made: list[bytes] = []
    count = len(link.head())
    for at in range(0, len(said), _PAGE):
        some = said[at : at + _PAGE]
        position = ends[at + len(some) - 1]
        number = count + len(made)
        made += pages.joined(some, serial=link.serial, number=number, position=position)
    return made, total - start + sizes[-1] // 4 + first // 4


def start_of(file: File, link: Link) -> int:
    """Return the position at which the sound begins: not 0 in a part of a stream."""
    return _first(file, link, read(link.headers[0], link.headers[2]))[1]


def _first(file: File, link: Link, setup: Setup) -> tuple[int, int]:
    """Return samples of the first block, and the position at which the sound begins."""
    page = next(file.pages(link), None)
    if page is None:
        return setup.blocks[1], 0
    found = [packet for packet, _ in pages.packets(file.source, [page], most=1 << 22)]
    sizes = [setup.block(packet) for packet in found]
    if not sizes:
        return setup.blocks[1], 0
    length = sum(one // 4 + two // 4 for one, two in pairwise(sizes))
    if page.flags & pages.LAST or page.position == pages.NOWHERE:
        return sizes[0], 0
    return sizes[0], max(0, page.position - length)
