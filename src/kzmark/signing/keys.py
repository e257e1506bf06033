"""Private keys: reading them, and who else may read them."""

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from kzmark import _system
from kzmark.errors import IdentityError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

PASSWORD: Final = "KZMARK_KEY_PASSWORD"  # noqa: S105  # the name of a variable
_MAX_PEM: Final = 1 << 20  # bytes


_DENIED: Final = "check who owns it and who may read it: this process may not"
_HINT: Final = "`kzmark identity new` makes an identity"


def read_file(path: Path, *, hint: str = _HINT) -> bytes:
    """Return a file of keys or certificates, of at most 1 MiB.

    Raises:
        IdentityError: If it cannot be read or is larger; it has the hint given, unless the system
            lets only others read it.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_PEM + 1)
    except OSError as error:
        raise IdentityError(
            f"cannot be read: {error.strerror or error}",
            source=str(path),
            hint=_DENIED if isinstance(error, PermissionError) else hint,
        ) from error
    if len(data) > _MAX_PEM:
        raise IdentityError(f"a key or certificate file of over {_MAX_PEM} bytes", source=str(path))
    return data


def parse(pem: bytes, *, password: str, source: str) -> "CertificateIssuerPrivateKeyTypes":
    """Return a private key.

    Raises:
        IdentityError: If it is no key, or it is encrypted and the password is missing or wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = b"ENCRYPTED" in pem
    if encrypted and not password:
        raise IdentityError(
            "the key is encrypted and no password was given",
            source=source,
            hint=f"set the variable {PASSWORD}",
        )
    try:
        key = load_pem_private_key(pem, password.encode() if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        cause = "there is no readable key in it"
        hint = "a key is PEM text: -----BEGIN PRIVATE KEY-----"
        if encrypted:
            cause, hint = "the password of the key is wrong", f"look at the variable {PASSWORD}"
        raise IdentityError(cause, source=source, hint=hint) from error
    return cast("CertificateIssuerPrivateKeyTypes", key)


def to_pem(key: "CertificateIssuerPrivateKeyTypes") -> bytes:
    """Return a key as unencrypted PKCS #8 PEM text."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def exposure(path: Path) -> str:
    """Return a warning if others than the owner may read a key file, else an empty string."""
    if _system.WINDOWS:  # the mode bits say nothing there
        return ""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"{path} can be read by other users (mode {mode:04o}): chmod 600 it"
    return ""
