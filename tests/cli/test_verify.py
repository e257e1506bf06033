"""`kzmark verify`, `inspect`, `formats`, `identity`: what they print and the codes they return."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import WHO, Run
from tests.cli.read_page import Page

from kzmark import native

Picture = Callable[[str], Path]


def test_an_unmarked_file_is_of_unknown_origin_and_never_human_made(
    run: Run, picture: Picture
) -> None:
    ran = run("verify", picture("photo.gif"))
    row = run("verify", "photo.gif", "--json").rows[0]

    assert ran.code == 1
    assert row["reason"] == "unmarked"
    assert row["mark"] is None
    assert "unknown origin" in ran.out


def test_a_card_says_what_to_do_about_a_file_that_lost_a_half(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)
    whole = (tmp_path / "x.gif").read_bytes()
    with Image.open(tmp_path / "x.gif") as opened:
        opened.save(tmp_path / "bare.png")
    (tmp_path / "cut.gif").write_bytes(whole[:-1] + b" ;")

    bare, cut, good = (run("verify", name).out for name in ("bare.png", "cut.gif", "x.gif"))

    assert "take the stamped file itself" in bare
    assert "stamp it again" in cut
    assert "stamp" not in good


def test_json_has_the_promised_fields(run: Run, picture: Picture) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)

    (row,) = run("verify", "x.gif", "--json").rows

    assert list(row) == [
        "source",
        "sha256",
        "format",
        "medium",
        "policy",
        "verdict",
        "reason",
        "mark",
        "findings",
        "evidence",
    ]
    assert {tuple(f) for f in row["findings"]} == {("clause", "outcome", "code", "message")}
    assert {tuple(e) for e in row["evidence"]} == {("layer", "status", "basis", "code", "detail")}
    assert all("art. 2" in f["clause"] for f in row["findings"])


def test_exit_codes_are_those_of_the_worst_file(run: Run, picture: Picture, tmp_path: Path) -> None:
    run("stamp", picture("photo.gif"), "-o", "good.gif", *WHO)
    (tmp_path / "what.bin").write_bytes(b"no format at all")

    assert run("verify", "good.gif").code == 0
    assert run("verify", "what.bin").code == 3
    assert run("verify", "good.gif", "what.bin").code == 3
    assert run("verify", "good.gif", "what.bin", "photo.gif").code == 1
    assert run("verify", "good.gif", "none.gif").code == 4
    assert run("verify").code == 2


def test_trust_is_asked_for_by_name(run: Run, picture: Picture) -> None:
    run("identity", "new", "--dir", "id", "--organisation", "ТОО Пример")
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--identity", "id")

    assert run("verify", "x.gif", "--require", "signed").code == 0
    assert run("verify", "x.gif", "--require", "trusted").code == 2
    assert run("verify", "x.gif", "--require", "trusted", "--trust", "id/root.pem").code == 0


def test_a_page_is_written_for_many_files(run: Run, picture: Picture, tmp_path: Path) -> None:
    run("stamp", picture("photo.gif"), "-o", "<b>.gif", *WHO)

    ran = run("verify", "photo.gif", "<b>.gif", "--html", "report.html")
    page = Page(tmp_path / "report.html")

    assert "1 of 2 compliant" in ran.out
    assert page.totals["verdicts"] == {"compliant": 1, "not-compliant": 1}
    assert {row["source"] for row in page.rows} == {"photo.gif", "<b>.gif"}


def test_the_end_sums_up_by_verdict_and_reason(run: Run, picture: Picture) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)
    files = ("photo.gif", "x.gif", "none.gif")

    words, data, quiet = (run("verify", *files, *more) for more in ((), ("--json",), ("--quiet",)))

    sums = [line.split() for line in words.out.splitlines()[-4:-1]]
    assert sums == [
        ["1", "not-compliant", "unmarked"],
        ["1", "compliant", "ok"],
        ["1", "not-read", "input"],
    ]
    assert words.out.splitlines()[-1] == "1 of 3 compliant, 1 not read"
    assert len(data.rows) == 3
    assert "1 of 3 compliant, 1 not read" in data.err
    assert quiet.out == ""
    assert "compliant" not in quiet.err


def test_a_table_stands_in_the_order_of_the_files(run: Run, picture: Picture) -> None:
    picture("photo.gif")
    picture("photo.png")
    picture("full.jpg")

    ran = run("verify", "photo.png", "photo.gif", "full.jpg", "--jobs", "3")

    assert [line.split()[0] for line in ran.out.splitlines()[2:5]] == [
        "photo.png",
        "photo.gif",
        "full.jpg",
    ]


def test_inspect_shows_layers_and_judges_nothing(run: Run, picture: Picture) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)

    ran = run("inspect", "x.gif", "--json")
    words = run("inspect", "x.gif")

    assert {row["layer"] for row in ran.rows} >= {"xmp", "c2pa"}
    assert any(row["mark"] for row in ran.rows)
    assert "verdict" not in ran.out
    assert "ImageGen" in words.out


def test_formats_are_those_of_the_registry(run: Run) -> None:
    from kzmark.formats import all_adapters

    rows = run("formats", "--json").rows

    assert [row["format"] for row in rows] == [a.info.name for a in all_adapters()]
    lines = run("formats").out.splitlines()[2:-2]
    assert [line.split()[0] for line in lines if line[0] != " "] == [row["format"] for row in rows]


def test_formats_say_which_path_is_active(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    built = [name for name in native.CORES if native.built(name)]

    rows = {row["format"]: row["path"] for row in run("formats", "--json").rows}
    last = run("formats").out.splitlines()[-1]
    monkeypatch.setenv("KZMARK_PURE", "1")
    pure = run("formats")

    assert [name for name, path in rows.items() if path == "native"] == built
    assert last == f"fast core: active for {' and '.join(built)}" or not built
    assert pure.out.splitlines()[-1].startswith("fast core: switched off") or not built
    assert {row["path"] for row in run("formats", "--json").rows} == {"plain"}


def test_a_file_that_cannot_be_read_has_the_fields_of_one_that_was(
    run: Run, picture: Picture
) -> None:
    (read,) = run("verify", picture("photo.gif"), "--json").rows

    (row,) = run("verify", "gone.gif", "--json").rows

    assert list(row) == [*read, "error"]
    assert row["error"]["code"] == "input"
    assert not any(row[name] for name in row if name not in {"source", "error"})


def test_an_identity_is_made_shown_and_requested(run: Run) -> None:
    made = run("identity", "new", "--dir", "id", "--organisation", "ТОО Пример")
    shown = run("identity", "show", "--dir", "id", "--json")
    request = run("identity", "csr", "--dir", "id")
    again = run("identity", "new", "--dir", "id")

    assert made.code == shown.code == request.code == 0
    assert "not on a trust list" in made.out
    assert "ТОО Пример" in json.dumps(shown.rows[0], ensure_ascii=False)
    assert request.out.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert again.code == 5


def test_the_first_stamping_says_that_an_identity_was_made(run: Run, picture: Picture) -> None:
    first = run("stamp", picture("photo.gif"), "-o", "a.gif", *WHO)
    second = run("stamp", "photo.gif", "-o", "b.gif", *WHO)

    assert "not on a trust list" in first.err
    assert second.err == ""


@pytest.mark.parametrize("command", ["", "stamp", "verify", "inspect", "identity", "formats"])
def test_help_is_there_for_every_command(run: Run, command: str) -> None:
    ran = run(*filter(None, [command]), "--help")

    assert ran.code == 0
    assert "usage: kzmark" in ran.out


def test_no_command_strips_or_hides(run: Run) -> None:
    helps = [run(*words, "--help").out.lower() for words in ([], ["stamp"], ["verify"])]

    assert not [word for word in ("--strip", "--remove", "--hide") if word in " ".join(helps)]
