"""The signer: an identity with its key, and with the handle that the C2PA library wants."""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from kzmark.errors import IdentityError, MalformedMediaError
from kzmark.places.url import hidden
from kzmark.signing import algorithm, authority, chain, keys
from kzmark.signing.identity import Identity, IdentitySpec, load
from kzmark.signing.store import cose

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

_OUTSIDE: Final = "the certificate has expired or is not valid yet"


class Signer:
    """Signs with one identity. Safe to share: each thread, and each forked child, has its handle.

    Args:
        identity: Who signs.
        tsa: URL of a time stamp service (RFC 3161). The only thing here that opens a connection,
            so it is off unless given.

    Raises:
        IdentityError: If the identity is not fit to sign.
    """

    def __init__(self, identity: Identity | IdentitySpec, *, tsa: str = "") -> None:
        if tsa:
            authority.check(tsa)
        self.identity = identity if isinstance(identity, Identity) else load(identity)
        self.tsa = tsa
        self._local = threading.local()

    @functools.cached_property
    def header(self) -> bytes:
        """The protected header of a signature: algorithm and chain, encoded once."""
        from cryptography.hazmat.primitives.serialization import Encoding

        chain = [one.public_bytes(Encoding.DER) for one in self.identity.chain]
        return cose.protected(self.identity.algorithm, chain)

    @functools.cached_property
    def signature_size(self) -> int:
        """Bytes of a signature, as COSE spells it; the same for each."""
        return algorithm.signature_size(self._leaf_key)

    @property
    def time_stamp_room(self) -> int:
        """Bytes kept for a time stamp; none if none is asked for."""
        return authority.ROOM if self.tsa else 0

    def stamped(self, signature: bytes) -> dict[str, Any]:
        """Return what stands beside a signature: a time stamp, if one is asked for.

        Raises:
            IdentityError: If the time stamp service fails.
        """
        if not self.tsa:
            return {}
        return cose.stamped(authority.time_stamp(self.tsa, cose.to_stamp(self.header, signature)))

    def sign(self, data: bytes) -> bytes:
        """Return the signature of bytes, as COSE spells it; no time stamp is asked for.

        Raises:
            IdentityError: If the certificate has expired, or the key or the callback fails.
        """
        start, end = self._validity
        if not start <= datetime.now(UTC) <= end:
            raise IdentityError(_OUTSIDE, hint=chain.RENEW)
        if self.identity.sign is None:
            made = algorithm.sign(self._key, data, self.identity.algorithm)
            return algorithm.cose_signature(made, self._leaf_key)
        witness = _Witness()
        try:
            return _answering(self.identity, self.identity.sign, witness)(data)
        except IdentityError:
            raise
        except Exception as error:
            raise _failed(error) from error

    @functools.cached_property
    def _key(self) -> "CertificateIssuerPrivateKeyTypes":
        return keys.parse(self.identity.key, password="", source="the key")

    @functools.cached_property
    def _leaf_key(self) -> "CertificatePublicKeyTypes":
        return self.identity.leaf.public_key()

    @functools.cached_property
    def _validity(self) -> tuple[datetime, datetime]:
        leaf = self.identity.leaf
        return leaf.not_valid_before_utc, leaf.not_valid_after_utc

    def __reduce__(self) -> tuple[object, ...]:
        return functools.partial(Signer, tsa=self.tsa), (self.identity.spec,)

    @contextlib.contextmanager
    def native(self, library: Any) -> Iterator[Any]:
        """Give the native signer of this thread; say in words why a signature failed."""
        handle = self._handle(library)
        witness: _Witness = self._local.witness
        witness.forget()
        try:
            yield handle
        except library.C2paError as error:
            raise _signing_error(error, witness.error, tsa=self.tsa) from witness.error or error

    def _handle(self, library: Any) -> Any:
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.witness = _Witness()
            self._local.handle = self._make(library, self._local.witness)
            self._local.pid = os.getpid()
        return self._local.handle

    def _make(self, library: Any, witness: "_Witness") -> Any:
        identity = self.identity
        name = identity.algorithm.value
        try:
            if identity.sign is None:
                info = library.C2paSignerInfo(
                    name.encode(),
                    identity.chain_pem,
                    identity.key,
                    self.tsa.encode() if self.tsa else None,
                )
                return library.Signer.from_info(info)
            answer = _answering(identity, identity.sign, witness)
            kind = library.C2paSigningAlg[name.upper()]
            pem = identity.chain_pem.decode("ascii")
            return library.Signer.from_callback(answer, kind, pem, self.tsa or None)
        except library.C2paError as error:
            raise IdentityError(
                f"the C2PA library refuses the identity: {error}",
                hint="`kzmark identity show` tells what is unusual about it",
            ) from error


class _Witness:
    """Keeps the exception of a callback, which the library swallows."""

    error: BaseException | None = None

    def forget(self) -> None:
        """Start anew."""
        self.error = None

    def __enter__(self) -> None:
        self.forget()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.error = error


def _answering(
    identity: Identity, sign: Callable[[bytes], bytes], witness: _Witness
) -> Callable[[bytes], bytes]:
    """Wrap a callback: whatever spelling it answers in, and an answer of the wrong key."""

    def answer(data: bytes) -> bytes:
        with witness:
            key = identity.leaf.public_key()
            signature = algorithm.cose_signature(bytes(sign(data)), key)
            if not algorithm.verifies(signature, data, key, identity.algorithm):
                raise IdentityError(
                    "the signature that the callback returned is not that of the certificate's key",
                    hint=f"it must be {identity.algorithm.value} over the very bytes it was given",
                )
            return signature

    return answer


def _failed(cause: BaseException) -> IdentityError:
    return IdentityError(f"the signing callback failed: {cause}")


def _signing_error(error: Exception, witness: BaseException | None, *, tsa: str) -> Exception:
    text = str(error)
    if isinstance(witness, IdentityError):
        return witness
    if witness is not None:
        return _failed(witness)
    if not text.startswith(("Signature:", "Verify: Signature")):
        return MalformedMediaError(f"cannot be signed: {text}")
    if tsa and ("http" in text or "stamp" in text):
        return IdentityError(
            f"the time stamp service {hidden(tsa)} failed: {hidden(text)}",
            hint="try again, or sign without a time stamp",
        )
    if "not valid at time of signing" in text:
        return IdentityError(_OUTSIDE, hint=chain.RENEW)
    return IdentityError(
        f"signing failed: {text}", hint="`kzmark identity show` tells what is unusual about it"
    )
