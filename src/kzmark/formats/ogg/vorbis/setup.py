"""What the headers of a Vorbis stream say: floors, residues, mappings, modes.

Spec: Vorbis I, 4.2 (headers), 7.2.2 (floor 1), 8.6.1 (residues).
"""

from dataclasses import dataclass

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats.ogg.vorbis.bits import Reader, width
from kzmark.formats.ogg.vorbis.books import Book, book


@dataclass(frozen=True, slots=True)
class FloorClass:
    """A class of posts of a floor: how many, and which books tell them."""

    dimensions: int
    subclasses: int
    master: int
    books: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor of type 1: posts between which lines are drawn."""

    partitions: tuple[int, ...]
    classes: tuple[FloorClass, ...]
    multiplier: int
    posts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Residue:
    """What is left when the floor is taken away: where it stands, and which books tell it."""

    kind: int
    begin: int
    end: int
    size: int
    classes: int
    classbook: int
    books: tuple[tuple[int, ...], ...]  # of each class, of each pass; -1 for none


@dataclass(frozen=True, slots=True)
class Mapping:
    """How channels are told."""

    coupling: tuple[tuple[int, int], ...]
    mux: tuple[int, ...]
    submaps: tuple[tuple[int, int], ...]  # floor and residue


@dataclass(frozen=True, slots=True)
class Setup:
    """All of it.

    Attributes:
        channels: How many.
        rate: Samples a second.
        blocks: Samples of a short and of a long block.
        modes: Whether its blocks are long, and its mapping.
    """

    channels: int
    rate: int
    blocks: tuple[int, int]
    books: tuple[Book, ...]
    floors: tuple[Floor, ...]
    residues: tuple[Residue, ...]
    mappings: tuple[Mapping, ...]
    modes: tuple[tuple[bool, int], ...]

    def block(self, packet: bytes) -> int:
        """Return how many samples the block of a packet has; 0 if it is no sound."""
        if not packet or packet[0] & 1:
            return 0
        number = packet[0] >> 1 & ((1 << width(len(self.modes) - 1)) - 1)
        return self.blocks[self.modes[number][0]] if number < len(self.modes) else 0


def read(head: bytes, setup: bytes) -> Setup:
    """Read the first and the third header.

    Raises:
        MediaError: If they break their rules, or use floors of the kind that nobody uses.
    """
    if len(head) < 30 or not setup.startswith(b"\x05vorbis"):
        raise MalformedMediaError("the headers of the sound are cut off")
    channels, rate = head[11], int.from_bytes(head[12:16], "little")
    blocks = (1 << (head[28] & 15), 1 << (head[28] >> 4))
    if not channels or not rate or not 64 <= blocks[0] <= blocks[1] <= 8192:
        raise MalformedMediaError("a header of Vorbis that makes no sense")
    bits = Reader(setup[7:])
    try:
        books = tuple(book(bits) for _ in range(bits.take(8) + 1))
        for _ in range(bits.take(6) + 1):
            bits.take(16)
        floors = tuple(_floor(bits) for _ in range(bits.take(6) + 1))
        residues = tuple(_residue(bits) for _ in range(bits.take(6) + 1))
        mappings = tuple(_mapping(bits, channels) for _ in range(bits.take(6) + 1))
        modes = tuple(_mode(bits) for _ in range(bits.take(6) + 1))
        found = Setup(channels, rate, blocks, books, floors, residues, mappings, modes)
        _check(found)
    except (IndexError, OverflowError, ValueError) as error:
        raise MalformedMediaError("a header of Vorbis is damaged") from error
    return found


def _floor(bits: Reader) -> Floor:
    if bits.take(16) != 1:
        raise UnsupportedMediaError("a Vorbis stream with floors of type 0")
    partitions = tuple(bits.take(4) for _ in range(bits.take(5)))
    classes = tuple(_floor_class(bits) for _ in range(max(partitions, default=-1) + 1))
    multiplier, size = bits.take(2) + 1, bits.take(4)
    posts = [0, 1 << size]
    for one in partitions:
        posts += [bits.take(size) for _ in range(classes[one].dimensions)]
    if len(set(posts)) != len(posts):
        raise MalformedMediaError("a floor with two posts in one place")
    return Floor(partitions, classes, multiplier, tuple(posts))


def _floor_class(bits: Reader) -> FloorClass:
    dimensions, subclasses = bits.take(3) + 1, bits.take(2)
    master = bits.take(8) if subclasses else -1
    books = tuple(bits.take(8) - 1 for _ in range(1 << subclasses))
    return FloorClass(dimensions, subclasses, master, books)


def _residue(bits: Reader) -> Residue:
    kind, begin, end = bits.take(16), bits.take(24), bits.take(24)
    size, classes, classbook = bits.take(24) + 1, bits.take(6) + 1, bits.take(8)
    cascades = []
    for _ in range(classes):
        low = bits.take(3)
        cascades.append(low | (bits.take(5) << 3 if bits.take(1) else 0))
    books = tuple(
        tuple(bits.take(8) if cascade >> at & 1 else -1 for at in range(8)) for cascade in cascades
    )
    if kind > 2 or begin > end:
        raise MalformedMediaError("a residue that makes no sense")
    return Residue(kind, begin, end, size, classes, classbook, books)


def _mapping(bits: Reader, channels: int) -> Mapping:
    if bits.take(16):
        raise MalformedMediaError("a mapping of an unknown kind")
    count = bits.take(4) + 1 if bits.take(1) else 1
    steps, size = (bits.take(8) + 1 if bits.take(1) else 0), width(channels - 1)
    coupling = tuple((bits.take(size), bits.take(size)) for _ in range(steps))
    bits.take(2)
    mux = tuple(bits.take(4) if count > 1 else 0 for _ in range(channels))
    submaps = []
    for _ in range(count):
        bits.take(8)
        submaps.append((bits.take(8), bits.take(8)))
    return Mapping(coupling, mux, tuple(submaps))


def _mode(bits: Reader) -> tuple[bool, int]:
    long = bool(bits.take(1))
    bits.take(32)
    return long, bits.take(8)


def _check(setup: Setup) -> None:
    """Look up everything once that is named by number: an IndexError tells of damage."""
    for floor in setup.floors:
        for one in floor.classes:
            for number in (one.master, *one.books):
                _ = setup.books[number] if number >= 0 else None
    for residue in setup.residues:
        _check_residue(setup, residue)
    for mapping in setup.mappings:
        for floor_, residue_ in (mapping.submaps[one] for one in mapping.mux):
            _ = setup.floors[floor_], setup.residues[residue_]
        if any(one == two or max(one, two) >= setup.channels for one, two in mapping.coupling):
            raise MalformedMediaError("a mapping that couples a channel with itself")
    for _, number in setup.modes:
        _ = setup.mappings[number]


def _check_residue(setup: Setup, residue: Residue) -> None:
    told = setup.books[residue.classbook]
    if not told.dimensions or residue.classes**told.dimensions > max(len(told.lengths), 1):
        raise MalformedMediaError("a residue whose classes have no book")
    for number in (one for passes in residue.books for one in passes if one >= 0):
        named = setup.books[number]
        if named.values is None:
            raise MalformedMediaError("a residue with a book without numbers")
        if residue.size % named.dimensions:
            raise MalformedMediaError("a residue whose books do not fit its partitions")
