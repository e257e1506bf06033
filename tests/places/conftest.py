"""A store in memory, and a server on this machine that speaks S3."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

BUCKET = "bucket"


@pytest.fixture
def memory() -> Iterator[Any]:
    """The store behind `memory://`, empty before and after."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    system = fsspec.filesystem("memory")

    def empty() -> None:
        system.store.clear()
        system.pseudo_dirs[:] = [""]

    empty()
    yield system
    empty()


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[int]:
    """The port of an S3 server of its own for each process that runs tests."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield running.get_host_and_port()[1]
    running.stop()


@pytest.fixture
def s3(_s3_server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The file system of s3fs over an S3 server with one empty bucket."""
    import s3fs

    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{_s3_server}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    system = s3fs.S3FileSystem(use_listings_cache=False)  # the one that kzmark uses, made once
    if not system.exists(BUCKET):
        system.mkdir(BUCKET)
    yield system
    for name in system.find(BUCKET):
        system.rm_file(name)


@pytest.fixture
def calls(s3: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What S3 is asked, in order, by the names of its operations."""
    import s3fs

    asked: list[str] = []
    real = s3fs.S3FileSystem._call_s3

    async def record(self: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(method)
        return await real(self, method, *args, **kwargs)

    replace_call(monkeypatch, record)
    return asked


def replace_call(monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    """Let s3fs speak to S3 through another coroutine."""
    import s3fs
    from fsspec.asyn import sync_wrapper

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", call)
    monkeypatch.setattr(s3fs.S3FileSystem, "call_s3", sync_wrapper(call))


class Breaker:
    """A way to a server that breaks 2000 bytes into a request with certain words in it."""

    def __init__(self, port: int) -> None:
        self.words: list[bytes] = []
        self._to = port
        self._ends = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._ends[0].getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        for end in self._ends:
            _hang_up(end)
            end.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._ends[0].accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                threading.Thread(target=self._pass_on, args=(near, far, self.words)).start()
                threading.Thread(target=self._pass_on, args=(far, near, [])).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, words: list[bytes]) -> None:
        dying, sent = False, 0
        with contextlib.suppress(OSError):
            while not (dying and sent > 2000) and (data := one.recv(1000)):
                dying = dying or any(word in data for word in words)
                sent += len(data)
                other.sendall(data)
        _hang_up(one)
        _hang_up(other)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cut_at(
    s3: Any, _s3_server: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[bytes], None]]:
    """Break the connection in the midst of every request that holds what is said."""
    import s3fs

    breaker = Breaker(_s3_server)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{breaker.port}")
    s3fs.S3FileSystem.clear_instance_cache()
    yield breaker.words.append
    s3fs.S3FileSystem.clear_instance_cache()
    breaker.close()
