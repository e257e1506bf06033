"""Transparency of pictures in memory: kept where the format has it, refused where it has not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

import kzmark
from kzmark import colours
from kzmark.errors import RequestError
from kzmark.signing.identity import Identity, new_identity

RED = (255, 0, 0, 0)  # a colour that nobody sees
PLACE = (399, 399)  # far from the plate
OPAQUE = ("jpeg", "bmp")
CLEAR = ("avif", "heic", "jxl", "png", "tiff", "webp")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


@pytest.fixture
def stamper(identity: Identity) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
    )
    return kzmark.Stamper(said, identity=identity)


def hidden(level: int = 0) -> Image.Image:
    """Return a blue picture whose lower half is red, and see-through."""
    image = Image.new("RGBA", (400, 400), (0, 0, 255, 255))
    image.paste((*RED[:3], level), (0, 200, 400, 400))
    return image


def keyed() -> Image.Image:
    image = hidden().convert("RGB").quantize(2)
    image.info["transparency"] = image.getpixel(PLACE)
    return image


def faded() -> Image.Image:
    image = keyed()
    levels = [255, 255]
    levels[int(image.info["transparency"])] = 100
    image.info["transparency"] = bytes(levels)
    return image


def coloured() -> Image.Image:
    image = hidden().convert("RGB")
    image.info["transparency"] = RED[:3]
    return image


def grey() -> Image.Image:
    return hidden().convert("LA")


def premultiplied() -> Image.Image:
    return hidden().convert("RGBa")


def array() -> np.ndarray:
    return np.asarray(hidden())


SEE_THROUGH = (hidden, keyed, coloured, grey, premultiplied, array)


@pytest.mark.parametrize("make", [*SEE_THROUGH, faded, lambda: hidden(100)])
@pytest.mark.parametrize("name", OPAQUE)
def test_a_see_through_picture_is_refused_where_it_would_be_opaque(
    stamper: kzmark.Stamper, make: Callable[[], object], name: str
) -> None:
    with pytest.raises(RequestError, match=f"see-through in places, which {name}") as caught:
        stamper.stamp(make(), format=name)

    assert "on a background first" in caught.value.hint


@pytest.mark.parametrize("make", SEE_THROUGH)
def test_a_gif_stays_see_through_and_holds_no_hidden_colour(
    stamper: kzmark.Stamper, make: Callable[[], object]
) -> None:
    done = stamper.stamp(make(), format="gif")
    assert done.data is not None
    shown = Image.open(io.BytesIO(done.data)).convert("RGBA")

    assert shown.getchannel("A").getpixel(PLACE) == 0
    assert shown.getchannel("A").crop((0, 0, 400, 200)).getextrema() == (255, 255)
    assert not (np.asarray(shown)[200:, :, :3] == RED[:3]).all(axis=-1).any()
    assert kzmark.verify(done.data).verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.parametrize("make", [faded, lambda: hidden(100)])
def test_a_gif_cannot_be_half_see_through(
    stamper: kzmark.Stamper, make: Callable[[], Image.Image]
) -> None:
    with pytest.raises(RequestError, match="half see-through"):
        stamper.stamp(make(), format="gif")


@pytest.mark.parametrize("name", CLEAR)
@pytest.mark.parametrize("level", [0, 100])
def test_other_formats_keep_every_level(stamper: kzmark.Stamper, name: str, level: int) -> None:
    done = stamper.stamp(hidden(level), format=name)
    assert done.data is not None
    levels = alpha(done.data, name)

    assert abs(int(levels[PLACE]) - level) <= 3
    assert levels[0, 0] >= 253
    assert kzmark.verify(done.data).verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.parametrize("name", [*OPAQUE, "gif"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa"])
def test_alpha_that_hides_nothing_may_go(stamper: kzmark.Stamper, mode: str, name: str) -> None:
    source = Image.new("RGBA", (400, 400), (0, 0, 255, 255)).convert(
        mode if mode in {"LA", "RGBa"} else "RGBA"
    )
    source = source.convert("RGB").convert("P").convert("PA") if mode == "PA" else source

    done = stamper.stamp(source, format=name)

    assert done.data is not None
    assert not Image.open(io.BytesIO(done.data)).has_transparency_data


def test_the_plate_has_no_hole(stamper: kzmark.Stamper) -> None:
    done = stamper.stamp(Image.new("RGBA", (400, 400), RED), format="gif")
    x, y, width, height = done.mark.notice.places[0].box
    assert done.data is not None

    shown = Image.open(io.BytesIO(done.data)).convert("RGBA").getchannel("A")

    assert shown.crop((x, y, x + width, y + height)).getextrema() == (255, 255)
    assert shown.getpixel(PLACE) == 0


def test_a_picture_of_few_colours_is_cut_out_exactly() -> None:
    picture = np.zeros((40, 60, 4), np.uint8)
    picture[..., :3] = np.random.default_rng(3).integers(0, 200, (5, 3))[
        np.random.default_rng(4).integers(0, 5, (40, 60))
    ]
    picture[10:, :, 3] = 255

    found = np.asarray(colours.cut_out(Image.fromarray(picture)).convert("RGBA"))

    assert np.array_equal(found[10:], picture[10:])
    assert not found[:10, :, 3].any()


def alpha(data: bytes, name: str) -> np.ndarray:
    """Return the alpha of a file as another program decodes it."""
    if name == "heic":
        pillow_heif = pytest.importorskip("pillow_heif")
        return np.asarray(pillow_heif.open_heif(data).to_pillow().convert("RGBA"))[..., 3]
    if name == "jxl":
        imagecodecs = pytest.importorskip("imagecodecs")
        return np.asarray(imagecodecs.jpegxl_decode(data))[..., 3]
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3]
