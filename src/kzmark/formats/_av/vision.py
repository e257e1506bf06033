"""Instructions for each picture of dynamic HDR: no encoder writes them, so they are carried on.

Dolby Vision and HDR10+ tell a player, picture by picture, how to bring it down to its screen. When
a picture is encoded again with a plate, its instructions go with it as they are. Spec: Dolby
Vision streams within ISOBMFF, 2.2 (configuration) and ETSI TS 103 572 (RPU); CTA-861, annex S.
"""

from typing import Final

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av.nal import joined, units

BOXES: Final = (b"dvcC", b"dvvC", b"dvwC")
_SLICES: Final = range(32)  # NAL units of HEVC that hold coded pictures
_PREFIX_SEI: Final = 39
_RPU: Final = 62
_ENHANCEMENT: Final = 63
_T35: Final = 4  # kind of message: registered by ITU-T T.35
_HDR10_PLUS: Final = b"\xb5\0\x3c\0\x01\x04"  # country, provider, its kind of message


def check(config: bytes, codec: str) -> None:
    """Refuse Dolby Vision that is more than HDR with instructions.

    Args:
        config: The content of its configuration box.
        codec: Of the pictures.

    Raises:
        UnsupportedMediaError: If its colours mean nothing to other decoders, it has a second layer,
            or the instructions stand where kzmark does not look.
        MalformedMediaError: If the configuration ends too early.
    """
    if len(config) < 5:
        raise MalformedMediaError("the configuration of Dolby Vision ends too early")
    profile, layered, compatible = config[2] >> 1, config[3] >> 1 & 1, config[4] >> 4
    if layered or not compatible or codec != "hevc":
        raise UnsupportedMediaError(
            f"its picture is Dolby Vision, profile {profile}, which only its own tools can change",
            hint="make an HDR10 or HLG film of it first",
        )


def carried(sample: bytes, prefix: int) -> list[bytes]:
    """Return the units of a coded HEVC picture that hold instructions for it."""
    return [unit for unit in units(sample, prefix) if _is_instruction(unit)]


def with_carried(sample: bytes, instructions: "list[bytes]", prefix: int) -> bytes:
    """Return a coded picture with these instructions: messages before it, RPUs behind it."""
    if not instructions:
        return sample
    before = [unit for unit in instructions if _kind(unit) == _PREFIX_SEI]
    behind = [unit for unit in instructions if _kind(unit) != _PREFIX_SEI]
    there = list(units(sample, prefix))
    first = next((n for n, unit in enumerate(there) if _kind(unit) in _SLICES), len(there))
    return joined([*there[:first], *before, *there[first:], *behind], prefix)


def _is_instruction(unit: bytes) -> bool:
    kind = _kind(unit)
    if kind == _PREFIX_SEI:
        return unit[2] == _T35 and unit[4:].startswith(_HDR10_PLUS)
    return kind in {_RPU, _ENHANCEMENT}


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 63 if len(unit) > 4 else -1
