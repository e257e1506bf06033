"""Sources: whatever can be read is read from its start; whatever cannot says why."""

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kzmark
from kzmark import paths
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import InputError, LimitExceededError, RequestError

PHOTO = Path(__file__).parents[1] / "fixtures" / "clean" / "photo.jpg"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a POSIX thing")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PHOTO.read_bytes(),))
    writer.start()

    report = kzmark.verify(pipe)

    writer.join()
    assert report.format == "jpeg"
    assert report.reason.value == "unmarked"


class Unseekable(io.RawIOBase):
    """Gives bytes once, as a socket does."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]  # what is asked for
        taken = self._left[: len(room)]
        self._left = self._left[len(room) :]
        room[: len(taken)] = taken
        return len(taken)


def test_a_stream_that_cannot_be_sought_is_read_once() -> None:
    stream = io.BufferedReader(Unseekable(PHOTO.read_bytes()))

    subject = paths.subject_of(stream, limits=DEFAULT_LIMITS)

    assert subject.data == PHOTO.read_bytes()


def test_a_raw_stream_that_cannot_be_sought_is_read_to_its_end() -> None:
    report = kzmark.verify(Unseekable(PHOTO.read_bytes()))

    assert report.format == "jpeg"


def test_a_pipe_over_the_limit_is_not_kept() -> None:
    stream = io.BufferedReader(Unseekable(PHOTO.read_bytes()))

    with pytest.raises(LimitExceededError):
        paths.subject_of(stream, limits=Limits(max_bytes=5000))


def test_a_link_is_read_with_the_sidecar_of_what_it_leads_to(tmp_path: Path) -> None:
    real, link = tmp_path / "a.bmp", tmp_path / "elsewhere" / "link.bmp"
    link.parent.mkdir()
    link.symlink_to(real)
    paths.record_path(real).write_bytes(b"real")
    real.write_bytes(b"")

    assert paths.read_record(link) == b"real"


def test_a_sidecar_beside_the_link_counts_where_the_file_has_none(tmp_path: Path) -> None:
    real, link = tmp_path / "a.bmp", tmp_path / "elsewhere" / "link.bmp"
    link.parent.mkdir()
    link.symlink_to(real)
    paths.record_path(link).write_bytes(b"beside")
    real.write_bytes(b"")

    assert paths.read_record(link) == b"beside"


def test_a_folder_in_the_place_of_a_sidecar_is_an_input_error(tmp_path: Path) -> None:
    source = tmp_path / "c.jpg"
    source.write_bytes(PHOTO.read_bytes())
    paths.record_path(source).mkdir()

    with pytest.raises(InputError, match=r"sidecar") as caught:
        kzmark.verify(source)
    assert caught.value.hint == "look at c.jpg.kzmark.json"


def test_a_name_too_long_for_a_sidecar_has_none(tmp_path: Path) -> None:
    source = tmp_path / ("n" * 250 + ".jpg")
    source.write_bytes(PHOTO.read_bytes())

    assert kzmark.verify(source).reason.value == "unmarked"


@pytest.mark.parametrize("name", ["none.jpg", "n" * 300, "a\0b", ".", "loop"])
def test_a_path_that_cannot_be_read_is_an_input_error_with_a_hint(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")

    for ask in (kzmark.verify, kzmark.inspect):
        with pytest.raises(InputError) as caught:
            ask(tmp_path / name)
        assert caught.value.hint
        assert "None" not in caught.value.message


def closed() -> io.BytesIO:
    stream = io.BytesIO(b"x")
    stream.close()
    return stream


@pytest.mark.parametrize(
    "source", [io.StringIO("text"), closed(), 5, None, Image.new("RGB", (8, 8)), np.zeros((8, 8))]
)
def test_what_is_no_source_is_a_request_error(source: object) -> None:
    with pytest.raises(RequestError) as caught:
        kzmark.verify(source)
    assert "PIL" not in caught.value.hint
    assert "NumPy" not in caught.value.hint


def test_a_text_file_is_a_request_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")

    with path.open() as stream, pytest.raises(RequestError):
        kzmark.inspect(stream)


def test_a_stream_open_for_writing_only_is_an_input_error(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream, pytest.raises(InputError):
        kzmark.inspect(stream)


def test_a_profile_may_be_named_by_a_path_object(tmp_path: Path) -> None:
    text = Path(kzmark.__file__).with_name("profiles") / "kz-2026.1.toml"
    mine = tmp_path / "mine"
    words = text.read_text(encoding="utf-8").replace('"kz-2026.1"', '"mine-1"')
    mine.write_text(words, encoding="utf-8")

    assert kzmark.verify(PHOTO, profile=mine).reason.value == "unmarked"
