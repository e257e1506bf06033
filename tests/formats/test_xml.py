"""The hardened XML reader: what it refuses, and that it refuses quickly."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats import _xml

LAUGHS = b"""<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
]><l>&d;</l>"""


def read(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    text, _ = _xml.to_utf8(data, what="the file")
    _xml.scan(text, limits=limits, what="the file", doctype=True)
    return _xml.parse(text, limits=limits, what="the file")


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>',
        b'<!DOCTYPE l [<!ENTITY % p SYSTEM "http://localhost/e.dtd">%p;]><l/>',
        b'<!DOCTYPE l [<!ATTLIST l a CDATA "default">]><l/>',
        b"<!DOCTYPE l [<!ELEMENT l ANY>]><l/>",
        b"<!DOCTYPE l []><l/>",
        b'<!DOCTYPE l PUBLIC "-//X//EN" "http://localhost/l.dtd"><l>&nbsp;</l>',
        LAUGHS.decode().encode("utf-16"),
    ],
)
def test_declarations_are_refused_before_anything_is_expanded(data: bytes) -> None:
    text, _ = _xml.to_utf8(data, what="the file")

    with pytest.raises(MalformedMediaError, match=r"declarations|entities"):
        _xml.scan(text, limits=DEFAULT_LIMITS, what="the file", doctype=True)


def test_a_plain_doctype_is_read_only_where_it_may_stand() -> None:
    data = b'<!DOCTYPE l PUBLIC "-//X//EN" "http://localhost/l.dtd"><l/>'

    _xml.scan(data, limits=DEFAULT_LIMITS, what="the file", doctype=True)

    with pytest.raises(MalformedMediaError, match="document type"):
        _xml.parse(data, limits=DEFAULT_LIMITS, what="the file")


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" * 129 + b"</a>" * 129,
        b"<a>" * 1_000_000,
        b"<r>" + b"<a/>" * 100_000 + b"</r>",
        b"<r " + b" ".join(b'a%d=""' % n for n in range(60_000)) + b"/>",
        b"<r " + b" ".join(b'xmlns:a%d="u:%d"' % (n, n) for n in range(10_000)) + b"/>",
    ],
)
def test_too_deep_too_many_too_rich_is_over_the_limits(data: bytes) -> None:
    with pytest.raises(LimitExceededError):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"<a>",
        b"<a></b>",
        b"<a b=1/>",
        b"<a b='1' b='2'/>",
        b"<x:a/>",
        b"<a>&no;</a>",
        b"<a>\x00</a>",
        b"<a>\xff</a>",
        b"<a/><b/>",
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        b'<?xml version="1.0" encoding="rot13"?><a/>',
        b'<?xml version="1.0" encoding="idna"?><a/>',
        b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>',
        b"\xff\xfe<",
        b"\xff\xfe\x00\x00\xff\xff\xff\xff",
    ],
)
def test_what_is_not_xml_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        read(data)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("utf-16-be", ""),
        ("utf-32", ""),
        ("windows-1251", "windows-1251"),
        ("koi8-r", "KOI8-R"),
        ("gb18030", "GB18030"),
    ],
)
def test_the_same_text_is_read_from_every_encoding(encoding: str, declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""

    root = read(f"{head}<a>Создано ИИ</a>".encode(encoding))

    assert root.text == "Создано ИИ"


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_tree_or_a_media_error(data: bytes) -> None:
    for document in (data, b"<a>" + data + b"</a>", b'<?xml version="1.0"' + data):
        try:
            read(document)
        except MediaError:
            continue


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_escaped_text_comes_back(text: str) -> None:
    root = read(f"<a b={_xml.quote(text)}>{_xml.escape(text)}</a>".encode())

    assert (root.text or "") == text
    assert root.get("b") == text
