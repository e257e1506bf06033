"""Executors on other machines, without any: the queue, the specs, the identity that stays home."""

import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

import kzmark
from kzmark import executors
from kzmark.errors import ClusterError, IdentityError, RequestError
from kzmark.executors.call import Call, perform, require_version, told_version
from kzmark.executors.identity import WorkerIdentity, travelling
from kzmark.executors.remote import AHEAD, RemoteExecutor, lost_cluster
from kzmark.signing.identity import IdentitySpec, load, new_identity
from kzmark.signing.spec import CERTIFICATE_VARIABLE, KEY_VARIABLE

SLOTS = 2


class Near(RemoteExecutor):
    """A cluster that is threads of this process."""

    def __init__(self, *, send_key: bool = False) -> None:
        super().__init__(send_key=send_key)
        self.pool = ThreadPoolExecutor(SLOTS * AHEAD)
        self.sent = 0
        self.released = 0
        self.broken: Exception | None = None
        self.answer: Exception | None = None

    def everywhere(self, fn: Callable[..., Any], /, *args: Any) -> dict[str, Any]:
        try:
            return {"near": pickle.loads(pickle.dumps(Call(fn, args)))}
        except Exception as error:  # noqa: BLE001 - as a worker does
            return {"near": error}

    def _count(self) -> int:
        return SLOTS

    def _send(self, payload: bytes, told: Callable[[Any, BaseException | None], None]) -> None:
        if self.broken:
            raise self.broken
        self.sent += 1

        def work() -> None:
            try:
                told(None if self.answer else pickle.loads(payload), self.answer)
            except Exception as error:  # noqa: BLE001 - as a worker does
                told(None, error)

        self.pool.submit(work)

    def _release(self) -> None:
        self.released += 1


@pytest.fixture
def near() -> Iterator[Near]:
    executor = Near()
    yield executor
    GATE.set()
    executor.close()
    executor.pool.shutdown()


GATE = threading.Event()


@pytest.fixture
def gate() -> threading.Event:
    GATE.clear()
    return GATE


def behind_the_gate(number: int) -> int:
    GATE.wait(30)
    return number


def stamper(folder: Path) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО Пример")
    )
    return kzmark.Stamper(said, identity=folder, languages=("ru", "kk"), corner="bottom-left")


def test_calls_give_what_the_function_gives_or_raises(near: Near) -> None:
    futures = [near.submit(int, text, base=16) for text in ("ff", "10", "no")]

    assert [one.result(30) for one in futures[:2]] == [255, 16]
    with pytest.raises(ValueError, match="no"):
        futures[2].result(30)
    assert near.workers == SLOTS


def test_only_as_many_calls_leave_as_the_slots_can_take(near: Near, gate: threading.Event) -> None:
    futures = [near.submit(behind_the_gate, n) for n in range(20)]
    wait_until(lambda: near.sent == SLOTS * AHEAD)
    cancelled = [one.cancel() for one in futures]
    gate.set()
    near.close()

    assert cancelled == [False] * (SLOTS * AHEAD) + [True] * (20 - SLOTS * AHEAD)
    assert [one.result() for one in futures[: SLOTS * AHEAD]] == list(range(SLOTS * AHEAD))
    assert near.sent == SLOTS * AHEAD


def test_closing_drops_what_waits_and_waits_for_what_runs(
    near: Near, gate: threading.Event
) -> None:
    futures = [near.submit(behind_the_gate, n) for n in range(20)]
    wait_until(lambda: near.sent == SLOTS * AHEAD)
    threading.Timer(0.2, gate.set).start()
    near.close()
    near.close()

    assert not wait(futures, timeout=0).not_done
    assert [one.cancelled() for one in futures].count(False) == SLOTS * AHEAD
    assert near.released == 1
    with pytest.raises(ClusterError, match="closed"):
        near.submit(int, "1")


def test_a_shutdown_that_drops_nothing_ends_after_the_last_call(near: Near) -> None:
    futures = [near.submit(int, str(n)) for n in range(30)]
    near.shutdown()

    assert [one.result(0) for one in futures] == list(range(30))


def test_an_executor_that_nobody_used_is_let_go() -> None:
    with Near() as executor:
        pass

    assert executor.released == 1


def test_a_cluster_that_goes_away_ends_what_was_given_and_takes_nothing_more(near: Near) -> None:
    near.broken = ConnectionError("no route")
    future = near.submit(int, "1")

    with pytest.raises(ClusterError, match="no route") as caught:
        future.result(30)
    assert "--resume" in caught.value.hint
    with pytest.raises(ClusterError, match="no route"):
        near.submit(int, "1")
    assert isinstance(lost_cluster(ValueError()).__cause__, ValueError)


def test_a_worker_without_kzmark_is_named(near: Near) -> None:
    near.answer = ModuleNotFoundError("No module named 'kzmark'", name="kzmark")

    with pytest.raises(ClusterError, match="a worker has no kzmark"):
        near.submit(int, "1").result(30)


def test_what_cannot_travel_is_refused_at_once(near: Near) -> None:
    with pytest.raises(RequestError, match="cannot travel"):
        near.submit(lambda: 1)
    with pytest.raises(RequestError, match="cannot travel"):
        near.submit(print, threading.Lock())


def test_a_call_of_another_version_is_not_made(tmp_path: Path) -> None:
    there = tmp_path / "made"
    parts = pickle.dumps((there.mkdir, (), {}))

    with pytest.raises(ClusterError, match=rf"kzmark {kzmark.__version__}, not 0\.0\.1"):
        perform("0.0.1", parts)
    assert not there.exists()
    perform(kzmark.__version__, parts)
    assert there.exists()


def test_versions_are_told_apart_by_name() -> None:
    assert told_version(ModuleNotFoundError("kzmark")) == "none"
    assert told_version("0.1.0") == "0.1.0"
    with pytest.raises(ClusterError, match="does not answer: lost"):
        told_version(OSError("lost"))
    with pytest.raises(ClusterError, match=r"worker w7 has kzmark none, not 1") as caught:
        require_version("none", "1", worker="w7")
    assert "install kzmark 1" in caught.value.hint


@pytest.mark.parametrize(
    "spec", ["", "dask", "dask://", "spark://h:1", "ray", "://h:1", "x+dask://h"]
)
def test_a_spec_that_names_no_cluster_is_refused(spec: str) -> None:
    with pytest.raises(RequestError, match="an executor") as caught:
        executors.connect(spec)
    assert "dask+tls://HOST:PORT" in caught.value.hint


def test_a_stamper_travels_without_key_and_signs_with_the_workers_copy(
    tmp_path: Path, near: Near
) -> None:
    new_identity(tmp_path / "id")
    mine = stamper(tmp_path / "id")
    theirs = near.for_workers(mine)
    parcel = pickle.dumps(theirs)

    assert secret_of(mine) not in parcel
    assert b"PRIVATE" not in parcel
    back = pickle.loads(parcel)
    assert back.identity.leaf == mine.identity.leaf
    assert back.style == mine.style
    assert (back.statement, back.limits) == (mine.statement, mine.limits)


def test_a_worker_never_makes_an_identity_and_says_that_it_has_none(
    tmp_path: Path, near: Near
) -> None:
    home = tmp_path / "id"
    mine = stamper(home)
    assert mine.identity.spec.create
    shutil.move(home, tmp_path / "elsewhere")

    with pytest.raises(IdentityError, match="worker near: has no identity") as caught:
        near.for_workers(mine)
    assert "KZMARK_IDENTITY" in caught.value.hint
    assert "--send-key" in caught.value.hint
    assert not home.exists()


def test_a_worker_with_another_identity_is_refused_and_both_are_named(
    tmp_path: Path, near: Near
) -> None:
    home = tmp_path / "id"
    new_identity(home)
    mine = stamper(home)
    _ = mine.identity
    new_identity(home, replace=True)

    with pytest.raises(
        IdentityError, match=r"has not the certificate [0-9a-f]{16} .* but [0-9a-f]{16} in"
    ):
        near.for_workers(mine)


def test_a_worker_finds_the_identity_where_its_own_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_identity(tmp_path / "here")
    meant = WorkerIdentity.of(made)
    shutil.move(tmp_path / "here", tmp_path / "there")

    monkeypatch.setenv("KZMARK_IDENTITY", str(tmp_path / "there"))
    assert load(meant).leaf == made.leaf
    monkeypatch.delenv("KZMARK_IDENTITY")
    monkeypatch.setenv(CERTIFICATE_VARIABLE, made.chain_pem.decode())
    monkeypatch.setenv(KEY_VARIABLE, made.key.decode())
    assert load(meant).leaf == made.leaf


def test_a_key_from_the_environment_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_identity(tmp_path / "id")
    text = IdentitySpec.from_text(made.chain_pem.decode(), made.key.decode(), password="geheim")
    mine = kzmark.Stamper(stamper(tmp_path).statement, identity=text)
    parcel = pickle.dumps(travelling(mine, send_key=False))

    assert b"geheim" not in parcel
    assert b"PRIVATE" not in parcel
    with pytest.raises(IdentityError, match="has no identity"):
        _ = pickle.loads(parcel).identity


def test_the_key_travels_only_if_told_so(tmp_path: Path) -> None:
    new_identity(tmp_path / "id")
    mine = stamper(tmp_path / "id")
    with Near(send_key=True) as executor:
        parcel = pickle.dumps(executor.for_workers(mine))
    shutil.rmtree(tmp_path / "id")

    assert b"PRIVATE KEY" in parcel
    assert pickle.loads(parcel).identity.leaf == mine.identity.leaf


def test_a_callback_that_signs_travels_by_its_name(tmp_path: Path) -> None:
    made = new_identity(tmp_path / "id")
    spec = IdentitySpec.from_callback(bytes.upper, chain=made.chain_pem.decode())
    mine = kzmark.Stamper(stamper(tmp_path).statement, identity=spec)

    back = pickle.loads(pickle.dumps(travelling(mine, send_key=False)))

    assert back.identity.sign is bytes.upper
    assert back.identity.leaf == made.leaf


def secret_of(one: kzmark.Stamper) -> bytes:
    """Return the middle of the key, as it stands in its PEM text."""
    return one.identity.key.splitlines()[1]


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came true")
