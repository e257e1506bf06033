"""Word: notice, properties, manifest and check, beside python-docx that opens and saves.

    python -m benchmarks.bench_office             letters of several lengths, made here
    python -m benchmarks.bench_office FILE        a document of your own

python-docx does nothing to the document: it reads it and writes it again.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

from benchmarks import clock
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Work

import kzmark
from kzmark.signing.identity import new_identity

PARAGRAPHS = (20, 500, 5_000)
ROUNDS = 9


def made(paragraphs: int) -> bytes:
    """Return a document as python-docx makes it: its template, headings, text, a table."""
    import docx

    book = docx.Document()
    for number in range(paragraphs):
        if number % 25 == 0:
            book.add_heading(f"The wind, part {number // 25 + 1}", 1)
        book.add_paragraph(f"{number} The wind rose over the steppe at daybreak. " * 4)
    book.add_table(3, 3)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def theirs(data: bytes) -> bytes:
    import docx

    target = io.BytesIO()
    docx.Document(io.BytesIO(data)).save(target)
    return target.getvalue()


def ours(stamper: kzmark.Stamper, data: bytes) -> bytes:
    from kzmark.formats import _xmlmap
    from kzmark.formats._zip import package

    package.forget()  # every file is a new one
    _xmlmap.forget()
    found = stamper.stamp(data).data
    assert found is not None
    return found


def measured(stamper: kzmark.Stamper, data: bytes, rounds: int) -> tuple[float, float]:
    """Return CPU seconds of python-docx and of kzmark for one file."""
    assert kzmark.verify(ours(stamper, data)).verdict is kzmark.Verdict.COMPLIANT
    works = {"theirs": Work(lambda: theirs(data)), "ours": Work(lambda: ours(stamper, data))}
    spent = clock.compared(works, rounds=rounds, least=3)
    return spent["theirs"].cpu, spent["ours"].cpu


def section(rounds: int) -> str:
    """Return the table of the page."""
    rows = [
        "## Word files",
        "| paragraphs | file | python-docx, open and save | kzmark, all of it | times as fast |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        stamper = kzmark.Stamper(STATEMENT, identity=new_identity(Path(folder) / "id"))
        for paragraphs in PARAGRAPHS:
            data = made(paragraphs)
            one, two = measured(stamper, data, rounds)
            rows.append(
                f"| {paragraphs:,} | {len(data) / 1e3:,.0f} kB | {one * 1e3:.1f} ms "
                f"| {two * 1e3:.1f} ms | {one / two:.1f} |"
            )
    return "\n".join([rows[0], "", *rows[1:]])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(argv)
    if chosen.file is None:
        print(section(chosen.rounds))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        stamper = kzmark.Stamper(STATEMENT, identity=new_identity(Path(folder) / "id"))
        one, two = measured(stamper, chosen.file.read_bytes(), chosen.rounds)
    print(f"python-docx {one * 1e3:.1f} ms CPU, kzmark {two * 1e3:.1f} ms, {one / two:.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
