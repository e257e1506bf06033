"""Readers that are not ours: exiftool, encypher-c2pa, and c2pa-python's own Reader."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kzmark.api import inspect
from kzmark.formats import all_adapters
from kzmark.formats._base import C2PABinding
from kzmark.formats._embedding import Lone, Packs
from kzmark.vocabulary import Layer

ROOT = Path(__file__).parents[1] / "fixtures"
INSIDE = [adapter.info for adapter in all_adapters() if adapter.info.c2pa is C2PABinding.EMBEDDED]
ENDS = {end for info in INSIDE for end in info.extensions}
MARKED = [path for path in sorted((ROOT / "marked").iterdir()) if path.suffix in ENDS]
TEXTS = {end for one in all_adapters() if isinstance(one, Lone) for end in one.info.extensions}
PACKAGES = {end for one in all_adapters() if isinstance(one, Packs) for end in one.info.extensions}
PICTURED = [path for path in MARKED if path.suffix not in TEXTS | PACKAGES]
WITH_XMP = {end for info in INSIDE if Layer.XMP in info.layers for end in info.extensions}
MIMES = {end: info.mime for info in INSIDE for end in info.extensions}
CYRILLIC = "old.htm"  # in windows-1251: that verifier reads pages in UTF-8 only
OTHERS = [path for path in MARKED if path.name != CYRILLIC]


def test_every_format_with_a_place_for_a_manifest_is_among_them() -> None:
    suffixes = {path.suffix for path in MARKED}

    assert len(INSIDE) >= 9
    for info in INSIDE:
        assert suffixes & set(info.extensions), info.name


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed here")
def test_exiftool_reads_the_vocabulary_of_the_field() -> None:
    words = ["-j", "-XMP-iptcExt:all", "-XMP-iptcCore:AltTextAccessibility", "-XMP-kz:Record"]
    files = [path for path in MARKED if path.suffix in WITH_XMP]
    ran = subprocess.run(["exiftool", *words, *map(str, files)], capture_output=True, check=True)
    found = json.loads(ran.stdout)

    assert len(found) == len(files) > 9
    for row in found:
        assert row["DigitalSourceType"].endswith(
            "newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        )
        assert row["AISystemUsed"] == "ImageGen"
        assert str(row["AISystemVersionUsed"]) == "2.1"
        assert row["AltTextAccessibility"].startswith(("ЖИ жасаған", "Жасанды интеллект"))
        assert "mark_id" in str(row["Record"])


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_a_verifier_that_shares_no_code_with_the_signer_says_valid(path: Path) -> None:
    encypher = pytest.importorskip("encypher_c2pa", reason="encypher-c2pa is not installed here")
    root = (ROOT / "keys" / "root.pem").read_text()

    mime = MIMES[path.suffix] if path.suffix in TEXTS else None
    given = path.read_bytes() if mime else str(path)
    offline = {"telemetry": False, "online": False}

    said = encypher.verify(given, mime, trust_pem=root, no_default_trust=True, **offline)

    assert said["integrity"] == "valid"
    assert said["hard_binding"] == "match"
    assert not said["validation_results"]["failure"]


@pytest.mark.parametrize("path", PICTURED, ids=lambda path: path.name)
def test_the_reader_of_the_c2pa_library_says_valid_and_holds_our_record(path: Path) -> None:
    import c2pa

    with c2pa.Reader(str(path)) as reader:
        state, manifest = reader.get_validation_state(), reader.get_active_manifest()
    labels = {one["label"] for one in manifest["assertions"]}
    (signed,) = [e for e in inspect(path) if e.layer is Layer.C2PA]

    assert state == "Valid"
    assert {"kzmark.record", "c2pa.ai-disclosure"} <= labels
    assert signed.mark is not None
    assert signed.facts["issuer"]
