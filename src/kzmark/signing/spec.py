"""Where an identity is found: plain data, so that it can cross process borders."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from kzmark.errors import IdentityError
from kzmark.signing import folder as folders
from kzmark.signing import keys
from kzmark.signing.algorithm import Algorithm

CERTIFICATE_VARIABLE: Final = "KZMARK_CERT"
KEY_VARIABLE: Final = "KZMARK_KEY"

Sign = Callable[[bytes], bytes]


class Material(NamedTuple):
    """What was read, not yet looked at.

    Attributes:
        chain: PEM text of the certificates.
        key: PEM text of the key, empty if a callback signs.
        root: PEM text of the private root, if there is one.
        chain_source: Name of the file or variable the chain came from.
        key_source: Name of the file or variable the key came from.
        warnings: What is unwise about the files.
    """

    chain: bytes
    key: bytes
    root: bytes
    chain_source: str
    key_source: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySpec:
    """Where an identity is found. Use the classmethods; exactly one way is set.

    It can be pickled; with `sign`, only if that is a function of a module.

    Attributes:
        folder: A folder as `new_identity` makes it.
        certificate_file: A file with the chain, the leaf first.
        key_file: The file with the key of the leaf.
        chain: The chain itself, PEM text.
        key: The key itself, PEM text.
        password: Password of an encrypted key; else `KZMARK_KEY_PASSWORD` is asked.
        sign: Called with the bytes to sign, where the key is in a device or a service.
        algorithm: What the key signs with; the usual one for its kind if not given.
        create: Make one in `folder` on first use, if there is none.
        organisation: Whom a new one names.
    """

    folder: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    chain: str = ""
    key: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sign: Sign | None = None
    algorithm: Algorithm | None = None
    create: bool = False
    organisation: str = ""

    @classmethod
    def default(
        cls,
        *,
        organisation: str = "",
        folder: str | Path | None = None,
        create: bool = True,
        environment: Mapping[str, str] = os.environ,
    ) -> "IdentitySpec":
        """Take the identity that applies, made on first use.

        The folder given, else `KZMARK_CERT` and `KZMARK_KEY` (PEM texts), else the folder named
        by `KZMARK_IDENTITY`, else the default folder.

        Args:
            organisation: Whom a new one names; shortened to the 64 characters that fit.
            folder: Folder of the identity.
            create: Make one in its folder if there is none.
            environment: The variables to look at.

        Raises:
            IdentityError: If only one of `KZMARK_CERT` and `KZMARK_KEY` is set.
        """
        if folder is None and (text := cls._from_environment(environment)):
            return text
        path = Path(folder) if folder is not None else folders.default_folder(environment)
        return cls(folder=path, create=create, organisation=organisation)

    @classmethod
    def from_folder(cls, path: str | Path, *, password: str = "") -> "IdentitySpec":
        """Take the identity in a folder."""
        return cls(folder=Path(path), password=password)

    @classmethod
    def from_files(
        cls,
        certificate: str | Path,
        key: str | Path,
        *,
        password: str = "",
        algorithm: Algorithm | None = None,
    ) -> "IdentitySpec":
        """Take a chain and a key from two files."""
        return cls(
            certificate_file=Path(certificate),
            key_file=Path(key),
            password=password,
            algorithm=algorithm,
        )

    @classmethod
    def from_text(
        cls, chain: str, key: str, *, password: str = "", algorithm: Algorithm | None = None
    ) -> "IdentitySpec":
        """Take a chain and a key as PEM texts."""
        return cls(chain=chain, key=key, password=password, algorithm=algorithm)

    @classmethod
    def from_callback(
        cls, sign: Sign, *, chain: str, algorithm: Algorithm | None = None
    ) -> "IdentitySpec":
        """Take a chain, and a callback that signs: a device (HSM) or a key service (KMS).

        Args:
            sign: Gets the bytes to sign, returns the signature; for ECDSA in DER or as r and s
                side by side, for RSA with PSS and a salt as long as the hash.
            chain: PEM text, the leaf first.
            algorithm: What `sign` uses; the usual one for the key of the leaf if not given.
        """
        return cls(sign=sign, chain=chain, algorithm=algorithm)

    def read(self) -> Material:
        """Read what the identity is made of.

        Raises:
            IdentityError: If a file cannot be read.
        """
        if self.folder:
            return self._read_folder(self.folder)
        if self.certificate_file and self.key_file:
            chain, key = keys.read_file(self.certificate_file), keys.read_file(self.key_file)
            warnings = _exposures(self.key_file)
            return Material(
                chain, key, b"", str(self.certificate_file), str(self.key_file), warnings
            )
        if self.chain and (self.sign or self.key):
            names = "the given chain", "the given key"
            return Material(self.chain.encode(), self.key.encode(), b"", *names, ())
        raise IdentityError(
            "an identity needs a chain and a key",
            hint="give a folder, two files, two texts, or a chain and a callback",
        )

    def secret(self) -> str:
        """Return the password of the key, or an empty string."""
        return self.password or os.environ.get(keys.PASSWORD, "")

    @classmethod
    def _from_environment(cls, environment: Mapping[str, str]) -> "IdentitySpec | None":
        chain, key = (environment.get(name, "") for name in (CERTIFICATE_VARIABLE, KEY_VARIABLE))
        if bool(chain) != bool(key):
            raise IdentityError(
                f"{CERTIFICATE_VARIABLE} and {KEY_VARIABLE} are set together or not at all",
                hint="both hold PEM text",
            )
        password = environment.get(keys.PASSWORD, "")
        return cls.from_text(chain, key, password=password) if chain else None

    @staticmethod
    def _read_folder(path: Path) -> Material:
        chain, key, root = (path / name for name in (folders.CHAIN, folders.KEY, folders.ROOT))
        return Material(
            keys.read_file(chain),
            keys.read_file(key),
            keys.read_file(root) if root.is_file() else b"",
            str(chain),
            str(key),
            _exposures(key, path / folders.ROOT_KEY),
        )


def _exposures(*paths: Path) -> tuple[str, ...]:
    return tuple(warning for path in paths if (warning := keys.exposure(path)))
