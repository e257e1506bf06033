"""Reading the words beside or under a badge: which of the profile's lines stand there."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark.formats._base import Picture
from kzmark.notices import badge, templates
from kzmark.notices.arrangement import Form, wrap
from kzmark.notices.measure import Piece, Sight, sight
from kzmark.notices.search import Candidate, shrink, shrunk
from kzmark.notices.templates import LEAD, SIZE, Ink
from kzmark.notices.view import Floats
from kzmark.profile import Profile
from kzmark.vocabulary import Operation

SEEN: Final = 0.68  # correlation from which a window of a line or cell counts as seen

_HEAD: Final = 8 * SIZE  # columns by which a line is recognised before its end is followed
_TRACK: Final = 6 * SIZE  # columns by which the rest is followed
_REACH: Final = (7, 9)  # how far a line is looked for, down and across, in template pixels
_LIKELY: Final = 0.55
_READ: Final = 0.7  # mean correlation from which a line counts as read
_TRIED: Final = 6  # lines with the likeliest beginnings that are compared to their end
_MOST_ROWS: Final = 8
_ROOM: Final = (-1.0, -1.0, 48.0, 20.0)  # around the badge, in capital heights


@dataclass(frozen=True, slots=True)
class Said:
    """What the notice says in one language.

    Attributes:
        language: BCP 47 code.
        operation: Created or modified.
        form: Full or short.
        lines: The words, line by line.
    """

    language: str
    operation: Operation
    form: Form
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen of one plate.

    Attributes:
        cells: The two cells of the badge.
        lines: The lines of words, from above.
        said: What they say, one for each language that is complete.
        blank: Whether the room for words shows nothing at all; only if no line was read.
    """

    cells: tuple[Sight, ...]
    lines: tuple[Sight, ...]
    said: tuple[Said, ...]
    blank: bool = False

    @property
    def sights(self) -> tuple[Sight, ...]:
        """Everything that was measured."""
        return self.cells + self.lines

    @property
    def coverage(self) -> float:
        """Share of the windows that match."""
        return float(np.mean(np.concatenate([s.matches for s in self.sights]) >= SEEN))

    @property
    def badge(self) -> float:
        """How well the badge matches, -1 to 1."""
        return float(np.mean(np.concatenate([s.matches for s in self.cells])))


def read(picture: Picture, candidate: Candidate, profile: Profile) -> Reading:
    """Read the words of a badge."""
    near = shrunk(picture, candidate, _ROOM)
    by = shrink(candidate)
    local = Candidate(
        candidate.match,
        candidate.x / by,
        candidate.y / by,
        candidate.across / by,
        candidate.down / by,
    )
    lines = _lines(near, local, profile)
    full = [_whole(piece, by) for piece in lines]
    sights = tuple(sight(picture, piece) for piece in full)
    cells = tuple(sight(picture, piece) for piece in cell_pieces(candidate))
    said = tuple(_parse([piece.text for piece in full], profile))
    return Reading(cells, sights, said, blank=not lines and _blank(near, local))


def cell_pieces(candidate: Candidate) -> Iterator[Piece]:
    """Yield the two cells of a badge."""
    for row in range(len(badge.ROWS)):
        x, y, _, _ = templates.cell_box(row)
        yield Piece(
            "",
            "",
            row,
            candidate.x + x * candidate.across,
            candidate.y + y * candidate.down,
            candidate.across,
            candidate.down,
        )


def _lines(near: Picture, at: Candidate, profile: Profile) -> list[Piece]:
    """Try the rows beside the badge, the one row in its middle, and the rows under it."""
    side = badge.WIDTH + badge.GAP
    under = 2 * badge.PITCH + badge.FRAME + badge.BELOW
    tries = ((side, 0.0), (0.0, under), (side, badge.PITCH / 2))
    found = (_block(near, at, profile, right, down) for right, down in tries)
    return next((pieces for pieces in found if pieces), [])


def _block(
    near: Picture, at: Candidate, profile: Profile, right: float, down: float
) -> list[Piece]:
    pieces: list[Piece] = []
    x, y = at.x + right * at.across, at.y + down * at.down
    across = at.across
    for _ in range(_MOST_ROWS):
        row = Piece("", "", 0, x, y, across, at.down)
        piece = _row(near, row, profile)
        if piece is None:
            break
        pieces.append(piece)
        x, y, across = piece.x, piece.y + badge.PITCH * at.down, piece.across
    return pieces


def _row(near: Picture, row: Piece, profile: Profile) -> Piece | None:
    """Return the line that stands on a row, or nothing."""
    strip = row.view(_REACH, (_HEAD, round(badge.PITCH * SIZE))).of(near).mean(axis=-1)
    if strip.std() < 2:
        return None
    size = min(SIZE, math.ceil(2 * min(row.across, row.down)) / 2)
    heads = []
    for text, language in _texts(profile):
        match, column, line = _match(strip, templates.line(text, size)[:, :_HEAD])
        heads.append((match, text, language, column, line))
    heads.sort(reverse=True)
    tried = []
    for match, text, language, column, line in heads[:_TRIED]:
        if match < _LIKELY:
            break
        x = row.x + (column - _REACH[1]) * row.across / SIZE
        y = row.y + (line - _REACH[0]) * row.down / SIZE
        piece = _follow(near, Piece(text, language, 0, x, y, row.across, row.down))
        matches = sight(near, piece).matches
        if matches.mean() >= _READ:
            tried.append((bool(matches.min() >= SEEN), float((matches - 0.5).sum()), piece))
    return max(tried, key=lambda one: one[:2], default=(False, 0.0, None))[2]


def _follow(near: Picture, piece: Piece) -> Piece:
    """Correct the horizontal scale of a long line by following it to its end."""
    ink = piece.ink
    across = piece.across
    for first in range(_HEAD, ink.shape[1] - _TRACK // 2, _TRACK):
        part = ink[:, first : first + _TRACK]
        here = Piece("", "", 0, piece.x + first * across / SIZE, piece.y, across, piece.down)
        strip = here.view(_REACH, (part.shape[1], part.shape[0])).of(near).mean(axis=-1)
        match, column, _ = _match(strip, part)
        if match >= _LIKELY:
            across += (column - _REACH[1]) * across / (first + part.shape[1] / 2)
    return Piece(piece.text, piece.language, 0, piece.x, piece.y, across, piece.down)


def _match(strip: Floats, ink: Ink) -> tuple[float, int, int]:
    """Return correlation, column and line of the best place for a template in a strip."""
    import cv2

    found = cv2.matchTemplate(strip, ink, cv2.TM_CCOEFF_NORMED)
    found = np.where(np.isfinite(found), np.abs(found), 0)
    line, column = divmod(int(found.argmax()), found.shape[1])
    return float(found[line, column]), column, line


def _whole(piece: Piece, by: int) -> Piece:
    return Piece(
        piece.text,
        piece.language,
        piece.row,
        piece.x * by,
        piece.y * by,
        piece.across * by,
        piece.down * by,
    )


def _blank(near: Picture, at: Candidate) -> bool:
    row = Piece("", "", 0, at.x + 3.7 * at.across, at.y + LEAD * at.down, at.across, at.down)
    seen = row.view((0, 0), (6 * SIZE, round((1 + badge.PITCH) * SIZE))).of(near)
    return bool(seen.std(axis=(0, 1)).max() < 6)


def _texts(profile: Profile) -> list[tuple[str, str]]:
    """Return every line that a plate of this profile may show, with its language."""
    lines = {line: said.language for said in _sayings(profile) for line in said.lines}
    return list(lines.items())


def _sayings(profile: Profile) -> Iterator[Said]:
    for language, operations in profile.texts.items():
        for operation, wording in operations.items():
            for form in Form:
                text = form.text(wording)
                for lines in dict.fromkeys(((text,), wrap(text))):
                    yield Said(language, operation, form, lines)


def _parse(texts: list[str], profile: Profile) -> Iterator[Said]:
    """Yield what a run of lines says; lines that fit nowhere are passed over."""
    sayings = sorted(_sayings(profile), key=lambda said: -len(said.lines))
    while texts:
        fits = (s for s in sayings if s.lines == tuple(texts[: len(s.lines)]))
        said = next(fits, None)
        if said:
            yield said
        texts = texts[len(said.lines) if said else 1 :]
