"""HTML: words before all others, nothing else touched, and nothing hides them unnoticed."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import KzmarkError, UnknownFormatError, UnsupportedMediaError
from kzmark.formats import adapter
from kzmark.formats._colour import parse
from kzmark.formats.html import styles
from kzmark.formats.html.page import Page
from kzmark.report import Evidence, Status
from kzmark.sniff import sniff
from kzmark.testing import INSCRIPTION, example_mark
from kzmark.vocabulary import Layer

pytest.importorskip("selectolax", reason="selectolax is not installed")

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
HTML = adapter("html")
STATEMENT = kzmark.Statement(
    system=kzmark.System(name="TextGen", version="1"),
    responsible=kzmark.Responsible(name="ТОО Пример"),
)
PAGE = (
    "<!doctype html><html><head><title>T</title>{head}</head>"
    "<body{body}>{before}<p>Text.</p>{after}"
)
OURS = re.compile(rb"<(\w+) data-kzmark.*?(?:</\1>|(?<=meta)[^>]*>)", re.DOTALL)


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    from kzmark.signing.identity import new_identity

    return kzmark.Stamper(STATEMENT, identity=new_identity(tmp_path_factory.mktemp("id") / "id"))


def page(head: str = "", body: str = "", before: str = "", after: str = "") -> bytes:
    return PAGE.format(head=head, body=body, before=before, after=after).encode()


def inscribed(data: bytes) -> bytes:
    target = io.BytesIO()
    HTML.inscribe(io.BytesIO(data), target, INSCRIPTION, limits=DEFAULT_LIMITS)  # type: ignore[attr-defined]
    return target.getvalue()


def judged(data: bytes) -> Evidence:
    from kzmark.notices import words
    from kzmark.profile import load

    leaves = HTML.leaves(io.BytesIO(data), limits=DEFAULT_LIMITS)  # type: ignore[attr-defined]
    mark = example_mark(HTML)
    texts = tuple(line.text for line in INSCRIPTION.lines)
    return words.find(
        leaves,
        profile=load(),
        mark=kzmark.Mark.from_dict(
            mark.to_dict() | {"notice": {"languages": ["kk", "ru"], "texts": list(texts)}}
        ),
    )


@pytest.mark.parametrize(
    "data",
    [
        page(),
        b"<!doctype html><title>T</title><p>Bare.",
        b"<html><body class='a'>Words at once",
        b"<html><head></head><body\n id=x >\n<h1>T</h1>",
        b"<!-- a comment <body> --><html><head><script>var a = '<body>'</script></head><p>x",
        b"<html>Just words &amp; no head",
        "<!doctype html><p>Жел".encode("utf-16"),
        b"\xef\xbb\xbf<!doctype html>\r\n<body>\r\n<p>x\r\n",
    ],
)
def test_the_rest_of_a_page_keeps_its_bytes(data: bytes) -> None:
    target = io.BytesIO()
    HTML.write(io.BytesIO(inscribed(data)), target, example_mark(HTML), limits=DEFAULT_LIMITS)
    ours = Page.read(target, limits=DEFAULT_LIMITS)
    rest = ours.edited((start, stop, "") for start, stop, _ in ours.ours)

    assert rest == data
    assert judged(target.getvalue()).status is Status.PRESENT


@given(text=st.text(st.sampled_from("<>/=!-\"'& abodyhetil\n"), max_size=120))
def test_no_tag_soup_is_lost(text: str) -> None:
    data = b"<html>" + text.encode()
    try:
        done = inscribed(data)
    except KzmarkError:
        return
    ours = Page.read(io.BytesIO(done), limits=DEFAULT_LIMITS)

    assert ours.edited((a, b, "") for a, b, _ in ours.ours) == data


def test_an_old_encoding_keeps_its_bytes_and_shows_kazakh_letters() -> None:
    data = (CLEAN / "old.htm").read_bytes()
    done = inscribed(data)

    assert b"&#1199;" in done  # ү
    assert done.replace(OURS.search(done)[0], b"") == data  # type: ignore[index]
    assert judged(done).status is Status.PRESENT


def test_a_frameset_is_refused() -> None:
    with pytest.raises(UnsupportedMediaError, match="frameset"):
        inscribed(b"<html><frameset cols=50%><frame src=a></frameset>")


HIDDEN = {
    "display": page(head="<style>body{display:none}</style>"),
    "visibility is outdone, opacity is not": page(head="<style>html{opacity:0}</style>"),
    "class": page(head="<style>.x{display:none!important}</style>", body=' class="x"'),
    "inline": page(body=' style="display:none"'),
    "filter": page(head="<style>html{filter:opacity(0)}</style>"),
    "clip": page(head="<style>body{clip-path:inset(100%)}</style>"),
    "pushed away": page(head="<style>body{position:absolute;left:-9999px}</style>"),
    "moved": page(head="<style>body{transform:translateY(-2000px)}</style>"),
    "scaled": page(head="<style>body{transform:scale(0.01)}</style>"),
    "no room": page(head="<style>body{height:0;overflow:hidden}</style>"),
    "media": page(head="<style>@media screen{body{display:none}}</style>"),
    "nested": page(head="<style>html{& body{opacity:.01}}</style>"),
    "layered": page(head="<style>@layer a{body{display:none}}</style>"),
    "hidden attribute": page(body=" hidden"),
    "masked": page(head="<style>body{mask-image:linear-gradient(transparent,transparent)}</style>"),
    "content": page(head="<style>body{content-visibility:hidden}</style>"),
    "faint": page(head="<style>body{opacity:.25}</style>"),
}
AROUND = {
    "template": ("<template>", "</template>"),
    "noscript": ("<noscript>", "</noscript>"),
    "details": ("<details><summary>More</summary>", "</details>"),
    "hidden": ("<div hidden>", "</div>"),
    "none": ('<div style="display:none">', "</div>"),
    "clipped": ('<div style="position:absolute;clip:rect(0 0 0 0)">', "</div>"),
    "dialog": ("<dialog>", "</dialog>"),
    "textarea": ("<textarea>", "</textarea>"),
    "comment": ("<!--", "-->"),
    "iframe": ("<iframe>", "</iframe>"),
}
STYLED = {
    "white on white": ("color:#fff!important;background:#fff!important", "notice.too-faint"),
    "transparent": ("color:transparent!important", "notice.too-faint"),
    "grey on grey": ("color:#777!important;background:#888!important", "notice.too-faint"),
    "1 px": ("font-size:1px!important", "notice.too-small"),
    "0.2em": ("font-size:.2em!important", "notice.too-small"),
    "hidden": ("visibility:hidden!important", "notice.hidden"),
    "indented": ("text-indent:-9999px!important", "notice.hidden"),
    "display": ("display:none!important", "notice.hidden"),
}


STYLES = """
text-indent:100vw;white-space:nowrap;overflow:hidden
position:absolute;left:9999px
position:fixed;top:-100vh
position:absolute;inset:-9999px auto auto -9999px
position:absolute;inset-inline-start:-9999px
margin:0 0 0 -9999px
margin-inline-start:-9999px
padding-left:9999px;overflow:hidden
vertical-align:-9999px;display:inline-block
font-size:0
font:1px/1 serif
font-size:calc(2px - 1px)
font-size:min(1px, 2em)
font-size-adjust:0.01
color:#fff;background:#fff
color:rgba(0,0,0,0.05)
color:hsl(0 0% 98%)
color:oklch(0.99 0 0)
color:var(--c);--c:white
-webkit-text-fill-color:transparent
opacity:calc(1 - 0.99)
visibility:collapse
clip:rect(1px 1px 1px 1px);position:absolute
clip-path:circle(0)
-webkit-clip-path:inset(100%)
width:10px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis
max-block-size:0;overflow:hidden
line-height:0;overflow:hidden
contain:size;overflow:hidden
transform:translateX(-9999px)
translate:-9999px
transform:scale3d(0,0,0)
transform:rotateY(90deg)
rotate:x 90deg
transform:matrix(0,0,0,0,0,0)
transform:skewX(90deg)
zoom:1%
filter:blur(20px)
mask:linear-gradient(transparent,transparent)
content-visibility:hidden
z-index:-1;position:relative
letter-spacing:-1em
word-spacing:9999px
offset-path:path('M -9999 -9999')
-webkit-text-security:disc
unicode-bidi:bidi-override;direction:rtl
"""
AWAY = [line for line in STYLES.splitlines() if line]
ROUND = {
    "popover": ("<div popover>", "</div>"),
    "shadow tree": ("<div><template shadowrootmode=open>x</template>", "</div>"),
    "closed inside open": ("<details open><details>", "</details></details>"),
    "white letters": ('<font color="#ffffff">', "</font>"),
    "letters turned round": ("<bdo dir=rtl>", "</bdo>"),
    "small in small": ("<sub><sub><sub><sub><sub><sub>", "</sub></sub></sub></sub></sub></sub>"),
    "not for readers": ("<ruby>a<rp>", "</rp></ruby>"),
    "first line": ("<style>#q::first-line{font-size:0}</style><p id=q>", "</p>"),
    "media": ("<style>@media (min-width:1px){#q{display:none}}</style><p id=q>", "</p>"),
    "supports": ("<style>@supports (top:0){#q{display:none}}</style><p id=q>", "</p>"),
    "has": ("<style>body:has(p) #q{display:none}</style><p id=q>", "</p>"),
    "escaped": (r"<style>#q{d\69splay:n\6fne}</style><p id=q>", "</p>"),
    "variable": ("<style>:root{--d:none}#q{display:var(--d)}</style><p id=q>", "</p>"),
    "sheet in an address": (
        '<link rel=stylesheet href="data:text/css,%23q{display:none}"><p id=q>',
        "</p>",
    ),
    "sheet in base64": (
        '<link rel=stylesheet href="data:text/css;base64,I3F7ZGlzcGxheTpub25lfQ=="><p id=q>',
        "</p>",
    ),
    "imported": ('<style>@import "data:text/css,%23q{display:none}";</style><p id=q>', "</p>"),
    "animated": (
        "<style>@keyframes g{to{opacity:0}}#q{animation:g 1s forwards}</style><p id=q>",
        "</p>",
    ),
    "covered": ("", '<div style="position:fixed;inset:0;background:#fff"></div>'),
    "covered by its place": (
        "",
        '<div style="position:absolute;top:0;width:100%;height:100vh;background:#eee"></div>',
    ),
    "covered by a picture": (
        "",
        '<img src=a style="position:fixed;top:0;left:0;width:100vw;height:100vh">',
    ),
}
SEEN = {
    "aria-hidden": ('<div aria-hidden="true">', "</div>"),
    "inert": ("<div inert>", "</div>"),
    "open details": ("<details open>", "</details>"),
    "calc": ('<div style="font-size:calc(1rem + .2vw);margin-left:calc(50% - 20px)">', "</div>"),
    "a ground in a box": (
        "",
        '<p style="position:relative"><i style="position:absolute;inset:0;background:red"></i></p>',
    ),
    "a cover that is not shown": (
        "",
        '<div style="position:fixed;inset:0;background:#fff;display:none"></div>',
    ),
    "a bar": (
        "",
        '<div style="position:fixed;bottom:0;width:100%;height:80px;background:red"></div>',
    ),
    "fading in": ("<style>@keyframes f{from{opacity:0}}p{animation:f 1s}</style><p>", "</p>"),
    "for paper": ("<style media=print>p{display:none}</style><p>", "</p>"),
    "a variable without a value": ('<div style="color:var(--ink, #111)">', "</div>"),
}


@pytest.mark.parametrize("style", AWAY)
def test_every_way_to_style_words_away_is_seen_through(style: str) -> None:
    by_rule = page(head=f"<style>#n{{{style}}}</style>", before=f"<p id=n>{INSCRIPTION.text}</p>")

    for data in (page(before=f'<div style="{style}">{INSCRIPTION.text}</div>'), by_rule):
        assert judged(data).status is Status.BROKEN


@pytest.mark.parametrize("name", ROUND)
def test_every_way_to_put_words_out_of_sight_is_seen_through(name: str) -> None:
    before, after = ROUND[name]

    assert judged(page(before=f"{before}{INSCRIPTION.text}{after}")).status is not Status.PRESENT


@pytest.mark.parametrize("name", SEEN)
def test_what_hides_nothing_is_not_accused(name: str) -> None:
    before, after = SEEN[name]

    assert judged(page(before=f"{before}{INSCRIPTION.text}{after}")).status is Status.PRESENT


def test_our_notice_lies_over_whatever_covers_a_page() -> None:
    cover = '<div style="position:fixed;inset:0;z-index:99999;background:#fff">Loading</div>'

    assert judged(inscribed(page(after=cover))).status is Status.PRESENT


@pytest.mark.parametrize("name", HIDDEN)
def test_a_page_that_hides_its_notice_is_not_perceivable(name: str) -> None:
    seen = judged(inscribed(HIDDEN[name]))

    assert seen.status is Status.BROKEN
    assert seen.code in {"notice.hidden", "notice.too-faint"}


@pytest.mark.parametrize("name", AROUND)
def test_a_notice_inside_what_shows_nothing_is_hidden(name: str) -> None:
    before, after = AROUND[name]
    done = inscribed(page())
    notice = OURS.search(done)[0]  # type: ignore[index]
    seen = judged(done.replace(notice, before.encode() + notice + after.encode()))

    assert seen.status is not Status.PRESENT


@pytest.mark.parametrize("name", STYLED)
def test_a_notice_styled_away_is_told_of(name: str) -> None:
    style, code = STYLED[name]
    plain = f'<div style="{style}">{INSCRIPTION.text}</div>'
    by_sheet = page(head=f"<style>#n{{{style}}}</style>", before=f"<p id=n>{INSCRIPTION.text}</p>")

    assert judged(page(before=plain)).code == code
    assert judged(by_sheet).code == code


@pytest.mark.parametrize(
    "head",
    [
        (
            "<style>div{display:none} b,span{visibility:hidden!important;font-size:1px!important}"
            "</style>"
        ),
        (
            "<style>*{color:red!important;background:red!important;opacity:0!important}"
            "body,html{opacity:1!important}</style>"
        ),
        "<style>@media print{body{display:none}}</style>",
        "<style>body{visibility:hidden}</style>",
        "<style>body:hover{display:none} p::before{display:none}</style>",
        "<style>body{display:none} body{display:block}</style>",
        "<style>@import url(a.css);} broken { { color</style>",
    ],
)
def test_sheets_that_do_not_reach_the_notice_leave_it_seen(head: str) -> None:
    assert judged(inscribed(page(head=head))).status is Status.PRESENT


def test_words_after_a_long_text_come_late() -> None:
    seen = judged(page(before="<p>" + "word " * 200 + "</p>", after=f"<p>{INSCRIPTION.text}</p>"))

    assert seen.code == "notice.late"


@pytest.mark.parametrize(
    ("selector", "weight"),
    [
        ("*", (0, 0, 0)),
        ("p", (0, 0, 1)),
        ("p.a", (0, 1, 1)),
        ("#a .b", (1, 1, 0)),
        (":where(#a) p", (0, 0, 1)),
        ("ul li:hover", (0, 1, 2)),
    ],
)
def test_selectors_weigh_what_the_specification_says(
    selector: str, weight: tuple[int, int, int]
) -> None:
    assert styles.specificity(selector) == weight


def test_others_disclosures_are_told_and_then_replaced(stamper: kzmark.Stamper) -> None:
    data = page(head='<meta name="ai-disclosure" content="none">')
    (piece,) = HTML.read(io.BytesIO(data), limits=DEFAULT_LIMITS)
    done = stamper.stamp(data).data

    assert piece.facts["ai-disclosure"] == "none"
    assert done is not None
    assert done.count(b"ai-disclosure") == 1
    assert b'content="ai-generated"' in done


def test_a_page_is_stamped_and_verified(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    source, target = tmp_path / "страница.html", tmp_path / "done.html"
    source.write_bytes((CLEAN / "page.html").read_bytes())
    done = stamper.stamp(source, target)
    report = kzmark.verify(target)

    assert report.verdict.value == "compliant"
    assert Layer.TEXT in done.layers
    assert not stamper.stamp(target, target).changed


@pytest.mark.parametrize(
    "piece", [b" ", b"\n ", b"<!--a-->", b"<!-- ", b"<?xml?>", b"<?x ", b"\t<!---->"]
)
def test_a_head_of_one_thing_only_is_no_puzzle(piece: bytes) -> None:
    """Patterns with two ways to read a blank or a comment would try all of them: for ever."""
    data = piece * 3_000

    with pytest.raises(UnknownFormatError):
        sniff(io.BytesIO(data + b"words"))


def test_a_colour_that_pillow_used_before_is_still_known() -> None:
    white = parse("white")
    Image.new("RGB", (1, 1), "white")

    assert parse("white") == white == (255, 255, 255, 1.0)


def test_the_dark_ground_is_printed_where_browsers_leave_backgrounds_out() -> None:
    found = re.search(rb'data-kzmark="notice"[^>]* style="([^"]*)"', inscribed(page()))

    assert found is not None
    assert b"background:#12161c" in found[1]
    assert b";print-color-adjust:exact!important" in found[1]
