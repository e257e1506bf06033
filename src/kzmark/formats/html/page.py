"""Where things stand in a page, so that it can be edited without spelling anything anew.

The positions come from the standard library's tokenizer, which keeps them; what a reader sees comes
from a tree as browsers build it (`tree.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import BinaryIO, Final, Self

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._plain import Plain, named_codec

OURS: Final = "data-kzmark"  # the attribute by which our elements are known
DISCLOSURE: Final = "ai-disclosure"  # W3C CG draft of 2026: <meta name>, one in a document
RESERVATION: Final = "tdm-reservation"  # TDMRep of 10 May 2024: <meta name>, 0 or 1
STORE: Final = "application/c2pa"  # C2PA 2.4, A.7: the type of a script that holds a manifest store
ELSEWHERE: Final = "c2pa-manifest"  # the relation of a link to one

_VOID: Final = frozenset({"meta", "link", "base", "basefont", "bgsound"})
_RAW: Final = frozenset({"title", "style", "script", "noscript", "template"})
_HEAD: Final = _VOID | _RAW | {"html", "head"}
_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE
)
# What the tokenizer takes for the end of all tags: `&#` that is no numeric reference.
_STRAY: Final = re.compile(r"&#(?!(?:[0-9]+|[xX][0-9a-fA-F]+)[^0-9a-fA-F])")
_PRESCAN: Final = 1024  # bytes in which a page names its encoding (HTML, 4.2.5.4)

Edit = tuple[int, int, str]  # from, to, what stands there instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page taken apart.

    Attributes:
        plain: Its text and encoding.
        head: Where something may be added at the end of its head, in characters.
        body: Where its first words may be added.
        ours: Our own elements, each with the value of its attribute: from, to, value.
        disclosures: Others' `ai-disclosure` elements: from, to, value.
        reservations: The same for `tdm-reservation`.
        manifests: Elements that hold a C2PA manifest store, or lead to one: from, to, address.
    """

    plain: Plain
    head: int
    body: int
    ours: tuple[tuple[int, int, str], ...]
    disclosures: tuple[tuple[int, int, str], ...]
    reservations: tuple[tuple[int, int, str], ...]
    manifests: tuple[tuple[int, int, str], ...]

    @classmethod
    def read(cls, source: BinaryIO, *, limits: Limits) -> Self:
        """Read a page.

        Raises:
            LimitExceededError: If it is over the limits.
            MalformedMediaError: If it is no text, or ends inside an element of ours.
            UnsupportedMediaError: If it is a frameset, which has no words.
        """
        source.seek(0)
        declared = _CHARSET.search(source.read(_PRESCAN))
        codec = named_codec(declared[1].decode("ascii")) if declared else ""
        plain = Plain.read(source, limits=limits, codec=codec)
        seeker = _Seeker(plain.text, limits)
        seeker.run()
        end = len(plain.text)
        body = seeker.body if seeker.body is not None else end
        head = seeker.head if seeker.head is not None else min(seeker.before_body, end)
        return cls(
            plain=plain,
            head=min(head, body),
            body=body,
            ours=tuple(seeker.ours),
            disclosures=tuple(seeker.said[DISCLOSURE]),
            reservations=tuple(seeker.said[RESERVATION]),
            manifests=tuple(seeker.manifests),
        )

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """Return the bytes of the page with some parts replaced, none of which overlap.

        Letters that its encoding lacks become numeric references, which mean the same everywhere.
        """
        parts, at = [], 0
        for start, stop, fresh in sorted(edits, key=lambda edit: edit[:2]):
            lettered = fresh.encode(self.plain.codec, "xmlcharrefreplace").decode(self.plain.codec)
            parts += [self.plain.text[at:start], lettered]
            at = stop
        text = "".join([*parts, self.plain.text[at:]])
        return replace(self.plain, text=text).spell()


class _Seeker(HTMLParser):
    """Notes where head and body begin and end, and what is ours.

    The tokenizer of the standard library looks through all of the rest for an end that is not
    there, again for each tag; so what has no end is told before it is asked.
    """

    def __init__(self, text: str, limits: Limits) -> None:
        super().__init__(convert_charrefs=False)
        self._text = text
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._left = limits.max_elements * 20  # a long page has a million tags
        self.head: int | None = None
        self.body: int | None = None
        self.before_body = 0
        self.ours: list[tuple[int, int, str]] = []
        self.said: dict[str, list[tuple[int, int, str]]] = {DISCLOSURE: [], RESERVATION: []}
        self.manifests: list[tuple[int, int, str]] = []
        self._store: int | None = None  # where a script with a manifest store begins
        self._open: list[str] = []  # elements of the head that are open
        self._outermost: dict[str, int] = {}  # by tag: where the first of its kind stands in them
        self._own: tuple[int, str, str, int] | None = None  # start, tag, value, depth

    def run(self) -> None:
        """Go through the whole page."""
        last = self._text.rfind(">") + 1  # no tag ends behind it, so that all of that is words
        self.feed(_STRAY.sub("##", self._text[:last]))
        self.close()
        rest = self._text[last:]
        if self.body is None and not self._open and rest.strip():
            self._here(len(self._text) - len(rest.lstrip()))
        if self._own is not None:
            raise MalformedMediaError("the page ends inside an element of kzmark")

    def parse_comment(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002 - its name
        """Go over a comment; one that never ends takes the rest of the page with it."""
        found: int = super().parse_comment(i, report)
        if found >= 0:
            return found
        self.handle_data(self.rawdata[i:])  # whatever is shown first is shown before it
        return len(self.rawdata)

    def parse_html_declaration(self, i: int) -> int:
        """Go over `<!...>`; in HTML, `<![...` ends at the first bracket as well (13.2.5.42)."""
        if not self.rawdata.startswith("<![", i):
            return super().parse_html_declaration(i)
        end = self.rawdata.find(">", i)
        return end + 1 if end >= 0 else len(self.rawdata)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._count()
        start = self._at()
        end = start + len(self.get_starttag_text() or "")
        told = dict(attrs)
        if self._own is not None:
            own, name, value, depth = self._own
            self._own = (own, name, value, depth + (tag == name and tag not in _VOID))
        elif OURS in told:
            self._begin(start, end, tag, told[OURS] or "")
        elif tag == "meta" and (name := (told.get("name") or "").strip().lower()) in self.said:
            self.said[name].append((start, end, (told.get("content") or "").strip().lower()))
        elif tag == "script" and (told.get("type") or "").strip().lower() == STORE:
            self._store = start
        elif tag == "link" and ELSEWHERE in (told.get("rel") or "").lower().split():
            self.manifests.append((start, end, (told.get("href") or "").strip() or "nowhere"))
        if tag == "frameset":
            raise UnsupportedMediaError("a frameset has no words of its own")
        self._place(tag, start, end)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # HTML knows no empty elements but the void ones

    def handle_endtag(self, tag: str) -> None:
        self._count()
        start = self._at()
        if tag == "head" and self.body is None and self.head is None:
            self.head = start
        if tag == "script" and self._store is not None:
            self.manifests.append((self._store, self._after_tag(start), ""))
            self._store = None
        self._leave(tag)
        if self._own is not None and tag == self._own[1]:
            own, name, value, depth = self._own
            self._own = (own, name, value, depth - 1) if depth else None
            if not depth:
                self.ours.append((own, self._after_tag(start), value))

    def handle_data(self, data: str) -> None:
        if self.body is None and not self._open and data.strip():
            self._here(self._at() + len(data) - len(data.lstrip()))

    def handle_entityref(self, name: str) -> None:
        del name
        self._here_if_bare()

    def handle_charref(self, name: str) -> None:
        del name
        self._here_if_bare()

    def _begin(self, start: int, end: int, tag: str, value: str) -> None:
        if tag in _VOID:
            self.ours.append((start, end, value))
        else:
            self._own = (start, tag, value, 0)

    def _place(self, tag: str, start: int, end: int) -> None:
        if self.body is not None:
            return
        if tag == "body":
            self.before_body = start
            self.body = end
        elif tag not in _HEAD and not self._open:
            self._here(start)
        elif tag in _RAW:
            self._outermost.setdefault(tag, len(self._open))
            self._open.append(tag)

    def _leave(self, tag: str) -> None:
        """Close an element of the head, and all that are open in it."""
        at = self._outermost.get(tag)
        if at is None:
            return
        for gone in self._open[at:]:
            if self._outermost.get(gone, -1) >= at:
                del self._outermost[gone]
        del self._open[at:]

    def _here(self, start: int) -> None:
        """Note that the body begins here, as in a page that does not say so."""
        self.before_body = start
        self.body = start

    def _here_if_bare(self) -> None:
        if self.body is None and not self._open:
            self._here(self._at())

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitExceededError("the page has too many tags")

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _after_tag(self, start: int) -> int:
        end = self._text.find(">", start)
        return len(self._text) if end < 0 else end + 1
