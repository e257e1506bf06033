"""The lists of an Office package, content types and relationships: read at a glance where plain.

Plain is a list of empty elements with nothing but attributes, in ASCII, without references, as
nearly every program writes it. Any other list is taken apart as the XML document that it may be.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from kzmark._limits import Limits
from kzmark.formats import _names
from kzmark.formats._xmlmap import Document, Edit

_SPACE: Final = rb"[ \t\r\n]"
_VALUE: Final = rb"""(?:"[^"&<>\x00-\x1f]*"|'[^'&<>\x00-\x1f]*')"""
_DECLARED: Final = b"|".join(
    rb"<\?xml version=Q1\.0Q(?: encoding=Q(?i:utf-8)Q)?(?: standalone=Q(?:yes|no)Q)? ?\?>".replace(
        b"Q", quote
    )
    for quote in (b'"', b"'")
)
_ATTRIBUTE: Final = re.compile(r"""([A-Za-z]+)=(?:"([^"]*)"|'([^']*)')""")
_MOST: Final = 1_000  # rows that are read so
_LONGEST: Final = 1 << 20  # bytes
_LEVELS: Final = 2
_SMALL: Final = 16 << 10  # bytes of a list that is remembered for a while


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """What a list is called, and what its rows are called.

    Attributes:
        shape: Of a plain list: its rows, and what stands before them.
        row: Of a row: its name, and its attributes.
        prefix: Of the names of rows where they are taken apart.
    """

    shape: re.Pattern[bytes]
    row: re.Pattern[str]
    prefix: str

    @classmethod
    def of(cls, uri: str, root: str, *rows: str) -> Self:
        """Return the vocabulary of a namespace."""
        names = "|".join(rows).encode()
        row = rb"<(?:%s)(?:%s+[A-Za-z]+=%s)+%s*/>" % (names, _SPACE, _VALUE, _SPACE)
        head = rb"<%s xmlns=(?:\"%s\"|'%s') ?>" % (root.encode(), *(re.escape(uri.encode()),) * 2)
        shape = rb"((?:%s)?%s*%s)(%s*)((?:%s%s*)*)</%s>%s*" % (
            *(_DECLARED, _SPACE, head, _SPACE, row, _SPACE, root.encode(), _SPACE),
        )
        return cls(
            re.compile(shape), re.compile(f"<({'|'.join(rows)})([^>]*)>"), _names.PREFIXES[uri]
        )


TYPES: Final = Vocabulary.of(_names.CONTENT_TYPES, "Types", "Default", "Override")
RELATIONS: Final = Vocabulary.of(_names.PACKAGE_RELATIONS, "Relationships", "Relationship")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A list.

    Attributes:
        rows: Names and attributes, in order.
        prefix: What the names of new rows begin with: a prefix and its colon, or nothing.
        data: The list as it stands; none where it was taken apart.
        first: Where the first row begins, or would, in bytes.
        stop: Where the rows end, with the space behind them, in bytes.
        document: The same, taken apart, where it is not plain.
    """

    rows: tuple[tuple[str, Mapping[str, str]], ...]
    prefix: str = ""
    data: bytes = b""
    first: int = 0
    stop: int = 0
    document: Document | None = None

    @classmethod
    def of(cls, data: bytes, vocabulary: Vocabulary, *, limits: Limits, what: str) -> "Rows":
        """Read a list.

        Raises:
            MediaError: If it is not well-formed, or over the limits.
        """
        return (
            _known(data, vocabulary, limits)
            if len(data) <= _SMALL
            else cls.plain(data, vocabulary, limits=limits)
        ) or cls.taken_apart(data, vocabulary, limits=limits, what=what)

    @classmethod
    def plain(cls, data: bytes, vocabulary: Vocabulary, *, limits: Limits) -> "Rows | None":
        """Read a list at a glance, or return nothing if it is not plain."""
        if len(data) > _LONGEST or limits.max_depth < _LEVELS or not data.isascii():
            return None
        found = vocabulary.shape.fullmatch(data)
        if found is None:
            return None
        rows = []
        for name, said in vocabulary.row.findall(found[3].decode("ascii")):
            told = _ATTRIBUTE.findall(said)
            attributes = {key: one or other for key, one, other in told}
            if len(attributes) != len(told) or "xmlns" in attributes:
                return None  # twice the same is not well-formed, another namespace is not plain
            rows.append((name, attributes))
        if len(rows) > min(_MOST, limits.max_elements):
            return None
        return cls(tuple(rows), "", data, found.end(2 if rows else 1), found.end(3))

    @classmethod
    def taken_apart(
        cls, data: bytes, vocabulary: Vocabulary, *, limits: Limits, what: str
    ) -> "Rows":
        """Read a list whatever it looks like."""
        document = Document.of(data, limits=limits, what=what)
        start = f"{vocabulary.prefix}:"
        rows = tuple(
            (one.name[len(start) :], one.attributes)
            for one in document.root.elements
            if one.name.startswith(start)
        )
        return cls(rows, document.root.prefix, document=document)

    def named(self, name: str) -> list[Mapping[str, str]]:
        """Return the attributes of the rows of a name."""
        return [attributes for one, attributes in self.rows if one == name]

    def with_rows(self, said: str, behind: str = "") -> bytes:
        """Return the list with rows put in before all others, and behind them."""
        if self.document is None:
            parts = [self.data[: self.first], said.encode(), self.data[self.first : self.stop]]
            return b"".join([*parts, behind.encode(), self.data[self.stop :]])
        root = self.document.root
        first = next(iter(root.elements), None)
        edits: list[Edit] = []
        if said and behind and root.is_empty:
            edits.append(root.begun(said + behind))
        else:
            if said:
                start = (first.start, first.start, said) if first else root.begun(said)
                edits.append(start)
            if behind:
                edits.append(root.opened(behind))
        return self.document.edited(edits)


@functools.lru_cache(maxsize=32)
def _known(data: bytes, vocabulary: Vocabulary, limits: Limits) -> Rows | None:
    """Read a list at a glance; the files of one program have the same ones."""
    return Rows.plain(data, vocabulary, limits=limits)
