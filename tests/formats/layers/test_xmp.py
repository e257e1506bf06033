"""XMP: what we write, what we leave alone, what we make of others' packets."""

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark._limits import DEFAULT_LIMITS as LIMITS
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats.layers import xmp
from kzmark.formats.layers._xmp_packet import RDF, Packet
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.report import Status
from kzmark.vocabulary import Medium, Operation, SourceType, Training

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
KK, RU = "Жасанды интеллект жүйесі жасаған", "Создано системой искусственного интеллекта"
NAMESPACES = """xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:core="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:acme="https://acme.example/ns#"
 xmlns:aigc="http://www.tc260.org.cn/ns/AIGC/1.0/" xmlns:dcterms="http://purl.org/dc/terms/"
 xmlns:g="http://ns.adobe.com/xap/1.0/g/img/\""""
FOREIGN = f"""<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Others 1.0"><!-- theirs -->
 <rdf:RDF {NAMESPACES}>
  <rdf:Description rdf:about="uuid:1" ext:DigitalSourceType="{CAPTURE}" xmp:CreatorTool="Camera 5"
    acme:note="kept &amp; read">
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">A yurt</rdf:li></rdf:Alt></dc:description>
   <acme:deep rdf:parseType="Resource"><acme:a>1</acme:a></acme:deep>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:1">
   <ext:AISystemUsed>Other AI</ext:AISystemUsed>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:1" dcterms:provenance="https://acme.example/m.c2pa">
   <aigc:AIGC>{{"Label":"1"}}</aigc:AIGC>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
{" " * 2000}<?xpacket end='w'?>""".encode()


def a_mark(**changes: object) -> Mark:
    mark = Mark(
        mark_id=UUID(int=5),
        operation=Operation.CREATED,
        source_type=SourceType.TRAINED,
        medium=Medium.IMAGE,
        system=System(name="Qara <&\"'> ]]> Studio", version="2.1"),
        responsible=Responsible(name="ТОО «Пример»"),
        created=datetime(2026, 1, 18, tzinfo=UTC),
        profile="kz-2026.1",
        notice=NoticeRecord(languages=("kk", "ru"), texts=(KK, RU)),
        training=Training.PROHIBITED,
    )
    return replace(mark, **changes)  # type: ignore[arg-type]  # fields of a mark


def packet(body: str) -> bytes:
    """A packet with `body` inside its rdf:RDF."""
    rdf = f"<rdf:RDF {NAMESPACES}>{body}</rdf:RDF>"
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{rdf}</x:xmpmeta>'.encode()


def recorded(record: str) -> str:
    """A description of ours that holds `record` and nothing else."""
    return (
        f'<rdf:Description xmlns:kz="{xmp.NAMESPACE}">'
        f"<kz:Record>{escape(record)}</kz:Record></rdf:Description>"
    )


def alt_text(**items: str) -> bytes:
    entries = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>'
        for language, text in items.items()
    )
    return packet(
        "<rdf:Description><core:AltTextAccessibility><rdf:Alt>"
        f"{entries}</rdf:Alt></core:AltTextAccessibility></rdf:Description>"
    )


def exiftool(data: bytes, folder: Path, *options: str) -> dict[str, Any]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    (folder / "a.xmp").write_bytes(data)
    command = ["exiftool", "-json", "-G1", *options, str(folder / "a.xmp")]
    found: dict[str, Any] = json.loads(subprocess.check_output(command))[0]
    return found


PACKETS = {
    "nothing": b"",
    "padding": b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>   \n <?xpacket end="w"?>',
    "nul": b"\0" * 20,
    "foreign": FOREIGN,
    "bare": packet("")[len('<x:xmpmeta xmlns:x="adobe:ns:meta/">') : -len("</x:xmpmeta>")],
    "empty meta": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    "empty rdf": packet(""),
    "declared": b"<?xml version='1.0' encoding='UTF-8'?>\n" + packet("<rdf:Description/>"),
    "latin": b'<?xml version="1.0" encoding="iso-8859-1"?>'
    + packet("<rdf:Description acme:n='\u00e9'/>").decode().encode("latin-1"),
    "utf-8 mark": b"\xef\xbb\xbf" + FOREIGN,
    "utf-16 le": FOREIGN.decode().encode("utf-16-le"),
    "utf-16 be": FOREIGN.decode().encode("utf-16-be") + b"\0\0\0",
    "utf-16": FOREIGN.decode().encode("utf-16"),
    "utf-32": FOREIGN.decode().encode("utf-32"),
    "behind": FOREIGN + b"\0\0\xff\xfe rubbish",
    "alt": alt_text(x_default="A yurt", en="A yurt", ru="Юрта"),
    "mixed": packet("<rdf:Description ext:AISystemUsed='x'>odd<acme:a/>odd</rdf:Description>"),
}
each_packet = pytest.mark.parametrize("data", PACKETS.values(), ids=PACKETS.keys())


@each_packet
def test_a_mark_merged_is_read_again_and_merging_twice_is_merging_once(data: bytes) -> None:
    once = xmp.merge(data, a_mark(), limits=LIMITS)
    twice = xmp.merge(once, a_mark(), limits=LIMITS)

    found = xmp.judge(once, limits=LIMITS)
    assert (found.status, found.code, found.mark) == (Status.PRESENT, "", a_mark())
    assert once == twice
    assert once.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert once.endswith(b'<?xpacket end="w"?>')


@each_packet
def test_replacing_a_mark_leaves_nothing_of_the_old_one(data: bytes) -> None:
    old = a_mark(
        mark_id=UUID(int=9),
        system=System(name="Oldest", version="0.1"),
        notice=NoticeRecord(languages=("en",), texts=("Old warning!",)),
    )
    new = a_mark(training=None, system=System(name="Newest"))

    direct = xmp.merge(data, new, limits=LIMITS)
    replaced = xmp.merge(xmp.merge(data, old, limits=LIMITS), new, limits=LIMITS)

    found = xmp.judge(replaced, limits=LIMITS)
    assert found.mark == new
    assert found.facts == xmp.judge(direct, limits=LIMITS).facts
    assert not any(word in replaced for word in (b"Old", b"0.1", b"DMI-", b"AISystemVersionUsed"))


def test_what_others_wrote_stays_and_what_contradicts_is_replaced(tmp_path: Path) -> None:
    merged = xmp.merge(FOREIGN, a_mark(), limits=LIMITS)

    told = exiftool(merged, tmp_path)
    assert told["XMP-dc:Description"] == "A yurt"
    assert told["XMP-acme:Note"] == "kept & read"
    assert told["XMP-acme:DeepA"] == 1
    assert told["XMP-xmp:CreatorTool"] == "Camera 5"
    assert told["XMP-x:XMPToolkit"] == "Others 1.0"
    assert told["XMP-iptcExt:DigitalSourceType"] == SourceType.TRAINED.uri
    assert b"<!-- theirs -->" in merged
    assert b"digitalCapture" not in merged
    assert b"Other AI" not in merged
    assert len(merged) < len(FOREIGN) + 1_500  # the padding is gone


def test_exiftool_reads_every_property_we_write_without_a_warning(tmp_path: Path) -> None:
    told = exiftool(xmp.merge(b"", a_mark(), limits=LIMITS), tmp_path, "-validate", "-warning")

    assert told["ExifTool:Validate"] in ("OK", "0 0 0")
    assert "ExifTool:Warning" not in told
    told = exiftool(xmp.merge(b"", a_mark(), limits=LIMITS), tmp_path, "-struct")
    assert told["XMP-iptcExt:DigitalSourceType"] == SourceType.TRAINED.uri
    assert told["XMP-iptcExt:AISystemUsed"] == a_mark().system.name
    assert str(told["XMP-iptcExt:AISystemVersionUsed"]) == "2.1"
    assert told["XMP-plus:DataMining"].endswith("AI/ML training") or told[
        "XMP-plus:DataMining"
    ].endswith("DMI-PROHIBITED-AIMLTRAINING")
    assert told["XMP-iptcCore:AltTextAccessibility"] == KK
    assert told["XMP-iptcCore:AltTextAccessibility-ru"] == RU
    assert Mark.from_json(told["XMP-kz:Record"]) == a_mark()


def test_a_packet_that_exiftool_rewrote_is_still_read(tmp_path: Path) -> None:
    exiftool(xmp.merge(b"", a_mark(), limits=LIMITS), tmp_path)
    subprocess.check_call(
        ["exiftool", "-q", "-overwrite_original", "-XMP-dc:Title=x", str(tmp_path / "a.xmp")]
    )

    rewritten = (tmp_path / "a.xmp").read_bytes()

    assert xmp.judge(rewritten, limits=LIMITS).mark == a_mark()


def test_a_fresh_packet_says_the_record_once_and_holds_no_prompt() -> None:
    fresh = xmp.merge(b"", a_mark(), limits=LIMITS).decode()

    assert fresh.count("00000000-0000-0000-0000-000000000005") == 1
    assert "Prompt" not in fresh
    assert xmp.merge(b"", a_mark(), limits=LIMITS).decode() == fresh


def test_others_alternative_text_stays_behind_the_warning() -> None:
    merged = xmp.merge(
        alt_text(x_default="A yurt", en="A yurt", ru="Юрта"), a_mark(), limits=LIMITS
    ).decode()

    assert f'<rdf:li xml:lang="x-default">{KK}. A yurt</rdf:li>' in merged
    assert f'<rdf:li xml:lang="kk">{KK}. A yurt</rdf:li>' in merged
    assert f'<rdf:li xml:lang="ru">{RU}. Юрта</rdf:li>' in merged
    assert f'<rdf:li xml:lang="en">{KK}. A yurt</rdf:li>' in merged


def test_new_words_of_the_notice_take_the_place_of_the_old_ones_before_others_text() -> None:
    old = a_mark(notice=NoticeRecord(languages=("ru", "kk"), texts=("Старое!", "Ескі")))
    theirs = alt_text(x_default="A yurt", ru="Юрта")

    merged = xmp.merge(xmp.merge(theirs, old, limits=LIMITS), a_mark(), limits=LIMITS).decode()

    assert f'<rdf:li xml:lang="ru">{RU}. Юрта</rdf:li>' in merged
    assert f'<rdf:li xml:lang="x-default">{KK}. A yurt</rdf:li>' in merged


def test_an_alternative_text_that_is_no_list_is_kept_too() -> None:
    body = "<rdf:Description core:AltTextAccessibility='A yurt'/>"

    merged = xmp.merge(packet(body), a_mark(), limits=LIMITS).decode()

    assert f'<rdf:li xml:lang="x-default">{KK}. A yurt</rdf:li>' in merged
    assert merged.count("AltTextAccessibility") == 2


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (SourceType.TRAINED.uri, ""),
        (SourceType.TRAINED.uri.replace("http:", "https:"), "xmp.source-type-form"),
        ("trainedAlgorithmicMedia", "xmp.source-type-form"),
        (CAPTURE, "xmp.contradiction"),
        (SourceType.COMPOSITE_SYNTHETIC.uri, "xmp.contradiction"),
        ("http://cv.iptc.org/newscodes/other/trainedAlgorithmicMedia", "xmp.contradiction"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("form", ["element", "attribute", "resource"])
def test_a_source_type_that_differs_from_the_record_is_told(
    value: str, code: str, form: str
) -> None:
    written = {
        "element": f"<ext:DigitalSourceType>\n {value} </ext:DigitalSourceType>",
        "attribute": "",
        "resource": f"<ext:DigitalSourceType rdf:resource='{value}'/>",
    }[form]
    theirs = f"<rdf:Description rdf:about=''>{written}</rdf:Description>"
    if form == "attribute":
        theirs = f"<rdf:Description rdf:about='' ext:DigitalSourceType='{value}'/>"
    ours = xmp.merge(packet(""), a_mark(), limits=LIMITS)

    found = xmp.judge(ours.replace(b"</rdf:RDF>", theirs.encode() + b"</rdf:RDF>"), limits=LIMITS)

    assert (found.status, found.code) == (Status.PRESENT, code)
    assert found.mark == a_mark()


def test_statements_of_others_are_facts_and_no_mark() -> None:
    found = xmp.judge(FOREIGN, limits=LIMITS)

    assert (found.status, found.mark, found.code) == (Status.ABSENT, None, "")
    assert found.facts == {
        "DigitalSourceType": CAPTURE,
        "AISystemUsed": "Other AI",
        "CreatorTool": "Camera 5",
        "TC260:AIGC": '{"Label":"1"}',
        "dcterms:provenance": "https://acme.example/m.c2pa",
    }


def test_a_prohibition_by_others_stays_when_the_mark_says_nothing_of_training() -> None:
    theirs = packet("<rdf:Description plus:DataMining='DMI-PROHIBITED'/>")

    merged = xmp.merge(theirs, a_mark(training=None), limits=LIMITS)

    assert xmp.judge(merged, limits=LIMITS).facts["DataMining"] == "DMI-PROHIBITED"


THEIRS = """<rdf:Description><plus:OtherConstraints><rdf:Alt>
<rdf:li xml:lang="x-default">Not for print</rdf:li></rdf:Alt></plus:OtherConstraints>
</rdf:Description>"""


def constraints(data: bytes) -> str:
    return xmp.judge(data, limits=LIMITS).facts.get("OtherConstraints", "")


def test_a_constraint_of_ours_stands_before_those_of_others_and_goes_alone() -> None:
    ours = xmp.merge(packet(THEIRS), a_mark(training=Training.CONSTRAINED), limits=LIMITS)
    other = replace(a_mark(training=Training.CONSTRAINED), responsible=Responsible(name="Иная"))
    changed = xmp.merge(ours, other, limits=LIMITS)
    silent = xmp.merge(changed, a_mark(training=None), limits=LIMITS)

    assert constraints(ours).startswith("AI models may be trained on this file only as agreed with")
    assert constraints(ours).endswith(". Not for print")
    assert "Иная. Not for print" in constraints(changed)
    assert "Пример" not in constraints(changed)
    assert constraints(silent) == "Not for print"


@pytest.mark.parametrize("permission", [None, Training.PROHIBITED, Training.ALLOWED])
def test_constraints_of_others_are_left_alone_where_the_mark_has_none(
    permission: Training | None,
) -> None:
    merged = xmp.merge(packet(THEIRS), a_mark(training=permission), limits=LIMITS)

    assert constraints(merged) == "Not for print"
    assert merged.count(b"OtherConstraints") == 2


@pytest.mark.parametrize(
    ("permission", "reserved"),
    [(Training.PROHIBITED, "1"), (Training.CONSTRAINED, "1"), (Training.ALLOWED, ""), (None, "")],
)
def test_only_a_document_reserves_mining_in_the_words_of_tdmrep(
    permission: Training | None, reserved: str
) -> None:
    mark = a_mark(training=permission)
    paper = xmp.merge(b"", mark, limits=LIMITS, tdm=True)
    again = xmp.merge(paper, mark, limits=LIMITS, tdm=True)
    silent = xmp.merge(paper, a_mark(training=None), limits=LIMITS, tdm=True)

    assert xmp.judge(paper, limits=LIMITS).facts.get("tdm:reservation", "") == reserved
    assert again == paper
    assert b"tdmrep" not in silent
    assert b"tdmrep" not in xmp.merge(b"", mark, limits=LIMITS)


@pytest.mark.parametrize(
    "record",
    [
        "",
        "no json",
        "{}",
        "[" * 100_000,
        a_mark().to_json().decode().replace('"schema":1', '"schema":2'),
        a_mark().to_json().decode().replace("created", "deleted"),
    ],
)
def test_a_record_that_cannot_be_read_is_broken(record: str) -> None:
    found = xmp.judge(packet(recorded(record)), limits=LIMITS)

    assert (found.status, found.code, found.mark) == (Status.BROKEN, "xmp.record", None)


def test_two_records_that_differ_are_broken_and_replaced_by_one() -> None:
    marks = (a_mark(system=System(name="A")), a_mark(system=System(name="B")))
    data = packet("".join(recorded(mark.to_json().decode()) for mark in marks))

    assert xmp.judge(data, limits=LIMITS).code == "xmp.record"
    assert xmp.judge(xmp.merge(data, a_mark(), limits=LIMITS), limits=LIMITS).mark == a_mark()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"rubbish", MalformedMediaError),
        (FOREIGN[:-2200], MalformedMediaError),
        (b"<a/>", MalformedMediaError),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]>' + packet("<rdf:Description>&b;</rdf:Description>"),
            MalformedMediaError,
        ),
        (b'<!DOCTYPE a SYSTEM "http://localhost/a.dtd">' + packet(""), MalformedMediaError),
        (b'<?xml version="1.0" encoding="utf-7"?>' + packet(""), MalformedMediaError),
        (packet("<rdf:Description>" * 200 + "</rdf:Description>" * 200), LimitExceededError),
        (packet("<rdf:Description/>" * 100_000), LimitExceededError),
        (packet(" " * (17 << 20)), LimitExceededError),
    ],
)
def test_a_packet_that_cannot_be_kept_is_refused_and_judged_unparsable(
    data: bytes, error: type[MediaError]
) -> None:
    found = xmp.judge(data, limits=LIMITS)

    assert (found.status, found.code) == (Status.BROKEN, "xmp.unparsable")
    with pytest.raises(error):
        xmp.merge(data, a_mark(), limits=LIMITS)


@pytest.mark.parametrize("source", [FOREIGN, xmp.merge(b"", a_mark(), limits=LIMITS)])
def test_a_packet_cut_or_flipped_anywhere_ends_in_evidence(source: bytes) -> None:
    cut = [source[:length] for length in range(0, len(source), 37)]
    flipped = [
        source[:at] + bytes([source[at] ^ (1 << at % 8)]) + source[at + 1 :]
        for at in range(0, len(source), 7)
    ]

    for data in cut + flipped:
        assert xmp.judge(data, limits=LIMITS).layer == "xmp"
        try:
            xmp.merge(data, a_mark(), limits=LIMITS)
        except MediaError:
            continue


@given(st.binary(max_size=300))
def test_any_bytes_end_in_evidence(data: bytes) -> None:
    for body in (data, b"<rdf:Description>" + data + b"</rdf:Description>"):
        whole = packet("@").replace(b"@", body)

        assert xmp.judge(whole, limits=LIMITS).layer == "xmp"
        assert xmp.judge(data, limits=LIMITS).layer == "xmp"


@pytest.mark.parametrize(
    "preview",
    [
        "<xmp:Thumbnails><rdf:li><g:image>AAAA</g:image></rdf:li></xmp:Thumbnails>",
        "<acme:Pages><rdf:Seq><rdf:li g:image='AAAA'/></rdf:Seq></acme:Pages>",
    ],
)
def test_previews_inside_a_packet_are_dropped_and_nothing_else(preview: str) -> None:
    theirs = f"<rdf:Description>{preview}</rdf:Description></rdf:RDF>"
    data = FOREIGN.replace(b"</rdf:RDF>", theirs.encode())

    for source in (data, data.decode().encode("utf-16-le"), data.decode().encode("utf-16-be")):
        dropped, changed = xmp.drop_thumbnails(source, limits=LIMITS)

        assert changed
        assert b"AAAA" not in dropped
        assert b"kept &amp; read" in dropped
        assert xmp.drop_thumbnails(dropped, limits=LIMITS) == (dropped, False)


@pytest.mark.parametrize("data", [b"", FOREIGN, b"rubbish"])
def test_a_packet_without_previews_comes_back_byte_for_byte(data: bytes) -> None:
    assert xmp.drop_thumbnails(data, limits=LIMITS) == (data, False)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["attribute", "element", "alt", "bag", "resource"]),
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_a_packet_that_is_only_read_says_the_same(
    rows: list[tuple[str, str]], commented: bool
) -> None:
    said = {"attribute": "", "element": ""}
    note = "<!-- a word --><?pi of theirs?>" if commented else ""
    for kind, text in rows:
        plain = escape(text) + note
        if kind == "attribute":
            said["attribute"] = f" k:a={quoteattr(text)}"
        elif kind == "element":
            said["element"] += f"<k:a>{plain}</k:a>"
        elif kind == "resource":
            said["element"] += f"<k:a rdf:resource={quoteattr(text)}/>"
        else:
            name = kind.capitalize()
            item = f'<rdf:li xml:lang="ru">{note}{plain}</rdf:li>'
            said["element"] += f"<k:a><rdf:{name}>{item}</rdf:{name}></k:a>"
    packet = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" xmlns:k="urn:k">'
        f'<rdf:Description rdf:about=""{said["attribute"]}>{said["element"]}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()

    whole, read = (one(packet, limits=LIMITS) for one in (Packet.open, Packet.read))

    assert whole is not None
    assert read is not None
    for ask in ("texts", "raw", "languages"):
        assert getattr(whole, ask)("{urn:k}a") == getattr(read, ask)("{urn:k}a")
