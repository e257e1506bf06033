"""A C2PA manifest store inside plain text: letters that nobody sees, behind the last one.

Spec: C2PA 2.4, A.8: U+FEFF, then a variation selector for each byte of magic, version, length and
store. What is hashed is the text without them, in Unicode's form NFC (15.12.1.3.1); the text stands
in that form and in UTF-8, so that offsets mean the same to everybody.
"""

import codecs
import hashlib
import re
import struct
import threading
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._normal import normal

CORRUPTED: Final = "manifest.text.corruptedWrapper"
MULTIPLE: Final = "manifest.text.multipleWrappers"
_MAGIC: Final = b"C2PATXT\0"
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">8sBI")  # magic, version, bytes of the store
_MARKER: Final = codecs.BOM_UTF8  # U+FEFF, which begins a wrapper too
_FEW: Final = 16  # bytes below this are selectors of the first block, of three bytes in UTF-8
_SMALL, _LARGE = 0xFE00, 0xE0100  # where the two blocks of selectors begin
_SELECTORS: Final = "".join(
    chr(_SMALL + byte if byte < _FEW else _LARGE + byte - _FEW) for byte in range(256)
)
_SHORT: Final = bytes(range(_FEW))
_RUN: Final = re.compile(
    rb"(?:\xf3\xa0(?:[\x84-\x86][\x80-\xbf]|\x87[\x80-\xaf])|\xef\xb8[\x80-\x8f])*+"
)
_LETTERS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]*+")  # the same


class _Last(threading.local):
    """The store that this thread wrapped last, and how: it is read back a moment later."""

    pair = b"", b""


_LAST: Final = _Last()


class Wrapper(NamedTuple):
    """A wrapper in a text.

    Attributes:
        start: Where it begins, in bytes.
        stop: Where what belongs to it ends.
        store: The manifest store; empty if it is damaged.
        fault: Why it is damaged, or an empty string.
    """

    start: int
    stop: int
    store: bytes
    fault: str


def _spelt(data: bytes) -> bytes:
    return codecs.charmap_decode(data, "strict", _SELECTORS)[0].encode()


_BEGINS: Final = _MARKER + _spelt(_MAGIC)
BEGINS: Final = _BEGINS.decode()  # how a wrapper begins, as letters


def wrap(store: bytes) -> bytes:
    """Return a store as letters that are not seen."""
    piece = _MARKER + _spelt(_HEAD.pack(_MAGIC, _VERSION, len(store)) + store)
    _LAST.pair = store, piece
    return piece


def measure(store: bytes) -> int:
    """Return the bytes that a store takes when it is wrapped."""
    whole = _HEAD.pack(_MAGIC, _VERSION, len(store)) + store
    return len(_MARKER) + 3 * len(whole) + len(whole.translate(None, _SHORT))


def unwrap(piece: bytes) -> bytes:
    """Return the store of a piece that is one whole wrapper.

    Raises:
        MalformedMediaError: If it is anything else.
    """
    store, known = _LAST.pair
    if store and known == piece:  # no other store is spelt so
        return store
    try:
        store = _values(piece[len(_MARKER) :].decode())[_HEAD.size :]
    except (UnicodeDecodeError, UnicodeEncodeError):
        store = b""
    if not store or wrap(store) != piece:
        raise MalformedMediaError("not one whole C2PA text wrapper")
    return store


def begins_in(data: bytes) -> bool:
    """Say whether a wrapper, whole or damaged, begins somewhere in a text."""
    return _BEGINS in data


def wrappers(data: bytes) -> Iterator[Wrapper]:
    """Yield the wrappers of a text (A.8.4.2); a marker without the magic is none."""
    at = data.find(_BEGINS)
    while at >= 0:
        found = _parsed(data, at)
        yield found
        at = data.find(_BEGINS, found.stop)


def without(data: bytes) -> bytes:
    """Return a text without its wrappers, each with all selectors behind it.

    These stand on no letter, and left there they could be the rest of another wrapper.
    """
    kept, at = bytearray(), 0
    start = data.find(_BEGINS)
    while start >= 0:
        run = _RUN.match(data, start + len(_MARKER))
        assert run is not None  # it may be empty, and yet it matches
        kept += data[at:start]
        at = run.end()
        start = data.find(_BEGINS, at)
    return bytes(kept + data[at:]) if at else data


class Strainer:
    """`without` for a text that comes in pieces: holds back only what may begin a wrapper."""

    def __init__(self) -> None:
        self._held = ""  # a proper beginning of a wrapper's marker and magic
        self._inside = False  # a wrapper has begun, and no letter has come since

    def strain(self, piece: str) -> str:
        """Take one more piece; return what can be handed on."""
        if not self._held and not self._inside and BEGINS[0] not in piece:
            return piece
        text, kept = self._held + piece, list[str]()
        at = 0
        while True:
            if self._inside:
                run = _LETTERS.match(text, at)
                at = run.end() if run else at
                self._inside = at == len(text)
            start = text.find(BEGINS, at)
            if start < 0:
                break
            kept.append(text[at:start])
            at, self._inside = start + len(BEGINS), True
        stop = len(text) - _begun(text, at)
        self._held = text[stop:]
        return "".join([*kept, text[at:stop]])

    def rest(self) -> str:
        """Return what is held back still, for no more comes."""
        held, self._held = self._held, ""
        return held


def _begun(text: str, at: int) -> int:
    """Return how many letters at the end of a text, from `at` on, may begin a wrapper."""
    sizes = range(min(len(BEGINS) - 1, len(text) - at), 0, -1)
    return next((size for size in sizes if text.endswith(BEGINS[:size])), 0)


def room(data: bytes, size: int) -> Room:
    """Return the place at the end of the text; how much it takes, only the store can tell.

    Raises:
        MalformedMediaError: If there is a wrapper already.
    """
    del size
    if begins_in(data):
        raise MalformedMediaError("there is a manifest store already")
    return Room(start=len(data), size=0, wrap=wrap, measure=measure)


def survey(data: bytes, *, limits: Limits) -> Survey:
    """Look for the wrapper."""
    found = list(wrappers(data))
    broken = [one.fault for one in found if one.fault]
    if broken or len(found) > 1:
        fault = (CORRUPTED, broken[0]) if broken else (MULTIPLE, f"{len(found)} wrappers")
        return Survey(store=b"", start=0, size=0, others=(), fault=fault)
    if not found:
        return Survey(store=b"", start=0, size=0, others=())
    limits.check_metadata(len(found[0].store), what="a manifest store")
    start, stop = found[0][:2]
    return Survey(store=found[0].store, start=start, size=stop - start, others=())


def covered(data: bytes, place: tuple[int, int]) -> bytes:
    """Return the SHA-256 of a text less a place, in form NFC.

    Raises:
        MalformedMediaError: If it is not UTF-8 without the place.
        LimitExceededError: If a letter has more combining marks than anybody writes.
    """
    rest = data[: place[0]] + data[place[0] + place[1] :]
    if rest.isascii():
        return hashlib.sha256(rest).digest()
    try:
        text = rest.decode()
    except UnicodeDecodeError as error:
        raise MalformedMediaError(f"the text is not UTF-8: {error.reason}") from error
    return hashlib.sha256(normal(text).encode()).digest()


def _values(selectors: str) -> bytes:
    """Return the bytes that selectors stand for; of any other letters, bytes of no meaning."""
    points = np.frombuffer(selectors.encode("utf-32-le"), np.uint8).reshape(-1, 4)
    large = points[:, 2] & 0x08  # of U+0E0100, and none of U+00FE00; it stands for `_FEW`
    return (points[:, 0] + (large << 1)).tobytes()


def _parsed(data: bytes, at: int) -> Wrapper:
    """Read the wrapper whose marker and magic stand at `at`."""
    run = _RUN.match(data, at + len(_MARKER))
    assert run is not None  # it may be empty, and yet it matches
    values = _values(run[0].decode())
    if len(values) < _HEAD.size:
        return Wrapper(at, run.end(), b"", "it ends inside its head")
    _, version, size = _HEAD.unpack_from(values)
    if version != _VERSION:
        return Wrapper(at, run.end(), b"", f"a wrapper of version {version}")
    if size > len(values) - _HEAD.size:
        there = len(values) - _HEAD.size
        return Wrapper(at, run.end(), b"", f"{there} bytes of a store of {size}")
    if size < _HEAD.size:
        return Wrapper(at, run.end(), b"", f"a store of {size} bytes")
    whole = values[: _HEAD.size + size]
    stop = at + len(_MARKER) + 3 * len(whole) + len(whole.translate(None, _SHORT))
    return Wrapper(at, stop, whole[_HEAD.size :], "")
