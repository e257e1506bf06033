"""JUMBF, CBOR and COSE as hostile hands write them: only a `MediaError` comes out, and soon."""

import hashlib
import struct
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signing.store.samples import LIMITS

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.store import binding, cbor, cose, jumbf, parts
from kzmark.signing.store.validate import validate

BOUND = binding.bound(None, lambda: bytes(32))
WHOLE = jumbf.superbox(
    b"c2pa",
    "c2pa",
    jumbf.superbox(
        b"c2ma",
        "urn:c2pa:1",
        jumbf.superbox(b"c2as", "c2pa.assertions"),
        jumbf.superbox(b"c2cl", "c2pa.claim.v2", jumbf.box(b"cbor", b"\xa0")),
        jumbf.superbox(b"c2cs", "c2pa.signature", jumbf.box(b"cbor", b"\x80")),
    ),
)


def refused(data: bytes) -> str:
    """Ask every reader of a store; return the code of the judge."""
    for read in (jumbf.parse, parts.take_apart):
        try:
            read(data, limits=LIMITS)
        except MediaError:
            continue
    said = validate(data, BOUND, limits=LIMITS)
    assert said.certain() is None
    assert said.reading.state == "Invalid"
    return said.reading.failures[0][0]


def made_of(found: jumbf.Superbox) -> memoryview:
    first = found.boxes[0]
    assert isinstance(first, jumbf.Box)
    return first.body


def test_a_box_is_read_as_it_was_written() -> None:
    made = jumbf.superbox(b"c2as", "name", jumbf.box(b"cbor", b"one"), jumbf.superbox(b"cbor", "x"))
    found = jumbf.parse(made, limits=LIMITS)

    assert (found.kind, found.label, bytes(found.whole)) == (b"c2as", "name", made)
    assert bytes(made_of(found)) == b"one"
    assert [one.label for one in found.inner] == ["x"]
    assert found.is_plain
    assert bytes(found.hashed) == made[8:]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_no_store(data: bytes) -> None:
    assert refused(data) == "general.error"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_store_with_lying_lengths_is_refused(data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([i - 4 for i in range(len(WHOLE)) if WHOLE[i : i + 2] == b"ju"]))
    size = data.draw(st.integers(0, (1 << 32) - 1))
    changed = WHOLE[:at] + struct.pack(">I", size) + WHOLE[at + 4 :]
    for whole in (changed, changed[: data.draw(st.integers(0, len(changed)))]):
        assert refused(whole)


def test_deep_boxes_are_refused() -> None:
    data = b""
    for _ in range(2_000):
        data = jumbf.superbox(b"c2as", "x", data) if data else jumbf.superbox(b"c2as", "x")

    with pytest.raises(LimitExceededError, match="deep"):
        jumbf.parse(data, limits=LIMITS)
    assert refused(data) == "general.error"


def test_a_hundred_thousand_boxes_are_refused() -> None:
    data = jumbf.superbox(b"c2pa", "c2pa", jumbf.box(b"free") * 100_000)

    with pytest.raises(LimitExceededError, match="too many boxes"):
        jumbf.parse(data, limits=LIMITS)
    with pytest.raises(LimitExceededError, match="over the limit"):
        jumbf.parse(data, limits=Limits(max_metadata=1_000))


@pytest.mark.parametrize(
    "data",
    [
        jumbf.box(b"cbor", b""),
        WHOLE + WHOLE,
        WHOLE + b"\0" * 8,
        jumbf.box(b"jumb", jumbf.box(b"jumb", b"")),
        jumbf.box(b"jumb", jumbf.box(b"jumd", b"c2pa")),
        WHOLE.replace(b"\x03c2pa\0", b"\x01c2pa\0"),
        WHOLE.replace(b"\x03c2pa\0", b"\x03\xffp2a\0"),
        WHOLE.replace(b"c2pa.signature\0", b"c2pa.signaturX\0"),
        WHOLE.replace(b"c2ma", b"c2mb"),
    ],
)
def test_boxes_of_another_shape_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        parts.take_apart(data, limits=LIMITS)
    assert refused(data) == "general.error"


# CBOR


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81" * 1_000 + b"\0",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x61a\x01\x61a\x02",
        b"\x9f\x01\xff",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xc2\x41\x01",
        b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xd8\x23\x61(",
        b"\x61\xff",
    ],
    ids=range(11),
)
def test_cbor_that_no_manifest_needs_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        cbor.decode(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_can_be_read_as_cbor(data: bytes) -> None:
    for read in (cbor.decode, cose.parse):
        try:
            read(data)
        except MalformedMediaError:
            continue


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_plain_values_survive_and_are_known_as_plain(value: Any) -> None:
    data = cbor.encode(value)

    assert cbor.decode(data) == value
    assert cbor.is_plain(data, value)
    assert not cbor.is_plain(data + b"\0", value)


@pytest.mark.parametrize(("data", "value"), [(b"\x18\x01", 1), (b"\xf5", 1), (b"\xfa\0\0\0\0", 0)])
def test_another_spelling_is_not_plain(data: bytes, value: Any) -> None:
    assert cbor2.loads(data) == value
    assert not cbor.is_plain(data, value)


# COSE


def test_a_signature_is_read_as_it_was_written() -> None:
    for chain in ([b"leaf"], [b"leaf", b"issuer"]):
        header = cose.protected(Algorithm.PS384, chain)
        found = cose.parse(cose.sign1(header, b"made"))

        assert found == (Algorithm.PS384, tuple(chain), b"made", header, {})


@pytest.mark.parametrize(
    "parts_of",
    [
        [b"", {}, None, b""],
        [cbor2.dumps({1: -7}), {}, None, b""],
        [cbor2.dumps({1: -7, 33: []}), {}, None, b""],
        [cbor2.dumps({1: -7, 33: ["x"]}), {}, None, b""],
        [cbor2.dumps({1: -65_535, 33: b"x"}), {}, None, b""],
        [cbor2.dumps({1: [], 33: b"x"}), {}, None, b""],
        [cbor2.dumps({1: -7, 33: [b"x"] * 17}), {}, None, b""],
        [cbor2.dumps({1: -7, 33: b"x"}), {}, b"payload", b""],
        [cbor2.dumps({1: -7, 33: b"x"}), {}, None],
    ],
    ids=range(9),
)
def test_a_signature_of_another_shape_is_refused(parts_of: list[Any]) -> None:
    with pytest.raises(MalformedMediaError):
        cose.parse(b"\xd2" + cbor2.dumps(parts_of))


# bindings


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 62))
def test_a_data_hash_has_one_length_whatever_the_place(start: int, size: int) -> None:
    made = binding.data_hash(bytes(32), (start, size))
    said = cbor2.loads(made.body)

    assert len(made.body) == len(binding.data_hash(bytes(32), (0, 0)).body)
    assert said["exclusions"] == [{"start": start, "length": size}]


@given(st.binary(max_size=90), st.integers(0, 99), st.integers(0, 99))
def test_the_digest_leaves_out_the_place_alone(data: bytes, start: int, size: int) -> None:
    wanted = hashlib.sha256(data[:start] + data[start + size :]).digest()

    assert binding.digest_of(data, (start, size)) == wanted


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, binding.MATCH),
        ({"hash": bytes(32)}, binding.MISMATCH),
        ({"exclusions": []}, binding.MISMATCH),
        ({"exclusions": [{"start": 5, "length": 8}]}, binding.MISMATCH),
        ({"exclusions": [{"start": 5, "length": 7}, {"start": 20, "length": 1}]}, binding.MISMATCH),
        ({"exclusions": [7]}, binding.MALFORMED),
        ({"exclusions": {}}, binding.MALFORMED),
        ({"hash": "x"}, binding.MALFORMED),
        ({"alg": "md5"}, binding.MALFORMED),
    ],
)
def test_only_the_place_of_the_store_may_be_left_out(change: dict[str, Any], code: str) -> None:
    said = cbor2.loads(binding.data_hash(b"\x01" * 32, (5, 7)).body) | change
    holds = binding.bound((5, 7), lambda: b"\x01" * 32)

    assert holds("c2pa.hash.data", said).code == code
    assert holds("c2pa.hash.boxes", said).code == binding.MALFORMED
    assert holds("c2pa.hash.data", [said]).code == binding.MALFORMED
