"""COSE_Sign1 as C2PA uses it: a detached payload, the chain in the protected header.

RFC 9052, 4.2 and 4.4; RFC 9053, 2 (algorithms); RFC 9360, 2 (x5chain); C2PA 2.4, 13.2 and, for
time stamps, 10.3.2.5.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kzmark.errors import MalformedMediaError
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.store import cbor, tokens

IDENTIFIERS: Final[Mapping[Algorithm, int]] = {
    Algorithm.ES256: -7,
    Algorithm.ES384: -35,
    Algorithm.ES512: -36,
    Algorithm.PS256: -37,
    Algorithm.PS384: -38,
    Algorithm.PS512: -39,
    Algorithm.ED25519: -8,
}
_ALGORITHMS: Final = {number: algorithm for algorithm, number in IDENTIFIERS.items()}
_ALG, _X5CHAIN = 1, 33
_TAG: Final = b"\xd2"  # 18, COSE_Sign1
_ARRAY_OF_4: Final = b"\x84"
_NIL: Final = b"\xf6"
NOTHING: Final = b"\xa0"  # an empty map
_STAMP, _OLD_STAMP, _TOKENS, _TOKEN = "sigTst2", "sigTst", "tstTokens", "val"
_MAX_CHAIN: Final = 16


class Sign1(NamedTuple):
    """A signature taken apart.

    Attributes:
        algorithm: What signed.
        chain: The certificates (DER), the leaf first.
        signature: The signature itself.
        protected: The header it covers, as it stands.
        unprotected: The header it does not cover.
    """

    algorithm: Algorithm
    chain: tuple[bytes, ...]
    signature: bytes
    protected: bytes
    unprotected: Mapping[Any, Any]


def protected(algorithm: Algorithm, chain: Sequence[bytes]) -> bytes:
    """Return the protected header: the algorithm and the chain (DER, the leaf first)."""
    certificates = chain[0] if len(chain) == 1 else list(chain)
    return cbor.encode({_ALG: IDENTIFIERS[algorithm], _X5CHAIN: certificates})


def to_sign(header: bytes, claim: bytes | memoryview) -> bytes:
    """Return the bytes that are signed: Sig_structure (RFC 9052, 4.4)."""
    return cbor.encode(["Signature1", header, b"", bytes(claim)])


def sign1(header: bytes, signature: bytes, beside: bytes = NOTHING) -> bytes:
    """Return a COSE_Sign1 whose payload stands elsewhere; `beside` is the unsigned header."""
    return b"".join((_TAG, _ARRAY_OF_4, cbor.encode(header), beside, _NIL, cbor.encode(signature)))


def behind_header(signature_size: int) -> int:
    """Return how many bytes of a COSE_Sign1 stand behind its unsigned header."""
    return len(_NIL + cbor.encode(bytes(signature_size)))


def to_stamp(header: bytes, signature: bytes) -> bytes:
    """Return the bytes that a time stamp of a signature covers (C2PA 2.4, 10.3.2.5)."""
    return _counter(header, cbor.encode(signature))


def stamped(token: bytes) -> dict[str, Any]:
    """Return a time stamp as it stands in the unsigned header."""
    return {_STAMP: {_TOKENS: [{_TOKEN: token}]}}


def time_stamp(signed: "Sign1", claim: bytes) -> tuple[bytes, bytes] | None:
    """Return the time stamp of a signature and the bytes that it covers, if there is one.

    What was written up to C2PA 2.0 covers the claim, and stands in the answer of its authority.

    Raises:
        MalformedMediaError: If there is something else where a time stamp stands.
    """
    if (new := signed.unprotected.get(_STAMP)) is not None:
        return _token(new), to_stamp(signed.protected, signed.signature)
    if (old := signed.unprotected.get(_OLD_STAMP)) is not None:
        return tokens.granted(_token(old)), _counter(signed.protected, claim)
    return None


def _counter(header: bytes, payload: bytes) -> bytes:
    return cbor.encode(["CounterSignature", header, b"", payload])


def _token(said: Any) -> bytes:
    match said:
        case {"tstTokens": [{"val": bytes(token)}]}:
            return token
        case _:
            raise MalformedMediaError("not one time stamp where one stands")


def parse(body: bytes | memoryview) -> Sign1:
    """Take a COSE_Sign1 apart.

    Raises:
        MalformedMediaError: If it is none, or has no algorithm or chain that C2PA allows.
    """
    tagged = body[:1] == _TAG
    parts = cbor.decode(body[1:] if tagged else body)
    match parts:
        case [bytes(header), dict(unprotected), None, bytes(signature)]:
            pass
        case _:
            raise MalformedMediaError("no COSE_Sign1 with a detached payload")
    named = cbor.decode(header)
    if not isinstance(named, Mapping) or not isinstance(named.get(_ALG), int):
        raise MalformedMediaError("no signature algorithm in the protected header")
    algorithm = _ALGORITHMS.get(named[_ALG])
    if algorithm is None:
        raise MalformedMediaError("a signature algorithm that C2PA does not allow")
    return Sign1(algorithm, _chain(named), signature, header, unprotected)


def _chain(named: Mapping[Any, Any]) -> tuple[bytes, ...]:
    found = named.get(_X5CHAIN)
    chain = (found,) if isinstance(found, bytes) else found
    if not isinstance(chain, Sequence) or not 0 < len(chain) <= _MAX_CHAIN:
        raise MalformedMediaError("no certificate chain in the protected header")
    if not all(isinstance(one, bytes) for one in chain):
        raise MalformedMediaError("a certificate chain that is not made of bytes")
    return tuple(chain)
