"""Start tags of well-formed XML, taken apart by bytes."""

import re
from typing import Final

_TAG: Final = re.compile(rb"""<[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")
_ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")

Span = tuple[int, int]  # first byte, byte behind


def tag_at(text: bytes, offset: int) -> Span:
    """Return the span of the start tag at `offset`, where a scan has seen a whole one."""
    tag = _TAG.match(text, offset)
    assert tag is not None
    return tag.span()


def name_of(tag: bytes) -> bytes:
    """Return the name of the element as its tag spells it."""
    return re.split(rb"[\s/>]", tag[1:], maxsplit=1)[0]


def attributes(tag: bytes) -> dict[str, tuple[int, int, int]]:
    """Return where each attribute of a start tag stands: its blank, its value, behind it."""
    return {
        found[1].decode(): (found.start(), found.start(2), found.end())
        for found in _ATTRIBUTE.finditer(tag)
    }
