"""Where an ID3v2 tag ends that stands at the start of a file.

Spec: ID3v2.4.0, structure, 3.1 (header), 3.4 (footer).
"""

from typing import Final

HEAD: Final = 10  # bytes of the header of a tag
_FOOTER: Final = 0x10


def tag_size(head: bytes) -> int:
    """Return how long the tag is that begins with these bytes, in bytes; 0 if none does."""
    if len(head) < HEAD or head[:3] != b"ID3" or head[3] == 0xFF or max(head[6:10]) > 0x7F:
        return 0
    footer = HEAD if head[5] & _FOOTER and head[3] == 4 else 0
    return HEAD + unsafe(head[6:10]) + footer


def unsafe(four: bytes) -> int:
    """Return the number in four bytes of seven bits."""
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
