"""Numbers of a file that words make larger, written into fields of a set width."""

from kzmark.errors import MalformedMediaError


def field(number: int, size: int, *, what: str, signed: bool = False) -> bytes:
    """Return a number as big-endian bytes.

    Args:
        number: A count or a time.
        size: Bytes of the field.
        what: What it counts, for the message.
        signed: Whether it may be below 0.

    Raises:
        MalformedMediaError: If it does not fit: no true file comes near the end of its fields.
    """
    try:
        return number.to_bytes(size, "big", signed=signed)
    except OverflowError as error:
        raise MalformedMediaError(f"{what}: {number} does not fit into {size} bytes") from error
