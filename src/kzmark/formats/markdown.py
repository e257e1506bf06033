"""Markdown: the mark in the front matter, the notice as the first words.

There is no standard for front matter: YAML between lines of `---` (Jekyll, Hugo, Pandoc) or TOML
between lines of `+++` (Hugo, Zola); a file without any gets one in YAML. The value is a string that
both read alike.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Self

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, RecordError
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscription, Leaf
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium, Operation

_START: Final = r"(?:\A|(?<=[\r\n]))"  # of a line, whatever ends the one before it
_END: Final = r"(?:\r\n|\n|\r|\Z)"
_FRONT: Final = re.compile(rf"(---|\+\+\+)[ \t]*(\r\n|\n|\r)(.*?){_START}\1[ \t]*{_END}", re.DOTALL)
_OURS: Final = re.compile(rf"{_START}(?:kzmark|ai-disclosure)[ \t]*[:=][^\r\n]*{_END}")
_RECORD: Final = re.compile(rf"{_START}kzmark[ \t]*[:=][ \t]*(\"[^\r\n]*\")[ \t]*{_END}")
_SHOWN: Final = 64 << 10  # characters that are rendered to look for a notice at their beginning


class Markdown:
    """The adapter."""

    info = FormatInfo(
        name="markdown",
        title="Markdown",
        medium=Medium.TEXT,
        mime="text/markdown",
        extensions=(".md", ".markdown", ".mdown", ".mkd"),
        signatures=(),
        layers=frozenset({Layer.TEXT, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every letter outside the front matter's own lines and the notice",
        backend="markdown_it",
        extra="html",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the front matter holds."""
        front = _Front.of(Plain.read(source, limits=limits).text)
        found = [_judged(text) for text in _RECORD.findall(front.inner)]
        return found or [Evidence(layer=Layer.TEXT, status=Status.ABSENT)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its front matter; one is made if there is none."""
        plain = Plain.read(source, limits=limits)
        front, end = _Front.of(plain.text), plain.newline
        sign = " =" if front.fence == "+++" else ":"
        said = "ai-assisted" if mark.operation is Operation.MODIFIED else "ai-generated"
        record = json.dumps(json.dumps(mark.to_dict(), sort_keys=True, separators=(",", ":")))
        lines = f'ai-disclosure{sign} "{said}"{end}kzmark{sign} {record}{end}'
        inner = lines + _OURS.sub("", front.inner)
        fence = front.fence or "---"
        rest = plain.text[front.end :] if front.fence else end + plain.text
        changed, _ = plain.with_text(f"{fence}{end}{inner}{fence}{end}{rest}")
        target.write(changed.spell())

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice as its first paragraph, a quotation.

        Returns:
            `text.encoding-changed` if the encoding lacks a letter of the notice.
        """
        plain = Plain.read(source, limits=limits)
        front = _Front.of(plain.text)
        at = front.end + len(plain.text[front.end :]) - len(plain.text[front.end :].lstrip("\r\n"))
        badge = f"[{inscription.badge}]"
        text = f"> **{badge}**{inscription.text.removeprefix(badge)}"
        changed, notes = plain.begun_with(text, badge=inscription.badge, at=at)
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first words as CommonMark renders them, raw HTML among them.

        Raises:
            BackendMissingError: If markdown-it-py, selectolax or tinycss2 is not installed.
        """
        text = Plain.read(source, limits=limits).text
        body = text[_Front.of(text).end :][:_SHOWN]
        try:
            from markdown_it import MarkdownIt

            from kzmark.formats.html.sight import passages

            markup = MarkdownIt("commonmark").render(body)
            yield Leaf(index=0, passages=passages(markup, limits=limits))
        except ImportError as error:
            raise BackendMissingError("markdown_it", extra="html") from error


ADAPTER = Markdown()


@dataclass(frozen=True, slots=True)
class _Front:
    """The front matter of a file.

    Attributes:
        fence: The line before and after it; empty if there is none.
        inner: What stands between.
        end: Where the text behind it begins, in characters.
    """

    fence: str
    inner: str
    end: int

    @classmethod
    def of(cls, text: str) -> Self:
        found = _FRONT.match(text)
        return cls(found[1], found[3], found.end()) if found else cls("", "", 0)


def _judged(spelt: str) -> Evidence:
    try:
        mark = Mark.from_json(json.loads(spelt))
    except (RecordError, ValueError) as error:
        detail = getattr(error, "message", "the record is not a text")
        return Evidence(layer=Layer.TEXT, status=Status.BROKEN, code="text.record", detail=detail)
    return Evidence(layer=Layer.TEXT, status=Status.PRESENT, mark=mark)
