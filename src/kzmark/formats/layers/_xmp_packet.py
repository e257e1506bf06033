"""One XMP packet: opened to a tree, its top-level properties found and removed, closed again.

Spec: ISO 16684-1 (XMP part 1), 7.3 (packet wrapper), 7.4 (RDF); properties stand as attributes or
as elements in any `rdf:Description` directly under `rdf:RDF`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats import _xml

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
BEGIN: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
END: Final = '\n<?xpacket end="w"?>'
_WHAT: Final = "the XMP packet"
_LAST: Final = re.compile(rb"<\?xpacket\s+end\s*=[^?]{0,40}\?>")
_DECLARATION: Final = re.compile(rb"<\?xml\s[^>]*\?>")
_WRAPPER: Final = re.compile(rb"<\?xpacket\s[^>]{0,200}\?>")
_BLANK: Final = b"\0 \t\r\n"
_WIDE: Final = re.compile(  # UTF-16 or UTF-32: two or four bytes a letter
    rb"\xff\xfe|\xfe\xff|<\0|\0<\0|\0\0\0<|\0\0\xfe\xff"
)
_ABOUT: Final = f"{{{RDF}}}about"
_DESCRIPTION: Final = f"{{{RDF}}}Description"
_LI: Final = f"{{{RDF}}}li"
_LANGUAGE: Final = f"{{{_xml.XML_NAMESPACE}}}lang"


class Packet:
    """The tree of one packet, and what can be asked of it.

    Keys are `{namespace}name`, as lxml writes them.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        self._rdfs = [root] if root.tag == f"{{{RDF}}}RDF" else list(root.iter(f"{{{RDF}}}RDF"))

    @classmethod
    def open(cls, data: bytes, *, limits: Limits) -> "Packet | None":
        """Return the packet, or nothing if `data` is empty or holds a wrapper and padding only.

        Raises:
            MalformedMediaError: If it is not XML, or not XMP.
            LimitExceededError: If it is too large, too deep or too rich.
        """
        return cls._opened(data, _xml.parse, limits)

    @classmethod
    def read(cls, data: bytes, *, limits: Limits) -> "Packet | None":
        """Return the same packet, of which properties are only asked for: sooner, and smaller.

        Raises:
            MalformedMediaError: If it is not XML, or not XMP.
            LimitExceededError: If it is too large, too deep or too rich.
        """
        return cls._opened(data, _xml.outline, limits)

    @classmethod
    def _opened(cls, data: bytes, parse: Callable[..., Any], limits: Limits) -> "Packet | None":
        limits.check_metadata(len(data), what=_WHAT)
        document = _document(data)
        if not document:
            return None
        packet = cls(parse(document, limits=limits, what=_WHAT))
        if not packet._rdfs and not packet._root.tag.startswith("{adobe:ns:meta/}"):
            raise MalformedMediaError(f"{_WHAT} holds {packet._root.tag}, no rdf:RDF")
        return packet

    def close(self) -> bytes:
        """Return the whole packet: wrapped, in UTF-8, without padding."""
        from lxml import etree

        before = list(self._root.itersiblings(preceding=True))[::-1]
        parts = [*before, self._root, *self._root.itersiblings()]
        text = "\n".join(
            etree.tostring(part, encoding="unicode", with_tail=False)
            for part in parts
            if getattr(part, "target", "") != "xpacket"
        )
        return (BEGIN + text + END).encode()

    @property
    def root(self) -> Any:
        """The tree itself, for what is more than a simple property."""
        return self._root

    def texts(self, key: str) -> list[str]:
        """Return every value of a simple property, wherever and however it is written."""
        found: list[str] = []
        for description in self._descriptions():
            if (attribute := description.get(key)) is not None:
                found.append(attribute)
            for element in _of(description, key):
                found.extend(_texts(element))
        return [text.strip() for text in found]

    def raw(self, key: str) -> list[str]:
        """Return the same without trimming: for text that is a record."""
        found: list[str] = []
        for description in self._descriptions():
            if (attribute := description.get(key)) is not None:
                found.append(attribute)
            found.extend(_text(element) for element in _of(description, key))
        return found

    def languages(self, key: str) -> list[tuple[str, str]]:
        """Return the (language, text) items of a language alternative, in order."""
        found: list[tuple[str, str]] = []
        for description in self._descriptions():
            if (attribute := description.get(key)) is not None:
                found.append(("x-default", attribute))
            for element in _of(description, key):
                items = list(element.iter(_LI)) or [element]
                found.extend((item.get(_LANGUAGE) or "x-default", _text(item)) for item in items)
        return found

    def remove(self, keys: Sequence[str]) -> None:
        """Remove properties, and each `rdf:Description` that is empty because of it."""
        for description in list(self._descriptions()):
            held = [key for key in keys if description.attrib.pop(key, None) is not None]
            for key in keys:
                for element in list(description.iterchildren(key)):
                    held.append(key)
                    _take_out(element)
            if held and not len(description) and not set(description.attrib) - {_ABOUT, "about"}:
                _take_out(description)

    def remove_holding(self, keys: Sequence[str], namespace: str) -> bool:
        """Remove properties by key, or because anything in them is of `namespace`; say if any."""
        prefix = f"{{{namespace}}}"
        doomed = [
            element
            for description in self._descriptions()
            for element in description
            if element.tag in keys
            or any(
                isinstance(one.tag, str) and (one.tag.startswith(prefix) or _has(one, prefix))
                for one in element.iter()
            )
        ]
        for element in doomed:
            _take_out(element)
        return bool(doomed)

    @property
    def about(self) -> str:
        """What the packet is about: the first `rdf:about` that is not empty."""
        return next(
            (
                about
                for description in self._descriptions()
                if (about := description.get(_ABOUT) or description.get("about"))
            ),
            "",
        )

    def append(self, description: str) -> None:
        """Add an `rdf:Description`, given as XML that takes the prefix `rdf` for granted."""
        text = f'<rdf:RDF xmlns:rdf="{RDF}">{description}\n </rdf:RDF>'
        rdf = _xml.tree(text.encode(), what="our own XMP")
        if self._rdfs:
            self._rdfs[0].append(rdf[0])
        else:
            self._root.append(rdf)
            self._rdfs = [rdf]

    def _descriptions(self) -> Iterator[Any]:
        for rdf in self._rdfs:
            yield from _of(rdf, _DESCRIPTION)


def _of(element: Any, key: str) -> Iterator[Any]:
    """Yield the children of a name, in trees of either kind."""
    return (child for child in element if child.tag == key)


def _document(data: bytes) -> bytes:
    """Return the XML between the wrapper, in UTF-8, or nothing if there is none."""
    if _WIDE.match(data):
        body = data[: len(data) - len(data) % (2 if b"\0\0" not in data[:4] else 4)]
    else:
        body = _up_to_end(data.strip(_BLANK))
    text = _up_to_end(_xml.to_utf8(body, what=_WHAT)[0]).strip(_BLANK)
    if declaration := _DECLARATION.match(text):
        text = text[declaration.end() :].strip(_BLANK)
    return text if _WRAPPER.sub(b"", text).strip(_BLANK) else b""


def _up_to_end(data: bytes) -> bytes:
    """Cut off what follows the end of the wrapper: it belongs to nobody."""
    ends = list(_LAST.finditer(data))
    return data[: ends[-1].end()] if ends else data


def _texts(element: Any) -> list[str]:
    if (resource := element.get(f"{{{RDF}}}resource")) is not None:
        return [resource]
    items = list(element.iter(_LI))
    return [_text(item) for item in items or [element]]


def _text(element: Any) -> str:
    """Return the letters in an element, comments and instructions left out."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _has(element: Any, prefix: str) -> bool:
    return any(key.startswith(prefix) for key in element.attrib)


def _take_out(element: Any) -> None:
    """Remove an element and the white space behind it; other text behind it stays."""
    parent, tail = element.getparent(), element.tail or ""
    if tail.strip():
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(element)
