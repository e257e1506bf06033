"""Encodings that nothing names: UTF-8, an old one that is likely, or a refusal, no wild guess."""

import io
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import CheckError, MalformedMediaError, MediaError
from kzmark.formats import adapter
from kzmark.formats._encoding import guess
from kzmark.formats._plain import Plain
from kzmark.formats.text import Text
from kzmark.report import Verdict
from kzmark.signing.identity import new_identity

REGRESSION = Path(__file__).parents[2] / "fixtures" / "regression"
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. Приказ «О порядке».\r\n"
KAZAKH = "Бұл мәтін қазақ тілінде жазылған, өңірлік әкімдік үкіметке есеп берді.\n"
CHINESE = "中文文本需要标记，这是一个测试。今天天气很好，我们去公园。\n"
JAPANESE = "これは日本語のテストです。東京は大きい都市ですね。\n"
QUOTES = "He said “hi” and — well — it’s fine. Just a plain text in English.\n"
OLD = [
    *((RUSSIAN, codec) for codec in ("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic")),
    *((KAZAKH, codec) for codec in ("ptcp154", "kz1048")),
    *((CHINESE, codec) for codec in ("gb18030", "big5")),
    *((JAPANESE, codec) for codec in ("shift_jis", "euc_jp")),
    (QUOTES, "cp1252"),
]


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    statement = kzmark.Statement(
        system=kzmark.System(name="TextGen", version="1"),
        responsible=kzmark.Responsible(name="ТОО Пример"),
    )
    return kzmark.Stamper(statement, identity=new_identity(tmp_path_factory.mktemp("id") / "id"))


@pytest.mark.parametrize(("text", "codec"), OLD)
@pytest.mark.parametrize("times", [1, 40, 3000])
def test_old_encodings_are_read_as_they_were_written(text: str, codec: str, times: int) -> None:
    data = (text * times).encode(codec, "ignore")

    assert data.decode(guess(data)) == data.decode(codec)


def test_letters_behind_a_long_beginning_in_ascii_are_read_too() -> None:
    data = ("An English line.\n" * 20_000 + RUSSIAN * 20).encode("cp1251")

    assert data.decode(guess(data)) == data.decode("cp1251")


@pytest.mark.parametrize("name", ["text", "markdown", "srt", "csv", "html"])
@pytest.mark.parametrize("at", [0, 1001, 20_001])
def test_one_damaged_byte_is_named_and_nothing_is_guessed(name: str, at: int) -> None:
    data = bytearray((KAZAKH * 300).encode())
    data[at] = 0xFF

    with pytest.raises(MalformedMediaError, match="damaged UTF-8 at byte") as caught:
        adapter(name).read(io.BytesIO(bytes(data)), limits=DEFAULT_LIMITS)

    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize("name", ["damaged-utf8.html", "damaged-utf8.txt"])
def test_what_is_damaged_is_not_stamped(name: str, stamper: kzmark.Stamper, tmp_path: Path) -> None:
    with pytest.raises(MalformedMediaError, match="damaged UTF-8 at byte"):
        stamper.stamp(REGRESSION / name, tmp_path / name)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.txt"])
def test_a_byte_that_is_not_of_a_declared_encoding_is_named(name: str) -> None:
    data = b"\xef\xbb\xbf<meta charset=utf-8>\xff"

    with pytest.raises(MalformedMediaError, match="at byte 23"):
        Plain.of(data, codec="utf-8" if name == "a.html" else "")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_letters_need_a_byte_order_mark(codec: str) -> None:
    with pytest.raises(MalformedMediaError):
        Plain.of((RUSSIAN * 20).encode(codec))


@given(data=st.binary(min_size=1, max_size=600))
def test_whatever_is_read_is_never_taken_for_wide_letters(data: bytes) -> None:
    try:
        codec = guess(data)
    except MediaError:
        return

    assert not codec.replace("_", "-").startswith(("utf-16", "utf-32", "utf-7"))


@given(
    cuts=st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), max_size=20),
    text=st.sampled_from([RUSSIAN, KAZAKH, CHINESE]),
)
def test_damaged_utf8_is_utf8_or_refused(cuts: list[tuple[int, int]], text: str) -> None:
    data = bytearray((text * 40).encode())
    for at, byte in cuts:
        data[at % len(data)] = byte
    try:
        codec = guess(bytes(data))
    except MalformedMediaError:
        return

    assert codec == "utf-8"


@pytest.mark.parametrize("codec", ["utf-16", "utf-32", "utf-8-sig", "cp1251"])
def test_front_matter_holds_its_manifest_in_any_encoding(
    codec: str, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.md", tmp_path / "out.md"
    source.write_bytes((f"# Заголовок\n\n{RUSSIAN}").encode(codec))

    stamper.stamp(source, target)

    assert kzmark.verify(target).verdict is Verdict.COMPLIANT


def test_a_finished_file_that_nobody_would_know_is_not_kept(
    stamper: kzmark.Stamper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.txt"
    source.write_text("Мәтін.\n", "utf-8")

    def wide(_: Text, source: BinaryIO, target: BinaryIO, *__: object, **___: object) -> None:
        target.write(source.read().decode().encode("utf-16-be"))

    monkeypatch.setattr(Text, "write", wide)

    with pytest.raises(CheckError, match="no text any more"):
        stamper.stamp(source, tmp_path / "out.txt")
    assert not (tmp_path / "out.txt").exists()
