"""A plate on a PNG, paired against what Pillow's default decode, paste and save cost.

    python -m benchmarks.bench_png_notice [ROUNDS]

The package's own plate, and a smaller plate as other studies measure it: at the top, at the bottom
and as a strip from side to side. From memory to memory, both in turn, medians of CPU time. As a
plain test the body runs once on a small picture, and both outputs are compared pixel by pixel.
"""

import io
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pytest
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Work, compared
from benchmarks.pictures import SIZES, made, photo
from PIL import Image

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Patch, Pixels
from kzmark.formats.png import ADAPTER
from kzmark.native import png

SMALL: Final = 0.06  # height of the smaller plate, as a share of the picture's
PLACES: Final = (
    "own plate",
    "small plate at the top",
    "small plate at the bottom",
    "strip at the bottom",
)


class Notice(NamedTuple):
    """One picture with one plate: CPU of both ways, in milliseconds, and how the file grew."""

    size: str
    place: str
    pillow: float
    ours: float
    grown: float

    def __str__(self) -> str:
        return (
            f"{self.size:6} {self.place:20} Pillow {self.pillow:8.1f} ms  "
            f"kzmark {self.ours:7.1f} ms  x{self.pillow / self.ours:6.1f}  size {self.grown:+.1%}"
        )


def notices(rounds: int) -> Iterator[Notice]:
    """Yield the comparison for each size and place."""
    for size, (width, height) in SIZES.items():
        data = made("png", photo(width, height))
        for place in PLACES:
            yield measured(size, place, data, patch_at(place, data, (width, height)), rounds)


def measured(size: str, place: str, data: bytes, patch: Patch, rounds: int) -> Notice:
    """Measure one picture with one plate, and check the work."""
    works = {
        "ours": Work(lambda: painted(data, patch)),
        "pillow": Work(lambda: by_pillow(data, patch)),
    }
    spent = compared(works, rounds=rounds, least=min(rounds, 3))
    ours = painted(data, patch)
    assert (pixels(ours) == pixels(by_pillow(data, patch))).all()
    grown = len(ours) / len(data) - 1
    return Notice(size, place, spent["pillow"].cpu * 1e3, spent["ours"].cpu * 1e3, grown)


def patch_at(place: str, data: bytes, size: tuple[int, int]) -> Patch:
    """Return the package's plate, as it is or as one of another shape and place."""
    plan = kzmark.Stamper(STATEMENT).plan(data)
    assert plan is not None
    own = plan.patch(*size)
    if place == "own plate":
        return own
    width, height = size if "strip" in place else (size[0] // 2, size[1])
    shown = Image.fromarray(own.pixels).resize((width, max(round(size[1] * SMALL), 1)))
    top = 0 if "top" in place else height - shown.height
    return Patch(x=0, y=top, pixels=np.asarray(shown))


def painted(data: bytes, patch: Patch) -> bytes:
    target = io.BytesIO()
    ADAPTER.paint(io.BytesIO(data), target, lambda _w, _h: patch, limits=DEFAULT_LIMITS)
    return target.getvalue()


def by_pillow(data: bytes, patch: Patch) -> bytes:
    target = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        image.paste(Image.fromarray(patch.pixels), (patch.x, patch.y))
        image.save(target, "PNG")
    return target.getvalue()


def pixels(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("place", PLACES)
def test_both_ways_give_the_same_pixels(place: str) -> None:
    data = made("png", photo(480, 320))

    notice = measured("small", place, data, patch_at(place, data, (480, 320)), 1)

    assert notice.grown < 0.5
    assert notice.pillow > 0


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"native core: {'yes' if png.available() else 'no'}")
    for notice in notices(rounds):
        print(notice, flush=True)


if __name__ == "__main__":
    main()
