"""Who signed: the certificates of a signature, judged once for each chain (C2PA 2.4, 14.5)."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kzmark.signing import algorithm, chain
from kzmark.signing.algorithm import Algorithm

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_SIGNED_WITH: Final = frozenset(  # 14.5.1.1; the algorithms of the signature on a certificate
    {
        "1.2.840.10045.4.3.2",
        "1.2.840.10045.4.3.3",
        "1.2.840.10045.4.3.4",
        "1.2.840.113549.1.1.11",
        "1.2.840.113549.1.1.12",
        "1.2.840.113549.1.1.13",
        "1.3.101.112",
    }
)
_EXTENSIONS: Final = frozenset(  # those whose meaning is judged, or that bind nobody here
    {
        "2.5.29.14",  # subject key identifier
        "2.5.29.15",  # key usage
        "2.5.29.19",  # basic constraints
        "2.5.29.35",  # authority key identifier
        "2.5.29.37",  # extended key usage
    }
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A chain of certificates, judged.

    Attributes:
        key: The public key of the leaf.
        algorithms: What it may sign with.
        subject: O and CN of the leaf, those that there are.
        start: From when it is valid.
        end: Until when.
        problem: Why C2PA does not allow it, or an empty string.
        usual: Whether nothing about it is unusual, so that every verifier judges it alike.
    """

    key: "PublicKeyTypes"
    algorithms: tuple[Algorithm, ...]
    subject: dict[str, str]
    start: datetime
    end: datetime
    problem: str
    usual: bool


@functools.lru_cache(maxsize=64)
def judge(certificates: tuple[bytes, ...]) -> Credential | str:
    """Return what a chain (DER, the leaf first) is, or why it cannot be read."""
    try:
        chained = read(certificates)
        leaf = chained[0]
        key = leaf.public_key()
        problem = next((each.cause for each in chain.problems(chained)), "")
        return Credential(
            key=key,
            algorithms=algorithm.fitting(key),
            subject=dict(_subject(leaf)),
            start=leaf.not_valid_before_utc,
            end=leaf.not_valid_after_utc,
            problem=problem,
            usual=not problem and all(map(_is_usual, chained)),
        )
    except Exception as error:  # noqa: BLE001 - its parser has errors of many kinds, without a root
        return f"certificates that cannot be read: {error}"


@functools.lru_cache(maxsize=64)
def read(certificates: tuple[bytes, ...]) -> "tuple[x509.Certificate, ...]":
    """Return certificates (DER), parsed once. Its errors are those of the parser."""
    from cryptography import x509

    return tuple(map(x509.load_der_x509_certificate, certificates))


def is_anchored(certificates: tuple[bytes, ...], anchors: str, now: datetime) -> bool:
    """Say whether a chain leads to one of the anchors, every authority of it valid now.

    Args:
        certificates: The chain (DER, the leaf first), which `judge` has found in order.
        anchors: PEM text of those who are trusted.
        now: The time to judge by.
    """
    issuers = _issuers(certificates, anchors)
    return bool(issuers) and all(
        one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in issuers
    )


@functools.lru_cache(maxsize=64)
def _issuers(certificates: tuple[bytes, ...], anchors: str) -> "tuple[x509.Certificate, ...]":
    """Return the authorities from the one above the leaf to an anchor; none if it leads nowhere."""
    trusted = chain.parse(anchors.encode("ascii"), source="the trust anchors")
    chained = read(certificates)
    for position, one in enumerate(chained):
        for anchor in trusted:
            if chain.issued(one, anchor):
                found = (*chained[1 : position + 1], anchor)
                return found if all(map(_is_authority, found)) else ()
    return ()


def _is_authority(certificate: "x509.Certificate") -> bool:
    from cryptography import x509

    try:
        found = certificate.extensions
        constraints = found.get_extension_for_class(x509.BasicConstraints).value
        usage = found.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return constraints.ca and usage.key_cert_sign


def _is_usual(certificate: "x509.Certificate") -> bool:
    from cryptography import x509

    return (
        certificate.version is x509.Version.v3
        and certificate.signature_algorithm_oid.dotted_string in _SIGNED_WITH
        and all(each.oid.dotted_string in _EXTENSIONS for each in certificate.extensions)
        and _is_named_once(certificate.subject)
    )


def _is_named_once(name: "x509.Name") -> bool:
    oids: Sequence[str] = [each.oid.dotted_string for each in name]
    return len(oids) == len(set(oids)) == len(list(name.rdns))


def _subject(leaf: "x509.Certificate") -> Iterator[tuple[str, str]]:
    from cryptography.x509.oid import NameOID

    for name, oid in (("O", NameOID.ORGANIZATION_NAME), ("CN", NameOID.COMMON_NAME)):
        if found := leaf.subject.get_attributes_for_oid(oid):
            yield name, str(found[0].value)
