"""Options of encoders: a slip of the pen is refused, what is documented goes through."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kzmark import encoders, options
from kzmark.errors import RequestError
from kzmark.sniff import sniff

PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 48))


@pytest.mark.parametrize(
    ("name", "given", "hint"),
    [
        ("jpeg", {"qualty": 3}, "did you mean quality?"),
        ("webp", {"losless": True}, "did you mean lossless?"),
        ("png", {"compression_level": 3}, "did you mean compress_level?"),
        ("heic", {"qality": 3}, "did you mean quality?"),
        ("jxl", {"efort": 3}, "did you mean effort?"),
        ("bmp", {"quality": 3}, "one of dpi"),
        ("avif", {"xyzzy": 3}, "one of advanced, alpha_premultiplied"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest(
    name: str, given: dict[str, Any], hint: str
) -> None:
    with pytest.raises(RequestError, match=f"{name} has no option {next(iter(given))}") as caught:
        options.checked(name, given)

    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "given", "hint"),
    [
        ("jpeg", {"quality": 500}, "a whole number from 0 to 100"),
        ("jpeg", {"quality": -1}, "a whole number from 0 to 100"),
        ("jpeg", {"quality": 92.5}, "a whole number from 0 to 100"),
        ("jpeg", {"quality": True}, "a whole number from 0 to 100"),
        ("jpeg", {"quality": "very good"}, "'web_low'"),
        ("jpeg", {"quality": float("nan")}, "a whole number"),
        ("jpeg", {"quality": np.arange(3)}, "a whole number"),
        ("jpeg", {"quality": [90]}, "a whole number"),
        ("jpeg", {"subsampling": "4:2:1"}, "'4:2:0'"),
        ("jpeg", {"progressive": "yes"}, "True or False"),
        ("jpeg", {"progressive": np.arange(3)}, "True or False"),
        ("png", {"compress_level": 10}, "a whole number from 0 to 9"),
        ("webp", {"method": 7}, "a whole number from 0 to 6"),
        ("webp", {"quality": 100.5}, "a number from 0 to 100"),
        ("avif", {"speed": 11}, "a whole number from 0 to 10"),
        ("avif", {"range": "half"}, "'full' or 'limited'"),
        ("tiff", {"quality": 101}, "a whole number from 0 to 100"),
        ("heic", {"quality": -2}, "a whole number from -1 to 100"),
        ("heic", {"chroma": 411}, "444 or 422 or 420"),
        ("jxl", {"distance": 26}, "a number from 0 to 25"),
        ("jxl", {"effort": 0}, "a whole number from 1 to 10"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(
    name: str, given: dict[str, Any], hint: str
) -> None:
    with pytest.raises(RequestError, match=f"{name}: {next(iter(given))}=") as caught:
        options.checked(name, given)

    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["png", "gif", "webp", "tiff", "avif"])
def test_pictures_without_the_notice_cannot_be_appended(name: str) -> None:
    with pytest.raises(RequestError, match="without the notice"):
        options.checked(name, {"save_all": True, "append_images": [PICTURE]})


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("avif", {"quality": 0, "speed": np.int64(10), "subsampling": "4:2:2", "range": "limited"}),
        ("avif", {"quality": np.uint8(100), "max_threads": 1, "tile_rows": 1, "autotiling": False}),
        ("bmp", {"dpi": (72, 72)}),
        ("gif", {"interlace": False, "comment": b"made", "optimize": 1, "disposal": 2}),
        ("heic", {"quality": 0, "subsampling": "4:4:4", "enc_params": {"preset": "fast"}}),
        ("heic", {"quality": 100, "chroma": 422}),
        ("jpeg", {"quality": 100, "progressive": True, "optimize": np.True_, "dpi": (72, 72)}),
        ("jpeg", {"quality": "web_high", "subsampling": "4:2:0", "comment": b"made"}),
        ("jpeg", {"quality": 0, "subsampling": 2, "smooth": 10, "restart_marker_blocks": 4}),
        ("jxl", {"quality": 92.5, "effort": 1, "decodingspeed": 2}),
        ("jxl", {"distance": 0.3, "lossless": None}),
        ("png", {"optimize": True, "dpi": (72, 72), "compress_type": 1}),
        ("png", {"compress_level": 0, "exif": Image.Exif()}),
        ("tiff", {"compression": "jpeg", "quality": 80, "resolution_unit": "inch"}),
        ("tiff", {"compression": "packbits", "software": "made", "tiffinfo": {270: "made"}}),
        ("webp", {"lossless": True, "quality": 80.5, "method": 6, "exact": True}),
        ("webp", {"quality": 0, "alpha_quality": 100}),
    ],
)
def test_documented_options_reach_the_encoder(name: str, given: dict[str, Any]) -> None:
    data = encoders.encode(PICTURE, name, {}, given)

    assert sniff(io.BytesIO(data)).info.name == name


def test_every_format_that_is_encoded_has_its_options() -> None:
    for name in encoders.NAMES:
        with pytest.raises(RequestError, match="has no option"):
            options.checked(name, {"xyzzy": 1})
