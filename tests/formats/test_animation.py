"""The plate stands in every displayed frame, and nothing else changes."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kzmark.formats._animation import (
    Disposal,
    Frame,
    Rgba,
    Step,
    bound,
    clip,
    compose,
    contains,
    cover,
    lay,
    redraw,
    replaces,
    slices,
)
from kzmark.formats._base import Box

CANVAS = (12, 10)
SCREEN: Box = (0, 0, *CANVAS)
PLATE_COLOUR = (9, 8, 7)

boxes = st.builds(
    lambda x, y, w, h: (x, y, w, h),
    st.integers(0, 9),
    st.integers(0, 8),
    st.integers(0, 12),
    st.integers(0, 10),
)
plates = boxes.map(lambda box: clip(box, SCREEN)).filter(lambda box: box[2] > 0)
frame_lists = st.lists(
    st.builds(Frame, boxes, st.sampled_from(Disposal), st.booleans()), min_size=1, max_size=7
)


def pixels_of(frames: Sequence[Frame], seed: int, alphas: Sequence[int]) -> list[Rgba]:
    random = np.random.default_rng(seed)
    drawn = []
    for frame in frames:
        pixels = random.integers(0, 256, (frame.box[3], frame.box[2], 4), np.uint8)
        pixels[..., 3] = random.choice(np.array(alphas, np.uint8), pixels.shape[:2])
        drawn.append(pixels)
    return drawn


def shown_frames(frames: Sequence[Frame], drawn: Sequence[Rgba]) -> list[Rgba]:
    pairs = [(f, lambda p=p: p) for f, p in zip(frames, drawn, strict=True)]
    return [canvas.copy() for canvas in compose(pairs, CANVAS)]


def patch(
    frames: Sequence[Frame], drawn: Sequence[Rgba], steps: Sequence[Step], plate: Box
) -> tuple[list[Frame], list[Rgba]]:
    colour = np.full((plate[3], plate[2], 3), PLATE_COLOUR, np.uint8)
    originals = shown_frames(frames, drawn)
    new_frames, new_drawn = [], []
    for frame, own, step, shown in zip(frames, drawn, steps, originals, strict=True):
        if step.paint is None:
            new_frames.append(frame)
            new_drawn.append(own)
            continue
        blend = frame.blend and not replaces(frame, step)
        new_frames.append(dataclasses.replace(frame, box=step.box, blend=blend))
        new_drawn.append(redraw(frame, own, step, plate, colour, shown))
    return new_frames, new_drawn


@given(frame_lists, plates, st.integers(0, 99), st.sampled_from([1, 2]))
@settings(max_examples=400, deadline=None)
def test_the_plate_stands_in_every_frame_and_the_rest_is_identical(
    frames: list[Frame], plate: Box, seed: int, grid: int
) -> None:
    drawn = pixels_of(frames, seed, (0, 128, 255))

    steps = cover(frames, plate, CANVAS, grid=grid)
    patched = shown_frames(*patch(frames, drawn, steps, plate))

    for before, after in zip(shown_frames(frames, drawn), patched, strict=True):
        assert (after[slices(plate)] == (*PLATE_COLOUR, 255)).all()
        before[slices(plate)] = after[slices(plate)]
        assert np.array_equal(before, after)


@given(frame_lists, plates)
@settings(max_examples=200, deadline=None)
def test_a_standing_plate_shows_through_frames_that_leave_it_out(
    frames: list[Frame], plate: Box
) -> None:
    frames = [dataclasses.replace(frame, blend=True) for frame in frames]
    drawn = pixels_of(frames, 1, (0, 255))
    steps = cover(frames, plate, CANVAS)
    new_frames, new_drawn = patch(frames, drawn, steps, plate)
    for frame, step, pixels in zip(new_frames, steps, new_drawn, strict=True):
        if step.standing and frame.blend and step.paint is not None:
            pixels[slices(step.paint, step.box)] = 0

    patched = shown_frames(new_frames, new_drawn)

    assert all((shown[slices(plate)] == (*PLATE_COLOUR, 255)).all() for shown in patched)


@given(frame_lists, plates)
def test_rectangles_only_grow(frames: list[Frame], plate: Box) -> None:
    steps = cover(frames, plate, CANVAS)

    assert all(contains(step.box, frame.box) for frame, step in zip(frames, steps, strict=True))


@given(frame_lists, plates)
def test_redrawn_frames_start_on_the_grid(frames: list[Frame], plate: Box) -> None:
    steps = cover(frames, plate, CANVAS, grid=2)

    assert all(step.box[0] % 2 == step.box[1] % 2 == 0 for step in steps)


@settings(deadline=None)
@given(frame_lists, boxes, st.integers(0, 9))
def test_a_part_is_composed_as_it_looks_in_the_whole(
    frames: list[Frame], part: Box, seed: int
) -> None:
    drawn = pixels_of(frames, seed, (0, 77, 255))
    pairs = [(f, lambda p=p: p) for f, p in zip(frames, drawn, strict=True)]

    parts = [canvas.copy() for canvas in compose(pairs, CANVAS, within=part)]

    for whole, seen in zip(shown_frames(frames, drawn), parts, strict=True):
        assert np.array_equal(whole[slices(clip(part, SCREEN))], seen)


def test_an_animation_that_keeps_its_frames_redraws_only_those_that_meet_the_plate() -> None:
    frames = [Frame((0, 0, 12, 10)), Frame((0, 0, 4, 4)), Frame((8, 8, 4, 2))]

    steps = cover(frames, (6, 6, 6, 4), CANVAS)

    assert [step.paint for step in steps] == [(6, 6, 6, 4), None, (8, 8, 4, 2)]
    assert [step.box for step in steps] == [frame.box for frame in frames]


def test_a_small_first_frame_grows_until_it_holds_the_plate() -> None:
    steps = cover([Frame((0, 0, 3, 3)), Frame((1, 1, 2, 2))], (6, 6, 4, 2), CANVAS)

    assert steps == [Step((0, 0, 10, 8), paint=(6, 6, 4, 2)), Step((1, 1, 2, 2))]


def test_a_plate_cleared_with_a_frame_is_drawn_again_with_the_next_one() -> None:
    frames = [Frame(SCREEN, Disposal.BACKGROUND), Frame((0, 0, 2, 2))]

    steps = cover(frames, (6, 6, 4, 2), CANVAS)

    assert steps[1] == Step((0, 0, 10, 8), paint=(6, 6, 4, 2))


def test_a_caption_band_below_the_old_canvas_is_reached_by_the_first_frame() -> None:
    steps = cover([Frame((0, 0, 12, 8)), Frame((0, 0, 12, 8))], (0, 8, 12, 2), CANVAS)

    assert steps == [Step((0, 0, 12, 10), paint=(0, 8, 12, 2)), Step((0, 0, 12, 8))]


def test_frames_away_from_the_wanted_part_are_never_decoded() -> None:
    def never() -> Rgba:
        raise AssertionError

    pairs = [(Frame((0, 0, 4, 4)), never), (Frame((20, 20, 4, 4)), never)]

    assert len(list(compose(pairs, CANVAS, within=(6, 6, 2, 2)))) == 2


@pytest.mark.parametrize("alpha", [0, 1, 100, 254, 255])
def test_pixels_are_laid_over_each_other_as_pillow_does_it(alpha: int) -> None:
    random = np.random.default_rng(alpha)
    target = random.integers(0, 256, (9, 9, 4), np.uint8)
    source = random.integers(0, 256, (9, 9, 4), np.uint8)
    source[..., 3] = alpha
    mixed = Image.alpha_composite(Image.fromarray(target), Image.fromarray(source))

    lay(target, source, blend=True)

    seen = target[..., 3] > 8  # below that, colours are too coarse to compare
    difference = np.abs(target.astype(int) - np.asarray(mixed))
    assert difference[seen].max() <= 2


def test_empty_boxes_take_no_room() -> None:
    assert bound((3, 3, 0, 5), (1, 1, 2, 2)) == (1, 1, 2, 2)
    assert clip((0, 0, 2, 2), (2, 2, 5, 5)) == (0, 0, 0, 0)
    assert contains((0, 0, 1, 1), (9, 9, 0, 0))
