"""In documents and texts that nobody marked, no notice is found."""

from collections import Counter
from itertools import islice

import pytest
from benchmarks import unmarked

from kzmark.report import Status

LEAST = 500
MOST = {".html": 40, ".md": 30, ".pdf": 10}  # the rest is plain text
SMALL = 40_000  # bytes, packed or not


def chosen() -> list[unmarked.Sample]:
    counts: Counter[str] = Counter()
    found = []
    for sample in unmarked.samples(unmarked.FOLDERS[:2]):
        end = sample.name[sample.name.rfind(".") :]
        if sample.path.stat().st_size > SMALL or counts[end] >= MOST.get(end, LEAST):
            continue
        counts[end] += 1
        found.append(sample)
        if len(found) > LEAST + sum(MOST.values()):
            break
    return found


def test_no_notice_is_found_where_none_is() -> None:
    samples = chosen()
    if len(samples) < LEAST:
        pytest.skip(f"{len(samples)} documents of others on this machine, {LEAST} are needed")

    seen = [(sample, unmarked.look(sample)) for sample in islice(samples, LEAST + 80)]

    wrong = {Status.PRESENT.value, Status.BROKEN.value}
    assert sum(bool(one.format) for _, one in seen) >= LEAST
    assert [sample.path for sample, one in seen if one.status in wrong] == []
