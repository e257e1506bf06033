"""What an identity is, in words: for `kzmark identity show`."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kzmark.signing import chain as chains
from kzmark.signing import folder
from kzmark.signing.certificates import CLAIM_SIGNING, EMAIL_PROTECTION
from kzmark.signing.identity import Identity

if TYPE_CHECKING:
    from cryptography import x509

_NAMES = {
    EMAIL_PROTECTION: "emailProtection",
    CLAIM_SIGNING: "c2pa-kp-claimSigning",
    chains.DOCUMENT_SIGNING: "documentSigning",
}


def describe(identity: Identity) -> dict[str, Any]:
    """Return who signs, how long, with what, and what verifiers will say.

    Returns:
        `subject`, `issuer`, `not_before` and `not_after` (UTC), `days_left` (whole days; negative
        once it has been expired for one), `warnings`, `algorithm`, `purposes`, `chain_length`,
        `fingerprint` and `root_fingerprint` (SHA-256), `folder`, `key` (file, text or callback),
        `root` (file to give to verifiers; empty if the certificate is not from it) and `verifiers`
        (what each will say).
    """
    leaf, spec = identity.leaf, identity.spec
    left = leaf.not_valid_after_utc - datetime.now(UTC)
    root = _root(identity)
    return {
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "not_before": f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": int(left / timedelta(days=1)),
        "warnings": list(identity.warnings),
        "algorithm": identity.algorithm.value,
        "purposes": [_NAMES.get(oid, oid) for oid in chains.purposes(leaf)],
        "chain_length": len(identity.chain),
        "fingerprint": _fingerprint(leaf),
        "root_fingerprint": _fingerprint(root) if root else "",
        "folder": str(spec.folder or ""),
        "key": _key_place(identity),
        "root": str(spec.folder / folder.ROOT) if spec.folder and root else "",
        "verifiers": _verifiers(identity, "root.pem" if root else "the authority's root"),
    }


def _verifiers(identity: Identity, anchor: str) -> dict[str, str]:
    """Say what each verifier makes of a file signed with it; "not on a list" is no failure."""
    named = chains.purposes(identity.leaf)
    verdict = f"valid, not on a trust list; trusted where {anchor} is given as an anchor"
    rust = verdict
    if EMAIL_PROTECTION not in named and CLAIM_SIGNING in named:
        rust = "refused, unless its trust configuration lists c2pa-kp-claimSigning"
    elif chains.is_self_signed(identity.leaf):
        rust = "valid, not on a trust list; refused by versions before 0.91"
    public = "valid, issuer not recognised, unless the authority is on the C2PA trust list"
    return {
        "kzmark verify": f"{verdict} (--trust)",
        "c2patool and c2pa-rs": rust,
        "contentcredentials.org/verify": public,
        "encypher-c2pa": f"integrity valid; trust valid where {anchor} is supplied",
    }


def _key_place(identity: Identity) -> str:
    spec = identity.spec
    if spec.sign:
        return "callback"
    if spec.folder or spec.key_file:
        return str(spec.folder / folder.KEY if spec.folder else spec.key_file)
    return "text"


def _fingerprint(certificate: "x509.Certificate") -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _root(identity: Identity) -> "x509.Certificate | None":
    """Return the private root beside the certificate, unless that is from an authority."""
    if not identity.root:
        return None
    root = chains.parse(identity.root.encode(), source=folder.ROOT)[0]
    return root if chains.issued(identity.chain[-1], root) else None
