"""WebVTT subtitles: the mark in a NOTE, the notice as a cue before all others.

Spec: W3C WebVTT, 4.1: `WEBVTT`, then blocks between empty lines; a block that begins with `NOTE` is
a comment. Always UTF-8. Where a caller asks for it, the manifest stands in a NOTE too (C2PA 2.4,
A.9), in place of a sidecar.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, RecordError
from kzmark.formats import _armour
from kzmark.formats._base import Adapter, C2PABinding, FormatInfo, Signature
from kzmark.formats._cues import Block, blocks, clock, cues, shown
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscription, Leaf
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_OURS: Final = "NOTE kzmark "
_HEADS: Final = ("WEBVTT", "STYLE", "REGION", "NOTE")
_FADING: Final = re.compile(
    r"transparent|visibility|opacity|font-size|rgba|hsla|#[0-9a-f]{8}\b", re.IGNORECASE
)
_NOTES: Final = 64  # blocks in which a mark is looked for


class Vtt:
    """The adapter."""

    info = FormatInfo(
        name="vtt",
        title="WebVTT subtitles",
        medium=Medium.TEXT,
        mime="text/vtt",
        extensions=(".vtt",),
        signatures=(Signature(b"WEBVTT"), Signature(b"\xef\xbb\xbfWEBVTT")),
        layers=frozenset({Layer.TEXT, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every cue, style and comment of others",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the word stands alone on its line (4.1, step 5)."""
        rest = head.removeprefix(b"\xef\xbb\xbf")[6:7]
        return rest in {b"", b" ", b"\t", b"\n", b"\r"}

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the NOTE holds."""
        notes = [_record(block) for block in _head(_plain(source, limits).text)]
        found = [text for text in notes if text]
        if not found:
            return [Evidence(layer=Layer.TEXT, status=Status.ABSENT)]
        return [_judged(text) for text in found]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in a NOTE behind its first block."""
        plain = _plain(source, limits)
        text, end = plain.text, plain.newline
        for block in reversed([block for block in _head(text) if _record(block)]):
            text = text[: block.start] + text[block.stop :]
        at = _behind_title(text)
        record = mark.to_json().decode().replace("-->", "--\\u003e")
        changed, _ = plain.with_text(
            f"{_closed(text[:at], end)}{_OURS}{record}{end}{end}{text[at:]}"
        )
        target.write(changed.spell())

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file, less an earlier manifest, with a cue before all others.

        An earlier one of ours is replaced.
        """
        whole = _plain(source, limits)
        plain = replace(whole, text=_armour.without(whole.text))
        text, end = plain.text, plain.newline
        first = next(cues(text), None)
        if first is not None and inscription.begins(first.text) and not first.begin:
            text = text[: first.block.start] + text[first.block.stop :]
            first = next(cues(text), None)
        at = first.block.start if first else len(text)
        span = f"{clock(0, '.')} --> {clock(inscription.seconds, '.')}"
        cue = end.join([span, *inscription.rows, "", ""])
        changed, notes = plain.with_text(f"{_closed(text[:at], end)}{cue}{text[at:]}")
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first cues, each with the time that it is shown."""
        text = _plain(source, limits).text
        styled = any(b.lines[0].startswith("STYLE") and _fades(b) for b in _head(text))
        yield shown(text, hidden="a style of the file may hide cues" if styled else "")

    @property
    def embedding(self) -> Adapter:
        """WebVTT with its manifest in it."""
        return NOTED

    def carries(self, data: bytes) -> bool:
        """Say whether a manifest, whole or damaged, stands in the file."""
        return _armour.begins_in(data)


class NotedVtt(Vtt):
    """The same for subtitles with their C2PA manifest in a NOTE."""

    info = replace(Vtt.info, layers=frozenset({Layer.C2PA, Layer.TEXT}), c2pa=C2PABinding.EMBEDDED)
    unaided = True

    def room(self, data: bytes, size: int) -> Room:
        """Return the place behind the first block: a NOTE of one line."""
        plain = Plain.of(data)
        room = _armour.room(plain, _behind_title(plain.text), size, prefix="NOTE ")
        return replace(room, trail=plain.newline.encode())

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store that a line holds."""
        return _armour.unwrap(piece)

    def survey(self, data: bytes, *, limits: Limits) -> Survey:
        """Look for the line, wherever it stands."""
        return _armour.survey(Plain.of(data), limits=limits)

    def covered(self, data: bytes, place: tuple[int, int]) -> bytes:
        """Return the SHA-256 of all bytes outside a place."""
        return _armour.covered(data, place)


ADAPTER = Vtt()
NOTED = NotedVtt()


def _plain(source: BinaryIO, limits: Limits) -> Plain:
    plain = Plain.read(source, limits=limits)
    if plain.codec != "utf-8" or not plain.text.startswith("WEBVTT"):
        raise MalformedMediaError("WebVTT begins with WEBVTT and is UTF-8")
    return plain


def _head(text: str) -> Iterator[Block]:
    """Yield the first blocks of the file that are no cues."""
    for count, block in enumerate(blocks(text)):
        if count == _NOTES:
            return
        if block.lines[0].startswith(_HEADS):
            yield block


def _record(block: Block) -> str:
    line = block.lines[0]
    return line.removeprefix(_OURS) if line.startswith(_OURS) and len(block.lines) == 1 else ""


def _judged(record: str) -> Evidence:
    try:
        mark = Mark.from_json(record)
    except RecordError as error:
        return Evidence(
            layer=Layer.TEXT, status=Status.BROKEN, code="text.record", detail=error.message
        )
    return Evidence(layer=Layer.TEXT, status=Status.PRESENT, mark=mark)


def _behind_title(text: str) -> int:
    first = next(blocks(text), None)
    if first is None:
        raise MalformedMediaError("WebVTT begins with WEBVTT")
    return first.stop


def _closed(text: str, end: str) -> str:
    """Return a text that ends with an empty line."""
    lacking = 2 - (len(text) - len(text.rstrip("\r\n"))) // len(end)
    return text + end * max(0, lacking)


def _fades(block: Block) -> bool:
    return any(_FADING.search(line) for line in block.lines)
