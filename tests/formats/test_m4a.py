"""M4A: samples, edits, chapters and gapless play, as the index tells them."""

import io
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fixtures.sounds import sound
from PIL import Image
from tests.formats.sound_samples import LIMITS, heard, marked, mutagen, packets, spoken

from kzmark.errors import MediaError
from kzmark.formats._audio import facts, hear
from kzmark.formats.m4a import ADAPTER, excerpt
from kzmark.formats.m4a.entry import entry
from kzmark.formats.m4a.speak import sound_table
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tree import Box
from kzmark.sniff import sniff

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"


def clean(name: str) -> bytes:
    return (CLEAN / name).read_bytes()


def movie(data: bytes) -> Movie:
    return Movie(io.BytesIO(data), limits=LIMITS)


def chaptered(data: bytes) -> bytes:
    """Return the sound with two chapters, as libav writes them: as a track, and as a list."""
    target = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(target, "w", format="ipod") as out:
        copy: Any = out.add_stream_from_template(source.streams.audio[0])
        out.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 700,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": "a"},
                },
                {
                    "id": 2,
                    "start": 700,
                    "end": 1500,
                    "time_base": Fraction(1, 1000),
                    "metadata": {},
                },
            ]
        )
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return target.getvalue()


def test_the_words_are_the_first_samples_of_the_first_chunk() -> None:
    before, after = (
        sound_table(movie(d).tables())
        for d in (clean("speech.m4a"), spoken(clean("speech.m4a"))[0])
    )
    more = after.count - before.count

    assert more > 12
    assert np.array_equal(after.sizes[more:], before.sizes)
    assert len(after.chunks) == len(before.chunks)
    assert int(after.spans.sum()) == int(before.spans.sum()) + more * 1024


def test_one_edit_stays_one_and_begins_behind_the_delay_of_the_encoder() -> None:
    before, after = movie(clean("speech.m4a")), movie(spoken(clean("speech.m4a"))[0])

    ((old, start, _),) = times.edits(sound_table(before.tables()).trak)
    ((new, begin, _),) = times.edits(sound_table(after.tables()).trak)

    assert (start, begin) == (1024, 1024)
    assert new > old


def test_a_sound_without_edits_gets_none() -> None:
    data = sound("ipod", "aac", bit_rate=64_000, muxer={"use_editlist": "0"})
    after = spoken(data)[0]

    assert times.edits(sound_table(movie(after).tables()).trak) == []
    assert packets(after)[-len(packets(data)) :] == packets(data)


def test_several_edits_get_one_more_before_them() -> None:
    data = clean("speech.m4a")
    opened = movie(data)
    trak = sound_table(opened.tables()).trak
    length, start, rate = times.edits(trak)[0]
    times.put_edits(trak, [(length // 2, start, rate), (length // 2, start + 9_000, rate)])
    target = io.BytesIO()
    rewrite(opened, target)
    after = movie(spoken(target.getvalue())[0])

    rows = times.edits(sound_table(after.tables()).trak)
    assert len(rows) == 3
    assert rows[2][1] - rows[1][1] == 9_000


def test_chapters_begin_when_they_did_in_the_content() -> None:
    data = chaptered(clean("speech.m4a"))
    after = spoken(data)[0]
    with av.open(io.BytesIO(data)) as one, av.open(io.BytesIO(after)) as two:
        before_ = [float(c["start"] * c["time_base"]) for c in one.chapters()]
        after_ = [float(c["start"] * c["time_base"]) for c in two.chapters()]
    shift = (len(heard(after)) - len(heard(data))) / 16_000

    assert after_[1] - before_[1] == pytest.approx(shift, abs=0.03)


def test_what_itunes_says_of_silence_and_length_is_right_again() -> None:
    told = b" 00000000 00000840 000001CA 00000000000F31F6"
    moov = Box(b"moov", children=[Box(b"udta", b"head" + told + b" 00000000 tail")])

    times.move_gapless(moov, 1024, 20 * 1024)

    body = moov.need(b"udta").body
    whole = 0xF31F6 + 20 * 1024 + 0x840 - 1024
    assert body == b"head" + b" 00000000 00000400 000001CA %016X" % whole + b" 00000000 tail"


def test_tags_of_others_stay_and_mutagen_reads_them() -> None:
    found = mutagen("mp4.MP4", marked(spoken(clean("speech.m4a"))[0]))

    assert found["\xa9nam"] == ["Ән"]
    assert found["\xa9cmt"] == ["ЖИ жасаған / Создано ИИ"]
    assert found.info.length == pytest.approx(2.4, abs=0.2)


def test_lossless_sound_is_joined_to_lossless_words() -> None:
    data = clean("lossless.m4a")
    kind = entry(sound_table(movie(data).tables()).stbl, limits=LIMITS)

    assert (kind.codec, kind.rate) == ("alac", 22_050)
    assert packets(spoken(data)[0])[-len(packets(data)) :] == packets(data)


def test_high_efficiency_sound_gets_words_at_the_rate_that_is_coded() -> None:
    plain = sound("ipod", "aac", bit_rate=32_000, rate=24_000)
    at = plain.index(b"\x05\x80\x80\x80\x05") + 5  # five bytes of configuration, libav's own
    config = bytes((0x2B, 0x09, 0x88, 0x00, 0x00))  # spectral band replication: 24 to 48 kHz
    data = plain[:at] + config + plain[at + 5 :]

    kind = entry(sound_table(movie(data).tables()).stbl, limits=LIMITS)
    told = ADAPTER.sound(io.BytesIO(data), limits=LIMITS)
    after = spoken(data)[0]

    assert kind.rate == 24_000
    assert told.rate == 48_000
    assert packets(after)[-len(packets(data)) :] == packets(data)


def test_sound_in_fragments_gets_one_index_and_keeps_its_packets() -> None:
    data = sound("mp4", "aac", bit_rate=64_000, muxer={"movflags": "frag_keyframe+empty_moov"})

    after, notes = spoken(data)

    assert notes == ("film-fragments-joined",)
    assert not movie(after).fragmented
    assert packets(after)[-len(packets(data)) :] == packets(data)


def test_what_others_wrote_into_a_sound_in_fragments_stays() -> None:
    plain = sound("ipod", "aac", muxer={"movflags": "frag_keyframe+empty_moov"})
    film, target = movie(plain), io.BytesIO()
    theirs = b"\0\0\0\x18uuid" + bytes(range(16))
    assert film.moov.children is not None
    film.moov.drop(b"udta")
    film.moov.children.append(Box(b"udta", b"\0\0\0\x0cmood" + b"calm"))
    inner = film.moov.need(b"trak").children
    assert inner is not None
    inner.append(Box(b"udta", b"\0\0\0\x0cname" + b"Gula"))
    rewrite(film, target, extra=theirs)

    data, notes = spoken(target.getvalue())

    after = movie(data)
    assert notes == ("film-fragments-joined",)
    assert not after.fragmented
    assert after.moov.need(b"udta").body == film.moov.need(b"udta").body
    assert after.moov.need(b"trak", b"udta").body == film.moov.need(b"trak", b"udta").body
    assert data.endswith(theirs)


def test_a_sound_in_fragments_keeps_its_cover() -> None:
    stored, picture = io.BytesIO(), io.BytesIO()
    stored.write(sound("ipod", "aac", muxer={"movflags": "frag_keyframe+empty_moov"}))
    Image.new("RGB", (8, 8), "teal").save(picture, "JPEG")
    tagged = mutagen("mp4.MP4", stored.getvalue())
    tagged["covr"] = [picture.getvalue()]
    tagged.save(stored)

    data, notes = spoken(stored.getvalue())

    assert notes == ("film-fragments-joined",)
    assert bytes(mutagen("mp4.MP4", data)["covr"][0]) == picture.getvalue()
    with av.open(io.BytesIO(stored.getvalue())) as before, av.open(io.BytesIO(data)) as after:
        old, new = (
            [bytes(p) for p in f.demux(f.streams.audio[0]) if p.size] for f in (before, after)
        )
    assert new[-len(old) :] == old


@pytest.mark.parametrize(
    ("muxer", "codec", "wanted", "rate"),
    [
        ("mp4", "ac3", "ac3", 48_000),
        ("mp4", "libopus", "opus", 48_000),
        ("mp4", "flac", "flac", 44_100),
        ("mp4", "libmp3lame", "mp3", 44_100),
        ("ipod", "ac3", "aac", 48_000),
    ],
)
def test_sound_of_another_kind_is_encoded_again_with_the_words(
    muxer: str, codec: str, wanted: str, rate: int
) -> None:
    data = sound(muxer, codec, seconds=3, rate=rate)

    after, notes = spoken(data)

    assert notes[:2] == ("sound-encoded-again", "sound-kind-not-joined")
    assert ADAPTER.sound(io.BytesIO(after), limits=LIMITS).codec == wanted
    old, new = (level(heard(one)) for one in (data, after))
    begun = int(0.8 * rate)  # where the words end
    assert len(new) - len(old) == pytest.approx(begun, abs=3_000)
    middle = slice(rate, 2 * rate)
    shifts = [np.abs(new[begun:][middle] - np.roll(old, k)[middle]).mean() for k in range(-30, 31)]
    assert int(np.argmin(shifts)) == 30
    assert min(shifts) < 0.4 * np.abs(old).mean()  # some of it is noise


def level(samples: np.ndarray) -> np.ndarray:
    """Return the first channel from minus one to one."""
    return samples[:, 0] / {"int16": 2**15, "int32": 2**31}.get(str(samples.dtype), 1)


def test_chapters_of_sound_that_is_encoded_again_move_with_it() -> None:
    data = chaptered(sound("mp4", "ac3", seconds=3, rate=48_000))

    after = spoken(data)[0]

    with av.open(io.BytesIO(after)) as file:
        starts = [float(c["start"] * c["time_base"]) for c in file.chapters()]
    assert starts[1] == pytest.approx(0.7 + 0.8, abs=0.01)


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"dash"])
@pytest.mark.parametrize(("name", "kind"), [("speech.m4a", "m4a"), ("fast-start.mp4", "mp4")])
def test_what_has_sound_and_no_picture_is_told_by_its_tracks(
    name: str, kind: str, brand: bytes
) -> None:
    data = bytearray(clean(name))
    data[8:12] = brand

    assert sniff(io.BytesIO(bytes(data))).info.name == kind


def test_an_index_that_leads_nowhere_is_no_sound() -> None:
    data = bytearray(clean("speech.m4a"))
    data[8:12] = b"isom"
    at = data.index(b"moov")
    data[at + 4 : at + 8] = b"\0\0\0\1"  # its first box is said to have eight more bytes of size

    assert sniff(io.BytesIO(bytes(data))).info.name == "mp4"


@pytest.mark.parametrize("name", ["speech.m4a", "lossless.m4a"])
def test_an_excerpt_of_the_index_gives_what_libav_hears_in_the_whole(name: str) -> None:
    for data in (clean(name), spoken(clean(name))[0]):
        film = movie(data)
        index = excerpt.Index.of(film)
        assert index is not None
        told = facts.survey(film.source, "mov")
        end = told.sound.seconds
        spans = [(0.0, 0.3), (0.3, 0.35), (end / 2, end / 2 + 0.2), (end - 0.2, end + 1)]

        found = list(index.listen(spans, limits=LIMITS))

        assert index.survey().sound == told.sound
        wanted = list(hear.listen(film.source, "mov", spans, limits=LIMITS))
        assert [round(at, 4) for at, _ in found] == [round(at, 4) for at, _ in wanted]
        for (_, one), (_, two) in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6)


def test_an_excerpt_far_from_the_start_gives_the_same() -> None:
    data = sound("ipod", "aac", seconds=20, rate=48_000, options={"aac_pns": "0"})
    spans = [(at, at + 0.5) for at in (0.0, 5.1, 10.7, 15.3, 19.4)]
    film = movie(data)

    found = list(excerpt.listen(film, spans, limits=LIMITS))

    wanted = list(hear.listen(film.source, "mov", spans, limits=LIMITS))
    assert len(found) == len(wanted) == len(spans)
    for (at, one), (other, two) in zip(found, wanted, strict=True):
        assert at == pytest.approx(other, abs=1e-6)
        np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize("kind", [b"stts", b"stsc", b"stsz", b"stco"])
def test_an_index_that_makes_no_sense_raises_only_media_errors(kind: bytes) -> None:
    chance = random.Random(kind)
    data = clean("speech.m4a")
    at = data.find(kind)
    for _ in range(30):
        hurt = bytearray(data)
        hurt[at + chance.randrange(4, 40)] = chance.randrange(256)
        try:
            list(ADAPTER.listen(io.BytesIO(hurt), [(0.0, 1.0), (8.0, 9.0)], limits=LIMITS))
        except MediaError:
            continue
