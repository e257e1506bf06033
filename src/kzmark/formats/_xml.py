"""Hostile XML, read safely: one scan for limits, then a tree or offsets.

Every document passes `scan` first: expat walks it once without building anything and stops at the
first entity declaration, level or element too many. Only then may lxml build a tree, with
everything switched off that could load, fetch or expand. Both see the same UTF-8 bytes, so they
cannot be told different things by an encoding.
"""

from collections.abc import Mapping
from typing import Any, Final
from xml.parsers import expat

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._xmlcoding import to_utf8 as to_utf8  # noqa: PLC0414 - whoever scans needs it

XML_NAMESPACE: Final = "http://www.w3.org/XML/1998/namespace"
_MAX_NAMESPACES: Final = 2_000  # declarations in one document: looking up one walks them all
_MAX_ATTRIBUTES: Final = 1_000  # of one element
_ATTRIBUTES_EACH: Final = 16  # on average


class Visitor:
    """Sees what a scan finds, in the order of the document.

    Attributes:
        offset: Where in the UTF-8 bytes the scan is: the `<` of the tag that is seen, or for the
            end of an empty element behind its tag.
    """

    offset = 0

    def namespace(self, prefix: str, uri: str) -> None:
        """See a namespace declaration of the start tag that comes next."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """See a start tag; names are `uri local` or `local`."""

    def end(self) -> None:
        """See the end of the element that was opened last."""

    def text(self, text: str) -> None:
        """See characters; one run of text may come in pieces."""

    def instruction(self, target: str) -> None:
        """See a processing instruction."""


def scan(
    data: bytes, *, limits: Limits, what: str, doctype: bool, visitor: Visitor | None = None
) -> None:
    """Walk a UTF-8 document once; refuse what is broken, too deep, too rich, or declares entities.

    No entity is ever expanded beyond the five of XML.

    Args:
        data: The document, without a byte order mark.
        limits: `max_elements` and `max_depth` are kept.
        what: Names the document in messages.
        doctype: Whether a plain `<!DOCTYPE ...>` may stand there. Never one with declarations.
        visitor: Sees the elements, if given.

    Raises:
        MalformedMediaError: If it is not well-formed or declares what it may not.
        LimitExceededError: If it has too many elements, levels or namespaces.
    """
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    guard = _Guard(limits, what, doctype=doctype)
    guard.attach(parser)
    if visitor is not None:
        _show(parser, guard, visitor)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise MalformedMediaError(
            f"{what} is not well-formed XML: {reason} in line {error.lineno}"
        ) from error


def stands_alone(data: bytes) -> bool:
    """Say whether a part of a scanned document is a document too: it borrows no namespace."""
    try:
        expat.ParserCreate("utf-8", namespace_separator=" ").Parse(data, True)
    except expat.ExpatError:
        return False
    return True


def parse(data: bytes, *, limits: Limits, what: str) -> Any:
    """Return the root (an lxml element) of a UTF-8 document without a document type, scanned first.

    Raises:
        MalformedMediaError: If it is not well-formed or declares what it may not.
        LimitExceededError: If it has too many elements, levels or namespaces.
    """
    scan(data, limits=limits, what=what, doctype=False)
    return tree(data, what=what)


def outline(data: bytes, *, limits: Limits, what: str) -> Any:
    """Return the root of the same document as an element of the standard library, to be read only.

    It has the same tags, attributes and letters, without comments; what only reads a few
    properties need not load lxml for it, which takes 4 MB and 10 ms.

    Raises:
        MalformedMediaError: If it is not well-formed or declares what it may not.
        LimitExceededError: If it has too many elements, levels or namespaces.
    """
    from xml.etree import ElementTree as ET

    scan(data, limits=limits, what=what, doctype=False)
    parser = ET.XMLParser(encoding="utf-8")  # noqa: S314 - scanned: nothing is declared in it
    try:
        parser.feed(data)
        return parser.close()
    except (ET.ParseError, ValueError) as error:
        raise MalformedMediaError(f"{what} is not well-formed XML: {error}") from error


def tree(data: bytes, *, what: str) -> Any:
    """Return the root of a document that passed `scan` or that we wrote ourselves."""
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        strip_cdata=False,
        collect_ids=False,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedMediaError(f"{what} is not well-formed XML: {error}") from error


def escape(text: str) -> str:
    """Return `text` fit to stand between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quote(text: str) -> str:
    """Return `text` fit to stand in an attribute, with its double quotes."""
    return f'"{escape(text).replace(chr(34), "&quot;")}"'


class _Guard:
    """Counts while expat walks; handlers may raise, and the scan ends there."""

    def __init__(self, limits: Limits, what: str, *, doctype: bool) -> None:
        self._limits = limits
        self._what = what
        self._doctype = doctype
        self._left = limits.max_elements
        self._attributes_left = limits.max_elements * _ATTRIBUTES_EACH
        self._depth = 0
        self._namespaces = 0

    def attach(self, parser: expat.XMLParserType) -> None:
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartNamespaceDeclHandler = self.namespace
        parser.StartDoctypeDeclHandler = self._doctype_found
        parser.EntityDeclHandler = self._declared
        parser.AttlistDeclHandler = self._declared
        parser.ElementDeclHandler = self._declared
        parser.NotationDeclHandler = self._declared
        parser.SkippedEntityHandler = self._declared

    def start(self, _name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._left -= 1
        self._attributes_left -= len(attributes)
        if self._depth > self._limits.max_depth:
            raise LimitExceededError(
                f"{self._what} is nested over the limit of {self._limits.max_depth} levels"
            )
        if self._left < 0:
            raise LimitExceededError(
                f"{self._what} has over the limit of {self._limits.max_elements} elements"
            )
        if len(attributes) > _MAX_ATTRIBUTES or self._attributes_left < 0:
            raise LimitExceededError(f"{self._what} has too many attributes")

    def end(self, _name: str) -> None:
        self._depth -= 1

    def namespace(self, _prefix: str | None, _uri: str | None) -> None:
        self._namespaces += 1
        if self._namespaces > _MAX_NAMESPACES:
            raise LimitExceededError(f"{self._what} declares over {_MAX_NAMESPACES} namespaces")

    def _doctype_found(
        self, _name: str, _system: str | None, _public: str | None, has_subset: int
    ) -> None:
        if not self._doctype:
            raise MalformedMediaError(f"{self._what} has a document type, which it may not")
        if has_subset:
            raise MalformedMediaError(f"{self._what} has a document type with declarations")

    def _declared(self, *_: object) -> None:
        raise MalformedMediaError(f"{self._what} declares or uses entities of its own")


def _show(parser: expat.XMLParserType, guard: _Guard, visitor: Visitor) -> None:
    """Let the guard see every tag first, then the visitor."""

    def start(name: str, attributes: dict[str, str]) -> None:
        guard.start(name, attributes)
        visitor.offset = parser.CurrentByteIndex
        visitor.start(name, attributes)

    def end(name: str) -> None:
        guard.end(name)
        visitor.offset = parser.CurrentByteIndex
        visitor.end()

    def namespace(prefix: str | None, uri: str | None) -> None:
        guard.namespace(prefix, uri)
        visitor.namespace(prefix or "", uri or "")

    def instruction(target: str, _data: str) -> None:
        visitor.instruction(target)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartNamespaceDeclHandler = namespace
    parser.ProcessingInstructionHandler = instruction
    parser.CharacterDataHandler = visitor.text
