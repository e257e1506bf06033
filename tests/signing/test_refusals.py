"""An identity that the system does not let us read or write: the hint is one that helps."""

from pathlib import Path
from typing import Any

import pytest

from kzmark.errors import IdentityError
from kzmark.signing import folder, keys


def refuse(*_: Any, **__: Any) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_key_that_others_own_is_no_reason_to_make_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "leaf.key"
    path.write_bytes(b"key")
    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(IdentityError) as caught:
        keys.read_file(path)
    assert "who may read it" in caught.value.hint
    assert "identity new" not in caught.value.hint


def test_a_key_that_is_not_there_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(IdentityError) as caught:
        keys.read_file(tmp_path / "leaf.key")
    assert "identity new" in caught.value.hint


def test_a_folder_that_cannot_be_looked_into_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", refuse)

    assert folder.holds_identity(tmp_path)


def test_a_home_that_cannot_be_written_to_leaves_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(IdentityError) as caught:
        folder.create(tmp_path / "new" / "id", {})
    assert "--identity DIR" in caught.value.hint
