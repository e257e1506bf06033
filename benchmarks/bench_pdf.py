"""PDF: notice, metadata and manifest on a long document, beside pypdf's watermark recipe.

    python -m benchmarks.bench_pdf             500 pages, made here
    python -m benchmarks.bench_pdf FILE        a document of your own

pypdf's recipe (its documentation, "Stamp (Overlay) / Watermark (Underlay)") merges one page into
every other and does nothing else: no metadata, no manifest, no check of what came out.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

from benchmarks import clock
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Work
from fixtures import documents

import kzmark
from kzmark.signing.identity import new_identity

PAGES = 500
ROUNDS = 5


def made(pages: int = PAGES) -> bytes:
    """Return a document of full pages of words, a heading and a line on each."""
    heading = b"q 0.3 g 72 770 451 1 re f Q "
    body = documents.lines(documents.STORY * 12, y=740, size=11)
    page = ("/MediaBox [0 0 595 842]", heading + body)
    return documents.book([page] * pages)


def theirs(data: bytes, stamp: bytes) -> bytes:
    import pypdf

    over = pypdf.PdfReader(io.BytesIO(stamp)).pages[0]
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    for page in writer.pages:
        page.merge_page(over)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def ours(stamper: kzmark.Stamper, data: bytes) -> bytes:
    from kzmark.formats.pdf import content

    content.forget()  # every file is a new one
    found = stamper.stamp(data).data
    assert found is not None
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(argv)
    data = chosen.file.read_bytes() if chosen.file else made()
    with tempfile.TemporaryDirectory() as folder:
        stamper = kzmark.Stamper(STATEMENT, identity=new_identity(Path(folder) / "id"))
        plate = stamper.stamp(documents.plain()).data
        assert plate is not None
        whole = ours(stamper, data)
        assert whole.startswith(data)
        assert kzmark.verify(whole).verdict is kzmark.Verdict.COMPLIANT
        works = {
            "pypdf, watermark only": Work(lambda: theirs(data, plate)),
            "kzmark, all of it": Work(lambda: ours(stamper, data)),
        }
        spent = clock.compared(works, rounds=chosen.rounds, least=2)
    for name, one in spent.items():
        print(f"{name:24} {one.cpu:6.2f} s CPU {one.wall:6.2f} s")
    first, second = spent.values()
    print(f"kzmark is {first.cpu / second.cpu:.1f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
