"""Laying the notice on a picture, and looking at it, against Pillow; from bytes to bytes.

    python -m benchmarks.bench_notice [ROUNDS]

CPU of this process, both sides in turn, medians. Pillow decodes the picture, pastes the very same
plate and saves it with `quality="keep"`; kzmark goes through the adapter, header parse included. In
each turn a side takes several pictures in a row, as a pipeline does, each in bytes of its own that
nobody has looked at yet; a plate is laid on many pictures, so its cache is warm. As a plain test
each body runs once on a small picture and its work is checked.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple, cast

import numpy as np
from benchmarks.pictures import SIZES
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kzmark import formats, profile
from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Box, Paints, Patch, Pictures
from kzmark.notices import image
from kzmark.notices.style import NoticeStyle
from kzmark.vocabulary import Corner, Operation

KINDS = {  # how Pillow is to code the pictures
    "4:2:0 q90": {"quality": 90, "subsampling": 2},
    "4:4:4 q95": {"quality": 95, "subsampling": 0},
}
IN_A_ROW = 12  # pictures
SMALL = 0.5, 0.06  # shares of width and height: a single line, the smallest legible notice
PLACES = {"top": Corner.TOP_LEFT, "bottom": Corner.BOTTOM_LEFT, "strip": Corner.BOTTOM_STRIP}


class Row(NamedTuple):
    """Medians of one comparison, in seconds of CPU."""

    picture: str
    size: str
    plate: str
    pillow: float
    ours: float

    @property
    def ratio(self) -> float:
        """How many times faster kzmark is."""
        return self.pillow / self.ours


@cache
def photo(width: int, height: int) -> Image.Image:
    """Return a picture with detail at every scale and the grain of a camera, in pixels."""
    chance = np.random.default_rng(width)
    layers = np.zeros((height, width, 3), np.float32)
    for scale in (4, 10, 30, 90, 300):
        few = chance.normal(0, 1, (height // scale + 2, width // scale + 2, 3)).astype(np.float32)
        for channel in range(3):
            soft = Image.fromarray(few[..., channel]).resize(
                (width, height), Image.Resampling.BICUBIC
            )
            layers[..., channel] += np.asarray(soft) * (2 + 3 * scale**0.5)
    grain = chance.normal(0, 2.2, (height, width, 1)) + chance.normal(0, 0.8, layers.shape)
    return Image.fromarray((128 + layers + grain).clip(0, 255).astype(np.uint8))


@cache
def encoded(kind: str, size: tuple[int, int]) -> bytes:
    """Return a picture as a JPEG."""
    target = io.BytesIO()
    photo(*size).save(target, "JPEG", **KINDS[kind])
    return target.getvalue()


@cache
def own(size: tuple[int, int], corner: Corner) -> Patch:
    """Return kzmark's own plate as `kzmark stamp` lays it by default."""
    style = NoticeStyle(
        profile=profile.load(), operation=Operation.CREATED, languages=("kk", "ru"), corner=corner
    )
    form = image.form_for([size], style)
    return image.patch_for(style, form)(*size)


@cache
def small(size: tuple[int, int], corner: Corner) -> Patch:
    """Return a single line of text over half of the width, in the very corner of the picture."""
    width, height = size[0], round(size[1] * SMALL[1])
    if corner is not Corner.BOTTOM_STRIP:
        width = round(width * SMALL[0])
    line = Image.new("RGB", (width, height))
    text = "Жасанды интеллект жасаған · Создано ИИ"
    ImageDraw.Draw(line).text((height // 2, height // 5), text, "white", font_size=height * 0.5)
    pixels = np.asarray(line)
    pixels.setflags(write=False)
    return Patch(x=0, y=0 if corner is Corner.TOP_LEFT else size[1] - height, pixels=pixels)


def by_pillow(data: bytes, patch: Patch) -> bytes:
    """Decode, paste, save: what people do."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        opened.paste(Image.fromarray(patch.pixels), (patch.x, patch.y))
        opened.save(target, "JPEG", quality="keep")
    return target.getvalue()


def by_kzmark(data: bytes, patch: Patch) -> bytes:
    """Lay the plate through the adapter."""
    adapter, target = cast("Paints", formats.adapter("jpeg")), io.BytesIO()
    adapter.paint(io.BytesIO(data), target, lambda _width, _height: patch, limits=DEFAULT_LIMITS)
    return target.getvalue()


def whole(data: bytes) -> NDArray[np.uint8]:
    """Decode a picture with Pillow."""
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


def part(data: bytes, box: Box) -> NDArray[np.uint8]:
    """Return a part of a picture through the adapter."""
    adapter = cast("Pictures", formats.adapter("jpeg"))
    picture = next(iter(adapter.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=box)))
    return picture.pixels


def cost(work: Callable[[bytes], object], pictures: Sequence[bytes]) -> float:
    """Return the CPU time of one picture, in seconds."""
    before = time.process_time()
    for picture in pictures:
        work(picture)
    return (time.process_time() - before) / len(pictures)


def compare(
    one: Callable[[bytes], object], other: Callable[[bytes], object], data: bytes, rounds: int
) -> list[float]:
    """Return the medians of two works done in turn, the quick one on four times as many files."""
    one(data)
    other(data)
    first, second = [], []
    for _ in range(rounds):
        pictures = [bytes(bytearray(data)) for _ in range(IN_A_ROW)]
        first.append(cost(one, pictures[: IN_A_ROW // 4]))
        second.append(cost(other, pictures))
    return [statistics.median(first), statistics.median(second)]


def painting(rounds: int) -> Iterator[Row]:
    """Yield what laying a notice costs: both plates, top and bottom, every kind and size."""
    for kind in KINDS:
        for name, size in SIZES.items():
            data = encoded(kind, size)
            for place, corner in PLACES.items():
                for plate in (own, small):
                    patch = plate(size, corner)
                    works = partial(by_pillow, patch=patch), partial(by_kzmark, patch=patch)
                    sides = "x".join(map(str, reversed(patch.pixels.shape[:2])))
                    title = f"{plate.__name__}, {place}, {sides} px"
                    yield Row(kind, name, title, *compare(*works, data, rounds))


def looking(rounds: int) -> Iterator[Row]:
    """Yield what reading the notice's part of a picture costs, against decoding all of it."""
    for kind in KINDS:
        for name, size in SIZES.items():
            for place, corner in PLACES.items():
                patch = own(size, corner)
                data = by_kzmark(encoded(kind, size), patch)
                works = whole, partial(part, box=patch.box)
                yield Row(kind, name, f"own, {place}", *compare(*works, data, rounds))


def test_a_notice_on_a_jpeg_is_where_it_should_be() -> None:
    data, patch = encoded("4:2:0 q90", (640, 480)), small((640, 480), Corner.TOP_LEFT)

    painted = by_kzmark(data, patch)

    x, y, width, height = patch.box
    shown = whole(painted)[y : y + height, x : x + width].astype(int)
    assert np.abs(shown - patch.pixels).mean() < 6
    assert np.array_equal(whole(painted)[-100:], whole(data)[-100:])
    assert np.array_equal(part(painted, patch.box), whole(painted)[y : y + height, x : x + width])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    for size in SIZES.values():
        bits = [f"{kind}: {8 * len(encoded(kind, size)) / size[0] / size[1]:.2f}" for kind in KINDS]
        print(f"{size[0]}x{size[1]} px, bits a pixel:", *bits)
    for title, rows in (("paint", painting), ("look", looking)):
        for row in rows(rounds):
            print(
                f"{title:5} {row.picture} {row.size:5}  {row.plate:28} Pillow "
                f"{row.pillow * 1e3:7.2f} ms  kzmark {row.ours * 1e3:7.2f} ms  x{row.ratio:.1f}"
            )


if __name__ == "__main__":
    main()
