"""Random JPEGs with random plates, made from a seed; and the judge of what became of them."""

import contextlib
import io
import random
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from tests.native.coefficients import coefficients, factors, header, unit

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.jpeg import colour, splice
from kzmark.formats.jpeg.segments import DHT, EOI, SOI, SOS, Stream, parse

Array = NDArray[np.uint8]
QUALITIES = (1, 5, 25, 50, 75, 80, 90, 95, 98, 100)
CJPEG = shutil.which("cjpeg")


@dataclass(frozen=True, kw_only=True)
class Case:
    data: bytes
    plate: Array  # RGB
    corner: tuple[int, int]
    quality: int
    kind: str

    @property
    def box(self) -> tuple[int, int, int, int]:
        height, width = self.plate.shape[:2]
        return *self.corner, width, height


def picture(chance: random.Random, width: int, height: int) -> Image.Image:
    """Something between a wall and a meadow."""
    noise = np.random.default_rng(chance.randrange(1 << 30))
    small = noise.integers(0, 256, (height // 20 + 2, width // 20 + 2, 3), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
    grain = noise.normal(0, chance.choice((0, 0, 3, 12)), (height, width, 1))
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def plate(chance: random.Random, width: int, height: int) -> Array:
    """A plate with letters, or of one colour, or noise."""
    ground = chance.choice([(0, 0, 0), (255, 255, 255), (16, 18, 24), (200, 30, 60)])
    image = Image.new("RGB", (width, height), ground)
    style = chance.random()
    if style < 0.7:
        ink = (255, 255, 255) if sum(ground) < 300 else (0, 0, 0)
        ImageDraw.Draw(image).text((3, 3), "AI ЖИ жасаған " * 3, fill=ink, font_size=14)
    elif style < 0.8:
        noise = np.random.default_rng(chance.randrange(1 << 30))
        return noise.integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(image)


def case(seed: int) -> Case:
    chance = random.Random(seed)
    large = chance.random() < 0.3  # so that the tail is long enough to be left where it is
    most = 260 if large else 90
    width, height = chance.randint(120 if large else 1, most), chance.randint(1, most)
    height = max(height, 160) if large else height
    quality = chance.choice(QUALITIES[:6] if large else QUALITIES)
    image = picture(chance, width, height)
    if CJPEG and chance.random() < 0.5:
        kind, data = _by_cjpeg(chance, image, quality)
    else:
        kind, data = _by_pillow(chance, image, quality)
    wide, high = chance.randint(1, width), chance.randint(1, height)
    if large:
        wide, high = chance.randint(40, width), chance.randint(10, 60)
    x, y = chance.randint(0, width - wide), chance.randint(0, height - high)
    if chance.random() < 0.3:
        x, y = chance.choice((0, width - wide)), chance.choice((0, height - high))
    return Case(
        data=data, plate=plate(chance, wide, high), corner=(x, y), quality=quality, kind=kind
    )


def _by_pillow(chance: random.Random, image: Image.Image, quality: int) -> tuple[str, bytes]:
    kind = chance.choice(("L", "RGB", "RGB", "RGB", "CMYK", "keep RGB"))
    options: dict[str, object] = {"quality": quality, "optimize": chance.random() < 0.4}
    if kind == "RGB":
        options["subsampling"] = chance.randrange(3)
    if kind == "keep RGB":
        options["keep_rgb"] = True
    if chance.random() < 0.3:
        name = chance.choice(("restart_marker_rows", "restart_marker_blocks"))
        options[name] = chance.randint(1, 9)
    target = io.BytesIO()
    image.convert("RGB" if kind == "keep RGB" else kind).save(target, "JPEG", **options)
    return f"{kind} {options}", target.getvalue()


def _by_cjpeg(chance: random.Random, image: Image.Image, quality: int) -> tuple[str, bytes]:
    sampling = chance.choice(
        (
            "1x1",
            "2x1",
            "2x2",
            "1x2",
            "4x1",
            "4x2",
            "1x4",
            "2x2,1x1,2x1",
            "2x2,2x1,1x2",
            "1x1,2x2,2x2",
        )
    )
    options = ["-quality", str(quality), "-sample", sampling, "-baseline"]
    if chance.random() < 0.4:
        options += ["-restart", chance.choice(("1", "3", "1B", "5B", "17B"))]
    if chance.random() < 0.4:
        options.append("-optimize")
    if chance.random() < 0.1:
        options.append("-grayscale")
    source = io.BytesIO()
    image.save(source, "PPM")
    assert CJPEG
    done = subprocess.run(
        [CJPEG, *options], input=source.getvalue(), capture_output=True, check=True
    )
    return " ".join(options), done.stdout


def spliced(given: Case) -> bytes | None:
    """The file with its plate, or None if the core leaves it alone."""
    stream = parse(given.data, limits=DEFAULT_LIMITS)
    changed = splice.plate(stream, given.plate, given.corner, colour.model(stream))
    if not changed:
        return None
    pieces = [p for s in stream.segments for p in changed.get(s.start, (stream.raw(s),))]
    return b"".join([SOI, *pieces, EOI, stream.data[stream.end :]])


def apart(data: bytes) -> list[bytes]:
    """The segments that no plate may change."""
    stream = parse(data, limits=DEFAULT_LIMITS)
    return [_fixed(stream, at) for at in range(len(stream.segments))]


def _fixed(stream: Stream, at: int) -> bytes:
    segment = stream.segments[at]
    if segment.marker == DHT:
        return b"DHT"
    return stream.data[segment.start : segment.end if segment.marker == SOS else segment.stop]


def check_blocks(given: Case, after: bytes) -> None:
    """Assert that no coefficient changed in any block that the plate does not reach."""
    head = header(given.data)
    wide, high = unit(head)
    x, y, width, height = given.box
    right = x + width if x + width < head.size[0] else 1 << 20  # then into the padding, too
    bottom = y + height if y + height < head.size[1] else 1 << 20
    old, new = coefficients(given.data), coefficients(after)
    for (h, v), before, now in zip(factors(head), old, new, strict=True):
        pixels = wide // h, high // v  # of a block
        rows, columns = np.indices(before.shape[:2])
        away = (columns * pixels[0] >= right) | ((columns + 1) * pixels[0] <= x)
        away |= (rows * pixels[1] >= bottom) | ((rows + 1) * pixels[1] <= y)

        assert np.array_equal(before[away], now[away]), given.kind


def region(data: bytes, box: tuple[int, int, int, int]) -> Array:
    x, y, width, height = box
    with Image.open(io.BytesIO(data)) as image, contextlib.closing(image):
        return np.asarray(image.convert("RGB"))[y : y + height, x : x + width]


def likeness(one: Array, other: Array) -> float:
    """PSNR in dB."""
    error = float(np.mean((one.astype(float) - other) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
