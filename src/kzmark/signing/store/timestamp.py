"""What the time stamp of a signature is worth (C2PA 2.4, 15.8).

As much as the authority that made it: only the time of a trusted one counts. Nothing here fails a
manifest; without a time that counts, certificates are judged by the present.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from kzmark.errors import MalformedMediaError
from kzmark.signing import chain as chains
from kzmark.signing.store import credential
from kzmark.signing.store.tokens import Token, take_apart

if TYPE_CHECKING:
    from cryptography import x509

VALIDATED: Final = "timeStamp.validated"
TRUSTED: Final = "timeStamp.trusted"
UNTRUSTED: Final = "timeStamp.untrusted"
MISMATCH: Final = "timeStamp.mismatch"
MALFORMED: Final = "timeStamp.malformed"
OUTSIDE: Final = "timeStamp.outsideValidity"
CREDENTIAL: Final = "timeStamp.credentialInvalid"
_PURPOSE: Final = "1.3.6.1.5.5.7.3.8"  # time stamping, and nothing else (RFC 3161, 2.3)
_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})

Code = tuple[str, str]  # status code and explanation


class TimeStamp(NamedTuple):
    """What a time stamp is worth.

    Attributes:
        time: When it was made; nothing if it does not hold.
        codes: Status codes with explanations; those of an authority that is not trusted too.
    """

    time: datetime | None
    codes: tuple[Code, ...]

    @property
    def is_trusted(self) -> bool:
        """Whether the time is that of an authority on the trust list."""
        return any(code == TRUSTED for code, _ in self.codes)


def judge(token: bytes, covered: bytes, *, anchors: str = "") -> TimeStamp:
    """Say what a time stamp is worth. Never raises, whatever the bytes.

    Args:
        token: The token (DER).
        covered: The bytes that it is to be a time stamp of.
        anchors: PEM text of those who are trusted, or nothing.
    """
    try:
        found = take_apart(token)
    except MalformedMediaError as error:
        return TimeStamp(None, ((MALFORMED, error.message),))
    try:
        chain = _chain(found.certificates)
        failed = _failed(found, covered, credential.read(chain))
    except Exception as error:  # noqa: BLE001 - as for the certificates of claims
        said = f"certificates of a time stamp that cannot be read: {error}"
        return TimeStamp(None, ((MALFORMED, said),))
    if failed:
        return TimeStamp(None, failed)
    if anchors and credential.is_anchored(chain, anchors, found.time):
        return TimeStamp(found.time, ((VALIDATED, ""), (TRUSTED, "")))
    said = "the time stamp service is not on the trust list"
    return TimeStamp(found.time, ((VALIDATED, ""), (UNTRUSTED, said)))


def _chain(certificates: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the certificate that signed and those above it, each issued by the next."""
    read = credential.read(certificates)
    left, chain = list(range(1, len(read))), [0]
    while above := next((n for n in left if chains.issued(read[chain[-1]], read[n])), 0):
        left.remove(above)
        chain.append(above)
    return tuple(certificates[n] for n in chain)


def _failed(found: Token, covered: bytes, chain: "Sequence[x509.Certificate]") -> tuple[Code, ...]:
    """Return why a token does not hold; nothing if it does, trust aside."""
    if not {found.hash, found.digest, found.by} <= _HASHES:
        return ((UNTRUSTED, "the time stamp is made with a hash that C2PA does not allow"),)
    if mismatch := _mismatch(found, covered, chain[0]):
        return ((MISMATCH, mismatch),)
    if problem := _problem(chain[0]):
        return (CREDENTIAL, problem), (UNTRUSTED, "the time stamp service may not be one")
    if not all(one.not_valid_before_utc <= found.time <= one.not_valid_after_utc for one in chain):
        return ((OUTSIDE, "a certificate of the time stamp service was not valid then"),)
    return ()


def _mismatch(found: Token, covered: bytes, leaf: "x509.Certificate") -> str:
    """Return which part of a token does not fit another, from the bytes covered to the key."""
    if hashlib.new(found.hash, covered).digest() != found.imprint:
        return "the time stamp is that of another signature"
    if hashlib.new(found.digest, found.content).digest() != found.content_hash:
        return "the time stamp was changed"
    by, named = found.named
    if hashlib.new(by, found.certificates[0]).digest() != named:
        return "the time stamp names another certificate"
    return "" if _verifies(found, leaf) else "the signature of the time stamp does not hold"


def _verifies(found: Token, leaf: "x509.Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    by = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[found.by]
    key = leaf.public_key()
    with suppress(InvalidSignature):
        match key:
            case rsa.RSAPublicKey():
                pss = padding.PSS(padding.MGF1(by), padding.PSS.AUTO)
                way = pss if found.scheme == "rsassa_pss" else padding.PKCS1v15()
                key.verify(found.signature, found.signed, way, by)
            case ec.EllipticCurvePublicKey():
                key.verify(found.signature, found.signed, ec.ECDSA(by))
            case ed25519.Ed25519PublicKey():
                key.verify(found.signature, found.signed)
            case _:
                return False
        return True
    return False


def _problem(leaf: "x509.Certificate") -> str:
    """Return why a certificate may make no time stamps (14.5.1; RFC 3161, 2.3), or nothing."""
    from cryptography import x509

    found = {type(one.value): one.value for one in leaf.extensions}
    critical = {type(one.value) for one in leaf.extensions if one.critical}
    usage, purposes = found.get(x509.KeyUsage), found.get(x509.ExtendedKeyUsage, ())
    constraints = found.get(x509.BasicConstraints)
    if [one.dotted_string for one in purposes] != [_PURPOSE]:
        return "the certificate of the time stamp service is not for time stamps alone"
    if x509.ExtendedKeyUsage not in critical:
        return "the certificate of the time stamp service does not insist on its purpose"
    if usage is None or not (usage.digital_signature or usage.content_commitment):
        return "the certificate of the time stamp service may sign nothing"
    if constraints is not None and constraints.ca:
        return "the time stamp is signed with the certificate of an authority"
    return ""
