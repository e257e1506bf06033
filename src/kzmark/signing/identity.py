"""Identities: who signs for the responsible party, and with which key."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kzmark.errors import IdentityError
from kzmark.signing import algorithm as algorithms
from kzmark.signing import certificates, folder, keys
from kzmark.signing import chain as chains
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.certificates import Issued, Subject
from kzmark.signing.spec import IdentitySpec, Material, Sign

if TYPE_CHECKING:
    from cryptography import x509

__all__ = [
    "Identity",
    "IdentitySpec",
    "certificate_request",
    "load",
    "new_identity",
    "open_identity",
    "renew_identity",
    "shortened",
]

ORGANISATION: Final = "kzmark local identity"  # where nobody is named
COMMON_NAME: Final = "kzmark claim signing"
# A file without a time stamp is judged by today's date, so a certificate of one year would make a
# whole archive invalid elsewhere after one year. The 366 days of the C2PA programme (AL1) bind the
# authorities of its trust list, not a private root.
DAYS: Final = 1826


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A chain and a key that were read and checked. Pickling it carries only its spec.

    Attributes:
        spec: Where it was found.
        algorithm: What it signs with.
        chain: The certificates that signatures carry, the leaf first, without a root.
        key: The key, unencrypted PKCS #8 PEM text; empty if `sign` signs.
        sign: The callback that signs, if there is one.
        root: PEM text of the private root, or empty.
        warnings: What is unwise about it, in words.
    """

    spec: IdentitySpec
    algorithm: Algorithm
    chain: "tuple[x509.Certificate, ...]" = field(repr=False)
    key: bytes = field(repr=False)
    sign: Sign | None = None
    root: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def leaf(self) -> "x509.Certificate":
        """The signing certificate."""
        return self.chain[0]

    @property
    def chain_pem(self) -> bytes:
        """The chain as PEM text."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return b"".join(one.public_bytes(Encoding.PEM) for one in self.chain)

    def __reduce__(self) -> tuple[object, ...]:
        return load, (self.spec,)


def load(spec: IdentitySpec, *, expired_ok: bool = False) -> Identity:
    """Read an identity and check it, so that what goes wrong is said here and in words.

    Args:
        spec: Where it is found. Where it asks for one to be made and several processes do so at
            once, one makes it and all use it.
        expired_ok: Make an expired certificate a warning; such an identity cannot sign.

    Raises:
        IdentityError: If it cannot be read, is no identity, or no verifier would accept it.
    """
    if spec.create and spec.folder and not folder.holds_identity(spec.folder):
        with contextlib.suppress(folder.TakenError):
            new_identity(spec.folder, organisation=shortened(spec.organisation))
    material = spec.read()
    chain = chains.parse(material.chain, source=material.chain_source)
    warnings = chains.check(chain, source=material.chain_source, expired_ok=expired_ok)
    return Identity(
        spec=spec,
        algorithm=_algorithm(spec, chain[0], material),
        chain=chains.without_root(chain),
        key=b"" if spec.sign else _key(spec, chain[0], material),
        sign=spec.sign,
        root=material.root.decode("ascii", "replace"),
        warnings=(*material.warnings, *warnings),
    )


def open_identity(
    where: str | Path | None = None,
    *,
    create: bool = False,
    organisation: str = ORGANISATION,
    expired_ok: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Identity:
    """Return the identity that applies, as `IdentitySpec.default` finds it.

    Args:
        where: Folder of the identity.
        create: Make one in its folder if there is none.
        organisation: Whom a new one names; shortened to the 64 characters that fit.
        expired_ok: Make an expired certificate a warning; such an identity cannot sign.
        environment: The variables to look at.

    Raises:
        IdentityError: If there is none, or it is not fit to sign.
    """
    spec = IdentitySpec.default(
        organisation=organisation, folder=where, create=create, environment=environment
    )
    return load(spec, expired_ok=expired_ok)


def new_identity(
    where: str | Path,
    *,
    organisation: str = ORGANISATION,
    common_name: str = COMMON_NAME,
    country: str = "KZ",
    algorithm: Algorithm = Algorithm.ES256,
    days: int = DAYS,
    replace: bool = False,
) -> Identity:
    """Make a private root and a signing certificate in a folder of their own.

    Verifiers will say "valid, not on a trust list", and "trusted" where `root.pem` was given to
    them as an anchor.

    Args:
        where: The folder, new or empty.
        organisation: O=: the responsible party, 1 to 64 characters.
        common_name: CN=, 1 to 64 characters.
        country: C=, two capital letters, or empty.
        algorithm: What to sign with.
        days: How long the signing certificate is valid, 1 to 3652; the root is for twenty years.
        replace: Replace an identity that stands there; it is kept beside it.

    Raises:
        IdentityError: If a name does not fit, one is there already, or the disk refuses.
    """
    path = Path(where)
    subject = Subject(organisation=organisation, common_name=common_name, country=country)
    root = certificates.issue_root(subject)
    leaf = certificates.issue_leaf(subject, root, algorithm=algorithm, days=days)
    folder.create(path, _leaf_files(leaf, root) | _root_files(root), replace=replace)
    return load(IdentitySpec.from_folder(path))


def renew_identity(
    where: str | Path | None = None,
    *,
    days: int = DAYS,
    environment: Mapping[str, str] = os.environ,
) -> Identity:
    """Issue a new key and certificate from the private root of a folder.

    Those who were given `root.pem` need nothing new. The old files are kept beside the folder.

    Raises:
        IdentityError: If the folder has no root, its certificate is not from that root but from an
            authority, or it is not fit otherwise.
    """
    from cryptography.x509.oid import NameOID

    old = open_identity(where, expired_ok=True, environment=environment)
    path = old.spec.folder
    if path is None or not (path / folder.ROOT_KEY).is_file():
        raise IdentityError(
            "there is no private root to renew it from",
            source=str(path or ""),
            hint="ask your authority: `kzmark identity csr` writes the request",
        )
    root = _own_root(old, path)
    names = {
        oid: str(found[0].value) if (found := old.leaf.subject.get_attributes_for_oid(oid)) else ""
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.COUNTRY_NAME)
    }
    subject = Subject(
        organisation=names[NameOID.ORGANIZATION_NAME],
        common_name=names[NameOID.COMMON_NAME] or COMMON_NAME,
        country=names[NameOID.COUNTRY_NAME],
    )
    leaf = certificates.issue_leaf(subject, root, algorithm=old.algorithm, days=days)
    folder.replace_files(path, _leaf_files(leaf, root))
    return load(IdentitySpec.from_folder(path))


def certificate_request(identity: Identity) -> str:
    """Return a request for a certificate (PKCS #10, PEM) for the key and names of an identity.

    Put the authority's answer into `chain.pem`, the signing certificate first.

    Raises:
        IdentityError: If the key is in a device, which has a command of its own for this.
    """
    if identity.sign:
        raise IdentityError(
            "the key is behind a callback, so no request can be made here",
            hint="make the request with the tools of the device or key service",
        )
    key = keys.parse(identity.key, password="", source="the key")
    request = certificates.request(identity.leaf.subject, key, algorithm=identity.algorithm)
    return request.decode("ascii")


def shortened(name: str) -> str:
    """Return a name cut to the 64 characters that a certificate holds."""
    printable = "".join(letter for letter in name if letter.isprintable()).strip()
    if len(printable) <= certificates.MAX_NAME:
        return printable or ORGANISATION
    return printable[: certificates.MAX_NAME - 1].rstrip() + "…"


def _own_root(old: Identity, path: Path) -> Issued:
    """Return the private root of a folder, if it is what issued the certificate there."""
    root = chains.parse(keys.read_file(path / folder.ROOT), source=folder.ROOT)[0]
    if not chains.issued(old.leaf, root):
        raise IdentityError(
            "the certificate is from an authority, and a new one from the private root would "
            "take its place",
            source=str(path),
            hint="ask the authority: `kzmark identity csr` writes the request; or go back to a "
            "private root: `kzmark identity new --replace`",
        )
    key = keys.parse(
        keys.read_file(path / folder.ROOT_KEY),
        password=old.spec.secret(),
        source=str(path / folder.ROOT_KEY),
    )
    return Issued(root, key)


def _algorithm(spec: IdentitySpec, leaf: "x509.Certificate", material: Material) -> Algorithm:
    possible = algorithms.fitting(leaf.public_key())
    if spec.algorithm is None:
        return possible[0]
    if spec.algorithm not in possible:
        raise IdentityError(
            f"the algorithm {spec.algorithm} does not fit the key of the certificate",
            source=material.chain_source,
            hint=f"it fits {', '.join(possible)}",
        )
    return spec.algorithm


def _key(spec: IdentitySpec, leaf: "x509.Certificate", material: Material) -> bytes:
    key = keys.parse(material.key, password=spec.secret(), source=material.key_source)
    if key.public_key() != leaf.public_key():
        raise IdentityError(
            "the key does not belong to the certificate",
            source=material.key_source,
            hint=f"give the key that {material.chain_source} was issued for, the leaf first",
        )
    return keys.to_pem(key)


def _leaf_files(leaf: Issued, root: Issued) -> dict[str, bytes]:
    return {folder.CHAIN: _pem(leaf) + _pem(root), folder.KEY: keys.to_pem(leaf.key)}


def _root_files(root: Issued) -> dict[str, bytes]:
    return {folder.ROOT: _pem(root), folder.ROOT_KEY: keys.to_pem(root.key)}


def _pem(issued: Issued) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return issued.certificate.public_bytes(Encoding.PEM)
