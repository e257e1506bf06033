"""A manifest in the making: everything but the hash of the file (C2PA 2.4, 10.3)."""

import functools
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kzmark.mark import Mark
from kzmark.signing import manifest
from kzmark.signing.manifest import Saying
from kzmark.signing.signer import Signer
from kzmark.signing.store import cbor, cose, jumbf, stretch
from kzmark.signing.store.binding import Binding
from kzmark.signing.store.stretch import Seams

ALG: Final = "sha256"
CLAIM_LABEL, SIGNATURE_LABEL = "c2pa.claim.v2", "c2pa.signature"
ASSERTIONS_LABEL, STORE_LABEL = "c2pa.assertions", "c2pa"
INGREDIENT_LABEL: Final = "c2pa.ingredient.v3"
_HASH: Final = hashlib.sha256().digest_size


class Asserted(NamedTuple):
    """An assertion as it stands in the store, and the hashed URI that names it (8.4)."""

    box: bytes
    link: dict[str, Any]


class Draft:
    """A manifest store with three places left open: the binding, its hash, the signature.

    Its size is known before the file is hashed, so that the file is hashed once.

    Args:
        mark: What it states.
        signer: Who signs.
        version: Version of kzmark.
        blank: A binding of the kind and length of the one it will be closed with.
        parent_mime: Media type of the file it was made from, if a parent is named.
        is_data: Whether the file is data, not a medium.
        inherited: What the ingredient says of the parent's own manifests, if it has any.
        boxes: Those manifests as they stand.

    Attributes:
        record: The record of the mark, as it stands in the store.
        seams: Where the closed store can be made longer.
    """

    def __init__(
        self,
        mark: Mark,
        *,
        signer: Signer,
        version: str,
        blank: Binding,
        parent_mime: str = "",
        is_data: bool = False,
        inherited: Mapping[str, Any] | None = None,
        boxes: tuple[bytes, ...] = (),
    ) -> None:
        self._signer = signer
        self.record = mark.to_dict()
        label = f"urn:c2pa:{uuid.uuid4()}"
        asserted = (
            *_assertions(
                Saying.of(mark, is_data=is_data), self.record, parent_mime, inherited or {}
            ),
            _asserted(blank.label, blank.body),
        )
        claim = cbor.encode(_claim(label, version, asserted))
        beside = stretch.zeros(signer.time_stamp_room)
        signed = cose.sign1(signer.header, bytes(signer.signature_size), beside)
        claimed = jumbf.superbox(jumbf.CLAIM, CLAIM_LABEL, jumbf.box(jumbf.CBOR, claim))
        closing = jumbf.superbox(jumbf.SIGNATURE, SIGNATURE_LABEL, jumbf.box(jumbf.CBOR, signed))
        asserting = (one.box for one in asserted)
        named = jumbf.superbox(jumbf.ASSERTIONS, ASSERTIONS_LABEL, *asserting)
        whole = jumbf.superbox(jumbf.MANIFEST, label, named, claimed, closing)
        self._blank = jumbf.superbox(jumbf.STORE, STORE_LABEL, *boxes, whole)
        self._claim_end = len(self._blank) - len(closing)
        self._claim_start = self._claim_end - len(claim)
        self._binding_end = self._claim_end - len(claimed)
        self._binding_start = self._binding_end - len(asserted[-1].box)
        size = len(self._blank)
        ends = (size - len(whole), size - len(closing), size - len(signed) - jumbf.HEAD)
        stop = size - cose.behind_header(signer.signature_size)
        self.seams = Seams((0, *ends), (stop - len(beside), stop))

    @property
    def blank(self) -> bytes:
        """The store with zeros where the hash, its hash and the signature will stand."""
        return self._blank

    @property
    def open_bytes(self) -> int:
        """How many bytes of the blank store are not known before the file is hashed."""
        return _HASH + self._signer.signature_size + self._signer.time_stamp_room

    @property
    def size(self) -> int:
        """Size of the whole store, in bytes."""
        return len(self._blank)

    def close(self, binding: Binding) -> bytes:
        """Return the signed store, with a time stamp if the signer asks for them.

        Args:
            binding: Of the label and length of the blank one.

        Raises:
            IdentityError: If the key, the certificate or the time stamp service fails.
        """
        store, stamp = self.sealed(binding)
        if not stamp:
            return store
        return stretch.with_header(
            store, self.seams, stretch.padded(stamp, self._signer.time_stamp_room)
        )

    def sealed(self, binding: Binding) -> tuple[bytes, dict[str, Any]]:
        """Return the signed store and what is to stand in its unsigned header, which is blank.

        Raises:
            IdentityError: If the key, the certificate or the time stamp service fails.
        """
        tie = _box(binding.label, binding.body)
        if len(tie) != self._binding_end - self._binding_start:
            raise ValueError("a binding of another length than the blank one")
        store = bytearray(self._blank)
        store[self._binding_start : self._binding_end] = tie
        # the claim ends with its last hash, and the store with its signature
        store[self._claim_end - _HASH : self._claim_end] = _hash(tie)
        claim = bytes(store[self._claim_start : self._claim_end])
        signature = self._signer.sign(cose.to_sign(self._signer.header, claim))
        store[len(store) - len(signature) :] = signature
        return bytes(store), self._signer.stamped(signature)


def _claim(label: str, version: str, asserted: tuple[Asserted, ...]) -> dict[str, Any]:
    """Return the claim (10.3.2.1): all `created`, for the signer answers for all of it.

    The assertions stand last, and the binding last among them.
    """
    return {
        "instanceID": f"xmp.iid:{uuid.uuid4()}",
        "claim_generator_info": manifest.generator(version),
        "signature": f"self#jumbf=/{STORE_LABEL}/{label}/{SIGNATURE_LABEL}",
        "alg": ALG,
        "created_assertions": [one.link for one in asserted],
    }


def _assertions(
    saying: Saying, said: Mapping[str, Any], parent_mime: str, inherited: Mapping[str, Any]
) -> tuple[Asserted, ...]:
    record = _asserted(manifest.RECORD, cbor.encode(said))
    if not parent_mime:
        acts, *others = _standing(saying, keeps_parent=False)
        return acts, record, *others
    parent = {**manifest.ingredient(parent_mime), **inherited}
    ingredient = _asserted(INGREDIENT_LABEL, cbor.encode(parent))
    opened = manifest.actions_assertion(saying, keeps_parent=True, parent=ingredient.link)
    acts = _asserted(manifest.ACTIONS, cbor.encode(opened))
    return ingredient, acts, record, *_standing(saying, keeps_parent=True)


@functools.lru_cache(maxsize=256)
def _standing(saying: Saying, *, keeps_parent: bool) -> tuple[Asserted, ...]:
    """Return what does not change from file to file; encoded once."""
    said = manifest.standing(saying)
    if not keeps_parent:
        said = {manifest.ACTIONS: manifest.actions_assertion(saying, keeps_parent=False), **said}
    return tuple(_asserted(label, cbor.encode(data)) for label, data in said.items())


def _asserted(label: str, body: bytes) -> Asserted:
    box = _box(label, body)
    return Asserted(box, link(label, _hash(box)))


def link(label: str, digest: bytes) -> dict[str, Any]:
    """Return the hashed URI of an assertion of the same manifest."""
    return {"url": f"self#jumbf={ASSERTIONS_LABEL}/{label}", "hash": digest}


def _box(label: str, body: bytes) -> bytes:
    return jumbf.superbox(jumbf.CBOR, label, jumbf.box(jumbf.CBOR, body))


def _hash(box: bytes) -> bytes:
    return hashlib.sha256(memoryview(box)[jumbf.HEAD :]).digest()
