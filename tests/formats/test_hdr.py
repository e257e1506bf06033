"""HDR films: the plate neither glares nor vanishes, and what tells screens of the light stays."""

import io
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from fixtures.films import X264, film
from tests.formats.test_films import HDR, burnt, opened

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av import vision
from kzmark.formats._av.mastering import Mastering, mastering_of
from kzmark.formats._av.nal import joined, units
from kzmark.formats._bmff.boxes import pack
from kzmark.formats.matroska.blocks import entries
from kzmark.formats.matroska.segment import File
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tables import sole_entry
from kzmark.formats.mp4.tree import Box
from kzmark.testing import half_and_half

LIMITS = Limits()
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
X265 = "log-level=none:keyint=8:min-keyint=8:open-gop=0"
MASTERED = {  # name → container, encoder, its options
    "hevc.mp4": (
        "mp4",
        "libx265",
        {"x265-params": f"{X265}:repeat-headers=1:master-display={DISPLAY}:max-cll=1000,400"},
    ),
    "hevc.mkv": (
        "matroska",
        "libx265",
        {"x265-params": f"{X265}:master-display={DISPLAY}:max-cll=1000,400"},
    ),
    "h264.mp4": (
        "mp4",
        "libx264",
        {**X264, "x264-params": f"mastering-display={DISPLAY}:cll=1000,400"},
    ),
    "av1.mp4": (
        "mp4",
        "libsvtav1",
        {
            "preset": "12",
            "svtav1-params": "lp=1:mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)"
            "WP(0.3127,0.329)L(1000,0.0001):content-light=1000,400",
        },
    ),
}
WHOLE, START = (0.0, float("inf")), (0.0, 0.3)
VISION = bytes([1, 0, 8 << 1, 5 << 3 | 0b101, 1 << 4, *bytes(19)])  # profile 8.1: HDR10 beneath


@cache
def mastered(name: str) -> bytes:
    container, encoder, options = MASTERED[name]
    options = {"preset": "ultrafast", **options}
    return film(container, encoder, options=options, pixels="yuv420p10le", colours=HDR)


def told(data: bytes) -> list[Mastering]:
    with opened(data) as container:
        found = [mastering_of(frame) for frame in container.decode(video=0)]
    return [one for one in found if one != Mastering()]


@pytest.mark.parametrize("span", [WHOLE, START], ids=["whole", "start"])
@pytest.mark.parametrize("name", MASTERED)
def test_the_mastering_display_and_the_light_levels_stay(
    name: str, span: tuple[float, float]
) -> None:
    before = told(mastered(name))

    data, notes = burnt(mastered(name), span)

    assert before[0].light == (1000, 400)
    assert len(before[0].display) == 10
    assert set(told(data)) == set(before)
    assert notes == []


def test_numbers_that_mean_nothing_are_not_passed_on() -> None:
    assert Mastering().parameters("libx265") == []
    assert Mastering(light=(1000, 400)).parameters("mpeg4") == []


@pytest.mark.parametrize(("transfer", "level"), [(16, 0.58), (18, 0.75)], ids=["pq", "hlg"])
def test_white_is_diffuse_white_and_black_is_dark(transfer: int, level: float) -> None:
    options = {"preset": "ultrafast", "x265-params": f"{X265}:transfer={transfer}"}
    colours = {**HDR, "color_trc": transfer}
    source = film("mp4", "libx265", options=options, pixels="yuv420p10le", colours=colours)
    data, _ = burnt(source, WHOLE)
    with opened(data) as container:
        frame = next(container.decode(video=0))
    plane = frame.planes[0]
    luma = np.frombuffer(bytes(plane), "<u2").reshape(-1, plane.line_size // 2)
    x, y, width, height = half_and_half(frame.width, frame.height).box
    inner = (luma[y + 8 : y + height - 8, x + 16 : x + width - 16] - 64.0) / 876

    assert frame.color_trc == transfer
    assert inner[:, width // 2 + 8 :].mean() == pytest.approx(level, abs=0.02)  # ITU-R BT.2408
    assert inner[:, : width // 2 - 40].mean() < 0.25


def instructed(data: bytes) -> bytes:
    """Return a film each of whose pictures has an RPU and an HDR10+ message, with its own time."""
    target = io.BytesIO()
    with opened(data) as source, av.open(target, "w", format="mp4") as out:
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.pts is None:
                continue
            time = b"\x55" + packet.pts.to_bytes(4, "big").hex().encode()
            message = bytes([39 << 1, 1, 4, 16]) + b"\xb5\0\x3c\0\x01\x04" + time + b"\x80"
            fresh: Any = av.Packet(
                joined(
                    [message, *units(bytes(packet), 4), bytes([62 << 1, 1, 25]) + time + b"\x80"], 4
                )
            )
            fresh.pts, fresh.dts, fresh.duration = packet.pts, packet.dts, packet.duration
            fresh.time_base, fresh.is_keyframe = packet.time_base, packet.is_keyframe
            fresh.stream = copy
            out.mux(fresh)
    return target.getvalue()


def with_vision(data: bytes, config: bytes = VISION, kind: bytes = b"dvcC") -> bytes:
    """Return a film whose description says that it is Dolby Vision."""
    movie, target = Movie(io.BytesIO(data), limits=LIMITS), Rope()
    stbl = movie.tables()[0].stbl
    name, entry = sole_entry(stbl)
    body = stbl.need(b"stsd").body
    stbl.put(Box(b"stsd", body[:8] + pack(name, entry, pack(kind, config))))
    rewrite(movie, target)
    target.seek(0)
    return target.read()


@pytest.mark.parametrize("span", [WHOLE, START], ids=["whole", "start"])
def test_instructions_of_dynamic_hdr_go_with_their_pictures(span: tuple[float, float]) -> None:
    source = with_vision(instructed(mastered("hevc.mp4")))

    data, notes = burnt(source, span)

    with opened(source) as old, opened(data) as new:
        wanted = {p.pts: vision.carried(bytes(p), 4) for p in old.demux(video=0) if p.size}
        found = {p.pts: vision.carried(bytes(p), 4) for p in new.demux(video=0) if p.size}
    assert pack(b"dvcC", VISION) in data
    assert found == wanted
    assert {len(one) for one in found.values()} == {2}
    assert notes == []


@pytest.mark.parametrize(
    "config",
    [
        bytes([1, 0, 5 << 1, 5 << 3 | 0b101, 0]),  # profile 5: colours of its own
        bytes([1, 0, 7 << 1, 5 << 3 | 0b111, 6 << 4]),  # profile 7: a second layer
    ],
    ids=["own-colours", "two-layers"],
)
def test_dolby_vision_that_needs_its_own_decoder_is_refused(config: bytes) -> None:
    data = with_vision(mastered("hevc.mp4"), config, b"dvvC")

    with pytest.raises(UnsupportedMediaError, match="Dolby Vision"):
        burnt(data, START)


def test_dolby_vision_in_other_pictures_than_hevc_is_refused() -> None:
    with pytest.raises(UnsupportedMediaError, match="Dolby Vision"):
        burnt(with_vision(mastered("h264.mp4")), START)


def test_a_configuration_of_dolby_vision_that_is_cut_off_is_refused() -> None:
    with pytest.raises(MalformedMediaError, match="Dolby Vision"):
        vision.check(VISION[:4], "hevc")


@pytest.mark.parametrize("config", [VISION, bytes([1, 0, 10, 45, *bytes(20)])], ids=["8", "5"])
def test_matroska_says_so_in_its_tracks(config: bytes) -> None:
    target = io.BytesIO()
    with (
        opened(with_vision(mastered("hevc.mp4"), config)) as source,
        av.open(target, "w", format="matroska") as out,
    ):
        copy = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is not None:
                packet.stream = copy
                out.mux(packet)
    data = target.getvalue()

    assert [one.vision for one in entries(File(io.BytesIO(data), limits=LIMITS))] == [config]
    if config == VISION:
        assert config in burnt(data, START)[0]
    else:
        with pytest.raises(UnsupportedMediaError, match="Dolby Vision"):
            burnt(data, START)
