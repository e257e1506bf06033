"""EXIF: the record as JSON in UserComment, the words of the notice in ImageDescription.

The JSON is plain ASCII (other letters as escapes), because that is the one character set that every
reader of UserComment agrees on. What others wrote there stays in front of it. Nothing that stands
in a block is moved: see `kzmark.formats._ifd`.

Spec: CIPA DC-008-2023 (Exif 3.0), 4.6.4 structure, 4.6.6.4 UserComment, 4.6.5.4.1 ImageDescription.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import MalformedMediaError, MediaError
from kzmark.formats import _previews
from kzmark.formats._ifd import (
    ASCII,
    BYTE,
    EXIF_IFD,
    SUB_IFDS,
    UNDEFINED,
    Directory,
    Entry,
    Layout,
)
from kzmark.formats._ifd_draft import Draft
from kzmark.formats.layers import _exif_comment
from kzmark.formats.layers._exif_comment import Comment
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

USER_COMMENT: Final = 0x9286
DESCRIPTION: Final = 0x010E
_ORIENTATION: Final = 0x0112
_VERSION: Final = 0x9000
_EMPTY: Final = b"II*\0\0\0\0\0"
_PREFIX: Final = b"Exif\0\0"  # belongs to JPEG's APP1, but some writers leave it elsewhere too
_FACTS: Final = {
    DESCRIPTION: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
}
_FACT: Final = 200  # characters of one fact


def merge(blob: bytes, mark: Mark, *, limits: Limits) -> bytes:
    """Return an EXIF block with this mark in it.

    Args:
        blob: The block from its TIFF header on; empty if there is none yet.
        mark: Replaces an earlier mark of ours.
        limits: What the block may cost.

    Returns:
        The block: every byte of others at its old offset, ours at the end. The same mark merged
        twice gives the same bytes.

    Raises:
        MalformedMediaError: If the block cannot be read.
        LimitExceededError: If it is over the limits.
    """
    limits.check_metadata(len(blob), what="EXIF block")
    prefix = _PREFIX if blob.startswith(_PREFIX) else b""
    draft = Draft(blob[len(prefix) :] or _EMPTY, limits=limits)
    inscribe(draft, mark, values={})
    return prefix + bytes(draft.data)


def judge(blob: bytes, *, limits: Limits) -> Evidence:
    """Return what an EXIF block says; an empty one is absent."""
    if not blob:
        return Evidence(layer=Layer.EXIF, status=Status.ABSENT)
    try:
        limits.check_metadata(len(blob), what="EXIF block")
        return judge_layout(Layout(blob.removeprefix(_PREFIX), limits=limits))
    except MediaError as error:
        return _broken("exif.unparsable", error.message, {})


def orientation(blob: bytes) -> int:
    """Return the orientation, 1 to 8; 1 if it is absent or cannot be read."""
    try:
        layout = Layout(blob.removeprefix(_PREFIX), limits=DEFAULT_LIMITS)
        found = layout.number(layout.directory(layout.first), _ORIENTATION, 1)
    except MediaError:
        return 1
    return found if 1 <= found <= 8 else 1


def drop_thumbnail(blob: bytes) -> tuple[bytes, bool]:
    """Take out the previews that show the picture as it was.

    Gone are the directories behind the first one (IFD1 and on), sub-directories of the first one,
    their pixels, and every whole JPEG stream wherever it stands (MakerNotes). Not found are
    previews of other kinds inside MakerNotes.

    Returns:
        The block and whether anything was taken out.
    """
    prefix = _PREFIX if blob.startswith(_PREFIX) else b""
    body = blob[len(prefix) :]
    try:
        draft = Draft(body, limits=DEFAULT_LIMITS)
        changed = _cut(draft)
    except MediaError:
        data, changed = bytearray(body), False
    else:
        data = draft.data
    for start, size in list(_previews.jpegs(data)):
        data[start : start + size] = bytes(size)
        changed = True
    return (prefix + bytes(data), True) if changed else (blob, False)


def inscribe(draft: Draft, mark: Mark, *, values: Mapping[int, bytes]) -> None:
    """Write the mark into a block or a TIFF file; one that says all this already stays as it is.

    Args:
        draft: Changed in place.
        mark: The mark.
        values: Further byte values of the first directory, by tag (TIFF: its XMP packet); they
            replace what stood there.

    Raises:
        MalformedMediaError: If the block cannot be read, or directories and values lie over each
            other so that it cannot be written.
        LimitExceededError: If it is over the limits.
    """
    comment = _comment(draft)
    own = {tag: (BYTE, value) for tag, value in sorted(values.items())}
    if _may_describe(draft, comment, mark):
        own = {DESCRIPTION: (ASCII, _notice_text(mark).encode() + b"\0"), **own}
    spelled = comment.spell(mark.to_json(escaped=True).decode())
    if _says(draft, own, spelled):
        return
    draft.finish_tables()
    first = draft.widen(draft.slot, {EXIF_IFD, *own})
    exif = _widened_exif(draft, first)
    first = draft.directory(draft.first)
    draft.erase(_outdated(draft, [e for tag in own if (e := first.get(tag))], exif, comment))
    for tag, (kind, value) in own.items():
        draft.store(first, tag, kind, value)
    draft.store(exif, USER_COMMENT, UNDEFINED, spelled)
    if not _says(draft, own, spelled):
        raise MalformedMediaError("directories and values lie over each other")


def judge_layout(layout: Layout) -> Evidence:
    """Return what the EXIF of a block or a TIFF file says."""
    try:
        comment = _comment(layout)
        marks, problem = _exif_comment.marks(comment)
        facts = dict(_facts(layout, comment, marks))
    except MediaError as error:
        return _broken("exif.unparsable", error.message, {})
    if problem:
        return _broken("exif.record", problem, facts)
    if any(mark != marks[0] for mark in marks):
        return _broken("exif.record", f"{len(marks)} different records in one comment", facts)
    if not marks:
        return Evidence(layer=Layer.EXIF, status=Status.ABSENT, facts=facts)
    return Evidence(layer=Layer.EXIF, status=Status.PRESENT, mark=marks[0], facts=facts)


def _broken(code: str, detail: str, facts: Mapping[str, str]) -> Evidence:
    return Evidence(layer=Layer.EXIF, status=Status.BROKEN, code=code, detail=detail, facts=facts)


def _notice_text(mark: Mark) -> str:
    return " / ".join(mark.notice.texts)


def _first(layout: Layout) -> Directory | None:
    return layout.directory(layout.first) if layout.first else None


def _exif(layout: Layout) -> Directory | None:
    first = _first(layout)
    at = layout.number(first, EXIF_IFD, 0) if first else 0
    return layout.directory(at) if at else None


def _comment(layout: Layout) -> Comment:
    exif = _exif(layout)
    entry = exif.get(USER_COMMENT) if exif else None
    return _exif_comment.parse(layout.value(entry) if entry else b"", order=layout.order)


def _may_describe(layout: Layout, comment: Comment, mark: Mark) -> bool:
    """Say whether ImageDescription is free, blank, or what an earlier mark of ours put there."""
    first = _first(layout)
    entry = first.get(DESCRIPTION) if first else None
    if entry is None:
        return True
    text = layout.value(entry).rstrip(b"\0 ")
    return not text or text in {
        _notice_text(one).encode() for one in (mark, *_exif_comment.marks(comment)[0])
    }


def _says(layout: Layout, own: Mapping[int, tuple[int, bytes]], comment: bytes) -> bool:
    """Say whether these values of the first directory and this comment stand there already."""
    first, exif = _first(layout), _exif(layout)
    found = [(first and first.get(tag), *wanted) for tag, wanted in own.items()]
    found.append((exif and exif.get(USER_COMMENT), UNDEFINED, comment))
    return all(e and e.kind == kind and layout.value(e) == value for e, kind, value in found)


def _outdated(
    draft: Draft, own: Sequence[Entry], exif: Directory, comment: Comment
) -> list[tuple[int, int]]:
    """Return the (offset, size) of what our new values replace and nothing else claims.

    A record of ours goes even if other values claim it: one that ends behind the data (in a block
    that was cut) seems to hold whatever is appended later.
    """
    comments = [entry for entry in exif.entries if entry.tag == USER_COMMENT and comment.clean]
    if not any(entry.size for entry in (*own, *comments)):  # new entries replace nothing
        return []
    shared = draft.shared()
    gone = draft.outline([entry for entry in (*own, *comments) if entry.start not in shared])
    tables = [(one.at, one.slot + draft.pointer_size) for one in draft.tree()]
    for entry in comments:
        end = entry.start + entry.size
        start = max(entry.start, end - comment.tail)
        if entry.start in shared and not any(start < stop and at < end for at, stop in tables):
            gone.append((start, end - start))
    return gone


def _widened_exif(draft: Draft, first: Directory) -> Directory:
    """Return the Exif directory with room for our entry; a new one says its version."""
    pointer = first.get(EXIF_IFD)
    assert pointer is not None
    is_new = not pointer.count or not draft.number(first, EXIF_IFD, 0)
    slot = draft.settle_pointer(first, EXIF_IFD)
    exif = draft.widen(slot, {USER_COMMENT, _VERSION} if is_new else {USER_COMMENT})
    if is_new:
        draft.store(exif, _VERSION, UNDEFINED, b"0232")
        exif = draft.directory(exif.at)
    return exif


def _facts(layout: Layout, comment: Comment, marks: list[Mark]) -> Iterator[tuple[str, str]]:
    """Yield what others say, by the names that exiftool uses."""
    ours = {_notice_text(mark) for mark in marks}
    first = _first(layout)
    for tag, name in _FACTS.items():
        entry = first.get(tag) if first else None
        if entry and entry.kind in {BYTE, ASCII, UNDEFINED, 129}:
            text = _text(bytes(layout.data[entry.start : entry.start + min(entry.size, 1 << 12)]))
            if text and text not in ours:
                yield name, _short(text)
    if words := _short(comment.words):
        yield "UserComment", words


def _text(raw: bytes) -> str:
    try:
        return raw.rstrip(b"\0 ").decode()
    except UnicodeDecodeError:
        return raw.rstrip(b"\0 ").decode("latin-1")


def _short(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * _FACT])
    plain = " ".join(plain.split())
    return plain if len(plain) <= _FACT else plain[: _FACT - 1] + "…"


def _cut(draft: Draft) -> bool:
    """Take the later directories and the sub-directories out of a block."""
    first = _first(draft)
    if first is None:
        return False
    gone = list(draft.readable_chain(first.slot)) + draft.sub_directories(first)
    changed = bool(first.following) or first.get(SUB_IFDS) is not None
    if first.following:
        draft.point(first.slot, 0)
    if first.get(SUB_IFDS):
        draft.narrow(first, {SUB_IFDS})
    kept = draft.extents()
    regions = [region for one in gone for region in draft.regions(one)]
    draft.erase(r for r in regions if not any(r[0] < end and at < sum(r) for at, end in kept))
    return changed
