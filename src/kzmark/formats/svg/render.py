"""An SVG as a person sees it: rendered by resvg, from the file alone and within bounds."""

import functools
import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, LimitExceededError, MalformedMediaError
from kzmark.formats._base import Pixels
from kzmark.formats._drawn import enlargement
from kzmark.formats._xml import quote
from kzmark.formats.svg.document import WHAT, Document, Edit
from kzmark.formats.svg.geometry import Viewport, number
from kzmark.formats.svg.hush import held_back
from kzmark.formats.svg.images import Allowance
from kzmark.formats.svg.tags import attributes, tag_at
from kzmark.formats.svg.weight import weigh

_ASPECT: Final = "preserveAspectRatio"
_GREY: Final = (  # one pixel
    "data:image/gif;base64,R0lGODlhAQABAIAAAICAgAAAACwAAAAAAQABAAACAkQBADs="
)
_CHILD: Final = Path(__file__).with_name("child.py")


def render(document: Document, view: Viewport, *, limits: Limits) -> Pixels:
    """Return the picture over white, (height, width, 3), at `raster_size`.

    Raises:
        BackendMissingError: If resvg is not installed.
        MalformedMediaError: If resvg cannot render it.
        LimitExceededError: If it takes too much time or memory.
    """
    if importlib.util.find_spec("resvg_py") is None:
        raise BackendMissingError("resvg_py", extra="svg")
    text, cheap = _prepared(document, view, limits)
    png = _render_here(text) if cheap else _render_apart(text, limits)
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise MalformedMediaError(f"{WHAT} was rendered to no picture") from error


def raster_size(view: Viewport) -> tuple[int, int]:
    """Return the size to render at: the displayed one, or a multiple, or at most 2,000 px."""
    scale = enlargement(max(view.width, view.height))
    return max(1, round(view.width * scale)), max(1, round(view.height * scale))


def _prepared(document: Document, view: Viewport, limits: Limits) -> tuple[bytes, bool]:
    """Return the text to render, and whether that is plainly cheap."""
    weight = weigh(document.text, limits=limits)
    allowance = Allowance(limits)
    width, height = raster_size(view)
    size = {"width": str(width), "height": str(height)}
    if not view.boxed:
        size["viewBox"] = f"0 0 {number(view.width)} {number(view.height)}"
    edits = document.root_set(size)
    for offset, href in weight.images:
        if href and not href.startswith("#"):
            edits += _referring(document, offset, allowance.admitted(href))
    return document.spliced(edits), weight.cheap


def _referring(document: Document, offset: int, address: str) -> list[Edit]:
    """Return the edits by which a picture refers to `address`, or shows grey if that is empty.

    Grey is what we know of a picture that we cannot see: it hides what is under it.
    """
    start, end = tag_at(document.text, offset)
    there = attributes(document.text[start:end])
    given = {name: address or _GREY for name in there if name.rpartition(":")[2] == "href"}
    edits: list[Edit] = []
    if not address:
        given |= {name: "none" for name in there if name == _ASPECT}
        at = start + min(there[name][0] for name in given)
        edits += [] if _ASPECT in there else [((at, at), f' {_ASPECT}="none"')]
    for name, value in given.items():
        _, first, behind = there[name]
        edits.append(((start + first, start + behind), quote(value)))
    return edits


def _render_here(text: bytes) -> bytes:
    import resvg_py

    try:
        with held_back():
            png: bytes = resvg_py.svg_to_bytes(svg_string=text.decode(), **_options())
    except ValueError as error:
        raise MalformedMediaError(f"{WHAT} cannot be rendered: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's own; it has no class to import
            raise
        raise MalformedMediaError(f"{WHAT} cannot be rendered: {error}") from error
    return png


def _render_apart(text: bytes, limits: Limits) -> bytes:
    """Render in a process that is killed when its time is over."""
    command = [sys.executable, "-P", str(_CHILD), json.dumps(_options())]
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            timeout=limits.max_seconds,
            check=False,
            env=os.environ | {"PYTHONPATH": paths},
        )
    except subprocess.TimeoutExpired as error:
        raise LimitExceededError(
            f"{WHAT} takes more than {limits.max_seconds:g} s to render"
        ) from error
    if done.returncode < 0 or b"memory" in done.stderr[-2000:].lower():
        raise LimitExceededError(f"{WHAT} takes more to render than it may")
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise MalformedMediaError(f"{WHAT} cannot be rendered: {last[:200]}")
    return done.stdout


@functools.cache
def _options() -> dict[str, Any]:
    """Return what resvg is told: the shipped letters for every family, white paper, no folder."""
    import fontpkg_pt_sans

    folder = Path(fontpkg_pt_sans.__file__).parent / "files"
    families = ("font_family", "serif_family", "sans_serif_family", "cursive_family")
    return {
        "background": "#ffffff",
        "skip_system_fonts": True,
        "font_files": sorted(str(file) for file in folder.glob("*.ttf")),
        "languages": ["kk", "ru", "en"],
        **dict.fromkeys((*families, "fantasy_family", "monospace_family"), "PT Sans"),
    }
