"""Outputs: a file and its sidecar appear together or not at all, and nothing else is replaced."""

import errno
import io
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import kzmark
from kzmark.errors import OutputError, OutputExistsError, RequestError
from kzmark.signing.identity import Identity, new_identity

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
PHOTO, BMP = CLEAN / "photo.jpg", CLEAN / "photo.bmp"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


def make(identity: Identity, owner: str = "ТОО", **choices: object) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name=owner)
    )
    return kzmark.Stamper(said, identity=identity, **choices)  # type: ignore[arg-type]


@pytest.fixture
def stamper(identity: Identity) -> kzmark.Stamper:
    return make(identity)


def copy(clean: Path, to: Path) -> Path:
    to.write_bytes(clean.read_bytes())
    return to


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond `room` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.skipif(os.name == "nt", reason="limits of a process need a POSIX system")
def test_a_full_disk_leaves_the_old_file_and_the_old_sidecar(
    stamper: kzmark.Stamper, identity: Identity, tmp_path: Path
) -> None:
    path = copy(BMP, tmp_path / "a.bmp")
    stamper.stamp(path, path)
    before = contents(tmp_path)
    room = 4 * len(before["a.bmp.kzmark.json"])  # the sidecar has room, the picture has not
    assert room < len(before["a.bmp"])

    with full_disk(room), pytest.raises(OutputError, match="writing failed"):
        make(identity, "Q").stamp(path, path, replace=True)

    assert contents(tmp_path) == before


def test_a_foreign_file_gets_no_sidecar_beside_it(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    target = copy(BMP, tmp_path / "out.bmp")

    with pytest.raises(OutputExistsError):
        stamper.stamp(BMP, target)

    assert contents(tmp_path) == {"out.bmp": BMP.read_bytes()}


def test_a_foreign_sidecar_is_not_replaced_unasked(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    (tmp_path / "out.bmp.kzmark.json").write_bytes(b"theirs")

    with pytest.raises(OutputExistsError, match="sidecar"):
        stamper.stamp(BMP, tmp_path / "out.bmp")

    assert contents(tmp_path) == {"out.bmp.kzmark.json": b"theirs"}


@pytest.mark.parametrize("stamped_before", [True, False])
def test_a_failing_second_rename_puts_the_old_sidecar_back(
    stamper: kzmark.Stamper,
    identity: Identity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stamped_before: bool,
) -> None:
    path = copy(BMP, tmp_path / "a.bmp")
    if stamped_before:
        stamper.stamp(path, path)
    before = contents(tmp_path)
    real = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target.suffix == ".bmp":
            raise OSError(errno.EIO, "the disk went away")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="went away"):
        make(identity, "Q").stamp(path, path, replace=True)

    assert contents(tmp_path) == before


def test_a_sidecar_stands_beside_the_file_that_a_link_leads_to(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    real = copy(BMP, tmp_path / "a_real.bmp")
    link = tmp_path / "links" / "ln.bmp"
    link.parent.mkdir()
    link.symlink_to(real)

    stamper.stamp(link, link)

    assert link.is_symlink()
    assert [path.name for path in link.parent.iterdir()] == ["ln.bmp"]
    assert (tmp_path / "a_real.bmp.kzmark.json").is_file()
    for name in (real, link):
        assert kzmark.verify(name).verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a POSIX thing")
def test_what_is_no_regular_file_is_never_replaced(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)

    with pytest.raises(OutputError, match="no regular file") as caught:
        stamper.stamp(PHOTO, pipe, overwrite=True)
    assert pipe.is_fifo()
    assert caught.value.hint


@pytest.mark.parametrize("name", ["n" * 300, "loop", "file/below.jpg", "", "none/x.jpg", "a\0b"])
def test_a_target_that_cannot_be_written_is_an_output_error(
    stamper: kzmark.Stamper, tmp_path: Path, name: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError):
        stamper.stamp(PHOTO, tmp_path / name)


def test_a_sidecar_whose_name_would_be_too_long_is_an_output_error(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    with pytest.raises(OutputError):
        stamper.stamp(BMP, tmp_path / ("n" * 248 + ".bmp"))
    assert contents(tmp_path) == {}


def test_the_target_is_looked_at_before_any_work_and_before_the_intent(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, log = copy(PHOTO, tmp_path / "out.jpg"), tmp_path / "log"
    stamper = make(identity, audit=log)
    monkeypatch.setattr(kzmark.stamper.pipeline, "prepare", None)  # type: ignore[attr-defined]

    with pytest.raises(OutputExistsError):
        stamper.stamp(PHOTO, target)

    assert not log.exists()


def test_an_unchanged_file_is_not_written_again(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    for clean in (PHOTO, BMP):
        path = copy(clean, tmp_path / clean.name)
        stamper.stamp(path, path)
        beside = path.with_name(path.name + ".kzmark.json")
        files = [one for one in (path, beside) if one.exists()]
        before = [(one.stat().st_ino, one.stat().st_mtime_ns) for one in files]

        again = stamper.stamp(path, path)

        assert not again.changed
        assert [(one.stat().st_ino, one.stat().st_mtime_ns) for one in files] == before


def test_an_unchanged_file_is_copied_to_another_target_with_its_sidecar(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.bmp", tmp_path / "b.bmp"
    stamper.stamp(BMP, first)

    done = stamper.stamp(first, second)

    assert not done.changed
    assert kzmark.verify(second).verdict is kzmark.Verdict.COMPLIANT


def test_a_stream_gets_the_picture_and_the_caller_the_sidecar(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    stream = io.BytesIO()
    done = stamper.stamp(BMP.read_bytes(), stream)

    assert done.record is not None
    assert done.data is None
    (tmp_path / "a.bmp").write_bytes(stream.getvalue())
    (tmp_path / "a.bmp.kzmark.json").write_bytes(done.record)
    assert kzmark.verify(tmp_path / "a.bmp").verdict is kzmark.Verdict.COMPLIANT


def test_a_path_gets_both_and_the_caller_neither(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    done = stamper.stamp(BMP, tmp_path / "a.bmp")

    assert (done.data, done.record) == (None, None)


class Drip(io.RawIOBase):
    """Takes at most 1000 bytes at a time, as a raw stream may."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)[:1000]  # type: ignore[call-overload]
        self.taken += part
        return len(part)


def test_a_raw_stream_gets_every_byte(stamper: kzmark.Stamper) -> None:
    stream = Drip()
    done = stamper.stamp(PHOTO, stream)  # type: ignore[arg-type]  # a raw stream is one too

    assert kzmark.verify(bytes(stream.taken)).sha256 == done.sha256


def closed() -> io.BytesIO:
    stream = io.BytesIO()
    stream.close()
    return stream


@pytest.mark.parametrize("target", [5, b"o.jpg", io.StringIO(), closed(), [], object()])
def test_what_is_no_target_is_a_request_error(stamper: kzmark.Stamper, target: object) -> None:
    with pytest.raises(RequestError) as caught:
        stamper.stamp(PHOTO, target)  # type: ignore[arg-type]
    assert caught.value.hint


def test_a_stream_open_for_reading_is_a_request_error(stamper: kzmark.Stamper) -> None:
    with PHOTO.open("rb") as stream, pytest.raises(RequestError):
        stamper.stamp(PHOTO, stream)


def test_a_text_file_is_no_target(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    with (tmp_path / "o").open("w") as stream, pytest.raises(RequestError):
        stamper.stamp(PHOTO, stream)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x.jpg", "x.JPEG", "x.bmp", "x.svg"])
def test_an_extension_of_another_format_is_refused(
    stamper: kzmark.Stamper, tmp_path: Path, name: str
) -> None:
    with pytest.raises(RequestError, match="png") as caught:
        stamper.stamp(CLEAN / "photo.png", tmp_path / name)
    assert ".png" in caught.value.hint
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["x.png", "x.apng", "x", "x.bin", "x.PNG"])
def test_any_other_extension_is_taken(stamper: kzmark.Stamper, tmp_path: Path, name: str) -> None:
    stamper.stamp(CLEAN / "photo.png", tmp_path / name)

    assert kzmark.verify(tmp_path / name).format == "png"


def test_a_file_that_was_misnamed_may_stay_so(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    source = copy(CLEAN / "photo.png", tmp_path / "wrong.jpg")

    stamper.stamp(source, tmp_path / "elsewhere.jpg")
    stamper.stamp(source, source)

    assert kzmark.verify(source).verdict is kzmark.Verdict.COMPLIANT
