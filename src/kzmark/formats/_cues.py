"""Cues of subtitle files: words with times, in blocks between empty lines."""

import heapq
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

from kzmark.formats._text import Leaf, Passage

_TIME: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_SPAN: Final = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t]+([^\r\n]*))?[ \t]*")
_BEGIN: Final = re.compile(rf"[ \t]*{_TIME}[ \t]*-->")
_TAG: Final = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_SHOWN: Final = 32  # cues in which a notice is looked for


class Block(NamedTuple):
    """Lines between empty lines.

    Attributes:
        lines: Without their ends.
        start: Where the first one begins, in characters.
        stop: Where the next block begins.
    """

    lines: tuple[str, ...]
    start: int
    stop: int


class Cue(NamedTuple):
    """Words and when they are shown.

    Attributes:
        begin: In seconds.
        end: In seconds.
        settings: What follows the times on their line.
        text: The words, tags left out.
        block: The block it is.
    """

    begin: float
    end: float
    settings: str
    text: str
    block: Block


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text."""
    at, start, lines = 0, 0, list[str]()
    for line in _lines(text):
        bare = line.rstrip("\r\n")
        if bare.strip():
            start = start if lines else at
            lines.append(bare)
        at += len(line)
        if not bare.strip() and lines:
            yield Block(tuple(lines), start, at)
            lines = []
    if lines:
        yield Block(tuple(lines), start, at)


def cues(text: str) -> Iterator[Cue]:
    """Yield the cues of a text; blocks without times are none."""
    for block in blocks(text):
        for index, line in enumerate(block.lines[:2]):  # a number or a name may stand before
            if found := _SPAN.fullmatch(line):
                begin, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:8])
                words = _TAG.sub("", " ".join(block.lines[index + 1 :]))
                yield Cue(begin, end, found[9] or "", words, block)
                break


def shown(text: str, *, hidden: str = "") -> Leaf:
    """Return the first cues of a text as a viewer meets them: by their times, wherever they stand.

    Args:
        text: The whole file.
        hidden: Why none of them is seen, if that is so.
    """
    first = sorted(_first(text), key=attrgetter("begin"))
    return Leaf(
        index=0,
        passages=tuple(
            Passage(
                text=cue.text,
                seconds=max(0.0, cue.end - cue.begin),
                begin=cue.begin,
                hidden=hidden,
            )
            for cue in first
        ),
    )


def _first(text: str) -> list[Cue]:
    """Return the cues that are shown first; mostly they stand first, so that no others are read."""
    first = list(islice(cues(text), _SHOWN))
    if len(first) < _SHOWN:
        return first
    latest = max(cue.begin for cue in first)
    if any(begin < latest for begin in _begins(text, first[-1].block.stop)):
        return heapq.nsmallest(_SHOWN, cues(text), key=attrgetter("begin"))
    return first


def _begins(text: str, at: int) -> Iterator[float]:
    """Yield the times at which lines begin that may be of cues."""
    while (arrow := text.find("-->", at)) >= 0:
        start = max(text.rfind("\n", at, arrow), text.rfind("\r", at, arrow), at - 1) + 1
        if found := _BEGIN.match(text, start):
            yield _seconds(found.groups())
        at = arrow + len("-->")


def clock(seconds: float, point: str) -> str:
    """Return a time as `00:00:05,000`, with the decimal point of the format."""
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends: LF, CR LF or CR, and nothing else that Unicode knows."""
    start = 0
    for found in re.finditer(r"\r\n|\n|\r", text):
        yield text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield text[start:]


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, rest = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((rest or "0").ljust(3, "0")) / 1000
