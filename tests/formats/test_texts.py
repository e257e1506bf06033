"""Plain text, subtitles and data: words first, everything else as it was."""

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kzmark
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnknownFormatError
from kzmark.formats import adapter
from kzmark.formats._cues import clock, cues, shown
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscription
from kzmark.notices.words import inscription
from kzmark.sniff import sniff
from kzmark.testing import INSCRIPTION

NOTICE = INSCRIPTION.text
STAMPER = {
    "system": kzmark.System(name="TextGen", version="1"),
    "responsible": kzmark.Responsible(name="ТОО Пример"),
}
VTT = b"WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nwords\n"
CUE = "1\n00:00:01,000 --> 00:00:04,000\nСлова\n"


def words_of_profile() -> Inscription:
    style = kzmark.Stamper(kzmark.Statement(**STAMPER)).style  # type: ignore[arg-type]
    return inscription(style)


def inscribed(name: str, data: bytes) -> bytes:
    target = io.BytesIO()
    adapter(name).inscribe(io.BytesIO(data), target, INSCRIPTION, limits=DEFAULT_LIMITS)  # type: ignore[attr-defined]  # these formats have it
    return target.getvalue()


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t")))
def test_what_follows_the_notice_is_the_text_as_it_was(text: str) -> None:
    data = text.encode()
    done = inscribed("text", data)

    assert done.endswith(data)
    assert done.startswith(NOTICE.encode() + b"\n")


@pytest.mark.parametrize("name", ["text", "markdown", "srt", "vtt"])
def test_words_of_others_that_begin_with_the_badge_stay(name: str) -> None:
    head = {
        "srt": "1\n00:00:00,000 --> 00:00:02,000\n",
        "vtt": "WEBVTT\n\n00:00.000 --> 00:02.000\n",
    }
    words = f"{INSCRIPTION.badge}: жаңа заң туралы"

    done = inscribed(name, f"{head.get(name, '')}{words}\n".encode()).decode()
    again = inscribed(name, done.encode()).decode()

    assert words in done
    assert again == done


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_are_kept(codec: str, end: str) -> None:
    bom = "\ufeff" if codec == "utf-16-be" else ""
    data = f"{bom}Бір{end}екі{end}".encode(codec)
    done = inscribed("text", data).decode(codec).removeprefix(bom)

    assert done == f"{NOTICE}{end}{end}Бір{end}екі{end}"


def test_an_encoding_without_kazakh_letters_becomes_utf8_and_says_so() -> None:
    data = "Съешь же ещё этих мягких французских булок, да выпей чаю.\r\n".encode("cp1251")
    target = io.BytesIO()
    notes = adapter("text").inscribe(io.BytesIO(data), target, INSCRIPTION, limits=DEFAULT_LIMITS)  # type: ignore[attr-defined]

    assert notes == ("text.encoding-changed",)
    assert target.getvalue().decode("utf-8-sig").endswith("булок, да выпей чаю.\r\n")


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02", b"a\x00b", b"\xff\xfe\x00\xd8", b"PK\x03\x04\x00\x00", b"\x07bell"]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises((MalformedMediaError, UnknownFormatError)):
        adapter("text").read(io.BytesIO(data), limits=DEFAULT_LIMITS)


def test_a_text_over_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceededError, match="limit"):
        Plain.read(io.BytesIO(b"a" * 11), limits=Limits(max_text=10))


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.txt", "text"), ("a.SRT", "srt"), ("a.json", "json"), ("a.tsv", "csv"), ("a.png", "")],
)
def test_the_name_tells_texts_apart_and_nothing_else(name: str, found: str) -> None:
    def look(data: bytes) -> str:
        try:
            return sniff(io.BytesIO(data), name=name).info.name
        except UnknownFormatError:
            return ""

    assert look(b"1\n2\n") == found
    assert look(b"\x89PNG\r\n\x1a\n") == "png"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("\n" * 40, "empty lines"),
        (" " * 300, "window"),
        ("\u202e", "control"),
        ("\x1b[8m", "control"),
    ],
)
def test_a_notice_that_is_pushed_or_turned_away_is_hidden(
    before: str, why: str, tmp_path: Path
) -> None:
    source, target = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_text("Отчёт.\n", encoding="utf-8")
    kzmark.Stamper(kzmark.Statement(**STAMPER)).stamp(source, target)  # type: ignore[arg-type]
    (leaf,) = adapter("text").leaves(  # type: ignore[attr-defined]
        io.BytesIO(b"Title\n" + before.encode() + target.read_bytes()), limits=DEFAULT_LIMITS
    )

    assert why in next(p.hidden for p in leaf.passages if "ЖИ" in p.text)


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_cues_of_others_keep_their_bytes(name: str) -> None:
    data = (Path(__file__).parents[2] / "fixtures" / "clean" / f"speech.{name}").read_bytes()
    kept = data if name == "srt" else data[data.index("начало".encode()) :]

    assert inscribed(name, data).endswith(kept)


def test_a_cue_that_is_gone_at_once_is_too_short(tmp_path: Path) -> None:
    source, target = tmp_path / "a.srt", tmp_path / "b.srt"
    source.write_text(CUE, encoding="utf-8")
    kzmark.Stamper(kzmark.Statement(**STAMPER)).stamp(source, target)  # type: ignore[arg-type]
    first = next(cues(target.read_text(encoding="utf-8")))
    assert first.end >= 4
    hurried = target.read_text(encoding="utf-8").replace("00:00:04,933", "00:00:00,200")
    target.write_text(hurried, encoding="utf-8")

    codes = {e.code for e in kzmark.verify(target).evidence}

    assert "notice.too-short" in codes


def test_data_stays_as_it_is_and_its_sidecar_speaks(tmp_path: Path) -> None:
    source, target = tmp_path / "a.json", tmp_path / "b.json"
    source.write_bytes(b'{"a": 1}')
    done = kzmark.Stamper(kzmark.Statement(**STAMPER)).stamp(source, target)  # type: ignore[arg-type]
    beside = json.loads((tmp_path / "b.json.kzmark.json").read_bytes())

    assert target.read_bytes() == source.read_bytes()
    assert "Создано системой искусственного интеллекта" in beside["notice"]
    assert "notice-in-sidecar" in done.notes
    assert kzmark.verify(target).verdict.value == "compliant"


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("a.json", "trainedAlgorithmicData"),
        ("a.csv", "trainedAlgorithmicData"),
        ("a.txt", "trainedAlgorithmicMedia"),
    ],
)
def test_the_manifest_of_data_says_that_it_is_data(name: str, term: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_bytes(b'{"a": 1}' if name == "a.json" else b"a,b\n1,2\n")
    stamper = kzmark.Stamper(kzmark.Statement(**STAMPER))  # type: ignore[arg-type]
    once = stamper.stamp(source, source)
    twice = kzmark.Statement(**STAMPER, simulates="voice")  # type: ignore[arg-type]
    kzmark.Stamper(twice).stamp(source, source, replace=True)
    report = kzmark.verify(source)
    signed = next(one for one in report.evidence if one.layer.value == "c2pa")

    assert once.mark.source_type.value == "trainedAlgorithmicMedia"
    assert signed.facts["DigitalSourceType"].rpartition("/")[2] == term
    assert report.verdict.value == "compliant"


def test_one_changed_letter_is_noticed(tmp_path: Path) -> None:
    for name, data in (("a.txt", b"one\ntwo\n"), ("a.srt", CUE.encode()), ("a.csv", b"a,b\n1,2\n")):
        source = tmp_path / name
        source.write_bytes(data)
        kzmark.Stamper(kzmark.Statement(**STAMPER)).stamp(source, source)  # type: ignore[arg-type]
        changed = bytearray(source.read_bytes())
        changed[-2] ^= 1
        source.write_bytes(changed)

        assert kzmark.verify(source).reason.value == "damaged", name


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_ffmpeg_reads_the_subtitles(name: str, tmp_path: Path) -> None:
    clean = Path(__file__).parents[2] / "fixtures" / "clean" / f"speech.{name}"
    text = re.sub(r"STYLE\n.*\n\n", "", clean.read_text(encoding="utf-8"))  # ffmpeg 5 stops there
    target = tmp_path / f"a.{name}"
    target.write_bytes(inscribed(name, text.encode()))
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(target), "-f", "srt", "-"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()

    assert shown.index("ЖИ · AI") < shown.index("На рассвете") < shown.index("Табун")


@pytest.mark.parametrize("name", ["text", "markdown"])
@pytest.mark.parametrize("operation", ["created", "modified"])
def test_what_was_joined_to_the_line_of_the_notice_stays(name: str, operation: str) -> None:
    story = "Бір жолда тұрған ұзақ әңгіме. " * 40
    done = inscribed(name, b"").decode()
    first = done.strip() if operation == "created" else done.strip().replace("жасаған", "өзгерткен")

    again = inscribed(name, f"{first} {story}".encode()).decode()

    assert story.strip() in again
    assert again.startswith(done.strip())


@pytest.mark.parametrize(
    ("name", "begin", "fault"),
    [
        ("srt", "00:00:00,000", ""),
        ("srt", "00:00:03,500", ""),
        ("srt", "00:01:00,000", "notice.late"),
        ("vtt", "00:00:02.000", ""),
        ("vtt", "09:00:00.000", "notice.late"),
    ],
)
def test_a_cue_after_the_first_words_is_late(name: str, begin: str, fault: str) -> None:
    stamper = kzmark.Stamper(kzmark.Statement(**STAMPER))  # type: ignore[arg-type]
    source = CUE.encode() if name == "srt" else VTT
    done = stamper.stamp(source, name=f"a.{name}")
    assert done.data is not None
    point = begin[8]
    span = f"00:00:00{point}000 --> 00:00:04{point}933".encode()
    hours = begin[:6]
    moved = done.data.replace(span, f"{begin} --> {hours}59{point}000".encode())
    assert moved != done.data

    found = {
        e.code for e in kzmark.verify(moved, name=f"a.{name}").evidence if e.layer.value == "notice"
    }

    assert found == {fault}


def test_a_notice_long_before_any_words_is_late_only_after_a_while() -> None:
    shifted = "1\n00:00:{},000 --> 00:00:59,000\n{}\n\n2\n00:01:30,000 --> 00:01:31,000\nw\n"
    words = words_of_profile().text

    def code(second: int) -> str:
        data = shifted.format(second, words).encode()
        return next(
            e.code
            for e in kzmark.verify(data, name="a.srt").evidence
            if not e.mark and e.layer.value == "notice"
        )

    assert (code(20), code(40)) == ("", "notice.late")


def test_a_notice_in_two_cues_one_after_the_other_is_in_time() -> None:
    def code(begin: str, end: str) -> str:
        kk, ru = words_of_profile().lines
        data = (
            f"1\n00:00:00,000 --> 00:00:05,000\n{kk.text}\n\n"
            f"2\n{begin},000 --> {end},000\n{ru.text}\n\n3\n00:06:00,500 --> 00:06:03,000\nw\n"
        )
        return next(
            e.code
            for e in kzmark.verify(data.encode(), name="a.srt").evidence
            if e.layer.value == "notice"
        )

    assert code("00:00:05", "00:00:09") == ""
    assert code("00:05:00", "00:05:05") == "notice.late"


@given(
    st.lists(st.integers(0, 90_000), max_size=80),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_the_first_cues_are_the_first_by_time_wherever_they_stand(
    times: list[int], end: str
) -> None:
    clocks = [clock(time / 1000, ",") for time in times]
    text = "".join(f"{n}{end}{c} --> {c}{end}word {n}{end}{end}" for n, c in enumerate(clocks))

    leaf = shown(text)

    plain = sorted(cues(text), key=lambda cue: cue.begin)[:32]
    assert [one.text for one in leaf.passages] == [cue.text for cue in plain]
