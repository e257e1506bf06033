"""Progress of long work: a bar with rate and time left on a terminal, nothing in a pipe."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

R = TypeVar("R")


def progress(results: Iterable[R], *, total: int, quiet: bool) -> Iterator[R]:
    """Yield the results, drawing a bar on stderr while more than one is under way."""
    if quiet or total < 2 or not sys.stderr.isatty():
        yield from results
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="file", file=sys.stderr, dynamic_ncols=True) as bar:
        for result in results:
            bar.update()
            with bar.external_write_mode(file=sys.stdout):
                yield result
