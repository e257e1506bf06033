"""Checking a certificate chain before anything is signed with it.

Each rule is one that some verifier enforces, often without saying why; here every failure names
its cause and its remedy. C2PA 2.2, 14.5.
"""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from kzmark.errors import IdentityError
from kzmark.signing.algorithm import MIN_RSA, fitting
from kzmark.signing.certificates import CLAIM_SIGNING, EMAIL_PROTECTION

if TYPE_CHECKING:
    from cryptography import x509

E = TypeVar("E", bound="x509.ExtensionType")

DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"
SOON: Final = timedelta(days=30)
_PURPOSES: Final = frozenset({EMAIL_PROTECTION, CLAIM_SIGNING, DOCUMENT_SIGNING})
_FORBIDDEN: Final = {
    "2.5.29.37.0": "any purpose",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
}
RENEW: Final = (
    "`kzmark identity renew` makes one under the same root, `kzmark identity new --replace` a new "
    "root too; or ask your authority"
)
_REISSUE: Final = "ask your authority to issue it anew: `kzmark identity csr` writes the request"


class Problem(NamedTuple):
    """What is wrong with a chain, and what to do about it."""

    cause: str
    remedy: str


def parse(
    pem: bytes,
    *,
    source: str,
    hint: str = "a chain is PEM text: -----BEGIN CERTIFICATE-----, the leaf first",
) -> "tuple[x509.Certificate, ...]":
    """Return the certificates of a PEM text, in the order they stand in.

    Raises:
        IdentityError: If there is none, or one of them cannot be read; it has the hint given.
    """
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise IdentityError(
            "there is no readable certificate in it",
            source=source,
            hint=hint,
        ) from error
    return tuple(found)


def without_root(chain: "Sequence[x509.Certificate]") -> "tuple[x509.Certificate, ...]":
    """Return the chain less a root at its end: verifiers have theirs, and it adds 443 bytes."""
    last = len(chain) - 1
    return tuple(chain[:last] if last and is_self_signed(chain[last]) else chain)


def is_self_signed(certificate: "x509.Certificate") -> bool:
    """Say whether a certificate names itself as its issuer."""
    return certificate.issuer == certificate.subject


def issued(certificate: "x509.Certificate", issuer: "x509.Certificate") -> bool:
    """Say whether the issuer of a certificate is this one, by name and by signature."""
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def check(
    chain: "Sequence[x509.Certificate]", *, source: str, expired_ok: bool = False
) -> list[str]:
    """Refuse a chain that no verifier would accept; return warnings about the rest.

    Args:
        chain: The leaf first.
        source: Name of the file, for the message.
        expired_ok: Make an expired or not yet valid leaf a warning.

    Raises:
        IdentityError: With the first problem found.
    """
    for problem in problems(chain):
        raise IdentityError(problem.cause, source=source, hint=problem.remedy)
    warnings = list(_warnings(chain[0]))
    if outside := _outside_validity(chain[0]):
        if not expired_ok:
            raise IdentityError(outside.cause, source=source, hint=outside.remedy)
        warnings.append(outside.cause)
    return warnings


def purposes(certificate: "x509.Certificate") -> tuple[str, ...]:
    """Return the extended key usages of a certificate, as dotted numbers."""
    from cryptography import x509

    usage = _find(certificate, x509.ExtendedKeyUsage)
    return tuple(oid.dotted_string for oid in usage or ())


def organisation(certificate: "x509.Certificate") -> str:
    """Return O= of the subject, or an empty string."""
    from cryptography.x509.oid import NameOID

    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def problems(chain: "Sequence[x509.Certificate]") -> Iterator[Problem]:
    """Yield what is wrong with a chain (the leaf first), time and trust aside."""
    leaf = chain[0]
    try:
        yield from _extension_problems(leaf)
    except ValueError:
        yield Problem("the extensions of the certificate cannot be read", _REISSUE)
    try:
        algorithms = fitting(leaf.public_key())
    except ValueError:  # an unknown curve, a broken key
        algorithms = ()
    if not algorithms:
        yield Problem(
            "the key of the certificate is of a kind that C2PA does not allow",
            f"use P-256, P-384, P-521, Ed25519 or RSA of {MIN_RSA} bits or more",
        )
    if not organisation(leaf).strip():
        yield Problem(
            "the certificate names no organisation (O=), which verifiers report as a bad signature",
            _REISSUE,
        )
    yield from _order_problems(chain)


def _extension_problems(leaf: "x509.Certificate") -> Iterator[Problem]:
    from cryptography import x509

    constraints = _find(leaf, x509.BasicConstraints)
    usage = _find(leaf, x509.KeyUsage)
    if (constraints and constraints.ca) or (usage and usage.key_cert_sign):
        yield Problem(
            "the first certificate is that of an authority (cA=TRUE), which may not sign claims",
            "put the signing certificate first in the chain, or have one issued",
        )
    if usage is None or not usage.digital_signature:
        yield Problem("the certificate lacks the key usage digitalSignature", _REISSUE)
    named = set(purposes(leaf))
    if not named & _PURPOSES:
        yield Problem(
            "the certificate lacks the extended key usage emailProtection "
            f"({EMAIL_PROTECTION}) or c2pa-kp-claimSigning ({CLAIM_SIGNING})",
            _REISSUE,
        )
    for oid in sorted(named & _FORBIDDEN.keys()):
        yield Problem(
            f"the certificate is also for {_FORBIDDEN[oid]} ({oid}), which C2PA forbids", _REISSUE
        )
    if _find(leaf, x509.AuthorityKeyIdentifier) is None:
        yield Problem("the certificate has no authority key identifier", _REISSUE)


def _find(certificate: "x509.Certificate", kind: type[E]) -> E | None:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _order_problems(chain: "Sequence[x509.Certificate]") -> Iterator[Problem]:
    for position, (one, issuer) in enumerate(itertools.pairwise(chain), start=1):
        if not issued(one, issuer):
            yield Problem(
                f"certificate {position + 1} of the chain did not issue certificate {position}",
                "order the chain: signing certificate, intermediates, root; nothing else",
            )


def _outside_validity(leaf: "x509.Certificate") -> Problem | None:
    now = datetime.now(UTC)
    if now > leaf.not_valid_after_utc:
        return Problem(f"the certificate expired on {leaf.not_valid_after_utc:%Y-%m-%d}", RENEW)
    if now < leaf.not_valid_before_utc:
        return Problem(
            f"the certificate is valid only from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            "check the clock of this machine, or wait",
        )
    return None


def _in_days(left: timedelta) -> str:
    if left.days == 0:
        return f"in {int(left.total_seconds() // 3600)} hours"
    return f"in {left.days} day{'s' * (left.days > 1)}"


def _warnings(leaf: "x509.Certificate") -> Iterator[str]:
    left = leaf.not_valid_after_utc - datetime.now(UTC)
    if timedelta() <= left < SOON:
        yield f"the certificate expires {_in_days(left)}"
    if is_self_signed(leaf):
        yield "the certificate is self-signed: older verifiers refuse it"
    if EMAIL_PROTECTION not in purposes(leaf):
        yield (
            "the certificate lacks emailProtection: verifiers that do not know "
            "c2pa-kp-claimSigning refuse it"
        )
