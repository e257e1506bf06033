"""What a manifest takes over from the file it was made from: that file's own manifests.

Spec: C2PA 2.4, 10.3.2.2 (ingredients with manifests), 18.16 (ingredient v3: `activeManifest`,
`claimSignature`, `validationResults`), 11.2 (the store keeps the manifests of ingredients).
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.signing.store import jumbf
from kzmark.signing.store.draft import SIGNATURE_LABEL, STORE_LABEL
from kzmark.signing.store.jumbf import Superbox

_PASSED: Final = ("claimSignature.validated", "claimSignature.insideValidity")


class Heritage(NamedTuple):
    """What is kept of the parent.

    Attributes:
        boxes: Its manifests as they stand, the active one last.
        said: What the ingredient says of them.
    """

    boxes: tuple[bytes, ...]
    said: dict[str, Any]


def inherited(store: bytes, failures: Sequence[tuple[str, str]], *, limits: Limits) -> Heritage:
    """Return what a manifest keeps of its parent's store.

    Args:
        store: The store of the parent.
        failures: What its validation found, as codes with explanations.
        limits: What reading it may cost.

    Raises:
        MediaError: If it is no manifest store.
    """
    whole = jumbf.parse(store, limits=limits)
    manifests = tuple(whole.inner)
    if (whole.kind, whole.label) != (jumbf.STORE, STORE_LABEL) or not manifests:
        raise MalformedMediaError("the manifest store of the parent cannot be read")
    active = manifests[-1]
    signed = next((one for one in active.inner if one.label == SIGNATURE_LABEL), None)
    if signed is None:
        raise MalformedMediaError("the manifest of the parent has no signature")
    url = f"self#jumbf=/{STORE_LABEL}/{active.label}"
    signature = f"{url}/{SIGNATURE_LABEL}"
    told = {
        "success": []
        if failures and not _only_untrusted(failures)
        else _results(_PASSED, signature),
        "informational": [],
        "failure": [{"code": code, "url": signature, "explanation": why} for code, why in failures],
    }
    said = {
        "activeManifest": _link(url, active),
        "claimSignature": _link(signature, signed),
        "validationResults": {"activeManifest": told},
    }
    return Heritage(tuple(bytes(one.whole) for one in manifests), said)


def _only_untrusted(failures: Sequence[tuple[str, str]]) -> bool:
    return {code for code, _ in failures} <= {"signingCredential.untrusted"}


def _results(codes: Sequence[str], url: str) -> list[dict[str, str]]:
    return [{"code": code, "url": url} for code in codes]


def _link(url: str, box: Superbox) -> dict[str, Any]:
    return {"url": url, "hash": hashlib.sha256(box.hashed).digest()}
