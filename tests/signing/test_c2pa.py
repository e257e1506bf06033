import io
import json
import subprocess
from typing import Any

import encypher_c2pa
import pytest
from PIL import Image
from tests.conftest import make_mark
from tests.signing.conftest import Signing
from tests.signing.samples import MIMES, large_jpeg, picture, sample

from kzmark.mark import Mark
from kzmark.report import Basis, Evidence, Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity
from kzmark.vocabulary import Operation, Oversight, SourceType, Training

each_format = pytest.mark.parametrize("name", MIMES)
MARK = make_mark()
MODIFIED = make_mark(operation=Operation.MODIFIED, source_type=SourceType.COMPOSITE_WITH_TRAINED)
FULL = make_mark(training=Training.PROHIBITED, human_oversight=Oversight.PROMPT_GUIDED)


def outside(data: bytes, mime: str, identity: Identity, **options: Any) -> dict[str, Any]:
    """Ask the verifier that shares no code with the library that signs."""
    told = encypher_c2pa.verify(
        data,
        mime,
        trust_pem=identity.root,
        no_default_trust=True,
        telemetry=False,
        online=False,
        **options,
    )
    return dict(told)


def assert_valid_outside(data: bytes, mime: str, identity: Identity, **options: Any) -> None:
    told = outside(data, mime, identity, **options)
    assert told["validation_results"]["failure"] == []
    assert (told["integrity"], told["hard_binding"]) == ("valid", "match")
    assert told["trust"]["status"] == "valid_for_supplied_material"


def trusting(data: bytes, mime: str, identity: Identity, **options: Any) -> Evidence:
    return c2pa.read(io.BytesIO(data), mime, trust_anchors=identity.root, **options)


@pytest.fixture
def foreign(identity: Identity) -> bytes:
    """A JPEG that another tool signed: a camera, with another claim generator and no record."""
    said = {
        "claim_generator_info": [{"name": "camera", "version": "7"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                        }
                    ]
                },
            }
        ],
    }
    return _signed_by_another(sample("jpeg"), said, identity)


def _signed_by_another(
    data: bytes, said: dict[str, Any], identity: Identity, *, remote: str = ""
) -> bytes:
    library = c2pa._library()
    info = library.C2paSignerInfo(b"es256", identity.chain_pem, identity.key, None)
    context = library.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    target = io.BytesIO()
    with library.Signer.from_info(info) as signer, library.Builder(json.dumps(said), context) as b:
        if remote:
            b.set_no_embed()
            b.set_remote_url(remote)
        b.sign(signer, "image/jpeg", io.BytesIO(data), target)
    return target.getvalue()


# every format, two verifiers


@each_format
@pytest.mark.parametrize("mark", [MARK, FULL, MODIFIED], ids=["created", "full", "modified"])
def test_what_is_signed_is_read_back_and_holds_outside(
    name: str, mark: Mark, signed: Signing, identity: Identity
) -> None:
    data = signed(sample(name), MIMES[name], mark=mark)
    seen = trusting(data, MIMES[name], identity)

    assert (seen.status, seen.basis, seen.code) == (Status.PRESENT, Basis.SIGNED, "")
    assert seen.mark == mark
    assert seen.facts["trust"] == "trusted"
    assert_valid_outside(data, MIMES[name], identity)


@each_format
def test_replacing_keeps_the_earlier_manifest(
    name: str, signed: Signing, identity: Identity
) -> None:
    first = signed(sample(name), MIMES[name])
    later = make_mark("Жаңа иесі", history=(MARK.mark_id,))
    second = signed(first, MIMES[name], mark=later)
    seen = trusting(second, MIMES[name], identity)

    assert seen.mark == later
    assert seen.facts["manifests"] == "2"
    assert seen.facts["actions"] == "c2pa.opened; c2pa.edited"
    assert Mark.from_json(seen.facts["parent_mark"]) == MARK
    assert_valid_outside(second, MIMES[name], identity)


@each_format
def test_one_changed_byte_of_the_content_is_seen(
    name: str, signed: Signing, identity: Identity
) -> None:
    clean = sample(name)
    data = bytearray(signed(clean, MIMES[name]))
    middle = clean[len(clean) // 2 :][:16]
    data[bytes(data).find(middle) + 5] ^= 0x04
    seen = trusting(bytes(data), MIMES[name], identity)

    assert (seen.status, seen.code) == (Status.BROKEN, "c2pa.hash-mismatch")
    assert "ash.mismatch" in seen.detail
    assert seen.mark is None


@each_format
def test_a_file_without_a_manifest_has_none(name: str) -> None:
    seen = c2pa.read(io.BytesIO(sample(name)), MIMES[name])

    assert (seen.status, seen.code) == (Status.ABSENT, "")
    assert not c2pa.has_manifest(io.BytesIO(sample(name)), MIMES[name])


@each_format
def test_a_signed_file_has_a_manifest(name: str, signed: Signing) -> None:
    assert c2pa.has_manifest(io.BytesIO(signed(sample(name), MIMES[name])), MIMES[name])


def test_the_picture_is_the_same_after_signing(signed: Signing) -> None:
    for name in ("jpeg", "png", "webp", "gif", "tiff", "avif"):
        before, after = sample(name), signed(sample(name), MIMES[name])
        with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
            assert old.tobytes() == new.tobytes()


# what the manifest says


def test_valid_but_not_on_a_trust_list_is_no_failure(signed: Signing) -> None:
    seen = c2pa.read(io.BytesIO(signed(sample("jpeg"))), "image/jpeg")

    assert (seen.status, seen.basis, seen.code) == (Status.PRESENT, Basis.SIGNED, "")
    assert seen.mark == MARK
    assert seen.facts["state"] == "Valid"
    assert seen.facts["trust"] == "not on a trust list"
    assert seen.facts["signed"] == "no time stamp"
    assert seen.facts["issuer"] == "ТОО Пример / kzmark claim signing"
    assert seen.facts["generator"].startswith("kzmark ")


def test_anchors_without_a_certificate_are_refused(signed: Signing) -> None:
    from kzmark.errors import IdentityError

    with pytest.raises(IdentityError, match="trust anchors"):
        c2pa.read(io.BytesIO(signed(sample("jpeg"))), "image/jpeg", trust_anchors=b"nonsense")


def test_a_stamp_weighs_less_than_four_kilobytes(signed: Signing) -> None:
    grown = {n: len(signed(sample(n), MIMES[n])) - len(sample(n)) for n in MIMES if n != "svg"}

    assert max(grown.values()) < 4_096, grown


def test_the_ingredient_is_the_signers_own_too(signed: Signing, identity: Identity) -> None:
    library = c2pa._library()
    data = signed(sample("jpeg"), mark=MODIFIED)
    with library.Reader("image/jpeg", io.BytesIO(data)) as reader:
        claim = json.loads(reader.crjson())["manifests"][0]["claim.v2"]

    assert claim["gathered_assertions"] == []
    assert any("c2pa.ingredient.v3" in one["url"] for one in claim["created_assertions"])


def test_lists_of_small_numbers_survive(signed: Signing, identity: Identity) -> None:
    """The library's usual JSON turns [5, 170, 150, 60] into base64; the record must not."""
    seen = trusting(signed(sample("jpeg")), "image/jpeg", identity)

    assert seen.mark
    assert seen.mark.notice.places[0].box == (5, 170, 150, 60)


# others' manifests


def test_a_foreign_manifest_is_told_but_is_no_mark(foreign: bytes, identity: Identity) -> None:
    seen = trusting(foreign, "image/jpeg", identity)

    assert (seen.status, seen.mark) == (Status.PRESENT, None)
    assert seen.facts["generator"] == "camera 7"
    assert seen.facts["actions"] == "c2pa.created"
    assert seen.facts["DigitalSourceType"].endswith("/digitalCapture")


@pytest.mark.parametrize("mark", [MARK, MODIFIED], ids=["created", "modified"])
def test_a_foreign_manifest_becomes_the_parent(
    mark: Mark, foreign: bytes, signed: Signing, identity: Identity
) -> None:
    data = signed(foreign, mark=mark)
    seen = trusting(data, "image/jpeg", identity)

    assert seen.mark == mark
    assert seen.facts["parents"] == "1"
    assert "parent_mark" not in seen.facts
    assert b"camera" in data
    assert_valid_outside(data, "image/jpeg", identity)


def test_the_original_is_the_parent_where_it_is_at_hand(
    foreign: bytes, signed: Signing, identity: Identity
) -> None:
    """The notice was laid on the picture, so only the original fits its own manifest."""
    changed = sample("jpeg", seed=2)
    data = signed(changed, mark=MODIFIED, parent=foreign)
    library = c2pa._library()
    with library.Reader("image/jpeg", io.BytesIO(data)) as reader:
        (parent,) = reader.get_active_manifest()["ingredients"]

    said = parent["validation_results"]["activeManifest"]
    assert [one["code"] for one in said["failure"]] in ([], ["signingCredential.untrusted"])
    assert any(one["code"] == "assertion.dataHash.match" for one in said["success"])
    assert_valid_outside(data, "image/jpeg", identity)


def test_our_record_under_a_later_foreign_manifest_is_only_the_parents(
    signed: Signing, identity: Identity
) -> None:
    stamped = signed(sample("jpeg"))
    library = c2pa._library()
    info = library.C2paSignerInfo(b"es256", identity.chain_pem, identity.key, None)
    said = {"claim_generator_info": [{"name": "editor"}]}
    target = io.BytesIO()
    with library.Signer.from_info(info) as signer, library.Builder(json.dumps(said)) as builder:
        builder.set_intent(library.C2paBuilderIntent.EDIT)
        builder.sign(signer, "image/jpeg", io.BytesIO(stamped), target)
    seen = trusting(target.getvalue(), "image/jpeg", identity)

    assert (seen.status, seen.mark) == (Status.PRESENT, None)
    assert Mark.from_json(seen.facts["parent_mark"]) == MARK
    assert seen.facts["generator"] == "editor"


def test_a_source_type_that_contradicts_the_record_is_told(identity: Identity) -> None:
    said = {
        "claim_generator_info": [{"name": "forger"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                        }
                    ]
                },
            },
            {"label": "kzmark.record", "data": MARK.to_dict()},
        ],
    }
    seen = trusting(_signed_by_another(sample("jpeg"), said, identity), "image/jpeg", identity)

    assert seen.code == "c2pa.contradiction"
    assert "digitalCapture" in seen.detail


@pytest.mark.parametrize(
    "record", [{"schema": 2}, {"schema": 1}, MARK.to_dict() | {"mark_id": "no"}]
)
def test_a_record_that_breaks_its_schema_is_broken(
    record: dict[str, Any], identity: Identity
) -> None:
    said = {
        "claim_generator_info": [{"name": "forger"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty",
                        }
                    ]
                },
            },
            {"label": "kzmark.record", "data": record},
        ],
    }
    seen = trusting(_signed_by_another(sample("jpeg"), said, identity), "image/jpeg", identity)

    assert (seen.status, seen.code) == (Status.BROKEN, "c2pa.record")


def test_a_manifest_that_stands_elsewhere_is_named_and_not_fetched(identity: Identity) -> None:
    said = {
        "claim_generator_info": [{"name": "cloud"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty",
                        }
                    ]
                },
            }
        ],
    }
    where = "http://127.0.0.1:9/a.c2pa"
    data = _signed_by_another(sample("jpeg"), said, identity, remote=where)
    seen = c2pa.read(io.BytesIO(data), "image/jpeg")

    assert (seen.status, seen.code) == (Status.ABSENT, "c2pa.remote")
    assert seen.facts["remote"] == where
    assert not c2pa.has_manifest(io.BytesIO(data), "image/jpeg")


# detached


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


# other readers still read the file


def test_exiftool_still_reads_what_was_there(signed: Signing, tmp_path: Any) -> None:
    import shutil

    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is the outside reader here and is not installed")
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "before"
    picture().save(stream, "JPEG", exif=exif, quality=80)
    path = tmp_path / "a.jpg"
    path.write_bytes(signed(stream.getvalue()))
    told = subprocess.run(
        ["exiftool", "-j", "-ImageDescription", "-Warning", str(path)],
        capture_output=True,
        check=True,
    )

    assert json.loads(told.stdout)[0]["ImageDescription"] == "before"
    assert "Warning" not in json.loads(told.stdout)[0]


def test_a_large_file_is_signed_from_a_file_on_disk(
    signer: c2pa.Signer, identity: Identity, tmp_path: Any
) -> None:
    (tmp_path / "in.jpg").write_bytes(large_jpeg())
    with (tmp_path / "in.jpg").open("rb") as source, (tmp_path / "out.jpg").open("w+b") as target:
        source.seek(9)
        c2pa.sign(source, target, mark=MARK, mime="image/jpeg", signer=signer)
        seen = c2pa.read(target, "image/jpeg", trust_anchors=identity.root)

    assert seen.mark == MARK
    assert (tmp_path / "in.jpg").read_bytes() == large_jpeg()
