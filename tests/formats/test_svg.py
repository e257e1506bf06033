"""SVG: the notice and the packet spliced in, others' bytes untouched, outside readers agree."""

import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import encypher_c2pa
import pytest
from tests.conftest import make_mark

from kzmark._limits import DEFAULT_LIMITS as LIMITS
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Drawing, Draws, Pictures, Rectangle, Words
from kzmark.formats.layers import xmp
from kzmark.formats.svg import ADAPTER
from kzmark.formats.svg.letters import letters
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity, new_identity
from kzmark.testing import AdapterContract

NS = 'xmlns="http://www.w3.org/2000/svg"'
SVG = "{http://www.w3.org/2000/svg}"
SHAPE = '<rect width="100" height="60" fill="orange"/>'
DOCTYPE = (
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
)
PACKET = xmp.merge(b"", make_mark(), limits=LIMITS).decode()
CLEAN = {
    "flexible": f'<svg {NS} viewBox="0 0 100 60">{SHAPE}</svg>',
    "declared": f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->{DOCTYPE}\n'
    f'<svg {NS} width="100" height="60">\n{SHAPE}\n</svg>\n<!-- b -->\n',
    "self-closing": f'<svg {NS} width="100" height="60"/>',
    "spaced": f"<svg {NS}\n  width = \"100\"\n  height='60'\n>{SHAPE}</svg  >",
    "prefixed": f'<s:svg xmlns:s="{SVG[1:-1]}" viewBox="0 0 9 9"><s:g/></s:svg>',
    "nested": f'<svg {NS} viewBox="0 0 9 9"><svg><metadata>n</metadata>{SHAPE}</svg></svg>',
    "switch": f'<svg {NS} viewBox="0 0 9 9"><switch><g systemLanguage="kk"/>{SHAPE}</switch></svg>',
    "quotes": f'<svg {NS} viewBox="0 0 9 9" data-x="a>b" data-y=\'"/>\'>{SHAPE}</svg>',
    "cdata": f'<svg {NS} viewBox="0 0 9 9"><style><![CDATA[a > b {{}} </svg>]]></style></svg>',
    "references": f'<svg {NS} viewBox="0 0 9 9"><text>&lt;/svg&gt; &#x416; &amp;</text></svg>',
    "script": f'<svg {NS} viewBox="0 0 9 9"><script>if (a &lt; b) "x"</script>{SHAPE}</svg>',
    "metadata": f'<svg {NS} viewBox="0 0 9 9"><metadata id="m">theirs</metadata>{SHAPE}</svg>',
    "no metadata": f'<svg {NS} viewBox="0 0 9 9"><metadata/>{SHAPE}<metadata /></svg>',
    "two metadata": f'<svg {NS} viewBox="0 0 9 9"><metadata/><metadata>1</metadata>{SHAPE}'
    "<metadata>2</metadata></svg>",
    "work": f'<svg {NS} xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" viewBox="0 0 9 9">'
    '<metadata><rdf:RDF><cc:Work xmlns:cc="http://creativecommons.org/ns#" rdf:about=""/></rdf:RDF>'
    f"</metadata>{SHAPE}</svg>",
}
each_clean = pytest.mark.parametrize("clean", CLEAN.values(), ids=CLEAN.keys())


class TestSvgContract(AdapterContract):
    adapter = ADAPTER
    clean = tuple(CLEAN[name].encode() for name in ("declared", "self-closing", "two metadata"))


def plate(width: float, height: float, *, grow: float = 0.0) -> Drawing:
    """A dark plate over the lower left quarter, or a band under the picture."""
    across, down = (width, grow) if grow else (width / 2, height / 2)
    size = down / 4
    lines = (("ЖИ жасаған", "kk"), ('Создано <ИИ> & "ко"', "ru"))
    return Drawing(
        x=0,
        y=height if grow else height / 2,
        width=across,
        height=down,
        grow=grow,
        rectangles=(Rectangle(box=(0, 0, across, down), fill=(18, 22, 28)),),
        words=tuple(
            Words(
                text=text,
                language=language,
                x=across / 10,
                baseline=size * (1.4 + 1.5 * number),
                width=across * 0.8,
                size=size,
                bold=number == 0,
                fill=(255, 255, 255),
            )
            for number, (text, language) in enumerate(lines)
        ),
    )


def drawn(data: bytes | str, *, grow: float = 0.0) -> bytes:
    source = io.BytesIO(data.encode() if isinstance(data, str) else data)
    target = io.BytesIO()
    ADAPTER.draw(source, target, lambda w, h: plate(w, h, grow=grow), limits=LIMITS)
    return target.getvalue()


def written(data: bytes | str, mark: Mark | None = None) -> bytes:
    source = io.BytesIO(data.encode() if isinstance(data, str) else data)
    target = io.BytesIO()
    ADAPTER.write(source, target, mark or make_mark(), limits=LIMITS)
    return target.getvalue()


def marks(data: bytes) -> list[Mark | None]:
    return [found.mark for found in ADAPTER.read(io.BytesIO(data), limits=LIMITS)]


def without_ours(data: bytes) -> bytes:
    """Take out what kzmark adds, textually, to compare the rest byte for byte."""
    data = re.sub(rb'<g xmlns="[^"]+" id="kzmark-notice".*?</g>\n', b"", data, flags=re.DOTALL)
    packet = rb"<\?xpacket begin.*?<\?xpacket end=\"w\"\?>"
    data = re.sub(
        rb"<((?:s:)?)metadata>" + packet + rb"</\1metadata>\n", b"", data, flags=re.DOTALL
    )
    return re.sub(packet, b"", data, flags=re.DOTALL)


def collapsed(text: str) -> str:
    """Write elements with nothing in them as one tag: an empty one must be opened to be filled."""
    text = re.sub(r"<((?:s:)?svg|metadata)([^<>]*)></\1>", r"<\1\2/>", text)
    return re.sub(r" */>", "/>", text)


def test_it_draws_and_shows_but_does_not_paint() -> None:
    assert isinstance(ADAPTER, Draws)
    assert isinstance(ADAPTER, Pictures)


@each_clean
def test_notice_and_mark_are_added_and_nothing_else_changes(clean: str) -> None:
    whole = written(drawn(clean))

    assert marks(whole) == [make_mark()]
    rest = without_ours(whole).decode()
    rest = rest.replace("<g><metadata>2</metadata></g>", "<metadata>2</metadata>")
    assert collapsed(rest) == collapsed(clean)


@each_clean
def test_doing_it_again_changes_nothing(clean: str) -> None:
    once = written(drawn(clean))
    twice = written(drawn(once))

    assert once == twice


@each_clean
@pytest.mark.parametrize("grow", [0.0, 30.0])
def test_the_notice_is_the_last_element_and_real_text(clean: str, grow: float) -> None:
    root = ET.fromstring(written(drawn(clean, grow=grow)))
    notice = root[-1]

    assert (notice.tag, notice.get("id"), notice.get("role")) == (
        f"{SVG}g",
        "kzmark-notice",
        "note",
    )
    assert notice.get("aria-label") == 'ЖИ жасаған Создано <ИИ> & "ко"'
    texts = notice.findall(f"{SVG}text")
    assert ["".join(text.itertext()) for text in texts] == ["ЖИ жасаған", 'Создано <ИИ> & "ко"']
    languages = [text.get("{http://www.w3.org/XML/1998/namespace}lang") for text in texts]
    assert languages == ["kk", "ru"]
    for text in texts:
        assert text.get("lengthAdjust") == "spacingAndGlyphs"
        assert "font-family:'PT Sans'," in (text.get("style") or "")


def test_a_group_that_only_bears_the_name_of_the_notice_is_left_alone() -> None:
    theirs = f'<svg {NS} viewBox="0 0 9 9"><g id="kzmark-notice">{SHAPE}</g></svg>'

    assert SHAPE.encode() in drawn(theirs)


def test_every_part_of_the_notice_shuts_the_documents_style_out() -> None:
    root = ET.fromstring(drawn(CLEAN["flexible"]))
    parts = [one for one in root[-1].iter() if one.tag not in {f"{SVG}title", f"{SVG}style"}]

    assert {one.tag for one in parts} == {f"{SVG}{name}" for name in ("g", "rect", "text", "tspan")}
    for part in parts:
        declarations = (part.get("style") or "").split(";")
        assert declarations[0] in {"all:initial!important", "all:unset!important"}
        assert all(one.endswith("!important") for one in declarations)


def test_the_rules_of_the_notice_are_for_the_notice_alone() -> None:
    root = ET.fromstring(drawn(CLEAN["flexible"]))

    rules = (root[-1].findtext(f"{SVG}style") or "").split("}")[:-1]

    selectors = [one for rule in rules for one in rule.partition("{")[0].split(",")]
    assert selectors
    assert all(one.startswith("#kzmark-notice ") for one in selectors)


def test_letters_stand_in_order_where_the_shipped_font_has_them() -> None:
    root = ET.fromstring(drawn(CLEAN["flexible"]))
    first, _ = root[-1].findall(f"{SVG}text")

    places = [float(letter.get("x") or "") for letter in first]

    left, width = 5.0, 40.0  # of the plate that the tests draw in a picture of 100 by 60
    assert len(places) == len("ЖИ жасаған")
    assert places == sorted(places)
    assert left < places[0] < left + width / 6
    assert left + width * 5 / 6 < places[-1] < left + width


def test_an_accent_stays_with_its_letter() -> None:
    found = [one.text for one in letters("й\u0301а\u0308!", bold=False)]

    assert found == ["й\u0301", "а\u0308", "!"]
    assert letters("", bold=True) == ()


def test_the_notice_of_an_icon_takes_few_bytes() -> None:
    clean = f'<svg {NS} viewBox="0 0 24 24">{SHAPE}</svg>'

    assert len(drawn(clean)) - len(clean) < 5_000


@each_clean
def test_a_notice_with_a_band_is_replaced_by_one_without_as_if_it_had_never_been(
    clean: str,
) -> None:
    assert drawn(drawn(clean, grow=40)) == drawn(clean)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "windows-1251", "koi8-r"])
def test_other_encodings_become_utf8_with_all_their_letters(encoding: str) -> None:
    name = "" if encoding.startswith("utf") else f' encoding="{encoding}"'
    head = f'<?xml version="1.0"{name}?>'
    clean = f"{head}<svg {NS} viewBox='0 0 9 9'><desc>Юрта</desc></svg>".encode(encoding)
    target = io.BytesIO()

    notes = ADAPTER.draw(io.BytesIO(clean), target, plate, limits=LIMITS)

    whole = written(target.getvalue())
    assert ("svg.now-utf-8" in notes) == (encoding != "utf-8-sig")
    assert ET.fromstring(whole)[0].text == "Юрта"
    assert "ЖИ жасаған" in whole.decode("utf-8")
    assert marks(whole) == [make_mark()]


@pytest.mark.parametrize(
    "packet",
    [
        PACKET,
        PACKET.partition("?>")[2].rpartition("<?xpacket")[0].strip(),
        "<rdf:RDF><rdf:Description dc:title='A yurt' rdf:about=''/></rdf:RDF>",
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>',
        '<?xpacket begin=""?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/"/>\n   <?xpacket end="r"?>',
    ],
)
def test_a_packet_of_others_takes_the_mark_even_with_namespaces_from_the_root(packet: str) -> None:
    clean = (
        f'<svg {NS} xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" viewBox="0 0 9 9"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><!--a-->{packet}<!--b--></metadata></svg>'
    )

    whole = written(clean)

    assert marks(whole) == [make_mark()]
    assert written(whole) == whole
    assert ("A yurt" in packet) == (b"A yurt" in whole)
    assert whole.count(b"<?xpacket") == 2
    assert b"<metadata><!--a--><?xpacket" in whole
    assert b"?><!--b--></metadata>" in whole


def test_a_work_description_that_is_no_packet_is_left_alone() -> None:
    found = ADAPTER.read(io.BytesIO(CLEAN["work"].encode()), limits=LIMITS)

    assert [one.status for one in found] == [Status.ABSENT]


def test_statements_of_others_come_as_facts() -> None:
    theirs = PACKET.replace(xmp.NAMESPACE, "urn:other#")

    (found,) = ADAPTER.read(
        io.BytesIO(f"<svg {NS}><metadata>{theirs}</metadata></svg>".encode()), limits=LIMITS
    )

    assert found.status is Status.ABSENT
    assert found.facts["AISystemUsed"] == "ImageGen"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"<svg/>",
        b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        f"<svg {NS}>".encode(),
        f"<svg {NS}/><svg {NS}/>".encode(),
        f'<!DOCTYPE svg [<!ENTITY a "b">]><svg {NS}>&a;</svg>'.encode(),
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg {NS}>&x;</svg>'.encode(),
        f"{DOCTYPE}<svg {NS}>&nbsp;</svg>".encode(),
        b"\x1f\x8b\x08\0rubbish",
        f'<svg {NS} viewBox="0 0 0 5"/>'.encode(),
        f'<svg {NS} width="0" height="5"/>'.encode(),
        f'<svg {NS} width="1e999" height="5"/>'.encode(),
    ],
)
def test_what_is_no_svg_with_an_area_is_malformed(bad: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        drawn(bad)


@pytest.mark.parametrize(
    "bad",
    [
        f"<svg {NS}>" + "<g>" * 200 + "</g>" * 200 + "</svg>",
        f"<svg {NS}>" + "<g/>" * 60_000 + "</svg>",
        f'<svg {NS} width="1e7" height="5"/>',
    ],
)
def test_too_deep_too_many_too_large_is_over_the_limits(bad: str) -> None:
    with pytest.raises(LimitExceededError):
        drawn(bad)


@pytest.mark.parametrize(
    "attribute",
    [
        'transform="scale(0)"',
        'opacity="0"',
        'display="none"',
        'clip-path="url(#a)"',
        'style="opacity:.01"',
        'style="fill:red;/* a */ TRANSFORM : translate(900px)!important"',
        'style="filter:url(#a)"',
        'mask="url(#a)"',
        'systemLanguage="xx"',
    ],
)
def test_a_root_that_would_hide_or_move_the_notice_is_refused(attribute: str) -> None:
    with pytest.raises(MalformedMediaError):
        drawn(f'<svg {NS} viewBox="0 0 9 9" {attribute}/>')


@pytest.mark.parametrize("attribute", ['style="display:block;fill-rule:evenodd"', 'opacity="1"'])
def test_a_root_with_harmless_properties_is_taken(attribute: str) -> None:
    assert b"kzmark-notice" in drawn(f'<svg {NS} viewBox="0 0 9 9" {attribute}/>')


@pytest.mark.parametrize(
    ("root", "notes"),
    [
        ('viewBox="0 0 9 9"', []),
        ('width="9" height="9" viewBox="0 0 9 9" preserveAspectRatio="xMidYMid slice"', []),
        ('viewBox="0 0 9 9" preserveAspectRatio="xMidYMid slice"', ["svg.window-may-crop"]),
        ("", ["svg.window-may-crop"]),
    ],
)
def test_it_is_said_where_a_window_may_cut_the_notice_off(root: str, notes: list[str]) -> None:
    data = f"<svg {NS} {root}></svg>".encode()

    assert ADAPTER.draw(io.BytesIO(data), io.BytesIO(), plate, limits=LIMITS) == notes


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (b"<svg xmlns=", True),
        (b"\n <!-- a --><?b?>\n<!DOCTYPE svg PUBLIC", True),
        (b"\xef\xbb\xbf<?xml version='1.0'?><s:svg ", True),
        ("<svg ".encode("utf-16"), True),
        ("<?xml version='1.0'?><svg ".encode("utf-16-be"), True),
        (b"<svgx>", False),
        (b"<html><svg ", False),
        (b"<!-- <svg > -->", False),
        (b"\x1f\x8b\x08", False),
        (b"<" * 4096, False),
        (b"<!-- " * 800, False),
    ],
)
def test_a_head_is_known_by_its_root_alone(head: bytes, *, known: bool) -> None:
    assert ADAPTER.confirm(head) is known


def test_a_compressed_svg_is_known_and_refused_with_advice() -> None:
    import gzip

    data = gzip.compress(CLEAN["flexible"].encode())

    assert ADAPTER.confirm(data)
    with pytest.raises(MalformedMediaError) as raised:
        ADAPTER.read(io.BytesIO(data), limits=LIMITS)
    assert "gunzip" in raised.value.hint


@pytest.mark.parametrize(
    ("part", "codes"),
    [
        ("", []),
        ("<script>1</script>", ["notice.scripted"]),
        ('<rect onclick="x()"/>', ["notice.scripted"]),
        ('<a href=" javascript:x()"/>', ["notice.scripted"]),
        ('<animate href="#kzmark-notice" attributeName="opacity" to="0"/>', ["notice.animated"]),
        ('<set attributeName="opacity" to="0"/>', ["notice.animated"]),
        ('<g><set attributeName="opacity" to="0"/></g>', []),
        ("<style>@import 'a.css';</style>", ["notice.restyled"]),
        ("<style>svg{animation:a} @keyframes a{}</style>", ["notice.restyled"]),
        ("<style>@font-face{font-family:'PT Sans';src:url(x)}</style>", ["notice.restyled"]),
        ('<image href="a.png"/>', []),
    ],
)
def test_what_no_still_picture_shows_is_told(part: str, codes: list[str]) -> None:
    data = drawn(f'<svg {NS} viewBox="0 0 9 9">{part}</svg>')

    found = ADAPTER.hidden_text(io.BytesIO(data), limits=LIMITS)

    assert [one.code for one in found] == codes
    assert {one.status for one in found} <= {Status.UNCHECKED}


@pytest.mark.parametrize("part", ["<foreignObject/>", '<use href="a.svg#b"/>'])
def test_what_only_a_browser_paints_over_the_notice_is_told(part: str) -> None:
    data = drawn(CLEAN["flexible"]).replace(b"</svg>", part.encode() + b"</svg>")

    found = ADAPTER.hidden_text(io.BytesIO(data), limits=LIMITS)

    assert [one.code for one in found] == ["notice.overlaid"]


def test_an_svg_cut_or_flipped_anywhere_raises_media_errors_only() -> None:
    whole = written(drawn(CLEAN["declared"], grow=20))
    flipped = [
        whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
        for at in range(0, len(whole), 31)
    ]

    for data in [*(whole[:length] for length in range(0, len(whole), 37)), *flipped]:
        for act in (drawn, written, marks):
            try:
                act(data)
            except MediaError:
                continue


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("svg") / "identity", organisation="ТОО Пример")


@each_clean
def test_signed_by_c2pa_it_is_valid_outside_and_our_layers_still_read(
    clean: str, identity: Identity
) -> None:
    data = clean.encode()
    for turn in range(2):  # a signed file is marked and signed again
        data = written(drawn(data), make_mark(owner=f"ТОО {turn}"))
        target = io.BytesIO()
        c2pa.sign(
            io.BytesIO(data),
            target,
            mark=make_mark(owner=f"ТОО {turn}"),
            mime="image/svg+xml",
            signer=c2pa.Signer(identity),
        )
        data = target.getvalue()

        told: dict[str, Any] = encypher_c2pa.verify(
            data,
            "image/svg+xml",
            trust_pem=identity.root,
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
        assert (told["integrity"], told["hard_binding"]) == ("valid", "match")
        assert data.count(b":manifest") == 2  # one start tag, one end tag
        assert marks(data) == [make_mark(owner=f"ТОО {turn}")]
        assert written(drawn(data), make_mark(owner=f"ТОО {turn}")) == data


def test_exiftool_reads_the_mark(tmp_path: Path) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    file = tmp_path / "a.svg"
    file.write_bytes(written(drawn(CLEAN["declared"])))

    told = json.loads(subprocess.check_output(["exiftool", "-json", "-G1", str(file)]))[0]

    assert told["XMP-iptcExt:AISystemUsed"] == "ImageGen"
    assert Mark.from_json(told["XMP-kz:Record"]) == make_mark()
    assert "ExifTool:Warning" not in told
