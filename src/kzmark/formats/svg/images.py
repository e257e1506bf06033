"""Pictures inside an SVG: which of them a renderer may be given.

Only what the file itself holds (`data:`) is drawn. A path or an address would make the verdict
depend on the machine, and hand a stranger's file a look at ours. Scalable pictures inside pictures
are weighed like the whole.
"""

import base64
import binascii
import io
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MediaError
from kzmark.formats import _xml
from kzmark.formats.svg.weight import weigh

_KINDS: Final = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}


class Allowance:
    """Counts the pixels of all pictures in one file; together they may be one picture's worth."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pixels = limits.max_pixels

    def admitted(self, href: str) -> str:
        """Return a picture as a `data:` URI that tells its true kind; or nothing.

        A browser looks at the bytes and not at the kind they are called, so we do the same.

        Raises:
            LimitExceededError: If it is over the limits.
        """
        data = _data(href)
        kind = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), "")
        if not kind:
            kind = "svg+xml" if self._is_light(data) else ""
        elif not self._has_room(data, kind):
            kind = ""
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}" if kind else ""

    def _is_light(self, data: bytes) -> bool:
        """Say whether these are shapes; those too heavy are over the limits."""
        try:
            text, _ = _xml.to_utf8(data, what="a picture in the SVG")
            weigh(text, limits=self._limits)
        except LimitExceededError:
            raise
        except MediaError:
            return False
        return True

    def _has_room(self, data: bytes, kind: str) -> bool:
        size = _size(data, kind)
        if size is None:
            return False
        self._limits.check_picture(*size, file_bytes=len(data))
        self._pixels -= size[0] * size[1]
        if self._pixels < 0:
            raise LimitExceededError(
                f"the pictures in the SVG are over the limit of {self._limits.max_pixels} px"
            )
        return True


def _data(href: str) -> bytes:
    """Return what a `data:` URI holds, or nothing (RFC 2397)."""
    head, comma, body = href.partition(",")
    if not comma or head[:5].lower() != "data:":
        return b""
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return raw
    try:
        return base64.b64decode(raw, validate=False)
    except binascii.Error:
        return b""


def _size(data: bytes, kind: str) -> tuple[int, int] | None:
    """Return width and height from the header; the pixels are not touched."""
    from PIL.GifImagePlugin import GifImageFile
    from PIL.Image import Image
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    openers: dict[str, Callable[[io.BytesIO], Image]] = {
        "png": PngImageFile,
        "jpeg": JpegImageFile,
        "gif": GifImageFile,
        "webp": WebPImageFile,
    }
    try:
        width, height = openers[kind](io.BytesIO(data)).size
    except (SyntaxError, OSError, ValueError):
        return None
    return width, height
