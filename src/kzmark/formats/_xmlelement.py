"""An element of an XML document and where its bytes stand."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kzmark.formats import _xml

Edit = tuple[int, int, str]  # from, to, in bytes of UTF-8, and what stands there instead

_TAG: Final = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")


_SHORT: Final = 64 << 10  # bytes
_NAME: Final = re.compile(rb"[^\s/>]+")


class Element:
    """An element and where it stands.

    Attributes:
        name: With the usual prefix.
        attributes: By name, without a prefix where the document has none.
        start: Its `<`, in bytes.
        children: Elements and pieces of text, in order.
        parent: The element around it, if any.
        closed_at: Where the parser was at its end, in bytes.
    """

    __slots__ = (
        "_data",
        "_inside",
        "attributes",
        "children",
        "closed_at",
        "name",
        "parent",
        "start",
    )

    def __init__(self, data: bytes, name: str, attributes: Mapping[str, str], start: int) -> None:
        self._data = data
        self.closed_at = self._inside = -1
        self.name = name
        self.attributes = attributes
        self.start = start
        self.children: list[Element | str] = []
        self.parent: Element | None = None

    @property
    def inside(self) -> int:
        """Behind its start tag."""
        if self._inside < 0:
            found = _TAG.match(self._data, self.start)
            assert found is not None  # expat has seen it
            self._inside = found.end()
        return self._inside

    @property
    def is_empty(self) -> bool:
        """Whether its start tag is its end."""
        return self._data[self.inside - 2 : self.inside - 1] == b"/"

    @property
    def stop(self) -> int:
        """Before its end tag; behind it all if it has none."""
        return self.inside if self.is_empty else self.closed_at

    @property
    def end(self) -> int:
        """Behind its end tag."""
        return self.inside if self.is_empty else self._data.index(b">", self.closed_at) + 1

    @property
    def source(self) -> bytes:
        """All of it as it stands."""
        return self._data[self.start : self.end]

    @property
    def tag(self) -> str:
        """Its name as the document spells it."""
        found = _NAME.match(self._data, self.start + 1)
        return found[0].decode() if found else ""

    @property
    def prefix(self) -> str:
        """The prefix of its name in the document with a colon, or nothing."""
        return self.tag.rpartition(":")[0] + ":" if ":" in self.tag else ""

    @property
    def elements(self) -> "Iterator[Element]":
        """The elements in it."""
        return (one for one in self.children if isinstance(one, Element))

    @property
    def text(self) -> str:
        """All text in it."""
        parts: list[str] = []
        waiting: list[Element | str] = [self]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                parts.append(one)
            else:
                waiting.extend(reversed(one.children))
        return "".join(parts)

    def all(self, name: str) -> "list[Element]":
        """Return its children of a name."""
        return [one for one in self.elements if one.name == name]

    def first(self, *names: str) -> "Element | None":
        """Return the first child of the first name, its first child of the next, and so on."""
        here = self
        for name in names:
            for one in here.children:
                if isinstance(one, Element) and one.name == name:
                    here = one
                    break
            else:
                return None
        return here

    def walk(self) -> "Iterator[Element]":
        """Yield it and all elements in it, in the order of the document."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            if one.children:
                waiting += [child for child in reversed(one.children) if isinstance(child, Element)]

    def lacks(self, *words: bytes) -> bool:
        """Say whether none of these letters stand in the document, if it is short enough to look.

        The names of elements are not spelt otherwise than with their own letters.
        """
        return len(self._data) <= _SHORT and not any(word in self._data for word in words)

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def opened(self, content: str) -> Edit:
        """Return the edit that puts content in at its end, a start tag without an end opened."""
        if not self.is_empty:
            return self.stop, self.stop, content
        return self.inside - 2, self.inside, f">{content}</{self.tag}>"

    def begun(self, content: str) -> Edit:
        """Return the edit that puts content in at its beginning."""
        return (self.inside, self.inside, content) if not self.is_empty else self.opened(content)

    def removed(self) -> Edit:
        """Return the edit that takes it out."""
        return self.start, self.end, ""

    def with_attributes(self, fresh: Mapping[str, str | None]) -> Edit:
        """Return the edit of its start tag with attributes set, or taken out where there is None.

        Names are as the document spells them.
        """
        whole = self._data[self.start : self.inside].decode()
        close = "/>" if whole.endswith("/>") else ">"
        body = whole[: -len(close)].rstrip()
        for name, value in fresh.items():
            found = re.search(rf"\s{re.escape(name)}\s*=\s*(\"[^\"]*\"|'[^']*')", body)
            said = "" if value is None else f" {name}={_xml.quote(value)}"
            if found:
                body = body[: found.start()] + said + body[found.end() :]
            else:
                body += said
        return self.start, self.inside, body + close
