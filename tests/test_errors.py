"""Errors travel between processes whole: what they say, where, and what to do about it."""

import inspect
import pickle

import pytest

from kzmark import errors
from kzmark.errors import BackendMissingError, KzmarkError, UnrecordedError
from kzmark.signing.folder import TakenError

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, KzmarkError)
]
SPECIAL: set[type[KzmarkError]] = {BackendMissingError, UnrecordedError}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_survives_a_pickle_with_source_and_hint(kind: type[KzmarkError]) -> None:
    if kind is BackendMissingError:
        error: KzmarkError = BackendMissingError("imagecodecs", extra="jxl", source="a.jxl")
    elif kind is UnrecordedError:
        error = UnrecordedError("no room", output="o.jpg", mark_id="7", source="a.jpg")
    else:
        error = kind("it went wrong", source="файл.jpg", hint="try again")

    back = pickle.loads(pickle.dumps(error))

    assert type(back) is kind
    assert vars(back) == vars(error)
    assert str(back) == str(error)
    assert back.args == error.args
    assert back.to_dict() == error.to_dict()


def test_errors_of_other_modules_travel_too(tmp_path: object) -> None:
    error = TakenError(tmp_path)  # type: ignore[arg-type]  # any path will do

    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_unrecorded_output_is_named() -> None:
    error = UnrecordedError("no room", output="o.jpg", mark_id="7")

    assert "o.jpg" in error.hint
    assert (error.output, error.mark_id) == ("o.jpg", "7")
