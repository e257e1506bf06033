"""What a card says of a file that is not compliant: what was seen, and what to do about it."""

import json
import shutil
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import CLEAN, WHO, Run

from kzmark import cli
from kzmark.report import Reason

Picture = Callable[[str], Path]
UNKNOWN = "of unknown origin"


def house(path: Path) -> Path:
    """Write a profile that says other words than kzmark's own."""
    text = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    text = text.replace('name = "kz-2026.1"', 'name = "house-1"')
    path.write_text(text.replace("ЖИ жасаған", "ЖИ туындысы"), encoding="utf-8")
    return path


def test_a_notice_that_was_seen_is_not_said_to_be_of_unknown_origin(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    run("stamp", picture("photo.png"), "-o", "x.png", *WHO)
    with Image.open(tmp_path / "x.png") as opened:
        whole = opened.convert("RGB")
    wide = Image.new("RGB", (whole.width * 3, whole.height * 3), "grey")
    wide.paste(whole, (whole.width, whole.height))
    wide.save(tmp_path / "wide.png")

    ran = run("verify", "wide.png")

    assert "(unmarked)" in ran.out
    assert "A notice was seen" in ran.out
    assert UNKNOWN not in ran.out


@pytest.mark.parametrize("name", ["photo.bmp", "story.txt"])
def test_a_sidecar_that_is_gone_is_named(
    run: Run, picture: Picture, tmp_path: Path, name: str
) -> None:
    run("stamp", picture(name), "-o", f"x-{name}", *WHO)
    beside = tmp_path / f"x-{name}.kzmark.json"
    good = run("verify", f"x-{name}")
    beside.unlink()

    card, (row,) = run("verify", f"x-{name}"), run("verify", f"x-{name}", "--json").rows

    assert good.code == 0
    assert beside.name not in good.out
    assert beside.name in card.out
    assert "<name>.kzmark.json" in row["findings"][0]["message"]


def test_a_format_that_holds_its_mark_says_nothing_of_sidecars(run: Run, picture: Picture) -> None:
    ran = run("verify", picture("photo.gif"))

    assert UNKNOWN in ran.out
    assert "kzmark.json" not in ran.out


def test_a_picture_of_another_profile_is_told_with_its_profile(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    other = house(tmp_path / "house.toml")
    run("stamp", picture("photo.png"), "-o", "x.png", *WHO, "--profile", other)

    plain, by_it = run("verify", "x.png"), run("verify", "x.png", "--profile", other)

    assert (plain.code, by_it.code) == (1, 0)
    assert "house-1" in plain.out
    assert "--profile" in plain.out
    assert "stamp its source again" not in plain.out


def test_a_mark_that_nothing_signs_is_told(run: Run, picture: Picture, tmp_path: Path) -> None:
    signed = run("stamp", picture("photo.png"), "-o", "x.png", *WHO)
    data = (tmp_path / "x.png").read_bytes()
    at = data.index(b"caBX") - 4
    size = int.from_bytes(data[at : at + 4]) + 12
    (tmp_path / "bare.png").write_bytes(data[:at] + data[at + size :])

    whole, bare = run("verify", "x.png"), run("verify", "bare.png")

    assert signed.code == bare.code == 0
    assert "none: nothing is signed" in bare.out
    assert "none: nothing is signed" not in whole.out


def test_the_page_has_words_for_every_reason() -> None:
    text = (resources.files("kzmark.cli.page") / "words.json").read_text(encoding="utf-8")

    for words in json.loads(text).values():
        assert {reason.value for reason in Reason} <= words.keys()


def test_quiet_keeps_warnings_to_itself(run: Run, picture: Picture, tmp_path: Path) -> None:
    run("identity", "new", "--dir", tmp_path / "id", "--organisation", "ТОО Другой")
    given = (*WHO, "--identity", tmp_path / "id")

    loud = run("stamp", picture("photo.gif"), "-o", "x.gif", *given)
    quiet = run("stamp", "photo.gif", "-o", "y.gif", *given, "--quiet")

    assert "warning" in loud.err
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_a_dry_run_tells_whence_every_setting_came(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")
    (tmp_path / "kzmark.toml").write_text(
        'owner = "ТОО Файл"\nsystem = "Gen"\nsystem-version = "3"\nidentity = "ids"\n'
        'corner = "top-left"\nplacement = "intro"\nbin = "080840012343"\n',
        encoding="utf-8",
    )
    given = ("stamp", "photo.gif", "-o", "x.gif", "--corner", "bottom-right", "--dry-run")

    card, (row,) = run(*given), run(*given, "--json").rows

    assert card.code == 0
    for words in ("ТОО Файл (owner), BIN 080840012343", "Gen 3", "intro", "bottom-right"):
        assert words in card.out
    assert f"{tmp_path / 'ids'}, which is not there" in card.out
    assert (row["corner"], row["placement"]) == ("bottom-right", "intro")
    assert str(tmp_path / "ids") in row["identity"]


def test_a_bad_number_in_a_settings_file_names_the_file(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "kzmark.toml").write_text('bin = "123"\n', encoding="utf-8")

    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)

    assert ran.code == 2
    assert f"{tmp_path / 'kzmark.toml'}: a BIN has 12 digits" in ran.err


def test_a_link_to_nothing_says_where_it_leads(run: Run, tmp_path: Path) -> None:
    try:
        (tmp_path / "link.jpg").symlink_to("gone/photo.jpg")
    except OSError:
        pytest.skip("no links here")

    ran = run("verify", "link.jpg")

    assert ran.code == 4
    assert "it is a link to what is not there" in ran.err
    assert "gone/photo.jpg" in ran.err
    assert "spelling" not in ran.err


def test_a_folder_nobody_may_enter_is_told_with_rights(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kzmark.places import listing

    def refuse(folder: Path, wanted: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "locked").mkdir()
    monkeypatch.setattr(listing, "_entries", refuse)

    ran = run("verify", "locked", "--recursive")

    assert "Permission denied" in ran.err
    assert "check who may read it" in ran.err


def test_a_page_on_a_full_disk_is_named(
    run: Run, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kzmark.cli.page import sheet

    class Full:
        def write(self, data: bytes) -> int:
            return len(data)

        def seek(self, _: int) -> None:
            self.close()

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sheet, "scratch_beside", lambda *_, **__: Full())

    ran = run("verify", picture("photo.gif"), "--html", tmp_path / "r.html")

    assert ran.code == 4
    assert "r.html: writing failed: No space left on device" in ran.err
    assert "make room" in ran.err


def test_words_that_cannot_be_printed_name_the_output(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(args: object, out: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "run", full)
    monkeypatch.setattr(cli, "_mute", lambda _: None)

    ran = run("verify", picture("photo.gif"))

    assert ran.code == 4
    assert "the standard output cannot be written: No space left on device" in ran.err


@pytest.mark.parametrize("name", ["speech.mp3", "speech.m4a", "speech.wav", "speech.opus"])
def test_sound_without_its_library_names_the_extra_of_sound(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from kzmark.formats._av import backend
    from kzmark.notices import clips

    shutil.copy(CLEAN / name, tmp_path / name)
    for cached in (backend.load, clips._shipped):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "av", None)
    try:
        ran = run("stamp", name, "-o", f"x-{name}", *WHO)
    finally:
        monkeypatch.undo()
        backend.load.cache_clear()

    assert ran.code == 4
    assert "kzmark[audio]" in ran.err
