"""The letters of a notice as a font of a PDF: a subset of PT Sans with what copying text needs.

Spec: ISO 32000-2, 9.7 (composite fonts), 9.9 (embedded fonts), 9.10.3 (ToUnicode); OpenType 1.9
(`glyf`, `loca`, `hmtx`). Only the outlines of the letters that are shown are kept, without their
instructions: a few kilobytes. Loading a library for fonts takes longer than stamping a document.
"""

import functools
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kzmark.errors import ProfileError
from kzmark.formats.pdf.truetype import TrueType, joined

CAP: Final = 0.7  # height of capitals to the em, both faces
_ASCENT, _DESCENT = 900, -250  # thousandths of the em, for capitals with breve and descenders
_KEPT: Final = ("cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep")


@dataclass(frozen=True, slots=True)
class Typeface:
    """A subset of one face.

    Attributes:
        name: PostScript name with the tag of a subset.
        program: The TrueType file.
        glyphs: Number of each letter's outline in it.
        widths: Advance of each outline, in thousandths of the em, by its number.
        box: What all letters of the whole face fit in, in thousandths of the em.
    """

    name: str
    program: bytes
    glyphs: Mapping[str, int]
    widths: tuple[int, ...]
    box: tuple[int, int, int, int]

    def width(self, text: str) -> float:
        """Return the width of a line of letters, in ems."""
        return sum(self.widths[self.glyphs[letter]] for letter in text) / 1000

    def encoded(self, text: str) -> bytes:
        """Return a line of letters as a string of a content stream."""
        return b"<%s>" % b"".join(b"%04x" % self.glyphs[letter] for letter in text)

    def descriptor(self, program: bytes, *, bold: bool, listed: bytes = b"") -> dict[str, bytes]:
        """Return the font descriptor.

        Args:
            program: Reference to the font file.
            bold: Whether it is the bold face.
            listed: Reference to the list of glyphs that PDF/A-1 asks for, or nothing.
        """
        box = " ".join(map(str, self.box))
        found = {
            "/Type": b"/FontDescriptor",
            "/FontName": f"/{self.name}".encode(),
            "/Flags": b"4",
            "/FontBBox": f"[{box}]".encode(),
            "/ItalicAngle": b"0",
            "/Ascent": b"%d" % _ASCENT,
            "/Descent": b"%d" % _DESCENT,
            "/CapHeight": b"%d" % (CAP * 1000),
            "/StemV": b"140" if bold else b"90",
            "/FontFile2": program,
        }
        return found | ({"/CIDSet": listed} if listed else {})

    def descendant(self, descriptor: bytes) -> dict[str, bytes]:
        """Return the CIDFont."""
        return {
            "/Type": b"/Font",
            "/Subtype": b"/CIDFontType2",
            "/BaseFont": f"/{self.name}".encode(),
            "/CIDSystemInfo": b"<</Registry (Adobe) /Ordering (Identity) /Supplement 0>>",
            "/FontDescriptor": descriptor,
            "/DW": b"%d" % self.widths[0],
            "/W": f"[0 [{' '.join(map(str, self.widths))}]]".encode(),
            "/CIDToGIDMap": b"/Identity",
        }

    def composite(self, descendant: bytes, to_unicode: bytes) -> dict[str, bytes]:
        """Return the font that text names."""
        return {
            "/Type": b"/Font",
            "/Subtype": b"/Type0",
            "/BaseFont": f"/{self.name}".encode(),
            "/Encoding": b"/Identity-H",
            "/DescendantFonts": b"[%s]" % descendant,
            "/ToUnicode": to_unicode,
        }

    @property
    def to_unicode(self) -> bytes:
        """Which letter each glyph stands for (9.10.3)."""
        rows = [
            f"<{glyph:04x}> <{letter.encode('utf-16-be').hex()}>"
            for letter, glyph in self.glyphs.items()
        ]
        parts = [rows[at : at + 100] for at in range(0, len(rows), 100)]  # the most in one block
        blocks = [f"{len(p)} beginbfchar\n" + "\n".join(p) + "\nendbfchar\n" for p in parts]
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
            + "".join(blocks)
            + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()

    @property
    def glyph_set(self) -> bytes:
        """A bit for each glyph, as PDF/A-1 asks for."""
        count = len(self.widths)
        return ((1 << count) - 1 << (-count % 8)).to_bytes((count + 7) // 8, "big")


def subset(letters: Iterable[str], *, bold: bool) -> Typeface:
    """Return the shipped face with these letters only.

    Raises:
        ProfileError: If it lacks one of them.
    """
    return _subset("".join(sorted({" ", *letters})), bold)


def deflated(data: bytes) -> tuple[dict[str, bytes], bytes]:
    """Return a stream's entries and data, compressed."""
    return {"/Filter": b"/FlateDecode"}, zlib.compress(data, 9)


@functools.lru_cache(maxsize=32)
def _subset(letters: str, bold: bool) -> Typeface:  # noqa: FBT001 - part of the cache's key
    font = _font(bold)
    lacking = [letter for letter in letters if ord(letter) not in font.letters]
    if lacking:
        raise ProfileError(
            f"the notice's font has no {' '.join(lacking)}",
            hint="word the text in letters of PT Sans: Latin, Russian and Kazakh",
        )
    wanted = [0, *sorted({font.letters[ord(letter)] for letter in letters} - {0})]
    for glyph in wanted:  # parts of compound letters come behind, and their parts behind them
        wanted += [part for part in font.parts(glyph) if part not in wanted]
    fresh = {old: new for new, old in enumerate(wanted)}
    outlines = [font.outline(old, fresh) for old in wanted]
    advances = [font.advance(old) for old in wanted]
    scale = 1000 / font.units
    tag = "".join(chr(65 + b % 26) for b in zlib.crc32(letters.encode()).to_bytes(4, "big")) + "KZ"
    box = tuple(round(one * scale) for one in struct.unpack_from(">4h", font.tables["head"], 36))
    return Typeface(
        name=f"{tag}+PTSans-{'Bold' if bold else 'Regular'}",
        program=_program(font, outlines, wanted),
        glyphs={letter: fresh[font.letters[ord(letter)]] for letter in letters},
        widths=tuple(round(one * scale) for one in advances),
        box=(box[0], box[1], box[2], box[3]),
    )


@functools.lru_cache(maxsize=2)
def _font(bold: bool) -> TrueType:  # noqa: FBT001 - part of the cache's key
    import fontpkg_pt_sans

    root: Path = fontpkg_pt_sans.ROOT
    name = f"PT_Sans-Web-{'Bold' if bold else 'Regular'}.ttf"
    return TrueType((root / "files" / name).read_bytes())


def _program(font: TrueType, outlines: list[bytes], wanted: list[int]) -> bytes:
    """Return the TrueType file of a subset."""
    places = [0]
    for outline in outlines:
        places.append(places[-1] + len(outline))
    head = bytearray(font.tables["head"])
    head[8:12] = bytes(4)
    head[50:52] = b"\0\1"
    count = struct.pack(">H", len(wanted))
    tables = font.tables | {
        "glyf": b"".join(outlines),
        "head": bytes(head),
        "hhea": font.tables["hhea"][:34] + count,
        "hmtx": b"".join(font.metric(glyph) for glyph in wanted),
        "loca": struct.pack(f">{len(places)}I", *places),
        "maxp": font.tables["maxp"][:4] + count + font.tables["maxp"][6:],
    }
    return joined({name: tables[name] for name in _KEPT if name in tables})
