"""JUMBF boxes: written, and taken apart with limits (ISO 19566-5; C2PA 2.4, 11.1)."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError

STORE, MANIFEST, ASSERTIONS = b"c2pa", b"c2ma", b"c2as"
CLAIM, SIGNATURE, CBOR, JSON = b"c2cl", b"c2cs", b"cbor", b"json"
HEAD: Final = 8  # bytes of length and type; hashed URIs cover what is behind (C2PA 2.4, 8.4.2.3)
_HEAD: Final = struct.Struct(">I4s")  # length, type
_SUPER, _DESCRIPTION = b"jumb", b"jumd"
_TYPE: Final = bytes.fromhex("00110010800000aa00389b71")  # behind the four letters of a UUID
_NAMED: Final = 0x03  # requestable, with a label
_LABEL: Final = 0x02
_SALTED: Final = 0x13  # the same with a private box behind it, in which c2pa-rs puts a salt
_SALT: Final = b"\0\0\0\x18c2sh"
_MAX_DEPTH: Final = 16  # a store of manifests of assertions has four
_MAX_DESCRIPTION: Final = 1_000  # bytes that are looked at


class Box(NamedTuple):
    """A box that holds no boxes.

    Attributes:
        kind: Its type, four letters.
        body: What it holds.
    """

    kind: bytes
    body: memoryview


class Superbox(NamedTuple):
    """A box with a name that holds boxes.

    Attributes:
        kind: The letters its type begins with, such as `c2ma`.
        label: Its name.
        whole: The bytes as they stand, the head of eight included.
        boxes: What it holds, in order.
        description: The body of the box that names it.
    """

    kind: bytes
    label: str
    whole: memoryview
    boxes: tuple["Superbox | Box", ...]
    description: bytes

    @property
    def hashed(self) -> memoryview:
        """What a hashed URI to this box covers."""
        return self.whole[HEAD:]

    @property
    def inner(self) -> Iterator["Superbox"]:
        """The named boxes in it."""
        return (one for one in self.boxes if isinstance(one, Superbox))

    @property
    def is_plain(self) -> bool:
        """Whether it and all in it are named as they are here, or as c2pa-rs does: with a salt."""
        first, name = self.kind + _TYPE, self.label.encode() + b"\0"
        salted = first + bytes((_SALTED,)) + name + _SALT
        named = self.description == first + bytes((_NAMED,)) + name or (
            self.description.startswith(salted) and len(self.description) == len(salted) + 16
        )
        return named and all(one.is_plain for one in self.inner)

    def only(self, kind: bytes) -> memoryview:
        """Return the body of its one content box.

        Raises:
            MalformedMediaError: If it holds anything else.
        """
        if len(self.boxes) != 1 or not isinstance(self.boxes[0], Box) or self.boxes[0].kind != kind:
            raise MalformedMediaError(f"the box {self.label} does not hold one {kind.decode()} box")
        return self.boxes[0].body


def box(kind: bytes, *body: bytes) -> bytes:
    """Return a box; four letters, then what it holds."""
    return b"".join(((HEAD + sum(map(len, body))).to_bytes(4, "big"), kind, *body))


def superbox(kind: bytes, label: str, *boxes: bytes) -> bytes:
    """Return a named box that holds boxes."""
    return box(_SUPER, description(kind, label), *boxes)


def description(kind: bytes, label: str) -> bytes:
    """Return the box that names a superbox (ISO 19566-5, B.3)."""
    return box(_DESCRIPTION, kind, _TYPE, bytes((_NAMED,)), label.encode(), b"\0")


def parse(data: bytes | memoryview, *, limits: Limits) -> Superbox:
    """Take a manifest store apart.

    Args:
        data: The store, nothing before it and nothing behind.
        limits: Its `max_metadata` bounds the bytes, its `max_elements` the number of boxes.

    Raises:
        MalformedMediaError: If lengths lie, or a superbox does not begin with its description.
        LimitExceededError: If there are too many bytes or boxes, or they are nested too deep.
    """
    limits.check_metadata(len(data), what="a manifest store")
    found = _boxes(memoryview(data), [limits.max_elements], depth=0)
    if len(found) != 1 or not isinstance(found[0], Superbox):
        raise MalformedMediaError("a manifest store is one superbox")
    return found[0]


def _boxes(view: memoryview, budget: list[int], *, depth: int) -> list[Superbox | Box]:
    """Return the boxes that fill a stretch; `budget` is how many more there may be in all."""
    if depth > _MAX_DEPTH:
        raise LimitExceededError(f"boxes nested more than {_MAX_DEPTH} deep")
    found: list[Superbox | Box] = []
    at, end = 0, len(view)
    while at < end:
        size, kind = _HEAD.unpack_from(view, at) if end - at >= HEAD else (0, b"")
        if not HEAD <= size <= end - at:
            raise MalformedMediaError(f"a box of {size} bytes where {end - at} are left")
        if not budget[0]:
            raise LimitExceededError("too many boxes in a manifest store")
        budget[0] -= 1
        whole = view[at : at + size]
        at += size
        found.append(_super(whole, budget, depth) if kind == _SUPER else Box(kind, whole[HEAD:]))
    return found


def _super(whole: memoryview, budget: list[int], depth: int) -> Superbox:
    boxes = _boxes(whole[HEAD:], budget, depth=depth + 1)
    if not boxes or not isinstance(boxes[0], Box) or boxes[0].kind != _DESCRIPTION:
        raise MalformedMediaError("a superbox without a description")
    body = bytes(boxes[0].body[:_MAX_DESCRIPTION])
    toggles = body[16] if len(body) > 16 else 0
    if body[4:16] != _TYPE or not toggles & _LABEL:
        raise MalformedMediaError("a superbox of another kind, or without a name")
    label, end, _ = body[17:].partition(b"\0")
    if not end or not label.isascii() or not label:
        raise MalformedMediaError("a superbox without a readable name")
    return Superbox(body[:4], label.decode("ascii"), whole, tuple(boxes[1:]), body)
