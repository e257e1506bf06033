"""Stills of films: what nobody wants is not decoded, the rest is as it always was."""

import io
from functools import cache
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.test_films import LIMITS, MADE, films, made

from kzmark.formats._av import stills as module
from kzmark.formats._av.facts import survey
from kzmark.formats._av.picking import UncertainError, picked

LONG = {  # what differs in how pictures refer to each other, and in what containers tell of times
    "h264.mp4",
    "h264-no-b.mov",
    "h264.mkv",
    "hevc-open.mp4",
    "hevc.mkv",
    "vp9.webm",
    "av1.mp4",
    "mjpeg.avi",
    "uneven.mp4",
    "fields.mp4",
}
moments = st.lists(st.floats(0, 3), min_size=1, max_size=6).map(sorted)


@cache
def everything(name: str) -> tuple[list[float], list[Any]]:
    """Return all frames with their times, each decoded in its turn."""
    data = made(name)
    facts = survey(io.BytesIO(data), limits=LIMITS)
    with av.open(io.BytesIO(data)) as container:
        frames = [f for f in container.decode(video=0) if f.pts is not None]
        base = container.streams.video[0].time_base or 1
    times = [float(f.pts * base) - float(facts.start) for f in frames]
    return times, [module.shown_pixels(frame, facts) for frame in frames]


@pytest.mark.parametrize("name", sorted(LONG))
@settings(max_examples=12, deadline=None)
@given(times=moments)
def test_a_still_is_the_frame_that_is_seen_then(name: str, times: list[float]) -> None:
    starts, pictures = everything(name)
    data = made(name)

    stills = list(films(data).stills(io.BytesIO(data), times, limits=LIMITS))

    assert len(stills) == len(times)
    for time, (shown, picture) in zip(times, stills, strict=True):
        place = max(i for i, start in enumerate(starts) if start <= time + 1e-6)
        assert shown == pytest.approx(starts[place])
        assert np.array_equal(picture.pixels, pictures[place])


@pytest.mark.parametrize("name", sorted(LONG))
def test_where_packets_do_not_tell_all_frames_are_decoded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clueless(*_: Any) -> Any:
        raise UncertainError

    data, times = made(name), [0.0, 0.35, 0.36, 1.9]
    quick = list(films(data).stills(io.BytesIO(data), times, limits=LIMITS))

    monkeypatch.setattr(module, "picked", clueless)
    plain = list(films(data).stills(io.BytesIO(data), times, limits=LIMITS))

    assert [time for time, _ in quick] == [time for time, _ in plain]
    for (_, one), (_, two) in zip(quick, plain, strict=True):
        assert np.array_equal(one.pixels, two.pixels)


@pytest.mark.parametrize("name", sorted(LONG - {"hevc-open.mp4", "hevc.mkv"}))
def test_frames_are_picked_without_falling_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> Any:
        raise AssertionError("all frames were decoded")

    monkeypatch.setattr(module._Shower, "plainly_at", forbidden)
    data = made(name)

    stills = list(films(data).stills(io.BytesIO(data), [0.0, 0.5, 1.7], limits=LIMITS))

    assert len(stills) == 3


@pytest.mark.parametrize("name", sorted(MADE))
def test_the_first_frame_is_known_from_its_own_packet(name: str) -> None:
    data = made(name)
    with av.open(io.BytesIO(data)) as container:
        first = next(container.decode(video=0))

    facts = survey(io.BytesIO(data), limits=LIMITS)

    assert facts.start == (first.pts or 0) * (first.time_base or 0)
    assert (facts.width, facts.height, facts.pixels) == (
        first.width,
        first.height,
        first.format.name,
    )


class Packet:
    """A packet of a stream, as far as its times matter."""

    def __init__(self, pts: int | None, dts: int | None, *, hidden: bool = False) -> None:
        self.pts, self.dts, self.size, self.is_discard = pts, dts, 1, hidden


def numbered(*times: tuple[int | None, int | None]) -> list[Packet]:
    return [Packet(*each) for each in times]


@given(
    order=st.permutations(range(12)),
    ticks=st.lists(st.integers(0, 30), min_size=1, max_size=5).map(sorted),
)
def test_every_tick_is_counted_at_the_picture_that_is_seen_then(
    order: list[int], ticks: list[int]
) -> None:
    early = max(place - number for place, number in enumerate(order))
    packets = [Packet(2 * number, 2 * (place - early)) for place, number in enumerate(order)]

    counted = {packet.pts: seen for packet, seen in picked(packets, ticks)}

    ends = pairwise([*sorted(counted), 1 << 62])
    assert counted == {a: sum(a <= tick < b for tick in ticks) for a, b in ends}


@pytest.mark.parametrize(
    "packets",
    [
        numbered((0, 0), (None, 1)),
        numbered((0, 0), (2, None)),
        numbered((0, 0), (1, 2)),
        numbered((0, 0), (3, 0)),
        numbered((0, -2), (0, -1)),
        numbered((9, 9), (10, 10)),
        numbered((0, 0), *((1000 - n, n + 1) for n in range(200))),
    ],
    ids=["no-pts", "no-dts", "late", "still", "twice", "behind-the-tick", "endless"],
)
def test_packets_that_do_not_tell_when_they_are_seen_are_not_trusted(packets: list[Packet]) -> None:
    with pytest.raises(UncertainError):
        list(picked(packets, [5]))


def test_packets_that_tell_of_decoding_only_later_are_enough() -> None:
    packets = numbered((0, None), (4, None), (2, 0), (1, 1), (3, 2))

    assert [seen for _, seen in picked(packets, [0, 2, 3])] == [1, 0, 1, 0, 1]


def test_a_picture_that_an_edit_list_hides_is_never_wanted() -> None:
    packets = [Packet(0, 0, hidden=True), Packet(1, 1), Packet(2, 2)]

    assert [seen for _, seen in picked(packets, [1, 5])] == [0, 1, 1]
