"""Our own store: what two verifiers that are not ours say of it, and that ours says the same."""

import concurrent.futures
import dataclasses
import io
import json
import pickle
import shutil
import subprocess
import sys
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.signing.authority import Made, issue
from tests.signing.authority import root as make_root
from tests.signing.outside import assert_valid_outside
from tests.signing.samples import MIMES, sample
from tests.signing.store.samples import ADAPTERS, FILES, LIMITS, judged, sign

from kzmark._limits import Limits
from kzmark._rope import bytes_of
from kzmark.errors import IdentityError, LimitExceededError
from kzmark.formats import all_adapters
from kzmark.mark import Mark
from kzmark.report import Basis, Status
from kzmark.signing import c2pa, embed, evidence
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.identity import Identity, IdentitySpec, load, new_identity
from kzmark.signing.store.draft import Draft
from kzmark.signing.store.ties import tie_of
from kzmark.vocabulary import Operation, Oversight, SourceType, Training

CREATED = make_mark()
CLEAN_WAV = (Path(__file__).parents[3] / "fixtures" / "clean" / "speech.wav").read_bytes()
FULL = make_mark(training=Training.CONSTRAINED, human_oversight=Oversight.PROMPT_GUIDED)
MODIFIED = make_mark(operation=Operation.MODIFIED, source_type=SourceType.COMPOSITE_WITH_TRAINED)
each_file = pytest.mark.parametrize("name", FILES)
each_mark = pytest.mark.parametrize(
    "mark", [CREATED, FULL, MODIFIED], ids=["created", "full", "modified"]
)


def by_library(data: bytes, kind: str, mark: Mark, signer: c2pa.Signer) -> bytes:
    target = io.BytesIO()
    c2pa.sign(io.BytesIO(data), target, mark=mark, mime=MIMES[kind], signer=signer)
    return target.getvalue()


def told(data: bytes, kind: str) -> dict[str, Any]:
    """Return the active manifest as the C2PA library reads it."""
    library = c2pa._library()
    with library.Reader(MIMES[kind], io.BytesIO(data)) as reader:
        found: dict[str, Any] = json.loads(reader.crjson())["manifests"][0]
        return found


# what others say


@each_file
@each_mark
def test_two_verifiers_accept_what_is_signed_here(
    name: str, mark: Mark, signer: c2pa.Signer, identity: Identity
) -> None:
    kind, _ = FILES[name]
    data = sign(name, mark, signer)
    seen = c2pa.read(io.BytesIO(data), MIMES[kind], trust_anchors=identity.root)

    assert (seen.status, seen.basis, seen.code) == (Status.PRESENT, Basis.SIGNED, "")
    assert (seen.mark, seen.facts["trust"], seen.facts["codes"]) == (mark, "trusted", "")
    assert_valid_outside(data, MIMES[kind], identity)


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("name", ["baseline", "png"])
def test_every_algorithm_is_accepted(algorithm: Algorithm, name: str, tmp_path: Path) -> None:
    kind, _ = FILES[name]
    folder = tmp_path / "one"
    new_identity(folder, algorithm=algorithm)
    made = c2pa.Signer(identity_of(folder, algorithm))
    data = sign(name, CREATED, made)
    seen = c2pa.read(io.BytesIO(data), MIMES[kind], trust_anchors=made.identity.root)
    ours = embed.read(data, adapter=ADAPTERS[kind], trust_anchors=made.identity.root, limits=LIMITS)

    assert (seen.status, seen.facts["trust"], seen.facts["codes"]) == (
        Status.PRESENT,
        "trusted",
        "",
    )
    assert ours == seen
    assert_valid_outside(data, MIMES[kind], made.identity)


def identity_of(folder: Path, algorithm: Algorithm) -> Identity:
    return load(dataclasses.replace(IdentitySpec.from_folder(folder), algorithm=algorithm))


@each_mark
@pytest.mark.parametrize("name", ["baseline", "png"])
def test_both_writers_say_the_same(name: str, mark: Mark, signer: c2pa.Signer) -> None:
    kind, clean = FILES[name]
    one, other = (
        told(data, kind)
        for data in (sign(name, mark, signer), by_library(clean, kind, mark, signer))
    )

    assert one["assertions"].keys() == other["assertions"].keys()
    for label in one["assertions"].keys() - {"c2pa.hash.data"}:
        assert plain(one["assertions"][label]) == plain(other["assertions"][label]), label
    assert generator(one) == generator(other)
    assert one["signature"]["certificateInfo"] == other["signature"]["certificateInfo"]


def plain(value: Any) -> Any:
    """Leave out what is new for every file: hashes and instance ids."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in {"hash", "instanceID"}}
    return [plain(one) for one in value] if isinstance(value, list) else value


def generator(manifest: dict[str, Any]) -> dict[str, Any]:
    info: dict[str, Any] = dict(manifest["claim.v2"]["claim_generator_info"])
    info.pop("org.contentauth.c2pa_rs", None)
    return info


@each_file
def test_a_stamp_is_smaller_than_the_librarys(name: str, signer: c2pa.Signer) -> None:
    kind, clean = FILES[name]
    ours = len(sign(name, FULL, signer)) - len(clean)

    assert ours < 3_072
    assert ours < len(by_library(clean, kind, FULL, signer)) - len(clean)


@each_file
def test_exiftool_reads_the_store_without_a_warning(
    name: str, signer: c2pa.Signer, tmp_path: Path
) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is the outside reader here and is not installed")
    path = tmp_path / f"a.{FILES[name][0]}"
    path.write_bytes(sign(name, CREATED, signer))
    command = ["exiftool", "-j", "-JUMBF:all", "-Warning", "-Error", "-struct", str(path)]
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]

    assert "Warning" not in said
    assert said["Actions"]["action"] == "c2pa.created"
    assert said["Mark_id"] == str(CREATED.mark_id)


# what we say


@each_file
@each_mark
@pytest.mark.parametrize("writer", ["ours", "library"])
@pytest.mark.parametrize("trusting", [False, True])
def test_our_judge_says_word_for_word_what_the_library_says(
    name: str, mark: Mark, writer: str, trusting: bool, signer: c2pa.Signer, identity: Identity
) -> None:
    kind, clean = FILES[name]
    data = sign(name, mark, signer) if writer == "ours" else by_library(clean, kind, mark, signer)
    anchors = identity.root if trusting else ""
    sure = judged(data, kind, anchors).certain()

    assert sure is not None
    assert evidence.judge(sure) == c2pa.read(
        io.BytesIO(data), MIMES[kind], trust_anchors=anchors or None
    )


_IDENTITY: list[tuple[c2pa.Signer, dict[str, bytes]]] = []


def signed_once(signer: c2pa.Signer) -> dict[str, bytes]:
    if not _IDENTITY:
        names = ("tiny", "tiny-png")
        made = {f"{n} {m.operation}": sign(n, m, signer) for n in names for m in (FULL, MODIFIED)}
        _IDENTITY.append((signer, made))
    return _IDENTITY[0][1]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_tampered_file_is_judged_as_the_library_judges_it(
    data: st.DataObject, signer: c2pa.Signer
) -> None:
    files = signed_once(signer)
    name = data.draw(st.sampled_from(sorted(files)))
    whole = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    kind = "png" if "png" in name else "jpeg"
    tampered = with_right_crc(bytes(whole)) if kind == "png" else bytes(whole)

    assert embed.read(tampered, adapter=ADAPTERS[kind], limits=LIMITS) == c2pa.read(
        io.BytesIO(tampered), MIMES[kind]
    )


def with_right_crc(data: bytes) -> bytes:
    """Let a flipped byte of the store through to the judge."""
    at = data.find(b"caBX")
    end = at + 4 + int.from_bytes(data[at - 4 : at], "big")
    if at < 0 or end + 4 > len(data):
        return data
    return data[:end] + zlib.crc32(data[at:end]).to_bytes(4, "big") + data[end + 4 :]


@each_file
def test_the_check_of_what_was_just_signed_says_what_reading_says(
    name: str, signer: c2pa.Signer
) -> None:
    kind, clean = FILES[name]
    made = embed.sign(clean, adapter=ADAPTERS[kind], mark=FULL, signer=signer, limits=LIMITS)

    assert embed.check(made, adapter=ADAPTERS[kind], limits=LIMITS) == embed.read(
        made.data, adapter=ADAPTERS[kind], limits=LIMITS
    )


def test_the_check_sees_a_wrong_hash_and_a_store_out_of_place(signer: c2pa.Signer) -> None:
    kind, clean = FILES["png"]
    made = embed.sign(clean, adapter=ADAPTERS[kind], mark=FULL, signer=signer, limits=LIMITS)
    assert made.place
    other = dataclasses.replace(made, digest=bytes(32))
    moved = dataclasses.replace(made, place=(made.place[0] + 1, made.place[1]))
    one, two = (embed.check(each, adapter=ADAPTERS[kind], limits=LIMITS) for each in (other, moved))

    assert (one.status, one.code) == (Status.BROKEN, "c2pa.hash-mismatch")
    assert (two.status, two.code) == (Status.BROKEN, "c2pa.malformed")


# when the library signs


def test_an_earlier_manifest_is_kept_by_the_library(
    signer: c2pa.Signer, identity: Identity
) -> None:
    first = sign("baseline", CREATED, signer)
    later = make_mark("Жаңа иесі", history=(CREATED.mark_id,))
    made = embed.sign(first, adapter=ADAPTERS["jpeg"], mark=later, signer=signer, limits=LIMITS)
    seen = embed.read(made.data, adapter=ADAPTERS["jpeg"], limits=LIMITS)

    assert made.place is None
    assert (seen.mark, seen.facts["manifests"]) == (later, "2")
    assert Mark.from_json(seen.facts["parent_mark"]) == CREATED
    assert_valid_outside(bytes_of(made.data), "image/jpeg", identity)


def test_a_parent_with_a_manifest_is_kept_by_the_library(signer: c2pa.Signer) -> None:
    parent = sign("baseline", CREATED, signer)
    made = embed.sign(
        FILES["baseline"][1],
        adapter=ADAPTERS["jpeg"],
        mark=CREATED,
        signer=signer,
        parent=parent,
        limits=LIMITS,
    )

    assert made.place is None
    assert told(bytes_of(made.data), "jpeg")["assertions"]["c2pa.ingredient.v3"]["activeManifest"]


def test_a_file_is_not_signed_without_the_time_stamp_that_was_asked_for(
    identity: Identity,
) -> None:
    signer = c2pa.Signer(identity, tsa="http://127.0.0.1:9/")
    with pytest.raises(IdentityError, match="time stamp service"):
        sign("baseline", CREATED, signer)


@pytest.mark.parametrize("letters", [0, 1, 2])
def test_a_store_of_any_length_fits_a_wav_for_the_library_too(
    letters: int, signer: c2pa.Signer
) -> None:
    wav = next(a for a in all_adapters() if a.info.name == "wav")
    mark = make_mark("x" * (10 + letters))
    made = embed.sign(CLEAN_WAV, adapter=wav, mark=mark, signer=signer, limits=LIMITS)

    assert made.place is not None
    assert c2pa.read(io.BytesIO(bytes_of(made.data)), wav.info.mime).status is Status.PRESENT


@pytest.mark.parametrize("name", ["webp", "gif", "svg"])
def test_other_formats_are_signed_by_the_library(name: str, signer: c2pa.Signer) -> None:
    adapter = next(a for a in all_adapters() if a.info.name == name)
    made = embed.sign(sample(name), adapter=adapter, mark=CREATED, signer=signer, limits=LIMITS)

    assert made.place is None
    assert embed.check(made, adapter=adapter, limits=LIMITS).mark == CREATED


def test_a_file_over_the_limit_is_refused(signer: c2pa.Signer) -> None:
    small = Limits(max_bytes=100)
    kind, data = FILES["png"]
    with pytest.raises(LimitExceededError):
        embed.sign(data, adapter=ADAPTERS[kind], mark=CREATED, signer=signer, limits=small)
    with pytest.raises(LimitExceededError):
        embed.read(data, adapter=ADAPTERS[kind], limits=small)


# files without a manifest


@each_file
def test_a_file_without_a_manifest_needs_no_library(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, data = FILES[name]
    wanted = c2pa.read(io.BytesIO(data), MIMES[kind])
    monkeypatch.setattr(c2pa, "read", None)

    assert embed.read(data, adapter=ADAPTERS[kind], limits=LIMITS) == wanted


# stores beside their files


@each_mark
def test_a_store_beside_its_file_is_accepted(mark: Mark, signer: c2pa.Signer) -> None:
    adapter = next(a for a in all_adapters() if a.info.name == "bmp")
    store = embed.sign_detached(
        sample("png"), adapter=adapter, mark=mark, signer=signer, limits=LIMITS
    )
    seen = c2pa.read(io.BytesIO(sample("png")), "image/bmp", manifest=store)
    ours = embed.read(sample("png"), adapter=adapter, manifest=store, limits=LIMITS)
    other = embed.read(sample("gif"), adapter=adapter, manifest=store, limits=LIMITS)

    assert (seen.status, seen.mark, seen.code) == (Status.PRESENT, mark, "")
    assert ours == seen
    assert (other.status, other.code) == (Status.BROKEN, "c2pa.hash-mismatch")
    assert len(store) < 3_072


# devices


def test_a_device_costs_no_bytes(signer: c2pa.Signer) -> None:
    root = make_root()
    made = c2pa.Signer(spec_of(root))
    clean = FILES["png"][1]
    grown = len(sign("png", CREATED, made)) - len(clean)

    assert grown < len(sign("png", CREATED, signer)) - len(clean) + 400


def spec_of(root: Made) -> IdentitySpec:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue(root, key=key)

    def answer(data: bytes) -> bytes:
        return key.sign(data, ec.ECDSA(hashes.SHA256()))

    return IdentitySpec.from_callback(answer, chain=leaf.pem)


def test_a_failing_device_is_the_cause() -> None:
    def fail(_: bytes) -> bytes:
        raise TimeoutError("the device does not answer")

    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue(make_root(), key=key)
    made = c2pa.Signer(IdentitySpec.from_callback(fail, chain=leaf.pem))
    with pytest.raises(IdentityError, match="the device does not answer") as caught:
        sign("png", CREATED, made)

    assert isinstance(caught.value.__cause__, TimeoutError)


@pytest.mark.parametrize("answer", [b"", b"x", bytes(64), b"\x30\x06\x02\x01\x01\x02\x01\x01"])
def test_a_senseless_answer_of_a_device_is_caught(answer: bytes) -> None:
    leaf = issue(make_root())
    made = c2pa.Signer(IdentitySpec.from_callback(lambda _: answer, chain=leaf.pem))
    with pytest.raises(IdentityError, match="not that of the certificate's key"):
        sign("png", CREATED, made)


def test_a_certificate_that_expired_signs_nothing() -> None:
    leaf = issue(make_root(), start=timedelta(days=-9), end=timedelta(days=-2))
    spec = IdentitySpec.from_text(leaf.pem, leaf.key_pem)
    made = c2pa.Signer(load(spec, expired_ok=True))
    with pytest.raises(IdentityError, match="expired or is not valid yet") as caught:
        sign("png", CREATED, made)

    assert "renew" in caught.value.hint


def test_threads_may_share_a_signer(signer: c2pa.Signer) -> None:
    again = pickle.loads(pickle.dumps(signer))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda _: sign("png", CREATED, again), range(64)))

    assert all(judged(data, "png").certain() for data in files)
    assert len(set(files)) == len(files)  # each has its own manifest id


# large stores


@pytest.mark.parametrize("size", [65_400, 65_530, 66_000, 131_100, 200_000])
def test_a_store_of_several_segments_is_accepted(
    size: int, signer: c2pa.Signer, identity: Identity
) -> None:
    adapter, clean = ADAPTERS["jpeg"], FILES["metadata"][1]
    tie = tie_of(adapter, limits=LIMITS)
    draft = Draft(CREATED, signer=signer, version="9" * (size - 2_600), blank=tie.blank)
    made = embed._embedded(clean, adapter, CREATED, draft, tie)
    assert made
    assert made.place
    data = bytes_of(made.data)
    segments = data.count(b"\xff\xeb", 0, made.place[0] + made.place[1])
    seen = c2pa.read(io.BytesIO(data), "image/jpeg", trust_anchors=identity.root)
    ours = embed.read(made.data, adapter=adapter, trust_anchors=identity.root, limits=LIMITS)

    assert segments == -(-made.place[1] // 65_537)
    assert (seen.status, seen.mark, seen.facts["trust"]) == (Status.PRESENT, CREATED, "trusted")
    assert judged(data, "jpeg").certain()
    assert ours == seen
    assert_valid_outside(bytes_of(made.data), "image/jpeg", identity)


# what is loaded


def test_signing_and_checking_import_no_c2pa_library(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FILES["baseline"][1])
    code = """
import sys, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.conftest import make_mark
from tests.signing.store.samples import ADAPTERS, LIMITS
from kzmark.signing import embed
from kzmark.signing.identity import new_identity
from kzmark.signing.signer import Signer
folder = Path(sys.argv[1])
signer = Signer(new_identity(folder / "id"))
data, adapter = (folder / "a.jpg").read_bytes(), ADAPTERS["jpeg"]
made = embed.sign(data, adapter=adapter, mark=make_mark(), signer=signer, limits=LIMITS)
seen = embed.check(made, adapter=adapter, limits=LIMITS)
again = embed.read(made.data, adapter=adapter, limits=LIMITS)
print(seen.status, again.status, "c2pa" in sys.modules)
"""
    here = Path(__file__).parents[3]
    command = [sys.executable, "-c", code, str(tmp_path), str(here)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert said.split() == ["present", "present", "False"]
