"""The notice on the pages of a PDF: one form for all pages alike, drawn after everything else.

Spec: ISO 32000-2, 8.10 (form XObjects), 7.8.2 (content streams), 7.8.3 (resources). The content of
others is not written anew: a stream before it saves the graphics state, one behind it takes the
state back and draws the form.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, BinaryIO, Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._text import Inscription
from kzmark.formats.pdf import obstacles, plate, space
from kzmark.formats.pdf.content import Balance, balance, streams
from kzmark.formats.pdf.document import Document, is_dictionary, opened
from kzmark.formats.pdf.pages import Once, Page, Parted, pages
from kzmark.formats.pdf.plate import Plate, lay_out
from kzmark.formats.pdf.revision import Kind, Revision, before, put_behind
from kzmark.formats.pdf.space import Spot
from kzmark.formats.pdf.structure import Tags
from kzmark.formats.pdf.syntax import changed, closed, reference, spell, stem, stream
from kzmark.formats.pdf.typeface import Typeface, deflated, subset
from kzmark.formats.pdf.view import Box, View, media_box, spelt, union
from kzmark.formats.pdf.view import number as _n

NAME: Final = "/KzmarkNotice"  # of the form, in the resources of every page
SIGN: Final = "/Kzmark"  # stands in what is ours, so that it is known again
_EVEN: Final = Balance(0, 0)
_SMALL: Final = 512  # bytes of resources up to which a page keeps them to itself


def inscribe(
    source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
) -> Sequence[str]:
    """Copy a PDF with the notice on its pages; an earlier notice of ours is taken back."""
    size = before(source, _size(source), Kind.NOTICE, Kind.LAYERS, Kind.MANIFEST)
    with opened(source, limits=limits, size=size, strict=True) as document:
        notes = obstacles.checked(document)
        revision = Revision.of(document, source, size)
        every = list(pages(document))
        if not every:
            raise MalformedMediaError("the PDF has no page")
        meant = every[:1] if inscription.pages == "first" else every
        work = _Work(document, revision, inscription)
        grown = work.run(source, size, meant)
    newline = put_behind(source, target, size)
    revision.write(target, Kind.NOTICE, newline=newline)
    return (*notes, *(("pdf.page-enlarged",) if grown else ()))


class _Work:
    """The update that shows a notice, in the making."""

    def __init__(self, document: Document, revision: Revision, inscription: Inscription) -> None:
        words, badge = plate.letters(inscription)
        self.document = document
        self.revision = revision
        self.inscription = inscription
        self.regular = subset(words, bold=False)
        self.bold = subset(badge, bold=True)
        self.fonts = b""
        self.forms: dict[tuple[View, float, float, View], bytes] = {}
        self.streams: dict[bytes, bytes] = {}
        self.resources: dict[Any, bytes] = {}
        self.plates: dict[tuple[float, float], Plate] = {}
        self.places: dict[tuple[View, Spot | None], tuple[View, bytes]] = {}
        self.frames: dict[tuple[Balance, str], tuple[bytes, bytes]] = {}
        self.templates: dict[tuple[View, bytes], Once[_Template]] = {}
        self.tags = Tags(document, revision)

    def run(self, source: BinaryIO, size: int, pages: Sequence[Page]) -> bool:
        """Put the notice on these pages and say whether one of them had to grow."""
        sizes = Once(self.sized)
        sized = [sizes.of(page) for page in pages]
        numbered = [(page.number, *both) for page, both in zip(pages, sized, strict=True)]
        stamped = {page.number for page in pages if _ends_in_ours(page)}
        spots = space.chosen(source, size, numbered, stamped)
        grown = False
        done: set[tuple[int, int]] = set()
        for page, (view, one) in zip(pages, sized, strict=True):
            number = page.own.objgen
            if number in done:
                continue
            done.add(number)
            spot = spots.get(page.number)
            shown, form = self.place(view, one, spot)
            self.revision.objects[number] = self.body(page, view, shown, form)
            grown = grown or spot is None
        self.tags.close()
        return grown

    def sized(self, page: Page) -> tuple[View, Plate]:
        """Return what is seen of a page, and the plate for it."""
        view = View.of(page)
        return view, self.plate(view.size)

    def plate(self, size: tuple[float, float]) -> Plate:
        """Return the plate for a page of a size."""
        if size not in self.plates:
            self.plates[size] = lay_out(
                self.inscription, self.regular, width=size[0], height=size[1]
            )
        return self.plates[size]

    def place(self, view: View, one: Plate, spot: Spot | None) -> tuple[View, bytes]:
        """Return what is seen of a page thereafter, and a reference to its form."""
        key = view, spot
        if key not in self.places:
            shown = view if spot else _with_band(view, one)
            x, y = space.place(spot, one, view.size) if spot else _in_band(view, one)
            self.places[key] = shown, self.form(view, shown, one, x, y)
        return self.places[key]

    def form(self, view: View, shown: View, one: Plate, x: float, y: float) -> bytes:
        """Return a reference to the form that draws a plate at a place of a page."""
        key = (view, x, y, shown)
        if key not in self.forms:
            across, high = view.size
            wide, tall = shown.size
            parts = []
            if shown != view:  # what the page hid there before stays hidden
                parts.append(f"1 1 1 rg 0 {_n(high)} {_n(wide)} {_n(tall - high)} re f")
                parts.append(f"{_n(across)} 0 {_n(wide - across)} {_n(high)} re f")
            parts.append(f"q 1 0 0 1 {_n(x)} {_n(y)} cm")
            data = "\n".join(parts).encode() + b"\n"
            data += one.content(self.regular, self.bold) + b"Q\n"
            box = (0.0, 0.0, wide, tall) if shown != view else (x, y, x + one.width, y + one.height)
            if not self.fonts:
                self.fonts = self.embedded()
            filtered, packed = deflated(data)
            entries = {
                "/Type": b"/XObject",
                "/Subtype": b"/Form",
                SIGN: b"true",
                "/BBox": spelt(box),
                "/Matrix": spelt(view.matrix),
                "/Resources": b"<</Font %s>>" % self.fonts,
            }
            self.forms[key] = reference(self.revision.new(stream(entries | filtered, packed)))
        return self.forms[key]

    def embedded(self) -> bytes:
        """Put both faces into the file and return them as font resources."""
        regular = self._font(self.regular, bold=False)
        return b"<</R %s /B %s>>" % (regular, self._font(self.bold, bold=True))

    def _font(self, face: Typeface, *, bold: bool) -> bytes:
        new, add = self.revision.new, self._stream
        program = add({"/Length1": b"%d" % len(face.program)}, face.program)
        listed = add({}, face.glyph_set) if self.document.archival == 1 else b""
        descriptor = reference(new(spell(face.descriptor(program, bold=bold, listed=listed))))
        descendant = reference(new(spell(face.descendant(descriptor))))
        return reference(new(spell(face.composite(descendant, add({}, face.to_unicode)))))

    def _stream(self, entries: dict[str, bytes], data: bytes) -> bytes:
        filtered, packed = deflated(data)
        return reference(self.revision.new(stream(entries | filtered, packed)))

    def body(self, page: Page, view: View, shown: View, form: bytes) -> bytes:
        """Return the dictionary of a page with the form."""
        mark, tagged = self.tags.of(page)
        contents = self.contents(page, mark)
        if page.parted is None or tagged:
            resources = self.resources_of(page, form)
            entries = {"/Contents": contents, "/Resources": resources, **tagged}
            return changed(page.own, entries | _boxes(page, view, shown))
        key = shown, form
        if key not in self.templates:
            self.templates[key] = Once(partial(self.template, view=view, shown=shown, form=form))
        return self.templates[key].of(page).body(page.parted, contents)

    def template(self, page: Page, *, view: View, shown: View, form: bytes) -> "_Template":
        """Return what all pages say that are alike and show the same."""
        said = {"/Resources": self.resources_of(page, form), **_boxes(page, view, shown)}
        assert page.parted is not None
        _, annots, parents = page.parted
        rest = stem(page.own, ["/Contents", *said]).removeprefix(b"<< " + annots)
        before, _, behind = rest.partition(parents) if parents else (rest, b"", b"")
        return _Template(before, behind, closed(b"", said))

    def contents(self, page: Page, mark: str) -> bytes:
        """Return the content of a page, the form drawn behind it."""
        parts = [one for one in streams(page.own.get("/Contents")) if SIGN not in one]
        if not parts:
            return b"[%s]" % self.piece(_shown(mark))
        first, last = self.frame(balance(self.document, parts) or _EVEN, mark)
        return b"[%s %s %s]" % (first, b" ".join([one.unparse() for one in parts]), last)

    def frame(self, found: Balance, mark: str) -> tuple[bytes, bytes]:
        """Return references to what stands before content of a balance, and behind it."""
        key = found, mark
        if key not in self.frames:
            first = "q " * (1 + found.under) + "\n"
            ends = "ET " * found.texts + "EMC " * found.marked + "Q " * (1 + found.over)
            self.frames[key] = self.piece(first), self.piece(f"\n{ends}\n{_shown(mark)}")
        return self.frames[key]

    def piece(self, text: str) -> bytes:
        """Return a reference to a content stream of ours, the same for the same words."""
        data = text.encode()
        if data not in self.streams:
            entries = {SIGN: b"true"}
            self.streams[data] = reference(self.revision.new(stream(entries, data)))
        return self.streams[data]

    def resources_of(self, page: Page, form: bytes) -> bytes:
        """Return the resources of a page with the form among them; shared ones stay shared."""
        old = page.get("/Resources")
        if not is_dictionary(old):
            return b"<</XObject <<%s %s>>>>" % (NAME.encode(), form)
        key: Any = (old.objgen, form) if old.is_indirect else None
        if key is not None and key in self.resources:
            return self.resources[key]
        body = changed(old, {"/XObject": self.forms_of(old, form)})
        if key is None and len(body) <= _SMALL:
            return body
        key = key or body
        if key not in self.resources:
            self.resources[key] = reference(self.revision.new(body))
        return self.resources[key]

    def forms_of(self, resources: Any, form: bytes) -> bytes:
        """Return the XObjects of resources with the form among them."""
        old = resources.get("/XObject")
        if not is_dictionary(old):
            return b"<<%s %s>>" % (NAME.encode(), form)
        if not old.is_indirect:
            return changed(old, {NAME: form})
        key = ("forms", old.objgen, form)
        if key not in self.resources:
            self.resources[key] = reference(self.revision.new(changed(old, {NAME: form})))
        return self.resources[key]


class _Template(NamedTuple):
    """The dictionary of a page with the form, but for what is each page's own; see `Parted`.

    Attributes:
        before: What stands before its number in the structure.
        behind: What stands behind that.
        said: What is new beside the content.
    """

    before: bytes
    behind: bytes
    said: bytes

    def body(self, parted: Parted, contents: bytes) -> bytes:
        """Return the dictionary of one page."""
        rest = b"".join((self.before, parted.parents, self.behind))
        return b"<< %s%s/Contents %s %s" % (parted.annots, rest, contents, self.said)


def _ends_in_ours(page: Page) -> bool:
    """Say whether an earlier form of ours is what a page shows last."""
    parts = streams(page.own.get("/Contents"))
    return bool(parts) and SIGN in parts[-1]


def _shown(mark: str) -> str:
    return f"{mark}BDC {NAME} Do EMC\n" if mark else f"{NAME} Do\n"


def _with_band(view: View, one: Plate) -> View:
    """Return the view of a page with a band at its top, and to its right if it is too narrow."""
    wide = one.width + 2 * one.margin
    return view.grown(max(0.0, wide - view.size[0]), one.height + one.margin)


def _in_band(view: View, one: Plate) -> tuple[float, float]:
    return one.margin, view.size[1] + one.margin / 2


def _boxes(page: Page, view: View, shown: View) -> dict[str, bytes | None]:
    if shown == view:
        return {}
    media: Box = media_box(page)
    if media == view.box:
        return {"/MediaBox": spelt(shown.box), "/CropBox": None if _own(page) else spelt(shown.box)}
    return {"/MediaBox": spelt(union(media, shown.box)), "/CropBox": spelt(shown.box)}


def _own(page: Page) -> bool:
    """Say whether no node above gives the page a crop box."""
    return "/CropBox" not in page.inherited


def _size(source: BinaryIO) -> int:
    return source.seek(0, 2)
