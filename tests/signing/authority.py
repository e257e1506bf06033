"""An authority for tests: issues certificates of every right and wrong kind."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

EMAIL: Final = "1.3.6.1.5.5.7.3.4"
CLAIM: Final = "1.3.6.1.4.1.62558.2.1"
_USAGES: Final = (
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Made:
    """A chain and its key, as PEM texts."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.locked("")

    def locked(self, password: str) -> str:
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return str(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode())


def issue(
    issuer: Made | None = None,
    *,
    organisation: str = "Authority for tests",
    name: str = "leaf",
    purposes: tuple[str, ...] = (EMAIL, CLAIM),
    critical_purposes: bool = False,
    usages: tuple[str, ...] = ("digital_signature",),
    authority: bool = False,
    identifies_issuer: bool = True,
    start: timedelta = timedelta(days=-1),
    end: timedelta = timedelta(days=100),
    key: Any = None,
) -> Made:
    """Return a certificate of `issuer`, or a self-signed one."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    parts = [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, name)]
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])
    signing = issuer.key if issuer else key
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + start)
        .not_valid_after(now + end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if usages:
        granted = {usage: usage in usages for usage in _USAGES}
        builder = builder.add_extension(x509.KeyUsage(**granted), critical=True)
    if purposes:
        oids = [x509.ObjectIdentifier(oid) for oid in purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=critical_purposes)
    if identifies_issuer:
        public = signing.public_key()
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
        builder = builder.add_extension(known, critical=False)
    digest = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Made(certificate=builder.sign(signing, digest), key=key)


def root(*, name: str = "root", issuer: Made | None = None) -> Made:
    usages = ("key_cert_sign", "crl_sign")
    return issue(issuer, name=name, purposes=(), usages=usages, authority=True)
