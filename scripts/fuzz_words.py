"""The same as `fuzz.py` for documents and texts, and more: notice, every page, a manifest.

fuzz_words.py [--inputs N] [--seed S] [--workers W] [--keep FOLDER]
"""

import contextlib
import importlib
import io
import sys
from collections.abc import Callable
from typing import Any

fuzz: Any = importlib.import_module("fuzz")

FORMATS = (
    *("docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "pdf"),
    *("html", "markdown", "text", "srt", "vtt", "json", "csv"),
)
_PLAIN = fuzz.everything


def everything(name: str, data: bytes) -> None:
    """Do all that kzmark does with a document or a text."""
    from kzmark._limits import Limits
    from kzmark.errors import MediaError
    from kzmark.formats import adapter

    _PLAIN(name, data)
    limits = Limits(max_seconds=5)
    for call in worded(adapter(name), data, limits):
        with contextlib.suppress(MediaError):
            call()


def worded(one: Any, data: bytes, limits: Any) -> list[Callable[[], Any]]:
    """Return what else is done with a file of an adapter."""
    from kzmark._rope import Rope
    from kzmark.formats._embedding import Embeds, Packs, chooses
    from kzmark.formats._text import Impresses, Inscribes, Legible
    from kzmark.testing import INSCRIPTION, example_mark

    def source() -> io.BytesIO:
        return io.BytesIO(data)

    calls: list[Callable[[], Any]] = []
    mark = example_mark(one)
    if isinstance(one, Inscribes):
        calls.append(lambda: one.inscribe(source(), Rope(), INSCRIPTION, limits=limits))
    if isinstance(one, Impresses):
        calls.append(lambda: one.impress(source(), Rope(), INSCRIPTION, mark, limits=limits))
    if isinstance(one, Legible):
        calls.append(lambda: list(one.leaves(source(), limits=limits)))
    chosen: Any = one.embedding if chooses(one) else one
    if isinstance(chosen, Packs):
        calls.append(lambda: chosen.parcel(data, limits=limits).closed(b"store"))
        calls.append(lambda: chosen.parcel(data, limits=limits).members)
    elif isinstance(chosen, Embeds):
        calls.append(lambda: chosen.survey(data, limits=limits))
        calls.append(lambda: chosen.room(data, 3_000))
    return calls


fuzz.everything = everything  # the workers import this file too, as their main module
if __name__ == "__main__":
    sys.argv[1:1] = ["--only", ",".join(FORMATS)]
    sys.exit(fuzz.main())
