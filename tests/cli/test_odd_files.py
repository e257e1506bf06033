"""One odd file is one failed line, never the end of a batch and never a traceback."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import CLEAN, WHO, Run

Picture = Callable[[str], Path]


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "a.bmp", "photo.gif"),
        ("stamp", "a.bmp", "photo.gif", "--out-dir", "out", *WHO),
        ("stamp", "a.bmp", "photo.gif", "--out-dir", "out", *WHO, "--dry-run"),
    ],
    ids=("verify", "stamp", "dry-run"),
)
def test_a_folder_in_the_place_of_a_sidecar_fails_one_file(
    run: Run, picture: Picture, tmp_path: Path, words: tuple[str, ...]
) -> None:
    picture("photo.bmp").rename(tmp_path / "a.bmp")
    picture("photo.gif")
    (tmp_path / "a.bmp.kzmark.json").mkdir()

    ran = run(*words, "--json")

    errors = {row["source"]: (row.get("error") or {}).get("code") for row in ran.rows}
    assert ran.code == 4
    assert errors == {"a.bmp": "input", "photo.gif": None}


def test_inspecting_a_file_with_a_folder_for_a_sidecar_is_an_error(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.bmp")
    (tmp_path / "photo.bmp.kzmark.json").mkdir()

    assert run("inspect", "photo.bmp").code == 4


@pytest.mark.parametrize("name", ["photo.bmp", "photo.gif"])
def test_a_name_that_is_no_unicode_is_stamped_and_verified(
    run: Run, picture: Picture, tmp_path: Path, name: str
) -> None:
    odd = os.fsdecode(b"b\xff") + name[-4:]
    picture(name).rename(tmp_path / odd)

    stamped = run("stamp", odd, "--in-place", *WHO, "--json")
    verified = run("verify", odd, "--json")

    assert (stamped.code, verified.code) == (0, 0)
    assert stamped.rows[0]["source"] == odd


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="no /dev/stdin here")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("verify", "/dev/stdin"), 1),
        (("stamp", "/dev/stdin", "-o", "x.gif", *WHO), 0),
        (("stamp", "/dev/stdin", "--in-place", *WHO), 4),
    ],
    ids=("verify", "stamp", "in-place"),
)
def test_a_pipe_is_a_source(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kzmark", *words],
        input=(CLEAN / "photo.gif").read_bytes(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert ran.returncode == code
    assert b"Traceback" not in ran.stderr
    assert (tmp_path / "x.gif").exists() == (code == 0)


def test_what_nobody_foresaw_is_a_failed_line(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("nobody foresaw it")

    monkeypatch.setattr("kzmark.pipeline.carry_out", fail)

    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--json")

    assert ran.code == 4
    assert ran.rows[0]["error"]["code"] == "internal"


@pytest.mark.parametrize("command", ["stamp", "verify", "inspect"])
def test_a_dash_is_no_source_and_it_is_said_what_is(command: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "-").write_bytes((CLEAN / "photo.gif").read_bytes())
    words = ("-o", "x.gif", *WHO) if command == "stamp" else ()

    ran = run(command, "-", *words)

    assert ran.code == 2
    assert "standard input" in ran.err
    assert "/dev/stdin" in ran.err
    assert run(command, "./-", *words).code == (1 if command == "verify" else 0)


@pytest.mark.parametrize("target", ["-", "/dev/stdout", "/dev/stderr", "/dev/fd/1"])
@pytest.mark.parametrize("option", ["-o", "--out-dir"])
def test_an_output_is_no_stream(
    option: str, target: str, run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")

    ran = run("stamp", "photo.gif", option, target, *WHO)

    assert ran.code == 2
    assert f"{target}: an output is a file" in ran.err
    assert not (tmp_path / "-").exists()


def test_a_page_of_verdicts_is_no_stream(run: Run, picture: Picture) -> None:
    picture("photo.gif")

    assert "an output is a file" in run("verify", "photo.gif", "--html", "-").err


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("a.png", b"", "may be writing still"),
        ("a.png", b"\0\1\2\3" * 9, "by its name it is png"),
        ("a.docx", b"no package at all", "by its name it is docx"),
        ("letter", "Сәлем".encode(), "give it one of .csv"),
        ("letter.xyz", ("Сәлем" * 900).encode(), "give it one of .csv"),
        ("a.xyz", b"\x80\0\1" * 9, "kzmark formats"),
    ],
)
def test_an_unknown_file_has_a_hint_that_helps(
    name: str, data: bytes, hint: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)

    ran = run("stamp", name, "-o", "x.png", *WHO)

    assert ran.code == 4
    assert hint in ran.err
