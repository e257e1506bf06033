"""Parts of pictures by the fast core, against Pillow's decode of the whole."""

import io
import os
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from tests.formats.jpeg_samples import every_kind, pillow, scene
from tests.native.jpeg_cases import Array, case

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MediaError
from kzmark.formats.jpeg import ADAPTER, pixels, splice
from kzmark.formats.jpeg.segments import EOI, SOS, parse
from kzmark.native import Refusal, jpeg

pytestmark = pytest.mark.skipif(not jpeg.available(), reason="the fast core was not built")

CASES = int(os.environ.get("KZMARK_CASES", "150"))  # a long run by hand takes thousands
KINDS = dict(every_kind(203, 151))
ONE_SCAN = [
    name for name, data in KINDS.items() if splice.scan_of(parse(data, limits=DEFAULT_LIMITS))
]
Box = tuple[int, int, int, int]


def whole(data: bytes) -> Array:
    return pixels.rgb(parse(data, limits=DEFAULT_LIMITS))


def part(data: bytes, box: Box) -> Array | None:
    return splice.region(parse(data, limits=DEFAULT_LIMITS), box)


def boxes(chance: random.Random, width: int, height: int, many: int) -> list[Box]:
    found = [(0, 0, width, height), (0, 0, 1, 1), (width - 1, height - 1, 1, 1)]
    for _ in range(many):
        x, y = chance.randrange(width), chance.randrange(height)
        found.append((x, y, chance.randint(1, width - x), chance.randint(1, height - y)))
    return found


@pytest.mark.parametrize("name", ONE_SCAN)
def test_a_part_shows_the_very_pixels_of_the_whole(name: str) -> None:
    shown = whole(KINDS[name])
    for x, y, width, height in boxes(random.Random(name), 203, 151, 12):
        found = part(KINDS[name], (x, y, width, height))

        assert found is not None
        assert np.array_equal(found, shown[y : y + height, x : x + width])


@pytest.mark.parametrize("start", range(0, CASES, 50))
def test_parts_of_random_pictures_show_the_very_pixels_too(start: int) -> None:
    for seed in range(start, start + 50):
        given = case(seed)
        shown = whole(given.data)
        size = shown.shape[1], shown.shape[0]
        for x, y, width, height in boxes(random.Random(seed), *size, 2):
            found = part(given.data, (x, y, width, height))

            assert found is not None
            assert np.array_equal(found, shown[y : y + height, x : x + width]), given.kind


@pytest.mark.parametrize("start", range(0, CASES, 50))
def test_parts_of_a_smaller_picture_are_those_that_pillow_decodes_at_that_size(start: int) -> None:
    told = 0
    for seed in range(start, start + 50):
        given, chance = case(seed), random.Random(seed)
        stream, by = parse(given.data, limits=DEFAULT_LIMITS), chance.choice((2, 4, 8))
        shown = pixels.small(stream, by)
        if shown is None:  # too narrow for Pillow to choose this size
            continue
        for x, y, width, height in boxes(chance, shown.shape[1], shown.shape[0], 2):
            found = splice.region(stream, (x, y, width, height), by=by)
            if found is not None:  # components with samples at every second column alone
                told += 1
                assert np.array_equal(found, shown[y : y + height, x : x + width]), given.kind

    assert told > 50


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("by", [2, 4])
def test_a_smaller_part_is_the_same_without_the_core(
    orientation: int, by: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = Image.Exif()
    tags[0x112] = orientation
    data = pillow(scene(320, 240), exif=tags)
    size = ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS)[0]
    box = (by * 5, by * 3, size[0] - by * 9, size[1] - by * 8)

    fast = ADAPTER.shrunk(io.BytesIO(data), box, by, limits=DEFAULT_LIMITS)
    monkeypatch.setenv("KZMARK_PURE", "1")
    plain = ADAPTER.shrunk(io.BytesIO(data), box, by, limits=DEFAULT_LIMITS)
    whole_size = next(ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=box))

    assert fast is not None
    assert plain is not None
    assert np.array_equal(fast.pixels, plain.pixels)
    assert (fast.x, fast.y, fast.by) == (box[0], box[1], by)
    grown = np.kron(fast.pixels, np.ones((by, by, 1)))
    assert abs(grown - whole_size.pixels).mean() < 12


@pytest.mark.parametrize("name", sorted(set(KINDS) - set(ONE_SCAN)))
def test_what_has_several_scans_is_left_to_others(name: str) -> None:
    assert part(KINDS[name], (0, 0, 9, 9)) is None


def test_damage_within_reach_is_no_picture() -> None:
    data = pillow(scene(320, 240))
    scan = next(parse(data, limits=DEFAULT_LIMITS).find(SOS))
    cut = data[: scan.end + (scan.stop - scan.end) // 3] + EOI

    near, far = part(cut, (0, 0, 320, 16)), part(cut, (0, 200, 320, 40))

    assert far is None
    assert near is not None
    assert np.array_equal(near, whole(data)[:16])


def test_damaged_files_give_pixels_or_nothing() -> None:
    chance, done = random.Random(9), 0
    for _ in range(400):
        data = bytearray(chance.choice([KINDS[name] for name in ONE_SCAN]))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice((0, 0xFF, chance.randrange(256)))
        try:
            found = part(bytes(data), (20, 30, 40, 50))
        except (MediaError, ValueError):  # by the parser; or the picture is smaller now
            continue
        if found is not None:
            done += 1
            assert found.shape == (50, 40, 3)

    assert done > 100


def test_a_part_outside_the_picture_is_a_mistake_of_the_caller() -> None:
    for box in ((200, 0, 9, 9), (-1, 0, 9, 9), (0, 0, 0, 1), (0, 150, 1, 2)):
        with pytest.raises(ValueError, match="do not go together"):
            part(KINDS["4:2:0"], box)


def test_a_model_of_other_components_is_a_mistake_of_the_caller() -> None:
    scan = splice.scan_of(parse(KINDS["4:2:0"], limits=DEFAULT_LIMITS))
    assert scan is not None
    with pytest.raises(ValueError, match="do not go together"):
        jpeg.region(scan, (0, 0, 9, 9), jpeg.Model.FROM_YCCK)


def test_threads_see_what_one_alone_does() -> None:
    cases = [case(seed) for seed in range(16)]
    alone = [part(given.data, given.box) for given in cases]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda given: part(given.data, given.box), cases * 4))

    assert all(
        one is not None and other is not None and np.array_equal(one, other)
        for one, other in zip(together, alone * 4, strict=True)
    )


def test_pure_python_has_no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = splice.scan_of(parse(KINDS["4:2:0"], limits=DEFAULT_LIMITS))
    monkeypatch.setenv("KZMARK_PURE", "1")

    assert part(KINDS["4:2:0"], (0, 0, 9, 9)) is None
    assert scan is not None
    assert jpeg.region(scan, (0, 0, 9, 9), jpeg.Model.FROM_YCC) is Refusal.ABSENT
