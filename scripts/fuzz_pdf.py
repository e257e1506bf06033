"""Damage PDFs at random and do everything with them: only a `MediaError` may come out.

python scripts/fuzz_pdf.py [FILES] [SEED]
"""

import io
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from kzmark._limits import Limits  # noqa: E402 - the path above comes first
from kzmark.errors import MediaError  # noqa: E402
from kzmark.formats.pdf import ADAPTER  # noqa: E402
from kzmark.testing import INSCRIPTION, example_mark  # noqa: E402

LIMITS = Limits(max_seconds=10)
WORDS = (
    b"/Kids /Count /Contents obj endobj stream /Length /Resources /XObject /MediaBox /Rotate /Prev"
)
TOKENS = [*WORDS.split(), b"/Size", b"/W", b"null", b"[", b"]", b"<<", b">>", b"9" * 15, b"-1"]
TOKENS += [b"1 0 R", b"2 0 R", b"3 0 R", b"4 0 R", b"(", b")", b"/Filter /FlateDecode", b"/Parent"]
MARK = example_mark(ADAPTER)


def written(data: bytes) -> bytes:
    target = io.BytesIO()
    ADAPTER.write(io.BytesIO(data), target, MARK, limits=LIMITS)
    return target.getvalue()


def inscribed(data: bytes) -> bytes:
    target = io.BytesIO()
    ADAPTER.inscribe(io.BytesIO(data), target, INSCRIPTION, limits=LIMITS)
    return target.getvalue()


WORKS: dict[str, Callable[[bytes], object]] = {
    "read": lambda data: ADAPTER.read(io.BytesIO(data), limits=LIMITS),
    "write": written,
    "inscribe": inscribed,
    "leaves": lambda data: list(ADAPTER.leaves(io.BytesIO(data), limits=LIMITS)),
    "survey": lambda data: ADAPTER.survey(data, limits=LIMITS),
    "room": lambda data: ADAPTER.room(data, 2_000),
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 10))):
        at, kind = chance.randrange(max(1, len(found))), chance.random()
        if kind < 0.4 and found:
            found[at] ^= 1 << chance.randrange(8)
        elif kind < 0.55:
            del found[at : at + chance.randrange(1, 30)]
        elif kind < 0.8:
            found[at : at + chance.choice((0, 0, 3, 6))] = chance.choice(TOKENS)
        elif kind < 0.9:
            other = chance.randrange(max(1, len(found)))
            found[at:at] = found[other : other + chance.randrange(1, 200)]
        else:
            del found[max(1, at) :]
    return bytes(found)


def main() -> int:
    count, seed = (int(one) for one in [*sys.argv[1:], "2000", "1"][:2])
    chance = random.Random(seed)
    clean = [path.read_bytes() for path in sorted((ROOT / "fixtures" / "clean").glob("*.pdf"))]
    pool = [*clean, *(written(inscribed(data)) for data in clean)]
    ends: Counter[str] = Counter()
    worst = 0.0
    for _ in range(count):
        data = damaged(chance.choice(pool), chance)
        for name, work in WORKS.items():
            start = time.perf_counter()
            try:
                work(data)
                ends[f"{name}: done"] += 1
            except MediaError as error:
                ends[f"{name}: {type(error).__name__}"] += 1
            worst = max(worst, time.perf_counter() - start)
    for end, times in sorted(ends.items()):
        print(f"{times:8} {end}")
    print(f"the longest took {worst:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
