"""What could hide a notice where no rendering shows it: scripts, animations, foreign parts.

A still rendering sees what is painted at once and from the file alone. This looks for the rest, in
the structure; it says that something could be, never that it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from kzmark._limits import Limits
from kzmark.formats import _xml
from kzmark.formats.svg.document import NOTICE_ID, SVG, WHAT, Document
from kzmark.report import Evidence, Status

_XLINK: Final = "http://www.w3.org/1999/xlink href"
_ANIMATIONS: Final = frozenset(
    f"{SVG} {name}" for name in ("animate", "set", "animateTransform", "animateMotion")
)
_FOREIGN: Final = (f"{SVG} foreignObject", f"{SVG} use")  # pictures are seen, if need be as grey
_RESTYLED: Final = re.compile(
    r"@font-face[^}]*(PT Sans|Noto Sans|DejaVu Sans|Arial)|@import|@keyframes", re.IGNORECASE
)


def judge(document: Document, *, limits: Limits) -> Sequence[Evidence]:
    """Return one evidence, unchecked, for each way a notice could be hidden unseen.

    Codes: `notice.scripted` (scripts run where the file is opened by itself), `notice.animated`
    (an animation of the notice or the root), `notice.overlaid` (a part painted after the notice
    that only a browser shows), `notice.restyled` (style sheets from elsewhere, fonts that take the
    place of ours, animations by style).
    """
    seeker = _Seeker(document.notice.end if document.notice else -1)
    _xml.scan(document.text, limits=limits, what=WHAT, doctype=True, visitor=seeker)
    return [
        Evidence.observed(Status.UNCHECKED, code, detail)
        for code, detail in sorted(seeker.found.items())
    ]


class _Seeker(_xml.Visitor):
    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._root_id = ""
        self._path: list[tuple[str, str]] = []  # name and id
        self._css: list[str] = []
        self.found: dict[str, str] = {}

    def instruction(self, target: str) -> None:
        if target == "xml-stylesheet":
            self.found["notice.restyled"] = "a style sheet from elsewhere"

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._path:
            self._root_id = attributes.get("id", "")
        href = (attributes.get("href") or attributes.get(_XLINK) or "").strip()
        local = name.rpartition(" ")[2]
        if local == "script" or any(_runs(key, value) for key, value in attributes.items()):
            self.found["notice.scripted"] = f"a script ({local})"
        if name in _ANIMATIONS and self._aims_at_notice(href):
            self.found["notice.animated"] = f"an animation ({local}) of the notice or the root"
        if 0 <= self._behind <= self.offset and name in _FOREIGN and not href.startswith("#"):
            self.found["notice.overlaid"] = f"{local} painted after the notice"
        if _RESTYLED.search(attributes.get("style", "")):
            self.found["notice.restyled"] = "an inline style"
        self._path.append((name, attributes.get("id", "")))

    def end(self) -> None:
        self._path.pop()
        if _RESTYLED.search("".join(self._css)):
            self.found["notice.restyled"] = "a style sheet with animations, imports or our fonts"
        self._css = []

    def text(self, text: str) -> None:
        if self._path[-1][0] == f"{SVG} style":
            self._css.append(text)

    def _aims_at_notice(self, href: str) -> bool:
        """Say whether an animation is of the notice, of something in it, or of the root."""
        if href:
            return href in (f"#{NOTICE_ID}", f"#{self._root_id}")
        inside = any(identity == NOTICE_ID for _, identity in self._path)
        return inside or len(self._path) == 1


def _runs(key: str, value: str) -> bool:
    """Say whether an attribute runs a script."""
    handler = key.startswith("on") and " " not in key
    return handler or value.lstrip().lower().startswith("javascript:")
