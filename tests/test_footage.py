"""Films made of frames: every frame there, the notice on them, the sound beside them."""

import io
import pickle
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fixtures.films import film
from PIL import Image

import kzmark
from kzmark.errors import InputError, PolicyUnsatisfiableError, RequestError
from kzmark.footage import Footage
from kzmark.places import place
from kzmark.signing.identity import Identity, new_identity
from kzmark.stamper import Stamper

SIZE = (320, 180)
FAST: dict[str, dict[str, Any]] = {
    "mp4": {"preset": "ultrafast"},
    "mkv": {"preset": "ultrafast"},
    "webm": {"cpu-used": 8},
}
TONE = (np.sin(np.arange(24_000) / 20).astype(np.float32) / 4, 24_000)


STATEMENT = kzmark.Statement(
    system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


@pytest.fixture(scope="module")
def stamper(identity: Identity) -> Stamper:
    return Stamper(STATEMENT, identity=identity)


def frames(count: int = 30, size: tuple[int, int] = SIZE) -> Iterator[np.ndarray]:
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    for index in range(count):
        planes = [(across + index * 4) % 200, (down * 2) % 180, (across + down) % 160]
        yield np.stack(planes, axis=-1).astype(np.uint8)


def made(stamper: Stamper, given: Any, kind: str = "mp4", **options: Any) -> bytes:
    stamped = stamper.video(given, 15, format=kind, **FAST[kind], **options)
    assert stamped.data is not None
    return stamped.data


def streams(data: bytes) -> dict[str, str]:
    with av.open(io.BytesIO(data)) as container:
        return {stream.type: stream.codec_context.name for stream in container.streams}


def pictures(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", FAST)
def test_frames_become_a_film_that_complies(stamper: Stamper, kind: str, tmp_path: Path) -> None:
    target = tmp_path / f"film.{kind}"

    stamped = stamper.video(frames(), 15, audio=TONE, target=target, **FAST[kind])

    assert stamped.output == target
    assert kzmark.verify(target).verdict.value == "compliant"
    assert len(pictures(target.read_bytes())) == 30
    assert set(streams(target.read_bytes())) == {"video", "audio"}


def test_frames_are_those_that_were_given_but_for_the_plate(stamper: Stamper) -> None:
    box = stamper.video(frames(2), 15, format="mp4").mark.notice.places[0].box

    shown = pictures(made(stamper, frames(), crf=10))

    x, y, width, height = box
    clear = np.ones(shown[0].shape[:2], bool)
    clear[y - 8 : y + height + 8, x - 8 : x + width + 8] = False
    for given, seen in zip(frames(), shown, strict=True):
        difference = np.abs(given.astype(int) - seen)[clear]
        assert difference.mean() < 6


def test_the_notice_ends_when_it_has_been_read(identity: Identity) -> None:
    stamper = Stamper(STATEMENT, identity=identity, placement="intro")

    stamped = stamper.video(frames(60), 15, format="mp4", preset="ultrafast")

    assert stamped.mark.notice.seconds == (0.0, 2.0)
    assert stamped.data is not None
    shown = pictures(stamped.data)
    x, y, width, height = stamped.mark.notice.places[0].box
    last = shown[-1][y : y + height, x : x + width]
    assert np.abs(last - list(frames(60))[-1][y : y + height, x : x + width].astype(int)).mean() < 9


def test_images_and_arrays_of_all_kinds_are_taken(stamper: Stamper) -> None:
    colour = next(frames(1))
    clear = np.dstack([colour, np.full(colour.shape[:2], 200, np.uint8)])
    given = [colour, colour[..., 0], clear, Image.fromarray(colour), Image.fromarray(clear)]

    assert len(pictures(made(stamper, given))) == 5


@pytest.mark.parametrize(
    ("sound", "kind", "codec"),
    [("aac", "mp4", "aac"), ("aac", "webm", "opus"), ("libopus", "webm", "opus")],
)
def test_sound_that_fits_is_taken_over_as_it_is(
    stamper: Stamper, sound: str, kind: str, codec: str
) -> None:
    other = film("matroska", "libx264", sound=sound, frames=24)

    data = made(stamper, frames(), kind, audio=other)

    assert streams(data)["audio"] == codec
    same = voice(data) == voice(other)
    assert same is (sound in {codec, f"lib{codec}"})


@pytest.mark.parametrize(("rate", "now"), [(192_000, 96_000), (12_345, 16_000), (11_025, 11_025)])
def test_samples_of_any_rate_are_taken(stamper: Stamper, rate: int, now: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate).astype(np.float32) / 4

    data = made(stamper, frames(), audio=(tone, rate))

    with av.open(io.BytesIO(data)) as film:
        parts = [frame.to_ndarray()[0] for frame in film.decode(film.streams.audio[0])]
        assert film.streams.audio[0].codec_context.sample_rate == now
    heard = np.concatenate(parts)
    assert len(heard) == pytest.approx(2 * now, abs=3_000)
    turn = np.exp(-2j * np.pi * 440 * np.arange(now) / now)
    assert abs(np.mean(heard[now // 2 : now // 2 + now] * turn)) * 2 == pytest.approx(
        0.25, rel=0.05
    )


def voice(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_a_rate_may_be_a_fraction(stamper: Stamper) -> None:
    data = stamper.video(frames(), Fraction(30_000, 1001), format="mp4").data
    assert data is not None

    with av.open(io.BytesIO(data)) as container:
        assert container.streams.video[0].average_rate == Fraction(30_000, 1001)


def test_an_odd_size_is_kept(stamper: Stamper) -> None:
    data = made(stamper, frames(4, (321, 181)))

    assert pictures(data)[0].shape == (181, 321, 3)


def test_progress_is_told_frame_by_frame_and_does_not_travel(identity: Identity) -> None:
    told: list[tuple[int, int]] = []
    heard = lambda done, total: told.append((done, total))  # noqa: E731
    stamper = Stamper(STATEMENT, identity=identity, progress=heard)

    made(stamper, list(frames(5)))

    assert told == [(number, 5) for number in range(1, 6)]
    assert pickle.loads(pickle.dumps(stamper)).progress is None


@pytest.mark.parametrize(
    ("given", "fps", "format_", "told"),
    [
        ([], 25, "mp4", "no frame"),
        (["a"], 25, "mp4", "of the kind str"),
        ([np.zeros((180, 320, 3), np.float32)], 25, "mp4", "of the kind ndarray"),
        ([np.zeros((180, 320, 3), np.uint8), np.zeros((90, 320, 3), np.uint8)], 25, "mp4", "first"),
        ([np.zeros((180, 320, 3), np.uint8)], 0, "mp4", "a second"),
        ([np.zeros((180, 320, 3), np.uint8)], "x", "mp4", "a second"),
        ([np.zeros((180, 320, 3), np.uint8)], 25, "png", "as png"),
    ],
)
def test_what_is_no_film_is_refused(
    stamper: Stamper, given: Any, fps: Any, format_: str, told: str
) -> None:
    with pytest.raises(RequestError, match=told):
        stamper.video(given, fps, format=format_)


@pytest.mark.parametrize("options", [{"crf": "very good"}, {"codec": "vp9"}])
def test_an_encoder_that_refuses_is_the_caller_s_business(
    stamper: Stamper, options: dict[str, Any]
) -> None:
    with pytest.raises(RequestError):
        stamper.video(frames(2), 25, format="mp4", **options)


@pytest.mark.parametrize(
    "sound",
    [
        3,
        (np.zeros((4, 9)), 48_000),
        (np.zeros(9), 10),
        (np.zeros(9), None),
        ([[0.1], [0, 1]], 8_000),
    ],
)
def test_sound_of_another_kind_is_refused(stamper: Stamper, sound: Any) -> None:
    with pytest.raises(RequestError):
        stamper.video(frames(2), 25, format="mp4", audio=sound)


def test_sound_that_is_not_there_is_named(stamper: Stamper, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        stamper.video(frames(2), 25, format="mp4", audio=tmp_path / "none.wav")


def test_frames_too_small_for_a_notice_are_refused(stamper: Stamper) -> None:
    with pytest.raises(PolicyUnsatisfiableError, match="no room"):
        stamper.video(frames(2, (96, 64)), 25, format="mp4")


def test_without_a_target_and_a_format_it_is_an_mp4(stamper: Stamper) -> None:
    bytes_back = stamper.video(frames(2), 15, preset="ultrafast")
    into_stream = stamper.video(frames(2), 15, target=io.BytesIO(), preset="ultrafast")

    assert bytes_back.data is not None
    assert (bytes_back.format, into_stream.format) == ("mp4", "mp4")
    assert kzmark.verify(bytes_back.data).format == "mp4"


@pytest.mark.parametrize(
    ("target", "format_", "made"),
    [
        ("a.MKV", "", "matroska"),
        ("a.mp4", "webm", "webm"),
        (None, ".mov", "mov"),
        (None, "qt", "mov"),
    ],
)
def test_the_format_is_that_of_the_words_or_of_the_extension(
    target: str | None, format_: str, made: str
) -> None:
    assert Footage.format_for(place(target) if target else None, format_) == made


@pytest.mark.parametrize(
    ("target", "format_", "told"),
    [("film.png", "", "as .png"), ("film", "", "without an extension"), (None, "gif", "as gif")],
)
def test_what_is_no_film_format_is_refused_with_those_that_are(
    stamper: Stamper, tmp_path: Path, target: str | None, format_: str, told: str
) -> None:
    with pytest.raises(RequestError, match=told) as caught:
        stamper.video(frames(2), 25, target=target and tmp_path / target, format=format_)

    assert caught.value.hint == "one of m4v, mkv, mov, mp4, qt, webm"


def test_what_is_see_through_in_a_frame_stands_on_white(stamper: Stamper) -> None:
    clear = np.zeros((180, 320, 4), np.uint8)
    clear[..., 0] = 255

    data = stamper.video([clear, clear], 15, preset="ultrafast").data

    assert data is not None
    assert pictures(data)[0][170, 310].min() > 250


@pytest.mark.parametrize("count", [0, 3, 60])  # before, and behind, what encoders hold back
@pytest.mark.parametrize(
    "error", [ValueError("mine"), OSError("mine"), av.error.InvalidDataError(1, "mine")]
)
def test_what_the_caller_s_frames_raise_comes_out_as_it_is(
    stamper: Stamper, error: Exception, count: int
) -> None:
    def failing() -> Iterator[np.ndarray]:
        yield from frames(count)
        raise error

    with pytest.raises(type(error)) as caught:
        made(stamper, failing())

    assert caught.value is error
    assert error.__context__ is None


@pytest.mark.parametrize("error", [ValueError("mine"), OSError("mine")])
def test_what_progress_raises_comes_out_as_it_is(identity: Identity, error: Exception) -> None:
    def tell(_done: int, _all: int) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        made(Stamper(STATEMENT, identity=identity, progress=tell), frames(3))

    assert caught.value is error


def test_a_frame_that_pillow_cannot_read_is_the_caller_s_business(
    stamper: Stamper, tmp_path: Path
) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(next(frames(1))).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    good = Image.fromarray(next(frames(1)))

    with Image.open(path) as cut, pytest.raises(RequestError, match="frame cannot be read"):
        made(stamper, [good, cut])
