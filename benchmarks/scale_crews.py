"""What benchmarks/scale.py works with: clusters, a bucket, and workers that need no time."""

import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import psutil

from kzmark.executors import RemoteExecutor, connect
from kzmark.places import Facts


def cpu_below() -> float:
    """Return the CPU seconds of all processes that this one started, as far as they live."""
    used = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


@contextmanager
def dask(workers: int, threads: int) -> Iterator[RemoteExecutor]:
    """Start a scheduler and workers, each a process as people start them."""
    command = [sys.executable, "-m"]
    port = free_port()
    address = f"127.0.0.1:{port}"
    head = [*command, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    crew = [*command, "distributed.cli.dask_worker", f"tcp://{address}", "--no-dashboard"]
    crew += ["--nworkers", str(workers), "--nthreads", str(threads)]
    running = [
        subprocess.Popen(words, stderr=subprocess.DEVNULL)
        for words in ([*head, "--no-dashboard"], crew)
    ]
    try:
        with connect(f"dask://{address}", timeout=30) as executor:
            while executor.workers < workers * threads:
                time.sleep(0.2)
            yield executor
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Instant:
    """An executor that has always done its work: what is left is the coordinator's own."""

    workers = 64
    remote = True

    def __init__(self) -> None:
        self._done: Any = None

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """Answer as the first file was answered, under the id of each."""
        future: Future[Any] = Future()
        tasks = next(one for one in args if isinstance(one, tuple))
        if self._done is None:
            call = pickle.loads(pickle.dumps((fn, args)))
            self._done = call[0](*call[1])[0]
        future.set_result([self._answer(task) for task in tasks])
        return future

    def _answer(self, task: Any) -> Any:
        stamped = self._done.result.stamped
        mark = replace(stamped.mark, mark_id=task.mark_id)
        mine = replace(stamped, mark=mark, output=task.target.local)
        result = replace(self._done.result, source=task.job.source, stamped=mine)
        return replace(self._done, result=result, made=Facts.of(1000, "1"))


class Bucket:
    """An S3 server in another process, and what it is asked."""

    def __enter__(self) -> Self:
        import s3fs

        serve = (
            "import sys, time; from moto.server import ThreadedMotoServer as S; "
            "s = S('127.0.0.1', 0, verbose=False); s.start(); "
            "print(s.get_host_and_port()[1], flush=True); sys.stdin.read()"
        )
        pipe = subprocess.PIPE
        self._server = subprocess.Popen(
            [sys.executable, "-c", serve], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
        assert self._server.stdout
        port = int(self._server.stdout.readline())
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }
        s3fs.S3FileSystem.clear_instance_cache()
        self.files = s3fs.S3FileSystem(use_listings_cache=False)
        self.files.mkdir("bucket")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.kill()
        self._server.communicate()


class Scales(ThreadPoolExecutor):
    """Weighs calls and answers as they would travel; keeps no worker.

    Attributes:
        seen: Bytes of each call, and of its answer.
    """

    workers, shares_memory = 2, False

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.seen: list[tuple[int, int]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Make the call at once."""
        future: Future[Any] = Future()
        done = fn(*args, **kwargs)
        self.seen.append((len(pickle.dumps((fn, args))), len(pickle.dumps(done))))
        future.set_result(done)
        return future
