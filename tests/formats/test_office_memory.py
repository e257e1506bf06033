"""What is remembered from package to package: each file is judged as if it were the first one."""

import io
import zlib
from typing import Any

import pytest
from fixtures import office
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.office_samples import changed, inscribed, judged, parts, swap

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, MediaError
from kzmark.formats import _xmlskim, _xmlwords, adapter
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._xmlmap import Document
from kzmark.formats._zip import deflate, package
from kzmark.formats._zip.c2pa import Parcel
from kzmark.formats._zip.package import Package
from kzmark.formats.docx import sight
from kzmark.formats.docx.story import STYLE, Story
from kzmark.formats.layers import ooxml
from kzmark.report import Status
from kzmark.signing.store import binding
from kzmark.testing import example_mark

LETTER = office.letter()
SIGNED = Parcel(LETTER, limits=DEFAULT_LIMITS).closed(b"store" * 40)
assert isinstance(SIGNED, Rope)
GROWN = SIGNED.read()
OURS = "word/kzmarkHeader.xml"


def listed(data: bytes) -> object:
    """Return all that is known of a package, or how it is refused."""
    try:
        found = Package.open(io.BytesIO(data), limits=DEFAULT_LIMITS)
    except MediaError as error:
        return type(error), error.message
    rows = [(one.name, one.entry, one.body, one.stop, one.end) for one in found.members.values()]
    return rows, found.folded, [one.name for one in found.placed], found.is_usual


@settings(max_examples=300, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(-900, len(GROWN) - 1), st.integers(0, 255)), max_size=2)
)
def test_a_package_with_a_member_more_is_taken_as_if_it_were_the_first(
    flips: list[tuple[int, int]],
) -> None:
    data = bytearray(GROWN)
    for at, fresh in flips:
        data[at] = fresh
    whole = bytes(data)
    package.forget()
    alone = listed(whole)
    package.forget()
    listed(LETTER)

    assert listed(whole) == alone


def test_hashes_of_members_are_those_of_their_bytes_after_any_change() -> None:
    package.forget()
    before = Parcel(LETTER, limits=DEFAULT_LIMITS).members
    kept = Parcel(GROWN, limits=DEFAULT_LIMITS).members
    at = GROWN.index(b"word/styles.xml") + 40
    other = GROWN[:at] + bytes((GROWN[at] ^ 1,)) + GROWN[at + 1 :]
    differing = dict(Parcel(other, limits=DEFAULT_LIMITS).members)

    assert kept == before
    assert [uri for uri, digest in before if differing[uri] != digest] == ["word/styles.xml"]


def test_members_of_a_rope_are_those_of_the_same_bytes() -> None:
    split = Rope()
    split.splice(Rope.over(io.BytesIO(GROWN)), 0, 1_000)
    split.write(GROWN[1_000:])

    assert Rope.over(io.BytesIO(GROWN)).held == GROWN
    assert split.held is None
    assert listed(b"".join(split.pieces())) == listed(GROWN)


@settings(max_examples=150, deadline=None)
@given(said=st.binary(max_size=300), size=st.integers(-2, 2), cut=st.integers(0, 3))
def test_a_stream_is_opened_the_second_time_as_the_first(said: bytes, size: int, cut: int) -> None:
    stream = deflate.packed(said) + b"x" * (cut == 3)
    stream = stream[: len(stream) - cut % 3]
    length = max(0, len(said) + size)

    def opened() -> bytes | str:
        try:
            return deflate.unpacked(stream, length, what="it")
        except MalformedMediaError as error:
            return error.message

    first = opened()

    assert opened() == first
    if not cut and not size:
        assert first == said == zlib.decompress(stream, -15)


@settings(max_examples=60, deadline=None)
@given(
    word=st.sampled_from([b"xmlns", b"<w:sectPr", STYLE.encode(), b"abcd"]),
    filler=st.sampled_from([b"<w:t>a</w:t>", b"xNrP", "мәтін ".encode(), b"zzq"]),
    places=st.lists(st.integers(0, 40_000), max_size=6),
    start=st.integers(0, 300),
)
def test_words_stand_where_their_letters_do(
    word: bytes, filler: bytes, places: list[int], start: int
) -> None:
    data = (filler * 40_000)[:40_000]
    for at in places:
        data = data[:at] + word + data[at + len(word) :]
    stop = len(data) - start

    found = _xmlwords._found(data, word, start, stop)
    assert found == _xmlwords._plainly(data, word, start, stop)
    assert _xmlwords.stands(data, word, start) is (data.find(word, start) >= 0)


HEADS = (
    f'<w:document xmlns:w="{office.WORD}" xmlns:r="{office.REL}"><w:body>',
    f'<?xml version="1.0" encoding="utf-8"?><w:document xmlns:w="{office.WORD}"><w:body>',
    f'<w:document xmlns:w="{office.WORD}"><w:background/><w:body >',
)
FIRSTS = (
    *(office.paragraph("жел"), "<w:p/>", "<w:p></w:p>", "<w:p><w:p></w:p></w:p>", "", "text"),
    *(f'<w:p><w:pPr><w:pStyle w:val="{STYLE}"/></w:pPr></w:p>', "<w:p><w:r></w:p>", "<q:p></q:p>"),
    *('<w:p xmlns:w="urn:else"></w:p>', "<w:pPr></w:pPr>", "<w:p>&no;</w:p>", "<w:p>\x01</w:p>"),
    f'<w:p><w:pPr><w:pStyle w:val="&#{ord(STYLE[0])};{STYLE[1:]}"/></w:pPr></w:p>',
    "<w:p><w:pPr><w:shd w:fill='000000'/></w:pPr><w:r><w:t>ЖИ · AI</w:t></w:r></w:p>",
    "<w:tbl><w:tr><w:tc><w:p></w:p></w:tc></w:tr></w:tbl>",
)


@settings(max_examples=200, deadline=None)
@given(
    heads=st.lists(st.sampled_from(HEADS), min_size=2, max_size=4),
    firsts=st.lists(st.sampled_from(FIRSTS), min_size=4, max_size=4),
    behind=st.sampled_from(["", office.paragraph("дала"), "<w:sectPr/>", "\udcff"]),
    whole=st.booleans(),
)
def test_a_text_that_begins_as_another_is_seen_as_if_it_were_the_first(
    *, heads: list[str], firsts: list[str], behind: str, whole: bool
) -> None:
    def told(data: bytes) -> object:
        try:
            story = Story.of(data, limits=DEFAULT_LIMITS, whole=whole)
        except MediaError as error:
            return type(error)
        sections = [(one.headers, one.with_headers("x")) for one in story.sections]
        ours = [one.removed() for one in story.ours] if whole else ()
        prefix = story.document.prefix(office.WORD, "none")
        return sections, ours, story.body.begun("y"), story.body.is_empty, story.end, prefix

    for head, first in zip(heads, firsts, strict=False):
        text = f"{head}{first}{behind}</w:body></w:document>"
        data = text.encode("utf-8", "surrogateescape")
        warm = told(data)
        kept, _xmlskim._KNOWN.heads = _xmlskim._KNOWN.heads, []
        cold = told(data)
        _xmlskim._KNOWN.heads = kept

        assert warm == cold


def styled(colour: str) -> bytes:
    """Return a stamped file whose notice has the colour that the styles say, in every header."""
    styles = (
        f'<w:styles xmlns:w="{office.WORD}"><w:docDefaults><w:rPrDefault><w:rPr>'
        f'<w:color w:val="{colour}"/></w:rPr></w:rPrDefault></w:docDefaults></w:styles>'
    )
    rows = "".join(map(office.paragraph, office.STORY))
    data = inscribed("docx", office.word(rows, {"word/styles.xml": styles}, styles1="styles.xml"))
    bare = swap('<w:color w:val="FFFFFF"/>', "")
    return changed(data, {OURS: bare, "word/document.xml": bare})


def test_a_header_that_looks_as_its_styles_say_is_judged_in_each_file_anew() -> None:
    seen, faint = styled("FFFFFF"), styled("12161C")
    sight._SEEN.clear()

    assert parts(seen)[OURS] == parts(faint)[OURS]
    for _ in range(2):
        assert judged("docx", seen).status is Status.PRESENT
        assert judged("docx", faint).code == "notice.too-faint"


def test_a_header_that_says_itself_how_it_looks_is_judged_once_for_each_kind_of_page() -> None:
    data = inscribed("docx", office.word("".join(map(office.paragraph, office.STORY))))
    moved = '<w:sectPr><w:pgMar w:header="-2000" w:top="40000"/></w:sectPr>'
    off = changed(data, {"word/document.xml": swap("<w:sectPr>", f"{moved[:-11]}")})
    sight._SEEN.clear()

    assert judged("docx", data).status is Status.PRESENT
    assert len(sight._SEEN) == 1
    assert judged("docx", data).status is Status.PRESENT
    assert judged("docx", off).code == "notice.hidden"


@pytest.mark.parametrize("value", ["plain", "a &amp; &lt;b&gt; ж", "a&#65;", "<i/>", "\x01", "\t"])
@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, Limits(max_depth=2), Limits(max_elements=4)])
def test_properties_read_at_a_glance_are_those_that_are_taken_apart(
    value: str, limits: Limits
) -> None:
    mark = example_mark(adapter("docx"))
    data = ooxml.custom(b"", mark, limits=DEFAULT_LIMITS)
    said = data.replace(mark.system.name.encode(), value.encode())
    quick = ooxml.plain_values(said, limits=limits)

    if quick is not None:
        root = Document.of(said, limits=limits, what="it").root
        assert quick == [(one.get("name"), one.text) for one in root.all("cust:property")]
    assert (quick is None) == (limits is not DEFAULT_LIMITS or value[-1] not in "nж")


MEMBERS = (("a", b"1" * 32), ("b/c", b"2" * 32))
LIST = [{"uri": uri, "hash": digest} for uri, digest in MEMBERS]


@pytest.mark.parametrize(
    "said",
    [
        {"uris": LIST, "alg": "sha256", "zip_central_directory_hash": b"d"},
        {"uris": LIST, "zip_central_directory_hash": b"d"},
        {"uris": LIST[::-1], "zip_central_directory_hash": b"d"},
        {"uris": LIST, "zip_central_directory_hash": b"e"},
        {"uris": LIST[:1], "zip_central_directory_hash": b"d"},
        {"uris": [*LIST, LIST[0]], "zip_central_directory_hash": b"d"},
        {"uris": [{**LIST[0], "hash": b"3" * 32}, LIST[1]], "zip_central_directory_hash": b"d"},
        {"uris": [{**one, "alg": "sha256"} for one in LIST], "zip_central_directory_hash": b"d"},
        {"uris": LIST, "alg": "md5", "zip_central_directory_hash": b"d"},
        *([], None, {"uris": None}, {}),
    ],
)
def test_a_list_that_is_the_same_is_judged_as_one_that_is_compared(said: Any) -> None:
    members = MEMBERS
    outcome = binding.collected(members, lambda: b"d")(binding.COLLECTION_HASH, said)
    compared = binding._differing(said, dict(members))
    if not compared.failed and said["zip_central_directory_hash"] != b"d":
        assert outcome.code == "assertion.collectionHash.mismatch"
    else:
        assert outcome == compared


def test_a_name_in_other_letters_is_found_in_each_package_as_it_is_spelt_there() -> None:
    files = parts(LETTER)
    spelt = {("word/Styles.xml" if one == "word/styles.xml" else one): files[one] for one in files}
    other = office.package(spelt)

    for data, name in ((LETTER, "word/styles.xml"), (other, "word/Styles.xml")) * 2:
        found = Parts(io.BytesIO(data), limits=DEFAULT_LIMITS)
        assert found.related(found.main, "styles") == name
