"""APNG: the plate stands in every displayed frame, and nothing else of the animation changes."""

import io
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageSequence
from tests.formats.png_samples import (
    GREY,
    KINDS,
    MAGIC,
    PALETTE,
    RGB,
    RGBA,
    Samples,
    animation,
    chunk,
    colours,
    split,
)
from tests.formats.test_png_paint import over_white, painted, plate

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.png import ADAPTER

KEEP, BACKGROUND, PREVIOUS = 0, 1, 2
SOURCE, OVER = 0, 1
FULL = (0, 0, 20, 16)


@dataclass
class Taken:
    """An APNG taken apart by the tests' own reader: RGBA pictures and fcTL fields."""

    size: tuple[int, int]
    default: Samples
    controls: list[tuple[int, ...]]
    frames: list[Samples]
    hidden: bool

    def displays(self) -> list[Samples]:
        """Return the canvas after each frame, composed as the specification says."""
        canvas = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        shown = []
        for index, (fields, frame) in enumerate(zip(self.controls, self.frames, strict=True)):
            _, width, height, x, y, _, _, disposal, blend = fields
            before = canvas.copy()
            target = canvas[y : y + height, x : x + width]
            target[:] = over(frame, target) if blend else frame
            shown.append(canvas.copy())
            if disposal == BACKGROUND or (disposal == PREVIOUS and not index):
                target[:] = 0
            elif disposal == PREVIOUS:
                canvas = before
        return shown


def over(above: Samples, below: Samples) -> Samples:
    a, b = above[..., 3:] / 255, below[..., 3:] / 255 * (1 - above[..., 3:] / 255)
    mixed = (above[..., :3] * a + below[..., :3] * b) / np.maximum(a + b, 1e-9)
    out = np.rint(np.concatenate([mixed, (a + b) * 255], axis=2)).astype(np.uint8)
    chosen: Samples = np.where(above[..., 3:] == 0, below, out)
    return chosen


def take(data: bytes) -> Taken:
    chunks = split(data)
    width, height = struct.unpack(">II", chunks[0][1][8:16])
    head = [whole for kind, whole in chunks if kind in {b"PLTE", b"tRNS"}]
    controls: list[tuple[int, ...]] = []
    parts: list[bytes] = []
    number, hidden, idat = 0, True, b""
    for kind, whole in chunks:
        if kind in {b"fcTL", b"fdAT"}:
            assert struct.unpack(">I", whole[8:12])[0] == number
            number += 1
        if kind == b"fcTL":
            controls.append(struct.unpack(">IIIIIHHBB", whole[8:-4]))
            parts.append(b"")
        elif kind == b"fdAT":
            parts[-1] += whole[12:-4]
        elif kind == b"IDAT":
            idat += whole[8:-4]
            hidden = not controls
    if not hidden:
        parts[0] = idat
    base = chunks[0][1][8:-4]
    default = still(base, head, idat, (width, height))
    frames = [
        still(base, head, part, fields[1:3]) for fields, part in zip(controls, parts, strict=True)
    ]
    return Taken((width, height), default, controls, frames, hidden)


def still(base: bytes, head: Sequence[bytes], data: bytes, size: Sequence[int]) -> Samples:
    fields = struct.pack(">II", *size) + base[8:]
    parts = [chunk(b"IHDR", fields), *head, chunk(b"IDAT", data), chunk(b"IEND")]
    with Image.open(io.BytesIO(MAGIC + b"".join(parts))) as image:
        image.load()
        if base[9] == GREY and base[8] in {2, 4} and "transparency" in image.info:
            image.info["transparency"] *= 255 // ((1 << base[8]) - 1)  # Pillow does not scale it
        return np.array(image.convert("RGBA"))


def visible(pixels: Samples) -> Samples:
    """Return pixels with the colours of what cannot be seen set to black."""
    return np.where(pixels[..., 3:] == 0, 0, pixels)


def shown(data: bytes) -> list[NDArray[np.uint8]]:
    return [p.pixels for p in ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS)]


@st.composite
def animations(draw: st.DrawFn) -> bytes:
    colour, depth = draw(st.sampled_from([kind for kind in KINDS if kind[1] < 16]))
    width, height = draw(st.integers(2, 20)), draw(st.integers(2, 20))
    seed = draw(st.integers(0, 1 << 30))
    entries = draw(st.integers(2, 1 << depth)) if colour == PALETTE else 0
    before = []
    if entries and draw(st.booleans()):
        alphas = draw(st.lists(st.sampled_from((0, 128, 255)), min_size=1, max_size=entries))
        before.append(chunk(b"tRNS", bytes(alphas)))
    elif colour == RGB and draw(st.booleans()):
        before.append(chunk(b"tRNS", struct.pack(">3H", 5, 5, 5)))
    hidden = draw(st.booleans())
    frames = []
    for index in range(draw(st.integers(1, 4))):
        x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        box = (x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))
        box = box if index or hidden else (0, 0, width, height)
        frames.append((box, draw(st.integers(0, 2)), draw(st.integers(0, 1))))
    return animation(
        colour,
        depth,
        (width, height),
        frames,
        hidden=hidden,
        interlace=int(draw(st.booleans())),
        seed=seed,
        palette=colours(entries, seed=seed) if entries else (),
        before=before,
    )


@given(animations(), st.data())
@settings(max_examples=200, deadline=None)
def test_the_plate_stands_in_every_frame_and_the_rest_stays(
    data: bytes, choice: st.DataObject
) -> None:
    before = take(data)
    width, height = before.size
    grow = choice.draw(st.sampled_from((0, 0, 3)))
    x, y = choice.draw(st.integers(0, width - 1)), choice.draw(st.integers(0, height - 1))
    box = (x, y, width - x, choice.draw(st.integers(1, height - y)))
    x, y, across, down = box = (0, height, width, grow) if grow else box

    out, _ = painted(data, box, grow=grow)

    after = take(out)
    assert after.hidden == before.hidden
    assert [fields[5:8] for fields in after.controls] == [fields[5:8] for fields in before.controls]
    outside = np.ones((height + grow, width), np.bool_)
    outside[y : y + down, x : x + across] = False
    pairs = zip(
        [before.default, *before.displays()], [after.default, *after.displays()], strict=True
    )
    for old, new in pairs:
        padded = np.zeros_like(new)
        padded[:height] = old
        assert np.array_equal(visible(new)[outside], visible(padded)[outside])
        part = new[y : y + down, x : x + across].astype(int)
        assert (part[..., 3] == 255).all()
        assert np.abs(part[..., :3] - plate(across, down)).max() <= (86 if data[24] < 8 else 40)


@given(animations())
@settings(max_examples=60, deadline=None)
def test_frames_are_shown_as_the_specification_composes_them(data: bytes) -> None:
    taken = take(data)
    wanted = ([taken.default] if taken.hidden else []) + taken.displays()

    found = shown(data)

    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert np.abs(one.astype(int) - over_white(other)).max() <= 1


def test_frames_that_need_no_change_stay_byte_for_byte() -> None:
    frames = [(FULL, KEEP, SOURCE), ((0, 0, 9, 5), KEEP, OVER), ((2, 9, 9, 5), KEEP, OVER)]
    frames.append(((9, 0, 5, 5), PREVIOUS, SOURCE))
    data = animation(RGB, 8, (20, 16), frames)

    out, _ = painted(data, (0, 10, 20, 6))

    old, new = split(data), split(out)
    changed = [kind for (kind, one), (_, other) in zip(old, new, strict=True) if one != other]
    assert changed == [b"IDAT", b"fdAT", b"fdAT"]


@pytest.mark.parametrize("colour", [GREY, RGB, PALETTE, RGBA])
def test_frames_on_a_cleared_canvas_grow_to_carry_the_plate(colour: int) -> None:
    frames = [(FULL, BACKGROUND, SOURCE), ((0, 0, 5, 5), BACKGROUND, OVER)]
    clear = [chunk(b"tRNS", b"\xff\0")] if colour == PALETTE else []
    palette = colours(40) if colour == PALETTE else ()
    data = animation(colour, 8, (20, 16), frames, palette=palette, before=clear)

    out, notes = painted(data, (2, 10, 9, 5))

    assert take(out).controls[1][1:5] == (11, 15, 0, 0)
    assert notes == (["colour-type-raised"] if colour in {GREY, RGB} else [])
    assert (shown(out)[1][11:14, 12:] == 255).all()
    assert np.array_equal(shown(out)[1][10:15, 2:11], plate(9, 5))


def test_sixteen_bits_stay_sixteen_bits_where_a_frame_grows() -> None:
    frames = [(FULL, BACKGROUND, SOURCE), ((0, 0, 5, 5), KEEP, OVER)]
    data = animation(RGBA, 16, (20, 16), frames)

    out, notes = painted(data, (2, 10, 9, 5))

    assert not notes
    assert np.array_equal(shown(out)[1][10:15, 2:11], plate(9, 5))
    assert np.array_equal(shown(out)[1][:5, :5], shown(data)[1][:5, :5])


def test_pillow_and_ffmpeg_play_the_result(tmp_path: Path) -> None:
    frames = [
        (FULL, KEEP, SOURCE),
        ((3, 3, 9, 9), BACKGROUND, OVER),
        ((0, 8, 9, 8), PREVIOUS, OVER),
    ]
    data = animation(RGBA, 8, (20, 16), frames)
    path = tmp_path / "a.apng"
    path.write_bytes(painted(data, (1, 9, 12, 6))[0])

    with Image.open(path) as image:
        assert (image.n_frames, image.info["loop"]) == (3, 3)  # type: ignore[attr-defined]
        for frame in ImageSequence.Iterator(image):
            part = np.asarray(frame.convert("RGB"))[9:15, 1:13]
            assert np.array_equal(part, plate(12, 6))
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed here")
    call = ["ffmpeg", "-v", "error", "-ignore_loop", "1", "-i", str(path), "-f", "rawvideo"]
    call += ["-fps_mode", "passthrough", "-pix_fmt", "rgba", "-"]
    played = subprocess.run(call, capture_output=True, check=True)
    assert not played.stderr
    seen = np.frombuffer(played.stdout, np.uint8).reshape(-1, 16, 20, 4)
    assert len(seen) == 3
    for picture in seen:
        assert np.array_equal(picture[9:15, 1:13, :3], plate(12, 6))
