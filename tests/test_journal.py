"""The journal: what was said before a kill is there after it, and nobody else's file is touched."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmark.errors import OutputError, RequestError
from kzmark.journal import Done, Journal, Planned
from kzmark.places import Facts, place

SETTINGS = {"system.name": "ImageGen", "languages": ["kk", "ru"]}
names = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1)


def planned(name: str = "a.jpg", **facts: object) -> Planned:
    whole: dict[str, object] = {
        "source": place(f"/in/{name}"),
        "target": place(f"/out/{name}"),
        "facts": Facts(7, "1"),
        "mark_id": uuid4(),
        "log_at": 3,
    }
    return Planned(**{**whole, **facts})  # type: ignore[arg-type]  # fields, by name


def done(job: Planned) -> Done:
    return Done(
        source=job.source,
        target=job.target,
        facts=job.facts,
        made=Facts(9, "2"),
        mark_id=job.mark_id,
        sha256="ab" * 32,
        status="stamped",
    )


@settings(max_examples=25, deadline=None)
@given(name=names, size=st.integers(0, 2**62), version=st.text(max_size=40), mark_id=st.uuids())
def test_what_was_said_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, name: str, size: int, version: str, mark_id: UUID
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    job = planned(name, facts=Facts(size, version), mark_id=mark_id)
    with Journal(path, SETTINGS) as journal:
        journal.plan([job])
    with Journal(path, SETTINGS) as journal:
        assert list(journal.pending()) == [job]
        journal.end([done(job)])
    with Journal(path, SETTINGS) as journal:
        assert list(journal.pending()) == []
        assert journal.done(job.target) == done(job)


def test_what_is_forgotten_is_neither_planned_nor_done(tmp_path: Path) -> None:
    one, two = planned("1"), planned("2")
    with Journal(tmp_path / "j", SETTINGS) as journal:
        journal.plan([one, two])
        journal.end([done(one)])
        journal.forget([one.target, two.target])

        assert list(journal.pending()) == []
        assert journal.done(one.target) is None


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    Journal(tmp_path / "j", SETTINGS).close()

    with pytest.raises(RequestError, match=r"other settings: corner, system\.name") as caught:
        Journal(tmp_path / "j", {**SETTINGS, "system.name": "Other", "corner": "top-left"})
    assert "--journal" in caught.value.hint
    Journal(tmp_path / "j", SETTINGS).close()


def test_one_run_holds_it_at_a_time(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j", SETTINGS),
        pytest.raises(RequestError, match="another run"),
    ):
        Journal(tmp_path / "j", SETTINGS)
    Journal(tmp_path / "j", SETTINGS).close()


@pytest.mark.parametrize("content", [b"precious", b"x" * 5000, b"SQLite format 3\0" + b"x" * 4000])
def test_a_file_that_is_no_journal_is_never_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises((RequestError, OutputError)):
        Journal(path, SETTINGS)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as rows:
        rows.execute("CREATE TABLE precious (x)")
    rows.close()

    with pytest.raises(RequestError, match="no journal"):
        Journal(path, SETTINGS)
    with sqlite3.connect(path) as rows:
        assert rows.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
    rows.close()


def test_a_folder_that_cannot_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(OutputError):
        Journal(tmp_path / "file" / "j", SETTINGS)
    with pytest.raises(OutputError):
        Journal(tmp_path, SETTINGS)


_VICTIM = """
import sys
from pathlib import Path
from uuid import UUID
from kzmark.journal import Journal, Planned
from kzmark.places import Facts, place
journal = Journal(Path(sys.argv[1]), {"a": 1})
number = 0
while True:
    number += 1
    journal.plan([
        Planned(
            source=place(f"/in/{number}"), target=place(f"/out/{number}"), facts=Facts(1, "1"),
            mark_id=UUID(int=number),
        )
    ])
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")
def test_a_kill_loses_no_plan_that_was_made(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for _ in range(300):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = 300 + len(process.stdout.readlines())

    with Journal(path, {"a": 1}) as journal:
        numbers = sorted(job.mark_id.int for job in journal.pending())
    assert numbers[:told] == list(range(1, told + 1))
    assert len(numbers) <= told + 1
