"""Sound that is coded by nothing, of which an MP4 lists every moment as a sample."""

import io
from typing import Any

import numpy as np
import pytest
from fixtures.films import X264, film
from hypothesis import given, settings
from hypothesis import strategies as some

from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.mp4 import check, sizes
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box

from .test_narrate import heard, narrated, packets

CHUNKS = some.lists(some.integers(1, 40), min_size=1, max_size=12)
PICTURES: dict[str, Any] = {"frames": 36, "options": {**X264, "preset": "ultrafast"}}


def listed(*rows: tuple[int, ...], head: bytes = b"") -> bytes:
    """Return a table of 32-bit numbers, its number of rows before it."""
    body = np.array(rows, ">u4").tobytes()
    return bytes(4) + head + len(rows).to_bytes(4, "big") + body


def track(counts: list[int], *, kind: bytes, wide: int = 4, lasting: int = 1) -> Box:
    """Return a track of chunks that hold so many samples."""
    rows = [(n + 1, count, 1) for n, count in enumerate(counts)]
    ends = np.cumsum([100 * n + wide * count for n, count in enumerate(counts, 1)])
    total = sum(counts)
    entry = (16).to_bytes(4, "big") + kind + bytes(8)
    boxes = [
        Box(b"stsd", bytes(4) + (1).to_bytes(4, "big") + entry),
        Box(b"stts", listed((total, lasting))),
        Box(b"stsc", listed(*rows)),
        Box(b"stsz", bytes(4) + wide.to_bytes(4, "big") + total.to_bytes(4, "big")),
        Box(b"stco", listed(*((int(end),) for end in ends))),
    ]
    minf = Box(b"minf", children=[Box(b"stbl", children=boxes)])
    head = Box(b"mdhd", bytes(12) + (48_000).to_bytes(4, "big") + bytes(8))
    mdia = Box(b"mdia", children=[head, Box(b"hdlr", bytes(8) + b"soun"), minf])
    return Box(b"trak", children=[mdia])


@settings(max_examples=60, deadline=None)
@given(counts=CHUNKS, wide=some.integers(1, 12), lasting=some.integers(1, 3))
def test_a_chunk_of_plain_sound_is_the_sum_of_its_samples(
    counts: list[int], wide: int, lasting: int
) -> None:
    given_ = {"wide": wide, "lasting": lasting}
    chunks = Table(track(counts, kind=b"sowt", **given_), size=1 << 20)
    single = Table(track(counts, kind=b"ac-3", **given_), size=1 << 20)

    assert (chunks.moment, single.moment) == (wide, 0)
    assert chunks.count == len(counts)
    assert np.array_equal(chunks.sizes, np.add.reduceat(single.sizes, single.first))
    assert np.array_equal(chunks.spans, np.add.reduceat(single.spans, single.first))
    assert np.array_equal(chunks.pts, single.pts[single.first])
    assert np.array_equal(chunks.offsets, single.offsets[single.first])
    assert np.array_equal(chunks.chunks, single.chunks)
    assert chunks.entries == single.entries
    assert chunks.keys.all()


def test_plain_sound_may_have_more_moments_than_tracks_have_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sizes, "MOST", 10_000)
    data = film("mov", "libx264", sound="pcm_s16le", **PICTURES)

    after = narrated(data)

    assert packets(after, "video") == packets(data, "video")
    assert len(heard(after)) == len(heard(data)) > sizes.MOST
    assert np.array_equal(heard(after)[-60_000:], heard(data)[-60_000:])
    with pytest.raises(LimitExceededError):
        Table(track([20_000], kind=b"ac-3"), size=1 << 20)


@pytest.mark.parametrize("counts", [[3, 5], [1]])
def test_plain_sound_outside_of_its_file_is_refused(counts: list[int]) -> None:
    whole = track(counts, kind=b"twos")

    with pytest.raises(MalformedMediaError, match=r"outside|larger"):
        Table(whole, size=30)


def test_long_samples_are_compared_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_LONG", 16)
    table = Table(track([3, 50], kind=b"sowt"), size=1 << 20)
    data = bytes(range(256)) * 4
    start, stop = int(table.offsets[1]), int(table.offsets[1] + table.sizes[1])

    short, long = (check._sample(io.BytesIO(data), table, n) for n in (0, 1))

    assert len(short) == 12
    assert long == data[start : start + 8] + data[stop - 8 : stop]
