"""`Stamper`: made once, used for every output of a pipeline."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from kzmark import __version__, paths, pipeline
from kzmark._io import sha256
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.audit import AuditLog
from kzmark.errors import KzmarkError
from kzmark.mark import Mark
from kzmark.notices.style import NoticeStyle
from kzmark.pipeline import Finished
from kzmark.plan import Plan
from kzmark.profile import DEFAULT, Profile, load
from kzmark.signing.identity import Identity, open_identity
from kzmark.signing.signer import Signer
from kzmark.statement import Statement
from kzmark.still import Still, is_picture
from kzmark.subject import Subject, read_layers
from kzmark.vocabulary import Corner, Layer

Source = Any  # a path, bytes, a binary stream, a PIL.Image or a NumPy array
Target = str | os.PathLike[str] | BinaryIO | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What one stamping gave.

    Attributes:
        source: Name of the input, or an empty string.
        output: Path of the output, or nothing if it went to a stream or to `data`.
        format: Exact name of the format.
        medium: What a person perceives.
        mark: The mark it carries.
        sha256: SHA-256 of the output, 64 hexadecimal digits.
        changed: False if the input carried this very mark already.
        layers: Where the mark stands.
        notes: What else changed, as stable codes (docs/reference/codes.md).
        seconds: Time it took, in seconds.
        data: The whole output, if no target was given.
        record: Its sidecar, if no target was given and the format has no place for the mark.
    """

    source: str
    output: Path | None
    format: str
    medium: str
    mark: Mark
    sha256: str
    changed: bool
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]
    seconds: float
    data: bytes | None = field(default=None, repr=False)
    record: bytes | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as `stamp --json` prints it."""
        return {
            "source": self.source,
            "output": str(self.output) if self.output else None,
            "format": self.format,
            "medium": self.medium,
            "mark_id": str(self.mark.mark_id),
            "sha256": self.sha256,
            "status": "stamped" if self.changed else "unchanged",
            "layers": [layer.value for layer in self.layers],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
            "error": None,
        }


class Stamper:
    """Stamps files with one statement, one identity and one look.

    Safe to share between threads; picklable unless its identity is a callback that is not, so a
    worker process can be given one.

    Args:
        statement: What is said about every file.
        identity: Who signs; the default identity of this machine if left out, made on first use.
        profile: Words and numbers: a name, a path ending in `.toml`, or a `Profile`.
        languages: Order of the languages shown; the profile's own if empty.
        corner: Place of the plate; the profile's own if left out.
        limits: What one file may cost.
        tsa: URL of a time stamp authority (RFC 3161), asked for every file; the only thing here
            that opens a connection.
        audit: File of the audit log, or nothing for none.

    Raises:
        IdentityError: If the identity cannot be used.
        ProfileError: If there is no such profile, or it lacks a language.
    """

    def __init__(
        self,
        statement: Statement,
        *,
        identity: Identity | None = None,
        profile: str | Profile = DEFAULT,
        languages: Sequence[str] = (),
        corner: Corner | str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        tsa: str = "",
        audit: str | os.PathLike[str] | None = None,
    ) -> None:
        loaded = load(profile) if isinstance(profile, str) else profile
        self.statement = statement
        self.limits = limits
        self.identity = identity or open_identity(
            create=True, organisation=statement.responsible.name
        )
        self.style = NoticeStyle(
            profile=loaded,
            operation=statement.operation,
            languages=tuple(languages) or loaded.languages,
            corner=Corner(corner) if corner else loaded.corner,
        )
        _ = self.style.wordings  # a language without a text is refused here, not at the first file
        self._audit = AuditLog(Path(audit)) if audit else None
        self._signer = Signer(self.identity, tsa=tsa)

    def stamp(
        self,
        source: Source,
        target: Target = None,
        *,
        format: str = "",  # noqa: A002 - the word Pillow and its users know
        overwrite: bool = False,
        replace: bool = False,
        **options: Any,
    ) -> Stamped:
        """Stamp one file or picture.

        Args:
            source: A path, bytes, a binary stream, a `PIL.Image`, or a NumPy array of shape
                (height, width), (height, width, 3) or (height, width, 4), uint8, RGB.
            target: A path, a binary stream, or nothing to get the bytes back in `.data`.
            format: For a picture that is no file yet: `jpeg`, `png`, `webp`, `tiff`, `gif`, `avif`
                or `bmp`; by the target's extension if left out.
            overwrite: Whether an existing target may be replaced. The input itself may always be
                the target.
            replace: Whether a different mark that the file carries is replaced.
            **options: For a picture that is no file yet: handed to Pillow's `save`.

        Returns:
            What was done; `changed` is false if the input carried this very mark in good order.

        Raises:
            MediaError: If the input is damaged, over the limits, or of an unknown format.
            RequestError: If the file cannot carry what the policy needs, carries another mark, or
                the target exists.
            InstallationError: If a backend is missing, the identity fails, or the disk refuses.
            CheckError: If the output did not pass the check; it was not kept.
        """
        begun = time.perf_counter()
        output = paths.path_of(target)
        with _naming(source):
            job: Plan | Finished
            if is_picture(source):
                still = Still.of(source, paths.format_for(output, format), limits=self.limits)
                subject, job = self._picture_job(still, options)
            else:
                subject, job = self._file_job(source, replace=replace)
            with self._audited(job, source, output) as facts:
                finished = self._finish(subject, job)
                facts["sha256"] = digest = sha256(finished.data)
                paths.deliver(finished, target, source=source, overwrite=overwrite)
        return Stamped(
            source=str(paths.path_of(source) or ""),
            output=output,
            format=subject.adapter.info.name,
            medium=subject.adapter.info.medium.value,
            mark=finished.mark,
            sha256=digest,
            changed=finished.changed,
            layers=finished.layers,
            notes=finished.notes,
            seconds=time.perf_counter() - begun,
            data=finished.data if target is None else None,
            record=finished.record if target is None else None,
        )

    def plan(self, source: Source, *, replace: bool = False) -> Plan | None:
        """Return what `stamp` would do to a file, or nothing if it carries this very mark already.

        Raises:
            MediaError: If the input is damaged, over the limits, or of an unknown format.
            RequestError: If the file cannot carry what the policy needs, or carries another mark.
        """
        with _naming(source):
            _, job = self._file_job(source, replace=replace)
        return None if isinstance(job, Finished) else job

    def _file_job(self, source: Source, *, replace: bool) -> tuple[Subject, Plan | Finished]:
        subject = paths.subject_of(source, limits=self.limits)
        evidence = read_layers(subject, limits=self.limits)
        given = (subject, evidence, self.statement, self.style)
        kept = pipeline.unchanged(*given, limits=self.limits)
        if kept is not None:
            return subject, kept
        return subject, pipeline.prepare(*given, limits=self.limits, replace=replace)

    def _picture_job(self, still: Still, options: dict[str, Any]) -> tuple[Subject, Plan]:
        """Lay the plate on raw pixels and encode once; what is left of the plan follows."""
        plan = pipeline.plan_picture(still.adapter, still.size, self.statement, self.style)
        painted = still.encode(plan.patch(*still.size), **options)
        plain = still.encode(None, **options) if plan.keeps_parent else None
        subject = Subject(data=painted, adapter=still.adapter, parent=plain)
        return subject, plan.after_notice()

    def _finish(self, subject: Subject, job: Plan | Finished) -> Finished:
        if isinstance(job, Finished):
            return job
        return pipeline.carry_out(subject, job, self._signer, limits=self.limits)

    @contextlib.contextmanager
    def _audited(
        self, job: Plan | Finished, source: Source, output: Path | None
    ) -> Iterator[dict[str, Any]]:
        """Write the intent, then whether it was done or failed; what is there already is no job."""
        facts: dict[str, Any] = {}
        if self._audit is None or isinstance(job, Finished):
            yield facts
            return
        mark_id = str(job.mark.mark_id)
        self._audit.intent(
            mark_id,
            source=str(paths.path_of(source) or ""),
            source_sha256=job.mark.source_sha256,
            output=str(output or ""),
            profile=job.mark.profile,
            tool=f"kzmark {__version__}",
        )
        try:
            yield facts
        except KzmarkError as error:
            self._audit.failed(mark_id, error=error.to_dict())
            raise
        self._audit.done(mark_id, check="passed", **facts)


@contextlib.contextmanager
def _naming(source: Source) -> Iterator[None]:
    """Let errors say which file they are about."""
    try:
        yield
    except KzmarkError as error:
        error.source = error.source or str(paths.path_of(source) or "")
        raise
