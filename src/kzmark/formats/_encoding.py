"""In which encoding bytes are that do not say so: UTF-8 if they are, an old one if that is likely.

A wrong guess makes the notice of another encoding than the text, which nobody can read. So bytes
that are almost UTF-8 are damaged UTF-8 and nothing else, UTF-16 and UTF-32 are believed with a byte
order mark only, and an old encoding must make words of the bytes.
"""

import re
from typing import Final

from kzmark.errors import MalformedMediaError

_SAMPLE: Final = 64 << 10  # bytes by which an encoding is guessed
_WINDOW: Final = 1 << 20  # bytes in which they are collected
_WHOLE: Final = 2  # whole sequences for each stray byte: more than old encodings have by chance
_LIKELY: Final = 0.75  # of what is not ASCII must be letters or punctuation
_ASIDE: Final = 0.02  # of it may be what texts hardly have: one slip of the pen
_OLD: Final = (  # what texts were written in before UTF-8, those of Kazakhstan first
    *("cp1251", "ptcp154", "kz1048", "koi8_r", "koi8_t", "koi8_u", "cp866", "cp855", "iso8859_5"),
    *("mac_cyrillic", "cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp1258", "cp437", "cp850", "cp852", "cp857", "cp1125", "latin_1", "iso8859_2", "iso8859_3"),
    *("iso8859_4", "iso8859_6", "iso8859_7", "iso8859_8", "iso8859_9", "iso8859_10"),
    *("iso8859_13", "iso8859_14", "iso8859_15", "iso8859_16", "mac_roman", "mac_latin2"),
    *("mac_greek", "mac_turkish", "tis_620", "cp874", "gb18030", "gbk", "gb2312", "big5"),
    *("big5hkscs", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "johab"),
)
_STRANGE: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2500-\u259f\ue000-\uf8ff\ufffd]")
_SIGNS: Final = frozenset("§©®°±²³µ¹º¼½¾×÷¤€£¥¢₽₸№™…‰†‡")
_DAMAGED: Final = "repair the text, or save it as UTF-8 anew"


def guess(data: bytes) -> str:
    """Return the encoding of bytes that have no byte order mark, in Python's name.

    Raises:
        MalformedMediaError: If they are damaged UTF-8, or no text in any encoding that is likely.
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        _refuse_damaged(data, error.start)
        return _old(_sample(data, error.start))
    return "utf-8"


def undecodable(codec: str, error: UnicodeDecodeError, *, start: int) -> MalformedMediaError:
    """Return the error for bytes that are not in the encoding that they should be in.

    Args:
        codec: The encoding.
        error: What the decoder said.
        start: Where it began, in bytes of the file.
    """
    place = start + error.start
    return MalformedMediaError(
        f"the text is not {codec}: {error.reason} at byte {place}", hint=_DAMAGED
    )


def _refuse_damaged(data: bytes, first: int) -> None:
    """Raise an error for what is UTF-8 but for a few bytes."""
    text = data.decode("utf-8", "surrogateescape")
    stray = len(data) - len(text.encode("utf-8", "ignore"))  # surrogates have no bytes in UTF-8
    beyond = len(text) - stray - len(data.translate(None, _NOT_ASCII))
    if beyond > _WHOLE * stray:
        many = f" ({stray} such bytes in all)" if stray > 1 else ""
        raise MalformedMediaError(f"damaged UTF-8 at byte {first}{many}", hint=_DAMAGED)


_NOT_ASCII: Final = bytes(range(0x80, 0x100))


def _sample(data: bytes, first: int) -> bytes:
    """Return lines that are not ASCII, from the first byte that is not UTF-8 on.

    Whole lines, for a letter may be two bytes; those in ASCII would say nothing.
    """
    start = data.rfind(b"\n", max(0, first - _SAMPLE), first) + 1
    start = start or (0 if first < _SAMPLE else first)
    lines, size = list[bytes](), 0
    for line in data[start : start + _WINDOW].splitlines(keepends=True):
        if not line.isascii() and size < _SAMPLE:
            lines.append(line[: _SAMPLE - size] if not lines else line)
            size += len(line)
    return b"".join(lines)


def _old(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    for found in from_bytes(sample, cp_isolation=list(_OLD), enable_fallback=False):
        if _is_likely(sample.decode(found.encoding, "replace")):
            return str(found.encoding)
    raise MalformedMediaError(
        "the encoding of the text cannot be told", hint="save it as UTF-8 and try again"
    )


def _is_likely(text: str) -> bool:
    """Say whether somebody may have written this: letters for the most part, nothing strange."""
    beyond = [letter for letter in text if not letter.isascii()]
    written = sum(letter.isalpha() or letter in _SIGNS or _joins(letter) for letter in beyond)
    strange = len(_STRANGE.findall(text))
    return written >= _LIKELY * len(beyond) and strange <= _ASIDE * len(beyond)


def _joins(letter: str) -> bool:
    """Say whether a letter is punctuation, a mark on another letter, or a space."""
    import unicodedata

    return unicodedata.category(letter)[0] in "PMZ"
