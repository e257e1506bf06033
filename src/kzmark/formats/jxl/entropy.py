"""Entropy coding of JPEG XL, as far as an ICC profile needs it: to find where the profile ends.

The profile itself stays coded: its bits are copied. Going through them symbol by symbol is the only
way to the first frame.

Spec: ISO/IEC 18181-1, annex C (entropy decoding) and E.4 (ICC profile).
"""

from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.jxl.bits import Bits
from kzmark.formats.jxl.codes import Alias, ans, histogram, prefix_code, short

_CONTEXTS: Final = 41
_MOST: Final = 4 << 20  # bytes of a coded profile; the largest printer profiles have half of that
_FINAL: Final = 0x130000  # where an rANS state ends when nothing went wrong


def skip_icc(bits: Bits, *, limits: Limits) -> None:
    """Go past a coded ICC profile.

    Raises:
        MalformedMediaError: If it is not coded as the standard says.
        LimitExceededError: If it is over 4 MiB.
    """
    size = bits.u64()
    limits.check_metadata(size, what="the ICC profile")
    if size > _MOST:
        raise LimitExceededError(f"an ICC profile of {size} coded bytes")
    stream = _Stream(bits, _CONTEXTS)
    before = last = 0
    for index in range(size):
        context = 0 if index <= 128 else 1 + _kind(last) + 8 * _coarse_kind(before)
        before, last = last, stream.number(context) & 255
    stream.finish()


def _kind(value: int) -> int:
    if chr(value).isascii() and chr(value).isalpha():
        return 0
    if 48 <= value <= 57 or value in {44, 46}:
        return 1
    if value <= 1:
        return 2 + value
    if value < 16:
        return 4
    return 7 if value <= 240 else 5 + (value == 255)


def _coarse_kind(value: int) -> int:
    if _kind(value) < 2:
        return _kind(value)
    return 2 if value < 16 else 3 if value > 240 else 4


class _Hybrid:
    """How a token grows to a number (C.2.3)."""

    def __init__(self, bits: Bits, alphabet_log: int) -> None:
        self._bits = bits
        self._split = bits.take(alphabet_log.bit_length())
        self._high = self._low = 0
        if self._split != alphabet_log:
            self._high = bits.take(self._split.bit_length())
            if self._high > self._split:
                raise MalformedMediaError("an impossible number code")
            self._low = bits.take((self._split - self._high).bit_length())
        if self._high + self._low > self._split:
            raise MalformedMediaError("an impossible number code")

    def number(self, token: int) -> int:
        whole = 1 << self._split
        if token < whole:
            return token
        kept = self._high + self._low
        count = (self._split - kept + ((token - whole) >> kept)) & 31
        low = token & ((1 << self._low) - 1)
        token >>= self._low
        high = (1 << self._high) | (token & ((1 << self._high) - 1))
        return (high << count | self._bits.take(count)) << self._low | low


class _Stream:
    """A stream of numbers, each in a context (C.2, C.3)."""

    def __init__(self, bits: Bits, contexts: int, *, repeats: bool = True) -> None:
        self._bits = bits
        self._done: list[int] = []
        self._copy_at = self._copy_left = 0
        self._repeat_from, self._repeat_least = 1 << 32, 0
        self._repeat_length: _Hybrid | None = None
        if bits.flag():
            if not repeats:
                raise MalformedMediaError("repeats in a code of two contexts")
            self._repeat_from = bits.u32(((0, 224), (0, 512), (0, 4096), (15, 8)))
            self._repeat_least = bits.u32(((0, 3), (0, 4), (2, 5), (8, 9)))
            self._repeat_length = _Hybrid(bits, 8)
            contexts += 1
        self._map = _clusters(bits, contexts) if contexts > 1 else [0]
        count = max(self._map) + 1
        self._state: list[int] = []
        prefix = bits.flag()
        log = 15 if prefix else bits.take(2) + 5
        self._hybrids = [_Hybrid(bits, log) for _ in range(count)]
        if prefix:
            sizes = [short(bits, 4) + 1 for _ in range(count)]
            self._symbols = [prefix_code(bits, size) for size in sizes]
        else:
            tables = [Alias(histogram(bits), log) for _ in range(count)]
            self._state.append(bits.take(32))
            self._symbols = [ans(bits, self._state, table) for table in tables]

    def number(self, context: int) -> int:
        if not self._copy_left:
            cluster = self._map[context]
            token = self._symbols[cluster]()
            if token < self._repeat_from:
                value = self._hybrids[cluster].number(token)
                self._done.append(value)
                return value
            self._start_copy(token)
        self._copy_left -= 1
        value = self._done[self._copy_at] if self._copy_at < len(self._done) else 0
        self._copy_at += 1
        self._done.append(value)
        return value

    def finish(self) -> None:
        if self._state and self._state[0] != _FINAL:
            raise MalformedMediaError("a coded ICC profile does not end where it should")

    def _start_copy(self, token: int) -> None:
        assert self._repeat_length is not None
        length = self._repeat_length.number(token - self._repeat_from)
        self._copy_left = length + self._repeat_least
        cluster = self._map[-1]
        distance = self._hybrids[cluster].number(self._symbols[cluster]()) + 1
        self._copy_at = len(self._done) - min(distance, len(self._done), 1 << 20)


def _clusters(bits: Bits, contexts: int) -> list[int]:
    """Read which contexts share a distribution (C.2.2)."""
    if bits.flag():
        width = bits.take(2)
        found = [bits.take(width) for _ in range(contexts)]
    else:
        move_to_front = bits.flag()
        stream = _Stream(bits, 1, repeats=contexts > 2)
        found = [stream.number(0) for _ in range(contexts)]
        stream.finish()
        if max(found) > 255:
            raise MalformedMediaError("a context map names too many distributions")
        if move_to_front:
            found = _moved_back(found)
    if set(found) != set(range(max(found) + 1)):
        raise MalformedMediaError("a context map leaves a distribution out")
    return found


def _moved_back(found: list[int]) -> list[int]:
    order = list(range(256))
    result = []
    for index in found:
        value = order.pop(index)
        order.insert(0, value)
        result.append(value)
    return result
