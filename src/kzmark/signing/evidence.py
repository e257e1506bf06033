"""From what a verifier reports of a file to `Evidence`: data in, data out."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kzmark.errors import RecordError
from kzmark.mark import Mark
from kzmark.report import Basis, Evidence, Status
from kzmark.signing import manifest
from kzmark.signing.manifest import Saying
from kzmark.vocabulary import Layer

HASH_MISMATCH: Final = "c2pa.hash-mismatch"
SIGNATURE: Final = "c2pa.signature"
MALFORMED: Final = "c2pa.malformed"
RECORD: Final = "c2pa.record"
EXPIRED: Final = "c2pa.expired"
CONTRADICTION: Final = "c2pa.contradiction"
REMOTE: Final = "c2pa.remote"

ANCHORED: Final = "Trusted"  # the state of a reading, as the library spells it
UNANCHORED: Final = "Valid"
TRUSTED: Final = "trusted"
UNTRUSTED: Final = "not on a trust list"
OUTDATED: Final = "certificate expired"
OUTDATED_ON_LIST: Final = "on the trust list, certificate expired"
NO_TIME: Final = "no time stamp"
_SINCE: Final = "the certificate has expired since, and no trusted time stamp says when it signed"

_EXPIRY: Final = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
_UNLISTED: Final = "signingCredential.untrusted"  # said of every expired one by the library
_HARMLESS: Final = _EXPIRY | {_UNLISTED}
_ALTERED: Final = ("claimSignature.", "signingCredential.", "assertion.hashedURI.mismatch")
_BROKEN_STAMPS: Final = frozenset(
    f"timeStamp.{why}" for why in ("credentialInvalid", "malformed", "mismatch", "outsideValidity")
)
_MAX_PARENTS: Final = 64
_MAX_FACT: Final = 2_000  # characters of what others say
_MAX_RECORD: Final = 64 << 10


class Reading(NamedTuple):
    """What is said of one file, by the library or by `kzmark.signing.store`.

    Attributes:
        state: Valid, Trusted or Invalid.
        failures: Codes of the active manifest that failed, with their explanations.
        informational: Other codes of the active manifest.
        manifests: The manifests of the store, as crJSON spells them; the active one first.
        mark: The record of the active manifest, if somebody has read it already.
    """

    state: str
    failures: Sequence[tuple[str, str]]
    informational: Sequence[str]
    manifests: Sequence[Mapping[str, Any]]
    mark: Mark | None = None


def judge(reading: Reading) -> Evidence:
    """Say what the manifest store of a file holds.

    "Valid, not on a trust list" is no failure, and neither is a certificate that was good when it
    signed and has expired since: without a time stamp nobody can tell, so it says `c2pa.expired`.
    """
    active = _map(reading.manifests[0]) if reading.manifests else {}
    failed = {code for code, _ in reading.failures}
    expired = bool(failed & _EXPIRY) and failed <= _HARMLESS
    facts = dict(_facts(reading, active, expired=expired))
    records = [_map(data) for _, data in _assertions(active, manifest.RECORD)]
    if reading.state == "Invalid" and not expired:
        return _broken(_code(failed), _spell(reading.failures), facts, mark=_claimed(records))
    if len(records) > 1:
        return _broken(RECORD, f"{len(records)} records in one manifest", facts)
    try:
        mark = reading.mark or (Mark.from_dict(records[0]) if records else None)
    except RecordError as error:
        return _broken(RECORD, error.message, facts)
    code, detail = (EXPIRED, _SINCE) if expired else ("", f"{facts['trust']}, {facts['signed']}")
    if mark and (said := _contradiction(mark, active)):
        code, detail = CONTRADICTION, said
    return Evidence(
        layer=Layer.C2PA,
        status=Status.PRESENT,
        basis=Basis.SIGNED,
        mark=mark,
        code=code,
        detail=detail,
        facts=facts,
    )


def absent(*, remote: str = "") -> Evidence:
    """Return the evidence of a file without a manifest of its own."""
    if not remote:
        return Evidence(layer=Layer.C2PA, status=Status.ABSENT)
    return Evidence(
        layer=Layer.C2PA,
        status=Status.ABSENT,
        code=REMOTE,
        detail="its manifest stands elsewhere and was not fetched",
        facts={"remote": remote[:_MAX_FACT]},
    )


def unread(text: str, *, mentioned: bool) -> Evidence:
    """Return the evidence of a file that the library refused to read.

    Args:
        text: What it said.
        mentioned: Whether the file holds anything that looks like a manifest store. If not, the
            library does not know this kind of file, or it is damaged: for the adapter to tell.
    """
    if remote := elsewhere(text):
        return absent(remote=remote)
    foreign = text.startswith("NotSupported:") or "could not be parsed" in text
    return absent() if foreign and not mentioned else malformed(text)


def elsewhere(text: str) -> str | None:
    """Return the address of a manifest that the library was not allowed to fetch."""
    return text.rpartition(" ")[2] if text.startswith("Remote:") else None


def malformed(detail: str) -> Evidence:
    """Return the evidence of a manifest store that cannot be read."""
    return _broken(MALFORMED, detail, {})


def _claimed(records: Sequence[Mapping[str, Any]]) -> Mark | None:
    """Return what a broken manifest claims: nothing signed, but it can contradict the rest."""
    with contextlib.suppress(RecordError):
        return Mark.from_dict(records[0]) if len(records) == 1 else None
    return None


def _broken(
    code: str, detail: str, facts: Mapping[str, str], *, mark: Mark | None = None
) -> Evidence:
    return Evidence(
        layer=Layer.C2PA,
        status=Status.BROKEN,
        mark=mark,
        code=code,
        detail=detail[:_MAX_FACT],
        facts=facts,
    )


def _code(failed: set[str]) -> str:
    if any(code.startswith(_ALTERED) for code in failed - _HARMLESS):
        return SIGNATURE
    if any(code.endswith("Hash.mismatch") for code in failed):
        return HASH_MISMATCH
    return MALFORMED


def _spell(failures: Sequence[tuple[str, str]]) -> str:
    said = dict.fromkeys(
        f"{code} ({why})" if why else code for code, why in failures if code not in _HARMLESS
    )
    return ", ".join(said) or ", ".join(code for code, _ in failures)


def _facts(
    reading: Reading, active: Mapping[str, Any], *, expired: bool
) -> Iterator[tuple[str, str]]:
    signature = _map(active.get("signature"))
    yield "state", reading.state
    yield "trust", _trust(reading, expired=expired)
    yield "issuer", _name(_map(_map(signature.get("certificateInfo")).get("subject")))
    yield "signed", _time(signature, reading.informational)
    yield "codes", ", ".join(dict.fromkeys(code for code, _ in reading.failures))
    yield "manifests", str(len(reading.manifests))
    claim = active.get("claim.v2") or active.get("claim")
    yield from _said("generator", [_generator(_map(claim))])
    acts = list(_acts(active))
    yield from _said("actions", [str(act.get("action", "")) for act in acts])
    yield from _said("DigitalSourceType", list(_source_types(acts)))
    yield from _said("training", list(_training(active)))
    ancestors = list(_ancestors(reading.manifests, active))
    if ancestors:
        yield "parents", str(len(ancestors))
        yield from _parent_record(ancestors)


def _trust(reading: Reading, *, expired: bool) -> str:
    if not expired:
        return TRUSTED if reading.state == ANCHORED else UNTRUSTED
    unlisted = any(code == _UNLISTED for code, _ in reading.failures)
    return OUTDATED if unlisted else OUTDATED_ON_LIST


def _map(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one: signed is not the same as sensible."""
    return value if isinstance(value, Mapping) else {}


def _said(name: str, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    if text := "; ".join(value for value in values if value):
        yield name, text[:_MAX_FACT]


def _name(subject: Mapping[str, Any]) -> str:
    parts = [str(subject[key]) for key in ("O", "CN") if subject.get(key)]
    return " / ".join(parts)[:_MAX_FACT] or "unnamed"


def _time(signature: Mapping[str, Any], informational: Sequence[str]) -> str:
    stamp = _map(signature.get("timeStampInfo")).get("timestamp")
    if broken := next((code for code in informational if code in _BROKEN_STAMPS), ""):
        return f"a time stamp that does not hold ({broken})"
    if not stamp:
        return NO_TIME
    doubt = " (by a service not on a trust list)" if "timeStamp.untrusted" in informational else ""
    return f"{stamp}{doubt}"


def _generator(claim: Mapping[str, Any]) -> str:
    info = claim.get("claim_generator_info")
    first = _map(info[0] if isinstance(info, list) and info else info)
    named = f"{first.get('name') or ''} {first.get('version') or ''}".strip()
    return named or str(claim.get("claim_generator", ""))  # as claims of version 1 spell it


def _assertions(of: Mapping[str, Any], label: str) -> Iterator[tuple[str, Any]]:
    """Yield the instances of an assertion: `label`, `label__1` and so on."""
    for found, data in _map(of.get("assertions")).items():
        if found == label or found.startswith(f"{label}__"):
            yield found, data


def _acts(of: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for label, data in _map(of.get("assertions")).items():
        if label.startswith("c2pa.actions"):
            acts = _map(data).get("actions")
            yield from map(_map, acts if isinstance(acts, list) else ())


def _source_types(acts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    said = (act.get("digitalSourceType") for act in acts)
    yield from dict.fromkeys(str(value) for value in said if value)


def _training(of: Mapping[str, Any]) -> Iterator[str]:
    for label in (manifest.TRAINING, "c2pa.training-mining"):
        for _, data in _assertions(of, label):
            for name, entry in _map(_map(data).get("entries")).items():
                yield f"{name}={_map(entry).get('use')}"


def _contradiction(mark: Mark, active: Mapping[str, Any]) -> str:
    """Compare the actions with the record beside them: kzmark writes one source type for both."""
    known = {Saying.of(mark, is_data=is_data).source for is_data in (False, True)}
    for said in _source_types(list(_acts(active))):
        if said not in known:
            return f"the record says {mark.source_type.value}, an action says {said[:200]}"
    return ""


def _ancestors(
    manifests: Sequence[Mapping[str, Any]], active: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield the parent, its parent and so on, as far as their manifests are kept."""
    by_label = {str(_map(one).get("label")): _map(one) for one in manifests}
    seen: set[str] = set()
    here = active
    while (label := _parent_label(here)) in by_label and label not in seen:
        if len(seen) >= _MAX_PARENTS:
            return
        seen.add(label)
        here = by_label[label]
        yield here


def _parent_label(of: Mapping[str, Any]) -> str:
    for label, said in _map(of.get("assertions")).items():
        data = _map(said) if label.startswith(manifest.INGREDIENT) else {}
        if data.get("relationship") == "parentOf":
            link = _map(data.get("activeManifest") or data.get("c2pa_manifest"))
            return str(link.get("url", "")).partition("/c2pa/")[2].partition("/")[0]
    return ""


def _parent_record(ancestors: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The nearest record of ours above: it described an earlier file, not this one."""
    for ancestor in ancestors:
        for _, data in _assertions(ancestor, manifest.RECORD):
            try:
                text = Mark.from_dict(_map(data)).to_json().decode()
            except RecordError:
                continue
            if len(text) <= _MAX_RECORD:
                yield "parent_mark", text
                return
