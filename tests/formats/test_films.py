"""Films: the notice burnt in, everything else as it was, in every container and kind of picture."""

import io
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fixtures.films import RATE, X264, film

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import BackendMissingError, MediaError, UnsupportedMediaError
from kzmark.formats import adapter
from kzmark.formats._base import Patch
from kzmark.formats._film import Films
from kzmark.sniff import sniff
from kzmark.testing import half_and_half

LIMITS = Limits()
FIXTURES = Path(__file__).parents[2] / "fixtures"
X265 = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=8:min-keyint=8"}
VP9 = {"deadline": "realtime", "cpu-used": "8"}
HDR = {"color_trc": 16, "color_primaries": 9, "colorspace": 9, "color_range": 1}

MADE: dict[str, Callable[[], bytes]] = {
    "h264.mp4": lambda: film("mp4", "libx264", sound="aac", options=X264),
    "h264-no-b.mov": lambda: film("mov", "libx264", sound="aac", options={**X264, "bf": "0"}),
    "h264.mkv": lambda: film("matroska", "libx264", sound="aac", options=X264),
    "hevc-open.mp4": lambda: film("mp4", "libx265", options=X265),
    "hevc.mkv": lambda: film("matroska", "libx265", options=X265),
    "vp9.webm": lambda: film("webm", "libvpx-vp9", sound="libopus", options=VP9),
    "av1.mp4": lambda: film("mp4", "libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"}),
    "mjpeg.mov": lambda: film("mov", "mjpeg", pixels="yuvj420p", group=1),
    "mjpeg.avi": lambda: film("avi", "mjpeg", pixels="yuvj420p", group=1, sound="libmp3lame"),
    "uneven.mp4": lambda: film("mp4", "libx264", options=X264, times=lambda n: n * 3 - n % 2),
    "h264-10.mp4": lambda: film("mp4", "libx264", options=X264, pixels="yuv420p10le"),
    "h264-422.mp4": lambda: film("mp4", "libx264", options=X264, pixels="yuv422p"),
    "h264-444.mp4": lambda: film("mp4", "libx264", options=X264, pixels="yuv444p"),
    "full-range.mp4": lambda: film("mp4", "libx264", options=X264, pixels="yuvj420p"),
    "hdr.mp4": lambda: film("mp4", "libx265", options=X265, pixels="yuv420p10le", colours=HDR),
    "turned.mp4": lambda: film("mp4", "libx264", options=X264, turn=90),
    "head-down.mp4": lambda: film("mp4", "libx264", options=X264, turn=180),
    "wide.mp4": lambda: film("mp4", "libx264", options=X264, aspect=Fraction(4, 3)),
    "fields.mp4": lambda: film(
        "mp4", "libx264", options={**X264, "flags": "+ilme+ildct", "x264-params": "tff=1"}
    ),
    "odd.mp4": lambda: film("mp4", "libx264", options=X264, pixels="yuv444p", size=(321, 181)),
}
each_film = pytest.mark.parametrize("name", MADE)


@cache
def made(name: str) -> bytes:
    import os

    os.environ.setdefault("SVT_LOG", "1")
    return MADE[name]()


def films(data: bytes, name: str = "") -> Any:
    found = sniff(io.BytesIO(data), name=name)
    assert isinstance(found, Films)
    return found


def burnt(data: bytes, *spans: tuple[float, float]) -> tuple[bytes, list[str]]:
    target = Rope()
    notes = films(data).burn(io.BytesIO(data), target, half_and_half, spans, limits=LIMITS)
    target.seek(0)
    return target.read(), list(notes)


def opened(data: bytes) -> Any:
    return av.open(io.BytesIO(data))


def decoded(data: bytes) -> dict[int, Any]:
    """Return every frame by its time, as planes."""
    with opened(data) as container:
        return {
            frame.pts or 0: [seen_part(plane, frame.format) for plane in frame.planes]
            for frame in container.decode(video=0)
        }


def seen_part(plane: Any, kind: Any) -> bytes:
    """Return the samples of a plane without what pads its rows."""
    width = plane.width * (1 if kind.components[0].bits <= 8 else 2)
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, :width].tobytes()


def packets(data: bytes, kind: str) -> list[tuple[int | None, bytes]]:
    with opened(data) as container:
        streams = [s for s in container.streams if s.type == kind]
        return [(p.pts, bytes(p)) for p in container.demux(*streams) if p.size] if streams else []


def next_key(data: bytes, seconds: float) -> int:
    """Return the time of the first key frame behind so many seconds, or one behind the end."""
    with opened(data) as container:
        stream = container.streams.video[0]
        start = stream.start_time or 0
        found = [(p.pts, p.is_keyframe) for p in container.demux(stream) if p.pts is not None]
        late = start + seconds / (stream.time_base or 1)
        return min([pts for pts, key in found if key and pts > late], default=1 << 62)


def shown(data: bytes, times: list[float], *, keys: bool = False) -> Iterator[Any]:
    yield from films(data).stills(io.BytesIO(data), times, limits=LIMITS, keys=keys)


def has_patch(picture: Any) -> bool:
    x, y, width, height = half_and_half(picture.width, picture.height).box
    inner = picture.pixels[y + 3 : y + height - 3, x + 3 : x + width - 3].astype(int)
    dark, light = inner[:, : width // 2 - 6], inner[:, width // 2 + 4 :]
    return bool(dark.mean() < 70 and light.mean() > 185)


@each_film
def test_the_patch_is_seen_in_its_time_and_not_elsewhere(name: str) -> None:
    data, _ = burnt(made(name), (0.0, 0.5))

    stills = list(shown(data, [0.0, 0.3, 1.8]))

    assert [has_patch(picture) for _, picture in stills] == [True, True, False]


@each_film
def test_frames_outside_of_the_groups_with_the_patch_are_bit_exact(name: str) -> None:
    before = decoded(made(name))

    data, notes = burnt(made(name), (0.0, 0.2))
    after = decoded(data)

    assert after.keys() == before.keys()
    changed = [time for time in before if before[time] != after[time]]
    assert changed[0] == min(before)
    assert notes == []
    assert max(changed) < next_key(made(name), 0.2)


@each_film
def test_a_patch_in_the_middle_leaves_both_ends_as_they_were(name: str) -> None:
    before, seconds = (
        decoded(made(name)),
        films(made(name)).film(io.BytesIO(made(name)), limits=LIMITS).seconds,
    )

    data, _ = burnt(made(name), (seconds * 0.45, seconds * 0.5))
    after = decoded(data)

    times = sorted(before)
    changed = [index for index, time in enumerate(times) if before[time] != after[time]]
    assert after.keys() == before.keys()
    assert 0 < changed[0] <= len(times) // 2
    assert changed[-1] < len(times) - 1


@each_film
def test_the_packets_of_sound_are_the_same(name: str) -> None:
    data, _ = burnt(made(name), (0.0, 0.5))

    assert packets(data, "audio") == packets(made(name), "audio")


@each_film
def test_a_patch_from_end_to_end_is_seen_in_every_frame(name: str) -> None:
    data, notes = burnt(made(name), (0.0, float("inf")))

    pictures = [picture for _, picture in shown(data, [n / RATE for n in range(24)])]

    assert notes == []
    assert len(decoded(data)) == len(decoded(made(name)))
    assert all(has_patch(picture) for picture in pictures)


@pytest.mark.parametrize("name", ["turned.mp4", "head-down.mp4", "wide.mp4"])
def test_turning_and_the_shape_of_pixels_stay(name: str) -> None:
    data, _ = burnt(made(name), (0.0, 0.5))

    before = films(made(name)).film(io.BytesIO(made(name)), limits=LIMITS)
    after = films(data).film(io.BytesIO(data), limits=LIMITS)

    assert after == before
    assert (before.width > before.height) is (name != "turned.mp4")


def test_an_open_h264_film_is_encoded_again_whole_and_says_so() -> None:
    options = {**X264, "x264-params": "scenecut=0:open-gop=1:keyint=8:min-keyint=8:bframes=3"}
    data = film("mp4", "libx264", options=options)

    _, notes = burnt(data, (0.0, 0.2))

    assert notes == ["film-reencoded", "film-open-groups"]


def test_a_film_of_one_group_is_encoded_again_whole_and_says_so() -> None:
    data = film("mp4", "libx264", options={**X264, "x264-params": "scenecut=0:keyint=250"})

    _, notes = burnt(data, (0.0, 0.2))

    assert notes == ["film-reencoded", "film-few-key-frames"]


@pytest.mark.parametrize(
    ("container", "codec", "reason"),
    [
        ("mp4", "mpeg4", "film-codec-not-joined"),
        ("avi", "mpeg4", "film-codec-not-joined"),
        ("avi", "libx264", "film-without-times"),
    ],
)
def test_a_codec_without_numbered_parameter_sets_is_encoded_again_whole(
    container: str, codec: str, reason: str
) -> None:
    data = film(container, codec, options={"b": "800k"})

    after, notes = burnt(data, (0.0, 0.2))

    assert notes == ["film-reencoded", reason]
    assert has_patch(next(shown(after, [0.0]))[1])


@pytest.mark.parametrize(
    "flags", ["frag_keyframe+empty_moov", "frag_keyframe", "dash", "cmaf+frag_keyframe"]
)
def test_fragments_are_joined_and_nothing_of_them_is_lost(flags: str) -> None:
    data = film("mp4", "libx264", sound="aac", options=X264, muxer={"movflags": flags})
    before = decoded(data)

    after, notes = burnt(data, (0.0, 0.2))

    assert notes == ["film-fragments-joined"]
    assert [payload for _, payload in packets(after, "audio")] == [
        payload for _, payload in packets(data, "audio")
    ]
    shown_after = decoded(after)
    assert len(shown_after) == len(before)
    assert list(shown_after.values())[8:] == list(before.values())[8:]
    assert has_patch(next(shown(after, [0.0]))[1])


def test_a_film_without_room_for_a_notice_is_refused() -> None:
    def grown(width: int, height: int) -> Patch:
        return Patch(x=0, y=height, pixels=np.zeros((16, width, 3), np.uint8), grow=16)

    with pytest.raises(UnsupportedMediaError, match="room"):
        adapter("mp4").burn(  # type: ignore[attr-defined]  # a `Films`
            io.BytesIO(made("h264.mp4")), Rope(), grown, [(0.0, 1.0)], limits=LIMITS
        )


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    data = made("h264.mp4")
    films(data).burn(
        io.BytesIO(data),
        Rope(),
        half_and_half,
        [(0.0, 0.2)],
        limits=LIMITS,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told[-1][0] == told[-1][1] == len(told)


def test_stills_of_key_frames_are_key_frames() -> None:
    times = [time for time, _ in shown(made("h264.mp4"), [0.0, 0.4, 0.9, 1.9], keys=True)]

    assert times == pytest.approx([0.0, 8 / RATE, 16 / RATE])


def test_a_time_behind_the_end_gives_the_last_frame() -> None:
    (still,) = shown(made("h264.mp4"), [1e9])

    assert still[0] == pytest.approx(23 / RATE)


def test_white_of_the_patch_is_diffuse_white_in_hdr() -> None:
    data, _ = burnt(made("hdr.mp4"), (0.0, float("inf")))
    with opened(data) as container:
        frame = next(container.decode(video=0))
        luma = np.frombuffer(bytes(frame.planes[0]), "<u2").reshape(
            -1, frame.planes[0].line_size // 2
        )
    x, y, width, height = half_and_half(frame.width, frame.height).box
    white = luma[y + 8 : y + height - 8, x + width // 2 + 16 : x + width - 16].mean()

    assert (white - 64) / 876 == pytest.approx(0.58, abs=0.02)  # ITU-R BT.2408: 58 % of PQ


@pytest.mark.parametrize("name", ["h264.mp4", "hevc-open.mp4", "h264.mkv", "vp9.webm", "mjpeg.avi"])
def test_a_damaged_film_raises_only_media_errors(name: str) -> None:
    chance = random.Random(name)
    whole = made(name)
    for turn in range(14):
        damaged = bytearray(whole[: chance.randrange(len(whole))] if turn % 2 else whole)
        for _ in range(12):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        for call in (films_of, burn_all, stills_of):
            try:
                call(bytes(damaged), name)
            except MediaError:
                continue


def films_of(data: bytes, name: str) -> None:
    _known(name).film(io.BytesIO(data), limits=LIMITS)


def burn_all(data: bytes, name: str) -> None:
    _known(name).burn(io.BytesIO(data), Rope(), half_and_half, [(0.0, 0.2)], limits=LIMITS)


def stills_of(data: bytes, name: str) -> None:
    list(_known(name).stills(io.BytesIO(data), [0.0, 1.0], limits=LIMITS))


def _known(name: str) -> Any:
    return adapter({"mkv": "matroska"}.get(name[-3:], name.rpartition(".")[2]))


def test_without_the_library_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from kzmark.formats._av import backend

    monkeypatch.setitem(__import__("sys").modules, "av", None)
    backend.load.cache_clear()
    try:
        with pytest.raises(BackendMissingError, match="av") as caught:
            films_of(made("h264.mp4"), "h264.mp4")
    finally:
        backend.load.cache_clear()

    assert caught.value.extra == "video"


def test_frames_without_a_time_are_passed_over() -> None:
    data = (FIXTURES / "regression" / "untimed.mkv").read_bytes()

    times = [time for time, _ in shown(data, [0.0, 0.5, 9.0])]

    assert times == sorted(times)
