"""A picture that grows by a caption band says so, whatever its format."""

import io
from dataclasses import replace
from uuid import UUID

import pytest
from PIL import Image

import kzmark
from kzmark import encoders
from kzmark.signing.identity import Identity, new_identity

RASTERS = encoders.NAMES
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d"><path d="M0 0h9v9z"/></svg>'
NOTE = "picture-grown"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


@pytest.fixture
def stamper(identity: Identity) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
    )
    return kzmark.Stamper(said, identity=identity)


def file(name: str, width: int, height: int) -> bytes:
    if name == "svg":
        return SVG % (width, height)
    return encoders.encode(Image.new("RGB", (width, height), "teal"), name, {}, {})


@pytest.mark.parametrize("name", RASTERS)
@pytest.mark.parametrize("size", [(64, 64), (1000, 20)])
def test_a_file_without_room_grows_and_says_so(
    stamper: kzmark.Stamper, name: str, size: tuple[int, int]
) -> None:
    planned = stamper.plan(file(name, *size))
    done = stamper.stamp(file(name, *size))

    assert planned is not None
    assert NOTE in planned.notes
    assert done.notes.count(NOTE) == 1
    (place,) = done.mark.notice.places
    assert (place.size[0], place.size[1] > size[1]) == (size[0], True)


def test_a_drawing_does_so_too_and_a_new_notice_on_its_band_does_not(
    stamper: kzmark.Stamper, identity: Identity
) -> None:
    def strip(said: kzmark.Statement) -> kzmark.Stamper:
        words = ("kk", "ru", "en")  # three lines from edge to edge: too much of a square
        return kzmark.Stamper(said, identity=identity, corner="bottom-strip", languages=words)

    other = replace(stamper.statement, system=kzmark.System(name="H"))

    first = strip(stamper.statement).stamp(file("svg", 300, 300))
    assert first.data is not None
    again = strip(other).stamp(first.data, replace=True)

    assert NOTE in first.notes
    assert first.mark.notice.places[0].size[1] > 300
    assert NOTE not in again.notes
    assert again.mark.notice.places[0].size == first.mark.notice.places[0].size


@pytest.mark.parametrize(
    ("size", "grown"),
    [
        ((1000, 20), True),
        ((2000, 30), True),
        ((1000, 40), False),
        ((600, 20), False),
        ((3000, 60), False),
        ((60, 900), True),
        ((24, 24), False),
    ],
)
def test_low_narrow_and_tiny_drawings_get_a_notice_that_is_seen(
    stamper: kzmark.Stamper, size: tuple[int, int], *, grown: bool
) -> None:
    done = stamper.stamp(file("svg", *size))

    assert done.data is not None
    assert kzmark.verify(done.data).verdict is kzmark.Verdict.COMPLIANT
    assert (NOTE in done.notes) is grown


@pytest.mark.parametrize("name", [*RASTERS, "svg"])
def test_a_file_with_room_says_nothing(stamper: kzmark.Stamper, name: str) -> None:
    done = stamper.stamp(file(name, 320, 240))

    assert NOTE not in done.notes
    assert done.mark.notice.places[0].size == (320, 240)


@pytest.mark.parametrize("name", RASTERS)
def test_a_picture_in_memory_says_so_too(stamper: kzmark.Stamper, name: str) -> None:
    done = stamper.stamp(Image.new("RGB", (64, 64), "teal"), format=name)

    assert done.notes == (NOTE,)


def test_one_page_that_grows_is_enough(stamper: kzmark.Stamper) -> None:
    pages = io.BytesIO()
    large, small = Image.new("RGB", (64, 127)), Image.new("RGB", (64, 64))
    large.save(pages, "TIFF", save_all=True, append_images=[small])

    assert NOTE in stamper.stamp(pages.getvalue()).notes


def test_a_new_notice_on_an_old_band_does_not_grow_it_again(
    stamper: kzmark.Stamper, identity: Identity
) -> None:
    first = stamper.stamp(file("png", 64, 64)).data
    other = replace(stamper.statement, system=kzmark.System(name="H"))
    assert first is not None

    again = kzmark.Stamper(other, identity=identity).stamp(first, replace=True)

    assert NOTE not in again.notes
    assert again.mark.notice.places[0].size == (64, 127)


def test_the_mark_is_the_same_as_ever(stamper: kzmark.Stamper) -> None:
    number = UUID("01234567-89ab-4cde-8f01-23456789abcd")

    mark = stamper.stamp(file("png", 64, 64), mark_id=number).mark

    assert (mark.mark_id, len(mark.notice.places)) == (number, 1)
    assert NOTE not in str(mark)
