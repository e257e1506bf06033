"""A real Dask cluster on loopback: a scheduler without kzmark, two workers of one thread each."""

import contextlib
import json
import operator
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.executors import archive
from tests.places.conftest import BUCKET, _s3_server, s3  # noqa: F401 - fixtures

import kzmark
from kzmark import cli, executors
from kzmark.batch import Result
from kzmark.errors import BackendMissingError, ClusterError, WorkerLostError
from kzmark.executors.remote import RemoteExecutor
from kzmark.places import place
from kzmark.signing.identity import new_identity
from kzmark.signing.spec import CERTIFICATE_VARIABLE, KEY_VARIABLE

pytest.importorskip("distributed", reason="dask is not installed")

pytestmark = [
    pytest.mark.xdist_group("dask"),
    pytest.mark.filterwarnings("ignore:::(distributed|dask|tornado)"),
]
WITHOUT_KZMARK = "import sys; sys.modules['kzmark'] = None"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a scheduler with two workers."""
    told = tmp_path_factory.mktemp("dask") / "scheduler.json"
    quiet = {**os.environ, "DASK_LOGGING__DISTRIBUTED": "critical"}
    common = [sys.executable, "-m"]
    head = [*common, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--no-dashboard"]
    head += ["--port", "0", "--scheduler-file", str(told), "--preload", WITHOUT_KZMARK]
    crew = [*common, "distributed.cli.dask_worker", "--scheduler-file", str(told)]
    crew += ["--no-dashboard", "--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1"]
    running = [
        subprocess.Popen(words, env=quiet, stderr=subprocess.DEVNULL) for words in (head, crew)
    ]
    try:
        yield address_in(told)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


def address_in(told: Path) -> str:
    """Return the address that a scheduler writes down, with a port that it found free itself."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError):
            return str(json.loads(told.read_text())["address"]).removeprefix("tcp://")
        time.sleep(0.05)
    raise AssertionError("the scheduler never came")


@pytest.fixture
def dask(scheduler: str) -> Iterator[RemoteExecutor]:
    with connected(f"dask://{scheduler}") as executor:
        yield executor


def connected(spec: str) -> RemoteExecutor:
    """Connect as soon as both workers are there."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        executor = executors.connect(spec, timeout=30)
        if executor.workers == 2:
            return executor
        executor.close()
        time.sleep(0.2)
    raise AssertionError("the workers never came")


def self_signed(path: Path) -> str:
    """Write a key and a certificate for it into one file; return its name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key.private_bytes(*form) + certificate.public_bytes(Encoding.PEM))
    return str(path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_calls_run_in_the_workers_and_what_they_raise_comes_back(dask: RemoteExecutor) -> None:
    futures = [dask.submit(operator.add, n, 1) for n in range(40)]
    where = {dask.submit(os.getpid).result(30) for _ in range(4)}
    wrong = dask.submit(int, "no number")

    assert [one.result(30) for one in futures] == list(range(1, 41))
    assert os.getpid() not in where
    with pytest.raises(ValueError, match="no number"):
        wrong.result(30)


def test_a_killed_worker_is_told_of_its_own_calls_and_the_others_go_on(
    dask: RemoteExecutor,
) -> None:
    victim = dask.submit(os.getpid).result(30)
    futures = [dask.submit(time.sleep, 0.2) for _ in range(20)]
    time.sleep(0.3)
    os.kill(victim, signal.SIGKILL)
    ends = [one.exception(60) for one in futures]

    lost = [one for one in ends if one is not None]
    assert 1 <= len(lost) <= 4  # what the cluster had at most, so that one of them surely ran
    assert all(isinstance(one, WorkerLostError) for one in lost)


def test_a_call_that_kills_its_workers_is_told_as_such(dask: RemoteExecutor) -> None:
    with pytest.raises(WorkerLostError, match="4 workers died"):
        dask.submit(os._exit, 3).result(60)
    assert dask.submit(operator.add, 1, 1).result(60) == 2


def test_a_worker_of_another_version_is_refused(scheduler: str) -> None:
    with connected(f"dask://{scheduler}") as executor:
        executor.everywhere(exec, "import kzmark; kzmark.__version__ = '0.0.1'")
        try:
            with pytest.raises(ClusterError, match=r"worker tcp://.* has kzmark 0\.0\.1, not"):
                executors.connect(f"dask://{scheduler}")
        finally:
            version = f"import kzmark; kzmark.__version__ = {kzmark.__version__!r}"
            executor.everywhere(exec, version)


def test_outputs_are_those_of_a_local_run(dask: RemoteExecutor, tmp_path: Path) -> None:
    names = archive.fill(tmp_path / "in")
    one = archive.stamper(tmp_path / "id", tmp_path / "one.jsonl")
    other = archive.stamper(tmp_path / "id", tmp_path / "other.jsonl")
    near = list(kzmark.stamp_many(archive.jobs(tmp_path / "in", tmp_path / "near", names), one))
    jobs = archive.jobs(tmp_path / "in", tmp_path / "far", names)
    far = list(kzmark.stamp_many(jobs, other, executor=dask))

    archive.assert_each_stamped_once(near, tmp_path / "one.jsonl", names)
    archive.assert_each_stamped_once(far, tmp_path / "other.jsonl", names)
    archive.assert_alike(tmp_path / "near", tmp_path / "far", names)
    reports = list(kzmark.verify_many([tmp_path / "far" / n for n in names], executor=dask))
    assert {one.report.verdict for one in reports if one.report is not None} == {
        kzmark.Verdict.COMPLIANT
    }
    assert len(reports) == len(names)


def test_a_killed_worker_loses_no_file_and_none_is_stamped_twice(
    dask: RemoteExecutor, tmp_path: Path
) -> None:
    names = archive.fill(tmp_path / "in")
    mine = archive.stamper(tmp_path / "id", tmp_path / "log")
    victim = dask.submit(os.getpid).result(30)
    results: list[Result] = []
    for result in kzmark.stamp_many(
        archive.jobs(tmp_path / "in", tmp_path / "out", names), mine, executor=dask
    ):
        if len(results) == len(names) // 6:
            os.kill(victim, signal.SIGKILL)
        results.append(result)

    archive.assert_each_stamped_once(results, tmp_path / "log", names)
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert {name for name in found if not name.endswith(".kzmark.json")} == set(names)


def test_objects_go_to_objects_without_a_copy_here(
    dask: RemoteExecutor,
    s3: Any,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    names = archive.fill(tmp_path / "in", 14)
    s3.put(f"{tmp_path}/in/", f"{BUCKET}/in/", recursive=True)
    settings = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    dask.everywhere(exec, f"import os; os.environ.update({settings!r})")
    mine = archive.stamper(tmp_path / "id", tmp_path / "log")
    source, target = (place(f"s3://{BUCKET}/{name}") for name in ("in", "out"))
    jobs = archive.jobs(source, target, names)
    results = list(kzmark.stamp_many(jobs, mine, executor=dask))
    s3.get(f"{BUCKET}/out/", f"{tmp_path}/out/", recursive=True)
    near = archive.stamper(tmp_path / "id", tmp_path / "near.jsonl")
    assert list(kzmark.stamp_many(archive.jobs(tmp_path / "in", tmp_path / "near", names), near))

    archive.assert_each_stamped_once(results, tmp_path / "log", names)
    archive.assert_alike(tmp_path / "near", tmp_path / "out", names)
    assert {one.stamped.output for one in results if one.stamped} == {
        f"s3://{BUCKET}/out/{name}" for name in names
    }


def test_the_command_line_stamps_resumes_and_verifies_on_a_cluster(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.fill(tmp_path / "in", 7)
    where = ["--executor", f"dask://{scheduler}", "--quiet"]
    stamp = ["stamp", str(tmp_path / "in"), "--out-dir", str(tmp_path / "out"), "--recursive"]
    stamp += ["--owner", "ТОО", "--system", "G", "--resume", "--json", *where]
    stamp += ["--identity", str(tmp_path / "id")]
    new_identity(tmp_path / "id")
    codes = [cli.main(stamp), cli.main(stamp)]
    told = [json.loads(line)["status"] for line in capsys.readouterr().out.splitlines()]
    codes.append(cli.main(["verify", str(tmp_path / "out"), "--recursive", *where]))

    assert codes == [0, 0, 0]
    assert told.count("stamped") == 7


def test_workers_without_the_identity_end_the_run_before_the_first_file(
    scheduler: str, dask: RemoteExecutor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.fill(tmp_path / "in", 2)
    made = new_identity(tmp_path / "id")
    stamp = ["stamp", str(tmp_path / "in"), "--out-dir", str(tmp_path / "out"), "--recursive"]
    stamp += ["--owner", "ТОО", "--system", "G", "--executor", f"dask://{scheduler}", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:  # the key is in the environment here, not there
        patch.setenv(CERTIFICATE_VARIABLE, made.chain_pem.decode())
        patch.setenv(KEY_VARIABLE, made.key.decode())
        refused = cli.main(stamp)
        words = capsys.readouterr().err
        code = cli.main([*stamp, "--send-key"])

    assert refused == 5
    assert "worker tcp://" in words
    assert "--send-key" in words
    assert code == 0
    assert len([p for p in (tmp_path / "out").rglob("*.*") if "kzmark" not in p.name]) == 2


def test_the_scheduler_needs_no_kzmark(scheduler: str) -> None:
    from distributed import Client

    with (
        Client(scheduler, set_as_default=False) as client,
        pytest.raises(ModuleNotFoundError, match="kzmark"),
    ):
        client.run_on_scheduler(pkgutil.resolve_name, "kzmark:__version__")


def test_tls_takes_the_certificates_of_dasks_own_configuration(tmp_path: Path) -> None:
    import dask

    pem = self_signed(tmp_path / "tls.pem")
    names = ("ca-file", "scheduler.cert", "client.cert")
    settings = {f"distributed.comm.tls.{name}": pem for name in names}
    inherited = {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): pem for name in settings
    }
    port = free_port()
    words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    words += ["--protocol", "tls", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(words, env={**os.environ, **inherited}, stderr=subprocess.DEVNULL)
    try:
        with pytest.raises(ClusterError, match="no Dask scheduler at tls://"):
            executors.connect(f"dask+tls://127.0.0.1:{port}", timeout=1)
        with dask.config.set(settings):
            executor = executors.connect(f"dask+tls://127.0.0.1:{port}", timeout=30)
        executor.close()
    finally:
        process.kill()
        process.wait(30)


def test_no_scheduler_and_a_word_that_is_no_address_are_told_as_such() -> None:
    with pytest.raises(ClusterError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1:"):
        executors.connect("dask://127.0.0.1:1", timeout=0.5)
    with pytest.raises(ClusterError, match="no Dask scheduler at nonsense://"):
        executors.connect("dask+nonsense://127.0.0.1:1", timeout=0.5)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(BackendMissingError, match="work on a Dask cluster needs") as caught:
        executors.connect("dask://127.0.0.1:8786")
    assert caught.value.extra == "dask"


def test_a_scheduler_that_ends_is_told_as_such(tmp_path: Path) -> None:
    port = free_port()
    words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    words += ["--port", str(port), "--no-dashboard"]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd=tmp_path)
    try:
        executor = executors.connect(f"dask://127.0.0.1:{port}", timeout=30)
        future = executor.submit(time.sleep, 1)
        time.sleep(0.3)
        process.kill()
        with pytest.raises(ClusterError, match="the cluster is gone"):
            future.result(60)
        with pytest.raises(ClusterError, match="the cluster is gone"):
            executor.submit(int, "1")
        executor.close()
    finally:
        process.kill()
        process.wait(30)


def test_a_cluster_of_this_machine_ends_without_a_word() -> None:
    work = (
        "from kzmark import connect\n"
        "import operator, os\n"
        "if hasattr(os, 'sched_setaffinity'):\n"
        "    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "if __name__ == '__main__':\n"
        "    with connect('dask://local') as executor:\n"
        "        print(executor.submit(operator.add, 1, 1).result(60))\n"
    )
    done = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("2\n", "")
