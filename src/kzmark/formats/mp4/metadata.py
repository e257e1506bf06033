r"""Metadata in the index of a film: free keys, and the comment that all programs know.

Spec: QuickTime file format, metadata (`meta` with handler `mdta`, `keys`, `ilst`); the comment as
iTunes and libavformat write it (`udta/meta` with handler `mdir`, `ilst`, `\xa9cmt`, `data`).
"""

from typing import Final

from kzmark._limits import Limits
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._bmff.boxes import Span, first, full, pack, spans
from kzmark.formats.mp4.tree import Box

_TEXT: Final = 1  # well-known type: UTF-8
_COMMENT: Final = b"\xa9cmt"
_KEYS: Final = b"mdta"
_ITEMS: Final = b"mdir"


class _Meta:
    """A `meta` box as a list of whole boxes; QuickTime leaves out version and flags."""

    def __init__(self, body: bytes, limits: Limits) -> None:
        bare = len(body) >= 8 and body[4:8] == b"hdlr"
        self._head = b"" if bare else body[:4]
        start = len(self._head)
        self.limits = limits
        self.parts = [
            (one.kind, body[one.start : one.end])
            for one in spans(body, start, len(body), limits=limits)
        ]

    @classmethod
    def new(cls, handler: bytes, limits: Limits) -> "_Meta":
        vendor = b"appl" if handler == _ITEMS else bytes(4)
        box = full(b"hdlr", 0, 0, bytes(4), handler, vendor, bytes(8), b"\0")
        # QuickTime's own kind has neither, and ExifTool would spoil a file where they stand.
        return cls(box if handler == _KEYS else bytes(4) + box, limits)

    @property
    def handler(self) -> bytes:
        return self.get(b"hdlr")[16:20]

    def get(self, kind: bytes) -> bytes:
        return next((data for name, data in self.parts if name == kind), b"")

    def put(self, kind: bytes, data: bytes) -> None:
        kinds = [name for name, _ in self.parts]
        if kind in kinds:
            self.parts[kinds.index(kind)] = (kind, data)
        else:
            self.parts.append((kind, data))

    def items(self) -> list[Span]:
        data = self.get(b"ilst")
        return spans(data, 8, len(data), limits=self.limits) if data else []

    def pack(self) -> bytes:
        return self._head + b"".join(data for _, data in self.parts)


def keys(moov: Box, *, limits: Limits) -> dict[str, bytes]:
    """Return the free keys of a film with their values."""
    found: dict[str, bytes] = {}
    for meta in (_direct(moov, limits), _in_user_data(moov, _KEYS, limits)):
        if meta is None or meta.handler != _KEYS:
            continue
        names, listed = _names(meta), meta.get(b"ilst")
        for item in meta.items():
            number = int.from_bytes(item.kind, "big")
            if 0 < number <= len(names):
                name = names[number - 1][8:].decode("utf-8", "replace")
                found.setdefault(name, _value(listed, item, limits))
    return found


def put_key(moov: Box, key: str, value: bytes, *, limits: Limits) -> None:
    """Set the value of a free key; all others stay.

    Raises:
        UnsupportedMediaError: If metadata of another kind is in the way.
    """
    direct, inner = _direct(moov, limits), _in_user_data(moov, _KEYS, limits)
    meta = direct or inner or _Meta.new(_KEYS, limits)  # libav mixes up the names of two lists
    if meta.handler != _KEYS:
        raise UnsupportedMediaError("the metadata of the film is of a kind kzmark does not know")
    names, listed = _names(meta), meta.get(b"ilst")
    name = pack(_KEYS, key.encode())
    if name not in names:
        names.append(name)
    number = (names.index(name) + 1).to_bytes(4, "big")
    item = pack(number, _data(value))
    kept = [listed[one.start : one.end] for one in meta.items() if one.kind != number]
    meta.put(b"keys", full(b"keys", 0, 0, len(names).to_bytes(4, "big"), *names))
    meta.put(b"ilst", pack(b"ilst", *kept, item))
    if meta is inner:
        _put_user_data(moov, meta, limits)
    elif direct is not None:
        moov.put(Box(b"meta", meta.pack()))
    else:
        assert moov.children is not None
        moov.children.append(Box(b"meta", meta.pack()))


def comment(moov: Box, *, limits: Limits) -> str:
    """Return the comment of a film, or nothing."""
    udta = moov.find(b"udta")
    for part in _user_data(udta.body, limits)[0] if udta else ():
        if part[4:8] == _COMMENT:  # QuickTime: length, language, text
            return part[12:].decode("utf-8", "replace")
    meta = _in_user_data(moov, _ITEMS, limits)
    if meta is None:
        return ""
    listed = meta.get(b"ilst")
    item = first(meta.items(), _COMMENT)
    return _value(listed, item, limits).decode("utf-8", "replace") if item else ""


def put_comment(moov: Box, text: str, *, limits: Limits) -> None:
    """Set the comment of a film; all else stays. Nothing is done where its place is taken."""
    there = _in_user_data(moov, b"", limits)
    if there is not None and there.handler != _ITEMS:
        return  # other metadata, under which nobody looks for a comment
    meta = there or _Meta.new(_ITEMS, limits)
    listed = meta.get(b"ilst")
    kept = [listed[one.start : one.end] for one in meta.items() if one.kind != _COMMENT]
    meta.put(b"ilst", pack(b"ilst", *kept, pack(_COMMENT, _data(text.encode()))))
    _put_user_data(moov, meta, limits)


def _direct(moov: Box, limits: Limits) -> _Meta | None:
    box = moov.find(b"meta")
    if box is None:
        return None
    limits.check_metadata(len(box.body), what="the metadata of the film")
    return _Meta(box.body, limits)


def _in_user_data(moov: Box, handler: bytes, limits: Limits) -> _Meta | None:
    """Return the `meta` box of the user data, if it is of this handler, or of any if empty."""
    udta = moov.find(b"udta")
    if udta is None:
        return None
    limits.check_metadata(len(udta.body), what="the user data of the film")
    for part in _user_data(udta.body, limits)[0]:
        if part[4:8] == b"meta":
            meta = _Meta(part[8:], limits)
            return meta if handler in {b"", meta.handler} else None
    return None


def _put_user_data(moov: Box, meta: _Meta, limits: Limits) -> None:
    whole, old = pack(b"meta", meta.pack()), moov.find(b"udta")
    parts, tail = _user_data(old.body if old else b"", limits)
    kinds = [part[4:8] for part in parts]
    if b"meta" in kinds:
        parts[kinds.index(b"meta")] = whole
    else:
        parts.append(whole)
    moov.put(Box(b"udta", b"".join(parts) + tail))


def _user_data(body: bytes, limits: Limits) -> tuple[list[bytes], bytes]:
    """Return the boxes of user data, and the zeros that QuickTime writes behind them."""
    end = len(body)
    if len(body) % 4 == 0 and body[-4:] == bytes(4) and _boxes_end(body) == end - 4:
        end -= 4
    found = spans(body, 0, end, limits=limits)
    return [body[one.start : one.end] for one in found], body[end:]


def _boxes_end(body: bytes) -> int:
    at = 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        if size < 8 or at + size > len(body):
            break
        at += size
    return at


def _names(meta: _Meta) -> list[bytes]:
    """Return the entries of `keys`, whole: namespace and name."""
    data = meta.get(b"keys")
    found = spans(data, 16, len(data), limits=meta.limits) if len(data) > 16 else []
    return [data[one.start : one.end] for one in found]


def _data(value: bytes) -> bytes:
    return pack(b"data", _TEXT.to_bytes(4, "big"), bytes(4), value)


def _value(listed: bytes, item: Span, limits: Limits) -> bytes:
    inner = spans(listed, item.body, item.end, limits=limits)
    data = first(inner, b"data")
    return listed[data.body + 8 : data.end] if data else b""
