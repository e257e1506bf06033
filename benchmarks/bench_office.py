"""Word: notice, properties, manifest and check, beside python-docx that opens and saves.

    python -m benchmarks.bench_office             letters of several lengths, made here
    python -m benchmarks.bench_office FILE        a document of your own

python-docx does nothing to the document: it reads it and writes it again. Every file is a new one:
no two have the same text. Letters are written and stamped one after another, so each program does a
run of them before it is the other's turn.
"""

import argparse
import gc
import io
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks import clock
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Work

import kzmark
from kzmark.signing.identity import new_identity

PARAGRAPHS = (20, 500, 5_000)
ROUNDS = 9
RUN = 10  # files in a row


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


def another(data: bytes, number: int) -> bytes:
    """Return a document with a word more at the beginning of every text: one nobody has seen."""
    target, word = io.BytesIO(), f"{number}. ".encode()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            held = old.read(info)
            if info.filename == "word/document.xml":
                held = re.sub(rb"(<w:t(?: [^>]*)?>)", rb"\g<1>" + word, held)
            new.writestr(info, held, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def theirs(data: bytes) -> bytes:
    import docx

    target = io.BytesIO()
    docx.Document(io.BytesIO(data)).save(target)
    return target.getvalue()


def ours(stamper: kzmark.Stamper, data: bytes) -> bytes:
    found = stamper.stamp(data).data
    assert found is not None
    return found


def measured(stamper: kzmark.Stamper, data: bytes, rounds: int) -> tuple[float, float]:
    """Return CPU seconds of python-docx and of kzmark for one file, medians of runs.

    What either leaves behind is collected before the other begins.
    """
    assert kzmark.verify(ours(stamper, data)).verdict is kzmark.Verdict.COMPLIANT
    letters = [another(data, number) for number in range((rounds + 2) * RUN)]
    left, right = iter(letters), iter(letters)
    works = {
        "before": Work(gc.collect),
        "theirs": Work(lambda: theirs(next(left)), in_a_row=RUN),
        "between": Work(gc.collect),
        "ours": Work(lambda: ours(stamper, next(right)), in_a_row=RUN),
    }
    spent = clock.compared(works, rounds=rounds, least=min(3, rounds))
    return spent["theirs"].cpu, spent["ours"].cpu


def section(rounds: int) -> str:
    """Return the table of the page."""
    rows = [
        "### Word files",
        "",
        f"Letters of different texts, {RUN} in a row by each program in turn.",
        "",
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
    return "\n".join(rows)


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
