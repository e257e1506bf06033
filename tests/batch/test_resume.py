"""Going on with a run: what is proven is not done again, what is not proven is."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from PIL import Image

import kzmark
from kzmark import audit
from kzmark.audit import AuditLog, event
from kzmark.batch.travel import settings_of
from kzmark.errors import OutputExistsError, RequestError
from kzmark.journal import Journal, Planned
from kzmark.places import place
from kzmark.signing.identity import Identity, new_identity

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
NAMES = ("photo.jpg", "photo.gif", "photo.bmp")
Count = Counter[str]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id", organisation="ТОО Пример")


class Run:
    """A folder of sources, and runs over it that keep one journal and one log."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.folder, self.identity = folder, identity
        self.log, self.journal = folder / "log.jsonl", folder / "journal"
        (folder / "in").mkdir()
        for name in NAMES:
            (folder / "in" / name).write_bytes((CLEAN / name).read_bytes())

    def stamper(self, owner: str = "ТОО Пример") -> kzmark.Stamper:
        said = kzmark.Statement(
            system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name=owner)
        )
        return kzmark.Stamper(said, identity=self.identity, audit=self.log)

    def target(self, name: str) -> Path:
        return self.folder / "out" / name

    def jobs(self, *, in_place: bool = False, overwrite: bool = False) -> list[kzmark.Job]:
        return [
            kzmark.Job(
                source=path,
                target=path if in_place else self.target(path.name),
                overwrite=overwrite,
                make_folder=True,
                listed=True,
            )
            for path in sorted((self.folder / "in").iterdir())
            if not path.name.endswith(".json")
        ]

    def __call__(self, *, owner: str = "ТОО Пример", **how: bool) -> dict[str, kzmark.Result]:
        told = kzmark.stamp_many(self.jobs(**how), self.stamper(owner), journal=self.journal)
        return {Path(str(result.source)).name: result for result in told}

    def plan(self, name: str, *, intent: bool = True) -> UUID:
        """Do what a run does before it hands a file to a worker, and be killed then."""
        source, target, mark_id = place(self.folder / "in" / name), self.target(name), uuid4()
        log = AuditLog(self.log)
        facts = source.facts()
        assert facts
        with Journal(self.journal, settings_of(self.stamper())) as journal:
            row = Planned(
                source=source,
                target=place(target),
                facts=facts,
                mark_id=mark_id,
                log_at=log.size,
            )
            journal.plan([row])
        if intent:
            log.append([event("intent", str(mark_id), output=str(target))])
        target.parent.mkdir(exist_ok=True)
        return mark_id

    def events(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.log.read_text(encoding="utf-8").splitlines():
            body = json.loads(line)
            found.setdefault(body.get("mark_id", ""), []).append(body["event"])
        return found

    def mark_id(self, name: str) -> UUID:
        mark = kzmark.verify(self.target(name)).mark
        assert mark
        return mark.mark_id


@pytest.fixture
def run(tmp_path: Path, identity: Identity) -> Run:
    return Run(tmp_path, identity)


@pytest.fixture(autouse=True)
def _log_is_consistent(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test here: each id has one intent and one end, and the chain holds."""
    run: Run = request.getfixturevalue("run")
    yield
    if run.log.exists():
        ends = [told[1:] for told in run.events().values()]
        assert all(end in (["done"], ["failed"], ["unchanged"]) for end in ends), run.events()
        assert audit.check(run.log).broken == ()


def kinds(results: dict[str, kzmark.Result]) -> Count:
    def kind(result: kzmark.Result) -> str:
        if result.stamped is not None:
            return "stamped" if result.stamped.changed else "unchanged"
        return "earlier" if result.earlier else "failed"

    return Counter(map(kind, results.values()))


def test_a_finished_run_does_nothing_when_it_is_resumed(run: Run) -> None:
    first = run()
    before = {path: path.stat().st_mtime_ns for path in (run.folder / "out").iterdir()}

    second = run()

    assert kinds(first) == {"stamped": 3}
    assert kinds(second) == {"earlier": 3}
    assert before == {path: path.stat().st_mtime_ns for path in (run.folder / "out").iterdir()}
    assert audit.check(run.log).done == 3


def test_a_source_that_changed_is_done_again_over_its_own_output(run: Run) -> None:
    run()
    old = run.mark_id("photo.gif")
    (run.folder / "in" / "photo.gif").write_bytes((CLEAN / "moving.gif").read_bytes())

    again = run()

    assert kinds(again) == {"earlier": 2, "stamped": 1}
    assert run.mark_id("photo.gif") != old


def test_an_output_that_somebody_changed_is_not_replaced_unasked(run: Run) -> None:
    run()
    run.target("photo.gif").write_bytes(b"mine now")

    again = run()

    assert isinstance(again["photo.gif"].error, OutputExistsError)
    assert run.target("photo.gif").read_bytes() == b"mine now"
    assert kinds(run(overwrite=True)) == {"earlier": 2, "stamped": 1}


def appended(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def repainted(path: Path) -> None:
    """Save a picture without its notice; its XMP and EXIF stay."""
    with Image.open(path) as picture:
        carried = {key: picture.info[key] for key in ("xmp", "exif")}
        blank = Image.new(picture.mode, picture.size, "grey")
    blank.save(path, "JPEG", **carried)


@pytest.mark.parametrize("change", [appended, repainted])
@pytest.mark.parametrize("known", [True, False])
def test_an_output_that_kept_its_mark_and_was_changed_is_not_taken_in(
    run: Run, change: Callable[[Path], None], known: bool
) -> None:
    run()
    change(run.target("photo.jpg"))
    if not known:
        run.journal.unlink()
    changed = run.target("photo.jpg").read_bytes()

    again = run()

    assert isinstance(again["photo.jpg"].error, OutputExistsError)
    assert run.target("photo.jpg").read_bytes() == changed


def test_an_output_of_a_killed_run_that_was_changed_since_is_not_proven(run: Run) -> None:
    mark_id = run.plan("photo.jpg")
    run.stamper().without_log().stamp(
        run.folder / "in" / "photo.jpg", run.target("photo.jpg"), mark_id=mark_id
    )
    appended(run.target("photo.jpg"))

    again = run()

    assert isinstance(again["photo.jpg"].error, OutputExistsError)


def test_an_output_that_is_gone_is_made_again(run: Run) -> None:
    run()
    run.target("photo.jpg").unlink()

    assert kinds(run()) == {"earlier": 2, "stamped": 1}


def test_a_whole_output_of_a_killed_run_is_proven_and_not_stamped_again(run: Run) -> None:
    ids = {name: run.plan(name) for name in NAMES}
    for name, mark_id in ids.items():
        run.stamper().without_log().stamp(
            run.folder / "in" / name, run.target(name), mark_id=mark_id
        )

    told = run()

    assert kinds(told) == {"stamped": 3}
    for name, mark_id in ids.items():
        stamped = told[name].stamped
        assert stamped
        assert stamped.mark.mark_id == mark_id == run.mark_id(name)
        assert stamped.sha256 == kzmark.verify(run.target(name)).sha256
        assert run.events()[str(mark_id)] == ["intent", "done"]
    assert kinds(run()) == {"earlier": 3}


def test_a_done_line_that_was_written_before_the_kill_is_not_written_again(run: Run) -> None:
    mark_id = run.plan("photo.jpg")
    run.stamper().without_log().stamp(
        run.folder / "in" / "photo.jpg", run.target("photo.jpg"), mark_id=mark_id
    )
    AuditLog(run.log).done(str(mark_id))

    assert kinds(run()) == {"stamped": 3}
    assert run.events()[str(mark_id)] == ["intent", "done"]


def test_what_was_planned_and_never_begun_is_done_under_a_new_id(run: Run) -> None:
    unsaid, said = run.plan("photo.jpg", intent=False), run.plan("photo.gif")

    assert kinds(run()) == {"stamped": 3}
    assert str(unsaid) not in run.events()
    assert run.events()[str(said)] == ["intent", "failed"]
    assert run.mark_id("photo.gif") != said


@pytest.mark.parametrize("in_place", [False, True])
def test_a_sidecar_without_its_file_is_no_hindrance(run: Run, in_place: bool) -> None:
    """A kill between the two renames leaves the sidecar of an output that is not there."""
    mark_id = run.plan("photo.bmp")
    whole = run.folder / "whole.bmp"
    source = run.folder / "in" / "photo.bmp"
    run.stamper().without_log().stamp(source, whole, mark_id=mark_id)
    beside = source if in_place else run.target("photo.bmp")
    record = beside.with_name("photo.bmp.kzmark.json")
    record.write_bytes(whole.with_name("whole.bmp.kzmark.json").read_bytes())
    if in_place:
        with Journal(run.journal, settings_of(run.stamper())) as journal:
            (row,) = journal.pending()
            journal.forget([row.target])
            journal.plan(
                [
                    Planned(
                        source=place(source),
                        target=place(source),
                        facts=row.facts,
                        mark_id=mark_id,
                    )
                ]
            )

    told = run(in_place=in_place)

    assert kinds(told) == {"stamped": 3}
    assert kzmark.verify(beside).verdict is kzmark.Verdict.COMPLIANT


def test_temporary_files_of_the_dead_run_are_swept_and_those_of_others_stay(run: Run) -> None:
    mark_id = run.plan("photo.jpg")
    ours = run.folder / "out" / f".kzmark-{mark_id.hex}-abc.tmp"
    theirs = run.folder / "out" / ".kzmark-other-abc.tmp"
    for path in (ours, theirs):
        path.write_bytes(b"half")

    run()

    assert not ours.exists()
    assert theirs.exists()


def test_outputs_of_a_run_without_a_journal_are_known_by_what_they_were_made_from(
    run: Run,
) -> None:
    list(kzmark.stamp_many(run.jobs(), run.stamper()))
    ids = {name: run.mark_id(name) for name in NAMES}

    told = run()

    assert kinds(told) == {"unchanged": 3}
    assert ids == {name: run.mark_id(name) for name in NAMES}
    assert kinds(run()) == {"earlier": 3}


def test_an_output_of_another_source_or_statement_is_not_taken_for_ours(run: Run) -> None:
    other = run.stamper("Другой").without_log()
    run.target("x").parent.mkdir()
    other.stamp(run.folder / "in" / "photo.jpg", run.target("photo.jpg"))
    run.stamper().without_log().stamp(CLEAN / "moving.gif", run.target("photo.gif"))

    told = run()

    assert isinstance(told["photo.jpg"].error, OutputExistsError)
    assert isinstance(told["photo.gif"].error, OutputExistsError)


def test_inputs_that_are_replaced_are_stamped_once(run: Run) -> None:
    first, second = run(in_place=True), run(in_place=True)

    assert kinds(first) == {"stamped": 3}
    assert kinds(second) == {"earlier": 3}


def test_a_copy_of_what_carries_the_mark_already_is_proven_too(run: Run) -> None:
    source = run.folder / "in" / "photo.jpg"
    run.stamper().without_log().stamp(source, source)
    assert kinds(run()) == {"stamped": 2, "unchanged": 1}
    run.journal.unlink()

    assert kinds(run()) == {"unchanged": 3}


def test_a_file_that_failed_is_tried_again(run: Run) -> None:
    bad = run.folder / "in" / "photo.gif"
    good = bad.read_bytes()
    bad.write_bytes(b"GIF89a the rest is missing")
    assert kinds(run()) == {"stamped": 2, "failed": 1}
    bad.write_bytes(good)

    assert kinds(run()) == {"earlier": 2, "stamped": 1}


def test_a_listed_file_of_no_known_format_is_skipped_and_a_named_one_is_not(run: Run) -> None:
    (run.folder / "in" / "notes.bin").write_bytes(b"\0nothing")
    named = kzmark.Job(source=run.folder / "in" / "notes.bin", target=run.folder / "x.bin")

    (alone,) = kzmark.stamp_many([named], run.stamper())

    assert run()["notes.bin"].skipped
    assert not alone.skipped
    assert alone.error


@pytest.mark.parametrize("content", [b"", bytes(3000)])
def test_a_listed_file_that_its_name_takes_for_media_is_not_skipped(
    run: Run, content: bytes
) -> None:
    (run.folder / "in" / "lost.jpg").write_bytes(content)
    (run.folder / "in" / "._photo.jpg").write_bytes(b"\0\5\x16\7" + bytes(100))  # AppleDouble

    told = run()

    assert told["lost.jpg"].error
    assert not told["lost.jpg"].skipped
    assert told["._photo.jpg"].skipped


def test_another_statement_is_refused_and_the_difference_is_named(run: Run) -> None:
    run()

    with pytest.raises(RequestError, match=r"other settings: responsible\.name"):
        run(owner="Другой")


def test_a_journal_has_one_run_at_a_time(run: Run) -> None:
    with (
        Journal(run.journal, settings_of(run.stamper())),
        pytest.raises(RequestError, match="another run"),
    ):
        run()


def test_a_name_that_is_no_text_is_resumed_too(run: Run) -> None:
    odd = run.folder / "in" / os.fsdecode(b"\xff\xfe.gif")
    try:
        odd.write_bytes((CLEAN / "photo.gif").read_bytes())
    except OSError:
        pytest.skip("this file system holds names in UTF-8 only")

    assert kinds(run()) == {"stamped": 4}
    assert kinds(run()) == {"earlier": 4}


def test_the_same_names_from_another_folder_are_the_same_files(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.chdir(run.folder)
    jobs = [kzmark.Job(source=f"in/{name}", target=f"out/{name}") for name in NAMES]

    told = list(kzmark.stamp_many(jobs, run.stamper(), journal="journal"))

    assert all(result.earlier for result in told)
