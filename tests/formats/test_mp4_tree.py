"""The index of a film written anew: what is copied in its file is what would be written."""

import io

from hypothesis import given
from hypothesis import strategies as st

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.formats._bmff.boxes import pack, spans
from kzmark.formats.mp4.tree import Box, grow

LIMITS = Limits()
LONG = 70_000  # bytes: from 64 KiB on a content is copied in its file

bodies = st.tuples(st.sampled_from([b"stts", b"stsz", b"udta"]), st.sampled_from([0, 9, LONG]))
trees = st.recursive(bodies, lambda inner: st.lists(inner, max_size=4), max_leaves=9)


def packed(tree: object, kind: bytes = b"moov") -> bytes:
    """Return a tree in bytes: each leaf is filled with its own number, lists are `moov` boxes."""
    if isinstance(tree, tuple):
        name, size = tree
        return pack(name, bytes([size % 251 + 1]) * size)
    assert isinstance(tree, list)
    return pack(kind, *(packed(one) for one in tree))


def grown(data: bytes, at: int) -> Box:
    (root,) = spans(data, 0, len(data), limits=LIMITS)
    return grow(data, root, limits=LIMITS, at=at)


def written(box: Box, source: bytes) -> bytes:
    plain, rope = io.BytesIO(), Rope()
    box.write(plain, io.BytesIO(source))
    box.write(rope, Rope.over(io.BytesIO(source)))
    rope.seek(0)
    assert rope.read() == plain.getvalue()
    return plain.getvalue()


@given(tree=st.lists(trees, max_size=4), at=st.integers(0, 9))
def test_what_did_not_change_is_written_as_it_was(tree: list[object], at: int) -> None:
    data = packed(tree)

    box = grown(data, at)

    assert written(box, bytes(at) + data) == data
    assert box.size == len(data)


def test_what_changed_is_written_as_it_is_now() -> None:
    tree: list[object] = [(b"stts", LONG), (b"stsz", LONG), (b"udta", 9), (b"ctts", LONG)]
    box = grown(packed(tree), 0)
    assert box.children is not None

    box.children[1].body = b"\7" * LONG
    box.children[0].kind = b"free"
    box.put(Box(b"udta", b"new"))

    wanted = pack(
        b"moov",
        pack(b"free", bytes([LONG % 251 + 1]) * LONG),
        pack(b"stsz", b"\7" * LONG),
        pack(b"udta", b"new"),
        packed((b"ctts", LONG)),
    )
    assert written(box, packed(tree)) == wanted
