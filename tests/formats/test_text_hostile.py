"""Texts made to keep a reader busy: a megabyte of what looks like a beginning takes linear time.

No clock is read: with a step for each pair of letters, none of these would end within the tests.
"""

import contextlib
import io
from typing import Any

import pytest

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import KzmarkError, LimitExceededError
from kzmark.formats import _armour, _wrapper, adapter
from kzmark.formats.html import styles
from kzmark.formats.html.hiding import styled_away
from kzmark.formats.html.lengths import pixels
from kzmark.formats.html.page import Page
from kzmark.formats.text import WRAPPED
from kzmark.formats.vtt import NOTED

SIZE = 1 << 20
BEGIN, END = "-----BEGIN C2PA MANIFEST-----", "-----END C2PA MANIFEST-----"
BLOCKS = {
    "begins": BEGIN,
    "begins on lines": f"{BEGIN}\n",
    "blocks on one line": f"{BEGIN} x {END}",
    "blocks on lines": f"{BEGIN} data:x {END}\n",
    "ends": END,
    "carriage returns": f"\r{BEGIN}",
}
HEAD = "<!doctype html><html><head><title>T</title>"
PAGES = {
    "comments without end": "<!--",
    "sections without end": "<![CDATA[ >",
    "sections that nobody knows": "<![unknown[ >",
    "tags without end": "<a ",
    "end tags without end": "</a ",
    "values without end": "<a b='",
    "references that are none": "&#;",
    "instructions": "<?",
    "stores that are open": '<script type="application/c2pa">',
}


def filled(piece: str, before: str = "", after: str = "") -> bytes:
    return (before + piece * (SIZE // len(piece)) + after).encode()


def survey(name: str, data: bytes) -> Any:
    carrier: Any = {"text": WRAPPED, "vtt": NOTED}.get(name) or adapter(name)
    return carrier.survey(data, limits=DEFAULT_LIMITS)


@pytest.mark.parametrize("name", ["markdown", "vtt"])
@pytest.mark.parametrize("kind", BLOCKS)
def test_a_heap_of_delimiters_is_counted_and_not_matched(kind: str, name: str) -> None:
    data = filled(BLOCKS[kind], "WEBVTT\n\n")

    assert survey(name, data).fault[0] == _armour.MULTIPLE


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_that_are_taken_out_are_gone_over_once(kind: str) -> None:
    text = filled(BLOCKS[kind]).decode()
    rest = _armour.without(text)

    assert (BEGIN in rest and END in rest) is False
    assert len(rest) in {0, len(text)}


def test_a_long_gap_in_a_block_is_gone_over_once() -> None:
    for gap in (" ", "\n", "\t", "\r\n"):
        data = filled(gap, f"{BEGIN} x", f"y {END}")

        assert survey("markdown", data).fault[0] == _armour.MALFORMED


@pytest.mark.parametrize("piece", ["\ufeff", "\ufe00", _wrapper.BEGINS])
def test_a_heap_of_letters_that_nobody_sees_is_gone_over_once(piece: str) -> None:
    data = filled(piece, _wrapper.BEGINS)

    assert survey("text", data).fault[0] == _wrapper.CORRUPTED
    assert not _wrapper.begins_in(_wrapper.without(data))


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("after", ["", ">", "</head><body>x"])
def test_pages_of_beginnings_are_read_in_one_go(kind: str, after: str) -> None:
    data = filled(PAGES[kind], HEAD, after)

    page = Page.read(io.BytesIO(data), limits=DEFAULT_LIMITS)

    assert len(HEAD) <= page.body <= len(data)


def test_elements_of_a_head_that_are_left_open_are_closed_in_one_go() -> None:
    data = (HEAD + "<template>" * 60_000 + "</div>" * 60_000 + "</template><p>x").encode()
    page = Page.read(io.BytesIO(data), limits=DEFAULT_LIMITS)

    assert page.plain.text[page.body :] == "<p>x"


def test_references_that_are_none_do_not_end_the_page() -> None:
    data = f"{HEAD}<meta content='&#;'></head><body>&#; &#x; &#12a <p>x</p></body>".encode()
    page = Page.read(io.BytesIO(data), limits=DEFAULT_LIMITS)

    assert page.plain.text[page.body :].startswith("&#; ")
    assert page.plain.text[page.head :].startswith("</head>")


@pytest.mark.parametrize(
    "value",
    ["1" * SIZE, "1" * SIZE + "!", "calc(1 " + " " * SIZE + "x)", "a" * SIZE, "scale(" * 9999],
)
def test_long_values_say_nothing(value: str) -> None:
    assert pixels(value, 16.0) is None
    assert styled_away({"transform": value, "text-indent": value}, 16.0) == ""


@pytest.mark.parametrize(
    "sheet",
    [
        "&&&&&&&&{color:red;" * 12,
        "a,b,c,d,e,f,g,h{color:red;" * 12,
        "p," * 60_000 + "p{color:red}",
    ],
)
def test_selectors_that_multiply_are_refused(sheet: str) -> None:
    pytest.importorskip("selectolax", reason="selectolax is not installed")
    data = f"{HEAD}<style>{sheet}</style></head><body><p>x".encode()

    with pytest.raises(LimitExceededError):
        list(adapter("html").leaves(io.BytesIO(data), limits=DEFAULT_LIMITS))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "style", ["width:" + "1" * 5000, "inset:" + "(" * 20_000, "color:" + "var(--a," * 20_000]
)
def test_styles_beyond_what_is_read_are_an_error_of_ours(style: str) -> None:
    pytest.importorskip("selectolax", reason="selectolax is not installed")
    data = f"{HEAD}</head><body><p style='{style}'>x".encode()

    with contextlib.suppress(KzmarkError):
        list(adapter("html").leaves(io.BytesIO(data), limits=DEFAULT_LIMITS))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("part", "classes"), [(":where(", 100_000), (":where(a)", 0)])
def test_a_long_selector_is_weighed_in_one_go(part: str, classes: int) -> None:
    assert styles.specificity("p" + part * 100_000) == (0, classes, 1)
