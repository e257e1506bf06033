"""PDFs for tests, stamped and changed."""

import io
from collections.abc import Callable
from typing import Any

from fixtures import documents

import kzmark
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.formats.pdf import ADAPTER
from kzmark.mark import Mark
from kzmark.notices import words
from kzmark.profile import load
from kzmark.report import Evidence
from kzmark.testing import INSCRIPTION, example_mark

STATEMENT = kzmark.Statement(
    system=kzmark.System(name="TextGen", version="1"),
    responsible=kzmark.Responsible(name="ТОО Пример"),
)


def inscribed(data: bytes, **options: Any) -> bytes:
    target = io.BytesIO()
    wanted = options.pop("inscription", INSCRIPTION)
    ADAPTER.inscribe(io.BytesIO(data), target, wanted, limits=options.get("limits", DEFAULT_LIMITS))
    return target.getvalue()


def written(data: bytes, number: int = 1) -> bytes:
    target = io.BytesIO()
    mark = example_mark(ADAPTER, number=number)
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def judged(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Evidence:
    """Say how a reader finds the notice of `INSCRIPTION`."""
    texts = [line.text for line in INSCRIPTION.lines]
    told = {"notice": {"languages": ["kk", "ru"], "texts": texts}}
    mark = Mark.from_dict(example_mark(ADAPTER).to_dict() | told)
    return words.find(ADAPTER.leaves(io.BytesIO(data), limits=limits), profile=load(), mark=mark)


def changed(data: bytes, change: Callable[[Any], None], **options: Any) -> bytes:
    """Return a file that another program opened, changed and saved."""
    import pikepdf

    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(target, **options)
    return target.getvalue()


def behind(pdf: Any, content: bytes) -> None:
    """Add a content stream behind all others of the first page."""
    page = pdf.pages[0]
    page.obj["/Contents"] = [*page.obj["/Contents"], pdf.make_stream(content)]


def before(pdf: Any, content: bytes) -> None:
    """Add a content stream before all others of the first page."""
    page = pdf.pages[0]
    page.obj["/Contents"] = [pdf.make_stream(content), *page.obj["/Contents"]]


def form_of(pdf: Any) -> Any:
    """Return the form that draws the notice."""
    return pdf.pages[0].obj["/Resources"]["/XObject"]["/KzmarkNotice"]


def redrawn(pdf: Any, change: Callable[[bytes], bytes]) -> None:
    """Change what the form draws."""
    form = form_of(pdf)
    form.write(change(form.read_bytes()))


PAGE = documents.plain()
