"""The spoken notice is found by ear, after what sounds go through; hindered, it does not count."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.sound_edits import CODECS, HINDERING, KIND
from tests.notices.sounding import RATE, heard, listening, mark_of, music, noticed, style_of

from kzmark.formats._sound import Samples
from kzmark.mark import Mark, NoticeRecord
from kzmark.profile import load
from kzmark.report import Basis, Status
from kzmark.vocabulary import Audible, Layer, Operation

pytest.importorskip("av")
Made = tuple[Samples, int, Mark]
CODES = {  # what each way of hiding is called, where it is a word of its own
    "notice 12 dB quieter": "notice.too-quiet",
    "notice 30 dB quieter": "notice.too-quiet",
    "noise 12 dB louder": "notice.drowned",
    "the programme over it": "notice.drowned",
    "in one ear": "notice.one-sided",
    "ears opposed": "notice.cancelled",
    "faint every other half second": "notice.faded",
    "second language cut off": "notice.incomplete-language",
    "last second cut off": "notice.incomplete-language",
    "first 2 s cut off": "notice.incomplete-language",
    "languages swapped": "notice.wrong-order",
    "8 s into the sound": "notice.late",
    "left out": "notice.not-found",
}


@pytest.fixture(scope="module")
def made() -> Made:
    whole, size = noticed(music(9))
    return whole, size, mark_of(style_of())


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("languages", [("kk", "ru"), ("kk", "ru", "en"), ("ru", "kk")])
def test_what_is_spoken_is_heard(operation: Operation, languages: tuple[str, ...]) -> None:
    style = style_of(languages=languages, operation=operation)
    whole, _ = noticed(music(5), style)

    evidence = heard(whole, mark_of(style))

    assert (evidence.status, evidence.code) == (Status.PRESENT, ""), evidence.detail
    assert (evidence.layer, evidence.basis) == (Layer.NOTICE, Basis.OBSERVED)
    assert evidence.facts["languages"] == ",".join(languages)
    assert evidence.facts["operation"] == operation.value


@pytest.mark.parametrize("operation", Operation)
def test_before_the_loudest_programme_each_language_is_loud_enough(operation: Operation) -> None:
    style, rules = style_of(operation=operation), load().audio
    content = np.clip(music(5, channels=1, level=0), -1, 1)
    whole, _ = noticed(content, style)

    evidence = heard(whole, mark_of(style))

    assert evidence.status is Status.PRESENT, evidence.detail
    assert float(evidence.facts["programme"]) > rules.loudest
    least = rules.loudest - rules.loudness_tolerance - 1.0
    assert float(evidence.facts["loudness"]) >= least + 0.3  # room for codecs


def test_it_is_heard_without_a_record_too(made: Made) -> None:
    evidence = heard(made[0])

    assert evidence.status is Status.PRESENT, evidence.detail
    assert evidence.facts["operation"] == "created"


@pytest.mark.parametrize("row", KIND)
@pytest.mark.parametrize("blind", [False, True], ids=["marked", "blind"])
def test_what_leaves_it_perceivable_leaves_it_found(made: Made, row: str, *, blind: bool) -> None:
    whole, size, mark = made
    changed, rate = KIND[row](whole, size, RATE)

    evidence = heard(changed, None if blind else mark, rate=rate)

    assert evidence.status is Status.PRESENT, evidence.detail


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    "row",
    [
        "MP3 64 kb/s",
        "AAC 64 kb/s",
        "Opus 32 kb/s",
        "resampled to 96 kHz",
        "telephone (8 kHz mu-law mono)",
    ],
)
def test_it_is_found_behind_every_codec(made: Made, row: str) -> None:
    whole, size, mark = made
    changed, rate = CODECS[row](whole, size, RATE)

    assert heard(changed, mark, rate=rate).status is Status.PRESENT
    assert heard(changed, rate=rate).status is Status.PRESENT


@pytest.mark.parametrize("row", HINDERING)
@pytest.mark.parametrize("blind", [False, True], ids=["marked", "blind"])
def test_hidden_it_does_not_count(made: Made, row: str, *, blind: bool) -> None:
    whole, size, mark = made
    changed, rate = HINDERING[row](whole, size, RATE)

    evidence = heard(changed, None if blind else mark, rate=rate)

    assert evidence.status in {Status.BROKEN, Status.ABSENT}, evidence.detail
    assert blind or evidence.code == CODES.get(row, evidence.code), evidence.detail


def test_another_operation_than_the_marks_is_a_wrong_text(made: Made) -> None:
    evidence = heard(made[0], mark_of(style_of(operation=Operation.MODIFIED)))

    assert evidence.code == "notice.wrong-text"


def test_a_record_does_not_say_of_words_what_operation_they_name(made: Made) -> None:
    whole, _, mark = made
    other = replace(mark, operation=Operation.MODIFIED)  # and the words of `created`

    assert heard(whole, other).code == "notice.wrong-text"


def test_a_language_of_the_mark_that_nobody_speaks_is_missed(made: Made) -> None:
    evidence = heard(made[0], mark_of(style_of(languages=("kk", "ru", "en"))))

    assert evidence.code == "notice.incomplete-language"
    assert "en" in evidence.detail


@pytest.mark.parametrize("seconds", [0.0, 0.2, 3.0, 30.0])
def test_music_alone_is_no_notice(seconds: float) -> None:
    evidence = heard(music(seconds))

    assert (evidence.status, evidence.code) == (Status.ABSENT, "notice.not-found")


def test_words_of_the_notice_in_another_order_are_none(made: Made) -> None:
    whole, size, _ = made
    pieces = np.array_split(whole[int(RATE * 1.1) : size], 12)
    jumbled = np.concatenate([pieces[i] for i in np.random.default_rng(1).permutation(12)])

    assert heard(np.concatenate([jumbled, whole[size:]])).status is Status.ABSENT


def test_what_is_no_number_does_not_hide_it(made: Made) -> None:
    whole, size, mark = made
    broken = whole.copy()
    broken[size + 50 : size + 90] = np.nan
    broken[10:20] = np.inf

    assert heard(broken, mark).status is Status.PRESENT


@pytest.mark.parametrize("rate", [1, 100, 5_999])
def test_too_few_samples_for_words_hold_no_notice(rate: int) -> None:
    assert heard(music(2, rate=rate), rate=rate).status is Status.ABSENT


def test_silence_is_no_notice() -> None:
    assert heard(np.zeros((RATE * 5, 2), np.float32)).status is Status.ABSENT


def test_a_notice_that_is_far_into_a_long_sound_is_late_where_a_mark_says_there_is_one(
    made: Made,
) -> None:
    whole, size, mark = made
    late = np.concatenate([np.tile(whole[size:], (3, 1)), whole])

    assert heard(late, mark).code == "notice.late"
    assert heard(late).status is Status.ABSENT


def test_blocks_of_any_size_give_the_same_answer(made: Made) -> None:
    whole = made[0]

    pieces = heard(whole, listen=listening(whole, block=1152))

    assert pieces.facts == heard(whole).facts


def test_no_more_than_the_start_is_listened_to_where_nothing_is_found() -> None:
    told: list[tuple[float, float]] = []
    programme = music(60, rate=8_000, channels=1)

    evidence = heard(programme, rate=8_000, listen=listening(programme, 8_000, told=told))

    assert evidence.status is Status.ABSENT
    assert told == [(float(second), second + 1.0) for second in range(24)]


def test_of_a_long_sound_half_a_minute_and_its_start_are_listened_to(made: Made) -> None:
    whole, size, mark = made
    long = np.concatenate([whole[:size], np.tile(whole[size:], (14, 1))])
    told: list[tuple[float, float]] = []

    evidence = heard(long, mark, listen=listening(long, told=told))

    assert evidence.status is Status.PRESENT, evidence.detail
    assert sum(end - start for start, end in told) == pytest.approx(54, abs=0.1)
    assert max(end for _, end in told) > len(long) / RATE - 1


@pytest.mark.parametrize(("channels", "rate"), [(1, 8_000), (2, 44_100), (6, 48_000), (2, 96_000)])
def test_every_rate_and_layout_is_heard(channels: int, rate: int) -> None:
    programme = music(3, rate=rate, channels=channels)
    whole, _ = noticed(programme, rate=rate)

    evidence = heard(whole, rate=rate)

    assert evidence.status is Status.PRESENT, evidence.detail


def test_a_programme_in_one_ear_may_have_its_notice_there_alone(made: Made) -> None:
    whole, _, mark = made
    silenced = whole.copy()
    silenced[:, 1] = 0

    assert heard(silenced, mark).status is Status.PRESENT


@pytest.mark.parametrize("level", [-65.0, -45.0, -8.0, -3.0])
def test_very_quiet_and_very_loud_programmes_pass_their_own_check(level: float) -> None:
    programme = np.clip(music(6, level=level), -1, 1)
    whole, _ = noticed(programme)

    evidence = heard(whole, mark_of(style_of()))

    assert evidence.status is Status.PRESENT, evidence.detail


def test_a_notice_before_silence_or_before_nothing_is_heard() -> None:
    for seconds in (0, 5):
        whole, _ = noticed(np.zeros((RATE * seconds, 2), np.float32))

        assert heard(whole, mark_of(style_of())).status is Status.PRESENT


def test_near_silence_a_notice_is_too_quiet_whatever_follows() -> None:
    whole, _ = noticed(np.zeros((RATE * 5, 2), np.float32))

    assert heard(whole * np.float32(0.01)).code == "notice.too-quiet"


def test_a_signal_in_place_of_words_is_heard_and_called_weak() -> None:
    style = style_of(audible=Audible.TONE)
    whole, size = noticed(music(8), style)

    evidence = heard(whole, mark_of(style))

    assert (evidence.status, evidence.code) == (Status.PRESENT, "notice.tone-only")
    assert "weak" in evidence.detail
    assert heard(whole[size:], mark_of(style)).status is Status.ABSENT
    assert heard(whole).code == "notice.tone-only"


def test_a_signal_alone_is_not_what_a_mark_with_words_promises() -> None:
    whole, _ = noticed(music(8), style_of(audible=Audible.TONE))

    assert heard(whole, mark_of(style_of())).status is Status.ABSENT


def test_a_text_of_another_profile_that_nobody_here_has_recorded_is_unchecked(made: Made) -> None:
    style = style_of()
    notice = NoticeRecord(languages=("kk",), texts=("Басқа мәтін",), seconds=(0.0, 4.0))

    evidence = heard(made[0], mark_of(style, notice))

    assert (evidence.status, evidence.code) == (Status.UNCHECKED, "notice.voice-unknown")
    assert "--voice-file" in evidence.detail


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        ((0.0, 0.2), "notice.too-short"),
        ((9.0, 12.0), "notice.late"),
        ((0.0, 4.0), "notice.too-quiet"),
        (None, "notice.too-short"),
    ],
)
def test_an_unknown_recording_is_refused_where_nothing_could_be_heard(
    seconds: tuple[float, float] | None, code: str
) -> None:
    notice = NoticeRecord(languages=("kk",), texts=("Басқа мәтін",), seconds=seconds)
    silence = np.zeros((RATE * 4, 2), np.float32)

    evidence = heard(np.concatenate([silence, music(8)]), mark_of(style_of(), notice))

    assert (evidence.status, evidence.code) == (Status.BROKEN, code)


def test_the_least_intelligibility_is_the_profiles(made: Made) -> None:
    whole, size, _ = made
    noisy, _ = HINDERING["noise 12 dB louder"](whole, size, RATE)

    reached = float(heard(noisy).facts["intelligibility"])

    assert reached < load().audio.intelligibility
