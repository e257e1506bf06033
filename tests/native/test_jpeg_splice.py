"""The fast core against judges that know nothing of it: a plain reader, Pillow, ImageMagick."""

import io
import os
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.formats.jpeg_samples import every_kind, pillow, scene
from tests.native.coefficients import coefficients
from tests.native.jpeg_cases import (
    Array,
    Case,
    apart,
    case,
    check_blocks,
    likeness,
    region,
    spliced,
)

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MediaError
from kzmark.formats._base import Patch
from kzmark.formats.jpeg import ADAPTER, splice
from kzmark.formats.jpeg import pixels as decoded
from kzmark.formats.jpeg.segments import DHT, DQT, EOI, SOI, SOS, parse, segment_bytes
from kzmark.native import Refusal, jpeg

pytestmark = pytest.mark.skipif(not jpeg.available(), reason="the fast core was not built")

CASES = int(os.environ.get("KZMARK_CASES", "150"))  # a long run by hand takes thousands
BARS = np.kron(np.indices((6, 20)).sum(0) % 2 * 255, np.ones((4, 5))).astype(np.uint8)
LETTERS = np.dstack([BARS, BARS, BARS])
KINDS = dict(every_kind(203, 151))
ONE_SCAN = [
    name for name, data in KINDS.items() if splice.scan_of(parse(data, limits=DEFAULT_LIMITS))
]


def of(data: bytes, plate: Array = LETTERS, **fields: object) -> Case:
    whole = {"data": data, "plate": plate, "corner": (29, 43), "quality": 90, "kind": ""} | fields
    return Case(**whole)  # type: ignore[arg-type]  # fields of a case, by name


def painted_by_pillow(given: Case, monkeypatch: pytest.MonkeyPatch) -> bytes:
    target = io.BytesIO()
    patch = Patch(x=given.corner[0], y=given.corner[1], pixels=given.plate)
    monkeypatch.setenv("KZMARK_PURE", "1")
    ADAPTER.paint(io.BytesIO(given.data), target, lambda _w, _h: patch, limits=DEFAULT_LIMITS)
    monkeypatch.delenv("KZMARK_PURE")
    return target.getvalue()


@pytest.mark.parametrize("start", range(0, CASES, 10))
def test_only_blocks_under_the_plate_change(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(start, start + 10):
        given = case(seed)

        after = spliced(given)

        if after is None and "optimize" in given.kind:
            continue  # its tables lack codes and have no room; how rarely: the next test
        assert after is not None, given.kind
        assert apart(after) == apart(given.data)
        check_blocks(given, after)
        if given.quality >= 75 and min(given.plate.shape[:2]) >= 24:
            ours = region(after, given.box)
            pure = region(painted_by_pillow(given, monkeypatch), given.box)
            far = likeness(pure, given.plate) - likeness(ours, given.plate)
            assert likeness(ours, pure) >= 38 or far < 1  # noise is coded badly either way


def test_few_files_are_left_to_others_for_their_codes() -> None:
    left = [seed for seed in range(CASES) if spliced(case(seed)) is None]

    assert len(left) <= CASES // 30


@pytest.mark.parametrize("name", ONE_SCAN)
def test_pixels_change_under_the_plate_and_in_a_ring_of_its_blocks_only(name: str) -> None:
    given = of(KINDS[name])

    after = spliced(given)

    assert after is not None
    before, now = (
        decoded.rgb(parse(given.data, limits=DEFAULT_LIMITS)),
        region(after, (0, 0, 203, 151)),
    )
    now = decoded.rgb(parse(after, limits=DEFAULT_LIMITS))
    changed = np.argwhere((before != now).any(axis=2))
    wide, high = parse(given.data, limits=DEFAULT_LIMITS).frame.unit
    x, y, width, height = given.box
    assert changed[:, 1].min() >= x // wide * wide - 1
    assert changed[:, 0].min() >= y // high * high - 1
    assert changed[:, 1].max() <= -(-(x + width) // wide) * wide
    assert changed[:, 0].max() <= -(-(y + height) // high) * high
    assert likeness(region(after, given.box), given.plate) > (12 if name == "coarse" else 28)


@pytest.mark.skipif(not shutil.which("identify"), reason="ImageMagick is not installed")
def test_imagemagick_has_no_warning(tmp_path: Path) -> None:
    for seed in range(60):
        after = spliced(case(seed))
        Path(tmp_path, f"{seed}.jpg").write_bytes(after or case(seed).data)

    done = subprocess.run(
        ["identify", "-regard-warnings", "-format", "%k ", *tmp_path.glob("*.jpg")],
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_ffmpeg_has_no_error_when_every_fault_is_one(tmp_path: Path) -> None:
    for at, quality in enumerate((50, 90, 98)):
        given = of(pillow(scene(320, 240), quality=quality, restart_marker_rows=at), corner=(33, 9))
        after = spliced(given)
        assert after is not None
        Path(tmp_path, f"{at}.jpg").write_bytes(after)

    command = [
        "ffmpeg",
        "-v",
        "warning",
        "-xerror",
        "-err_detect",
        "explode",
        "-pattern_type",
        "glob",
    ]
    done = subprocess.run(
        [*command, "-i", f"{tmp_path}/*.jpg", "-f", "null", "-"], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_bytes_behind_a_far_tail_stay_where_they_are() -> None:
    given = of(pillow(scene(640, 480)), np.zeros((40, 200, 3), np.uint8), corner=(32, 32))
    after = spliced(given)

    assert after is not None
    assert after[-20_000:] == given.data[-20_000:]
    ripple = coefficients(after)[0][4:8, 4:28, 1:]
    assert np.abs(ripple).sum() <= 14  # ones that make up for a few bits


def test_tables_grow_by_the_codes_a_plate_needs_and_no_code_changes() -> None:
    flat = np.full((64, 160, 3), 90, np.uint8)
    given = of(pillow(flat, optimize=True), corner=(16, 16))

    after = spliced(given)

    assert after is not None
    old, new = (
        [stream.payload(s) for s in stream.find(DHT)]
        for stream in (parse(data, limits=DEFAULT_LIMITS) for data in (given.data, after))
    )
    assert sum(map(len, new)) > sum(map(len, old))
    assert all(n[17:].startswith(o[17:]) for o, n in zip(old, new, strict=True))
    check_blocks(given, after)
    assert likeness(region(after, given.box), given.plate) > 30


def test_a_full_table_makes_do_with_the_codes_it_has() -> None:
    given = of(full_table(160, 64), LETTERS // 3 + 60, corner=(16, 16))

    after = spliced(given)

    assert after is not None
    tables = [parse(data, limits=DEFAULT_LIMITS).find(DHT) for data in (given.data, after)]
    assert [s.stop - s.start for s in tables[1]] == [s.stop - s.start for s in tables[0]]
    check_blocks(given, after)
    assert likeness(region(after, given.box), given.plate) > 28


def test_a_plate_that_the_codes_cannot_spell_is_left_to_others() -> None:
    assert spliced(of(full_table(160, 64), corner=(16, 16))) is None


def full_table(width: int, height: int) -> bytes:
    """A grey wall whose AC table has no room for another code."""
    counts = bytes([1] * 16)
    symbols = bytes((0x00, 0x01, 0x11, 0x02, 0x03, 0x04, 0x05, 0x06, 0x12, 0x21, 0x31, 0x41, 0xF0))
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    scan = bytes(width * height // 64 // 4) + b""  # 0 for no DC difference, 0 for end of block
    pieces = [
        segment_bytes(DQT, bytes([0]) + bytes([8] * 64)),
        segment_bytes(0xC0, b"\x08" + sides + b"\x01\x01\x11\x00"),
        segment_bytes(DHT, bytes([0x00]) + bytes([1] * 12 + [0] * 4) + bytes(range(12))),
        segment_bytes(DHT, bytes([0x10]) + counts + symbols + bytes((0x51, 0x61, 0x22))),
        segment_bytes(SOS, b"\x01\x01\x00\x00\x3f\x00"),
    ]
    return b"".join([SOI, *pieces, scan, EOI])


def swapped_restarts() -> bytes:
    data = bytearray(KINDS["4:2:0 restarts"])
    first, second = data.index(b"\xff\xd1"), data.index(b"\xff\xd2")
    data[first + 1], data[second + 1] = data[second + 1], data[first + 1]
    return bytes(data)


def without_its_end() -> bytes:
    return KINDS["4:2:0"][: len(KINDS["4:2:0"]) // 6] + EOI


def with_height_behind() -> bytes:
    return KINDS["4:2:0"][:-2] + segment_bytes(0xDC, (151).to_bytes(2, "big")) + EOI


@pytest.mark.parametrize(
    "data",
    [
        KINDS["4:2:0 progressive"],
        KINDS["YCCK 4:2:0"],  # several scans
        swapped_restarts(),
        KINDS["4:2:0 restarts"].replace(b"\xff\xd1", b"\xff\x00"),
        KINDS["4:2:0"].replace(
            b"\xff\xda\x00\x0c\x03", b"\xff\xdd\x00\x04\x00\x03\xff\xda\x00\x0c\x03"
        ),
        without_its_end(),
        with_height_behind(),
    ],
    ids=["progressive", "scans", "swapped", "missing", "unmarked", "cut", "dnl"],
)
def test_whatever_is_odd_is_left_to_others(data: bytes) -> None:
    assert spliced(of(data)) is None


def test_a_plate_outside_the_picture_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="do not go together"):
        spliced(of(KINDS["4:2:0"], corner=(190, 43)))


def test_a_plate_laid_before_is_laid_the_same_way() -> None:
    plates = [LETTERS.copy(), LETTERS.copy()]
    plates[0].setflags(write=False)  # this one can be kept, the other cannot
    for name in ONE_SCAN:
        kept = [spliced(of(KINDS[name], plates[0])) for _ in range(2)]

        assert kept[0] is not None
        assert kept[0] == kept[1] == spliced(of(KINDS[name], plates[1]))


def test_a_plate_that_changed_is_seen_as_it_is_now() -> None:
    plate = LETTERS.copy()
    before = spliced(of(KINDS["4:4:4"], plate))
    plate[:] = 200

    after = spliced(of(KINDS["4:4:4"], plate))

    assert before is not None
    assert after is not None
    assert likeness(region(before, of(b"").box), LETTERS) > 28
    assert likeness(region(after, of(b"").box), plate) > 28


def test_threads_lay_plates_as_one_alone_does() -> None:
    cases = [case(seed) for seed in range(24)]
    alone = [spliced(given) for given in cases]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(spliced, cases * 4))

    assert together == alone * 4


def test_a_picture_with_too_few_bytes_behind_the_plate_is_left_to_others() -> None:
    whole = pillow(scene(640, 480))
    given = of(whole, np.zeros((40, 200, 3), np.uint8), corner=(32, 32))
    assert spliced(given) is not None
    scan = next(parse(whole, limits=DEFAULT_LIMITS).find(SOS))
    cut = whole[: scan.end + (scan.stop - scan.end) // 6] + EOI

    assert spliced(of(cut, given.plate, corner=given.corner)) is None


def test_pure_python_is_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KZMARK_PURE", "1")

    assert not jpeg.available()
    assert spliced(of(KINDS["4:2:0"])) is None
    assert splice.region(parse(KINDS["4:2:0"], limits=DEFAULT_LIMITS), (0, 0, 9, 9)) is None
    assert jpeg.scan_end(KINDS["4:2:0"], 0) is Refusal.ABSENT


@pytest.mark.parametrize("name", KINDS)
def test_a_scan_ends_where_the_parser_says(name: str) -> None:
    for segment in parse(KINDS[name], limits=DEFAULT_LIMITS).find(SOS):
        assert jpeg.scan_end(KINDS[name], segment.end) == segment.stop


def test_damaged_files_come_out_whole_or_not_at_all() -> None:
    chance, done = random.Random(5), 0
    for _ in range(400):
        data = bytearray(chance.choice([KINDS[name] for name in ONE_SCAN]))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice((0, 0xFF, chance.randrange(256)))
        try:
            after = spliced(of(bytes(data)))
        except (MediaError, ValueError):  # by the parser; or no room for the plate
            continue
        if after is None or not loads(bytes(data)):
            continue
        done += 1
        assert loads(after)

    assert done > 50


def loads(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True
