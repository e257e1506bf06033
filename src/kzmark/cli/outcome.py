"""What `stamp` tells of its results: a card, a line or JSON, and the counts at the end."""

import json
import sys
import time
from argparse import Namespace
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

from kzmark.cli import notes
from kzmark.cli.terminal import harmless
from kzmark.errors import RequestError

if TYPE_CHECKING:
    from kzmark.batch import Result
    from kzmark.mark import NoticeRecord
    from kzmark.stamper import Stamped


class Outcome:
    """Tells of results as they come, and keeps count.

    Args:
        args: The options of `stamp`.
        out: Where results go.
        alone: Whether there is but one file, which gets a card and no counts.

    Attributes:
        code: The exit code so far.
        alone: As given.
        warnings: What is unwise about who signs; told before the first file that was signed.
    """

    def __init__(self, args: Namespace, out: TextIO, *, alone: bool) -> None:
        self.code = 0
        self.alone = alone
        self.warnings: list[str] = []
        self._args, self._out = args, out
        self._counts: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()
        self._skips: Counter[str] = Counter()
        self._noted: Counter[str] = Counter()
        self._bytes, self._begun = 0, time.monotonic()

    def tell(self, result: "Result") -> None:
        """Tell of one result."""
        self._bytes += 0 if result.earlier else result.size
        if result.stamped is not None:
            self._counts["stamped" if result.stamped.changed else "unchanged"] += 1
            self._noted.update(set(result.stamped.notes))
            self._show(result.stamped)
        elif result.earlier:
            self._counts["done before"] += 1
        elif result.skipped and result.error is not None:
            self._skips[result.error.code] += 1
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
        """Print what was noted, and the last line with the counts.

        Raises:
            RequestError: If there were files, and none of a format that kzmark knows.
        """
        failed, skipped = sum(self._causes.values()), sum(self._skips.values())
        if skipped and not failed and not self._counts:
            many = f"{skipped} file{'s' * (skipped > 1)}"
            raise RequestError(
                "there is no file to work on",
                hint=f"{many} of no format that kzmark knows; see kzmark formats",
            )
        if self.alone or self._args.quiet:
            return
        for code, files in sorted(self._noted.items(), key=lambda item: (-item[1], item[0])):
            line = f"kzmark: note: {files} file{'s' * (files > 1)}: {next(notes.told([code]))}"
            print(harmless(line), file=sys.stderr)
        parts = [f"{self._counts[word]} {word}" for word in ("stamped", "unchanged")]
        parts.append(f"{failed} failed{_told(self._causes)}")
        parts.append(f"{skipped} skipped{_told(self._skips)}")
        if self._counts["done before"]:
            parts.append(f"{self._counts['done before']} done before")
        print(f"kzmark: {', '.join(parts)}{self._pace()}", file=sys.stderr)

    def _pace(self) -> str:
        worked = sum(self._counts[word] for word in ("stamped", "unchanged"))
        seconds = time.monotonic() - self._begun
        if not worked or seconds <= 0:
            return ""
        size = self._bytes / 1e6
        return (
            f"; {size:.1f} MB in {seconds:.1f} s "
            f"({worked / seconds:.1f} files/s, {size / seconds:.1f} MB/s)"
        )

    def _show(self, done: "Stamped") -> None:
        for warning in () if self._args.quiet else self.warnings:
            print(harmless(f"kzmark: warning: {warning}"), file=sys.stderr)
        self.warnings = []
        if self._args.json:
            self.row(done.to_dict())
        elif not self._args.quiet:
            print(_card(done) if self.alone else _line(done), file=self._out)


def _told(counts: "Counter[str]") -> str:
    causes = ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))
    return f" ({causes})" if causes else ""


def failure(result: "Result") -> dict[str, Any]:
    """Return the JSON line of a file that was not stamped."""
    assert result.error is not None
    return {
        "source": str(result.source),
        "output": None,
        "format": None,
        "medium": None,
        "mark_id": None,
        "sha256": None,
        "status": "failed",
        "layers": [],
        "notes": [],
        "seconds": 0.0,
        "error": result.error.to_dict(),
    }


def said(notice: "NoticeRecord") -> str:
    """Return what a person reads or hears of a notice."""
    from kzmark.mark import TONE

    if notice.voices == (TONE,):
        return "a signal tone, which is weak: it says nothing"
    return " / ".join(notice.texts)


def _line(done: "Stamped") -> str:
    what = "stamped  " if done.changed else "unchanged"
    return harmless(f"{what}  {done.output}  ({done.format}: {' '.join(done.layers)})")


def _card(done: "Stamped") -> str:
    what = "stamped" if done.changed else "unchanged, it carries this mark"
    lines = [
        f"{done.output}: {what}",
        f"  mark     {done.mark.mark_id}, in {', '.join(done.layers)}",
        f"  notice   {said(done.mark.notice)}",
        f"  format   {done.format}, sha256 {done.sha256[:16]}…, {done.seconds * 1e3:.0f} ms",
    ]
    for number, note in enumerate(notes.told(done.notes)):
        lines.append(f"  {'' if number else 'notes':8} {note}")
    return "\n".join(map(harmless, lines))
