"""What a time stamp is worth: every way in which it can be wrong, and when its time counts."""

import dataclasses
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from asn1crypto import tsp
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.signing import clock
from tests.signing.authority import EMAIL, Made, issue
from tests.signing.authority import root as make_root

from kzmark._limits import DEFAULT_LIMITS
from kzmark._rope import bytes_of
from kzmark.formats import adapter
from kzmark.formats.text import WRAPPED
from kzmark.report import Evidence, Status
from kzmark.signing import c2pa, embed, evidence
from kzmark.signing.identity import Identity, IdentitySpec, load
from kzmark.signing.store import binding, cbor, cose, stretch, timestamp, validate
from kzmark.signing.store.draft import Draft

COVERED = b"what is stamped"
MARK = make_mark()
DAY = timedelta(days=1)
CLEAN = Path(__file__).parents[3] / "fixtures" / "clean"
LIBRARY = ("page.pdf", "fast-start.mp4", "lossy.webp")  # what the C2PA library reads too
OWN = ("letter.docx", "book.epub", "page.html", "speech.wav", "grey.png")


def codes(stamp: timestamp.TimeStamp) -> list[str]:
    return [code for code, _ in stamp.codes]


def judged(made: clock.Clock, *trusted: Made) -> timestamp.TimeStamp:
    anchors = "".join(one.pem for one in trusted)
    return timestamp.judge(made.token(COVERED), COVERED, anchors=anchors)


@pytest.fixture(scope="module")
def top() -> Made:
    return make_root(name="root of clocks")


@pytest.fixture(scope="module")
def middle(top: Made) -> Made:
    return make_root(name="authority of clocks", issuer=top)


@pytest.fixture(scope="module")
def leaf(middle: Made) -> Made:
    return clock.stamping(middle)


# what it is worth


@pytest.mark.parametrize("by", ["sha256", "sha384", "sha512"])
def test_a_stamp_of_an_authority_on_the_list_is_trusted(
    by: str, leaf: Made, middle: Made, top: Made
) -> None:
    made = clock.Clock(leaf=leaf, above=(middle,), hash=by)
    stamp = judged(made, top)

    assert codes(stamp) == [timestamp.VALIDATED, timestamp.TRUSTED]
    assert stamp.time == made.time.replace(microsecond=0)


def test_an_authority_that_nobody_listed_is_not_trusted(
    leaf: Made, middle: Made, root: Made
) -> None:
    made = clock.Clock(leaf=leaf, above=(middle,))

    assert codes(judged(made)) == [timestamp.VALIDATED, timestamp.UNTRUSTED]
    assert codes(judged(made, root)) == [timestamp.VALIDATED, timestamp.UNTRUSTED]
    assert not judged(made, root).is_trusted


def test_the_order_of_the_certificates_does_not_matter(leaf: Made, middle: Made, top: Made) -> None:
    made = clock.Clock(leaf=leaf, above=(top, middle))

    assert judged(made, top).is_trusted


def test_a_certificate_is_not_of_the_authority_whose_name_it_bears(middle: Made, top: Made) -> None:
    namesake = make_root(name="authority of clocks", issuer=top)
    forged = clock.stamping(
        dataclasses.replace(middle, key=ec.generate_private_key(ec.SECP256R1()))
    )
    stamp = judged(clock.Clock(leaf=forged, above=(middle, namesake)), top)

    assert codes(stamp) == [timestamp.VALIDATED, timestamp.UNTRUSTED]


def test_a_stamp_of_something_else_is_a_mismatch(leaf: Made) -> None:
    token = clock.Clock(leaf=leaf).token(COVERED)
    stamp = timestamp.judge(token, COVERED + b".")

    assert (stamp.time, codes(stamp)) == (None, [timestamp.MISMATCH])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": bytes(32)}, "was changed"),
        ({"named": bytes(32)}, "another certificate"),
    ],
)
def test_a_stamp_whose_parts_do_not_fit_is_a_mismatch(
    change: dict[str, Any], said: str, leaf: Made
) -> None:
    stamp = judged(clock.Clock(leaf=leaf, changes=lambda parts: parts.update(change)))

    assert codes(stamp) == [timestamp.MISMATCH]
    assert said in stamp.codes[0][1]


def test_a_stamp_with_the_signature_of_another_is_a_mismatch(leaf: Made, middle: Made) -> None:
    other = dataclasses.replace(leaf, key=clock.stamping(middle).key)
    stamp = judged(clock.Clock(leaf=other))

    assert codes(stamp) == [timestamp.MISMATCH]
    assert "signature" in stamp.codes[0][1]


@pytest.mark.parametrize(
    "given",
    [
        {"purposes": (EMAIL,)},
        {"purposes": (clock.PURPOSE, EMAIL)},
        {"purposes": ()},
        {"usages": ()},
        {"usages": ("key_agreement",)},
        {"authority": True},
        {"critical_purposes": False},
    ],
    ids=str,
)
def test_a_certificate_that_is_not_for_time_stamps_alone_is_refused(
    given: dict[str, Any], top: Made
) -> None:
    stamp = judged(clock.Clock(leaf=clock.stamping(top, **given)), top)

    assert (stamp.time, codes(stamp)) == (None, [timestamp.CREDENTIAL, timestamp.UNTRUSTED])


@pytest.mark.parametrize("days", [-2, 200])
def test_a_time_at_which_the_authority_had_no_certificate_does_not_count(
    days: int, leaf: Made, middle: Made, top: Made
) -> None:
    made = clock.Clock(leaf=leaf, above=(middle,), time=datetime.now(UTC) + days * DAY)

    assert (judged(made, top).time, codes(judged(made, top))) == (None, [timestamp.OUTSIDE])


def test_a_hash_that_c2pa_does_not_allow_is_not_trusted(leaf: Made, top: Made) -> None:
    stamp = judged(clock.Clock(leaf=leaf, hash="sha1"), top)

    assert (stamp.time, codes(stamp)) == (None, [timestamp.UNTRUSTED])


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x00", b"\xff" * 40])
def test_what_is_no_token_is_malformed(data: bytes) -> None:
    assert codes(timestamp.judge(data, COVERED)) == [timestamp.MALFORMED]


def test_a_stamp_that_names_no_certificate_is_malformed(leaf: Made) -> None:
    stamp = judged(clock.Clock(leaf=leaf, changes=lambda parts: parts.update(named=None)))

    assert codes(stamp) == [timestamp.MALFORMED]
    assert "names no certificate" in stamp.codes[0][1]


def test_a_token_too_large_for_its_parser_is_not_read() -> None:
    name = b"\x06\x83\x02\x00\x00" + b"\x81" * 0x1FFFF + b"\x01"  # an object identifier
    token = b"\x30\x83" + len(name).to_bytes(3, "big") + name

    stamp = timestamp.judge(token, COVERED)

    assert codes(stamp) == [timestamp.MALFORMED]
    assert "32768 are the most" in stamp.codes[0][1]


THEN = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole(middle: Made) -> bytes:
    return clock.Clock(leaf=clock.stamping(middle, start=-9_000 * DAY), time=THEN).token(COVERED)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 3_000), byte=st.integers(0, 255), cut=st.booleans())
def test_no_change_of_a_token_changes_its_time(at: int, byte: int, cut: bool, whole: bytes) -> None:
    at %= len(whole)
    token = whole[:at] + bytes((byte,)) + (b"" if cut else whole[at + 1 :])
    stamp = timestamp.judge(token, COVERED)

    assert stamp.time in {None, THEN}  # what is not signed may differ
    assert len(token) == len(whole) or codes(stamp) == [timestamp.MALFORMED]


# whose time counts


BOUND = binding.bound(None, lambda: hashlib.sha256(b"data").digest())


def stored(identity: Identity, url: str) -> bytes:
    signer = c2pa.Signer(identity, tsa=url)
    blank = binding.data_hash(bytes(32), None)
    made = Draft(MARK, signer=signer, version="1", blank=blank)
    return made.close(binding.data_hash(hashlib.sha256(b"data").digest(), None))


def short(root: Made) -> Identity:
    """Return an identity that signs today, and is judged when it has expired."""
    leaf = issue(root, end=2 * DAY)
    return load(IdentitySpec.from_text(key=leaf.key_pem, chain=leaf.pem + root.pem))


@pytest.fixture
def url(leaf: Made, middle: Made) -> Iterator[str]:
    with clock.serving(clock.Clock(leaf=leaf, above=(middle,)).answer) as address:
        yield address


def test_a_certificate_is_judged_by_the_time_of_a_trusted_stamp(
    url: str, root: Made, top: Made
) -> None:
    store, later = stored(short(root), url), datetime.now(UTC) + 30 * DAY

    def found(anchors: str) -> tuple[str, set[str]]:
        reading = validate.validate(
            store, BOUND, anchors=anchors, limits=DEFAULT_LIMITS, now=later
        ).reading
        return reading.state, {code for code, _ in reading.failures}

    assert found(root.pem + top.pem) == ("Trusted", set())
    assert found(root.pem)[0] == "Invalid"
    assert "signingCredential.expired" in found(root.pem)[1]
    assert found("")[0] == "Invalid"


def test_a_stamp_from_before_the_certificate_proves_that_it_was_not_valid(
    leaf: Made, middle: Made, root: Made, top: Made
) -> None:
    early = issue(root, start=timedelta(hours=-1), end=9 * DAY)
    identity = load(IdentitySpec.from_text(key=early.key_pem, chain=early.pem + root.pem))
    then = datetime.now(UTC) - timedelta(hours=12)
    with clock.serving(clock.Clock(leaf=leaf, above=(middle,), time=then).answer) as url:
        store = stored(identity, url)
    reading = validate.validate(
        store, BOUND, anchors=root.pem + top.pem, limits=DEFAULT_LIMITS
    ).reading

    assert {code for code, _ in reading.failures} >= {"signingCredential.expired"}


def test_a_stamp_taken_from_another_signature_does_not_count(
    url: str, root: Made, top: Made
) -> None:
    one, other = stored(short(root), url), stored(short(root), url)
    mine = other[-10_200:].index(b"sigTst2")
    theirs = one[-10_200:].index(b"sigTst2")
    moved = bytearray(other)
    start, size = len(other) - 10_200 + mine, 9_000
    moved[start : start + size] = one[len(one) - 10_200 + theirs :][:size]
    reading = validate.validate(
        bytes(moved), BOUND, anchors=root.pem + top.pem, limits=DEFAULT_LIMITS
    ).reading

    assert timestamp.MISMATCH in reading.informational
    assert reading.state == "Trusted"  # the signature itself holds


@pytest.mark.parametrize(
    "said",
    [7, {}, {"tstTokens": []}, {"tstTokens": [{"val": b""}, {"val": b""}]}, {"tstTokens": [1]}],
    ids=str,
)
def test_something_else_where_a_stamp_stands_is_malformed(
    said: object, signer: c2pa.Signer
) -> None:
    blank = binding.data_hash(bytes(32), None)
    draft = Draft(MARK, signer=signer, version="1", blank=blank)
    store, _ = draft.sealed(binding.data_hash(hashlib.sha256(b"data").digest(), None))
    for name in ("sigTst2", "sigTst"):
        odd = stretch.with_header(store, draft.seams, cbor.encode({name: said}))
        reading = validate.validate(odd, BOUND, limits=DEFAULT_LIMITS).reading
        assert list(reading.informational) == [timestamp.MALFORMED]
        assert reading.state == "Valid"


def test_a_stamp_of_the_old_kind_covers_the_claim(leaf: Made, signer: c2pa.Signer) -> None:
    claim = b"the claim"
    covered = cose._counter(b"header", claim)
    token = clock.Clock(leaf=leaf)._token(hashlib.sha256(covered).digest(), "sha256", None)
    response = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
    held = {"sigTst": {"tstTokens": [{"val": response.dump()}]}}
    signed = cose.Sign1(signer.identity.algorithm, (), b"signature", b"header", held)
    found = cose.time_stamp(signed, claim)

    assert found is not None
    assert codes(timestamp.judge(*found)) == [timestamp.VALIDATED, timestamp.UNTRUSTED]


# what others say


@dataclasses.dataclass
class Counted:
    answer: clock.Answer
    asked: int = 0

    def __call__(self, query: bytes) -> tuple[int, bytes]:
        self.asked += 1
        return self.answer(query)


def signed(name: str, identity: Identity, url: str) -> tuple[Any, bytes]:
    return signed_by(c2pa.Signer(identity, tsa=url), name)


def signed_by(signer: c2pa.Signer, name: str) -> tuple[Any, bytes]:
    carrier = next(one for suffix, one in CARRIERS.items() if name.endswith(suffix))
    data = (CLEAN / name).read_bytes()
    made = embed.sign(data, adapter=carrier, mark=MARK, signer=signer, limits=DEFAULT_LIMITS)
    assert embed.check(made, adapter=carrier, limits=DEFAULT_LIMITS).mark == MARK
    return carrier, bytes_of(made.data)


CARRIERS: dict[str, Any] = {
    "pdf": adapter("pdf"),
    "mp4": adapter("mp4"),
    "webp": adapter("webp"),
    "docx": adapter("docx"),
    "epub": adapter("epub"),
    "html": adapter("html"),
    "wav": adapter("wav"),
    "png": adapter("png"),
    "txt": WRAPPED,
}


@pytest.mark.parametrize("name", [*LIBRARY, *OWN])
def test_two_verifiers_that_are_not_ours_read_the_stamp_of_openssl(
    name: str, identity: Identity, top: Made, tmp_path: Path
) -> None:
    service = Counted(clock.by_openssl(tmp_path, top))
    with clock.serving(service) as url:
        carrier, data = signed(name, identity, url)
    both = identity.root + top.pem
    mine = embed.read(data, adapter=carrier, trust_anchors=both, limits=DEFAULT_LIMITS)
    other = encypher_c2pa.verify(
        data,
        carrier.info.mime,
        trust_pem=identity.root,
        tsa_trust_pem=top.pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    results = other["validation_results"]

    assert service.asked == 1
    assert (mine.facts["state"], mine.facts["signed"][-6:]) == ("Trusted", "+00:00")
    assert results["failure"] == []
    assert {timestamp.VALIDATED, timestamp.TRUSTED} <= {one["code"] for one in results["success"]}
    if name in LIBRARY:
        held = c2pa.read(io.BytesIO(data), carrier.info.mime, trust_anchors=both)
        assert held.facts == mine.facts


def test_the_stamp_of_a_text_fits_the_room_that_was_made_for_it(
    identity: Identity, leaf: Made, middle: Made, top: Made
) -> None:
    service = Counted(clock.Clock(leaf=leaf, above=(middle,)).answer)
    with clock.serving(service) as url:
        signer = c2pa.Signer(identity, tsa=url)
        texts = [f"Мәтін {number}.\n" * (number + 1) for number in range(12)]
        made = [
            embed.sign(
                text.encode(), adapter=WRAPPED, mark=MARK, signer=signer, limits=DEFAULT_LIMITS
            )
            for text in texts
        ]
    both = identity.root + top.pem
    found = [
        embed.read(bytes_of(one.data), adapter=WRAPPED, trust_anchors=both, limits=DEFAULT_LIMITS)
        for one in made
    ]

    assert service.asked < 2 * len(
        texts
    )  # one size of three is out of reach, and is asked for anew
    assert {one.status for one in found} == {Status.PRESENT}
    assert {one.facts["state"] for one in found} == {"Trusted"}


def aged(name: str) -> Made:
    usages = ("key_cert_sign", "crl_sign")
    return issue(name=name, purposes=(), usages=usages, authority=True, start=-60 * DAY)


@pytest.mark.parametrize("name", ["letter.docx", "page.html", "page.pdf", "fast-start.mp4"])
def test_what_expired_since_is_judged_by_the_time_of_a_trusted_stamp_alone(
    name: str,
) -> None:
    root, top = aged("root"), aged("root of clocks")
    old = issue(root, start=-30 * DAY, end=-10 * DAY)
    spec = IdentitySpec.from_text(key=old.key_pem, chain=old.pem + root.pem)
    identity = load(spec, expired_ok=True)
    service = clock.Clock(
        leaf=clock.stamping(top, start=-40 * DAY), time=datetime.now(UTC) - 20 * DAY
    )
    with clock.serving(service.answer) as url:
        signer = c2pa.Signer(identity, tsa=url)
        signer.__dict__["_validity"] = (datetime.min.replace(tzinfo=UTC), datetime.now(UTC) + DAY)
        carrier, data = signed_by(signer, name)

    def found(anchors: str) -> Evidence:
        return embed.read(data, adapter=carrier, trust_anchors=anchors, limits=DEFAULT_LIMITS)

    assert (found(root.pem + top.pem).code, found(root.pem + top.pem).facts["state"]) == (
        "",
        "Trusted",
    )
    assert found(root.pem).code == evidence.EXPIRED


def test_a_stamp_of_a_service_that_is_not_listed_is_told_as_such(
    url: str, identity: Identity
) -> None:
    carrier, data = signed("letter.docx", identity, url)
    found = embed.read(data, adapter=carrier, trust_anchors=identity.root, limits=DEFAULT_LIMITS)

    assert "not on a trust list" in found.facts["signed"]
    assert found.status is Status.PRESENT
