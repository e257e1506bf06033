"""What goes into a batch, and what comes out."""

from dataclasses import dataclass
from uuid import UUID

from kzmark.errors import InternalError, KzmarkError, UnknownFormatError
from kzmark.places import Facts, Named
from kzmark.report import Report
from kzmark.sniff import promised
from kzmark.stamper import Stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to stamp.

    Attributes:
        source: Path or URL of the input.
        target: Path or URL of the output; may be the input itself.
        overwrite: Whether an existing target may be replaced.
        replace: Whether a different mark that the file carries is replaced.
        make_folder: Whether the folder of the target is made, if it is not there.
        mark_id: Id of its mark; a new one if left out.
        facts: Size and version of the source, where a listing told them: it saves a look.
        listed: Whether it came out of a folder: then a file is skipped that neither its content nor
            its name takes for one of the formats.
    """

    source: Named
    target: Named
    overwrite: bool = False
    replace: bool = False
    make_folder: bool = False
    mark_id: UUID | None = None
    facts: Facts | None = None
    listed: bool = False

    def may_skip(self, error: KzmarkError) -> bool:
        """Say whether it is no failure that this file was not stamped."""
        unknown = self.listed and isinstance(error, UnknownFormatError)
        return unknown and not promised(str(self.source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one job: a stamp, a report, an error, or that there was nothing to do.

    Attributes:
        source: The input, as it was named.
        stamped: What a stamping gave.
        report: What a verification gave.
        error: Why there is none of these.
        earlier: Whether an earlier run had done it, which the journal proves; then there is
            nothing else.
        skipped: Whether it came out of a folder and neither its content nor its name takes it for
            one of the formats.
        size: Size of the input in bytes, 0 if it is not known.
    """

    source: Named
    stamped: Stamped | None = None
    report: Report | None = None
    error: KzmarkError | None = None
    earlier: bool = False
    skipped: bool = False
    size: int = 0


def unforeseen(error: Exception, source: object) -> InternalError:
    """Return an exception that nobody foresaw as an error of one file."""
    told = InternalError(
        f"{type(error).__name__}: {error}",
        source=str(source),
        hint="this is an error of kzmark: please report it with the file",
    )
    told.__cause__ = error
    return told


def died(source: object) -> InternalError:
    """Return what to say of a file on which workers die again and again."""
    return InternalError(
        "the worker died on it, twice",
        source=str(source),
        hint="it may need more memory than there is; the others went on",
    )
