"""`kzmark inspect --manifest`: the manifest as a file that other tools take."""

from collections.abc import Callable
from pathlib import Path

import c2pa
import pytest
from tests.cli.conftest import CLEAN, WHO, Run

Picture = Callable[[str], Path]
QUIET = (*WHO, "--audit-log", "none", "--quiet")
KNOWN = {  # those that the C2PA library judges with a manifest that it is handed
    "photo.png": "image/png",
    "photo.gif": "image/gif",
    "photo.webp": "image/webp",
    "photo.tiff": "image/tiff",
    "photo.bmp": "image/bmp",
    "drawing.svg": "image/svg+xml",
    "story.txt": "text/plain",
    "speech.mp3": "audio/mpeg",
}
THERE = sorted(name for name in KNOWN if (CLEAN / name).exists())


def state(name: str, mime: str, store: bytes) -> str:
    with Path(name).open("rb") as stream, c2pa.Reader(mime, stream, store) as reader:
        return str(reader.get_validation_state())


@pytest.mark.parametrize("name", THERE)
def test_a_stranger_reads_the_manifest_beside_the_file(
    name: str, run: Run, picture: Picture
) -> None:
    picture(name)
    run("stamp", name, "--in-place", *QUIET)
    ran = run("inspect", name, "--manifest", "out.c2pa")

    assert ran.code == 0
    assert "manifest written to out.c2pa" in ran.out
    assert state(name, KNOWN[name], Path("out.c2pa").read_bytes()) == "Valid"


def test_the_samples_are_of_several_kinds() -> None:
    assert len(THERE) > 4


def test_a_manifest_in_a_package_is_its_member(run: Run, picture: Picture) -> None:
    from tests.formats.office_samples import parts

    picture("letter.docx")
    run("stamp", "letter.docx", "--in-place", *QUIET)
    run("inspect", "letter.docx", "--manifest", "out.c2pa")
    inside = parts(Path("letter.docx").read_bytes())["META-INF/content_credential.c2pa"]

    assert Path("out.c2pa").read_bytes() == inside


def test_json_says_nothing_but_layers(run: Run, picture: Picture) -> None:
    picture("photo.gif")
    run("stamp", "photo.gif", "--in-place", *QUIET)
    ran = run("inspect", "photo.gif", "--json", "--manifest", "out.c2pa")

    assert {"layer", "status"} <= set.intersection(*(set(row) for row in ran.rows))
    assert Path("out.c2pa").stat().st_size > 1_000


def test_what_exists_is_replaced_only_if_asked(run: Run, picture: Picture) -> None:
    picture("photo.gif")
    run("stamp", "photo.gif", "--in-place", *QUIET)
    Path("out.c2pa").write_bytes(b"mine")
    refused = run("inspect", "photo.gif", "--manifest", "out.c2pa")
    before = Path("out.c2pa").read_bytes()
    done = run("inspect", "photo.gif", "--manifest", "out.c2pa", "--overwrite")

    assert (refused.code, before) == (4, b"mine")
    assert done.code == 0
    assert Path("out.c2pa").read_bytes()[4:8] == b"jumb"


@pytest.mark.parametrize("target", ["photo.bmp", "photo.bmp.kzmark.json", "link"])
def test_the_file_itself_is_never_replaced(target: str, run: Run, picture: Picture) -> None:
    picture("photo.bmp")
    run("stamp", "photo.bmp", "--in-place", *QUIET)
    Path("link").symlink_to("photo.bmp")
    before = {name: Path(name).read_bytes() for name in ("photo.bmp", "photo.bmp.kzmark.json")}
    ran = run("inspect", "photo.bmp", "--manifest", target, "--overwrite")

    assert ran.code == 2
    assert {name: Path(name).read_bytes() for name in before} == before


@pytest.mark.parametrize("name", ["photo.png", "photo.gif", "photo.bmp", "letter.docx"])
def test_a_file_without_a_manifest_gives_no_file(name: str, run: Run, picture: Picture) -> None:
    picture(name)
    ran = run("inspect", name, "--manifest", "out.c2pa")

    assert ran.code == 4
    assert "holds no C2PA manifest" in ran.err
    assert not Path("out.c2pa").exists()


def test_overwrite_alone_is_wrong_usage(run: Run, picture: Picture) -> None:
    picture("photo.gif")

    assert run("inspect", "photo.gif", "--overwrite").code == 2


def test_a_damaged_store_is_written_as_it_stands(run: Run, picture: Picture) -> None:
    picture("photo.gif")
    run("stamp", "photo.gif", "--in-place", *QUIET)
    data = Path("photo.gif").read_bytes()
    Path("photo.gif").write_bytes(data.replace(b"jumdc2pa", b"jumbc2pa", 1))
    ran = run("inspect", "photo.gif", "--manifest", "out.c2pa")

    assert ran.code == 0
    assert "c2pa: broken" in ran.out
    assert b"jumbc2pa" in Path("out.c2pa").read_bytes()


def test_a_store_whose_end_is_cut_off_is_an_error(run: Run, picture: Picture) -> None:
    picture("photo.png")
    run("stamp", "photo.png", "--in-place", *QUIET)
    data = Path("photo.png").read_bytes()
    at = data.index(b"jumb") - 4
    Path("photo.png").write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    ran = run("inspect", "photo.png", "--manifest", "out.c2pa")

    assert ran.code == 4
    assert not Path("out.c2pa").exists()
