"""Whether a page shows our form as other pages do, known without drawing the page.

The form stands last on the page, what stands before it gives every state back, nothing lies over
it: then a page differs from others of the same view in nothing that could hide the form. One of
them is looked at; see `sight`.
"""

import functools
import re
from typing import Any, Final, NamedTuple

from kzmark.formats.pdf.content import Balance, balance, streams
from kzmark.formats.pdf.document import Document, array, dictionary, is_dictionary, is_stream
from kzmark.formats.pdf.notice import NAME, SIGN
from kzmark.formats.pdf.pages import Once, Page
from kzmark.formats.pdf.view import Box, Matrix, View, applied, union

_FIRST: Final = re.compile(rb"((?:q )+)\n")
_LAST: Final = re.compile(
    rb"(?:\n((?:ET )*)((?:EMC )*)((?:Q )+)\n)?"
    rb"(?:/(?:Artifact|P) <</(?:Type /Pagination|MCID \d+)>> BDC /KzmarkNotice Do EMC"
    rb"|/KzmarkNotice Do)\n"
)
_LONG: Final = 200  # bytes of a stream of ours
_MOST_NOTES: Final = 2_000  # annotations of a page that are looked at
_QUIET: Final = frozenset({"/Link", "/Popup"})  # annotations that paint nothing over the page
_TURNED: Final = 0x0002  # flag of annotations that are hidden


class Key(NamedTuple):
    """What two pages share that show the form alike."""

    form: tuple[int, int]
    view: View


class Proof:
    """What tells of the pages of a document whether they show our form."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._forms = Once(_form)
        self._areas: dict[tuple[int, int], Box] = {}
        self._said: dict[tuple[int, int], bytes | None] = {}

    def key(self, page: Page, view: View) -> Key | None:
        """Return what proves that a page shows our form; nothing if it has to be looked at."""
        form = self._forms.of(page)
        if form is None or not self._stands_last(page):
            return None
        number: tuple[int, int] = form.objgen
        if number not in self._areas:
            self._areas[number] = _area(form)
        if (page.parted is None or page.parted.annots) and _covered(page, self._areas[number]):
            return None
        return Key(number, view)

    def _stands_last(self, page: Page) -> bool:
        """Say whether the content ends in our form, drawn in the page's own state."""
        parts = streams(page.own.get("/Contents"))
        last = self._own(parts[-1]) if parts else None
        if last is None:
            return False
        if len(parts) == 1:
            return _is_alone(last)
        first = self._own(parts[0])
        wanted = _frame(first, last) if first is not None else None
        return wanted is not None and balance(self._document, parts[1:-1]) == wanted

    def _own(self, part: Any) -> bytes | None:
        """Return what a stream of ours says, which many pages share; nothing if another's."""
        number = part.objgen
        if number not in self._said:
            self._said[number] = _own(part)
        return self._said[number]


def _form(page: Page) -> Any:
    """Return our form among the resources of a page, or nothing."""
    form = dictionary(dictionary(page.get("/Resources")).get("/XObject")).get(NAME)
    return form if is_stream(form) and SIGN in form else None


def _own(part: Any) -> bytes | None:
    if SIGN not in part or part.get("/Filter") is not None:
        return None
    data: bytes = part.read_raw_bytes()
    return data if len(data) <= _LONG else None


def _is_alone(last: bytes) -> bool:
    """Say whether a stream draws the form and takes back nothing."""
    closing = _LAST.fullmatch(last)
    return closing is not None and closing[3] is None


@functools.lru_cache(maxsize=256)
def _frame(first: bytes, last: bytes) -> Balance | None:
    """Return the balance of content that stands rightly between two streams of ours, if any."""
    opening, closing = _FIRST.fullmatch(first), _LAST.fullmatch(last)
    if opening is None or closing is None or closing[3] is None:
        return None
    begun, ended = opening[1].count(b"q"), closing[3].count(b"Q")
    return Balance(begun - 1, ended - 1, closing[1].count(b"ET"), closing[2].count(b"EMC"))


def _area(form: Any) -> Box:
    """Return what a form may paint on, in units of the page."""
    numbers = [float(one) for one in form.get("/Matrix", (1, 0, 0, 1, 0, 0))]
    left, bottom, right, top = (float(one) for one in form["/BBox"])
    a, b, c, d, e, f = numbers
    matrix: Matrix = (a, b, c, d, e, f)
    one, other = applied(matrix, left, bottom), applied(matrix, right, top)
    return union((*one, *one), (*other, *other))


def _covered(page: Page, area: Box) -> bool:
    """Say whether an annotation may lie over a part of the page."""
    notes = array(page.own.get("/Annots"))
    if len(notes) > _MOST_NOTES:
        return True
    for note in notes:
        if not is_dictionary(note):
            continue
        if str(note.get("/Subtype", "")) in _QUIET and "/AP" not in note:
            continue
        flags = note.get("/F", 0)
        if isinstance(flags, int) and flags & _TURNED:
            continue
        numbers = [float(one) for one in array(note.get("/Rect"))]
        if len(numbers) != 4:
            return True
        left, right = sorted((numbers[0], numbers[2]))
        low, high = sorted((numbers[1], numbers[3]))
        if left < area[2] and right > area[0] and low < area[3] and high > area[1]:
            return True
    return False
