"""Objects of a PDF as they are spelt (ISO 32000-2, 7.3)."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any


def spell(entries: Mapping[str, bytes]) -> bytes:
    """Return a dictionary whose values are spelt already."""
    return b"<<%s>>" % b" ".join(b"%s %s" % (k.encode(), v) for k, v in entries.items())


def changed(value: Any, entries: Mapping[str, bytes | None]) -> bytes:
    """Return a dictionary of the file with other entries; `None` takes one out."""
    return closed(stem(value, entries), entries)


def stem(value: Any, without: Iterable[str]) -> bytes:
    """Return a dictionary of the file without some entries, left open at its end."""
    twin = copy.copy(value)
    for name in without:
        if name in twin:
            del twin[name]
    body: bytes = twin.unparse(resolved=True)
    return body.rstrip().removesuffix(b">>")


def closed(begun: bytes, entries: Mapping[str, bytes | None]) -> bytes:
    """Return a dictionary that was left open, closed behind some more entries."""
    fresh = b" ".join(b"%s %s" % (k.encode(), v) for k, v in entries.items() if v is not None)
    return begun + fresh + b" >>"


def stream(entries: Mapping[str, bytes], data: bytes) -> bytes:
    """Return a stream; its length is added."""
    told = {**entries, "/Length": b"%d" % len(data)}
    return b"%s\nstream\n%s\nendstream" % (spell(told), data)


def reference(number: int, generation: int = 0) -> bytes:
    """Return a reference to an object."""
    return b"%d %d R" % (number, generation)


def text(value: str) -> bytes:
    """Return a text string (ISO 32000-2, 7.9.2.2): plain if it is ASCII, else UTF-16."""
    if value.isascii() and value.isprintable():
        body = value.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return f"({body})".encode()
    return b"<%s>" % (b"\xfe\xff" + value.encode("utf-16-be")).hex().encode()
