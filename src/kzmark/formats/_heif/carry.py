"""What a re-encoded HEIF or AVIF file takes over from its source, byte by byte.

Turning, colour and light properties of each picture, EXIF and other metadata, and boxes of others,
such as the C2PA store. Previews in the metadata would show the picture without its notice: they go.

Spec: ISO/IEC 23008-12, 6.5 and 9.3; ISO/IEC 14496-12, 12.1.5 (colr).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kzmark._limits import Limits
from kzmark.formats._bmff.boxes import first, full, pack, spans
from kzmark.formats._bmff.edit import File, open_file, rewrite
from kzmark.formats._bmff.items import RDF, Item, decoded, payload
from kzmark.formats._bmff.put import Put
from kzmark.formats._heif.layers import described, join_exif, split_exif
from kzmark.formats._heif.properties import Property, read_properties
from kzmark.formats._heif.stills import Still
from kzmark.formats.layers import exif, xmp

_OF_SOURCE: Final = frozenset(
    {b"irot", b"imir", b"colr", b"pasp", b"clli", b"mdcv", b"cclv", b"amve", b"ndwt"}
)
_OF_ENCODER: Final = frozenset(
    {b"ftyp", b"meta", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx"}
    | {b"styp", b"pdin", b"idat"}
)


def assemble(
    encoded: bytes, source: File, pictures: Mapping[int, Still], *, limits: Limits
) -> tuple[bytes, list[str]]:
    """Return an encoder's file with what the source said, and notes on previews left out.

    Args:
        encoded: What the encoder wrote.
        source: The file it was made from.
        pictures: By item ID in the encoded file, the pictures of the source.
        limits: What the files may cost.
    """
    file = open_file(encoded, limits=limits)
    notes: list[str] = []
    puts = list(_metadata(source, pictures, notes, limits))
    boxes = {b"iprp": _properties(file, pictures, limits)}
    result = rewrite(file, puts, limits=limits, replace=boxes, carry=foreign(source))
    return result, notes


def foreign(source: File) -> list[bytes]:
    """Return the outermost boxes that are neither pictures nor their frame."""
    return [
        source.data[span.start : span.end]
        for span in source.tops
        if span.kind not in _OF_ENCODER and not span.open_end
    ]


def merged_nclx(own: bytes, theirs: bytes) -> bytes:
    """Return an nclx `colr` content: the source's colours, the encoder's matrix and range."""
    return own[:4] + theirs[4:8] + own[8:] if len(own) >= 11 and len(theirs) >= 8 else own


def metadata_puts(source: File, primary: int, notes: list[str], *, limits: Limits) -> list[Put]:
    """Return what describes the primary picture of the source, for another primary picture."""
    return list(_metadata(source, {primary: None}, notes, limits))


def _metadata(
    source: File, pictures: Mapping[int, Still | None], notes: list[str], limits: Limits
) -> Iterator[Put]:
    numbers = {
        still.number if still else source.meta.primary: new for new, still in pictures.items()
    }
    total = 0
    for item in source.meta.items.values():
        if item.kind not in {b"Exif", b"mime"} or item.protected:
            continue
        about = described(source, item.number)
        now = tuple(numbers[one] for one in about if one in numbers)
        if about and not now:
            continue  # it spoke of a map or thumbnail that is no more
        raw = payload(source.data, source.meta, item.number, limits=limits)
        total += len(raw)
        limits.check_metadata(total, what="the metadata of all pictures")
        data = _without_previews(item, raw, notes, limits)
        yield Put(data=data, kind=item.kind, content_type=item.content_type, describes=now)


def _without_previews(item: Item, raw: bytes, notes: list[str], limits: Limits) -> bytes:
    if item.kind == b"Exif":
        lead, blob = split_exif(raw)
        blob, changed = exif.drop_thumbnail(blob)
        if changed:
            notes.append("exif-thumbnail-dropped")
        return join_exif(lead, blob) if changed else raw
    data = decoded(raw, item.encoding, limits=limits)
    if item.content_type == RDF:
        data, changed = xmp.drop_thumbnails(data, limits=limits)
        if changed:
            notes.append("xmp-thumbnail-dropped")
    return data


def _properties(file: File, pictures: Mapping[int, Still], limits: Limits) -> bytes:
    """Return an `iprp` box in which the pictures have the properties of their sources."""
    wanted = dict(read_properties(file, limits=limits))
    for number, still in pictures.items():
        wanted[number] = tuple(_joined(wanted.get(number, ()), still))
    boxes: dict[tuple[bytes, bytes], int] = {}
    for one in (one for listed in wanted.values() for one in listed):
        boxes.setdefault((one.kind, one.data), len(boxes) + 1)
    wide = 2 if len(boxes) > 127 else 1
    name = 4 if max(wanted) > 0xFFFF else 2
    entries = []
    for number, listed in sorted(wanted.items()):
        entries += [number.to_bytes(name, "big"), len(listed).to_bytes(1, "big")]
        for one in listed:
            index = boxes[one.kind, one.data] | one.essential << (wide * 8 - 1)
            entries.append(index.to_bytes(wide, "big"))
    ipco = pack(b"ipco", *(pack(kind, data) for kind, data in boxes))
    count = len(wanted).to_bytes(4, "big")
    ipma = full(b"ipma", name // 4, wide - 1, count, *entries)
    others = _other_boxes(file, limits)
    return pack(b"iprp", ipco, ipma, *others)


def _other_boxes(file: File, limits: Limits) -> list[bytes]:
    iprp = first(file.meta.children, b"iprp")
    inner = spans(file.data, iprp.body, iprp.end, limits=limits) if iprp else []
    return [file.data[one.start : one.end] for one in inner if one.kind not in {b"ipco", b"ipma"}]


def _joined(own: Sequence[Property], still: Still) -> Iterator[Property]:
    """Yield the encoder's properties with those of the source: descriptive first, turns last."""
    icc, nclx = still.colour()
    yield from (one for one in own if one.kind not in _OF_SOURCE)
    for one in own:
        if one.kind == b"colr" and one.data[:4] == b"nclx":
            yield one._replace(data=merged_nclx(one.data, nclx))
        elif one.kind == b"colr" and not icc:
            yield one
    turns = still.turns
    for one in still.properties:
        is_icc = one.kind == b"colr" and one.data[:4] in {b"prof", b"rICC"}
        if is_icc or (one.kind in _OF_SOURCE - {b"colr"} and one not in turns):
            yield one
    yield from turns
