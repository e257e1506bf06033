"""Fixtures for every test: a mark, a style, and a home of our own."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from kzmark.mark import Mark, NoticeRecord, Place, Responsible, System
from kzmark.vocabulary import Medium, Operation, SourceType


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep identities, logs and settings of the person who runs the tests out of them."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("KZMARK_IDENTITY", "KZMARK_CERT", "KZMARK_KEY", "KZMARK_KEY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mark() -> Mark:
    return make_mark()


def make_mark(owner: str = "ТОО Пример", **fields: object) -> Mark:
    whole: dict[str, object] = {
        "mark_id": UUID("01234567-89ab-4cde-8f01-23456789abcd"),
        "operation": Operation.CREATED,
        "source_type": SourceType.TRAINED,
        "medium": Medium.IMAGE,
        "system": System(name="ImageGen", version="2.1"),
        "responsible": Responsible(name=owner),
        "created": datetime(2026, 1, 18, 12, 0, 0, tzinfo=UTC),
        "profile": "kz-2026.1",
        "notice": NoticeRecord(
            languages=("kk", "ru"),
            texts=("ЖИ жасаған", "Создано ИИ"),
            places=(Place(box=(5, 170, 150, 60), size=(320, 240)),),
        ),
    }
    return Mark(**{**whole, **fields})  # type: ignore[arg-type]  # fields of a mark, by name


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path
