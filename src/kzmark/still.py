"""A picture that is no file yet: a `PIL.Image` or a NumPy array out of a generation pipeline.

The plate is laid on the pixels and the picture is encoded once, so that a lossy format loses
nothing to a second encoding. What a picture in memory cannot hand on whole (frames, depth,
transparency that the format lacks, an earlier mark) is refused: the file itself keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from PIL import Image, ImageOps

from kzmark import belongings, colours, encoders
from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, RequestError
from kzmark.formats import adapter
from kzmark.formats._base import Adapter, Patch

_FILE: Final = "give the file itself"


def is_picture(source: Any) -> bool:
    """Say whether `source` is a `PIL.Image` or a NumPy array."""
    return isinstance(source, Image.Image | np.ndarray)


@dataclass(frozen=True, slots=True)
class Still:
    """One picture in memory, on its way into a file.

    Attributes:
        image: The picture, upright, 8 bits a channel.
        adapter: The adapter of the format it will have.
        carried: What it brings along besides pixels, as options of its encoder.
        notes: What was left behind or changed, as stable codes.
        given: Options for its encoder, over our own choices.
    """

    image: Image.Image
    adapter: Adapter
    carried: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, picture: Any, name: str, *, limits: Limits, given: Mapping[str, Any] | None = None
    ) -> Self:
        """Take a `PIL.Image` or an array of shape (h, w), (h, w, 3) or (h, w, 4), uint8, RGB.

        A picture that its EXIF turns is turned; its EXIF, XMP, resolution and colour profile come
        along where the format has a place for them. Previews without the notice do not, and
        neither do those in the options `given` for the encoder.

        Raises:
            RequestError: If the array has another shape or kind, the image has several frames,
                more than 8 bits a channel, a mark already or transparency that the format lacks,
                or no picture can be encoded in the format `name`.
            MalformedMediaError: If the image cannot be decoded.
        """
        if name not in encoders.NAMES:
            raise RequestError(
                f"a picture cannot be encoded as {name}", hint=f"one of {', '.join(encoders.NAMES)}"
            )
        wanted, cut = belongings.without_previews(given or {}, limits=limits)
        if not isinstance(picture, Image.Image):
            _check_array(picture)
            limits.check_picture(picture.shape[1], picture.shape[0], file_bytes=picture.size)
            fitted = colours.fit(Image.fromarray(np.ascontiguousarray(picture)), name)
            return cls(fitted.image, adapter(name), {}, cut, wanted)
        limits.check_picture(*picture.size, file_bytes=picture.width * picture.height)
        image = _upright(picture)
        brought = belongings.of(image, limits=limits)
        fitted = colours.fit(image, name)
        carried = brought.arguments(name, fitted.profile)
        notes = tuple(dict.fromkeys((*brought.notes, *cut, *fitted.notes)))
        return cls(fitted.image, adapter(name), carried, notes, wanted)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.image.size

    def encode(self, patch: Patch | None) -> bytes:
        """Return the file, with a patch on it or without one.

        Raises:
            RequestError: If an option is unknown or out of range, or the encoder refuses.
            BackendMissingError: If the extra of the format is not installed.
        """
        image = self.image if patch is None else _painted(self.image, patch)
        return encoders.encode(image, self.adapter.info.name, self.carried, self.given)


def _upright(picture: Image.Image) -> Image.Image:
    """Decode an image and turn it as its EXIF says; refuse what one picture cannot hold."""
    try:
        frames = getattr(picture, "n_frames", 1)
        picture.load()
        turned = picture.getexif().get(0x0112, 1) != 1
        image = ImageOps.exif_transpose(picture) if turned else picture
    except encoders.FAULTS as error:
        raise MalformedMediaError(f"the picture cannot be decoded: {error}", hint=_FILE) from error
    if frames > 1:
        raise RequestError(
            f"an image of {frames} frames or pages, of which only one would be left",
            hint=f"{_FILE}, or image.copy() for this frame alone",
        )
    return image


def _painted(image: Image.Image, patch: Patch) -> Image.Image:
    """Return a copy with the patch laid on it; a caption band makes it higher."""
    grown = Image.new(image.mode, (image.width, image.height + patch.grow))
    grown.paste(image)
    grown.paste(Image.fromarray(patch.pixels).convert(image.mode), (patch.x, patch.y))
    return grown


def _check_array(array: Any) -> None:
    shape = array.shape
    good = array.dtype == np.uint8 and (len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4}))
    if not good:
        raise RequestError(
            f"an array of shape {shape} and kind {array.dtype}",
            hint="give uint8 of shape (height, width), (height, width, 3) or (height, width, 4)",
        )
