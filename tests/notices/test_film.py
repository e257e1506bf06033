"""When the notice of a film is shown, and what is said of films that hide it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.conftest import make_mark

from kzmark._limits import Limits
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._base import Picture
from kzmark.formats._film import Film
from kzmark.mark import Mark, NoticeRecord
from kzmark.notices import film as films
from kzmark.notices import image
from kzmark.notices.arrangement import Form
from kzmark.notices.style import NoticeStyle
from kzmark.profile import load
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Medium, Operation, Placement

PROFILE = load()
SIZE = (640, 360)
FILM = Film(width=640, height=360, seconds=60.0, frames=1500, rate=Fraction(25), tracks=())
LONG = replace(FILM, seconds=700.0, frames=17_500)


def style(placement: Placement = Placement.FULL) -> NoticeStyle:
    return NoticeStyle(
        profile=PROFILE,
        operation=Operation.CREATED,
        languages=PROFILE.languages,
        corner=PROFILE.corner,
        placement=placement,
    )


def mark_of(placement: Placement) -> Mark:
    film = LONG if placement is Placement.INTRO_REPEAT else FILM
    notice, _ = films.record(style(placement), film, cover={})
    return make_mark(medium=Medium.VIDEO, notice=notice)


def picture(*, marked: bool) -> Picture:
    across, down = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    pixels = np.stack([across % 200, down % 180, (across + down) % 160], -1).astype(np.uint8)
    if marked:
        patch = image.patch_for(style(), Form.SHORT)(*SIZE)
        x, y, width, height = patch.box
        pixels[y : y + height, x : x + width] = patch.pixels
    return Picture(index=0, width=SIZE[0], height=SIZE[1], pixels=pixels)


PICTURES = {marked: picture(marked=marked) for marked in (True, False)}


def found(shown: Callable[[float], bool], *, mark: Mark | None = None) -> Evidence:
    """Judge a film that shows the notice at some times."""
    film = LONG if mark and mark.notice.repeat else FILM

    def stills(times: Sequence[float], _keys: bool) -> Iterator[tuple[float, Picture]]:
        for asked in times:
            time = min(asked, film.seconds - 0.04)
            yield time, PICTURES[bool(shown(time))]

    return films.find(stills, film, profile=PROFILE, mark=mark, limits=Limits())


def test_the_whole_film_is_one_span() -> None:
    assert films.spans(style(), ("a" * 30,), 60.0) == ((0.0, films.END),)


def test_a_film_shorter_than_its_notice_shows_it_to_the_end() -> None:
    assert films.spans(style(Placement.INTRO), ("a" * 300,), 19.0) == ((0.0, films.END),)


def test_the_start_lasts_as_long_as_reading_takes() -> None:
    assert films.spans(style(Placement.INTRO), ("a" * 60, "b" * 15), 60.0) == ((0.0, 5.0),)
    assert films.spans(style(Placement.INTRO), ("a",), 60.0) == ((0.0, 2.0),)


def test_repeats_come_at_their_interval_and_are_never_cut_off() -> None:
    spans = films.spans(style(Placement.INTRO_REPEAT), ("a" * 75,), 184.0)

    assert spans == ((0.0, 5.0), (60.0, 65.0), (120.0, 125.0))


def test_a_film_too_small_for_a_plate_is_refused() -> None:
    small = Film(width=96, height=64, seconds=2, frames=50, rate=Fraction(25), tracks=())

    with pytest.raises(PolicyUnsatisfiableError, match="no room"):
        films.record(style(), small, cover={})


def test_a_film_that_shows_it_throughout_passes() -> None:
    evidence = found(lambda _: True, mark=mark_of(Placement.FULL))

    assert (evidence.status, evidence.code) == (Status.PRESENT, "")
    assert evidence.facts["shown"] == "1.00"


def test_a_start_that_is_long_enough_passes_if_no_more_was_promised() -> None:
    evidence = found(lambda time: time < 2.0, mark=mark_of(Placement.INTRO))

    assert evidence.status is Status.PRESENT


def test_repeats_that_all_come_pass() -> None:
    mark = mark_of(Placement.INTRO_REPEAT)

    evidence = found(lambda time: time % 60 < 2, mark=mark)

    assert (mark.notice.seconds, mark.notice.repeat) == ((0.0, 2.0), 60.0)
    assert (evidence.status, evidence.code) == (Status.PRESENT, "")


@pytest.mark.parametrize("seconds", [60.0, 118.0, 119.9, 120.0, 121.9, 122.0, 122.3, 7200.0])
def test_only_repeats_that_the_film_has_room_for_are_looked_for(seconds: float) -> None:
    film = replace(LONG, seconds=seconds)
    notice, _ = films.record(style(Placement.INTRO_REPEAT), film, cover={})
    spans = films.spans(style(Placement.INTRO_REPEAT), notice.texts, seconds)

    def stills(times: Sequence[float], _keys: bool) -> Iterator[tuple[float, Picture]]:
        for asked in times:
            time = min(asked, seconds - 0.04)
            yield time, PICTURES[any(start <= time < stop for start, stop in spans)]

    mark = make_mark(medium=Medium.VIDEO, notice=notice)
    evidence = films.find(stills, film, profile=PROFILE, mark=mark, limits=Limits())

    assert evidence.status is Status.PRESENT


def test_without_a_record_a_start_that_is_long_enough_passes() -> None:
    assert found(lambda time: time < 2.0).status is Status.PRESENT


@pytest.mark.parametrize(
    ("shown", "placement", "code"),
    [
        (lambda time: time < 1.0, Placement.INTRO, "notice.too-short"),
        (lambda time: time < 1.0 or time > 30, Placement.INTRO, "notice.too-short"),
        (lambda time: int(time * 6) % 2 == 0, Placement.INTRO, "notice.flashing"),
        (lambda time: time > 10, Placement.INTRO, "notice.late"),
        (lambda time: time < 30, Placement.FULL, "notice.missing-frame"),
        (lambda time: time < 59, Placement.FULL, "notice.missing-frame"),
        (lambda time: not 20 < time < 30, Placement.FULL, "notice.missing-frame"),
        (lambda time: time < 2, Placement.INTRO_REPEAT, "notice.missing-repeat"),
        (lambda time: time % 60 < 1.2, Placement.INTRO_REPEAT, "notice.too-short"),
        (lambda time: time < 2 or 60 <= time < 61, Placement.INTRO_REPEAT, "notice.missing-repeat"),
        (
            lambda time: time % 60 < 2 and time < 600,
            Placement.INTRO_REPEAT,
            "notice.missing-repeat",
        ),
    ],
    ids=[
        *("short", "short-and-later", "flashing", "late", "half", "not-the-end", "hole"),
        *("once", "short-start", "short-repeat", "not-the-last"),
    ],
)
def test_a_notice_that_is_not_shown_as_it_should_is_not_perceivable(
    shown: Callable[[float], bool], placement: Placement, code: str
) -> None:
    evidence = found(shown, mark=mark_of(placement))

    assert (evidence.status, evidence.code) == (Status.BROKEN, code)


def test_a_film_without_a_notice_has_none() -> None:
    evidence = found(lambda _: False)

    assert (evidence.status, evidence.code) == (Status.ABSENT, "notice.not-found")


def test_the_record_says_the_seconds_only_where_it_ends() -> None:
    whole: NoticeRecord = mark_of(Placement.FULL).notice
    start: NoticeRecord = mark_of(Placement.INTRO).notice

    assert (whole.seconds, whole.repeat, start.repeat) == (None, None, None)
    assert start.seconds == (0.0, 2.0)
    assert whole.places == start.places
