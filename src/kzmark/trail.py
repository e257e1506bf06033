"""What one stamping tells the audit log: that it begins, and how it ended."""

import contextlib
from collections.abc import Iterator
from typing import Any

from kzmark import __version__
from kzmark.audit import AuditLog
from kzmark.delivery import Destination
from kzmark.errors import KzmarkError, OutputError, UnrecordedError
from kzmark.mark import Mark
from kzmark.places import Place


@contextlib.contextmanager
def followed(
    log: AuditLog | None, mark: Mark, *, source: Place | None, goal: Destination
) -> Iterator[dict[str, Any]]:
    """Write the intent, then whether it was done or failed.

    Args:
        log: Where to, or nothing to keep no log.
        mark: The mark that the output will carry.
        source: Place of the input, or nothing.
        goal: Where the output goes.

    Yields:
        Facts for the last line, to be filled in.

    Raises:
        OutputError: If the intent cannot be written; then nothing was done.
        UnrecordedError: If all was done, and the log could not say so.
    """
    facts: dict[str, Any] = {}
    if log is None:
        yield facts
        return
    mark_id = str(mark.mark_id)
    log.intent(
        mark_id,
        source=_absolute(source),
        source_sha256=mark.source_sha256,
        output=_absolute(goal.place),
        profile=mark.profile,
        tool=f"kzmark {__version__}",
    )
    try:
        yield facts
    except KzmarkError as error:
        with contextlib.suppress(OutputError):  # the reason matters more than its record
            log.failed(mark_id, error=error.to_dict())
        raise
    try:
        log.done(mark_id, check="passed", **facts)
    except OutputError as error:
        if goal.place is None and goal.stream is None:  # then nobody has it yet
            raise
        raise UnrecordedError(
            f"stamped, but {error.message}", output=str(goal.named or ""), mark_id=mark_id
        ) from error


def _absolute(where: Place | None) -> str:
    """Return a name that means the same from every folder, as far as names go."""
    return "" if where is None else where.absolute
