"""Shortcuts in packages: each says what the long way says, or nothing."""

import io

import pytest
from fixtures import office
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmark._limits import DEFAULT_LIMITS
from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, MediaError
from kzmark.formats import _xmlcoding, _xmlwords, adapter
from kzmark.formats._ooxml import rows
from kzmark.formats._ooxml.adapter import OfficeFile
from kzmark.formats._ooxml.rows import Rows, Vocabulary
from kzmark.formats._zip import local, records
from kzmark.formats._zip.package import Package
from kzmark.formats.docx.story import Section, Story
from kzmark.formats.layers import ooxml
from kzmark.testing import INSCRIPTION, example_mark

LETTER = office.letter()
SAMPLES = ("letter.docx", "macro.docm", "deck.pptx", "bare.pptx", "book.xlsx")
ROOTS = {
    rows.TYPES: ("Types", "http://schemas.openxmlformats.org/package/2006/content-types"),
    rows.RELATIONS: (
        "Relationships",
        "http://schemas.openxmlformats.org/package/2006/relationships",
    ),
}
PIECES = (
    *('<Default Extension="xml" ContentType="a/b"/>', "<Override  PartName='/a.xml' />", " \n"),
    *('<Relationship Id="1" Type="x/y" Target="a"/>', '<Relationship\tId="" Id="2"/>', "<!-- -->"),
    *('<Override xmlns="u" PartName="/a"/>', '<Override PartName="/ж"/>', "text", "<Default/>"),
    *('<Default Extension="a&amp;b"/>', '<Override PartName="a>b"/>', "<Override></Override>"),
    *("<Default Extension='say \"a=\"'/>", '<Default A="1"B="2"/>', "<Default A=\"1'/>", "&#32;"),
)
HEADS = (
    *(
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
        "",
        "\n",
        "<?xml version='1.0'?>",
    ),
    *('<?xml version="1.0" encoding="utf-16"?>', "<?xml version='1.0\"?>", "\ufeff"),
)


def taken(data: bytes, *, quick: bool) -> list[tuple[object, ...]] | None:
    """Return the members of a package read at a glance, or one by one; None if it is refused."""

    def read(start: int, size: int, what: str) -> bytes:
        if start + size > len(data):
            raise MalformedMediaError(f"{what} ends early")
        return data[start : start + size]

    directory = data[data.index(b"PK\1\2") : data.rindex(b"PK\5\6")]
    count, end = directory.count(b"PK\1\2"), data.index(b"PK\1\2")
    if quick:
        members = local.plain(directory, count, data, end)
        found = None if members is None else [*members.values()]
    else:
        try:
            listed = records.entries(directory, count)
            stops = [*(entry.start for entry in listed[1:]), end]
            found = [local.checked(*pair, read) for pair in zip(listed, stops, strict=True)]
        except MediaError:
            found = None
    if found is None:
        return None
    return [(one.name, one.entry, one.body, one.stop, one.end) for one in found]


@settings(max_examples=300, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=2),
    heads=st.booleans(),
)
def test_a_package_taken_at_a_glance_is_the_one_that_is_checked(
    *, flips: list[tuple[int, int]], heads: bool
) -> None:
    data = bytearray(LETTER)
    near = [one for one in range(len(data) - 30) if data[one : one + 2] == b"PK"]
    for number, fresh in flips:
        at = near[number % len(near)] + number // 64 % 46 if heads else number % len(data)
        data[min(at, len(data) - 1)] = fresh
    whole = bytes(data)
    if whole.count(b"PK\1\2") and whole.count(b"PK\5\6"):
        quick = taken(whole, quick=True)

        assert quick is None or quick == taken(whole, quick=False)


@pytest.mark.parametrize("name", ["a", "_rels/.rels", "[Content_Types].xml", "a b/c-d.e/"])
def test_usual_packages_are_taken_at_a_glance(name: str) -> None:
    assert taken(office.package({name: b"1", "b": b"2"}), quick=True)


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a\\b", "C:/evil", "a//b", "./a", "ж", "a/.."]
)
def test_unusual_names_are_not_taken_at_a_glance(name: str) -> None:
    assert taken(office.package({name: b"1"}), quick=True) is None


@settings(max_examples=400, deadline=None)
@given(
    vocabulary=st.sampled_from([rows.TYPES, rows.RELATIONS]),
    head=st.sampled_from(HEADS),
    pieces=st.lists(st.sampled_from(PIECES), max_size=5),
    quote=st.sampled_from(['"', "'"]),
    tail=st.sampled_from(["", "\n", "<!-- -->"]),
    more=st.sampled_from([("<b/>", ""), ("", "<c/>"), ("<b/>", "<c/>")]),
)
def test_a_list_read_at_a_glance_is_the_one_that_is_taken_apart(
    *,
    vocabulary: Vocabulary,
    head: str,
    pieces: list[str],
    quote: str,
    tail: str,
    more: tuple[str, str],
) -> None:
    root, uri = ROOTS[vocabulary]
    said = f"{head}<{root} xmlns={quote}{uri}{quote}>{''.join(pieces)}</{root}>{tail}".encode()
    quick = Rows.plain(said, vocabulary, limits=DEFAULT_LIMITS)

    if quick is not None:
        slow = Rows.taken_apart(said, vocabulary, limits=DEFAULT_LIMITS, what="a list")
        assert (quick.rows, quick.prefix) == (slow.rows, slow.prefix)
        assert quick.with_rows(*more) == slow.with_rows(*more)


@pytest.mark.parametrize("vocabulary", [rows.TYPES, rows.RELATIONS])
def test_the_lists_of_usual_packages_are_read_at_a_glance(vocabulary: Vocabulary) -> None:
    name = "[Content_Types].xml" if vocabulary is rows.TYPES else "_rels/.rels"
    data = Package.open(io.BytesIO(LETTER), limits=DEFAULT_LIMITS).read(name)

    assert Rows.plain(data, vocabulary, limits=DEFAULT_LIMITS) is not None


@settings(max_examples=60, deadline=None)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, 90_000), st.integers(0, 12), st.sampled_from([b"", b"word", b"<wo"])
        ),
        max_size=3,
    ),
    words=st.integers(1, 400),
)
def test_words_are_found_again_wherever_a_document_was_edited(
    edits: list[tuple[int, int, bytes]], words: int
) -> None:
    data = b"".join(b"%d wo rd sword<" % n * (1 + n % 3) for n in range(4_500))[:90_000]
    step = len(data) // words
    for at in range(0, len(data), step):
        data = data[:at] + b"word" + data[at + 4 :]
    edited = data
    for at, size, fresh in edits:
        edited = edited[:at] + fresh + edited[at + size :]
    _xmlwords.forget()

    for whole in (data, edited, data):
        for word in (b"word", b"<wo"):
            found = _xmlwords.places(whole, word)
            assert found == [at for at in range(len(whole)) if whole.startswith(word, at)]


@settings(max_examples=200, deadline=None)
@given(
    before=st.integers(0, 6),
    said=st.one_of(st.binary(max_size=12), st.text(max_size=6).map(str.encode)),
    behind=st.sampled_from([0, 3, _xmlcoding._BLOCK - 2]),
)
def test_utf_8_is_told_block_by_block_as_it_is_decoded(
    before: int, said: bytes, behind: int
) -> None:
    data = b"a" * (_xmlcoding._BLOCK - before) + said + b"b" * behind + said
    try:
        decoded = bool(data.decode())
    except UnicodeDecodeError:
        decoded = False

    assert _xmlcoding.is_utf8(data) is decoded


@pytest.mark.parametrize("name", SAMPLES)
def test_notice_and_mark_in_one_go_are_notice_and_then_mark(name: str) -> None:
    one = adapter({"docm": "docx"}.get(name[-4:], name[-4:]))
    assert isinstance(one, OfficeFile)
    data, mark = office.MAKERS[name](), example_mark(one)
    twice, first, once = Rope(), Rope(), Rope()
    notes = one.inscribe(io.BytesIO(data), first, INSCRIPTION, limits=DEFAULT_LIMITS)
    one.write(first, twice, mark, limits=DEFAULT_LIMITS)
    told = one.impress(io.BytesIO(data), once, INSCRIPTION, mark, limits=DEFAULT_LIMITS)

    assert told == notes
    assert b"".join(once.pieces()) == b"".join(twice.pieces())


def test_properties_of_a_file_without_any_are_those_of_an_empty_part() -> None:
    mark = example_mark(adapter("docx"))
    empty = ooxml._EMPTY

    assert ooxml.custom(b"", mark, limits=DEFAULT_LIMITS) == ooxml.custom(
        empty, mark, limits=DEFAULT_LIMITS
    )


def test_sections_are_the_same_whether_the_text_is_looked_at_or_not() -> None:
    data = Package.open(io.BytesIO(LETTER), limits=DEFAULT_LIMITS).read("word/document.xml")

    def told(story: Story) -> list[tuple[bytes, dict[str, str], bool]]:
        return [(one.element.source, one.headers, one.has_title) for one in story.sections]

    whole = Story.taken_apart(data, limits=DEFAULT_LIMITS)
    assert isinstance(whole.sections[0], Section)
    assert told(Story.of(data, limits=DEFAULT_LIMITS, whole=False)) == told(whole)
    assert told(Story.of(data, limits=DEFAULT_LIMITS)) == told(whole)
