"""Many files: one odd file is a result, never the end."""

from pathlib import Path

import pytest

import kzmark
from kzmark import api
from kzmark.errors import InputError, InternalError
from kzmark.signing.identity import new_identity

PHOTO = Path(__file__).parents[1] / "fixtures" / "clean" / "photo.jpg"


@pytest.fixture
def stamper(tmp_path: Path) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
    )
    return kzmark.Stamper(said, identity=new_identity(tmp_path / "id"))


def test_an_exception_nobody_foresaw_is_a_result_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = api.verify

    def odd(source: Path, **choices: object) -> object:
        if source.name == "odd.jpg":
            raise ZeroDivisionError("by zero")
        return real(source)

    monkeypatch.setattr(api, "verify", odd)
    results = {Path(str(r.source)).name: r for r in kzmark.verify_many([Path("odd.jpg"), PHOTO])}

    error = results["odd.jpg"].error
    assert isinstance(error, InternalError)
    assert error.code == "internal"
    assert "ZeroDivisionError: by zero" in error.message
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert results["photo.jpg"].report is not None


def test_a_stamping_that_breaks_unforeseen_is_a_result(
    stamper: kzmark.Stamper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamper, "stamp", lambda *_, **__: int("no number"))

    (result,) = kzmark.stamp_many([kzmark.Job(source=PHOTO, target=tmp_path / "o.jpg")], stamper)

    assert isinstance(result.error, InternalError)


def test_a_missing_file_and_a_folder_as_sidecar_are_results(tmp_path: Path) -> None:
    odd = tmp_path / "c.jpg"
    odd.write_bytes(PHOTO.read_bytes())
    (tmp_path / "c.jpg.kzmark.json").mkdir()

    results = list(kzmark.verify_many([tmp_path / "none.jpg", odd, PHOTO]))

    assert [isinstance(r.error, InputError) for r in results].count(True) == 2
    assert sum(r.report is not None for r in results) == 1


def test_a_name_that_is_no_text_goes_into_a_sidecar(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    source = tmp_path / "b\udcff.bmp"
    clean = next(PHOTO.parent.glob("*.bmp"))
    try:
        source.write_bytes(clean.read_bytes())
    except OSError:
        pytest.skip("this file system holds names in UTF-8 only")

    (result,) = kzmark.stamp_many([kzmark.Job(source=source, target=source)], stamper)

    assert result.error is None
    assert kzmark.verify(source).verdict is kzmark.Verdict.COMPLIANT
    source.with_name(source.name + ".kzmark.json").read_bytes().decode()
