"""The root element: its viewport, what on it could hide everything, and the caption band.

A caption band makes the picture higher: the root's height and viewBox are changed, and what they
were is kept on the notice, so that replacing the notice starts from the picture as it came.
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats.svg import document as documents
from kzmark.formats.svg import geometry
from kzmark.formats.svg.document import Document, Edit
from kzmark.formats.svg.geometry import Viewport, number

_KEPT: Final = ("width", "height", "viewBox")
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_HARMLESS: Final = {  # what on a root moves, fades or hides all in it, and the values that do not
    "opacity": ("1", "1.0", "100%"),
    "clip-path": ("none",),
    "mask": ("none",),
    "filter": ("none",),
    "transform": ("none", ""),
    "rotate": ("none",),
    "scale": ("none",),
    "translate": ("none",),
    "offset-path": ("none",),
    "mix-blend-mode": ("normal",),
    "content-visibility": ("visible", "auto"),
}
_CONDITIONS: Final = ("systemLanguage", "requiredExtensions", "requiredFeatures")
_SHARES: Final = re.compile(rb"""\s(?:y|cy|y1|y2|height|r|ry|dy)\s*=\s*["']\s*[\d.]+%""")


def viewport_of(document: Document) -> Viewport:
    """Return the viewport of a document.

    Raises:
        MalformedMediaError: If the picture has no area.
        LimitExceededError: If it is larger than anything displayed.
    """
    return geometry.viewport(document.root.attributes, _style(document))


def refuse_hiding(document: Document) -> None:
    """Refuse a root that moves, fades or hides all that is in it, a notice too.

    Raises:
        MalformedMediaError: If it does.
    """
    style = _style(document)
    given = {**document.root.attributes, **style}
    if given.get("display", "").strip() == "none":
        raise MalformedMediaError("the root of the SVG is not displayed")
    for name, harmless in _HARMLESS.items():
        if given.get(name, harmless[0]).strip().lower() not in harmless:
            raise MalformedMediaError(
                f"the root of the SVG has {name}={given[name][:60]!r}, which no notice escapes",
                hint="put the picture into a group and the property on that group",
            )
    for name in _CONDITIONS:
        if name in document.root.attributes:
            raise MalformedMediaError(f"the root of the SVG is shown on a condition ({name})")


def undone(document: Document, *, limits: Limits) -> Document:
    """Return the document as it was before our notice, if it has one."""
    notice = document.notice
    if notice is None:
        return document
    behind = notice.end + (document.text[notice.end : notice.end + 1] == b"\n")
    was = {
        name: notice.attributes[f"data-was-{name.lower()}"]
        for name in _KEPT
        if f"data-was-{name.lower()}" in notice.attributes
    }
    edits: list[Edit] = [((notice.start, behind), ""), *document.root_set(was)]
    return documents.read(io.BytesIO(document.spliced(edits)), limits=limits)


def grown(document: Document, view: Viewport, rows: float) -> tuple[list[Edit], dict[str, str]]:
    """Return the edits that make the picture `rows` displayed pixels higher, and what was there.

    Raises:
        MalformedMediaError: If the size stands in the style of the root.
    """
    if rows <= 0:
        return [], {}
    if _style(document).keys() & {"width", "height"}:
        raise MalformedMediaError(
            "the size of the SVG stands in its style: it cannot be made higher"
        )
    height = view.height + rows
    values = {}
    if view.boxed:
        values["viewBox"] = " ".join(number(n) for n in view.view_box(view.width, height))
    if view.tall or not view.boxed:
        values["height"] = number(height)
    if not view.boxed:
        values["width"] = number(view.width)
    given = document.root.attributes
    return document.root_set(values), {name: given.get(name, "") for name in values}


def notes(document: Document, view: Viewport, rows: float) -> Sequence[str]:
    """Return stable codes for what a notice in this document cannot promise."""
    found = []
    if document.recoded:
        found.append("svg.now-utf-8")
    if view.cropped:
        found.append("svg.window-may-crop")
    if rows > 0 and _SHARES.search(document.text):
        found.append("svg.percent-lengths")
    return found


def _style(document: Document) -> Mapping[str, str]:
    """Return the inline style of the root as declarations, the last of each name."""
    text = _COMMENT.sub("", document.root.attributes.get("style", ""))
    pairs = (one.partition(":") for one in text.split(";") if ":" in one)
    return {
        name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs
    }
