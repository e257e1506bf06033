"""A manifest store taken apart into manifests, claims, assertions (C2PA 2.4, 11.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.signing.store import cbor, jumbf
from kzmark.signing.store.draft import (
    ASSERTIONS_LABEL,
    CLAIM_LABEL,
    SIGNATURE_LABEL,
    STORE_LABEL,
)
from kzmark.signing.store.jumbf import Superbox


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest.

    Attributes:
        label: Its name, a URN.
        claim_body: CBOR of the claim, as it stands: what is signed.
        claim: The claim.
        signature: CBOR of the COSE_Sign1.
        assertions: The boxes of its assertions, by label.
        ordered: Whether its boxes are ordered as here.
        store: The box it stands in, with all others.
    """

    label: str
    claim_body: bytes
    claim: Mapping[str, Any]
    signature: bytes
    assertions: Mapping[str, Superbox]
    ordered: bool
    store: Superbox

    @property
    def signature_links(self) -> tuple[str, str]:
        """The two ways in which its claim may name its signature."""
        whole = f"self#jumbf=/{STORE_LABEL}/{self.label}/{SIGNATURE_LABEL}"
        return whole, f"self#jumbf={SIGNATURE_LABEL}"

    def links(self) -> Iterator[tuple[str, bytes]]:
        """Yield label and hash of every assertion that the claim names.

        Raises:
            MalformedMediaError: If one is no hashed URI to an assertion of this manifest.
        """
        for name in ("created_assertions", "gathered_assertions"):
            listed = self.claim.get(name, [])
            if not isinstance(listed, list):
                raise MalformedMediaError(f"{name} is not a list")
            for link in listed:
                yield self._linked(link)

    def content(self, label: str) -> bytes:
        """Return the kind of what an assertion holds, four letters; empty if there are more."""
        boxes = self.assertions[label].boxes
        return boxes[0].kind if len(boxes) == 1 else b""

    def body(self, label: str) -> bytes:
        """Return the CBOR of an assertion, as it stands.

        Raises:
            MalformedMediaError: If it is of another kind.
        """
        box = self.assertions[label]
        if box.kind != jumbf.CBOR:
            raise MalformedMediaError(f"the assertion {label} is no CBOR")
        return bytes(box.only(jumbf.CBOR))

    def _linked(self, link: Any) -> tuple[str, bytes]:
        match link:
            case {"url": str(url), "hash": bytes(digest)} if link.get("alg", "sha256") == "sha256":
                pass
            case _:
                raise MalformedMediaError("an assertion that is not named by a hashed URI")
        whole = f"self#jumbf=/{STORE_LABEL}/{self.label}/{ASSERTIONS_LABEL}/"
        for prefix in (f"self#jumbf={ASSERTIONS_LABEL}/", whole):
            if url.startswith(prefix):
                return url[len(prefix) :], digest
        raise MalformedMediaError("a hashed URI that leads out of the manifest")


def take_apart(store: bytes, *, limits: Limits) -> tuple[Manifest, ...]:
    """Return the manifests of a store, the active one last.

    Raises:
        MalformedMediaError: If it is no manifest store.
        LimitExceededError: If it is over the limits.
    """
    whole = jumbf.parse(store, limits=limits)
    if (whole.kind, whole.label) != (jumbf.STORE, STORE_LABEL):
        raise MalformedMediaError("no manifest store")
    found = tuple(_manifest(one, whole) for one in whole.inner)
    if not found or len(found) != len(whole.boxes):
        raise MalformedMediaError("a manifest store that holds something else")
    return found


def _manifest(box: Superbox, store: Superbox) -> Manifest:
    parts = {(one.kind, one.label): one for one in box.inner}
    wanted = (
        (jumbf.ASSERTIONS, ASSERTIONS_LABEL),
        (jumbf.CLAIM, CLAIM_LABEL),
        (jumbf.SIGNATURE, SIGNATURE_LABEL),
    )
    lacking = set(wanted) - set(parts)
    if box.kind != jumbf.MANIFEST or len(box.boxes) != len(parts) or lacking:
        raise MalformedMediaError("a manifest that is not one claim, its assertions and signature")
    asserted, claimed, signed = (parts[each] for each in wanted)
    assertions = {one.label: one for one in asserted.inner}
    if len(assertions) != len(asserted.boxes):
        raise MalformedMediaError("two assertions of one name")
    claim_body = bytes(claimed.only(jumbf.CBOR))
    claim = cbor.decode(claim_body)
    if not isinstance(claim, Mapping):
        raise MalformedMediaError("a claim that is no map")
    signature = bytes(signed.only(jumbf.CBOR))
    ordered = tuple(parts) == wanted
    return Manifest(box.label, claim_body, claim, signature, assertions, ordered, store)
