"""Distributions of JPEG XL's entropy coding: rANS tables and prefix codes, read from the stream.

Spec: ISO/IEC 18181-1, C.2.4 (prefix codes; RFC 7932, 3.4 and 3.5), C.2.5 and C.2.6 (rANS).
"""

from collections.abc import Callable, Iterator
from typing import Final

from kzmark.errors import MalformedMediaError
from kzmark.formats.jxl.bits import Bits

_TABLE_LOG: Final = 12
_TABLE: Final = 1 << _TABLE_LOG
_RUN: Final = 13  # a logarithmic count that means "the same again"
_LOG_COUNTS: Final = {  # (bits, code as read) → logarithmic count (C.2.5)
    (3, 0): 10, (3, 2): 7, (3, 4): 6, (3, 5): 8, (3, 6): 9, (4, 3): 3, (4, 7): 5, (4, 9): 4,
    (4, 11): 1, (4, 15): 2, (5, 17): 0, (6, 33): 11, (7, 1): 12, (7, 65): _RUN,
}  # fmt: skip
_LENGTH_ORDER: Final = (1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_LENGTH_CODES: Final = {(2, 0): 0, (2, 1): 4, (2, 2): 3, (3, 3): 2, (4, 7): 1, (4, 15): 5}

Symbol = Callable[[], int]  # reads the next symbol of a code


def short(bits: Bits, width: int) -> int:
    """Read a number whose own width is given first, in `width` bits."""
    if not bits.flag():
        return 0
    count = bits.take(width)
    return bits.take(count) + (1 << count)


def histogram(bits: Bits) -> list[int]:
    """Read an rANS distribution of sum 4096 (C.2.5)."""
    if bits.flag():
        first, *others = [short(bits, 3) for _ in range(bits.take(1) + 1)]
        share = bits.take(_TABLE_LOG) if others else _TABLE
        if others and others[0] == first:
            raise MalformedMediaError("a distribution names a symbol twice")
        counts = [0] * (max([first, *others]) + 1)
        counts[first] = share
        for other in others:
            counts[other] = _TABLE - share
        return counts
    if bits.flag():
        size = short(bits, 3) + 1
        return [_TABLE // size + (i < _TABLE % size) for i in range(size)]
    log = next((i for i in range(3) if not bits.flag()), 3)
    shift = (bits.take(log) | 1 << log) - 1
    if shift > _RUN:
        raise MalformedMediaError("a distribution is too precise")
    return _counts(bits, shift, short(bits, 3) + 3)


def _counts(bits: Bits, shift: int, size: int) -> list[int]:
    logs, runs = [0] * size, {}
    index = 0
    while index < size:
        logs[index] = _code(bits, _LOG_COUNTS)
        if logs[index] == _RUN:
            runs[index] = short(bits, 3) + 4
            index += runs[index] - 1
        index += 1
    plain = [i for i in range(size) if logs[i] != _RUN]
    top = max(plain, key=lambda i: (logs[i], -i), default=-1)
    if top < 0:
        raise MalformedMediaError("a distribution of nothing")
    counts = [0] * size
    again = previous = 0
    for i, log in enumerate(logs):
        if i in runs:
            again, previous = runs[i], counts[i - 1] if i else 0
        if again:
            again -= 1
            counts[i] = previous
        elif i != top and log:
            width = max(min(log - 1, shift - ((_TABLE_LOG - log + 1) >> 1)), 0)
            counts[i] = (1 << (log - 1)) + (bits.take(width) << (log - 1 - width))
    counts[top] = _TABLE - sum(counts)
    if counts[top] <= 0:
        raise MalformedMediaError("a distribution sums to too much")
    return counts


class Alias:
    """An alias table (C.2.6): which symbol a slot of the rANS state belongs to."""

    def __init__(self, counts: list[int], log: int) -> None:
        while counts and not counts[-1]:
            counts.pop()
        if len(counts) > 1 << log:
            raise MalformedMediaError("a distribution has too many symbols")
        self.counts = counts + [0] * ((1 << log) - len(counts))
        self.entry_log = _TABLE_LOG - log
        self.single = counts.index(_TABLE) if _TABLE in counts else -1
        if self.single < 0:
            self._share(1 << self.entry_log)

    def _share(self, room: int) -> None:
        self.cut = list(self.counts)
        self.right = list(range(len(self.cut)))
        self.offset = [0] * len(self.cut)
        over = [i for i, count in enumerate(self.cut) if count > room]
        under = [i for i, count in enumerate(self.cut) if count < room]
        while over:
            rich, poor = over.pop(), under.pop()
            self.cut[rich] -= room - self.cut[poor]
            self.right[poor], self.offset[poor] = rich, self.cut[rich]
            if self.cut[rich] < room:
                under.append(rich)
            elif self.cut[rich] > room:
                over.append(rich)
        for i, cut in enumerate(self.cut):
            if cut == room:
                self.right[i], self.offset[i], self.cut[i] = i, 0, 0
            else:
                self.offset[i] -= cut

    def look_up(self, slot: int) -> tuple[int, int]:
        """Return the symbol of a slot, and the slot's number among those of the symbol."""
        if self.single >= 0:
            return self.single, slot
        entry, place = slot >> self.entry_log, slot & ((1 << self.entry_log) - 1)
        if place < self.cut[entry]:
            return entry, place
        return self.right[entry], self.offset[entry] + place


def ans(bits: Bits, state: list[int], table: Alias) -> Symbol:
    """Return the reader of symbols coded by ANS (ISO/IEC 18181-1, C.2)."""

    def symbol() -> int:
        found, place = table.look_up(state[0] & (_TABLE - 1))
        value = table.counts[found] * (state[0] >> _TABLE_LOG) + place
        state[0] = value << 16 | bits.take(16) if value < 1 << 16 else value
        return found

    return symbol


def prefix_code(bits: Bits, size: int) -> Symbol:
    """Read a prefix code (C.2.4; RFC 7932, 3.4 and 3.5)."""
    if size == 1:
        return lambda: 0
    if size > 1 << 15:
        raise MalformedMediaError("a prefix code has too many symbols")
    skip = bits.take(2)
    if skip == 1:
        return _simple_code(bits, size)
    lengths, space = [0] * len(_LENGTH_ORDER), 32
    for index in _LENGTH_ORDER[skip:]:
        if space <= 0:
            break
        lengths[index] = _code(bits, _LENGTH_CODES)
        space -= 32 >> lengths[index] if lengths[index] else 0
    used = [i for i, length in enumerate(lengths) if length]
    if len(used) != 1 and space:
        raise MalformedMediaError("a prefix code is not complete")
    read = (lambda: used[0]) if len(used) == 1 else _canonical(bits, lengths)
    return _canonical(bits, list(_code_lengths(bits, read, size)))


def _simple_code(bits: Bits, size: int) -> Symbol:
    count = bits.take(2) + 1
    symbols = [bits.take((size - 1).bit_length()) for _ in range(count)]
    if max(symbols) >= size or len(set(symbols)) < count:
        raise MalformedMediaError("a prefix code names impossible symbols")
    if count == 1:
        return lambda: symbols[0]
    shape = ((1, 1), (1, 2, 2), (2, 2, 2, 2))[count - 2]
    if count == 4 and bits.flag():
        shape = (1, 2, 3, 3)
    lengths = [0] * size
    for symbol, length in zip(symbols, shape, strict=True):
        lengths[symbol] = length
    return _canonical(bits, lengths)


def _code_lengths(bits: Bits, read: Symbol, size: int) -> Iterator[int]:
    done, space, last, again, repeated = 0, 1 << 15, 8, 0, -1
    while done < size and space > 0:
        code = read()
        count, value = 1, code
        if code < 16:
            again = 0
            last = code or last
        else:
            value = last if code == 16 else 0
            again = again if repeated == value else 0
            repeated = value
            before, extra = again, code - 14
            again = ((again - 2) << extra if again else 0) + bits.take(extra) + 3
            count = again - before
        if done + count > size:
            raise MalformedMediaError("a prefix code has too many lengths")
        done += count
        space -= count * (1 << 15 >> value) if value else 0
        yield from [value] * count
    if space:
        raise MalformedMediaError("a prefix code is not complete")
    yield from [0] * (size - done)


def _canonical(bits: Bits, lengths: list[int]) -> Symbol:
    """Return a reader of the canonical code of these lengths."""
    by_length: list[list[int]] = [[] for _ in range(16)]
    for number, length in enumerate(lengths):
        by_length[length].append(number)
    table: dict[tuple[int, int], int] = {}
    code = 0
    for length in range(1, 16):
        for number in by_length[length]:
            table[length, code] = number
            code += 1
        code <<= 1

    def symbol() -> int:
        read = 0
        for length in range(1, 16):
            read = read << 1 | bits.take(1)
            if (length, read) in table:
                return table[length, read]
        raise MalformedMediaError("a prefix code has no such symbol")

    return symbol


def _code(bits: Bits, table: dict[tuple[int, int], int]) -> int:
    """Read a symbol of a fixed code, whose words are given as read, the first bit lowest."""
    read = 0
    for length in range(8):
        if (length, read) in table:
            return table[length, read]
        read |= bits.take(1) << length
    raise MalformedMediaError("a fixed code has no such symbol")
