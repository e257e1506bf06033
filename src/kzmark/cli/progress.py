"""Progress of long work: a bar on a terminal, nothing in a pipe."""

import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kzmark.batch import Result

_KNOWN: Final = "{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} files, {rate_fmt}, {remaining} left"
_GROWING: Final = "{n_fmt} of {total_fmt} files found so far, {rate_fmt}, {elapsed}"
_UNKNOWN: Final = "{n_fmt} files, {rate_fmt}, {elapsed}"


def progress(
    results: "Iterable[Result]", *, total: int | Iterator[object] | None, quiet: bool
) -> "Iterator[Result]":
    """Yield the results, drawing files, rate, MB/s, time left and failures on stderr.

    Args:
        results: What comes.
        total: Number of files; or a look at them, which is counted beside the work so that the
            total grows until it is known; or nothing.
        quiet: Whether to draw nothing.
    """
    if quiet or total is None or total in {0, 1} or not sys.stderr.isatty():
        yield from results
        return
    from tqdm import tqdm

    count = None if isinstance(total, int) else Count(total)
    files = total if isinstance(total, int) else None
    with tqdm(total=files, unit="file", file=sys.stderr, dynamic_ncols=True) as bar:
        told = _Told(bar)
        for result in results:
            if count:
                bar.total = count.found - told.earlier
            known = bar.total and (not count or count.whole)
            bar.bar_format = (_KNOWN if known else _GROWING if count else _UNKNOWN) + "{postfix}"
            told.add(result)
            with bar.external_write_mode(file=sys.stdout):
                yield result


class Count:
    """Counts what an iteration yields, in a thread of its own.

    Attributes:
        found: How many so far.
        whole: Whether that is all.
    """

    def __init__(self, items: Iterable[object]) -> None:
        self.found, self.whole = 0, False
        threading.Thread(target=self._run, args=(items,), daemon=True).start()

    def _run(self, items: Iterable[object]) -> None:
        try:
            for _ in items:
                self.found += 1
        except Exception:  # noqa: BLE001, S110 - the look that counts tells of it
            pass
        self.whole = True


class _Told:
    """What the bar says beside the files."""

    def __init__(self, bar: Any) -> None:
        self.earlier = 0
        self._bar = bar
        self._bytes = self._failed = 0

    def add(self, result: "Result") -> None:
        """Count a result; what an earlier run had done is no work of this one."""
        if result.earlier:
            self.earlier += 1
        else:
            self._bytes += result.size
            self._failed += result.error is not None and not result.skipped
            self._bar.update()
        seconds = self._bar.format_dict["elapsed"] or 1e-9
        parts = [f"{self._bytes / seconds / 1e6:.1f} MB/s", f"{self._failed} failed"]
        if self.earlier:
            parts.append(f"{self.earlier} done before")
        self._bar.set_postfix_str(", ".join(parts), refresh=False)
