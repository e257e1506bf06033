"""A report page: one self-contained HTML file, no script, nothing fetched."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kzmark.report import Report

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #8886;vertical-align:top}
td.file{overflow-wrap:anywhere}
b.compliant{color:#0a7d33}b.not-compliant{color:#c0262d}b.undetermined{color:#9a6700}
ul{margin:0;padding-left:1.1rem}"""


def page(reports: Sequence["Report"]) -> str:
    """Return the page as HTML 5."""
    good = sum(report.verdict.value == "compliant" for report in reports)
    rows = "\n".join(_row(report) for report in reports)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kzmark report</title>
<meta name="viewport" content="width=device-width">
<style>{_STYLE}</style></head><body>
<h1>{good} of {len(reports)} files compliant</h1>
<p>An unmarked file is of unknown origin: nothing here says that a person made it.</p>
<table><thead><tr><th>File<th>Format<th>Verdict<th>Findings</tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def _row(report: "Report") -> str:
    items = "".join(
        f"<li>{escape(f.outcome.value)}: {escape(f.message)} <small>{escape(f.clause)}</small>"
        for f in report.findings
    )
    verdict = report.verdict.value
    return (
        f'<tr><td class="file">{escape(report.source)}<br><small>{report.sha256}</small>'
        f"<td>{escape(report.format)}"
        f'<td><b class="{verdict}">{verdict}</b><br>{escape(report.reason.value)}'
        f"<td><ul>{items}</ul></tr>"
    )
