"""Where things stand in one SVG: offsets for splicing, so that others' bytes stay as they are.

Spec: SVG 2, 5.1 (document structure), 5.9 (metadata); XMP part 3, SVG.
"""

import codecs
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats import _xml
from kzmark.formats.svg.packet import Packet, cut_out
from kzmark.formats.svg.tags import Span, attributes, name_of, tag_at

SVG: Final = "http://www.w3.org/2000/svg"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NOTICE_ID: Final = "kzmark-notice"
WHAT: Final = "the SVG"
_MAX_BYTES: Final = 256 << 20  # the text is held a few times over
_DECLARED: Final = re.compile(
    rb"""(<\?xml\s[^>]{0,200}?encoding\s*=\s*["'])([A-Za-z0-9._-]{1,40})"""
)
_PROLOG: Final = re.compile(  # up to the name of the root, or as far as a cut head goes
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*+"
    rb"(?:<(?:[A-Za-z_][\w.-]*:)?svg[\s/>]|<!DOCTYPE\s+(?:[A-Za-z_][\w.-]*:)?svg\s)",
    re.DOTALL,
)
_METADATA: Final = f"{SVG} metadata"
_PACKETS: Final = ("adobe:ns:meta/ xmpmeta", "adobe:ns:meta/ xapmeta", f"{RDF} RDF")

Edit = tuple[Span, str]  # what to replace, and with what


@dataclass(slots=True, kw_only=True)
class Spot:
    """One element, by its offsets in the UTF-8 text.

    Attributes:
        start: Its `<`.
        inside: Behind its start tag.
        closing: Its end tag; for an empty element, behind its only tag.
        end: Behind its end tag.
        attributes: Its attributes by `uri local` or `local` names.
    """

    start: int
    inside: int
    closing: int = 0
    end: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it is written as one tag, `<a/>`."""
        return self.closing == self.end


@dataclass(slots=True, kw_only=True)
class Document:
    """One SVG, taken apart as far as kzmark needs.

    Attributes:
        text: The whole document in UTF-8, its declaration set to that.
        recoded: Whether it came in another encoding: C2PA tools read UTF-8 only.
        prefix: Prefix of the SVG namespace at the root, with its colon; or empty.
        root: The root element.
        metadata: The root's own `<metadata>` elements.
        packets: XMP packets in any `<metadata>`.
        notice: Our notice, if it is there.
    """

    text: bytes
    recoded: bool
    prefix: str
    root: Spot
    metadata: Sequence[Spot]
    packets: Sequence[Packet]
    notice: Spot | None

    def spliced(self, edits: Sequence[Edit]) -> bytes:
        """Return the document with spans replaced; of two at one place the first comes first."""
        pieces, at = [], 0
        for (start, end), new in sorted(edits, key=lambda edit: edit[0]):
            pieces += [self.text[at:start], new.encode()]
            at = end
        return b"".join((*pieces, self.text[at:]))

    def filled(self, spot: Spot, content: str) -> Edit:
        """Return the edit that adds `content` to an element, behind all that is in it."""
        if not spot.is_empty:
            return (spot.closing, spot.closing), content
        tag = self.text[spot.start : spot.end]
        return (spot.end - 2, spot.end), f">{content}</{name_of(tag).decode()}>"

    def root_set(self, values: Mapping[str, str]) -> list[Edit]:
        """Return the edits that set attributes of the root; an empty value takes one away."""
        tag = self.text[self.root.start : self.root.inside]
        there = attributes(tag)
        behind_name = 1 + len(name_of(tag))
        edits: list[Edit] = []
        added = ""
        for name, value in values.items():
            written = _xml.quote(value)
            if name not in there:
                added += f" {name}={written}" if value else ""
                continue
            start, begin, end = there[name]
            if tag[begin:].startswith(b"'") and "'" not in written:
                written = written.replace('"', "'")
            at = self.root.start
            edits.append(
                ((at + begin, at + end), written) if value else ((at + start, at + end), "")
            )
        at = self.root.start + behind_name
        return [((at, at), added), *edits] if added else edits


def read(source: BinaryIO, *, limits: Limits) -> Document:
    """Read an SVG and find its parts.

    Raises:
        MalformedMediaError: If it is compressed, not XML, not SVG, or declares entities.
        LimitExceededError: If it is too large, too deep or has too many elements.
    """
    data = read_all(source, limits=limits)
    if len(data) > _MAX_BYTES:
        raise LimitExceededError(f"{WHAT} of {len(data)} bytes is over the limit of {_MAX_BYTES}")
    if data.startswith(b"\x1f\x8b"):
        raise MalformedMediaError(
            "a compressed SVG (.svgz) cannot carry a C2PA manifest",
            hint="decompress it first, for example with gunzip",
        )
    text, recoded = _in_utf8(data)
    survey = _Survey(text)
    _xml.scan(text, limits=limits, what=WHAT, doctype=True, visitor=survey)
    assert survey.root is not None  # a scan without a root is not well-formed
    return Document(
        text=text,
        recoded=recoded,
        prefix=survey.prefix,
        root=survey.root,
        metadata=survey.metadata,
        packets=survey.packets,
        notice=survey.notice,
    )


def _in_utf8(data: bytes) -> tuple[bytes, bool]:
    """Return the document in UTF-8, so declared, and whether it was not so before."""
    text, encoding = _xml.to_utf8(data, what=WHAT)
    recoded = encoding != "utf-8"
    if (declared := _DECLARED.match(text)) and declared[2].upper() != b"UTF-8":
        text = declared[1] + b"UTF-8" + text[declared.end() :]
        recoded = True
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    return bom + text, recoded


def begins(head: bytes) -> bool:
    """Say whether the first bytes of a file are of an SVG, if need be of a compressed one."""
    if head.startswith(b"\x1f\x8b"):
        inflater = zlib.decompressobj(wbits=31)
        try:
            head = inflater.decompress(head, len(head))
        except zlib.error:
            return False
    if head[:4].count(0):
        head = head.replace(b"\0", b"")  # UTF-16: its ASCII letters are enough here
    return _PROLOG.match(head) is not None


class _Survey(_xml.Visitor):
    """Collects the parts of a document while it is scanned."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._path: list[str] = []
        self._open: list[tuple[int, Spot]] = []  # depth and spot of elements yet to be closed
        self._declared: dict[str, str] = {}
        self._scopes: list[dict[str, str]] = [{}]  # namespaces in scope, outermost first
        self._candidates: list[tuple[Spot, dict[str, str]]] = []
        self.root: Spot | None = None
        self.prefix = ""
        self.metadata: list[Spot] = []
        self.notice: Spot | None = None

    def namespace(self, prefix: str, uri: str) -> None:
        self._declared[prefix] = uri

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        depth = len(self._path)
        self._path.append(name)
        scope = self._scopes[-1]
        self._scopes.append(scope | self._declared if self._declared else scope)
        self._declared = {}
        if depth == 0:
            self._start_root(name, attributes)
        elif depth == 1 and name == _METADATA:
            self.metadata.append(self._note(attributes))
        elif self._path[-2] == _METADATA and name in _PACKETS:
            self._candidates.append((self._note(attributes), scope))
        elif self.notice is None and _is_notice(name, attributes):
            self.notice = self._note(attributes)

    def end(self) -> None:
        self._path.pop()
        self._scopes.pop()
        if self._open and self._open[-1][0] == len(self._path):
            _, spot = self._open.pop()
            if self._text[spot.inside - 2 : spot.inside] == b"/>":
                spot.closing = spot.end = spot.inside
            else:
                spot.closing = self.offset
                spot.end = self._text.index(b">", self.offset) + 1

    @property
    def packets(self) -> list[Packet]:
        """The XMP packets, in the order of the document."""
        found = (
            cut_out(self._text, (spot.start, spot.end), scope) for spot, scope in self._candidates
        )
        return [packet for packet in found if packet is not None]

    def _start_root(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != f"{SVG} svg":
            raise MalformedMediaError(f"the root element is {name!r}, not svg of {SVG}")
        self.root = self._note(attributes)
        self.prefix = (
            name_of(self._text[self.offset : self.root.inside]).decode().removesuffix("svg")
        )

    def _note(self, attributes: Mapping[str, str]) -> Spot:
        start, inside = tag_at(self._text, self.offset)
        spot = Spot(start=start, inside=inside, attributes=dict(attributes))
        self._open.append((len(self._path) - 1, spot))
        return spot


def _is_notice(name: str, attributes: Mapping[str, str]) -> bool:
    told = attributes.get("id"), attributes.get("role")
    return name == f"{SVG} g" and told == (NOTICE_ID, "note")
