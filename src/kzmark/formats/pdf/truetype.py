"""A TrueType file taken apart and put together again (OpenType 1.9)."""

import struct
from collections.abc import Mapping
from typing import Final

_PLAIN, _LONG = 0x20, 0x1  # flags of compound glyphs: another part follows, words not bytes
_SCALE, _TWO, _FOUR = 0x8, 0x40, 0x80  # how large a part is drawn
_ORDERS: Final = 0x100  # instructions follow
_MAGIC: Final = 0xB1B0AFBA  # what all words of a font add up to with its adjustment


class TrueType:
    """A TrueType file taken apart."""

    def __init__(self, data: bytes) -> None:
        count = int.from_bytes(data[4:6], "big")
        rows = (struct.unpack_from(">4sIII", data, 12 + 16 * n) for n in range(count))
        self.tables = {tag.decode(): data[offset : offset + size] for tag, _, offset, size in rows}
        self.units: int = struct.unpack_from(">H", self.tables["head"], 18)[0]
        self.count: int = struct.unpack_from(">H", self.tables["maxp"], 4)[0]
        wide = struct.unpack_from(">h", self.tables["head"], 50)[0]
        places = struct.unpack_from(f">{self.count + 1}{'I' if wide else 'H'}", self.tables["loca"])
        self._at = [one * (1 if wide else 2) for one in places]
        self._metrics: int = struct.unpack_from(">H", self.tables["hhea"], 34)[0]
        self.letters = _letters(self.tables["cmap"])

    def metric(self, glyph: int) -> bytes:
        """Return advance and left side bearing of a glyph, as they are stored."""
        table, last = self.tables["hmtx"], self._metrics - 1
        if glyph <= last:
            return table[4 * glyph : 4 * glyph + 4]
        bearing = 4 * self._metrics + 2 * (glyph - self._metrics)
        return table[4 * last : 4 * last + 2] + table[bearing : bearing + 2]

    def advance(self, glyph: int) -> int:
        """Return the advance of a glyph, in units of the font."""
        return int.from_bytes(self.metric(glyph)[:2], "big")

    def parts(self, glyph: int) -> list[int]:
        """Return the glyphs that a compound one is made of."""
        return [part for _, part, _ in self._components(self._raw(glyph))]

    def outline(self, glyph: int, fresh: Mapping[int, int]) -> bytes:
        """Return a glyph without its instructions, its parts numbered anew."""
        raw = self._raw(glyph)
        if not raw:
            return b""
        contours = struct.unpack_from(">h", raw)[0]
        if contours >= 0:
            end = 10 + 2 * contours
            orders = int.from_bytes(raw[end : end + 2], "big")
            found = raw[:end] + b"\0\0" + raw[end + 2 + orders :]
        else:
            found = raw[:10]
            for flags, part, rest in self._components(raw):
                found += struct.pack(">HH", flags & ~_ORDERS, fresh[part]) + rest
        return found + bytes(-len(found) % 4)

    def _raw(self, glyph: int) -> bytes:
        return self.tables["glyf"][self._at[glyph] : self._at[glyph + 1]]

    @staticmethod
    def _components(raw: bytes) -> list[tuple[int, int, bytes]]:
        """Return flags, glyph and the rest of each part of a compound glyph."""
        found: list[tuple[int, int, bytes]] = []
        if not raw or struct.unpack_from(">h", raw)[0] >= 0:
            return found
        at, flags = 10, _PLAIN
        while flags & _PLAIN:
            flags, part = struct.unpack_from(">HH", raw, at)
            size = 4 if flags & _LONG else 2
            size += 2 if flags & _SCALE else 4 if flags & _TWO else 8 if flags & _FOUR else 0
            found.append((flags, part, raw[at + 4 : at + 4 + size]))
            at += 4 + size
        return found


def _letters(cmap: bytes) -> dict[int, int]:
    """Return the glyph of each letter, from the table of segments (format 4)."""
    count = int.from_bytes(cmap[2:4], "big")
    rows = [struct.unpack_from(">HHI", cmap, 4 + 8 * n) for n in range(count)]
    start = next(at for one, two, at in rows if (one, two) == (3, 1))
    segments = int.from_bytes(cmap[start + 6 : start + 8], "big") // 2
    form = f">{segments}H"
    ends = struct.unpack_from(form, cmap, start + 14)
    firsts = struct.unpack_from(form, cmap, start + 16 + 2 * segments)
    deltas = struct.unpack_from(form, cmap, start + 16 + 4 * segments)
    offsets_at = start + 16 + 6 * segments
    offsets = struct.unpack_from(form, cmap, offsets_at)
    found = {}
    for index in range(segments):
        for letter in range(firsts[index], min(ends[index], 0xFFFE) + 1):
            glyph = letter
            if offsets[index]:
                at = offsets_at + 2 * index + offsets[index] + 2 * (letter - firsts[index])
                glyph = int.from_bytes(cmap[at : at + 2], "big")
                if not glyph:
                    continue
            found[letter] = (glyph + deltas[index]) & 0xFFFF
    return found


def joined(tables: Mapping[str, bytes]) -> bytes:
    """Return the file of some tables, in this order."""
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = struct.pack(
        ">IHHHH", 0x10000, count, power * 16, power.bit_length() - 1, (count - power) * 16
    )
    at, rows, bodies = len(header) + 16 * count, b"", b""
    head = 0
    for name, data in tables.items():
        head = at if name == "head" else head
        rows += struct.pack(">4sIII", name.encode(), _sum(data), at, len(data))
        bodies += data + bytes(-len(data) % 4)
        at += len(data) + -len(data) % 4
    whole = bytearray(header + rows + bodies)
    whole[head + 8 : head + 12] = struct.pack(">I", (_MAGIC - _sum(bytes(whole))) & 0xFFFFFFFF)
    return bytes(whole)


def _sum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    total: int = sum(struct.unpack(f">{len(padded) // 4}I", padded))
    return total & 0xFFFFFFFF
