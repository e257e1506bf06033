"""A report page: one self-contained HTML file, no script, nothing fetched."""

import html
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kzmark.cli.terminal import harmless
from kzmark.errors import KzmarkError, OutputError, OutputExistsError, RequestError

if TYPE_CHECKING:
    from kzmark.report import Report

_HEAD: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kzmark report</title>
"""

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #8886;vertical-align:top}
td.file{overflow-wrap:anywhere}
b.compliant{color:#0a7d33}b.not-compliant{color:#c0262d}b.undetermined{color:#9a6700}
ul{margin:0;padding-left:1.1rem}"""


def check(target: Path, sources: Sequence[Path]) -> None:
    """Refuse a target that the page must not replace or cannot be written to.

    Files in folders need no look: what is no such page is refused whatever it is.

    Raises:
        RequestError: If it is one of the sources.
        OutputExistsError: If a file stands there that is neither empty nor such a page.
        OutputError: If it is no regular file, or its folder refuses.
    """
    from kzmark.cli.targets import is_one_of

    name = str(target)
    if is_one_of(target, sources):
        raise RequestError("the page would replace a source", source=name, hint="name another file")
    try:
        if not _is_free(target):
            raise OutputExistsError(
                "a file that is no report page stands there", source=name, hint="name another file"
            )
    except OSError as error:
        raise OutputError(
            f"the page cannot be written: {error.strerror}", source=name, hint="name another file"
        ) from error


def write(
    target: Path, reports: Sequence["Report"], failures: Sequence[KzmarkError], *, total: int
) -> None:
    """Write the page, whole or not at all.

    Raises:
        OutputError: If the folder or the disk refuses.
    """
    from kzmark._io import write_atomic

    write_atomic(target, [page(reports, failures, total=total).encode()], overwrite=True)


def page(reports: Sequence["Report"], failures: Sequence[KzmarkError] = (), *, total: int) -> str:
    """Return the page as HTML 5.

    Args:
        reports: One for each file that was judged.
        failures: One for each file that could not be read.
        total: Number of files.
    """
    good = sum(report.verdict.value == "compliant" for report in reports)
    rows = "\n".join([*map(_row, reports), *map(_failed, failures)])
    return f"""{_HEAD}<meta name="viewport" content="width=device-width">
<style>{_STYLE}</style></head><body>
<h1>{good} of {total} files compliant</h1>
<p>An unmarked file is of unknown origin: nothing here says that a person made it.</p>
<table><thead><tr><th>File<th>Format<th>Verdict<th>Findings</tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def _is_free(target: Path) -> bool:
    try:
        found = target.stat()
    except FileNotFoundError:
        folder = target.parent
        if not stat.S_ISDIR(folder.stat().st_mode) or not os.access(folder, os.W_OK):
            raise PermissionError(0, "its folder cannot be written to") from None
        return True
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "no regular file stands there")
    with target.open("rb") as stream:
        return stream.read(len(_HEAD.encode())) in {b"", _HEAD.encode()}


def _row(report: "Report") -> str:
    items = "".join(
        f"<li>{_text(f.outcome.value)}: {_text(f.message)} <small>{_text(f.clause)}</small>"
        for f in report.findings
    )
    verdict = report.verdict.value
    return (
        f'<tr><td class="file">{_text(report.source)}<br><small>{report.sha256}</small>'
        f"<td>{_text(report.format)}"
        f'<td><b class="{verdict}">{verdict}</b><br>{_text(report.reason.value)}'
        f"<td><ul>{items}</ul></tr>"
    )


def _failed(error: KzmarkError) -> str:
    return (
        f'<tr><td class="file">{_text(error.source)}<td>'
        f'<td><b class="not-compliant">not read</b><br>{_text(error.code)}'
        f"<td>{_text(error.message)}</tr>"
    )


def _text(words: str) -> str:
    """Return words that can neither be markup, nor turn the line round, nor break the encoding."""
    return html.escape(harmless(words))
