"""Whether a manifest store is whole, well signed, and fits its file (C2PA 2.4, 15).

The active manifest is judged: its hashed URIs, its hard binding, its signature, the certificates
behind it. Codes are those of the specification (15.2.3). The manifests of ingredients are not
looked at; `Validation.certain` is silent where there could be any.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from kzmark import _record
from kzmark._limits import Limits
from kzmark.errors import MediaError, RecordError
from kzmark.signing import algorithm
from kzmark.signing.evidence import Reading
from kzmark.signing.store import cbor, cose, credential, jumbf, shape, timestamp
from kzmark.signing.store.binding import Bound
from kzmark.signing.store.credential import Credential
from kzmark.signing.store.parts import Manifest, take_apart
from kzmark.signing.store.timestamp import TimeStamp

_MAX_JSON: Final = 1 << 20  # bytes of an assertion
_BINDINGS: Final = "c2pa.hash."
_EXPIRED: Final = "signingCredential.expired"
_UNTRUSTED: Final = ("signingCredential.untrusted", "signing certificate untrusted")
Failure = tuple[str, str]  # status code and explanation


class Validation:
    """What came of it.

    Attributes:
        reading: What is said of the store, in the words that the C2PA library has for it too.
    """

    def __init__(
        self, reading: Reading, case: "_Case | None" = None, *, alone: bool = False
    ) -> None:
        self.reading = reading
        self._case = case
        self._alone = alone

    def certain(self) -> Reading | None:
        """Return the reading if nothing failed, trust aside, and nothing was left unjudged.

        That is so where the store is of kzmark's own shape, word for word, and its certificates
        of the usual one; other verifiers say the same of it then. A certificate that has expired
        may have failed where it leads to an anchor: others do not say whether it does.
        """
        case = self._case
        if case is None or not self._alone:
            return None
        if case.failures and not _is_listed(case):
            return None
        if case.signed is None or case.who is None or not case.who.usual:
            return None
        mark = shape.own_mark(case.manifest, case.values, case.signed)
        return self.reading._replace(mark=mark) if mark else None


@dataclass(slots=True)
class _Case:
    """One manifest before the judge."""

    manifest: Manifest
    time: datetime  # by which certificates are judged
    anchors: str
    values: dict[str, Any] = field(default_factory=dict)
    signed: cose.Sign1 | None = None
    who: Credential | None = None
    stamp: TimeStamp | None = None
    failures: list[Failure] = field(default_factory=list)


def validate(
    store: bytes, bound: Bound, *, anchors: str = "", limits: Limits, now: datetime | None = None
) -> Validation:
    """Judge a manifest store. Never raises, whatever the bytes.

    Args:
        store: The store.
        bound: Says whether a hard binding fits the file.
        anchors: PEM text of those who are trusted, or nothing.
        limits: What it may cost.
        now: The time to judge certificates by; the present if left out.
    """
    try:
        found = take_apart(store, limits=limits)
    except MediaError as error:
        return Validation(_refused("general.error", error.message))
    case = _Case(found[-1], time=now or datetime.now(UTC), anchors=anchors)
    case.failures.extend(_failures(case, bound))
    reading = _reading(case, found)
    return Validation(reading, case, alone=len(found) == 1)


def _failures(case: _Case, bound: Bound) -> Iterator[Failure]:
    try:
        yield from _assertion_failures(case)
    except MediaError as error:
        yield "claim.malformed", error.message
    yield from _binding_failures(case, bound)
    yield from _signature_failures(case)


def _assertion_failures(case: _Case) -> Iterator[Failure]:
    """Yield what is wrong between the claim and the assertions (15.10.3.1)."""
    manifest, named = case.manifest, set()
    for label, digest in manifest.links():
        box = manifest.assertions.get(label)
        if box is None:
            yield "assertion.missing", label
            continue
        named.add(label)
        if hashlib.sha256(box.hashed).digest() != digest:
            yield "assertion.hashedURI.mismatch", label
    for label in manifest.assertions:
        if label not in named:
            yield "assertion.undeclared", label
        yield from _decode(case, label)


def _decode(case: _Case, label: str) -> Iterator[Failure]:
    """Read one assertion, CBOR or JSON; what is neither is covered by its hash."""
    kind = case.manifest.content(label)
    try:
        if kind == jumbf.CBOR:
            case.values[label] = cbor.decode(case.manifest.body(label))
        elif kind == jumbf.JSON:
            case.values[label] = _record.parse_json(
                bytes(case.manifest.assertions[label].only(kind)), limit=_MAX_JSON
            )
    except RecordError as error:
        yield "assertion.json.invalid", f"{label}: {error.message}"
    except MediaError as error:
        yield "assertion.cbor.invalid", f"{label}: {error.message}"


def _binding_failures(case: _Case, bound: Bound) -> Iterator[Failure]:
    """Yield what is wrong with the one hard binding (15.12)."""
    ties = [label for label in case.values if label.startswith(_BINDINGS)]
    if len(ties) != 1:
        code = "assertion.multipleHardBindings" if ties else "claim.hardBindings.missing"
        yield code, f"{len(ties)} hard bindings"
        return
    outcome = bound(ties[0], case.values[ties[0]])
    if outcome.failed:
        yield outcome.code, outcome.explanation


def _signature_failures(case: _Case) -> Iterator[Failure]:
    """Yield what is wrong with the signature and with who signed (15.7)."""
    if case.manifest.claim.get("signature") not in case.manifest.signature_links:
        yield "claimSignature.missing", "the claim names no signature of its own"
    try:
        case.signed = signed = cose.parse(case.manifest.signature)
    except MediaError as error:
        yield "claimSignature.mismatch", error.message
        return
    case.stamp = stamp = _stamp(case.manifest, signed, case.anchors)
    if stamp and stamp.time and stamp.is_trusted:
        case.time = stamp.time  # what has expired since was valid when it signed
    who = credential.judge(signed.chain)
    if isinstance(who, str):
        yield "signingCredential.invalid", who
        return
    case.who = who
    if who.problem or signed.algorithm not in who.algorithms:
        yield "signingCredential.invalid", who.problem or "a key of another algorithm"
    if not who.start <= case.time <= who.end:
        yield _EXPIRED, "the certificate has expired or is not valid yet"
    told = cose.to_sign(signed.protected, case.manifest.claim_body)
    if not _verifies(signed, told, who):
        yield "claimSignature.mismatch", "the signature is not that of the claim"


def _stamp(manifest: Manifest, signed: cose.Sign1, anchors: str) -> TimeStamp | None:
    """Judge the time stamp of a signature, if it has one (15.8)."""
    try:
        found = cose.time_stamp(signed, manifest.claim_body)
    except MediaError as error:
        return TimeStamp(None, ((timestamp.MALFORMED, error.message),))
    return timestamp.judge(*found, anchors=anchors) if found else None


def _verifies(signed: cose.Sign1, told: bytes, who: Credential) -> bool:
    if signed.algorithm not in who.algorithms:
        return False
    if len(signed.signature) != algorithm.signature_size(who.key):
        return False
    return algorithm.verifies(signed.signature, told, who.key, signed.algorithm)


def _is_trusted(case: _Case) -> bool:
    if not case.anchors or case.signed is None or case.who is None or case.failures:
        return False
    return credential.is_anchored(case.signed.chain, case.anchors, case.time)


def _is_listed(case: _Case) -> bool:
    """Return whether nothing failed but the time of a certificate that leads to an anchor."""
    if not case.anchors or case.signed is None or case.who is None:
        return False
    if [code for code, _ in case.failures] != [_EXPIRED]:
        return False
    return credential.is_anchored(case.signed.chain, case.anchors, case.who.end)


def _reading(case: _Case, found: Sequence[Manifest]) -> Reading:
    trusted = _is_trusted(case)
    state = "Invalid" if case.failures else "Trusted" if trusted else "Valid"
    signature: dict[str, Any] = {}
    if case.who is not None:
        signature = {"certificateInfo": {"subject": case.who.subject}}
    codes = [code for code, _ in case.stamp.codes] if case.stamp else []
    if case.stamp and case.stamp.time:
        signature["timeStampInfo"] = {"timestamp": case.stamp.time.isoformat()}
    active = {
        "label": case.manifest.label,
        "claim.v2": case.manifest.claim,
        "assertions": case.values,
        "signature": signature,
    }
    others: list[Mapping[str, Any]] = [{"label": one.label} for one in found[:-1]]
    known = trusted or _is_listed(case)
    failures = case.failures if known else [*case.failures, _UNTRUSTED]
    return Reading(state=state, failures=failures, informational=codes, manifests=[active, *others])


def _refused(code: str, explanation: str) -> Reading:
    return Reading(state="Invalid", failures=[(code, explanation)], informational=(), manifests=())
