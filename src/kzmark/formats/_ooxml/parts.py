"""The parts of an Office package: found by relationships, named by content types.

Spec: ISO 29500-2, 7 (package model), 8.3.4 (relationships), 7.2.3 (content types).
"""

import functools
import posixpath
import re
from collections.abc import Mapping
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import unquote

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._names import RELATIONS
from kzmark.formats._ooxml.rows import RELATIONS as RELATIONSHIPS
from kzmark.formats._ooxml.rows import TYPES as CONTENT_TYPES
from kzmark.formats._ooxml.rows import Rows, Vocabulary
from kzmark.formats._xml import quote
from kzmark.formats._xmlmap import Document, Element
from kzmark.formats._zip.c2pa import NAME as STORE
from kzmark.formats._zip.edits import Edits

TYPES: Final = "[Content_Types].xml"
_RELS: Final = "application/vnd.openxmlformats-package.relationships+xml"
_EMPTY: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships '
    b'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)
_KEPT: Final = 64 << 10  # bytes of relationships that are remembered with their package
_NEAR: Final = re.compile(r"\w[\w-]*(?:/\w[\w-]*)*\.\w+", re.ASCII)  # in the folder of a part
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"


class Relation(NamedTuple):
    """A relationship.

    Attributes:
        identity: Its id.
        kind: The last word of its type.
        target: The part it leads to; empty if it leads out of the package.
        base: Its type without the last word.
    """

    identity: str
    kind: str
    target: str
    base: str


class Parts:
    """The parts of a package under work.

    Attributes:
        edits: The package.
        limits: What it may cost.
        main: Name of the part that the document begins with.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.edits = Edits(source, limits=limits)
        self.limits = limits
        self._relations: dict[str, list[Relation]] = {}
        found = next((one for one in self.relations("") if one.kind == "officeDocument"), None)
        if found is None or found.target not in self.edits:
            raise MalformedMediaError("the package names no document")
        self.main = found.target
        self.is_strict = found.base.startswith(_STRICT)

    def document(self, name: str) -> Document:
        """Return a part taken apart."""
        return Document.of(self.edits.read(name), limits=self.limits, what=name)

    def relations(self, part: str) -> list[Relation]:
        """Return the relationships of a part, in order; those of the package for no part."""
        if part not in self._relations:
            self._relations[part] = self._related(part)
        return self._relations[part]

    def related(self, part: str, kind: str) -> str:
        """Return the first part that another leads to by a kind of relationship, or nothing."""
        for one in self.relations(part):
            if one.kind == kind and one.target and one.target in self.edits:
                return one.target
        return ""

    def relate(self, part: str, kind: str, target: str, *, base: str = "") -> str:
        """Return the id of a relationship, made if there is none yet."""
        found = self.relations(part)
        for one in found:
            if one.target == target and one.kind == kind:
                return one.identity
        taken = {one.identity for one in found}
        number = 1
        while f"rIdKz{number}" in taken:
            number += 1
        base = base or (_STRICT if self.is_strict else RELATIONS)
        fresh = Relation(f"rIdKz{number}", kind, target, base)
        name = _relations_of(part)
        data = self.edits.read(name) if name in self.edits else _EMPTY
        self.edits.put(name, _related(part, self._rows(name, data, RELATIONSHIPS), fresh))
        self._relations[part] = [*found, fresh]
        return fresh.identity

    def declare(self, overrides: Mapping[str, str], *, store: bool = False) -> None:
        """Name the content types of parts, and those of relationships and of a manifest store."""
        rows = self._rows(TYPES, self.edits.read(TYPES), CONTENT_TYPES)
        if fresh := _declared(rows, tuple(overrides.items()), store):
            self.edits.put(TYPES, fresh)

    def check_changeable(self) -> None:
        """Refuse what a change would break.

        Raises:
            UnsupportedMediaError: If the document is signed by a signature of its own.
        """
        if any(one.kind == "origin" for one in self.relations("")) or any(
            name.startswith("_xmlsignatures/") for name in self.edits.package.folded
        ):
            raise UnsupportedMediaError(
                "the document is signed, and any change would break the signature",
                hint="stamp it first, then sign it",
            )

    def _related(self, part: str) -> list[Relation]:
        name = _relations_of(part)
        if name not in self.edits:
            return []
        data, memory = self.edits.read(name), self.edits.package.memory
        known: list[Relation] | None = memory.get((part, data))
        if known is not None:
            return known
        package = self.edits.package
        found = [
            one
            if not one.target or one.target in package.members
            else one._replace(target=package.find(one.target) or one.target)
            for one in _led(part, self._rows(name, data, RELATIONSHIPS))
        ]
        if len(data) <= _KEPT:
            memory[part, data] = found
        return found

    def _rows(self, name: str, data: bytes, vocabulary: Vocabulary) -> Rows:
        return Rows.of(data, vocabulary, limits=self.limits, what=name)


# The files of one program have the same lists, and a stamp adds the same rows to them.


@functools.lru_cache(maxsize=16)
def _declared(rows: Rows, overrides: tuple[tuple[str, str], ...], store: bool) -> bytes:  # noqa: FBT001 - a key
    """Return content types with those of parts, relationships and a store; nothing if all stand."""
    named = {one.get("PartName", "").casefold() for one in rows.named("Override")}
    kinds = {one.get("Extension", "").casefold() for one in rows.named("Default")}
    prefix = rows.prefix
    said = "".join(
        f"<{prefix}Default Extension={quote(ending)} ContentType={quote(kind)}/>"
        for ending, kind in (("rels", _RELS), *((("c2pa", "application/c2pa"),) * store))
        if ending not in kinds
    )
    more = "".join(
        f"<{prefix}Override PartName={quote('/' + name)} ContentType={quote(kind)}/>"
        for name, kind in overrides
        if f"/{name}".casefold() not in named
    )  # defaults before the overrides, as every program writes them
    return rows.with_rows(said, more) if said or more else b""


@functools.lru_cache(maxsize=16)
def _related(part: str, rows: Rows, fresh: Relation) -> bytes:
    """Return the relationships of a part with one more."""
    way = posixpath.relpath(f"/{fresh.target}", f"/{posixpath.dirname(part)}")
    return rows.with_rows(
        "",
        f"<{rows.prefix}Relationship Id={quote(fresh.identity)} "
        f"Type={quote(f'{fresh.base}/{fresh.kind}')} Target={quote(way)}/>",
    )


@functools.lru_cache(maxsize=32)
def _led(part: str, rows: Rows) -> tuple[Relation, ...]:
    """Return where the rows of a part lead, whatever the package has there."""
    found = []
    for one in rows.named("Relationship"):
        base, _, kind = one.get("Type", "").rpartition("/")
        target = ""
        if one.get("TargetMode") != "External":
            target = _resolved(part, one.get("Target", ""))
        found.append(Relation(one.get("Id", ""), kind, target, base))
    return tuple(found)


def _resolved(part: str, target: str) -> str:
    if _NEAR.fullmatch(target):
        folder = posixpath.dirname(part)
        return f"{folder}/{target}" if folder else target
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), path)).lstrip("/")


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def relation_of(element: Element, name: str = "r:id") -> str:
    """Return the id of a relationship that an element names."""
    return element.get(name)


__all__ = ["STORE", "TYPES", "Parts", "Relation", "relation_of"]
