"""PDF: whether content ends as it began is told the same by the quick way and the plain one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pikepdf", reason="pikepdf is not installed")

from kzmark.formats.pdf import content
from kzmark.formats.pdf.content import Balance, measured

WORDS = st.sampled_from(
    [
        *(b"q", b"Q", b"BT", b"ET", b"BMC", b"BDC", b"EMC", b"Do", b"1 0 0 rg", b"/q", b"/BT"),
        *(b"(q Q)", b"(a\\) q)", b"(\\\\)", b"((q) Q)", b"<71>", b"[(q) 3 (Q)]TJ", b"Tj"),
    ]
)
BETWEEN = st.sampled_from([b" ", b"\n", b"\r\n", b"  "])


@settings(deadline=None)
@given(parts=st.lists(st.tuples(WORDS, BETWEEN), max_size=40))
def test_the_quick_way_says_what_the_plain_one_says(parts: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(word + gap for word, gap in parts)
    quick = content._quick(data)

    assert quick is None or quick == content._slow(data)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", Balance(0, 0)),
        (b"q 1 0 0 1 0 0 cm Q", Balance(0, 0)),
        (b"q q Q", Balance(0, 1)),
        (b"Q q", Balance(1, 1)),
        (b"(q)Tj q(Q)Tj", Balance(0, 1)),
        (b"% q q q\nq", Balance(0, 1)),
        (b"BI /W 1 /H 1 ID q q q EI Q", Balance(1, 0)),
        (b"/A BMC BT", Balance(0, 0, 1, 1)),
    ],
)
def test_what_is_left_open_is_counted(data: bytes, wanted: Balance) -> None:
    assert measured(data) == wanted


def test_a_number_that_runs_into_an_operator_is_looked_at_closely() -> None:
    assert content._quick(b"0 0 1 1 re 1q") is None
