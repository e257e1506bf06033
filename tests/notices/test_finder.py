"""Finding the notice: what a person can perceive passes, and what hinders perception does not."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.detection import around, page
from benchmarks.plate_edits import HINDERING, KIND, Edit, cropped, resized
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.notices.conftest import MakeStyle, Stamp, Texture, mark_of, stamped

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.formats._base import Box, Picture, Pixels
from kzmark.mark import Mark, NoticeRecord, Place
from kzmark.notices import image
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile, load
from kzmark.report import Basis, Evidence, Status
from kzmark.vocabulary import Corner, Layer, Operation

Marked = tuple[Pixels, Mark, Box, float]  # pixels, mark, core of the plate, capital height


def whole(pixels: Pixels, index: int = 0) -> Picture:
    return Picture(index=index, width=pixels.shape[1], height=pixels.shape[0], pixels=pixels)


def look(
    pixels: Pixels | list[Pixels],
    profile: Profile,
    mark: Mark | None,
    limits: Limits = DEFAULT_LIMITS,
) -> Evidence:
    frames = pixels if isinstance(pixels, list) else [pixels]
    pictures = (whole(frame, index) for index, frame in enumerate(frames))
    return image.find(pictures, profile=profile, mark=mark, limits=limits)


@pytest.fixture(scope="module")
def marked(texture: Texture, style: MakeStyle, stamp: Stamp, profile: Profile) -> Marked:
    pixels, mark = stamp(texture(400, 300), style())
    facts = look(pixels, profile, mark).facts
    cap = float(facts["cap_px"])
    return pixels, mark, around(facts["box"], cap, pixels), cap


def test_evidence_is_observed_and_says_what_was_measured(marked: Marked, profile: Profile) -> None:
    pixels, mark, _, _ = marked

    evidence = look(pixels, profile, mark)

    assert (evidence.layer, evidence.basis) == (Layer.NOTICE, Basis.OBSERVED)
    assert evidence.status is Status.PRESENT
    assert evidence.facts["cap_px"] == "15.0"
    assert evidence.facts["languages"] == "kk,ru"
    assert evidence.facts["operation"] == "created"
    assert evidence.facts["form"] == "short"
    assert float(evidence.facts["contrast"]) > 10
    assert float(evidence.facts["coverage"]) == 1
    assert float(evidence.facts["margin"]) >= 0.05


@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize(
    ("size", "languages", "operation", "corner"),
    [
        ((320, 240), ("kk", "ru"), Operation.CREATED, Corner.TOP_LEFT),
        ((900, 160), ("kk", "ru"), Operation.MODIFIED, Corner.TOP_RIGHT),
        ((90, 90), ("kk", "ru", "en"), Operation.CREATED, Corner.BOTTOM_LEFT),
        ((60, 60), ("kk", "ru"), Operation.MODIFIED, Corner.BOTTOM_RIGHT),
        ((300, 700), ("kk",), Operation.MODIFIED, Corner.BOTTOM_STRIP),
        ((48, 60), ("kk", "ru"), Operation.CREATED, Corner.BOTTOM_LEFT),
    ],
)
def test_what_was_stamped_is_found(
    size: tuple[int, int],
    languages: tuple[str, ...],
    operation: Operation,
    corner: Corner,
    blind: bool,
    texture: Texture,
    style: MakeStyle,
    profile: Profile,
) -> None:
    chosen = style(corner=corner, languages=languages, operation=operation)
    pixels, mark = stamped(texture(*size), chosen)

    evidence = look(pixels, profile, None if blind else mark)

    assert evidence.facts["languages"].split(",") == list(languages), evidence.detail
    assert evidence.facts["operation"] == operation.value
    if blind and set(profile.languages) - set(languages):
        assert evidence.code == "notice.incomplete-language"
    else:
        assert evidence.status is Status.PRESENT, evidence.detail


@pytest.mark.parametrize("blind", [False, True])
def test_dark_words_on_a_light_plate_and_wrapped_sentences_are_found(
    blind: bool, texture: Texture, style: MakeStyle, profile: Profile
) -> None:
    other = replace(
        profile,
        name="light",
        ink=profile.plate,
        plate=profile.ink,
        image=replace(profile.image, max_cover=0.6),
    )
    pixels, mark = stamped(texture(400, 300), style(profile=other))

    evidence = look(pixels, other, None if blind else mark)

    assert evidence.status is Status.PRESENT, evidence.detail
    assert evidence.facts["form"] == "full"


@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize("edit", KIND.values(), ids=list(KIND))
def test_what_recompression_and_resizing_leave_is_found(
    edit: Edit, blind: bool, marked: Marked, profile: Profile
) -> None:
    pixels, mark, core, cap = marked

    evidence = look(edit(pixels, core, cap), profile, None if blind else mark)

    assert evidence.status is Status.PRESENT, evidence.detail


@pytest.mark.parametrize("seed", range(4))
def test_a_crop_around_the_plate_is_found(seed: int, marked: Marked, profile: Profile) -> None:
    pixels, mark, core, _ = marked

    part = cropped(pixels, core, np.random.default_rng(seed))

    assert look(part, profile, mark).status is Status.PRESENT


@pytest.mark.parametrize("edit", HINDERING.values(), ids=list(HINDERING))
def test_a_hindered_notice_does_not_count(edit: Edit, marked: Marked, profile: Profile) -> None:
    pixels, mark, core, cap = marked

    evidence = look(edit(pixels, core, cap), profile, mark)  # at its place, then blind

    assert evidence.status in {Status.BROKEN, Status.ABSENT}
    assert evidence.code.startswith("notice.")
    assert evidence.detail


@pytest.mark.parametrize("hindrance", [*HINDERING][::4])
def test_a_hindered_notice_does_not_count_without_its_record(
    hindrance: str, marked: Marked, profile: Profile
) -> None:
    pixels, _, core, cap = marked

    evidence = look(HINDERING[hindrance](pixels, core, cap), profile, None)

    assert evidence.status in {Status.BROKEN, Status.ABSENT}


@pytest.mark.parametrize(
    ("hindrance", "code"),
    [
        ("faded to 3:1", "notice.too-faint"),
        ("faded to 2:1", "notice.too-faint"),
        ("last word covered", "notice.covered"),
        ("one line covered", "notice.covered"),
        ("badge covered", "notice.covered"),
        ("badge without words", "notice.covered"),
        ("other words", "notice.wrong-text"),
        ("same colour", "notice.not-found"),
        ("mirrored", "notice.not-found"),
        ("turned by 180 degrees", "notice.not-found"),
    ],
)
def test_the_hindrance_is_named(
    hindrance: str, code: str, marked: Marked, profile: Profile
) -> None:
    pixels, mark, core, cap = marked

    assert look(HINDERING[hindrance](pixels, core, cap), profile, mark).code == code


def test_a_small_copy_of_the_plate_is_too_small(marked: Marked, profile: Profile) -> None:
    pixels, _, core, cap = marked
    large = resized(pixels, 2.0)

    box: Box = (core[0] * 2, core[1] * 2, core[2] * 2, core[3] * 2)
    evidence = look(HINDERING["shrunk to 3 % capitals"](large, box, 2 * cap), profile, None)

    assert (evidence.status, evidence.code) == (Status.BROKEN, "notice.too-small")


def test_a_plate_pushed_over_the_edge_is_cut_off(marked: Marked, profile: Profile) -> None:
    pixels, mark, core, cap = marked

    evidence = look(np.roll(pixels, -core[0] - round(2 * cap), axis=1), profile, mark)

    assert evidence.status in {Status.BROKEN, Status.ABSENT}


def test_a_plate_for_the_other_operation_contradicts_the_record(
    texture: Texture, style: MakeStyle, stamp: Stamp, profile: Profile
) -> None:
    pixels = texture(400, 300)
    created, _ = stamp(pixels, style())
    _, mark = stamp(pixels, style(operation=Operation.MODIFIED))

    evidence = look(created, profile, mark)

    assert (evidence.status, evidence.code) == (Status.BROKEN, "notice.wrong-text")


def test_a_record_with_words_of_its_own_is_not_believed(marked: Marked, profile: Profile) -> None:
    pixels, mark, _, _ = marked
    record = mark.to_dict()
    record["notice"]["texts"] = ["Фото: Иван", "Алматы"]

    evidence = look(np.full_like(pixels, 90), profile, Mark.from_dict(record))

    assert evidence.status is Status.ABSENT


def test_a_plate_that_lacks_a_language_of_the_record_is_incomplete(
    texture: Texture, style: MakeStyle, stamp: Stamp, profile: Profile
) -> None:
    pixels = texture(400, 300)
    russian, _ = stamp(pixels, style(languages=("ru",)))
    _, mark = stamp(pixels, style())

    assert look(russian, profile, mark).status is Status.BROKEN
    assert look(russian, profile, None).code == "notice.incomplete-language"


def test_a_notice_in_every_frame_is_present(marked: Marked, profile: Profile) -> None:
    pixels, mark, _, _ = marked
    lighter = np.where(pixels == 255, 255, np.maximum(pixels, 8)).astype(np.uint8)

    evidence = look([pixels, pixels, lighter], profile, mark)

    assert evidence.status is Status.PRESENT
    assert evidence.facts["frames"] == "3"


@pytest.mark.parametrize("missing", [0, 2])
@pytest.mark.parametrize("blind", [False, True])
def test_a_notice_in_some_frames_only_does_not_count(
    missing: int, blind: bool, marked: Marked, texture: Texture, profile: Profile
) -> None:
    pixels, mark, _, _ = marked
    frames = [pixels] * 4
    frames[missing] = texture(400, 300)

    evidence = look(frames, profile, None if blind else mark)

    assert (evidence.status, evidence.code) == (Status.BROKEN, "notice.missing-frame")


def test_an_animation_without_a_notice_is_given_up_early(profile: Profile) -> None:
    taken = []

    def frames() -> Iterator[Picture]:
        for index in range(1000):
            taken.append(index)
            yield whole(np.full((64, 64, 3), index % 251, np.uint8), index)

    evidence = image.find(frames(), profile=profile, mark=None, limits=DEFAULT_LIMITS)

    assert evidence.status is Status.ABSENT
    assert len(taken) < 20


def test_the_part_around_the_expected_box_is_enough(marked: Marked, profile: Profile) -> None:
    pixels, mark, _, _ = marked
    part = image.expected(mark, 400, 300, profile=profile)
    assert part is not None
    x, y, width, height = part.box
    seen = Picture(
        index=0, width=400, height=300, pixels=pixels[y : y + height, x : x + width], x=x, y=y
    )

    for record in (mark, None):
        evidence = image.find([seen], profile=profile, mark=record, limits=DEFAULT_LIMITS)
        assert evidence.status is Status.PRESENT, evidence.detail


@pytest.mark.parametrize(("width", "height", "by"), [(2400, 1700, 2), (5000, 3600, 4)])
def test_a_large_picture_is_judged_alike_at_a_fraction_of_its_size(
    texture: Texture,
    style: MakeStyle,
    stamp: Stamp,
    profile: Profile,
    width: int,
    height: int,
    by: int,
) -> None:
    pixels, mark = stamp(texture(width, height), style())
    part = image.expected(mark, width, height, profile=profile)
    assert part is not None
    assert part.by == by
    x, y, across, down = part.box
    cut = pixels[y : y + down // by * by, x : x + across // by * by].astype(np.uint16)
    rows = cut.reshape(cut.shape[0] // by, by, cut.shape[1] // by, by, 3)
    small = Picture(
        index=0,
        width=width,
        height=height,
        pixels=rows.mean(axis=(1, 3)).round().astype(np.uint8),
        x=x,
        y=y,
        by=by,
    )

    found = image.find([small], profile=profile, mark=mark, limits=DEFAULT_LIMITS)
    whole = look(pixels, profile, mark)

    assert found.status is whole.status is Status.PRESENT
    for fact in ("box", "cap_px", "cap_share", "margin", "languages", "form"):
        assert found.facts[fact] == whole.facts[fact]
    assert abs(float(found.facts["contrast"]) / float(whole.facts["contrast"]) - 1) < 0.08


def test_a_plate_that_hides_an_older_one_is_found(
    texture: Texture, style: MakeStyle, stamp: Stamp, profile: Profile
) -> None:
    old = (20, 170, 220, 110)

    pixels, mark = stamp(texture(400, 300), style(), cover={(400, 300): old})

    assert look(pixels, profile, mark).status is Status.PRESENT
    assert look(resized(pixels, 0.7), profile, None).status is Status.PRESENT


def test_a_vector_page_needs_no_pixels(
    texture: Texture, style: MakeStyle, stamp: Stamp, profile: Profile
) -> None:
    pixels, mark = stamp(texture(300, 300), style())
    small = resized(pixels, 0.36)

    raster = look(small, profile, mark)
    vector = image.find(
        [whole(small)], profile=profile, mark=mark, limits=DEFAULT_LIMITS, vector=True
    )

    assert raster.code == "notice.too-small"
    assert vector.code != "notice.too-small"


@pytest.mark.parametrize("number", range(6))
def test_pages_of_kazakh_and_russian_words_are_no_notice(number: int, profile: Profile) -> None:
    assert look(page(number), profile, None).status is Status.ABSENT


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (700, 2), (40, 40)])
def test_tiny_pictures_hold_no_notice(
    size: tuple[int, int], texture: Texture, marked: Marked, profile: Profile
) -> None:
    for record in (marked[1], None):
        assert look(texture(*size), profile, record).status is Status.ABSENT


places = st.builds(
    lambda size, x, y, w, h: Place(
        box=(
            int(x * size[0]),
            int(y * size[1]),
            max(1, int(w * size[0])),
            max(1, int(h * size[1])),
        ),
        size=size,
    ),
    st.tuples(*[st.sampled_from([2, 7, 64, 300, 5000, 10**6, 10**30])] * 2),
    *[st.floats(0, 0.49)] * 4,
)


@settings(max_examples=20, deadline=None)
@given(place=places, size=st.tuples(st.integers(1, 400), st.integers(1, 400)))
def test_a_record_that_lies_about_the_place_does_no_harm(
    place: Place, size: tuple[int, int]
) -> None:
    profile = load()
    chosen = NoticeStyle(
        profile=profile,
        operation=Operation.CREATED,
        languages=profile.languages,
        corner=profile.corner,
    )
    notice = NoticeRecord(
        languages=chosen.languages, texts=image.texts(chosen, image.Form.SHORT), places=(place,)
    )
    pixels = np.full((size[1], size[0], 3), 77, np.uint8)

    assert look(pixels, profile, mark_of(chosen, notice)).status is Status.ABSENT


def test_no_picture_at_all_holds_no_notice(profile: Profile) -> None:
    assert look([], profile, None).status is Status.ABSENT


def test_a_search_that_takes_too_long_is_unchecked(marked: Marked, profile: Profile) -> None:
    evidence = look(marked[0], profile, None, Limits(max_seconds=0))

    assert (evidence.status, evidence.code) == (Status.UNCHECKED, "notice.time-up")


def test_the_known_place_needs_no_opencv() -> None:
    script = (
        "import sys\n"
        "from tests.notices.test_finder import known_place\n"
        "print(known_place(), 'cv2' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["present", "False"]


def known_place() -> str:
    profile = load()
    chosen = NoticeStyle(
        profile=profile,
        operation=Operation.CREATED,
        languages=profile.languages,
        corner=profile.corner,
    )
    pixels, mark = stamped(np.full((300, 400, 3), 128, np.uint8), chosen)
    return look(pixels, profile, mark).status.value
