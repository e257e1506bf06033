import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import make_mark
from tests.signing.conftest import Signing
from tests.signing.outside import assert_valid_outside, trusting
from tests.signing.samples import MIMES, large_jpeg, picture, sample

from kzmark.errors import IdentityError
from kzmark.mark import Mark
from kzmark.report import Basis, Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity
from kzmark.vocabulary import Operation, Oversight, SourceType, Training

each_format = pytest.mark.parametrize("name", MIMES)
MARK = make_mark()
MODIFIED = make_mark(operation=Operation.MODIFIED, source_type=SourceType.COMPOSITE_WITH_TRAINED)
FULL = make_mark(training=Training.PROHIBITED, human_oversight=Oversight.PROMPT_GUIDED)


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
    assert seen.basis is Basis.DECLARED


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


# other readers still read the file


def test_exiftool_still_reads_what_was_there(signed: Signing, tmp_path: Path) -> None:
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
    signer: c2pa.Signer, identity: Identity, tmp_path: Path
) -> None:
    (tmp_path / "in.jpg").write_bytes(large_jpeg())
    with (tmp_path / "in.jpg").open("rb") as source, (tmp_path / "out.jpg").open("w+b") as target:
        source.seek(9)
        c2pa.sign(source, target, mark=MARK, mime="image/jpeg", signer=signer)
        seen = c2pa.read(target, "image/jpeg", trust_anchors=identity.root)

    assert seen.mark == MARK
    assert (tmp_path / "in.jpg").read_bytes() == large_jpeg()


@each_format
def test_the_short_way_for_unsigned_files_says_what_the_library_says(
    name: str, signed: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, whole = sample(name), signed(sample(name), MIMES[name])
    short = [c2pa.read(io.BytesIO(data), MIMES[name]) for data in (clean, whole)]

    monkeypatch.setattr(c2pa, "_is_mentioned", lambda *_: True)
    long = [c2pa.read(io.BytesIO(data), MIMES[name]) for data in (clean, whole)]

    assert short == long
