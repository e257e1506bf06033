"""Pages as pictures, by pdfium (through pypdfium2)."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import MalformedMediaError
from kzmark.formats.pdf.view import Box, View

_CLOSE: Final = 1.0  # points by which two readers may differ about the size of a page


class Sheet:
    """One page as pdfium sees it.

    Attributes:
        raw: The page of pypdfium2.
        view: What is seen of it.
        factor: Displayed points to a point of pdfium, which may not know of units.
    """

    def __init__(self, raw: Any, view: View, factor: float) -> None:
        self.raw = raw
        self.view = view
        self.factor = factor

    def grey(self, box: Box, *, scale: float = 1.0) -> NDArray[np.uint8]:
        """Return a part of the page, box in displayed points, in levels of grey."""
        return self._pixels(box, scale, grayscale=True)[:, :, 0]

    def colours(self, box: Box, *, scale: float = 1.0) -> NDArray[np.uint8]:
        """Return a part of the page, box in displayed points, as RGB."""
        return self._pixels(box, scale, rev_byteorder=True)[:, :, :3]

    def lose_last_form(self) -> None:
        """Draw it without its last object from now on, if that is a form; the file stays."""
        import pypdfium2.raw as pdfium

        last = pdfium.FPDFPage_GetObject(self.raw, pdfium.FPDFPage_CountObjects(self.raw) - 1)
        if last and pdfium.FPDFPageObj_GetType(last) == pdfium.FPDF_PAGEOBJ_FORM:
            pdfium.FPDFPage_RemoveObject(self.raw, last)
            pdfium.FPDFPageObj_Destroy(last)

    def close(self) -> None:
        """Let go of it."""
        self.raw.close()

    def _pixels(self, box: Box, scale: float, **options: Any) -> NDArray[np.uint8]:
        across, high = self.view.size
        one = 1 / self.factor
        crop = (
            max(0.0, box[0]) * one,
            max(0.0, box[1]) * one,
            max(0.0, across - box[2]) * one,
            max(0.0, high - box[3]) * one,
        )
        bitmap = self.raw.render(
            scale=scale * self.factor, crop=crop, may_draw_forms=False, **options
        )
        found: NDArray[np.uint8] = bitmap.to_numpy().copy()
        bitmap.close()
        return found if found.ndim == 3 else found[:, :, None]


class Book:
    """A PDF as pdfium sees it."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    @property
    def count(self) -> int:
        """How many pages it has."""
        return len(self.raw)

    def page(self, index: int, view: View) -> Sheet | None:
        """Return a page, or nothing if pdfium sees another part of it than is meant."""
        page = self.raw[index]
        seen, meant = page.get_size(), view.size
        for factor in (1.0, view.unit):
            pairs = zip(seen, meant, strict=True)
            if all(abs(a * factor - b) <= _CLOSE * factor for a, b in pairs):
                return Sheet(page, view, factor)
        page.close()
        return None


@contextmanager
def rendered(source: BinaryIO) -> Iterator[Book]:
    """Open a PDF for looking at it; `part` of `document` makes a stream that is quick to read.

    Raises:
        ImportError: If pypdfium2 is not installed.
        MalformedMediaError: If pdfium cannot read it.
    """
    import pypdfium2 as pdfium

    source.seek(0)
    data = source.getvalue() if isinstance(source, io.BytesIO) else source  # asked by the kilobyte
    try:
        document = pdfium.PdfDocument(data, autoclose=False)
    except pdfium.PdfiumError as error:
        raise MalformedMediaError(f"the PDF cannot be shown: {error}") from error
    try:
        yield Book(document)
    except pdfium.PdfiumError as error:
        raise MalformedMediaError(f"a page cannot be shown: {error}") from error
    finally:
        document.close()
