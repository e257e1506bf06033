"""Files of every shape that carries a store of our own, and the ways to sign them."""

import io
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin
from tests.signing.samples import large_jpeg, picture

from kzmark._limits import DEFAULT_LIMITS
from kzmark._rope import bytes_of
from kzmark.formats import all_adapters
from kzmark.formats._embedding import Embeds
from kzmark.mark import Mark
from kzmark.signing import embed
from kzmark.signing.signer import Signer
from kzmark.signing.store import binding
from kzmark.signing.store.validate import Validation, validate

LIMITS = DEFAULT_LIMITS
ADAPTERS: dict[str, Any] = {
    a.info.name: a
    for a in all_adapters()
    if isinstance(a, Embeds) and a.info.name in {"jpeg", "png"}
}


def saved(kind: str, width: int = 90, height: int = 60, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture(width, height).save(stream, kind, **options)
    return stream.getvalue()


def with_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "before"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(
        "JPEG", exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    )


def without_jfif() -> bytes:
    data = saved("JPEG")
    return data[:2] + data[4 + int.from_bytes(data[4:6], "big") :]


def animated() -> bytes:
    stream = io.BytesIO()
    frames = [picture(40, 30, seed=seed) for seed in (1, 2, 3)]
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:], duration=90)
    return stream.getvalue()


def texts() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "before")
    return saved("PNG", pnginfo=info)


FILES: dict[str, tuple[str, bytes]] = {
    "baseline": ("jpeg", saved("JPEG", quality=85)),
    "progressive": ("jpeg", saved("JPEG", progressive=True)),
    "tiny": ("jpeg", saved("JPEG", 8, 8)),
    "metadata": ("jpeg", with_metadata()),
    "bare": ("jpeg", without_jfif()),
    "large": ("jpeg", large_jpeg()),
    "png": ("png", saved("PNG")),
    "tiny-png": ("png", saved("PNG", 1, 1)),
    "apng": ("png", animated()),
    "texts": ("png", texts()),
}


def sign(name: str, mark: Mark, signer: Signer, **options: Any) -> bytes:
    kind, data = FILES[name]
    made = embed.sign(
        data, adapter=ADAPTERS[kind], mark=mark, signer=signer, limits=LIMITS, **options
    )
    assert made.place is not None, "the C2PA library signed it"
    return bytes_of(made.data)


def judged(data: bytes, kind: str, anchors: str = "") -> Validation:
    found = ADAPTERS[kind].survey(data, limits=LIMITS)
    place = (found.start, found.size)
    bound = binding.bound(place, lambda: binding.digest_of(data, place))
    return validate(found.store, bound, anchors=anchors, limits=LIMITS)
