"""The page while it is being written: blocks of files in a temporary file, then all of it."""

import base64
import contextlib
import hashlib
import json
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from kzmark import __version__
from kzmark._io import atomic_output, cause
from kzmark._temporary import scratch_beside
from kzmark.cli.page.rows import Shared, failed, judged
from kzmark.cli.verdicts import NOT_READ
from kzmark.errors import KzmarkError, OutputError

if TYPE_CHECKING:
    from kzmark.report import Report

HEAD: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kzmark report</title>
"""  # by this a page of ours is known
_BLOCK: Final = 200  # files
_SPOOL: Final = 1 << 20  # bytes
_ESCAPES: Final = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


class Sheet:
    """A report page, whole when `finish` returns and not there at all before.

    Args:
        target: Where the page is to stand; its folder holds a nameless file until then.

    Raises:
        OutputError: From every method, if the folder or the disk refuses.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._shared = Shared()
        self._rows: list[list[Any]] = []
        self._pictures: list[str] = []
        self._counts: Counter[str] = Counter()
        self._policy = ""
        try:
            self._spool = scratch_beside(target, buffering=_SPOOL)
        except OSError as error:
            raise self._refused(error) from error

    def add(self, report: "Report") -> None:
        """Write one report, with its preview if it has one."""
        self._policy = self._policy or report.policy
        self._counts[report.verdict.value] += 1
        self._put(judged(report, self._shared), report.preview)

    def fail(self, error: KzmarkError) -> None:
        """Write a file that could not be read."""
        self._counts[NOT_READ] += 1
        self._put(failed(error), b"")

    def finish(self, *, total: int | None, whole: bool) -> None:
        """Give the page its name.

        Args:
            total: Number of files, if it is known.
            whole: Whether all of them were judged.
        """
        self._flush()
        told = self._counts.total()
        totals = {
            "total": told if whole else total or told,
            "left": total - told if total and not whole else 0,
            "whole": whole,
            "verdicts": dict(self._counts),
            "policy": self._policy,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": __version__,
        }
        with atomic_output(self._target, overwrite=True) as stream:
            stream.write(_begin().encode())
            self._spool.seek(0)
            shutil.copyfileobj(self._spool, stream, _SPOOL)
            stream.write(_end(totals).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(
            OSError
        ):  # what is left in it was asked for by `finish`, or by nobody
            self._spool.close()

    def _put(self, row: list[Any], preview: bytes) -> None:
        self._rows.append(row)
        self._pictures.append(base64.b64encode(preview).decode())
        if len(self._rows) >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        block = {"shared": self._shared.taken(), "rows": self._rows}
        pictures = "\n".join(["", *self._pictures, ""])
        text = f'{_data(block, "class=block")}<script type="text/plain">{pictures}</script>\n'
        try:
            self._spool.write(text.encode())
        except OSError as error:
            raise self._refused(error) from error
        self._rows, self._pictures = [], []

    def _refused(self, error: OSError) -> OutputError:
        return OutputError(
            f"the page cannot be written: {cause(error)}",
            source=str(self._target),
            hint="name another file",
        )


def _begin() -> str:
    style, script = _asset("page.css"), _asset("page.js")
    allowed = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    return (
        f'{HEAD}<meta http-equiv="Content-Security-Policy" content="{allowed}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<style>{style}</style></head><body>\n{_asset('page.html')}"
    )


def _end(totals: dict[str, Any]) -> str:
    good, total = totals["verdicts"].get("compliant", 0), totals["total"]
    return (
        f"<noscript><p>{good} of {total} files compliant. The list of files needs scripts, which "
        "are switched off here; <code>kzmark verify --json</code> gives it as text.</noscript>\n"
        f"{_data(totals, 'id=totals')}{_data(json.loads(_asset('words.json')), 'id=words')}"
        f"<script>{_asset('page.js')}</script>\n</body></html>\n"
    )


def _data(body: dict[str, Any], named: str) -> str:
    """Return data as an element that is never run, and that nothing in the data can end."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return f'<script type="application/json" {named}>{text}</script>\n'


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
