"""A report page as a reader without scripts would take it apart."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Page(HTMLParser):
    """What stands on a page: its elements, and the data that its script shows.

    Attributes:
        tags: Names of all elements, in order.
        links: Values of every attribute that could fetch something.
        scripts: The text of what runs.
        styles: The text of its styles.
        allowed: Its content security policy.
        totals: What it says of all files.
        words: Its words by language.
        rows: The files.
        pictures: Their previews in base64.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.allowed = ""
        self.totals: dict[str, Any] = {}
        self.words: dict[str, dict[str, str]] = {}
        self.rows: list[dict[str, Any]] = []
        self.pictures: list[str] = []
        self._shared: list[Any] = []
        self._inside: dict[str, str | None] | None = None
        self._tag, self._text = "", ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action"}]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.allowed = given["content"] or ""
        if tag in {"script", "style"}:
            self._inside, self._tag, self._text = given, tag, ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if self._inside is None or tag != self._tag:
            return
        kind = self._inside.get("type")
        if tag == "style":
            self.styles.append(self._text)
        elif kind == "application/json":
            self._take(json.loads(self._text), self._inside)
        elif kind == "text/plain":
            self.pictures += self._text.split("\n")[1:-1]
        else:
            self.scripts.append(self._text)
        self._inside = None

    def _take(self, body: Any, given: dict[str, str | None]) -> None:
        if given.get("id") == "totals":
            self.totals = body
        elif given.get("id") == "words":
            self.words = body
        else:
            self._shared += body["shared"]
            self.rows += map(self._row, body["rows"])

    def _row(self, row: list[Any]) -> dict[str, Any]:
        names = ("source", "sha256", "format", "medium", "verdict", "reason")
        mark, findings, evidence = row[6:]
        return dict(zip(names, row, strict=False)) | {
            "mark": dict(map(self._whole, mark)) if mark else None,
            "findings": [self._whole(one) for one in findings],
            "evidence": [self._whole(one) for one in evidence],
        }

    def _whole(self, one: Any) -> Any:
        return self._shared[one] if isinstance(one, int) else one
