"""Signing on other machines: the workers' own copy of the identity, and the same certificate.

A private key stays where it is. What travels is where the identity was found and the SHA-256 of
its certificate; a worker looks there, then where its own environment says, and signs only with
that certificate. With `send_key` the key travels inside the call.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kzmark.errors import IdentityError
from kzmark.signing import chain as chains
from kzmark.signing.identity import Identity, IdentitySpec
from kzmark.signing.spec import Material
from kzmark.stamper import Stamper

if TYPE_CHECKING:
    from cryptography import x509

SHOWN: Final = 16  # characters of a fingerprint that people compare
HINT: Final = (
    "copy the identity's folder to every worker and name it there in KZMARK_IDENTITY, "
    "or let the key travel with --send-key"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerIdentity(IdentitySpec):
    """An identity that a worker has itself. Made with `of`; holds no key and no password.

    Attributes:
        fingerprint: SHA-256 of the signing certificate, in hex.
    """

    fingerprint: str = ""

    @classmethod
    def of(cls, identity: Identity) -> "WorkerIdentity":
        """Say which identity is meant and where it was found here."""
        spec = identity.spec
        return cls(
            folder=spec.folder,
            certificate_file=spec.certificate_file,
            key_file=spec.key_file,
            algorithm=identity.algorithm,
            fingerprint=_hex(identity.leaf),
        )

    def read(self) -> Material:
        """Read the identity of this machine that has the certificate.

        Raises:
            IdentityError: If there is none, or only others.
        """
        found: list[str] = []
        for spec in self._places():
            try:
                material = spec.read()
                leaf = chains.parse(material.chain, source=material.chain_source)[0]
            except IdentityError:
                continue
            if (fingerprint := _hex(leaf)) == self.fingerprint:
                return material
            found.append(f"{fingerprint[:SHOWN]} in {material.chain_source}")
        wanted = f"the certificate {self.fingerprint[:SHOWN]} of the coordinator"
        if found:
            raise IdentityError(f"has not {wanted} but {', '.join(found)}", hint=HINT)
        raise IdentityError(f"has no identity, {wanted} is meant", hint=HINT)

    def _places(self) -> Iterator[IdentitySpec]:
        names = ("folder", "certificate_file", "key_file", "algorithm")
        yield IdentitySpec(**{name: getattr(self, name) for name in names})
        yield IdentitySpec.default(create=False)


def travelling(stamper: Stamper, *, send_key: bool) -> Stamper:
    """Return a copy of a Stamper that can be sent to other machines.

    Args:
        stamper: It is opened here, so that what is wrong with its identity is said here.
        send_key: Whether the private key goes with it.

    Raises:
        IdentityError: If the identity cannot be used here.
    """
    return Stamper(
        stamper.statement,
        identity=_spec(stamper.identity, send_key=send_key),
        profile=stamper.style.profile,
        languages=stamper.style.languages,
        corner=stamper.style.corner,
        placement=stamper.style.placement,
        pages=stamper.style.pages,
        audible=stamper.style.audible,
        embed_c2pa=stamper.embed_c2pa,
        limits=stamper.limits,
        tsa=stamper.tsa,
    )


def prove(stamper: Stamper) -> None:
    """Open the identity of a Stamper, on a worker, before any file is touched.

    Raises:
        IdentityError: If the worker cannot sign with it.
    """
    _ = stamper.identity


def _spec(identity: Identity, *, send_key: bool) -> IdentitySpec:
    if identity.sign is not None:  # a device or a service: the callback travels by its name
        return IdentitySpec.from_callback(
            identity.sign, chain=identity.chain_pem.decode(), algorithm=identity.algorithm
        )
    if send_key:
        return IdentitySpec.from_text(
            identity.chain_pem.decode(), identity.key.decode(), algorithm=identity.algorithm
        )
    return WorkerIdentity.of(identity)


def _hex(certificate: "x509.Certificate") -> str:
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()
