"""A format is told by its first bytes, and looking less never finds something else."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark.errors import UnknownFormatError
from kzmark.formats.catalogue import ROWS, Row
from kzmark.sniff import _candidates, sniff

heads = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda row, front, rest: front[: row.offset].ljust(row.offset, b"\1") + row.magic + rest,
        st.sampled_from(ROWS),
        st.binary(max_size=8),
        st.binary(max_size=24),
    ),
)


@given(heads, st.integers(0, 20))
def test_signatures_passed_over_by_two_bytes_are_those_that_do_not_match(
    head: bytes, cut: int
) -> None:
    head = head[: len(head) - cut] if cut < 10 else head

    found = [adapter.info.name for adapter in _candidates(head)]

    assert found == [
        row.name for row in sorted(ROWS, key=lambda r: -len(r.magic)) if fits(row, head)
    ]


@pytest.mark.parametrize("length", [0, 1, 4, 5])
def test_a_head_shorter_than_every_signature_is_of_no_format(length: int) -> None:
    with pytest.raises(UnknownFormatError):
        sniff(io.BytesIO(b"\1\2\3\4\5"[:length]))


def fits(row: Row, head: bytes) -> bool:
    part = head[row.offset : row.offset + len(row.magic)]
    mask = row.mask or b"\xff" * len(row.magic)
    return bytes(a & b for a, b in zip(part, mask, strict=False)) == row.magic
