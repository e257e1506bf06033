"""XMP: the record in a property of our own, beside it the words of IPTC and PLUS.

Spec: ISO 16684-1 (XMP part 1); IPTC Photo Metadata 2025.1; PLUS LDF 2.0.1. The record stands once,
as canonical JSON, in `kz:Record`; everything else is derived from it, for readers that never heard
of kzmark.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MediaError, RecordError
from kzmark.formats.layers import _training as training
from kzmark.formats.layers import _xmp_words as words
from kzmark.formats.layers._xmp_packet import BEGIN, END, RDF, Packet
from kzmark.formats.layers._xmp_words import IPTC_CORE, IPTC_EXT, NAMESPACE, PLUS, TDM
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import IPTC_SOURCE_TYPE, Layer

__all__ = ["NAMESPACE", "drop_thumbnails", "judge", "merge"]

_XMP: Final = "http://ns.adobe.com/xap/1.0/"
_PREVIEW: Final = "http://ns.adobe.com/xap/1.0/g/img/"  # xmpGImg: a picture inside the packet
_RECORD: Final = f"{{{NAMESPACE}}}Record"
_SOURCE_TYPE: Final = f"{{{IPTC_EXT}}}DigitalSourceType"
_MINING: Final = f"{{{PLUS}}}DataMining"
_CONSTRAINTS: Final = f"{{{PLUS}}}OtherConstraints"
_RESERVATION: Final = f"{{{TDM}}}reservation"
_ALT_TEXT: Final = f"{{{IPTC_CORE}}}AltTextAccessibility"
_FACTS: Final = {
    "DigitalSourceType": _SOURCE_TYPE,
    "AISystemUsed": f"{{{IPTC_EXT}}}AISystemUsed",
    "AISystemVersionUsed": f"{{{IPTC_EXT}}}AISystemVersionUsed",
    "DataMining": _MINING,
    "OtherConstraints": _CONSTRAINTS,
    "tdm:reservation": _RESERVATION,
    "CreatorTool": f"{{{_XMP}}}CreatorTool",
    "TC260:AIGC": "{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC",  # China, GB 45438-2025
    "dcterms:provenance": "{http://purl.org/dc/terms/}provenance",  # a C2PA manifest elsewhere
}
_REPLACED: Final = (
    _RECORD,
    _SOURCE_TYPE,
    _FACTS["AISystemUsed"],
    _FACTS["AISystemVersionUsed"],
    _ALT_TEXT,
)
_MAX_FACT: Final = 1_000  # characters of one fact that a report repeats


def merge(packet: bytes, mark: Mark, *, limits: Limits, tdm: bool = False) -> bytes:
    """Return a whole packet that carries the mark and what others wrote.

    Properties we set are removed wherever they stood and written once; others' alternative text
    stays behind the warning. The same mark again gives the same bytes.

    Args:
        packet: The packet so far, in UTF-8, UTF-16 or UTF-32, or nothing.
        mark: What to say.
        limits: What reading the packet may cost.
        tdm: Whether it is the packet of a PDF, for which TDMRep has a property of its own.

    Returns:
        The packet in UTF-8 with its `<?xpacket?>` wrapper and no padding.

    Raises:
        MalformedMediaError: If the packet is not XMP; nothing in it could be kept.
        LimitExceededError: If it is over the limits.
    """
    opened = Packet.open(packet, limits=limits)
    warnings = words.warnings(mark.notice)
    conditions = words.conditions(mark)
    if opened is None:
        texts = {"alternatives": warnings, "constraints": conditions}
        only = words.description(mark, about="", **texts, tdm=tdm)
        return (
            f'{BEGIN}<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="kzmark">\n'
            f' <rdf:RDF xmlns:rdf="{RDF}">\n  {only}\n </rdf:RDF>\n</x:xmpmeta>{END}'
        ).encode()
    earlier = _earlier(opened)
    known = words.every(mark.notice, *(old.notice for old in earlier))
    theirs = words.others(opened.languages(_ALT_TEXT), known)
    opened.remove(_REPLACED)
    texts = {
        "alternatives": words.join(warnings, theirs),
        "constraints": _conditions(opened, mark, earlier),
    }
    _forget_training(opened, mark, earlier)
    opened.append(words.description(mark, about=opened.about, **texts, tdm=tdm))
    return opened.close()


def judge(packet: bytes, *, limits: Limits) -> Evidence:
    """Say what a packet holds: our record, and others' statements as facts.

    Never raises for a bad packet. Codes: `xmp.unparsable`, `xmp.record`, `xmp.contradiction`,
    `xmp.source-type-form`.
    """
    try:
        opened = Packet.read(packet, limits=limits)
    except MediaError as error:
        return _broken("xmp.unparsable", error.message, {})
    if opened is None:
        return Evidence(layer=Layer.XMP, status=Status.ABSENT)
    statements = {name: opened.texts(key) for name, key in _FACTS.items()}
    facts = {name: "; ".join(said)[:_MAX_FACT] for name, said in statements.items() if any(said)}
    records = sorted(set(opened.raw(_RECORD)))
    if not records:
        code, detail = _form(statements["DigitalSourceType"])
        return Evidence(
            layer=Layer.XMP, status=Status.ABSENT, code=code, detail=detail, facts=facts
        )
    if len(records) > 1:
        return _broken("xmp.record", f"{len(records)} records that differ", facts)
    try:
        mark = Mark.from_json(records[0])
    except RecordError as error:
        return _broken("xmp.record", error.message, facts)
    code, detail = _contradiction(mark, statements)
    return Evidence(
        layer=Layer.XMP, status=Status.PRESENT, mark=mark, code=code, detail=detail, facts=facts
    )


def drop_thumbnails(packet: bytes, *, limits: Limits) -> tuple[bytes, bool]:
    """Return the packet without previews of the picture, and whether there were any.

    A preview (`xmp:Thumbnails`, the images of `xmp:PageInfo`) would show the picture without its
    notice. A packet without one comes back byte for byte.

    Raises:
        MalformedMediaError: If the packet is not XMP.
        LimitExceededError: If it is over the limits.
    """
    if b"T\0h\0u\0m\0b" not in packet and not any(w in packet for w in _PREVIEW_WORDS):
        return packet, False
    opened = Packet.open(packet, limits=limits)
    if opened is None or not opened.remove_holding((f"{{{_XMP}}}Thumbnails",), _PREVIEW):
        return packet, False
    return opened.close(), True


_PREVIEW_WORDS: Final = (
    b"Thumbnails",
    _PREVIEW.encode(),
    _PREVIEW.encode("utf-16-le"),
    _PREVIEW.encode("utf-16-be"),
)


def _conditions(packet: Packet, mark: Mark, earlier: Sequence[Mark]) -> dict[str, str]:
    """Return our condition before those of others, and take all of them out of the packet.

    Those of others stay where they are if there is nothing to put before them or to take away.
    """
    ours = words.conditions(mark)
    known = [text for one in (mark, *earlier) if (text := training.constraint(one))]
    said = packet.languages(_CONSTRAINTS)
    if not ours and not any(text.startswith(one) for _, text in said for one in known):
        return {}
    packet.remove((_CONSTRAINTS,))
    theirs = words.others(said, known)
    return words.join(ours, theirs) if ours else theirs


def _forget_training(packet: Packet, mark: Mark, earlier: Sequence[Mark]) -> None:
    """Take out what is said anew, or what an earlier mark said; what others said stays."""
    ours = [[old.training.plus_uri] for old in earlier if old.training]
    if mark.training or packet.texts(_MINING) in ours:
        packet.remove((_MINING,))
    if any(training.is_reserved(one) for one in (mark, *earlier)):
        packet.remove((_RESERVATION,))


def _earlier(packet: Packet) -> list[Mark]:
    """Return the marks of the records already there, as far as they can be read."""
    found = []
    for record in packet.raw(_RECORD):
        try:
            found.append(Mark.from_json(record))
        except RecordError:
            continue
    return found


def _contradiction(mark: Mark, statements: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Compare the field's own words with the record: it says one thing, so must they."""
    for said in statements["DigitalSourceType"]:
        if said and _term(said) != mark.source_type.value:
            return (
                "xmp.contradiction",
                f"the record says {mark.source_type.value}, DigitalSourceType says {said[:200]}",
            )
    return _form(statements["DigitalSourceType"])


def _form(said: Sequence[str]) -> tuple[str, str]:
    for value in said:
        if value and value != IPTC_SOURCE_TYPE + _term(value):
            return "xmp.source-type-form", f"DigitalSourceType is not an http URI: {value[:200]}"
    return "", ""


def _term(value: str) -> str:
    """Return the term of a source type given as an http or https URI or bare."""
    return value.removeprefix("https:").removeprefix("http:").removeprefix(IPTC_SOURCE_TYPE[5:])


def _broken(code: str, detail: str, facts: Mapping[str, str]) -> Evidence:
    return Evidence(layer=Layer.XMP, status=Status.BROKEN, code=code, detail=detail, facts=facts)
