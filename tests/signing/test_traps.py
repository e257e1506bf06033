"""What goes wrong with the C2PA library by itself, each seen once and closed here."""

import io
import random
import struct
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.signing.authority import CLAIM, Made, issue
from tests.signing.conftest import Signing
from tests.signing.samples import MIMES, sample

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.report import Basis, Status
from kzmark.signing import c2pa
from kzmark.signing.identity import IdentitySpec, load

MARK = make_mark()
STATUSES = {Status.PRESENT, Status.ABSENT, Status.BROKEN}
_BOX_TYPE = bytes.fromhex("00110010800000aa00389b71")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def superbox(kind: bytes, label: bytes, *inner: bytes) -> bytes:
    head = box(b"jumd", kind + _BOX_TYPE + b"\x03" + label + b"\0")
    return box(b"jumb", head + b"".join(inner))


def store_of(cbor: bytes) -> bytes:
    """A manifest store whose claim, signature and record are all the same CBOR."""
    made = box(b"cbor", cbor)
    return superbox(
        b"c2pa",
        b"c2pa",
        superbox(
            b"c2ma",
            b"urn:c2pa:c09d6875-72ef-489d-8abb-445f1b176620",
            superbox(b"c2as", b"c2pa.assertions", superbox(b"cbor", b"kzmark.record", made)),
            superbox(b"c2cl", b"c2pa.claim.v2", made),
            superbox(b"c2cs", b"c2pa.signature", made),
        ),
    )


def png_with(store: bytes) -> bytes:
    import zlib

    clean = sample("png")
    crc = struct.pack(">I", zlib.crc32(b"caBX" + store))
    return clean[:33] + struct.pack(">I", len(store)) + b"caBX" + store + crc + clean[33:]


# signing again, and files that are not what they are called


def test_signing_again_never_drops_the_earlier_manifest(signed: Signing) -> None:
    data = sample("jpeg")
    for number in range(1, 4):
        data = signed(data)
        seen = c2pa.read(io.BytesIO(data), "image/jpeg")

        assert seen.facts["manifests"] == str(number)


def test_jpeg_bytes_called_png_are_refused(signed: Signing) -> None:
    with pytest.raises(MalformedMediaError, match="cannot be signed"):
        signed(sample("jpeg"), "image/png")


def test_a_cut_file_is_refused_and_its_target_left_to_the_caller(signer: c2pa.Signer) -> None:
    """The library signs a JPEG cut behind its tables; what stands before them it refuses."""
    target = io.BytesIO(b"an old output")
    with pytest.raises(MediaError):
        c2pa.sign(
            io.BytesIO(sample("jpeg")[:150]), target, mark=MARK, mime="image/jpeg", signer=signer
        )

    assert not target.closed


@pytest.mark.parametrize("data", [b"", b"hello", b"\0" * 99])
@pytest.mark.parametrize("mime", ["image/jpeg", "image/heic", "image/bmp", "nonsense"])
def test_what_cannot_be_signed_is_a_media_error(data: bytes, mime: str, signed: Signing) -> None:
    with pytest.raises(MediaError):
        signed(data, mime)


def test_the_source_is_never_changed_and_no_position_is_assumed(
    signer: c2pa.Signer, signed: Signing
) -> None:
    source, target = io.BytesIO(sample("jpeg")), io.BytesIO(b"longer than it will be" * 9_999)
    source.seek(77)
    c2pa.sign(source, target, mark=MARK, mime="image/jpeg", signer=signer)

    assert source.getvalue() == sample("jpeg")
    assert target.getvalue()[-2:] == b"\xff\xd9"
    assert len(target.getvalue()) == len(signed(sample("jpeg")))


def test_a_damaged_earlier_manifest_is_not_dropped_in_silence(signed: Signing) -> None:
    broken = png_with(store_of(b"\xff"))
    with pytest.raises(MalformedMediaError, match="earlier manifest") as caught:
        signed(broken, "image/png")

    assert caught.value.hint
    assert c2pa.has_manifest(io.BytesIO(broken), "image/png")


# certificates


def test_claim_signing_alone_signs_and_reads(root: Made, signed: Signing) -> None:
    leaf = issue(root, purposes=(CLAIM,))
    signer = c2pa.Signer(IdentitySpec.from_text(leaf.pem, leaf.key_pem))
    data = signed(sample("jpeg"), by=signer)
    seen = c2pa.read(io.BytesIO(data), "image/jpeg", trust_anchors=root.pem)

    assert (seen.status, seen.facts["trust"]) == (Status.PRESENT, "trusted")


def test_document_signing_reads_as_others_write_it(root: Made, signed: Signing) -> None:
    leaf = issue(root, purposes=("1.3.6.1.5.5.7.3.36",))
    signer = c2pa.Signer(IdentitySpec.from_text(leaf.pem, leaf.key_pem))
    seen = c2pa.read(
        io.BytesIO(signed(sample("jpeg"), by=signer)), "image/jpeg", trust_anchors=root.pem
    )

    assert (seen.status, seen.facts["trust"]) == (Status.PRESENT, "trusted")


def test_a_self_signed_certificate_signs(signed: Signing) -> None:
    leaf = issue()
    signer = c2pa.Signer(IdentitySpec.from_text(leaf.pem, leaf.key_pem))
    seen = c2pa.read(io.BytesIO(signed(sample("jpeg"), by=signer)), "image/jpeg")

    assert (seen.status, seen.mark, seen.facts["state"]) == (Status.PRESENT, MARK, "Valid")


def test_a_certificate_that_has_expired_since_does_not_break_the_file(
    root: Made, signed: Signing
) -> None:
    leaf = issue(root, end=timedelta(seconds=2))
    signer = c2pa.Signer(load(IdentitySpec.from_text(leaf.pem, leaf.key_pem)))
    data = signed(sample("jpeg"), by=signer)
    time.sleep(3.1)  # validity counts in whole seconds
    seen = c2pa.read(io.BytesIO(data), "image/jpeg", trust_anchors=root.pem)
    changed = c2pa.read(io.BytesIO(data[:-9] + b"\0" + data[-8:]), "image/jpeg")

    assert (seen.status, seen.basis, seen.code) == (Status.PRESENT, Basis.SIGNED, "c2pa.expired")
    assert seen.mark == MARK
    assert seen.facts["trust"] == "certificate expired"
    assert (changed.status, changed.code) == (Status.BROKEN, "c2pa.hash-mismatch")


# hostile input


def test_files_over_the_limit_are_refused_before_they_are_read(signed: Signing) -> None:
    data, limits = signed(sample("jpeg")), Limits(max_bytes=999, max_metadata=99)
    calls: list[Callable[[], object]] = [
        lambda: c2pa.read(io.BytesIO(data), "image/jpeg", limits=limits),
        lambda: c2pa.read(io.BytesIO(b""), "image/bmp", manifest=b"\0" * 100, limits=limits),
    ]
    for call in calls:
        with pytest.raises(LimitExceededError):
            call()


def test_a_source_or_parent_over_the_limit_is_not_signed(signer: c2pa.Signer) -> None:
    limits = Limits(max_bytes=999)
    small, large = io.BytesIO(b"BM" + b"\0" * 99), io.BytesIO(b"\0" * 1_000)
    for source, parent in ((large, None), (small, large)):
        with pytest.raises(LimitExceededError):
            c2pa.sign_detached(
                source, mark=MARK, mime="image/bmp", signer=signer, parent=parent, limits=limits
            )


@pytest.mark.parametrize(
    "store",
    [
        store_of(b"\x81" * 100_000 + b"\0"),  # lists in lists
        store_of(b"\xc1" * 100_000 + b"\0"),  # tags of tags
        store_of(b"\x5b" + b"\xff" * 8),  # a string of 16 exabytes
        store_of(b"\x9b" + b"\xff" * 8),  # a list of as many
        store_of(b"\xa1\x61a\xf6"),
        superbox(b"c2pa", b"c2pa", *[superbox(b"c2ma", b"urn:c2pa:%d" % n) for n in range(3_000)]),
        b"".join(
            struct.pack(">I", 38 * (5_000 - n)) + superbox(b"c2pa", b"c2pa")[4:]
            for n in range(5_000)
        ),
    ],
    ids=["deep", "tags", "bytes", "list", "claim", "manifests", "boxes"],
)
def test_hostile_manifests_are_broken_and_cheap(store: bytes) -> None:
    embedded = c2pa.read(io.BytesIO(png_with(store)), "image/png")
    beside = c2pa.read(io.BytesIO(b"BM" + b"\0" * 99), "image/bmp", manifest=store)

    assert (embedded.status, embedded.code) == (Status.BROKEN, "c2pa.malformed")
    assert (beside.status, beside.code) == (Status.BROKEN, "c2pa.malformed")


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif", "tiff", "avif", "svg"])
def test_a_damaged_file_never_raises_and_never_lends_a_mark(name: str, signed: Signing) -> None:
    whole, chance = signed(sample(name), MIMES[name]), random.Random(name)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        seen = c2pa.read(io.BytesIO(bytes(data)), MIMES[name])

        assert seen.status in STATUSES
        # a mark is the signed one, or a claim that does not count
        assert seen.mark in {None, MARK} or seen.status is Status.BROKEN
        c2pa.has_manifest(io.BytesIO(bytes(data)), MIMES[name])


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif", "tiff", "avif", "svg"])
def test_a_cut_file_never_raises(name: str, signed: Signing) -> None:
    whole = signed(sample(name), MIMES[name])
    for length in range(0, len(whole) - 1, max(1, len(whole) // 60)):
        seen = c2pa.read(io.BytesIO(whole[:length]), MIMES[name])

        assert seen.status in STATUSES
        assert seen.mark is None or seen.mark == MARK


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), mime=st.sampled_from([*MIMES.values(), "image/bmp", ""]))
def test_any_bytes_can_be_asked(data: bytes, mime: str) -> None:
    seen = c2pa.read(io.BytesIO(data), mime)
    beside = c2pa.read(io.BytesIO(b"BM"), "image/bmp", manifest=data or b"\0")

    assert seen.status in STATUSES
    assert beside.status is Status.BROKEN
