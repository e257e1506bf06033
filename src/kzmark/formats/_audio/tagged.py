"""Files that begin with an ID3v2 tag: the mark in it, and a C2PA manifest store.

Spec: ID3v2.4.0, structure, 3.1; C2PA 2.4, A.3.4 (`GEOB` frame of the type `application/c2pa`).
"""

import io
from dataclasses import dataclass
from typing import BinaryIO, Final

from kzmark import _rope
from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of, stream_of
from kzmark.errors import MalformedMediaError
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._tags import HEAD, tag_size
from kzmark.formats.layers._id3_tag import PADDING, Frame, Tag, syncsafe
from kzmark.formats.layers._id3_times import NAMES, shift

MAGIC: Final = b"ID3"
_STORE: Final = b"\0application/c2pa\0c2pa\0c2pa manifest store\0"
_TYPES: Final = (b"application/c2pa\0", b"application/x-c2pa-manifest-store\0")
_BOX: Final = slice(4, 8)  # of a store: where it says that it is a JUMBF superbox
_OBJECT: Final = "GEOB"
_LOOKED: Final = 1 << 24  # bytes of those in which frames that name times are looked for
_CHAIN: Final = 16  # tags, one behind the other, that are stepped over
_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Front:
    """What stands at the start of a file.

    Attributes:
        source: The file.
        tag: The tag, if there is one.
        after: Offset of what follows it: further tags, in files that were joined or tagged twice.
        content: Offset of what follows those, which stay where and as they are.
    """

    source: Rope
    tag: Tag | None
    after: int
    content: int

    @classmethod
    def of(cls, source: BinaryIO, *, limits: Limits) -> "Front":
        """Look at the start of a file.

        Raises:
            MalformedMediaError: If its tag breaks the rules of tags.
        """
        rope = Rope.over(source)
        size = tag_size(rope.read(HEAD))
        if not size:
            return cls(rope, None, 0, 0)
        limits.check_metadata(size, what="an ID3 tag")
        rope.seek(0)
        data = read_exact(rope, size, what="ID3 tag")
        return cls(rope, Tag.parse(data, limits=limits), size, _behind_tags(rope, size))

    def write(self, target: BinaryIO, tag: Tag | None) -> None:
        """Write the file with another tag, or with none."""
        if tag is not None and tag.frames:
            target.write(tag.pack())
        _rope.copy(self.source, target, self.after, self.source.size - self.after)

    def moved(self, milliseconds: int) -> tuple[bytes, list[str]]:
        """Return the tag with its times moved, and notes; as it stands if it names none."""
        if self.tag is None:
            return b"", []
        notes = shift(self.tag, milliseconds)
        return self.tag.pack(), sorted({*notes, *self._unmoved()})

    def _unmoved(self) -> list[str]:
        """Say whether the further tags name times: a player reads the first, if it reads any."""
        self.source.seek(self.after)
        data = self.source.read(min(self.content - self.after, _LOOKED))
        named = any(name in data for name in NAMES)
        return ["times-not-shifted"] if named else []


def behind(source: BinaryIO, size: int) -> bytes:
    """Return so many bytes of what follows the tags, or of the file if it has none."""
    source.seek(_behind_tags(source, 0))
    return source.read(size)


def _behind_tags(source: BinaryIO, at: int) -> int:
    """Return where the tags end that begin at a place, one behind the other."""
    end = source.seek(0, io.SEEK_END)
    for _ in range(_CHAIN):
        source.seek(at)
        size = tag_size(source.read(HEAD))
        if not size or at + size > end:
            break
        at += size
    return at


def room(data: bytes | Rope, size: int) -> Room:
    """Return the place behind the last frame of the tag; there is a new tag if there was none.

    Raises:
        MediaError: If the tag is malformed, or a store stands there already.
    """
    front = Front.of(stream_of(data), limits=_LIMITS)
    tag = front.tag or Tag()
    if any(_held(one) is not None for one in tag.frames):
        raise MalformedMediaError("there is a manifest store already")
    whole = tag.pack()
    length = len(_STORE) + size
    sized = syncsafe(length) if tag.version == 4 else length.to_bytes(4, "big")
    lead = _OBJECT.encode() + sized + b"\0\0" + _STORE
    longer = Rope()
    longer.write(whole[:6] + syncsafe(len(whole) - HEAD + len(lead) + size) + whole[HEAD:])
    _rope.copy(front.source, longer, front.after, front.source.size - front.after)
    changed = longer if isinstance(data, Rope) else bytes_of(longer)
    return Room(start=len(whole) - PADDING, size=size, wrap=bytes, lead=lead, data=changed)


def unwrap(piece: bytes) -> bytes:
    """Return the store, which stands as it is."""
    if piece[_BOX] != b"jumb" or int.from_bytes(piece[:4], "big") != len(piece):
        raise MalformedMediaError("not one whole manifest store")
    return piece


def survey(data: bytes | Rope, *, limits: Limits, others: tuple[bytes, ...] = ()) -> Survey:
    """Look for the store among the frames of the tag.

    Args:
        data: The file.
        limits: What it may cost.
        others: What else stands in it that is no sound.
    """
    front = Front.of(stream_of(data), limits=limits)
    frames = front.tag.frames if front.tag else []
    stores = [one for one in frames if _held(one) is not None]
    beside = (*(one.body for one in frames if one not in stores), *others)
    at = _place(data, front, stores[0]) if len(stores) == 1 else 0
    if not at:
        return Survey(store=b"", start=0, size=0, others=(*(one.body for one in stores), *beside))
    store = _held(stores[0]) or b""
    return Survey(store=unwrap(store), start=at, size=len(store), others=beside)


def _place(data: bytes | Rope, front: Front, frame: Frame) -> int:
    """Return where a store stands, if the tag is spelt as we spell tags; else 0."""
    if front.tag is None or front.tag.pack() != bytes_of(data, 0, front.after):
        return 0
    at = HEAD
    for one in front.tag.frames:
        at += HEAD + len(one.body)
        if one is frame:
            return at - len(_held(one) or b"")
    return 0


def _held(frame: Frame) -> bytes | None:
    """Return the store in a frame, or nothing if it holds something else."""
    if frame.name != _OBJECT or not frame.body[1:].startswith(_TYPES):
        return None
    if not frame.body.startswith(_STORE):
        return b""  # somebody else's spelling
    return frame.body[len(_STORE) :]
