"""Markdown: the mark and the C2PA manifest in the front matter, the notice as the first words.

Spec: C2PA 2.4, A.9. There is no standard for front matter: YAML between lines of `---` (Jekyll,
Hugo, Pandoc) or TOML between lines of `+++` (Hugo, Zola); a file without any gets one in YAML. The
value is a string that both read alike, the manifest a comment of both.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, Self

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, MalformedMediaError, RecordError
from kzmark.formats import _armour, _plain
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscription, Leaf, Passage
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium, Operation

_START: Final = r"(?:\A|(?<=[\r\n]))"  # of a line, whatever ends the one before it
_END: Final = r"(?:\r\n|\n|\r|\Z)"
_FRONT: Final = re.compile(rf"(---|\+\+\+)[ \t]*(\r\n|\n|\r)(.*?){_START}\1[ \t]*{_END}", re.DOTALL)
_OURS: Final = ("kzmark", "ai-disclosure")
_MINING: Final = {training.MINING: "data-mining", training.CONSTRAINTS: "other-constraints"}
_RESERVATION: Final = "tdm-reservation"
_BEYOND: Final = re.compile("[^ -~]")
_SAID: Final = re.compile(
    rf"{_START}(ai-disclosure|data-mining|tdm-reservation|AIGC)[ \t]*[:=][ \t]*([^\r\n]*){_END}"
)
_RECORD: Final = re.compile(rf"{_START}kzmark[ \t]*[:=][ \t]*(\"[^\r\n]*\")[ \t]*{_END}")
_SHOWN: Final = 64 << 10  # characters that are rendered to look for a notice at their beginning
_PLAIN: Final = re.compile(  # a first paragraph, quoted, that means the same in any renderer
    r"[\r\n]*+(> \*\*\[[^\[\]<&\\`\r\n]*\]\*\* [^\[\]<&\\`\r\n]*+)(?=[\r\n]|\Z)"
)
_UNREAD: Final = "what follows takes kzmark[html] to read"


def quotation(inscription: Inscription) -> str:
    """Return the notice as a paragraph that is quoted, so that it stands apart."""
    badge = f"[{inscription.badge}]"
    return f"> **{badge}**{inscription.text.removeprefix(badge)}"


class Markdown:
    """The adapter."""

    info = FormatInfo(
        name="markdown",
        title="Markdown",
        medium=Medium.TEXT,
        mime="text/markdown",
        extensions=(".md", ".markdown", ".mdown", ".mkd"),
        signatures=(),
        layers=frozenset({Layer.C2PA, Layer.TEXT}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every letter outside the front matter's own lines and the notice",
        backend="markdown_it",
        extra="html",
    )

    unaided = True  # the C2PA library knows no texts

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the front matter holds."""
        front = _Front.of(Plain.read(source, limits=limits).text)
        facts = {name: value[:1_000] for name, value in _SAID.findall(front.inner)}
        found = [_judged(text, facts) for text in _RECORD.findall(front.inner)]
        return found or [Evidence(layer=Layer.TEXT, status=Status.ABSENT, facts=facts)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its front matter; one is made if there is none."""
        plain = Plain.read(source, limits=limits)
        front, end = _Front.of(plain.text), plain.newline
        sign = " =" if front.fence == "+++" else ":"
        said = _said(mark)
        lines = "".join(f"{name}{sign} {value}{end}" for name, value in said.items())
        old = next((_judged(text, {}).mark for text in _RECORD.findall(front.inner)), None)
        names = {*_OURS, *said, *(_said(old) if old else ())}
        inner = lines + _lines_of(names).sub("", front.inner)
        fence = front.fence or "---"
        rest = plain.text[front.end :] if front.fence else end + plain.text
        changed, _ = plain.with_text(f"{fence}{end}{inner}{fence}{end}{rest}")
        target.write(changed.spell())

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file, less an earlier manifest, with the notice as its first paragraph.

        Returns:
            `text.encoding-changed` if the encoding lacks a letter of the notice.
        """
        whole = Plain.read(source, limits=limits)
        plain = replace(whole, text=_armour.without(whole.text))
        front = _Front.of(plain.text)
        at = front.end + len(plain.text[front.end :]) - len(plain.text[front.end :].lstrip("\r\n"))
        text = quotation(inscription)
        changed, notes = plain.begun_with(text, instead_of=inscription.begins, at=at)
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first words as CommonMark renders them, raw HTML among them.

        Raises:
            BackendMissingError: If markdown-it-py, selectolax or tinycss2 is not installed, and the
                text could hide its first paragraph, or does not begin with a notice.
        """
        text = Plain.read(source, limits=limits).text
        body = text[_Front.of(text).end :][:_SHOWN]
        try:
            from markdown_it import MarkdownIt

            from kzmark.formats.html.sight import passages

            markup = MarkdownIt("commonmark").render(body)
            yield Leaf(index=0, passages=passages(markup, limits=limits))
        except ImportError as error:
            if not (plain := _quoted_first(body)):
                raise BackendMissingError("markdown_it", extra="html") from error
            yield Leaf(index=0, passages=plain)

    def room(self, data: bytes, size: int) -> Room:
        """Return the place in the front matter: its last line, a comment in YAML and in TOML.

        Raises:
            MalformedMediaError: If there is no front matter, or a manifest already.
        """
        plain = Plain.of(data)
        front = _Front.of(plain.text)
        if not front.fence:
            raise MalformedMediaError("no front matter for a manifest")
        return _armour.room(plain, front.stop, size, prefix="# ")

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store that a line holds."""
        return _armour.unwrap(piece)

    def survey(self, data: bytes, *, limits: Limits) -> Survey:
        """Look for the line, wherever it stands."""
        return _armour.survey(Plain.of(data), limits=limits)

    def covered(self, data: bytes, place: tuple[int, int]) -> bytes:
        """Return the SHA-256 of all bytes outside a place."""
        return _armour.covered(data, place)


ADAPTER = Markdown()


@dataclass(frozen=True, slots=True)
class _Front:
    """The front matter of a file.

    Attributes:
        fence: The line before and after it; empty if there is none.
        inner: What stands between.
        stop: Where the line after it begins, in characters.
        end: Where the text behind it begins, in characters.
    """

    fence: str
    inner: str
    stop: int
    end: int

    @classmethod
    def of(cls, text: str) -> Self:
        found = _FRONT.match(text)
        return cls(found[1], found[3], found.end(3), found.end()) if found else cls("", "", 0, 0)


def _quoted_first(body: str) -> tuple[Passage, ...]:
    """Return the words of a text that begins with a notice and holds no HTML that could hide it.

    So a text is judged without any renderer; its further words are left to one.
    """
    found = None if "<" in body else _PLAIN.match(body)
    if found is None:
        return ()
    return (*_plain.passages(found[1]), Passage(text=body[found.end() :], hidden=_UNREAD))


def _said(mark: Mark) -> dict[str, str]:
    """Return what the front matter says, spelt as YAML and TOML read alike."""
    kind = "ai-assisted" if mark.operation is Operation.MODIFIED else "ai-generated"
    found = {"ai-disclosure": _quoted(kind)}
    found |= {_MINING[name]: _quoted(text) for name, text in training.said(mark).items()}
    if training.is_reserved(mark):
        found[_RESERVATION] = training.RESERVED
    record = json.dumps(mark.to_dict(), sort_keys=True, separators=(",", ":"))
    return found | {"kzmark": json.dumps(record)}


def _quoted(text: str) -> str:
    """Return a string as YAML and TOML both spell it, in ASCII."""
    spelt = json.dumps(text, ensure_ascii=False)
    return _BEYOND.sub(lambda one: f"\\U{ord(one[0]):08x}", spelt)


def _lines_of(names: Iterable[str]) -> re.Pattern[str]:
    words = "|".join(map(re.escape, sorted(names)))
    return re.compile(rf"{_START}(?:{words})[ \t]*[:=][^\r\n]*{_END}")


def _judged(spelt: str, facts: Mapping[str, str]) -> Evidence:
    try:
        mark = Mark.from_json(json.loads(spelt))
    except (RecordError, ValueError) as error:
        detail = getattr(error, "message", "the record is not a text")
        return Evidence(
            layer=Layer.TEXT, status=Status.BROKEN, code="text.record", detail=detail, facts=facts
        )
    return Evidence(layer=Layer.TEXT, status=Status.PRESENT, mark=mark, facts=facts)
