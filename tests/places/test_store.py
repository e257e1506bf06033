"""Objects through fsspec: in memory, on a file server that shows half a file, on the web."""

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import kzmark
from kzmark._limits import Limits
from kzmark.errors import (
    InputError,
    KzmarkError,
    LimitExceededError,
    OutputError,
    OutputExistsError,
)
from kzmark.places import place
from kzmark.places.listing import Apart, Listed, below
from kzmark.places.store import put_together
from kzmark.signing.identity import new_identity

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
PHOTO = (CLEAN / "photo.jpg").read_bytes()


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
    )
    folder = tmp_path_factory.mktemp("identity") / "id"
    return kzmark.Stamper(said, identity=new_identity(folder))


def inside(root: str, **kwargs: Any) -> list[str]:
    every = {"wanted": lambda _: True, "apart": Apart(), **kwargs}
    return [one.inside for one in below(place(root), **every) if isinstance(one, Listed)]


def test_an_object_in_memory_is_stamped_and_verified(memory: Any, stamper: kzmark.Stamper) -> None:
    memory.pipe_file("/in/a.jpg", PHOTO)

    done = stamper.stamp(place("memory://in/a.jpg"), "memory://out/a.jpg")

    assert done.output == "memory://out/a.jpg"
    assert done.to_dict()["output"] == "memory://out/a.jpg"
    assert kzmark.verify(place("memory://out/a.jpg")).verdict is kzmark.Verdict.COMPLIANT
    assert memory.cat_file("/in/a.jpg") == PHOTO


def test_no_backend_is_imported_for_files_of_this_machine(
    stamper: kzmark.Stamper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fsspec", "s3fs", "aiohttp"):
        monkeypatch.setitem(sys.modules, name, None)

    stamper.stamp(CLEAN / "photo.bmp", (tmp_path / "a.bmp").as_uri())

    assert kzmark.verify(tmp_path / "a.bmp").verdict is kzmark.Verdict.COMPLIANT


def test_the_audit_log_names_objects_by_their_urls(
    memory: Any, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    memory.pipe_file("/a.jpg", PHOTO)
    log = tmp_path / "log"
    told = kzmark.Stamper(stamper.statement, identity=stamper.identity, audit=log)

    told.stamp("memory://a.jpg", "memory://b.jpg")

    text = log.read_text(encoding="utf-8")
    assert '"source":"memory://a.jpg"' in text.replace('": "', '":"')
    assert '"output":"memory://b.jpg"' in text.replace('": "', '":"')


def test_creating_leaves_what_is_there(memory: Any) -> None:
    memory.pipe_file("/a", b"theirs")

    with pytest.raises(OutputExistsError):
        place("memory://a").store.put(b"ours", create=True)

    assert memory.cat_file("/a") == b"theirs"


def test_removing_what_is_not_there_is_no_error(memory: Any) -> None:
    place("memory://a").store.remove()


@pytest.mark.parametrize("old", [None, b"old record"])
def test_a_second_object_that_fails_takes_the_first_back(
    memory: Any, monkeypatch: pytest.MonkeyPatch, old: bytes | None
) -> None:
    if old is not None:
        memory.pipe_file("/a.kzmark.json", old)
    memory.pipe_file("/a", b"old")
    fail_at(monkeypatch, memory, "/a", before=True)

    with pytest.raises(OutputError, match="went away"):
        together("memory://a")

    assert contents(memory) == {"/a": b"old"} | ({"/a.kzmark.json": old} if old else {})


def test_a_second_object_that_was_written_in_spite_of_all_keeps_the_first(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe_file("/a", b"old")
    fail_at(monkeypatch, memory, "/a", before=False)

    with pytest.raises(OutputError, match="went away"):
        together("memory://a")

    assert contents(memory) == {"/a": b"data", "/a.kzmark.json": b"record"}


def test_a_listing_goes_down_in_order_and_leaves_apart_what_it_is_told(memory: Any) -> None:
    for name in ("/in/b", "/in/a", "/in/d/c", "/in/d/e/f", "/in/out/x", "/inner/y", "/in/z.json"):
        memory.pipe_file(name, b"x")

    assert inside("memory://in/", wanted=lambda name: name != "z.json") == [
        "a",
        "b",
        "d/c",
        "d/e/f",
        "out/x",
    ]
    assert inside("memory://in", apart=Apart.of([place("memory://in/out/")])) == [
        "a",
        "b",
        "z.json",
        "d/c",
        "d/e/f",
    ]
    assert inside("memory://in/out", apart=Apart.of([place("memory://in/out")])) == ["x"]


def test_a_listing_tells_the_facts_that_a_look_tells(memory: Any) -> None:
    memory.pipe_file("/in/a", b"x")

    (found,) = below(place("memory://in"), wanted=lambda _: True, apart=Apart())

    assert isinstance(found, Listed)
    assert found.facts == place("memory://in/a").facts()


# --- a file server: no put is atomic there ------------------------------------------------------


@pytest.fixture
def server(memory: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The store in memory under a scheme that is not known to write whole objects."""
    fsspec = pytest.importorskip("fsspec")
    kind = type(memory)

    class FileServer(kind):  # type: ignore[misc,valid-type]  # a class of fsspec, without types
        protocol = "filer"
        moved: ClassVar[list[tuple[str, str]]] = []

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(kind._strip_protocol(path.replace("filer://", "memory://")))

        def pipe_file(self, path: str, value: bytes, **_: Any) -> None:
            super().pipe_file(path, value[: len(value) // 2])  # half of it is seen
            super().pipe_file(path, value)

        def mv(self, path1: str, path2: str, **_: Any) -> None:
            self.moved.append((path1, path2))
            self.store[path2] = self.store.pop(path1)

    fsspec.register_implementation("filer", FileServer, clobber=True)
    return FileServer


def test_a_file_server_gets_a_temporary_file_and_a_rename(
    memory: Any, server: Any, stamper: kzmark.Stamper
) -> None:
    memory.pipe_file("/d/a.jpg", PHOTO)

    stamper.stamp("filer://d/a.jpg", "filer://d/b.jpg")

    ((temporary, target),) = server.moved
    assert temporary.startswith("/d/.kzmark-")
    assert target == "/d/b.jpg"
    assert sorted(memory.store) == ["/d/a.jpg", "/d/b.jpg"]
    assert kzmark.verify("filer://d/b.jpg").verdict is kzmark.Verdict.COMPLIANT


def test_a_rename_that_fails_leaves_the_old_file_and_nothing_else(
    memory: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe_file("/a", b"old")

    def refuse(*_: object, **__: object) -> None:
        raise OSError("the server went away")

    monkeypatch.setattr(server, "mv", refuse)
    with pytest.raises(OutputError, match="went away"):
        place("filer://a").store.put(b"new", create=False)

    assert contents(memory) == {"/a": b"old"}


def test_a_file_made_meanwhile_on_a_file_server_is_left_alone(memory: Any, server: Any) -> None:
    memory.pipe_file("/a", b"theirs")

    with pytest.raises(OutputExistsError):
        place("filer://a").store.put(b"ours", create=True)

    assert contents(memory) == {"/a": b"theirs"}


def test_folders_are_made_on_a_file_server_and_not_in_a_store(memory: Any, server: Any) -> None:
    place("filer://d/e").make_folder()
    place("memory://f/g").make_folder()

    assert memory.isdir("/d/e")
    assert not memory.exists("/f")


@pytest.mark.parametrize(
    "kind", [OSError, KeyError, TypeError, RuntimeError, TimeoutError, ValueError]
)
def test_whatever_a_backend_raises_is_an_error_of_ours(
    memory: Any,
    monkeypatch: pytest.MonkeyPatch,
    stamper: kzmark.Stamper,
    kind: type[Exception],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind("nobody foresaw it")

    for name in ("cat_file", "pipe_file", "info", "ls", "rm_file"):
        monkeypatch.setattr(type(memory), name, fail)
    store = place("memory://a").store

    for act in (
        store.facts,
        store.is_folder,
        store.remove,
        place("memory://a").read,
        lambda: store.put(b"", create=True),
        lambda: kzmark.verify("memory://a.jpg"),
        lambda: stamper.stamp(PHOTO, "memory://a.jpg"),
    ):
        with pytest.raises(KzmarkError, match="nobody foresaw it") as caught:
            act()
        assert caught.value.source.startswith("memory://a")
        assert caught.value.hint
    (error,) = below(place("memory://a"), wanted=lambda _: True, apart=Apart())
    assert isinstance(error, InputError)


# --- the web: a source, never a target ----------------------------------------------------------


class _Pictures(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        if "endless" in self.path:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"\xff\xd8\xff" * 10_000)
            except OSError:
                return
        if "denied" in self.path:
            self.send_error(403)
            return
        if "photo" not in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PHOTO)))
        self.end_headers()
        self.wfile.write(PHOTO)

    do_HEAD = do_GET  # noqa: N815 - the name that the base class calls

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    _Pictures.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pictures)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_address_is_read_by_one_request(
    web: str, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    stamper.stamp(f"{web}/my%20photo.jpg?size=5", tmp_path / "a.jpg")

    assert _Pictures.asked == ["GET /my%20photo.jpg?size=5"]
    assert kzmark.verify(tmp_path / "a.jpg").verdict is kzmark.Verdict.COMPLIANT


def test_a_web_address_is_no_output(web: str, stamper: kzmark.Stamper) -> None:
    with pytest.raises(OutputError, match="web address"):
        stamper.stamp(PHOTO, f"{web}/photo.jpg", overwrite=True)
    assert _Pictures.asked == []


@pytest.mark.parametrize(
    ("name", "hint"), [("none.jpg", "key"), ("denied.jpg?sig=secret", "environment")]
)
def test_what_a_web_server_refuses_is_an_input_error(web: str, name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        kzmark.verify(f"{web}/{name}")
    assert hint in caught.value.hint
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def test_a_web_server_that_sends_without_end_is_cut_off_at_the_limit(web: str) -> None:
    with pytest.raises(LimitExceededError):
        place(f"{web}/endless").read(limits=Limits(max_bytes=100_000))


def together(url: str) -> None:
    one, two = place(f"{url}.kzmark.json").store, place(url).store
    put_together((one, b"record", ""), (two, b"data", ""), create=False)


def contents(memory: Any) -> dict[str, bytes]:
    return {name: memory.cat_file(name) for name in sorted(memory.store)}


def fail_at(monkeypatch: pytest.MonkeyPatch, memory: Any, name: str, *, before: bool) -> None:
    """Let a put of one object fail, before it is done or after."""
    real = type(memory).pipe_file

    def pipe_file(self: Any, path: str, *args: Any, **kwargs: Any) -> None:
        if path != name or not before:
            real(self, path, *args, **kwargs)
        if path == name:
            raise OSError("the store went away")

    monkeypatch.setattr(type(memory), "pipe_file", pipe_file)
