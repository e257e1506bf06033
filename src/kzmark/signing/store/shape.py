"""Whether a store is one that kzmark itself would have written, word for word.

Such a store needs no judge but `validate`: what could be judged in two ways is not in it. Of any
other the C2PA library has the say.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from kzmark.errors import MalformedMediaError, RecordError
from kzmark.mark import Mark
from kzmark.signing import manifest
from kzmark.signing.manifest import Saying
from kzmark.signing.store import cbor, cose
from kzmark.signing.store.binding import DATA_HASH, data_hash
from kzmark.signing.store.boxes import BOX_HASH, box_hash
from kzmark.signing.store.draft import (
    INGREDIENT_LABEL,
    SIGNATURE_LABEL,
    STORE_LABEL,
    link,
)
from kzmark.signing.store.parts import Manifest

_CLAIM: Final = frozenset(
    {"instanceID", "claim_generator_info", "signature", "created_assertions", "alg"}
)
_OPTIONAL: Final = frozenset({"gathered_assertions"})  # if it is empty
_BOUND: Final = frozenset({"exclusions", "name", "alg", "hash", "pad"})
_INGREDIENT: Final = frozenset({"relationship", "dc:format", "instanceID"})
_PADS: Final = ((), ("pad",), ("pad", "pad2"))
_URN: Final = "urn:c2pa:"


def own_mark(found: Manifest, values: Mapping[str, Any], signed: cose.Sign1) -> Mark | None:
    """Return the record in a manifest, if all of it is what kzmark would write for this record.

    Args:
        found: The only manifest of its store.
        values: The values of its assertions, by label.
        signed: Its signature.
    """
    try:
        mark = Mark.from_dict(values[manifest.RECORD])
        own = (
            found.ordered
            and found.store.is_plain
            and found.label.startswith(_URN)
            and _is_own_claim(found)
            and _is_own_signature(found, signed)
            and _says(found, values, mark)
        )
    except (MalformedMediaError, RecordError, AttributeError, LookupError, TypeError, ValueError):
        return None  # some value is of another kind than where it stands has
    return mark if own else None


def _is_own_claim(found: Manifest) -> bool:
    claim = found.claim
    generator = claim["claim_generator_info"]
    named = [label for label, _ in found.links()]
    return (
        cbor.is_plain(found.claim_body, claim)
        and _CLAIM <= claim.keys() <= _CLAIM | _OPTIONAL
        and claim.get("gathered_assertions", []) == []
        and claim["alg"] == "sha256"
        and claim["signature"] == f"self#jumbf=/{STORE_LABEL}/{found.label}/{SIGNATURE_LABEL}"
        and isinstance(claim["instanceID"], str)
        and generator["name"] == manifest.GENERATOR
        and generator["specVersion"] == manifest.SPEC_VERSION
        and all(isinstance(each, str) for each in (*generator, *generator.values()))
        and sorted(named) == sorted(found.assertions)
    )


def _is_own_signature(found: Manifest, signed: cose.Sign1) -> bool:
    """Say whether the signature is spelled as here, with nothing beside it but runs of zeros."""
    runs = tuple(signed.unprotected.values())
    if tuple(signed.unprotected) not in _PADS or any(
        not isinstance(run, bytes) or any(run) for run in runs
    ):
        return False
    header = cose.protected(signed.algorithm, signed.chain)
    if header != signed.protected:
        return False
    whole = [signed.protected, dict(signed.unprotected), None, signed.signature]
    return found.signature == b"\xd2" + cbor.encode(whole)


def _says(found: Manifest, values: Mapping[str, Any], mark: Mark) -> bool:
    """Say whether every assertion says what the record asks for, and there are no others."""
    return any(
        _repeats(found, values, mark, Saying.of(mark, is_data=is_data)) for is_data in (False, True)
    )


def _repeats(found: Manifest, values: Mapping[str, Any], mark: Mark, saying: Saying) -> bool:
    parent = found.assertions.get(INGREDIENT_LABEL)
    tie = link(INGREDIENT_LABEL, hashlib.sha256(parent.hashed).digest()) if parent else None
    wanted = {
        manifest.ACTIONS: manifest.actions_assertion(saying, keeps_parent=bool(tie), parent=tie),
        manifest.RECORD: mark.to_dict(),
        **manifest.standing(saying),
    }
    bound = BOX_HASH if BOX_HASH in values else DATA_HASH
    others = {bound, INGREDIENT_LABEL} if tie else {bound}
    return (
        values.keys() == wanted.keys() | others
        and all(_is_same(found.body(label), values[label], wanted[label]) for label in wanted)
        and _OWN_BINDINGS[bound](found.body(bound), values[bound])
        and (not tie or _is_own_ingredient(found.body(INGREDIENT_LABEL), values[INGREDIENT_LABEL]))
    )


def _is_same(body: bytes, value: Any, wanted: Any) -> bool:
    """Say whether CBOR spells a value plainly, the order of its keys aside."""
    if body == cbor.encode(wanted):
        return True
    return cbor.is_plain(body, value) and cbor.canonical(value) == cbor.canonical(wanted)


def _is_own_binding(body: bytes, value: Any) -> bool:
    """Say whether a data hash is plain but for the width of its offsets, and its pad zeros."""
    if not value.keys() <= _BOUND or any(value["pad"]) or len(value["hash"]) != 32:
        return False
    ranges = value.get("exclusions", [])
    if not all(each.keys() == {"start", "length"} for each in ranges):
        return False
    numbers = [number for each in ranges for number in each.values()]
    if not all(type(number) is int and number >= 0 for number in numbers):
        return False
    wide = _widened(value)
    return body in {cbor.encode(value), wide}


def _is_own_box_hash(body: bytes, value: Any) -> bool:
    return body == box_hash(value["hash"]).body and len(value["hash"]) == 32


_OWN_BINDINGS: Final = {DATA_HASH: _is_own_binding, BOX_HASH: _is_own_box_hash}


def _widened(value: Mapping[str, Any]) -> bytes:
    ranges = value.get("exclusions", [])
    place = (ranges[0]["start"], ranges[0]["length"]) if len(ranges) == 1 else None
    return data_hash(value["hash"], place).body


def _is_own_ingredient(body: bytes, value: Any) -> bool:
    return (
        cbor.is_plain(body, value)
        and value.keys() == _INGREDIENT
        and value["relationship"] == "parentOf"
        and all(isinstance(each, str) for each in value.values())
    )
