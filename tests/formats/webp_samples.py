"""Small WebP files of every kind, and all that can be done with one."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.formats._base import Patch
from kzmark.formats.webp import ADAPTER
from kzmark.formats.webp.riff import Chunk, parse
from kzmark.mark import Mark

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(2).integers(0, 256, (23, 37, 3), np.uint8))


def lossy() -> bytes:
    return save(noise(), quality=70)


def lossy_alpha() -> bytes:
    image = noise()
    image.putalpha(Image.linear_gradient("L").resize((37, 23)))
    return save(image, quality=70)


def lossless() -> bytes:
    return save(noise(), lossless=True)


def lossless_alpha() -> bytes:
    image = noise()
    image.putalpha(Image.linear_gradient("L").resize((37, 23)))
    return save(image, lossless=True, exact=True)


def animation() -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    for index, frame in enumerate(frames):
        frame.paste((9, 9, 9), (index * 5, 0, index * 5 + 8, 8))
    return save(
        frames[0], save_all=True, append_images=frames[1:], duration=[70, 80, 90], loop=3,
        background=(1, 2, 3, 4),
    )  # fmt: skip


def oriented(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    return save(Image.new("RGB", (40, 20), "teal"), exif=exif, icc_profile=ICC)


each_kind = pytest.mark.parametrize(
    "make", [lossy, lossy_alpha, lossless, lossless_alpha, animation, oriented]
)


def written(data: bytes, mark: Mark) -> bytes:
    target = io.BytesIO()
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def chunks(data: bytes) -> list[Chunk]:
    return parse(data, limits=DEFAULT_LIMITS).chunks


def kinds(data: bytes) -> list[bytes]:
    return [chunk.kind for chunk in chunks(data)]


def everything(data: bytes, mark: Mark, limits: Limits = DEFAULT_LIMITS) -> None:
    """Do with a file all that an adapter can do."""
    plate = np.full((4, 6, 3), 200, np.uint8)
    source = io.BytesIO(data)
    ADAPTER.read(source, limits=limits)
    ADAPTER.write(source, io.BytesIO(), mark, limits=limits)
    ADAPTER.sizes(source, limits=limits)
    for picture in ADAPTER.pictures(source, limits=limits, within=(0, 0, 9, 9)):
        assert picture.pixels.shape[2] == 3
    ADAPTER.paint(
        source, io.BytesIO(), lambda w, h: Patch(x=0, y=0, pixels=plate[:h, :w]), limits=limits
    )
