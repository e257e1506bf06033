"""Signature algorithms that C2PA allows (2.2, 13.2.1), and the keys that fit them."""

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        PublicKeyTypes,
    )
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

MIN_RSA: Final = 2048  # bits
_HALF: Final = {"secp256r1": 32, "secp384r1": 48, "secp521r1": 66}  # bytes of r and of s


class Algorithm(StrEnum):
    """What signs a claim: ECDSA, RSA-PSS or Ed25519, and the hash it uses."""

    ES256 = "es256"
    ES384 = "es384"
    ES512 = "es512"
    PS256 = "ps256"
    PS384 = "ps384"
    PS512 = "ps512"
    ED25519 = "ed25519"

    @property
    def hash(self) -> "SHA256 | SHA384 | SHA512":
        """The hash of the signature; certificates made here are signed with it too."""
        from cryptography.hazmat.primitives import hashes

        if self.value.endswith("384"):
            return hashes.SHA384()
        return hashes.SHA512() if self.value.endswith("512") else hashes.SHA256()


def make_key(algorithm: Algorithm) -> "CertificateIssuerPrivateKeyTypes":
    """Return a new private key that fits the algorithm."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match algorithm:
        case Algorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.ES384:
            return ec.generate_private_key(ec.SECP384R1())
        case Algorithm.ES512:
            return ec.generate_private_key(ec.SECP521R1())
        case Algorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=MIN_RSA)


def fitting(public_key: "PublicKeyTypes") -> tuple[Algorithm, ...]:
    """Return the algorithms that a key can serve, the usual one first; none if not allowed."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return (Algorithm.ED25519,)
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        curves = {
            "secp256r1": Algorithm.ES256,
            "secp384r1": Algorithm.ES384,
            "secp521r1": Algorithm.ES512,
        }
        found = curves.get(public_key.curve.name)
        return (found,) if found else ()
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= MIN_RSA:
        return Algorithm.PS256, Algorithm.PS384, Algorithm.PS512
    return ()


def signature_size(public_key: "PublicKeyTypes") -> int:
    """Return the bytes of a signature of a key, as COSE spells it; every one has as many."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return 2 * _HALF[public_key.curve.name]
    if isinstance(public_key, rsa.RSAPublicKey):
        return (public_key.key_size + 7) // 8
    return 64  # Ed25519


def sign(key: "CertificateIssuerPrivateKeyTypes", data: bytes, algorithm: Algorithm) -> bytes:
    """Return the signature of bytes as the key spells it: DER for ECDSA."""
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(algorithm.hash))
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(algorithm.hash), algorithm.hash.digest_size)
        return key.sign(data, pss, algorithm.hash)
    return key.sign(data)  # type: ignore[call-arg]  # Ed25519, as `fitting` allows


def cose_signature(signature: bytes, public_key: "PublicKeyTypes") -> bytes:
    """Return a signature as COSE spells it (RFC 9053, 2.1): for ECDSA, r and s side by side.

    Devices and key services answer ECDSA in either spelling, DER or raw; both are taken.
    A value that is neither comes back unchanged, and will not verify.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        return signature
    half = _HALF.get(public_key.curve.name, 0)
    if len(signature) == 2 * half:
        return signature
    try:
        r, s = utils.decode_dss_signature(signature)
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")
    except (ValueError, OverflowError):
        return signature


def verifies(
    signature: bytes, data: bytes, public_key: "PublicKeyTypes", algorithm: Algorithm
) -> bool:
    """Say whether a signature, as COSE spells it, is that of `data` under `public_key`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    try:
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            der = utils.encode_dss_signature(r, s)
            public_key.verify(der, data, ec.ECDSA(algorithm.hash))
        elif isinstance(public_key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(algorithm.hash), algorithm.hash.digest_size)
            public_key.verify(signature, data, pss, algorithm.hash)
        elif isinstance(public_key, ed25519.Ed25519PublicKey):
            public_key.verify(signature, data)
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
