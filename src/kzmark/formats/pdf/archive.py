"""What PDF/A asks of a packet: every schema that is not its own, described in the packet.

Spec: ISO 19005-1, 6.7.8; ISO 19005-2 and -3, 6.6.2.3 (extension schemas). PDF/A-4 asks for none.
"""

from typing import Any, Final

from kzmark._limits import Limits
from kzmark.formats import _xml
from kzmark.formats.layers import _xmp_words as words
from kzmark.formats.layers._xmp_packet import RDF, Packet

EXTENDED: Final = frozenset({1, 2, 3})  # parts of ISO 19005 that ask for descriptions
WITHOUT_INFO: Final = 4  # the part that has no information dictionary
_EXTENSION: Final = "http://www.aiim.org/pdfa/ns/extension/"
_SCHEMA: Final = "http://www.aiim.org/pdfa/ns/schema#"
_PROPERTY: Final = "http://www.aiim.org/pdfa/ns/property#"
_KNOWN: Final = (  # prefix, namespace, name, then name and type of each property
    (
        "kz",
        words.NAMESPACE,
        "kzmark",
        (("Record", "Text", "internal", "the mark: canonical JSON"),),
    ),
    (
        "Iptc4xmpExt",
        words.IPTC_EXT,
        "IPTC Extension",
        (
            ("DigitalSourceType", "URI", "external", "how the content came about"),
            ("AISystemUsed", "Text", "external", "AI system that made the content"),
            ("AISystemVersionUsed", "Text", "external", "version of that system"),
        ),
    ),
    (
        "Iptc4xmpCore",
        words.IPTC_CORE,
        "IPTC Core",
        (("AltTextAccessibility", "Lang Alt", "external", "the notice, for screen readers"),),
    ),
    (
        "plus",
        words.PLUS,
        "PLUS",
        (
            ("DataMining", "URI", "external", "whether data mining is allowed"),
            ("OtherConstraints", "Lang Alt", "external", "on what condition it is"),
        ),
    ),
    (
        "tdm",
        words.TDM,
        "TDMRep",
        (("reservation", "Integer", "external", "whether the right to mine is reserved"),),
    ),
)


def described(packet: bytes, *, limits: Limits) -> bytes:
    """Return a packet in which our schemas are described, those of others as they are.

    Raises:
        MediaError: If the packet is no XMP.
    """
    opened = Packet.open(packet, limits=limits)
    if opened is None:
        return packet
    bag = next(opened.root.iter(f"{{{_EXTENSION}}}schemas"), None)
    known = {one.text for one in opened.root.iter(f"{{{_SCHEMA}}}namespaceURI")}
    rows = [_schema(*each) for each in _KNOWN if each[1] not in known]
    if not rows:
        return packet
    if bag is None:
        opened.append(
            f'<rdf:Description xmlns:pdfaExtension="{_EXTENSION}" xmlns:pdfaSchema="{_SCHEMA}" '
            f'xmlns:pdfaProperty="{_PROPERTY}" rdf:about="{opened.about}">'
            f"<pdfaExtension:schemas><rdf:Bag>{''.join(rows)}</rdf:Bag></pdfaExtension:schemas>"
            "</rdf:Description>"
        )
    else:
        _add(bag, rows)
    return opened.close()


def _schema(prefix: str, namespace: str, title: str, properties: Any) -> str:
    rows = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        f"<pdfaProperty:valueType>{kind}</pdfaProperty:valueType>"
        f"<pdfaProperty:category>{category}</pdfaProperty:category>"
        f"<pdfaProperty:description>{told}</pdfaProperty:description></rdf:li>"
        for name, kind, category, told in properties
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaSchema:schema>{title}</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>"
        f"<pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{rows}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


def _add(bag: Any, rows: list[str]) -> None:
    inside = next(iter(bag.iterchildren(f"{{{RDF}}}Bag")), bag)
    text = (
        f'<rdf:Bag xmlns:rdf="{RDF}" xmlns:pdfaSchema="{_SCHEMA}" '
        f'xmlns:pdfaProperty="{_PROPERTY}">{"".join(rows)}</rdf:Bag>'
    )
    for one in list(_xml.tree(text.encode(), what="our own XMP")):
        inside.append(one)
