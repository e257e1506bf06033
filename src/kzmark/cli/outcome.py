"""What `stamp` tells of its results: a card, a line or JSON, and the counts at the end."""

import json
import sys
from argparse import Namespace
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

from kzmark.cli.terminal import harmless

if TYPE_CHECKING:
    from kzmark.batch import Result
    from kzmark.stamper import Stamped


class Outcome:
    """Tells of results as they come, and keeps count.

    Args:
        args: The options of `stamp`.
        out: Where results go.
        alone: Whether there is but one file, which gets a card and no counts.
        skipped: Number of files of no known format.
    """

    def __init__(self, args: Namespace, out: TextIO, *, alone: bool, skipped: int = 0) -> None:
        self.code = 0
        self._args, self._out, self._alone, self._skipped = args, out, alone, skipped
        self._counts: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()

    def tell(self, result: "Result") -> None:
        """Tell of one result."""
        if result.stamped is not None:
            self._counts["stamped" if result.stamped.changed else "unchanged"] += 1
            self._show(result.stamped)
        else:
            self.fail(result)

    def fail(self, result: "Result") -> None:
        """Tell of a file that was not stamped."""
        from kzmark.cli import complain, exit_code

        assert result.error is not None
        self.code = max(self.code, exit_code(result.error))
        self._causes[result.error.code] += 1
        complain(result.error, sys.stderr)
        if self._args.json:
            self.row(failure(result))

    def row(self, body: dict[str, Any]) -> None:
        """Print one JSON line."""
        print(json.dumps(body, ensure_ascii=False), file=self._out, flush=True)

    def close(self) -> None:
        """Print the last line, with the counts."""
        if self._alone or self._args.quiet:
            return
        failed = sum(self._causes.values())
        causes = ", ".join(f"{code} {count}" for code, count in sorted(self._causes.items()))
        parts = [f"{self._counts[word]} {word}" for word in ("stamped", "unchanged")]
        parts.append(f"{failed} failed ({causes})" if failed else "0 failed")
        parts.append(f"{self._skipped} skipped")
        print(f"kzmark: {', '.join(parts)}", file=sys.stderr)

    def _show(self, done: "Stamped") -> None:
        if self._args.json:
            self.row(done.to_dict())
        elif not self._args.quiet:
            print(_card(done) if self._alone else _line(done), file=self._out)


def failure(result: "Result") -> dict[str, Any]:
    """Return the JSON line of a file that was not stamped."""
    assert result.error is not None
    return {
        "source": str(result.source),
        "output": None,
        "format": "",
        "medium": "",
        "mark_id": None,
        "sha256": None,
        "status": "failed",
        "layers": [],
        "notes": [],
        "seconds": 0.0,
        "error": result.error.to_dict(),
    }


def _line(done: "Stamped") -> str:
    what = "stamped  " if done.changed else "unchanged"
    return harmless(f"{what}  {done.output}  ({done.format}: {' '.join(done.layers)})")


def _card(done: "Stamped") -> str:
    what = "stamped" if done.changed else "unchanged, it carries this mark"
    lines = [
        f"{done.output}: {what}",
        f"  mark     {done.mark.mark_id}, in {', '.join(done.layers)}",
        f"  notice   {' / '.join(done.mark.notice.texts)}",
        f"  format   {done.format}, sha256 {done.sha256[:16]}…, {done.seconds * 1e3:.0f} ms",
    ]
    if done.notes:
        lines.append(f"  notes    {', '.join(done.notes)}")
    return "\n".join(map(harmless, lines))
