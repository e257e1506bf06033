"""A real Ray on loopback, two CPUs: as one of its machines, and through Ray Client."""

import operator
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

import pytest
from tests.executors import archive

import kzmark
from kzmark import executors
from kzmark.batch import Result
from kzmark.errors import BackendMissingError, ClusterError, RequestError, WorkerLostError
from kzmark.executors.remote import RemoteExecutor

pytest.importorskip("ray", reason="ray is not installed")

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings("ignore:::ray"),
]


class Head(NamedTuple):
    """Where a Ray answers."""

    gcs: str
    client: str


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """Start a Ray of two CPUs that ends with the tests."""
    ports = [free_port() for _ in range(2)]
    folder = tempfile.mkdtemp(prefix="kzray-")  # names of sockets are short: not below tmp_path
    script = Path(sys.executable).with_name("ray")
    words = [str(script), "start", "--head", "--block", "--num-cpus", "2", "--temp-dir", folder]
    words += ["--node-ip-address", "127.0.0.1", "--include-dashboard", "false"]
    words += ["--port", str(ports[0]), "--ray-client-server-port", str(ports[1])]
    quiet = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    out = subprocess.DEVNULL
    process = subprocess.Popen(
        [*words, "--object-store-memory", "80000000"], env=quiet, stdout=out, stderr=out
    )
    try:
        yield Head(*(f"127.0.0.1:{port}" for port in ports))
    finally:
        process.terminate()
        process.wait(30)
        rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def ray(head: Head) -> Iterator[RemoteExecutor]:
    with connected(f"ray+gcs://{head.gcs}") as executor:
        yield executor


def connected(spec: str) -> RemoteExecutor:
    """Connect as soon as something answers; Ray Client's server is slow on a busy machine."""
    until = time.monotonic() + 90
    while True:
        try:
            return executors.connect(spec)
        except ClusterError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


# Stands first: afterwards this process is connected, and then that Ray is taken.
def test_no_ray_and_what_is_no_address_are_told_as_such() -> None:
    for spec in ("ray://127.0.0.1:1", "ray+gcs://127.0.0.1:1"):
        with pytest.raises(ClusterError, match=r"no Ray cluster at 127\.0\.0\.1:1: .*refused"):
            executors.connect(spec, timeout=1)
    for spec in ("ray://nowhere", "ray://:x", "ray+tls://127.0.0.1:1"):
        with pytest.raises(RequestError):
            executors.connect(spec)


def test_calls_run_in_the_workers_and_what_they_raise_comes_back(ray: RemoteExecutor) -> None:
    futures = [ray.submit(operator.add, n, 1) for n in range(40)]
    wrong = ray.submit(int, "no number")

    assert ray.workers == 2
    assert [one.result(60) for one in futures] == list(range(1, 41))
    assert ray.submit(os.getpid).result(60) != os.getpid()
    with pytest.raises(ValueError, match="no number") as caught:
        wrong.result(60)
    assert type(caught.value) is ValueError


def test_a_killed_worker_is_told_as_such_and_the_others_go_on(ray: RemoteExecutor) -> None:
    victim = ray.submit(os.getpid).result(60)
    futures = [ray.submit(time.sleep, 0.2) for _ in range(10)]
    time.sleep(0.3)
    os.kill(victim, signal.SIGKILL)
    ends = [one.exception(60) for one in futures]

    lost = [one for one in ends if one is not None]
    assert len(lost) <= 2
    assert all(isinstance(one, WorkerLostError) for one in lost)
    with pytest.raises(WorkerLostError, match="WorkerCrashedError"):
        ray.submit(os._exit, 3).result(60)
    assert ray.submit(operator.add, 1, 1).result(60) == 2


def test_outputs_are_those_of_a_local_run(ray: RemoteExecutor, tmp_path: Path) -> None:
    names = archive.fill(tmp_path / "in")
    one = archive.stamper(tmp_path / "id", tmp_path / "one.jsonl")
    other = archive.stamper(tmp_path / "id", tmp_path / "other.jsonl")
    near = list(kzmark.stamp_many(archive.jobs(tmp_path / "in", tmp_path / "near", names), one))
    jobs = archive.jobs(tmp_path / "in", tmp_path / "far", names)
    far = list(kzmark.stamp_many(jobs, other, executor=ray))

    archive.assert_each_stamped_once(near, tmp_path / "one.jsonl", names)
    archive.assert_each_stamped_once(far, tmp_path / "other.jsonl", names)
    archive.assert_alike(tmp_path / "near", tmp_path / "far", names)
    reports = list(kzmark.verify_many([tmp_path / "far" / n for n in names], executor=ray))
    assert {one.report.verdict for one in reports if one.report is not None} == {
        kzmark.Verdict.COMPLIANT
    }
    assert len(reports) == len(names)


def test_a_killed_worker_loses_no_file_and_none_is_stamped_twice(
    ray: RemoteExecutor, tmp_path: Path
) -> None:
    names = archive.fill(tmp_path / "in")
    mine = archive.stamper(tmp_path / "id", tmp_path / "log")
    victim = ray.submit(os.getpid).result(60)
    results: list[Result] = []
    for result in kzmark.stamp_many(
        archive.jobs(tmp_path / "in", tmp_path / "out", names), mine, executor=ray
    ):
        if len(results) == len(names) // 6:
            os.kill(victim, signal.SIGKILL)
        results.append(result)

    archive.assert_each_stamped_once(results, tmp_path / "log", names)
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert {name for name in found if not name.endswith(".kzmark.json")} == set(names)


def test_a_machine_of_another_version_is_refused(
    ray: RemoteExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kzmark.executors.ray.__version__", "9.9")

    with pytest.raises(ClusterError, match=rf"has kzmark {kzmark.__version__}, not 9\.9"):
        executors.connect("ray://auto")


def test_a_ray_that_is_there_already_is_taken_and_left(ray: RemoteExecutor) -> None:
    with executors.connect("ray://127.0.0.1:1") as second:
        assert second.submit(operator.add, 1, 1).result(60) == 2

    assert ray.submit(operator.add, 2, 2).result(60) == 4


def test_ray_client_does_the_same_from_outside(head: Head) -> None:
    script = """
import operator, os, sys
from kzmark.errors import WorkerLostError
from tests.executors.test_ray import connected
with connected(sys.argv[1]) as far:
    futures = [far.submit(operator.add, n, 1) for n in range(20)]
    assert [one.result(60) for one in futures] == [*range(1, 21)]
    try:
        far.submit(os._exit, 3).result(60)
    except WorkerLostError:
        print(far.workers)
"""
    words = [sys.executable, "-c", script, f"ray://{head.client}"]
    root = Path(__file__).parents[2]
    done = subprocess.run(words, capture_output=True, text=True, timeout=180, check=False, cwd=root)

    assert done.stdout == "2\n", done.stderr


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(BackendMissingError, match="work on a Ray cluster needs") as caught:
        executors.connect("ray://127.0.0.1:10001")
    assert caught.value.extra == "ray"
