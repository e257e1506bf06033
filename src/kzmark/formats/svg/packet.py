"""XMP packets inside an SVG, cut out so that they stand alone.

Spec: XMP part 3, SVG: the packet stands in `<metadata>`, as elements.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kzmark.formats import _xml
from kzmark.formats.svg.tags import Span, attributes, name_of, tag_at

_BEGIN: Final = re.compile(rb"<\?xpacket\s+begin\b[^>]*\?>\s*$")
_END: Final = re.compile(rb"\s*<\?xpacket\s+end\b[^>]*\?>")


@dataclass(slots=True, kw_only=True)
class Packet:
    """An XMP packet inside `<metadata>`, with its wrapper.

    Attributes:
        span: From the first to behind the last byte, the wrapper included.
        data: The packet as a document of its own, in UTF-8.
    """

    span: Span
    data: bytes


def cut_out(text: bytes, span: Span, scope: Mapping[str, str]) -> Packet | None:
    """Return the packet of an element, with the namespaces that it takes from around it.

    Args:
        text: The document.
        span: Where the element stands.
        scope: Namespaces around it, by prefix.
    """
    body = text[span[0] : span[1]]
    if b"Description" not in body and b":meta/" not in body:
        return None  # RDF of another kind, such as the work description of drawing programs
    if not _xml.stands_alone(body):
        tag = text[slice(*tag_at(text, span[0]))]
        own = attributes(tag)
        borrowed = "".join(
            f" xmlns:{prefix}={_xml.quote(uri)}"
            for prefix, uri in sorted(scope.items())
            if prefix and f"xmlns:{prefix}" not in own and _uses(body, prefix)
        )
        at = 1 + len(name_of(tag))
        body = body[:at] + borrowed.encode() + body[at:]
    before = _BEGIN.search(text, max(0, span[0] - 400), span[0])
    behind = _END.match(text, span[1])
    if before and behind:
        return Packet(span=(before.start(), behind.end()), data=body)
    return Packet(span=(span[0], span[1]), data=body)


def _uses(body: bytes, prefix: str) -> bool:
    return re.search(rb"[<\s/]" + re.escape(prefix.encode()) + rb":", body) is not None
