"""A JPEG's coefficients, read the slow and plain way: the judge of what the fast core left alone.

Knows nothing of the code it judges: own header walk, codes as strings of bits (ITU-T T.81, F.2).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Sequential:
    """Header of a sequential JPEG, and its scan."""

    quantisation: dict[int, list[int]] = field(default_factory=dict)
    codes: dict[int, dict[str, int]] = field(default_factory=dict)
    components: list[tuple[int, int, int, int]] = field(default_factory=list)  # id, h, v, table
    size: tuple[int, int] = (0, 0)
    restart: int = 0
    chosen: list[int] = field(default_factory=list)
    scan: bytes = b""


def coefficients(data: bytes) -> list[NDArray[np.int16]]:
    """Return for each component (block rows, block columns, 64 in zigzag order), DC absolute.

    Asserts that every bit between the markers is accounted for.
    """
    head = header(data)
    across, down = units(head)
    planes = [np.zeros((down * v, across * h, 64), np.int16) for h, v in factors(head)]
    every = [(x, y) for y in range(down) for x in range(across)]
    pieces = re.split(rb"\xff[\xd0-\xd7]", head.scan)
    step = head.restart or len(every)
    assert len(pieces) == -(-len(every) // step)
    for at, piece in enumerate(pieces):
        _interval(head, piece, every[at * step : (at + 1) * step], planes)
    return planes


def factors(head: Sequential) -> list[tuple[int, int]]:
    found = [(h, v) for _, h, v, _ in head.components]
    return found if len(found) > 1 else [(1, 1)]


def units(head: Sequential) -> tuple[int, int]:
    """Return how many MCUs stand across and down."""
    wide, high = unit(head)
    return -(-head.size[0] // wide), -(-head.size[1] // high)


def unit(head: Sequential) -> tuple[int, int]:
    """Return the pixels of an MCU."""
    return 8 * max(h for h, _ in factors(head)), 8 * max(v for _, v in factors(head))


def header(data: bytes) -> Sequential:
    head, at = Sequential(), 2
    while True:
        assert data[at] == 0xFF
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        at += 2 + size
        if marker == 0xDB:
            head.quantisation |= dict(_steps(body))
        elif marker == 0xC4:
            head.codes |= dict(_codes(body))
        elif marker == 0xDD:
            head.restart = int.from_bytes(body, "big")
        elif marker in {0xC0, 0xC1}:
            head.size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
            parts = [body[i : i + 3] for i in range(6, len(body), 3)]
            head.components = [(p[0], p[1] >> 4, p[1] & 15, p[2]) for p in parts]
        elif marker == 0xDA:
            head.chosen = list(body[2 : 2 + 2 * body[0] : 2])
            end = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(data, at)
            assert end is not None
            head.scan = data[at : end.start()]
            return head


def _steps(body: bytes) -> Iterator[tuple[int, list[int]]]:
    while body:
        assert body[0] < 16
        yield body[0], list(body[1:65])
        body = body[65:]


def _codes(body: bytes) -> Iterator[tuple[int, dict[str, int]]]:
    while body:
        counts, code, at, table = body[1:17], 0, 17, {}
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                table[f"{code:0{length}b}"] = body[at]
                code, at = code + 1, at + 1
            code <<= 1
        assert "1" * 16 not in table
        yield body[0], table
        body = body[at:]


class _Bits:
    def __init__(self, piece: bytes) -> None:
        plain = piece.replace(b"\xff\x00", b"\xff")
        self.bits = "".join(f"{byte:08b}" for byte in plain)
        self.at = 0

    def symbol(self, table: dict[str, int]) -> int:
        for length in range(1, 17):
            found = table.get(self.bits[self.at : self.at + length])
            if found is not None:
                self.at += length
                return found
        raise AssertionError(f"no code at bit {self.at} of {len(self.bits)}")

    def value(self, width: int) -> int:
        text = self.bits[self.at : self.at + width]
        assert len(text) == width
        self.at += width
        if not width:
            return 0
        return int(text, 2) if text[0] == "1" else int(text, 2) - (1 << width) + 1


def _interval(
    head: Sequential, piece: bytes, places: list[tuple[int, int]], planes: list[NDArray[np.int16]]
) -> None:
    bits, dc = _Bits(piece), [0] * len(planes)
    for x, y in places:
        for at, (h, v) in enumerate(factors(head)):
            for sub in range(h * v):
                block = planes[at][y * v + sub // h, x * h + sub % h]
                _block(bits, head.codes, head.chosen[at], block)
                dc[at] += int(block[0])
                block[0] = dc[at]
    rest = bits.bits[bits.at :]
    assert len(rest) < 8
    assert "0" not in rest


def _block(
    bits: _Bits, codes: dict[int, dict[str, int]], chosen: int, block: NDArray[np.int16]
) -> None:
    block[0] = bits.value(bits.symbol(codes[chosen >> 4]))
    place = 1
    while place < 64:
        symbol = bits.symbol(codes[0x10 | chosen & 15])
        if symbol == 0:
            return
        place += symbol >> 4
        if symbol != 0xF0:
            block[place] = bits.value(symbol & 15)
        place += 1
