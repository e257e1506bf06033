"""Manifests beside a file whose format has no place for one."""

import io

import pytest
from tests.conftest import make_mark
from tests.signing.outside import assert_valid_outside, outside, trusting
from tests.signing.samples import picture

from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity

MARK = make_mark()


def test_a_detached_manifest_signs_a_file_of_any_kind(
    signer: c2pa.Signer, identity: Identity
) -> None:
    stream = io.BytesIO()
    picture().save(stream, "BMP")
    data = stream.getvalue()
    store = c2pa.sign_detached(stream, mark=MARK, mime="image/bmp", signer=signer)
    seen = trusting(data, "image/bmp", identity, manifest=store)
    changed = bytearray(data)
    changed[900] ^= 1
    broken = trusting(bytes(changed), "image/bmp", identity, manifest=store)

    assert stream.getvalue() == data
    assert (seen.status, seen.mark, seen.facts["trust"]) == (Status.PRESENT, MARK, "trusted")
    assert (broken.status, broken.code) == (Status.BROKEN, "c2pa.hash-mismatch")
    # encypher knows no BMP; the whole-file hash is judged alike for a kind that it knows
    assert_valid_outside(data, "image/png", identity, manifest_store=store)
    assert outside(bytes(changed), "image/png", identity, manifest_store=store)["integrity"] == (
        "invalid"
    )


def test_replacing_a_detached_manifest_keeps_the_earlier_one(
    signer: c2pa.Signer, identity: Identity
) -> None:
    old, new = io.BytesIO(), io.BytesIO()
    picture().save(old, "BMP")
    picture(seed=2).save(new, "BMP")
    first = c2pa.sign_detached(old, mark=MARK, mime="image/bmp", signer=signer)
    later = make_mark("Жаңа иесі")
    second = c2pa.sign_detached(
        new, mark=later, mime="image/bmp", signer=signer, parent=old, parent_manifest=first
    )
    seen = trusting(new.getvalue(), "image/bmp", identity, manifest=second)

    assert seen.mark == later
    assert Mark.from_json(seen.facts["parent_mark"]) == MARK
    assert_valid_outside(new.getvalue(), "image/png", identity, manifest_store=second)


@pytest.mark.parametrize("store", [b"\0", b"nonsense" * 9, b"\0\0\0\x10jumb" + b"\0" * 8])
def test_a_damaged_detached_manifest_is_broken(store: bytes) -> None:
    stream = io.BytesIO()
    picture().save(stream, "BMP")
    seen = c2pa.read(stream, "image/bmp", manifest=store)

    assert (seen.status, seen.code) == (Status.BROKEN, "c2pa.malformed")
