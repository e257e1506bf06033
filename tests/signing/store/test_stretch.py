"""Headers that no signature covers: filled with zeros to any size that was promised."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmark.formats import _wrapper
from kzmark.signing.store import cbor, stretch


@settings(deadline=None)
@given(token=st.binary(max_size=300), spare=st.integers(40, 65_000))
def test_a_header_takes_just_the_room_that_was_kept(token: bytes, spare: int) -> None:
    said = {"sigTst2": {"tstTokens": [{"val": token}]}}
    room = len(cbor.encode(said)) + spare
    header = stretch.padded(said, room)
    held = cbor2.loads(header)

    assert len(header) == room
    assert held.pop("sigTst2") == said["sigTst2"]
    assert not any(map(any, held.values()))
    assert held.keys() <= {"pad", "pad2"}


@pytest.mark.parametrize("spare", [*range(5, 40), *range(250, 300)])
def test_no_number_of_zeros_is_out_of_reach(spare: int) -> None:
    assert len(stretch.padded({}, 1 + spare)) == 1 + spare


def test_what_has_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        stretch.padded({"sigTst2": bytes(100)}, 90)


def test_no_room_leaves_the_header_empty() -> None:
    assert stretch.zeros(0) == b"\xa0"


STORE = bytes.fromhex("0000011a") + b"c2pa" + b"x" * 273 + b"\xa0"
SEAMS = stretch.Seams((0,), (len(STORE) - 1, len(STORE)))


def reached(token: bytes, more: int) -> bool:
    """Say whether a store reaches a size in a carrier of letters; it is looked at if it does."""
    said = {"sigTst2": token}
    bare = stretch.with_header(STORE, SEAMS, cbor.encode(said))
    size = _wrapper.measure(bare) + more
    found = stretch.fitted(STORE, SEAMS, size, _wrapper.measure, said)
    if found is None:
        return False
    assert _wrapper.measure(found) == size
    assert int.from_bytes(found[:4], "big") == len(found)
    assert cbor2.loads(found[281:])["sigTst2"] == token
    return True


@settings(max_examples=20, deadline=None)
@given(token=st.binary(min_size=1_000, max_size=7_000), more=st.integers(5_000, 40_000))
def test_most_sizes_are_reached_far_away_in_a_carrier_of_letters(token: bytes, more: int) -> None:
    assert sum(reached(token, more + step) for step in range(12)) >= 6
