"""Documents and texts that nobody marked: in how many of them is a notice found? It must be none.

    python -m benchmarks.unmarked               whatever of the kind this machine has
    python -m benchmarks.unmarked FOLDER...     folders of your own
    python -m benchmarks.unmarked --most 2000   no more files of each format than these

Debian's documentation, manual pages (unpacked), and what Python packages ship: HTML, Markdown,
plain text, PDF, Office files. The words of the notice are looked for as `verify` looks for them.
"""

import argparse
import gzip
import io
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import KzmarkError
from kzmark.profile import DEFAULT, load
from kzmark.report import Status
from kzmark.seeing import see
from kzmark.subject import open_subject

FOLDERS: Final = (
    Path("/usr/share/doc"),
    Path("/usr/share/man"),
    *(Path(one) for one in sys.path if one.endswith("site-packages")),
)
ENDS: Final = frozenset(
    {
        *(".html", ".htm", ".md", ".txt", ".rst", ".pdf", ".csv", ".json", ".srt", ".vtt"),
        *(".docx", ".pptx", ".xlsx", ".odt", ".ods", ".odp", ".epub"),
    }
)
PLAIN: Final = frozenset({".rst", ""})  # read as plain text: README, copyright, a manual page
LIMITS: Final = Limits(max_pages=200)
LARGEST: Final = 4 << 20  # bytes


class Sample(NamedTuple):
    """A file under its name as it would be without packing."""

    path: Path
    name: str


class Seen(NamedTuple):
    """What came of looking at one file: its format, and what was said of a notice."""

    format: str
    status: str


def samples(folders: Iterable[Path]) -> Iterator[Sample]:
    """Yield the documents and texts below some folders, in the order of their names."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.name.removesuffix(".gz")
            suffix = Path(name).suffix.lower()
            plain = suffix[1:].isdigit() or suffix in PLAIN  # manual pages end in their section
            if (suffix in ENDS or plain) and path.is_file() and not path.is_symlink():
                yield Sample(path, f"{name}.txt" if plain else name)


def look(sample: Sample) -> Seen:
    """Look for a notice in one file."""
    data = sample.path.read_bytes()
    try:
        data = gzip.decompress(data) if sample.path.suffix == ".gz" else data
        if len(data) > LARGEST:
            return Seen("", "too large")
        subject = open_subject(io.BytesIO(data), limits=LIMITS, name=sample.name)
        found = see(subject, None, profile=load(DEFAULT), limits=LIMITS)
    except (KzmarkError, OSError, EOFError) as error:
        return Seen("", type(error).__name__)
    return Seen(subject.adapter.info.name, found.status.value)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--most", type=int, default=0, help="files of each format, at most")
    chosen = parser.parse_args(argv)
    counts: Counter[Seen] = Counter()
    formats: Counter[str] = Counter()
    false: list[Path] = []
    begun = time.perf_counter()
    for sample in samples(chosen.folders or FOLDERS):
        end = Path(sample.name).suffix
        if chosen.most and formats[end] >= chosen.most:
            continue
        seen = look(sample)
        counts[seen] += 1
        formats[end] += 1
        if seen.status in {Status.PRESENT.value, Status.BROKEN.value}:
            false.append(sample.path)
    for (name, status), count in sorted(counts.items()):
        print(f"{name or '-':12} {status:22} {count:7}")
    judged = sum(count for (name, _), count in counts.items() if name)
    print(f"{judged} judged in {time.perf_counter() - begun:.0f} s, {len(false)} false notices")
    for path in false:
        print(f"  {path}")
    return bool(false)


if __name__ == "__main__":
    sys.exit(main())
