"""The layers of one PNG: where XMP, EXIF and text stand among its chunks.

XMP: one uncompressed iTXt right after IHDR. Text: two more behind it. EXIF: the eXIf chunk, or the
text that stood for it before there was one; whichever a file has stays where it is, because a new
eXIf beside an old text could turn the picture in viewers that know both.

Spec: PNG third edition, 11.3.3.4 (iTXt), 11.3.3.5 (eXIf); XMP part 3, 1.1.5 (PNG).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MediaError, RecordError
from kzmark.formats.layers import exif, png_text, xmp
from kzmark.formats.png import texts
from kzmark.formats.png.chunks import Chunks, pack
from kzmark.formats.png.texts import Text
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

# An EXIF block with an empty directory at byte 8, so that the full one comes later: where both
# begin there, exiftool 12 takes it for the box of the C2PA manifest and hides it.
_EMPTY: Final = b"II*\0\x08\0\0\0" + bytes(6)
_MOST: Final = 64  # chunks of one layer
_FACTS: Final = 32  # texts of others that a report repeats
_FACT: Final = 200  # characters of one


@dataclass(frozen=True, slots=True)
class Found:
    """Chunks that layers live in, by their index.

    Attributes:
        packets: XMP.
        blocks: EXIF: the text that may hold it, or nothing for an eXIf chunk.
        records: Texts under our keyword.
        descriptions: Texts under the keyword that a notice's words take.
        facts: Texts of others.
    """

    packets: dict[int, Text] = field(default_factory=dict)
    blocks: dict[int, Text | None] = field(default_factory=dict)
    records: dict[int, Text] = field(default_factory=dict)
    descriptions: dict[int, Text] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


def find(chunks: Chunks) -> Found:
    """Return where the layers stand.

    Raises:
        LimitExceededError: If a layer is spread over too many chunks.
    """
    found = Found()
    for index, chunk in enumerate(chunks.items):
        if chunk.kind == b"eXIf":
            found.blocks[index] = None
        elif text := texts.parse(chunk):
            _sort(found, index, text)
    if chunks.trailer:
        found.facts["after IEND"] = f"{len(chunks.trailer)} bytes"
    places: Sequence[Mapping[int, object]] = (found.packets, found.blocks, found.records)
    if any(len(place) > _MOST for place in places):
        raise LimitExceededError(f"more than {_MOST} chunks of one kind of metadata")
    return found


def orientation(chunks: Chunks) -> int:
    """Return the EXIF orientation, of an eXIf before the picture data only, as browsers do."""
    for chunk in chunks.items[: chunks.first_data]:
        if chunk.kind == b"eXIf":
            return exif.orientation(bytes(chunk.data))
    return 1


def evidence(chunks: Chunks, *, limits: Limits) -> Iterator[Evidence]:
    """Yield what each layer holds."""
    found = find(chunks)
    for text in found.packets.values():
        try:
            yield xmp.judge(text.text(limits=limits), limits=limits)
        except MediaError as error:
            yield _broken(Layer.XMP, "xmp.unparsable", error.message)
    if not found.packets:
        yield Evidence(layer=Layer.XMP, status=Status.ABSENT)
    try:
        blocks = _blocks(chunks, found, limits=limits).values()
        yield from (exif.judge(block, limits=limits) for _, block in blocks)
        if not blocks:
            yield Evidence(layer=Layer.EXIF, status=Status.ABSENT)
    except MediaError as error:
        yield _broken(Layer.EXIF, "exif.unparsable", error.message)
    for text in found.records.values():
        try:
            yield png_text.judge(text.text(limits=limits), facts=found.facts)
        except MediaError as error:
            yield png_text.broken(error.message, facts=found.facts)
    if not found.records:
        yield png_text.absent(facts=found.facts)


def inscribe(chunks: Chunks, mark: Mark, *, limits: Limits) -> tuple[dict[int, bytes], bytes]:
    """Return the chunks to replace, by index, and those to put right after IHDR."""
    found = find(chunks)
    replaced: dict[int, bytes] = {}
    packets = {
        index: xmp.merge(text.text(limits=limits), mark, limits=limits)
        for index, text in found.packets.items()
    }
    for number, (index, packet) in enumerate(packets.items()):
        replaced[index] = texts.international(texts.XMP, packet) if number else b""
    first = next(iter(packets.values()), b"") or xmp.merge(b"", mark, limits=limits)
    front = [texts.international(texts.XMP, first)]
    front.append(texts.international(png_text.KEYWORD, png_text.record(mark)))
    ours = {png_text.description(known) for known in (mark, *_earlier(found, limits=limits))}
    theirs = False
    for index, text in found.descriptions.items():
        if not text.compressed and bytes(text.body) in ours:
            replaced[index] = b""
        else:
            theirs = True
    if not theirs:
        front.append(texts.international(png_text.DESCRIPTION, png_text.description(mark)))
    replaced |= dict.fromkeys(found.records, b"")
    blocks = _blocks(chunks, found, limits=limits)
    for index, (carrier, block) in blocks.items():
        merged = exif.merge(block, mark, limits=limits)
        replaced[index] = _pack_block(merged, carrier, limits=limits)
    if not blocks:
        front.append(pack(b"eXIf", exif.merge(_EMPTY, mark, limits=limits)))
    return replaced, b"".join(front)


def without_previews(chunks: Chunks, *, limits: Limits) -> tuple[dict[int, bytes], list[str]]:
    """Return the chunks that lose a preview of the picture, and notes on what went."""
    found = find(chunks)
    replaced: dict[int, bytes] = {}
    notes = []
    for index, text in found.packets.items():
        packet, dropped = xmp.drop_thumbnails(text.text(limits=limits), limits=limits)
        if dropped:
            replaced[index] = texts.international(texts.XMP, packet)
            notes.append("xmp-thumbnail-dropped")
    for index, (carrier, block) in _blocks(chunks, found, limits=limits).items():
        without, dropped = exif.drop_thumbnail(block)
        if dropped:
            replaced[index] = _pack_block(without, carrier, limits=limits)
            notes.append("exif-thumbnail-dropped")
    return replaced, notes


def _sort(found: Found, index: int, text: Text) -> None:
    if text.keyword == texts.XMP and text.kind == b"iTXt":
        found.packets[index] = text
    elif text.keyword == png_text.KEYWORD and text.kind == b"iTXt":
        found.records[index] = text
    elif text.keyword in texts.RAW_EXIF:
        found.blocks[index] = text
    else:
        if text.keyword == png_text.DESCRIPTION:
            found.descriptions[index] = text
        if not text.compressed and len(found.facts) < _FACTS:
            letters = "utf-8" if text.kind == b"iTXt" else "latin-1"
            body = bytes(text.body[: 4 * _FACT]).decode(letters, "replace")
            found.facts[text.keyword] = body[:_FACT]


def _earlier(found: Found, *, limits: Limits) -> Iterator[Mark]:
    """Yield the marks that stand in texts now; one that cannot be read had no words of its own."""
    for text in found.records.values():
        try:
            yield Mark.from_json(text.text(limits=limits))
        except (RecordError, MediaError):
            continue


def _blocks(
    chunks: Chunks, found: Found, *, limits: Limits
) -> dict[int, tuple[Text | None, bytes]]:
    """Return EXIF blocks without their wrapping; a text that holds none is somebody else's."""
    blocks: dict[int, tuple[Text | None, bytes]] = {}
    for index, carrier in found.blocks.items():
        block = texts.raw_exif(carrier.text(limits=limits)) if carrier else b""
        if carrier is None:
            limits.check_metadata(len(chunks.items[index].data), what="an eXIf chunk")
            block = bytes(chunks.items[index].data)
        if block or carrier is None:
            blocks[index] = carrier, block
    return blocks


def _pack_block(block: bytes, carrier: Text | None, *, limits: Limits) -> bytes:
    if carrier is None:
        return pack(b"eXIf", block)
    return carrier.pack(texts.with_raw_exif(carrier.text(limits=limits), block))


def _broken(layer: Layer, code: str, detail: str) -> Evidence:
    return Evidence(layer=layer, status=Status.BROKEN, code=code, detail=detail)
