"""A Stamper on its way to a worker: it signs the same there, and its key stays where it was."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.batch.crews import Sudden

import kzmark
from kzmark.batch import local
from kzmark.batch.local import FEW, crew
from kzmark.batch.processes import Processes
from kzmark.batch.task import stamp_unit
from kzmark.batch.travel import fit, settings_of, travels
from kzmark.batch.units import Units
from kzmark.errors import RequestError
from kzmark.signing import folder as folders
from kzmark.signing.identity import IdentitySpec, new_identity

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
SAID = kzmark.Statement(
    system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name="ТОО Пример")
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "id"
    new_identity(path, organisation="ТОО Пример")
    return path


def secret(home: Path) -> bytes:
    """Return the inmost line of the private key."""
    return (home / folders.KEY).read_bytes().splitlines()[2]


def sign_with(_: bytes) -> bytes:
    raise AssertionError("not asked here")


@pytest.mark.parametrize("way", ["folder", "environment", "opened"])
def test_a_key_of_a_folder_or_the_environment_does_not_travel(
    home: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "environment":
        monkeypatch.setenv("KZMARK_CERT", (home / folders.CHAIN).read_text())
        monkeypatch.setenv("KZMARK_KEY", (home / folders.KEY).read_text())
    given = {"folder": home, "environment": None, "opened": IdentitySpec.from_folder(home)}
    stamper = kzmark.Stamper(SAID, identity=given[way])
    packed = pickle.dumps(fit(stamper))

    there: kzmark.Stamper = pickle.loads(packed)

    assert secret(home) in (home / folders.KEY).read_bytes()
    assert secret(home) not in packed
    assert there.identity.chain == stamper.identity.chain
    assert there.stamp(CLEAN / "photo.gif").data
    assert settings_of(there) == settings_of(stamper)


def test_a_worker_makes_no_identity_of_its_own(tmp_path: Path) -> None:
    stamper = kzmark.Stamper(SAID, identity=tmp_path / "new")
    packed = pickle.dumps(fit(stamper))
    for path in (tmp_path / "new").iterdir():
        path.unlink()
    (tmp_path / "new").rmdir()

    there: kzmark.Stamper = pickle.loads(packed)

    with pytest.raises(kzmark.KzmarkError):
        _ = there.identity
    assert not (tmp_path / "new").exists()


def test_a_worker_keeps_no_log_and_opens_its_stamper_once(home: Path, tmp_path: Path) -> None:
    packed = pickle.dumps(fit(kzmark.Stamper(SAID, identity=home, audit=tmp_path / "log")))
    assert stamp_unit("token", packed, [], False) == []

    assert stamp_unit("token", b"not opened again", [], False) == []
    assert not (tmp_path / "log").exists()


def test_a_callback_that_cannot_be_sent_works_with_threads_and_is_said_otherwise(
    home: Path, tmp_path: Path
) -> None:
    chain = (home / folders.CHAIN).read_text()
    by_name = kzmark.Stamper(SAID, identity=IdentitySpec.from_callback(sign_with, chain=chain))
    nameless = IdentitySpec.from_callback(lambda data: data, chain=chain)
    stamper = kzmark.Stamper(SAID, identity=nameless)
    job = kzmark.Job(source=CLEAN / "photo.gif", target=tmp_path / "x.gif")

    assert travels(by_name)
    assert not travels(stamper)
    with pytest.raises(RequestError, match="worker process") as caught:
        list(kzmark.stamp_many([job], stamper, executor=Sudden(lambda *_: False)))
    assert "threads" in caught.value.hint


def test_few_files_get_threads_and_many_get_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def kind(count: int, workers: int, *, fits: bool = True) -> type:
        units = Units(iter([kzmark.batch.Question("x")] * count))  # type: ignore[attr-defined]
        return type(crew(units, workers, travels=lambda: fits))

    many = 2 * FEW
    assert kind(many - 1, 2) is ThreadPoolExecutor
    assert kind(many, 2) is Processes
    assert kind(many, 1) is ThreadPoolExecutor
    assert kind(many, 2, fits=False) is ThreadPoolExecutor
    monkeypatch.setattr(local, "_threads_are_free", lambda: True)
    assert kind(many, 2) is ThreadPoolExecutor


def test_the_settings_of_a_run_name_all_that_outputs_depend_on(home: Path) -> None:
    plain = settings_of(kzmark.Stamper(SAID, identity=home))
    other = kzmark.Stamper(SAID, identity=home, languages=["ru"], corner="bottom-right")

    changed = {name for name, value in settings_of(other).items() if plain[name] != value}

    assert changed == {"languages", "corner"}
    assert plain["responsible.name"] == "ТОО Пример"
