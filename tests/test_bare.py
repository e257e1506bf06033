"""Without what it takes to look for a notice nothing is stamped; what needs nothing works."""

import io
import sys
from pathlib import Path
from typing import cast

import pytest

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import BackendMissingError
from kzmark.formats import adapter
from kzmark.formats._text import Legible

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
STATEMENT = kzmark.Statement(
    system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
)
BACKENDS = ("selectolax", "selectolax.lexbor", "tinycss2", "markdown_it", "resvg_py")
HIDING = b"<!doctype html><body style='display:none'><p>words"
QUOTED = b"<style>blockquote{display:none}</style>\n\nwords\n"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BACKENDS:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def stamper() -> kzmark.Stamper:
    return kzmark.Stamper(STATEMENT)


def samples() -> dict[str, bytes]:
    found = {"hiding.html": HIDING, "page.html": b"<!doctype html><p>w", "hiding.md": QUOTED}
    for suffix in ("svg", "epub"):
        found[f"a.{suffix}"] = next(CLEAN.glob(f"*.{suffix}")).read_bytes()
    return found


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", sorted(samples()))
def test_what_nobody_can_look_at_is_not_stamped(
    name: str, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    source, target = tmp_path / name, tmp_path / f"out-{name}"
    source.write_bytes(samples()[name])

    with pytest.raises(BackendMissingError) as caught:
        stamper.stamp(source, target)
    assert "kzmark[" in caught.value.hint
    assert caught.value.source == str(source)
    assert sorted(tmp_path.iterdir()) == [source]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.srt", "a.vtt", "a.json", "a.csv"])
def test_plain_formats_need_no_backend(name: str, stamper: kzmark.Stamper) -> None:
    words = {"a.vtt": b"WEBVTT\n\n00:01.000 --> 00:03.000\nw\n", "a.json": b'{"a": 1}'}
    data = words.get(name, b"# words\n\nand more\n")

    done = stamper.stamp(data, name=name)

    report = kzmark.verify(done.data, name=name, record=done.record)
    assert report.verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.usefixtures("bare")
def test_answers_in_html_need_the_eyes_for_it(stamper: kzmark.Stamper) -> None:
    with pytest.raises(BackendMissingError):
        stamper.text("<style>div{display:none}</style>", format="html")
    with pytest.raises(BackendMissingError):
        list(stamper.text(iter(["a"]), format="html"))
    assert stamper.text("**a**", format="markdown").text


QUOTE = "> **[ЖИ · AI]** {}\n\nmore\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Words.", True),
        ("Words *that* lean, and_so_on!", True),
        ("[a](words 'Words')", False),
        ("&lt;Words", False),
        ("`Words`", False),
        ("<i hidden>Words</i>", False),
    ],
)
def test_a_first_paragraph_is_told_without_a_renderer_as_with_one(
    line: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> str:
        leaf = next(markdown.leaves(io.BytesIO(data), limits=DEFAULT_LIMITS))
        words = "".join(one.text for one in leaf.passages if not one.hidden)
        return "".join(one for one in words.partition("more")[0] if one.isalnum())

    markdown, data = cast("Legible", adapter("markdown")), QUOTE.format(line).encode()
    rendered = shown()
    for name in BACKENDS:
        monkeypatch.setitem(sys.modules, name, None)

    if told:
        assert shown() == rendered
    else:
        with pytest.raises(BackendMissingError):
            shown()


@pytest.mark.usefixtures("bare")
def test_a_notice_further_down_is_left_to_a_renderer(stamper: kzmark.Stamper) -> None:
    done = stamper.stamp(b"words\n", name="a.md")
    assert done.data is not None
    pushed = done.data.replace("> **[ЖИ".encode(), "> **[ЖИ · AI]** Other.\n\n> **[ЖИ".encode())

    found = {one.code for one in kzmark.verify(pushed, name="a.md").evidence}

    assert "notice.hidden" in found
