"""The audit log: whole chains are found whole, and every change is seen."""

import json
import multiprocessing
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kzmark.audit import GENESIS, AuditLog, check, event
from kzmark.batch.ledger import INTERRUPTED
from kzmark.errors import OutputError


def fill(path: Path, count: int = 5) -> None:
    log = AuditLog(path)
    for number in range(count):
        log.intent(f"id-{number}", source=f"фото {number}.jpg")
        log.done(f"id-{number}", sha256="ab")


def test_a_log_of_our_own_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.jsonl"
    fill(path)

    found = check(path)

    assert (found.lines, found.done, found.failed) == (10, 5, 0)
    assert found.broken == ()
    assert found.unfinished == ()
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["previous"] == GENESIS


@pytest.mark.parametrize("line", range(9))
def test_a_changed_line_is_seen(tmp_path: Path, line: int) -> None:
    path = tmp_path / "log.jsonl"
    fill(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"id-", b"ID-")
    path.write_bytes(b"".join(lines))

    assert check(path).broken[0].line == line + 2


@pytest.mark.parametrize("line", range(9))
def test_a_removed_line_is_seen(tmp_path: Path, line: int) -> None:
    path = tmp_path / "log.jsonl"
    fill(path)
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[line]
    path.write_bytes(b"".join(lines))

    assert check(path).broken


def test_a_changed_last_line_changes_the_head(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    fill(path)
    before = check(path).head
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b"ab", b"ac")]))

    assert check(path).head != before


def test_an_intent_without_an_end_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    fill(path)
    AuditLog(path).intent("lost", source="lost.png")

    assert [event["source"] for event in check(path).unfinished] == ["lost.png"]


def test_a_failure_ends_its_intent(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = AuditLog(path)
    log.intent("x")
    log.failed("x", error={"code": "malformed"})

    found = check(path)

    assert found.unfinished == ()
    assert found.failed == 1


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_dropped_and_said_so(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log.jsonl"
    fill(path)
    path.write_bytes(path.read_bytes()[:-cut])

    fill(path, 1)

    found = check(path)
    assert found.broken == ()
    assert b'"event":"recovered"' in path.read_bytes()


def test_threads_do_not_tear_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fill(path, 5), range(8)))

    found = check(path)

    assert found.broken == ()
    assert found.done == 40


def test_processes_do_not_tear_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill, args=(path, 10)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    found = check(path)

    assert found.broken == ()
    assert found.done == 30


def test_a_torn_tail_is_kept_beside_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    fill(path, 1)

    torn = (tmp_path / "log.jsonl.torn").read_bytes()
    assert torn == whole.splitlines()[-1][: -20 + 1] + b"\n"


def test_a_first_line_that_a_crash_cut_off_is_moved_too(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"event":"int')

    fill(path, 1)

    assert check(path).broken == ()
    assert (tmp_path / "log.jsonl.torn").read_bytes() == b'{"event":"int\n'


@pytest.mark.parametrize(
    "content",
    [
        b"precious content no newline",
        b'{"a": 1}',
        b"x" * 300_000,
        b'{"event":"intent"}\n',
        b'{"number":1}\n{"event":"in',
        b'{"number":1,"previous":"","event":"x"}\n',
        b"one\ntwo",
    ],
)
def test_a_file_that_is_no_log_is_never_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(OutputError, match="no audit log") as caught:
        AuditLog(path).intent("x")

    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]
    assert caught.value.source == str(path)
    assert caught.value.hint


def test_a_tail_that_is_not_ours_behind_a_log_of_ours_stays(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    fill(path, 1)
    path.write_bytes(path.read_bytes() + b"a note of somebody")
    before = path.read_bytes()

    with pytest.raises(OutputError):
        AuditLog(path).intent("x")
    assert path.read_bytes() == before


def test_an_intent_is_on_disk_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    path = tmp_path / "log.jsonl"

    AuditLog(path).intent("x")

    assert path.stat().st_ino in synced


def test_a_damaged_log_is_not_written_on(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"something else\n")

    with pytest.raises(OutputError, match="damaged"):
        AuditLog(path).intent("x")
    assert path.read_bytes() == b"something else\n"


@pytest.mark.parametrize("text", [b"\xff\xfe\n", b"[]\n", b"{}\n", b"[" * 99999, b"x" * 99999])
def test_any_bytes_can_be_checked(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(text)

    assert check(path).broken


def test_a_log_that_cannot_be_read_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        check(tmp_path / "none.jsonl")


def test_many_events_cost_one_wait_for_the_disk_and_stand_in_one_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    path = tmp_path / "log.jsonl"
    AuditLog(path).intent("first")
    monkeypatch.setattr(os, "fsync", synced.append)

    AuditLog(path).append([event("intent", f"id-{number}") for number in range(500)])

    found = check(path)
    assert len(synced) == 1
    assert (found.lines, len(found.unfinished), found.broken) == (501, 501, ())


def test_a_file_that_was_left_as_it_was_is_an_end_and_counted_apart(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log.jsonl")
    log.append([event("intent", "x"), event("unchanged", "x", carries="y")])

    found = check(log.path)

    assert (found.unchanged, found.done, found.unfinished) == (1, 0, ())


@pytest.mark.parametrize("size", [1, 3_000, 4_060, 4_096, 9_000, 60_000])
def test_a_last_line_of_any_length_is_followed(tmp_path: Path, size: int) -> None:
    log = AuditLog(tmp_path / "log.jsonl")
    for number in range(3):
        log.intent(f"id-{number}", source="x" * size)

    assert check(log.path).broken == ()


def test_the_last_word_on_an_id_is_found_behind_the_place_where_it_was_planned(
    tmp_path: Path,
) -> None:
    log = AuditLog(tmp_path / "log.jsonl")
    fill(log.path, 400)
    since = log.size
    log.append([event("intent", "a"), event("intent", "b"), event("done", "a")])
    with log.path.open("ab") as stream:
        stream.write(b'{"event":"done","mark_id":"b"')  # cut off: it recorded nothing

    found = log.told({"a", "b", "none"}, since=since)

    assert found == {"a": "done", "b": "intent"}
    assert log.told({"a"}, since=10**9) == {"a": "done"}
    assert AuditLog(tmp_path / "none").told({"a"}) == {}


@pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing there")
def test_what_a_crash_cut_off_is_as_private_as_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"event":"int')

    fill(path, 1)

    assert stat.S_IMODE((tmp_path / "log.jsonl.torn").stat().st_mode) == 0o600


def test_what_a_run_did_not_get_to_is_no_failure(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    ends = [event("failed", "a", error=INTERRUPTED), event("failed", "b", error={"code": "input"})]
    log.append([event("intent", "a"), event("intent", "b"), *ends, event("failed", "c")])

    found = check(log.path)

    assert (found.failed, found.interrupted, found.unfinished) == (2, 1, ())
