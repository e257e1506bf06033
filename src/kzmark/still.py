"""A picture that is no file yet: a `PIL.Image` or a NumPy array out of a generation pipeline.

The plate is laid on the pixels and the picture is encoded once, so that a lossy format loses
nothing to a second encoding.
"""

import io
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from PIL import Image

from kzmark._limits import Limits
from kzmark.errors import RequestError
from kzmark.formats import adapter
from kzmark.formats._base import Adapter, Patch

_SAVE: Final[dict[str, tuple[str, dict[str, Any]]]] = {  # Pillow's name, and what we choose for it
    "avif": ("AVIF", {"quality": 90, "speed": 7}),
    "bmp": ("BMP", {}),
    "gif": ("GIF", {}),
    "jpeg": ("JPEG", {"quality": 95, "subsampling": 0, "restart_marker_rows": 1}),
    "png": ("PNG", {"compress_level": 3}),
    "tiff": ("TIFF", {"compression": "tiff_deflate"}),
    "webp": ("WEBP", {"quality": 95, "method": 2}),
}
_MODES: Final = {"avif": "RGBA", "bmp": "RGB", "gif": "RGB", "jpeg": "RGB"}


def is_picture(source: Any) -> bool:
    """Say whether `source` is a `PIL.Image` or a NumPy array."""
    return isinstance(source, Image.Image | np.ndarray)


@dataclass(frozen=True, slots=True)
class Still:
    """One picture in memory, on its way into a file.

    Attributes:
        image: The picture, 8 bits a channel.
        adapter: The adapter of the format it will have.
    """

    image: Image.Image
    adapter: Adapter

    @classmethod
    def of(cls, picture: Any, name: str, *, limits: Limits) -> Self:
        """Take a `PIL.Image` or an array of shape (h, w), (h, w, 3) or (h, w, 4), uint8, RGB.

        Raises:
            RequestError: If the array has another shape or kind, or no picture can be encoded in
                the format `name`.
        """
        if name not in _SAVE:
            raise RequestError(
                f"a picture cannot be encoded as {name}", hint=f"one of {', '.join(sorted(_SAVE))}"
            )
        image = picture if isinstance(picture, Image.Image) else _from_array(picture)
        limits.check_picture(*image.size, file_bytes=image.width * image.height)
        wanted = _MODES.get(name) if image.mode not in {"L", "RGB", _MODES.get(name)} else None
        if image.mode not in {"L", "RGB", "RGBA"}:
            wanted = wanted or ("RGBA" if image.has_transparency_data else "RGB")
        return cls(image.convert(wanted) if wanted else image, adapter(name))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.image.size

    def encode(self, patch: Patch | None, **options: Any) -> bytes:
        """Return the file, with a patch on it or without one.

        Args:
            patch: The plate, or nothing.
            **options: Handed to Pillow's `save`, over our own choices.
        """
        kind, chosen = _SAVE[self.adapter.info.name]
        image = self.image if patch is None else _painted(self.image, patch)
        carried = {
            key: image.info[key]
            for key in ("icc_profile", "dpi")
            if image.info.get(key) and kind != "BMP"
        }
        target = io.BytesIO()
        image.save(target, kind, **{**carried, **chosen, **options})
        return target.getvalue()


def _painted(image: Image.Image, patch: Patch) -> Image.Image:
    """Return a copy with the patch laid on it; a caption band makes it higher."""
    grown = Image.new(image.mode, (image.width, image.height + patch.grow))
    grown.paste(image)
    grown.info = dict(image.info)
    grown.paste(Image.fromarray(patch.pixels).convert(image.mode), (patch.x, patch.y))
    return grown


def _from_array(array: Any) -> Image.Image:
    shape = array.shape
    good = array.dtype == np.uint8 and (len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4}))
    if not good:
        raise RequestError(
            f"an array of shape {shape} and kind {array.dtype}",
            hint="give uint8 of shape (height, width), (height, width, 3) or (height, width, 4)",
        )
    return Image.fromarray(np.ascontiguousarray(array))
