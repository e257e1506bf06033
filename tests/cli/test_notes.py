"""What a person reads of a stamping's notes: a sentence for every code there is."""

import re
from pathlib import Path

from PIL import Image
from tests.cli.conftest import WHO, Run

from kzmark.cli import notes

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "codes.md"


def test_every_note_has_a_sentence_and_no_other_code_has() -> None:
    listed = PAGE.read_text(encoding="utf-8").partition("## Notes of a stamping")[2]
    codes = re.findall(r"^\| `([a-z0-9.-]+)` \|", listed, re.MULTILINE)

    assert set(codes) == notes.SENTENCES.keys()


def test_sentences_are_of_one_kind() -> None:
    for code, words in notes.SENTENCES.items():
        assert words[0].islower() or words.startswith(("Apple", "Photoshop"))
        assert not words.endswith(".")
        assert len(words) < 80, code


def test_a_note_is_told_once_and_a_strange_one_by_its_code() -> None:
    told = list(notes.told(("svg.now-utf-8", "strange", "svg.now-utf-8")))

    assert told == ["the file is UTF-8 now (svg.now-utf-8)", "strange"]


def test_a_wrong_extension_is_told_in_words_and_by_its_code(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (320, 240), "white").save(tmp_path / "a.jpg", "PNG")
    shown = run("stamp", "a.jpg", "-o", "b.jpg", *WHO)
    rows = run("stamp", "a.jpg", "-o", "c.jpg", *WHO, "--json").rows
    right = run("stamp", "a.jpg", "-o", "d.png", *WHO, "--json").rows

    assert "  notes    the name has the extension of another format" in shown.out
    assert "(extension-differs)" in shown.out
    assert rows[0]["notes"] == ["extension-differs"]
    assert right[0]["notes"] == []
