"""In which encoding an XML document is: everything else here reads it as UTF-8 (XML 1.0, F)."""

import codecs
import re
from typing import Final

from kzmark.errors import MalformedMediaError

_BLOCK: Final = 32 << 10  # bytes
_BOMS: Final = (  # the longer ones first: UTF-16's is the start of UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE: Final = (  # how `<` and any ASCII letter begin without a byte order mark
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0[^\0]"), "utf-16-le"),
    (re.compile(rb"\0<\0"), "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")
_ASCII_BASED: Final = re.compile(  # by Python's own names; every byte below 0x80 means ASCII
    r"utf-8|ascii|iso8859-\d+|cp125[0-8]|koi8-[ru]|mac-(roman|cyrillic)"
    r"|gb2312|gbk|gb18030|big5|shift_jis|euc_jp|euc_kr"
)


def to_utf8(data: bytes, *, what: str) -> tuple[bytes, str]:
    """Return a document as UTF-8 without a byte order mark, and the encoding it came in.

    The encoding is that of the byte order mark, else of the first bytes, else of the XML
    declaration, else UTF-8.

    Raises:
        MalformedMediaError: If the encoding is unknown or does not fit the bytes.
    """
    bom, encoding = _encoding(data, what)
    if encoding == "utf-8":
        body = data[len(bom) :]
        if not is_utf8(body):
            _decode(body, encoding, what)
        return body, encoding
    return _decode(data[len(bom) :], encoding, what).encode(), encoding


def _encoding(data: bytes, what: str) -> tuple[bytes, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return bom, encoding
    for pattern, encoding in _BARE:
        if pattern.match(data):
            return b"", encoding
    declared = _DECLARED.match(data)
    if declared is None:
        return b"", "utf-8"
    name = declared[1].decode("ascii")
    try:
        encoding = codecs.lookup(name).name
    except LookupError:
        encoding = ""
    if not _ASCII_BASED.fullmatch(encoding):
        raise MalformedMediaError(f"{what} is declared to be in {name}, which cannot be read here")
    return b"", "utf-8" if encoding == "ascii" else encoding


def is_utf8(data: bytes) -> bool:
    """Say whether bytes are UTF-8, block by block: of a long text no other is made."""
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_between = True  # two letters
    try:
        for at in range(0, len(data), _BLOCK):
            block = data[at : at + _BLOCK]
            if not (is_between and block.isascii()):
                decoder.decode(block)
                is_between = not decoder.getstate()[0]
    except UnicodeDecodeError:
        return False
    return is_between


def _decode(data: bytes, encoding: str, what: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise MalformedMediaError(f"{what} is not in {encoding}: byte {error.start}") from error
