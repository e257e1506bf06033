"""Making certificates: a private root, a leaf that may sign claims, a request to an authority.

C2PA 2.2, 14.5 (certificate profile); RFC 5280, 4.2 (extensions).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kzmark.errors import IdentityError
from kzmark.signing.algorithm import Algorithm, make_key

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"  # what verifiers have always accepted
CLAIM_SIGNING: Final = "1.3.6.1.4.1.62558.2.1"  # c2pa-kp-claimSigning, the official one
MAX_DAYS: Final = 3652
MAX_NAME: Final = 64  # characters of O= and CN= (RFC 5280, A.1)
_ROOT_DAYS: Final = 7305
_SKEW: Final = timedelta(hours=1)  # a verifier's clock may be behind ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate names.

    Attributes:
        organisation: O=, 1 to 64 characters; some verifiers refuse a certificate without it.
        common_name: CN=, 1 to 64 characters.
        country: C=, two capital letters, or empty.
    """

    organisation: str
    common_name: str
    country: str = ""

    def __post_init__(self) -> None:
        for name, text in (("organisation", self.organisation), ("common name", self.common_name)):
            if not 0 < len(text.strip()) <= MAX_NAME or not text.isprintable():
                raise IdentityError(
                    f"the {name} of a certificate has 1 to {MAX_NAME} printable characters, "
                    f"not {text!r}",
                    hint="use the short form of the name",
                )
        if self.country and not (
            len(self.country) == 2 and self.country.isascii() and self.country.isupper()
        ):
            raise IdentityError(f"a country is two capital letters, not {self.country!r}")

    def name(self, *, common_name: str = "") -> "x509.Name":
        """Return the distinguished name, with another common name if one is given."""
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        parts = (
            (NameOID.COUNTRY_NAME, self.country),
            (NameOID.ORGANIZATION_NAME, self.organisation),
            (NameOID.COMMON_NAME, common_name or self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and the key that belongs to it."""

    certificate: "x509.Certificate"
    key: "CertificateIssuerPrivateKeyTypes"


def issue_root(subject: Subject) -> Issued:
    """Return a private root (ES256) that is valid for twenty years."""
    from cryptography import x509

    key = make_key(Algorithm.ES256)
    name = subject.name(common_name="kzmark private root")
    builder = (
        _builder(name, name, key.public_key(), days=_ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return Issued(builder.sign(key, Algorithm.ES256.hash), key)


def issue_leaf(subject: Subject, root: Issued, *, algorithm: Algorithm, days: int) -> Issued:
    """Return a certificate that may sign claims.

    Args:
        subject: Whom it names.
        root: Who issues it.
        algorithm: What its key is for.
        days: How long it is valid, 1 to 3652.

    Raises:
        IdentityError: If `days` is out of range.
    """
    from cryptography import x509

    if not 1 <= days <= MAX_DAYS:
        raise IdentityError(f"a signing certificate is valid for 1 to {MAX_DAYS} days, not {days}")
    key = make_key(algorithm)
    issuer = root.key.public_key()
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer)
    builder = _builder(subject.name(), root.certificate.subject, key.public_key(), days=days)
    for extension, critical in _leaf_extensions():
        builder = builder.add_extension(extension, critical=critical)
    builder = builder.add_extension(authority, critical=False)
    return Issued(builder.sign(root.key, Algorithm.ES256.hash), key)


def request(
    name: "x509.Name", key: "CertificateIssuerPrivateKeyTypes", *, algorithm: Algorithm
) -> bytes:
    """Return a certificate request (PKCS #10, PEM) that asks for the extensions of a leaf."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension, critical in _leaf_extensions():
        builder = builder.add_extension(extension, critical=critical)
    digest = None if algorithm is Algorithm.ED25519 else algorithm.hash
    return builder.sign(key, digest).public_bytes(Encoding.PEM)


def _builder(
    name: "x509.Name", issuer: "x509.Name", key: "CertificatePublicKeyTypes", *, days: int
) -> "x509.CertificateBuilder":
    from cryptography import x509

    start = datetime.now(UTC).replace(microsecond=0) - _SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _leaf_extensions() -> "list[tuple[x509.ExtensionType, bool]]":
    from cryptography import x509

    purposes = [x509.ObjectIdentifier(oid) for oid in (EMAIL_PROTECTION, CLAIM_SIGNING)]
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage(purposes), False),
    ]


def _usage(*granted: str) -> "x509.KeyUsage":
    from cryptography import x509

    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in granted for name in names})
