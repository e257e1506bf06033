"""An XML document as a tree that knows where its bytes stand, so that it can be edited by splicing.

What is not edited is copied, never spelt anew. Names are spelt with the usual prefix of their
namespace, whatever the document calls it (`w:p`, `office:body`); the two namespaces that ISO 29500
has for one vocabulary have one prefix here.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Final
from xml.parsers import expat

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats import _xml
from kzmark.formats._names import PREFIXES
from kzmark.formats._xmlelement import Edit, Element

__all__ = ["Document", "Edit", "Element", "beginning", "forget"]

_DECLARATION: Final = re.compile(rb"\A<\?xml[^>]*\?>\s*")
_SMALL: Final = 16 << 10  # bytes of a document that is remembered for a while
_FIRST: Final = 512  # bytes that are looked at first: a root and what stands next to it
_BLOCK: Final = 2048  # bytes that are looked at together
_SHARE: Final = 20  # a long text has more elements than a block of metadata


class Document:
    """A document taken apart.

    Attributes:
        body: Its bytes in UTF-8.
        root: Its outermost element.
    """

    def __init__(self, body: bytes, root: Element, encoding: str) -> None:
        self.body = body
        self.root = root
        self._encoding = encoding

    @classmethod
    def of(cls, data: bytes, *, limits: Limits, what: str, doctype: bool = False) -> "Document":
        """Take a whole document apart.

        Raises:
            MalformedMediaError: If it is not well-formed or declares what it may not.
            LimitExceededError: If it has too many elements or levels.
        """
        if len(data) <= _SMALL:
            return _known(data, limits, what, doctype)
        return _taken(data, limits, what, doctype)

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """Return the document with some parts replaced, none of which overlap."""
        parts: list[bytes | memoryview] = []
        at, body = 0, memoryview(self.body)
        for start, stop, fresh in sorted(edits, key=lambda edit: edit[:2]):
            parts += [body[at:start], fresh.encode()]
            at = stop
        whole = b"".join([*parts, body[at:]])
        if self._encoding == "utf-8":
            return whole
        return b'<?xml version="1.0" encoding="UTF-8"?>' + _DECLARATION.sub(b"", whole)

    def prefix(self, uri: str, default: str) -> tuple[str, str]:
        """Return a prefix that the root declares for a namespace, or one and what declares it.

        The prefix comes without a colon; the declaration is fit to stand in any start tag.
        """
        head = self.body[self.root.start : self.root.inside].decode()
        found = _declaring(uri).search(head)
        return (found[1], "") if found else (default, f' xmlns:{default}="{uri}"')


@functools.lru_cache(maxsize=64)
def _declaring(uri: str) -> re.Pattern[str]:
    return re.compile(rf"\sxmlns:([\w.-]+)\s*=\s*[\"']{re.escape(uri)}[\"']")


def _taken(data: bytes, limits: Limits, what: str, doctype: bool) -> Document:  # noqa: FBT001
    body, encoding = _xml.to_utf8(data, what=what)
    return Document(body, _grown(body, limits, what, doctype=doctype), encoding)


# Nobody changes a tree, and the small parts of a package are asked for again and again.
_known = functools.lru_cache(maxsize=32)(_taken)


def forget() -> None:
    """Forget the documents that were taken apart last, for measurements."""
    _known.cache_clear()


def beginning(
    data: bytes,
    *,
    limits: Limits,
    what: str,
    enough: Callable[[Element], bool],
    until: str = "",
) -> Element:
    """Return the root of the beginning of a document: as far as `enough` wants to see it.

    Args:
        data: The document.
        limits: What it may cost.
        what: Names it in messages.
        enough: Is asked at the end of each element; once it says so, the rest is not looked at.
        until: Name of an element whose start tag is the last thing that is looked at.
    """
    body, _ = _xml.to_utf8(data, what=what)
    return _grown(body, limits, what, doctype=True, enough=enough, until=until)


class _EnoughError(Exception):
    """The rest need not be looked at."""


def _grown(
    body: bytes,
    limits: Limits,
    what: str,
    *,
    doctype: bool,
    enough: Callable[[Element], bool] | None = None,
    until: str = "",
) -> Element:
    grower = _Grower(body, limits, what, doctype=doctype, enough=enough, until=until)
    parser = grower.parser
    try:
        if enough is not None:  # expat would go on to the end of what it was given
            parser.Parse(body[:_FIRST], False)
            for at in range(_FIRST, len(body), _BLOCK):
                parser.Parse(body[at : at + _BLOCK], False)
        parser.Parse(body if enough is None else b"", True)
    except _EnoughError:
        pass
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise MalformedMediaError(
            f"{what} is not well-formed XML: {reason} in line {error.lineno}"
        ) from error
    return grower.root


class _Grower:
    """Builds a tree while expat walks; handlers may raise, and the walk ends there."""

    def __init__(
        self,
        body: bytes,
        limits: Limits,
        what: str,
        *,
        doctype: bool,
        enough: Callable[[Element], bool] | None,
        until: str,
    ) -> None:
        self.parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.root = Element(body, "", {}, 0)
        self._body, self._what = body, what
        self._names: dict[str, str] = {}
        self._stack: list[Element] = []
        self._left = limits.max_elements * _SHARE
        self._deepest = limits.max_depth
        self._doctype = doctype
        parser.buffer_text = True
        parser.StartElementHandler = self._opening(until)
        parser.EndElementHandler = self._closing(enough)
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._type_found
        parser.EntityDeclHandler = self._declared
        parser.AttlistDeclHandler = self._declared
        parser.ElementDeclHandler = self._declared
        parser.NotationDeclHandler = self._declared
        parser.SkippedEntityHandler = self._declared

    def _opening(self, until: str) -> Callable[[str, dict[str, str]], None]:
        parser, body, stack, names = self.parser, self._body, self._stack, self._names
        named, left, deepest = self._named, self._left, self._deepest

        def start(raw: str, attributes: dict[str, str]) -> None:
            nonlocal left
            left -= 1 + len(attributes) // 16
            if left < 0 or len(stack) >= deepest:
                raise LimitExceededError(f"{self._what} has too many elements or levels")
            told = attributes
            if told:
                told = {names.get(key) or named(key): said for key, said in attributes.items()}
            one = Element(body, names.get(raw) or named(raw), told, parser.CurrentByteIndex)
            if stack:
                one.parent = above = stack[-1]
                above.children.append(one)
            else:
                self.root = one
            stack.append(one)
            if one.name == until:
                raise _EnoughError

        return start

    def _closing(self, enough: Callable[[Element], bool] | None) -> Callable[[str], None]:
        parser, stack = self.parser, self._stack

        def end(_raw: str) -> None:
            one = stack.pop()
            one.closed_at = parser.CurrentByteIndex
            if enough is not None and enough(one):
                raise _EnoughError

        return end

    def _text(self, data: str) -> None:
        if self._stack:
            self._stack[-1].children.append(data)

    def _named(self, raw: str) -> str:
        uri, _, local = raw.rpartition(" ")
        prefix = PREFIXES.get(uri)
        found = f"{prefix}:{local}" if prefix else f"{{{uri}}}{local}" if uri else local
        self._names[raw] = found
        return found

    def _type_found(
        self, _name: str, _system: str | None, _public: str | None, has_subset: int
    ) -> None:
        if not self._doctype or has_subset:
            raise MalformedMediaError(f"{self._what} has a document type, which it may not")

    def _declared(self, *_: object) -> None:
        raise MalformedMediaError(f"{self._what} declares or uses entities of its own")
