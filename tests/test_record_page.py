"""The page about the record: it knows every layer, and by its real names."""

import re
from pathlib import Path

import pytest

from kzmark.formats.html import markup, page
from kzmark.formats.layers import _training as training
from kzmark.formats.layers import id3, matroska, mp4, ooxml, png_text, riff, vorbis
from kzmark.formats.pdf import layers as pdf
from kzmark.signing import manifest
from kzmark.vocabulary import Layer, Training

_FILE = Path(__file__).parents[1] / "docs" / "reference" / "record.md"
PAGE = _FILE.read_text(encoding="utf-8")
_PLACES = PAGE.partition("## Where it stands")[2]
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", _PLACES, re.MULTILINE))
RECORDS = {
    Layer.C2PA: manifest.RECORD,
    Layer.XMP: "kz:Record",
    Layer.EXIF: "UserComment",
    Layer.ID3: id3.RECORD,
    Layer.VORBIS: vorbis.RECORD.decode(),
    Layer.RIFF: riff.RECORD.decode(),
    Layer.MP4: mp4.KEY,
    Layer.MATROSKA: matroska.RECORD,
    Layer.PDF: pdf.RECORD,
    Layer.OOXML: ooxml.RECORD,
    Layer.ODF: ooxml.RECORD,
    Layer.EPUB: f'<meta name="{ooxml.RECORD}">',
    Layer.TEXT: png_text.KEYWORD,
    Layer.SIDECAR: ".kzmark.json",
}


def test_every_layer_has_its_row_and_no_other_word_has() -> None:
    wanted = {layer.value for layer in Layer if layer is not Layer.NOTICE}
    permissions = {one.value for one in Training}

    assert ROWS.keys() - permissions == wanted
    assert {layer.value for layer in RECORDS} == wanted


@pytest.mark.parametrize("layer", RECORDS, ids=lambda layer: layer.value)
def test_a_row_names_the_place_of_the_record(layer: Layer) -> None:
    assert RECORDS[layer] in ROWS[layer.value].partition(" | ")[0]


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        (Layer.VORBIS, vorbis.FACTS.keys()),
        (Layer.MATROSKA, matroska.FACTS.keys()),
        (Layer.ID3, {*id3.FACTS}),
        (Layer.OOXML, {*ooxml.FACTS} - {"tdm:reservation"}),
        (Layer.EPUB, {*ooxml.FACTS}),
        (Layer.TEXT, {page.DISCLOSURE, page.RESERVATION, f'data-kzmark="{markup.RECORD}"'}),
        (Layer.PDF, {training.MINING, training.CONSTRAINTS}),
        (Layer.XMP, {training.MINING, training.CONSTRAINTS}),
    ],
)
def test_a_row_names_every_word_beside_the_record(
    layer: Layer, names: set[str] | set[bytes]
) -> None:
    told = {name.decode() if isinstance(name, bytes) else name for name in names} - {"AIGC"}

    assert {name for name in told if name not in ROWS[layer.value]} <= {"DESCRIPTION"}


def test_what_is_said_of_training_is_what_is_written() -> None:
    for one in Training:
        assert one.plus_uri.rpartition("/")[2] in ROWS[one.value]
        assert f"`{one.cawg_use}`" in ROWS[one.value]


def test_the_notice_is_called_by_its_name() -> None:
    assert "warning" not in PAGE
