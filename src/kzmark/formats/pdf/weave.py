"""Runs line by line; of those in the gaps of one another, words in the order they are read.

Where a font lacks letters, as many lack those of Kazakh, programs show the rest of a line in one go
and fill the gaps in another, out of a second font.
"""

import ctypes
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

from kzmark.formats.pdf.runs import Run
from kzmark.formats.pdf.view import Box, View, union

_MOST: Final = 20_000  # letters of a page that are looked at one by one
_SHARED: Final = 0.5  # part of the lower of two runs that they share in height if they make a line
_TOUCHING: Final = 0.25  # part of a letter that another may lie over: accents, slanted type

_Word = tuple[str, Box]


def lined(found: Sequence[Run], page: Any, view: View) -> list[Run]:
    """Return runs as they come, those of a line on one level.

    Lines with letters in the gaps of others are taken apart and put in order.

    Args:
        found: Runs in the order in which they are painted.
        page: The page of pypdfium2 that they are on.
        view: What is seen of it.
    """
    put = {n: [run] for n, run in enumerate(found)}
    every = list(lines(found))
    for line in every:
        put |= {n: [replace(found[n], level=found[line[0]].level)] for n in line}
    woven = [line for line in every if _is_woven([found[n] for n in line])]
    words = _words(page, view, {_address(found[n].raw) for line in woven for n in line})
    for line in woven:
        parts = [part for n in line for run in put[n] for part in _parts(run, words)]
        parts.sort(key=lambda part: part.box[0])
        if all(are_apart(one, other) for one, other in pairwise(parts)):
            put |= {n: [] for n in line}
            put[min(line)] = parts
    return [run for n in sorted(put) for run in put[n]]


def lines(found: Sequence[Run]) -> Iterator[list[int]]:
    """Yield the runs that stand on one line, by number, from the top of the page."""
    line: list[int] = []
    around: Box | None = None
    for n in sorted(range(len(found)), key=lambda n: -found[n].level):
        box = found[n].box
        if around is not None and not _are_level(around, box):
            yield line
            line, around = [], None
        line.append(n)
        around = union(around, box) if around else box
    if line:
        yield line


def _are_level(one: Box, other: Box) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared > _SHARED * min(one[3] - one[1], other[3] - other[1])


def _is_woven(line: Sequence[Run]) -> bool:
    """Say whether one run of a line begins before another ends."""
    right = -float("inf")
    for run in sorted(line, key=lambda run: run.box[0]):
        if run.box[0] < right - _TOUCHING * run.points:
            return True
        right = max(right, run.box[2])
    return False


def are_apart(one: Run, other: Run) -> bool:
    """Say whether a run begins where another ends, or further to the right."""
    return other.box[0] > one.box[2] - _TOUCHING * other.points


def _parts(run: Run, words: Mapping[int, Sequence[_Word]]) -> Iterator[Run]:
    for text, box in words.get(_address(run.raw)) or [(run.text, run.box)]:
        yield replace(run, text=text, box=box)


def _words(page: Any, view: View, wanted: set[int]) -> Mapping[int, Sequence[_Word]]:
    """Return the words of some runs, by the address of the run."""
    import pypdfium2.raw as pdfium

    found: dict[int, list[_Word]] = defaultdict(list)
    if not wanted:
        return found
    letters = pdfium.FPDFText_LoadPage(page.raw)
    try:
        count = min(pdfium.FPDFText_CountChars(letters), _MOST)
        owners = [(_address(pdfium.FPDFText_GetTextObject(letters, n)), n) for n in range(count)]
        for owner, own in groupby(owners, itemgetter(0)):
            if owner in wanted:
                found[owner] += _spelt(letters, [n for _, n in own], view)
        return found
    finally:
        pdfium.FPDFText_ClosePage(letters)


def _spelt(letters: Any, places: Sequence[int], view: View) -> Iterator[_Word]:
    """Yield the words that letters in a row make."""
    import pypdfium2.raw as pdfium

    shown = [(chr(pdfium.FPDFText_GetUnicode(letters, n)), n) for n in places]
    for is_space, word in groupby(shown, lambda letter: letter[0].isspace()):
        if not is_space:
            text, where = zip(*word, strict=True)
            yield "".join(text), reduce(union, (_box(letters, n, view) for n in where))


def _box(letters: Any, place: int, view: View) -> Box:
    import pypdfium2.raw as pdfium

    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(letters, place, left, right, bottom, top)
    one, other = view.displayed(left.value, bottom.value), view.displayed(right.value, top.value)
    return union((*one, *one), (*other, *other))


def _address(raw: Any) -> int:
    return ctypes.cast(raw, ctypes.c_void_p).value or 0
