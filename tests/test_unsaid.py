"""What is cut out of a sound that is stamped again: earlier words, and never anything else."""

import io
from dataclasses import replace
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from fixtures import sounds

import kzmark
from kzmark.errors import MediaError
from kzmark.formats._audio.voice import FAST, Manner, coded, silence
from kzmark.notices import earlier
from kzmark.report import Evidence, Status
from kzmark.signing.identity import Identity, new_identity
from kzmark.sniff import sniff
from kzmark.stamper import Stamper

LIMITS = kzmark.Limits()
RATE = 48_000
MUXED = {"wav": ("wav", "pcm_s16le"), "aiff": ("aiff", "pcm_s16be"), "aac": ("adts", "aac")}
MADE: dict[str, kzmark.Stamped] = {}
ENCODERS = {
    "libmp3lame": {"reservoir": "0", "compression_level": "7"},
    "aac": dict(FAST),
}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


def stamper(identity: Identity, *languages: str) -> Stamper:
    statement = kzmark.Statement(
        system=kzmark.System(name="A"), responsible=kzmark.Responsible(name="ТОО")
    )
    return Stamper(statement, identity=identity, languages=list(languages))


@cache
def clean(kind: str) -> bytes:
    muxer, encoder = MUXED[kind]
    return sounds.sound(muxer, encoder, seconds=3, rate=RATE)


def once(identity: Identity, kind: str) -> tuple[bytes, kzmark.Mark]:
    """Return a sound that was stamped in Kazakh, and its mark."""
    done = MADE.setdefault(kind, stamper(identity, "kk").stamp(clean(kind)))
    assert done.data is not None
    return done.data, done.mark


def again(identity: Identity, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return it stamped anew, in Russian."""
    done = stamper(identity, "ru").stamp(data, replace=True)
    assert done.data is not None
    return done.data, done.notes


def packets(data: bytes) -> bytes:
    with av.open(io.BytesIO(data)) as file:
        return b"".join(bytes(one) for one in file.demux(file.streams.audio[0]))


def trimmed(data: bytes, count: int) -> bytes:
    """Return a WAV without its first samples, as an editor that knows no chunks leaves it."""
    at = data.index(b"data") + 8
    size = int.from_bytes(data[at - 4 : at], "little")
    kept = data[: at - 4] + (size - 2 * count).to_bytes(4, "little") + data[at + 2 * count :]
    return kept[:4] + (len(kept) - 8).to_bytes(4, "little") + kept[8:]


def trimmed_aiff(data: bytes, count: int) -> bytes:
    """Return the same of an AIFF."""
    at = data.index(b"SSND") + 8
    size = int.from_bytes(data[at - 4 : at], "big") - 2 * count
    kept = data[: at - 4] + size.to_bytes(4, "big") + data[at : at + 8] + data[at + 8 + 2 * count :]
    moments = kept.index(b"COMM") + 10
    left = int.from_bytes(kept[moments : moments + 4], "big") - count
    kept = kept[:moments] + left.to_bytes(4, "big") + kept[moments + 4 :]
    return kept[:4] + (len(kept) - 8).to_bytes(4, "big") + kept[8:]


def without_frames(data: bytes, count: int) -> bytes:
    """Return an ADTS stream behind its tag without its first frames."""
    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    at = start = 10 + size
    for _ in range(count):
        at += (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return data[:start] + data[at:]


@pytest.mark.parametrize("count", [48, 4_800, 24_000])
def test_nothing_is_cut_out_of_a_sound_that_lost_its_start(count: int, identity: Identity) -> None:
    data, _ = once(identity, "wav")

    twice, notes = again(identity, trimmed(data, count))

    assert packets(twice).endswith(packets(clean("wav")))
    assert "earlier-words-kept" in notes
    assert "earlier-words-cut" not in notes


def test_a_record_that_nobody_signed_does_not_say_how_much_is_cut(identity: Identity) -> None:
    data, mark = once(identity, "wav")
    target = io.BytesIO()
    longer = replace(mark, notice=replace(mark.notice, seconds=(0.0, 5.5)))
    sniff(io.BytesIO(data)).write(io.BytesIO(data), target, longer, limits=LIMITS)

    twice, notes = again(identity, target.getvalue())

    assert packets(twice).endswith(packets(clean("wav")))
    assert "earlier-words-kept" in notes


@pytest.mark.parametrize("seconds", ["-0.00-3.98", "-0.01-3.98", "0.00-3.98"])
def test_words_that_lost_what_was_before_them_are_not_where_kzmark_puts_them(
    seconds: str, identity: Identity
) -> None:
    _, mark = once(identity, "wav")
    found = Evidence.observed(Status.PRESENT, "", "", {"seconds": seconds})
    profile = stamper(identity, "kk").style.profile

    assert not earlier.is_first(found, profile=profile, mark=mark, rate=RATE)


@pytest.mark.parametrize("seconds", [(0.0, 5.5), (0.0, 4.0), (0.5, 4.581), None])
def test_only_recordings_say_how_long_a_notice_is(
    seconds: tuple[float, float] | None, identity: Identity
) -> None:
    _, mark = once(identity, "wav")
    profile, told = stamper(identity, "kk").style.profile, mark.notice.seconds
    assert told is not None
    found = Evidence.observed(Status.PRESENT, "", "", {"seconds": "1.19-3.98"})
    begins = next(n / 100 for n in range(400) if first(n / 100, mark, profile))
    heard = replace(found, facts={"seconds": f"{begins + 0.02:.2f}-3.98"})

    asked = replace(mark, notice=replace(mark.notice, seconds=seconds))

    assert earlier.is_first(heard, profile=profile, mark=mark, rate=RATE)
    assert not earlier.is_first(heard, profile=profile, mark=asked, rate=RATE)


def first(begins: float, mark: kzmark.Mark, profile: Any) -> bool:
    found = Evidence.observed(Status.PRESENT, "", "", {"seconds": f"{begins:.2f}-3.98"})
    return earlier.is_first(found, profile=profile, mark=mark, rate=RATE)


@pytest.mark.parametrize("late", [-0.1, 0.2, 1.0])
def test_words_that_begin_elsewhere_are_not_where_kzmark_puts_them(
    late: float, identity: Identity
) -> None:
    _, mark = once(identity, "wav")
    profile = stamper(identity, "kk").style.profile

    begins = next(n / 100 for n in range(400) if first(n / 100, mark, profile))

    assert not first(begins + 0.02 + late, mark, profile)


@pytest.mark.parametrize("count", [0, 96, 480])
def test_without_its_manifest_a_sound_has_to_begin_and_go_on_with_silence(
    count: int, identity: Identity
) -> None:
    data, _ = once(identity, "aiff")

    twice, notes = again(identity, trimmed_aiff(data, count))

    assert packets(twice).endswith(packets(clean("aiff")))
    assert ("earlier-words-kept" in notes) is bool(count)
    assert ("earlier-words-cut" in notes) is not bool(count)


@pytest.mark.parametrize("count", [1, 5, 20])
def test_no_frame_of_aac_goes_with_words_that_lost_frames(count: int, identity: Identity) -> None:
    data, _ = once(identity, "aac")

    twice, _ = again(identity, without_frames(data, count))

    assert packets(twice).endswith(packets(clean("aac")))


@pytest.mark.parametrize("count", [-9, 1, 2, 40])
def test_frames_of_aac_go_only_if_silence_follows_words(count: int) -> None:
    adapter: Any = sniff(io.BytesIO(clean("aac")), name="a.aac")
    words = np.full((40_000, 1), 0.2, np.float32)
    words = np.repeat(words, adapter.sound(io.BytesIO(clean("aac")), limits=LIMITS).channels, 1)
    spoken = io.BytesIO()
    adapter.speak(io.BytesIO(clean("aac")), spoken, words, limits=LIMITS)

    with pytest.raises(MediaError, match="no silence between its words and its sound"):
        adapter.unsay(spoken, io.BytesIO(), 40_000 + 1024 * count, limits=LIMITS)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("count", [1, 1_152, 20_000, 48_000, 99_999])
@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_packets_are_counted_as_they_are_made(encoder: str, count: int, rate: int) -> None:
    manner = Manner(
        encoder=encoder,
        rate=rate,
        layout="mono",
        sample="fltp",
        bit_rate=64_000,
        options=ENCODERS[encoder],
    )
    made = coded([np.zeros((count, 1), np.float32)], manner).packets

    number, last = silence(count, 1, manner)

    assert (number, last) == (len(made), made[-1])


def test_a_record_of_days_costs_no_more_than_one_of_seconds() -> None:
    manner = Manner(encoder="aac", rate=RATE, layout="mono", sample="fltp", options=FAST)

    number, _ = silence(1024 * 10**12, 1, manner)

    assert number == 10**12 + 1
