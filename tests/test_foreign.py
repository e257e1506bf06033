"""What others' marks say: told of a file without a record, and weighed beside one."""

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.conftest import make_mark

import kzmark
from kzmark import foreign, policy
from kzmark.policy import ARTICLE_21
from kzmark.report import Evidence, Finding, Outcome, Reason, Status, Verdict
from kzmark.signing.identity import new_identity
from kzmark.vocabulary import IPTC_SOURCE_TYPE, Layer

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
STATEMENT = kzmark.Statement(
    system=kzmark.System(name="ImageGen", version="2.1"),
    responsible=kzmark.Responsible(name="ТОО Пример"),
)
SEEN = Evidence.observed(Status.PRESENT, "", "seen")
UNSEEN = Evidence.observed(Status.ABSENT, "notice.not-found", "not seen")
WHOLE = {  # the seven fields of GB 45438-2025
    "Label": "1",
    "ContentProducer": "a",
    "ProduceID": "b",
    "ReservedCode1": "c",
    "ContentPropagator": "a",
    "PropagateID": "b",
    "ReservedCode2": "",
}


def xmp(said: str, *, name: str = "TC260:AIGC", marked: bool = False) -> Evidence:
    return Evidence(
        layer=Layer.XMP,
        status=Status.PRESENT if marked else Status.ABSENT,
        mark=make_mark() if marked else None,
        facts={name: said},
    )


def finding(evidence: list[Evidence], code: str) -> Finding:
    return next(one for one in ARTICLE_21.judge(evidence) if one.code == code)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ('{"Label":"1"}', "1"),
        ('{"AIGC":{"Label":"2","ContentProducer":"x"}}', "2"),
        ('"{\\"Label\\": \\"3\\"}"', "3"),
        ("{'Label': 1}", "1"),
        (json.dumps(WHOLE)[:40], "1"),
        ('{"Label":"0"}', ""),
        ('{"Label":"12"}', ""),
        ('{"ContentProducer":"1"}', ""),
        ("Label", ""),
        ("", ""),
    ],
)
def test_a_label_is_read_however_it_is_wrapped(said: str, number: str) -> None:
    assert foreign.label(xmp(said)) == number
    assert foreign.label(xmp(said, name="AIGC")) == number


@pytest.mark.parametrize(
    ("number", "words"), [("1", "is AI-generated"), ("2", "may be"), ("3", "is suspected")]
)
def test_a_label_without_a_record_is_a_foreign_mark(number: str, words: str) -> None:
    evidence = [xmp(json.dumps({"Label": number})), UNSEEN]
    told = finding(evidence, "mark.foreign")

    assert told.outcome is Outcome.NOT_MET
    assert words in told.message
    assert "GB 45438-2025" in told.message
    assert policy.reason(evidence) is Reason.UNMARKED


def test_a_label_beside_a_record_contradicts_nothing_and_is_told() -> None:
    findings = ARTICLE_21.judge([xmp('{"Label":"1"}', marked=True), SEEN])

    assert policy.verdict(findings) is Verdict.COMPLIANT
    assert "AIGC label (GB 45438-2025) in xmp" in findings[2].message


def test_a_disclosure_without_a_record_is_a_foreign_mark() -> None:
    assert "ai-generated" in foreign.claim(xmp("ai-generated", name="ai-disclosure"))
    assert not foreign.claim(xmp("none", name="ai-disclosure"))


def test_a_source_type_names_who_says_it() -> None:
    facts = {"DigitalSourceType": f"{IPTC_SOURCE_TYPE}compositeSynthetic", "AISystemUsed": "Other"}
    piece = Evidence(layer=Layer.XMP, status=Status.ABSENT, facts=facts)

    assert foreign.claim(piece) == "says compositeSynthetic (Other)"
    assert not foreign.claim(xmp(f"{IPTC_SOURCE_TYPE}digitalCapture", name="DigitalSourceType"))


LABEL = '{"Label":"1","ContentProducer":"a","ProduceID":"b"}'
ADOBE = "adobe:ns:meta/"
PACKET = f"""<x:xmpmeta xmlns:x="{ADOBE}"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>{LABEL}</TC260:AIGC>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def labelled(path: Path) -> None:
    """Write a file with a label where the practice guides of TC260 put it, made by strangers."""
    import mutagen.flac
    import mutagen.id3

    path.write_bytes((CLEAN / path.name).read_bytes())
    if path.suffix == ".png":
        told = PngInfo()
        told.add_itxt("XML:com.adobe.xmp", PACKET)
        Image.open(path).save(path, pnginfo=told)
    elif path.suffix == ".mp3":
        tag = mutagen.id3.ID3()  # type: ignore[no-untyped-call]  # mutagen
        tag.add(mutagen.id3.TXXX(encoding=3, desc="AIGC", text=LABEL))  # type: ignore[no-untyped-call]  # mutagen
        tag.save(path)
    elif path.suffix == ".flac":
        sound = mutagen.flac.FLAC(path)  # type: ignore[no-untyped-call]  # mutagen
        sound["AIGC"] = LABEL
        sound.save()
    elif path.suffix == ".wav":
        data = path.read_bytes()
        body = LABEL.encode() + b"\0" * (len(LABEL) % 2)
        data += b"AIGC" + len(LABEL).to_bytes(4, "little") + body
        path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])
    else:
        path.write_bytes(f"---\nAIGC: '{LABEL}'\n---\n\nText.\n".encode())


@pytest.mark.parametrize("name", ["photo.png", "old.mp3", "speech.flac", "speech.wav", "notes.md"])
def test_a_label_in_a_file_is_reported_before_and_after_stamping(name: str, tmp_path: Path) -> None:
    labelled(tmp_path / name)
    before = kzmark.verify(tmp_path / name)
    stamper = kzmark.Stamper(STATEMENT, identity=new_identity(tmp_path / "id"))
    done = stamper.stamp(tmp_path / name, tmp_path / f"done-{name}")
    after = kzmark.verify(tmp_path / f"done-{name}")

    assert before.findings[0].code == "mark.foreign"
    assert before.reason is Reason.UNMARKED
    assert done.changed
    assert after.verdict is Verdict.COMPLIANT
    assert any("AIGC label (GB 45438-2025)" in one.message for one in after.findings)


@pytest.mark.parametrize("end", ["", "/", "/ "])
def test_a_camera_is_a_camera_however_its_address_ends(end: str) -> None:
    said = f"{IPTC_SOURCE_TYPE}digitalCapture{end}"

    assert foreign.not_synthetic(xmp(said, name="DigitalSourceType")) == "digitalCapture"
