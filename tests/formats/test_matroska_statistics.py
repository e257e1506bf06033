"""Tags that count what is in a track: they go with what they counted, and nothing else goes."""

import io
from functools import cache
from typing import Any

import numpy as np
import pytest
from fixtures.films import X264, film

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError
from kzmark.formats._base import Patch
from kzmark.formats.matroska import ADAPTER, ebml
from kzmark.formats.matroska.layers import NAME, SIMPLE_TAG, STRING, TAG, TARGETS
from kzmark.formats.matroska.segment import SEEK, SEEK_HEAD, SEEK_ID, TAGS, TRACKS, File, rewrite
from kzmark.formats.matroska.statistics import without_statistics

from .test_narrate import words

LIMITS = Limits()
COUNTED = ("BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES")
STATISTICS = {
    **dict.fromkeys(COUNTED, "123"),
    "_STATISTICS_WRITING_APP": "mkvmerge v80.0 ('Roundabout') 64-bit",
    "_STATISTICS_WRITING_DATE_UTC": "2026-01-01 00:00:00",
    "_STATISTICS_TAGS": " ".join(COUNTED),
}
PICTURES, SOUND = 1, 2  # numbers of the tracks
OF_THE_FILM = ebml.pack(TAG, ebml.pack(TARGETS), ebml.pack(SIMPLE_TAG, ebml.pack(NAME, b"BPS")))


def tag(uids: list[int], values: dict[str, str]) -> bytes:
    targets = ebml.pack(TARGETS, *(ebml.unsigned(0x63C5, uid) for uid in uids))
    rows = [
        ebml.pack(SIMPLE_TAG, ebml.pack(NAME, name.encode()), ebml.pack(STRING, value.encode()))
        for name, value in values.items()
    ]
    return ebml.pack(TAG, targets, *rows)


@cache
def plain(sound: str) -> bytes:
    return film("matroska", "libx264", sound=sound, options={**X264, "preset": "ultrafast"})


def tagged(sound: str, *tags: bytes) -> bytes:
    """Return a film with these tags, and no others."""
    file, target = File(io.BytesIO(plain(sound)), limits=LIMITS), io.BytesIO()
    found = file.first(TAGS)
    assert found is not None
    rewrite(file, target, {found.start: [ebml.pack(TAGS, *tags)]})
    return target.getvalue()


def uid_of(number: int, sound: str = "aac") -> int:
    file = File(io.BytesIO(plain(sound)), limits=LIMITS)
    found = file.first(TRACKS)
    assert found is not None
    data = file.content(found)
    for track in ebml.without_crc(ebml.children(data, 0, len(data), limits=LIMITS)):
        rows = ebml.children(data, track.body, track.end, limits=LIMITS)
        told = {row.kind: ebml.integer(data[row.body : row.end]) for row in rows}
        if told.get(0xD7) == number:
            return told[0x73C5]
    raise AssertionError


def tags_of(data: bytes) -> list[bytes] | None:
    file = File(io.BytesIO(data), limits=LIMITS)
    found = file.first(TAGS)
    if found is None:
        return None
    body = file.content(found)
    rows = ebml.children(body, 0, len(body), limits=LIMITS)
    return [body[row.start : row.end] for row in rows]


def sought(data: bytes) -> list[bytes]:
    """Return the ids that the index of a film's elements names, each looked up in its place."""
    file = File(io.BytesIO(data), limits=LIMITS)
    head = file.first(SEEK_HEAD)
    assert head is not None
    body = file.content(head)
    names = []
    for seek in ebml.children(body, 0, len(body), limits=LIMITS):
        if seek.kind != SEEK:
            continue
        rows = ebml.children(body, seek.body, seek.end, limits=LIMITS)
        told = {row.kind: body[row.body : row.end] for row in rows}
        at = file.segment.body + ebml.integer(told[0x53AC])
        assert data[at : at + 4] == told[SEEK_ID]
        names.append(told[SEEK_ID])
    return names


def narrated(data: bytes) -> bytes:
    target = Rope()
    ADAPTER.narrate(io.BytesIO(data), target, words, limits=LIMITS)
    target.seek(0)
    return target.read()


def burnt(data: bytes) -> bytes:
    target = Rope()
    pixels = np.full((16, 16, 3), 255, np.uint8)
    given: Any = (io.BytesIO(data), target, lambda *_: Patch(x=8, y=8, pixels=pixels), [(0, 1)])
    ADAPTER.burn(*given, limits=LIMITS)
    target.seek(0)
    return target.read()


@pytest.mark.parametrize("sound", ["aac", "tta"])  # joined, and encoded again
def test_statistics_of_sound_with_words_are_gone_and_those_of_the_pictures_stay(
    sound: str,
) -> None:
    seen, heard = uid_of(PICTURES, sound), uid_of(SOUND, sound)
    title = {"TITLE": "Әуен", "SOURCE_ID": "001100"}
    before = [tag([seen], STATISTICS), OF_THE_FILM, tag([heard], title | STATISTICS)]

    after = narrated(tagged(sound, *before))

    assert tags_of(after) == [*before[:2], tag([heard], title)]
    assert TAGS.to_bytes(4, "big") in sought(after)


def test_statistics_of_pictures_with_a_notice_are_gone_and_those_of_the_sound_stay() -> None:
    seen, heard = uid_of(PICTURES), uid_of(SOUND)
    before = [tag([seen], STATISTICS), OF_THE_FILM, tag([heard], STATISTICS)]

    after = burnt(tagged("aac", *before))

    assert tags_of(after) == before[1:]


def test_tags_that_were_nothing_but_statistics_go_as_a_whole_and_nothing_points_at_them() -> None:
    before = tagged("aac", tag([uid_of(SOUND)], STATISTICS))
    assert TAGS.to_bytes(4, "big") in sought(before)

    after = narrated(before)

    assert tags_of(after) is None
    assert TAGS.to_bytes(4, "big") not in sought(after)


def test_samples_that_stay_as_many_leave_the_statistics_as_they_are() -> None:
    sound = "pcm_s16le"
    before = [tag([uid_of(SOUND, sound)], STATISTICS)]

    after = narrated(tagged(sound, *before))

    assert tags_of(after) == before


@pytest.mark.parametrize("sound", ["aac", "tta"])
def test_a_length_alone_goes_only_where_the_times_are_others(sound: str) -> None:
    before = [OF_THE_FILM, tag([uid_of(SOUND, sound)], {"DURATION": "00:00:01.000000000"})]

    after = narrated(tagged(sound, *before))

    assert tags_of(after) == before[: 2 if sound == "aac" else 1]


def test_what_its_writer_calls_statistics_goes_too() -> None:
    heard = uid_of(SOUND)
    listed = {"_STATISTICS_TAGS": "BPS PEAK", "BPS": "1", "PEAK": "2", "PEAKS": "3"}

    after = narrated(tagged("aac", tag([heard], listed)))

    assert tags_of(after) == [tag([heard], {"PEAKS": "3"})]


@pytest.mark.parametrize("others", [[], [0], ["another"]])
def test_a_tag_about_more_than_that_track_stays(others: list[Any]) -> None:
    uids = [uid_of(PICTURES) if one == "another" else one for one in others]
    before = [tag([uid_of(SOUND)] * (uids != [0]) * bool(uids) + uids, STATISTICS)]

    after = narrated(tagged("aac", *before))

    assert tags_of(after) == before


def test_a_checksum_goes_with_what_it_was_of_and_stays_where_nothing_changed() -> None:
    seen, heard = uid_of(PICTURES), uid_of(SOUND)
    crc = ebml.pack(ebml.CRC, bytes(4))
    row = ebml.pack(SIMPLE_TAG, ebml.pack(NAME, b"TITLE"), ebml.pack(STRING, b"t"))
    targets = [ebml.pack(TARGETS, ebml.unsigned(0x63C5, uid)) for uid in (heard, seen)]
    counted = ebml.pack(SIMPLE_TAG, ebml.pack(NAME, b"BPS"))
    changed, kept = (ebml.pack(TAG, crc, one, row, counted) for one in targets)

    after = narrated(tagged("aac", crc, changed, kept))

    assert tags_of(after) == [ebml.pack(TAG, targets[0], row), kept]


def test_damaged_tags_are_the_file_s_fault() -> None:
    hurt = tagged("aac", ebml.pack(TAG, ebml.pack(TARGETS, b"\x63\xc5\x88")))

    with pytest.raises(MalformedMediaError):
        without_statistics(File(io.BytesIO(hurt), limits=LIMITS), remade={SOUND})
