"""The text layer of PNG: canonical JSON in, the same mark out."""

from kzmark.formats.layers import png_text
from kzmark.mark import MAX_RECORD, Mark
from kzmark.report import Status
from kzmark.vocabulary import Layer


def test_a_record_comes_back_as_the_same_mark(mark: Mark) -> None:
    evidence = png_text.judge(png_text.record(mark), facts={"Software": "x"})

    assert (evidence.layer, evidence.status, evidence.mark) == (Layer.TEXT, Status.PRESENT, mark)
    assert evidence.facts == {"Software": "x"}


def test_the_description_holds_every_text_in_the_order_shown(mark: Mark) -> None:
    assert png_text.description(mark).decode() == "ЖИ жасаған\nСоздано ИИ"


def test_a_record_that_cannot_be_read_is_broken_and_says_why(mark: Mark) -> None:
    whole = png_text.record(mark)
    newer = whole.replace(b'"schema":1', b'"schema":9')
    for text in (b"", b"{}", b"[1]", whole[:-2], newer, b"\xff" + whole, b" " * MAX_RECORD + whole):
        evidence = png_text.judge(text, facts={})

        assert (evidence.status, evidence.code) == (Status.BROKEN, "text.record")
        assert evidence.detail
        assert evidence.mark is None
