"""CBOR (RFC 8949): plain values only, written and read by cbor2."""

from typing import Any, Final

from kzmark.errors import MalformedMediaError

_MAX_DEPTH: Final = 64


def encode(value: Any) -> bytes:
    """Return a value as CBOR, map keys in the order they stand in."""
    import cbor2

    return cbor2.dumps(value)


def canonical(value: Any) -> bytes:
    """Return a value as deterministic CBOR (RFC 8949, 4.2): equal values give equal bytes."""
    import cbor2

    return cbor2.dumps(value, canonical=True)


def decode(data: bytes | memoryview) -> Any:
    """Return the value of CBOR of definite lengths, without doubled keys.

    Bytes behind the value are not looked at: what is to be compared is compared by `same`.

    Raises:
        MalformedMediaError: If it is no such CBOR.
    """
    import cbor2

    try:
        return cbor2.loads(
            bytes(data),
            max_depth=_MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_REFUSED,
        )
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise MalformedMediaError(f"CBOR that cannot be read: {error}") from error


def is_plain(data: bytes | memoryview, value: Any) -> bool:
    """Say whether `data` is the shortest spelling of `value` and nothing more: no tag, no tail."""
    return encode(value) == bytes(data)


def _refuse(*_: Any) -> Any:
    raise ValueError("a tag that no manifest needs")


# Shared references make loops, big numbers and fractions cost time, patterns are programs.
_TAGS: Final = (2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 256, 258, 260, 261)
_REFUSED: Final = dict.fromkeys(_TAGS, _refuse)
