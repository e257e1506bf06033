"""`Stamper`: made once, used for every output of a pipeline."""

import copy
import os
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kzmark import paths, pipeline, trail
from kzmark._io import sha256
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import bytes_of
from kzmark._temporary import scratch_in
from kzmark.audit import AuditLog
from kzmark.delivery import Destination
from kzmark.errors import RequestError
from kzmark.filming import Filming
from kzmark.formats._film import Progress
from kzmark.intake import Source, Target, is_picture, named, naming, refuse_picture_words
from kzmark.look import look
from kzmark.pipeline import Finished
from kzmark.plan import Plan
from kzmark.profile import DEFAULT, Profile, load
from kzmark.signing.identity import Identity, IdentitySpec, open_identity
from kzmark.signing.identity import load as load_identity
from kzmark.signing.signer import Signer
from kzmark.speaker import Speaker
from kzmark.stamped import Stamped
from kzmark.statement import Statement
from kzmark.subject import Subject, read_layers
from kzmark.vocabulary import Audible, Corner, Pages, Placement

__all__ = ["Source", "Stamped", "Stamper", "Target"]

_SOURCES: Final = f"{paths.SOURCES}, a PIL.Image or a NumPy array"


class Stamper(Filming, Speaker):
    """Stamps files with one statement, one identity and one look.

    Safe to share between threads; picklable unless its identity is a callback that is not, so a
    worker process can be given one.

    Args:
        statement: What is said about every file.
        identity: Who signs: an identity or its folder; the default one of this machine if left
            out. A folder is opened, and the identity made if there is none, when a file is signed
            first or `identity` is asked for.
        profile: Words and numbers: a name, a file, or a `Profile`.
        languages: Order of the languages shown; the profile's own if empty.
        corner: Place of the plate; the profile's own if left out.
        placement: When the notice stands in a film: `full`, `intro` or `intro+repeat`; by the
            profile if left out.
        pages: On which pages, slides or sheets of a document the notice stands: `all` or `first`.
        audible: How a sound tells: `words`, or `tone`, a weak notice; if given, films tell so, too.
        embed_c2pa: Whether plain text and WebVTT carry their C2PA manifest, where nobody sees it.
        limits: What one file may cost.
        tsa: URL of a time stamp authority (RFC 3161), asked for every file; nothing else here but
            a source or target named by a URL opens a connection.
        audit: File of the audit log, or nothing for none.
        progress: Told, in the working thread, how many frames of a film are done, of how many. What
            it raises ends the work on that film. It does not travel to other processes.

    Raises:
        RequestError: If a language is named twice, or there is no such corner, placement or choice
            of pages.
        ProfileError: If there is no such profile, or it lacks a language.
    """

    def __init__(  # noqa: PLR0913 - the choices of a run
        self,
        statement: Statement,
        *,
        identity: Identity | IdentitySpec | str | os.PathLike[str] | None = None,
        profile: str | os.PathLike[str] | Profile = DEFAULT,
        languages: Sequence[str] = (),
        corner: Corner | str | None = None,
        placement: Placement | str | None = None,
        pages: Pages | str = Pages.ALL,
        audible: Audible | str | None = None,
        embed_c2pa: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        tsa: str = "",
        audit: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        loaded = profile if isinstance(profile, Profile) else load(profile)
        if not isinstance(statement, Statement):
            raise RequestError(
                f"a statement of the kind {type(statement).__name__}", hint="give kzmark.Statement"
            )
        if not isinstance(identity, Identity | IdentitySpec | str | os.PathLike | None):
            raise RequestError(
                f"an identity of the kind {type(identity).__name__}", hint="give its folder"
            )
        self.statement, self.limits, self.embed_c2pa = statement, limits, embed_c2pa
        self.style = look(
            statement,
            loaded,
            languages=languages,
            corner=corner,
            placement=placement,
            pages=pages,
            audible=audible,
        )
        self.progress = progress
        self.log = AuditLog(Path(audit)) if audit else None
        self._who = identity
        self.tsa = tsa
        if isinstance(identity, Identity):
            _ = self._signer  # it is open already: what does not fit is refused here

    @cached_property
    def identity(self) -> Identity:
        """Who signs; opened when asked for, so that a plan needs none.

        Raises:
            IdentityError: If it cannot be used.
        """
        who = self._who
        if isinstance(who, Identity):
            return who
        if isinstance(who, IdentitySpec):
            return load_identity(who)
        name = self.statement.responsible.name
        return open_identity(None if who is None else Path(who), create=True, organisation=name)

    def without_log(self) -> "Stamper":
        """Return a copy that tells no audit log what it does, for somebody who does so himself."""
        twin = copy.copy(self)
        twin.log = None
        return twin

    @cached_property
    def _signer(self) -> Signer:
        return Signer(self.identity, tsa=self.tsa)

    def stamp(
        self,
        source: Source,
        target: Target = None,
        *,
        format: str = "",  # noqa: A002 - the word Pillow and its users know
        overwrite: bool = False,
        replace: bool = False,
        make_folder: bool = False,
        mark_id: UUID | None = None,
        name: str = "",
        **options: Any,
    ) -> Stamped:
        """Stamp one file or picture.

        Args:
            source: A path, a URL, bytes, a binary stream, a `PIL.Image`, or a NumPy array of shape
                (height, width), (height, width, 3) or (height, width, 4), uint8, RGB.
            target: A path, a URL, a binary stream, or nothing to get the bytes back in `.data`.
            format: For a picture that is no file yet: `jpeg`, `png`, `webp`, `tiff`, `gif`, `avif`,
                `heic`, `jxl` or `bmp`; by the target's extension if left out.
            overwrite: Whether an existing target may be replaced; the input itself always may.
            replace: Whether a different mark that the file carries is replaced.
            make_folder: Whether the folder of the target is made, if it is not there.
            mark_id: Id of the mark; a new one if left out.
            name: What to call bytes or a stream, such as `a.txt`: it tells kinds of text apart.
            **options: For a picture that is no file yet: what its encoder is told, such as
                `quality` (docs/how-to/pipeline.md); an unknown name is refused.

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
        with naming(source):
            source = paths.place_of(source) or source  # a name is read once
            goal = Destination.of(target, source=source, overwrite=overwrite)
            if is_picture(source, name):
                subject, job, left = self._picture_job(source, goal, format, options)
            else:
                refuse_picture_words(format, options)
                given = self._file_job(source, goal, replace=replace, hint=_SOURCES, name=name)
                subject, job, left = *given, ()
            goal.require_folder(make=make_folder)
            facts = {"begun": begun, "mark_id": mark_id, "source": source}
            return self._delivered(subject, job, goal, left=left, **facts)

    def _delivered(
        self,
        subject: Subject,
        job: Plan | Finished,
        goal: Destination,
        *,
        begun: float,
        mark_id: UUID | None = None,
        source: Source = None,
        left: tuple[str, ...] = (),
    ) -> Stamped:
        finished, digest = self._finish(subject, named(job, mark_id), source, goal)
        gone = goal.place is not None or goal.stream is not None
        return Stamped(
            source=paths.name_of(source),
            output=goal.output,
            format=subject.adapter.info.name,
            medium=subject.adapter.info.medium.value,
            mark=finished.mark,
            sha256=digest,
            changed=finished.changed,
            layers=finished.layers,
            notes=(*left, *finished.notes, *self.style.notes, *goal.notes(subject.adapter)),
            seconds=time.perf_counter() - begun,
            data=None if gone else bytes_of(finished.data),
            record=finished.record if goal.place is None else None,
        )

    def plan(
        self,
        source: Source,
        *,
        target: Target = None,
        overwrite: bool = False,
        replace: bool = False,
    ) -> Plan | None:
        """Return what `stamp` would do to a file, or nothing if it carries this very mark already.

        No identity is opened, and nothing is written.

        Args:
            source: A path, a URL, bytes, or a binary stream.
            target: Where the output would go: what stands there is looked at.
            overwrite: Whether an existing target may be replaced.
            replace: Whether a different mark that the file carries is replaced.

        Raises:
            MediaError: If the input is damaged, over the limits, or of an unknown format.
            RequestError: If the file cannot carry what the policy needs, carries another mark, or
                the target exists.
            InstallationError: If a backend is missing, or the source cannot be read.
        """
        with naming(source):
            goal = Destination.of(target, source=source, overwrite=overwrite)
            hint = f"{paths.SOURCES}; a picture that is no file yet can only be stamped"
            _, job = self._file_job(source, goal, replace=replace, hint=hint)
        return None if isinstance(job, Finished) else job

    def _file_job(
        self, source: Source, goal: Destination, *, replace: bool, hint: str, name: str = ""
    ) -> tuple[Subject, Plan | Finished]:
        subject = paths.subject_of(source, limits=self.limits, hint=hint, name=name)
        wanted = subject.embedding if self.embed_c2pa else subject
        goal.accept(wanted.adapter)
        evidence = read_layers(subject, limits=self.limits)
        given = (wanted, evidence, self.statement, self.style)
        kept = pipeline.unchanged(*given, limits=self.limits) if wanted is subject else None
        if kept is not None:
            return subject, kept
        return wanted, pipeline.prepare(*given, limits=self.limits, replace=replace)

    def _picture_job(
        self,
        source: Source,
        goal: Destination,
        format: str,  # noqa: A002 - Pillow's word
        options: dict[str, Any],
    ) -> tuple[Subject, Plan | Finished, tuple[str, ...]]:
        """Lay the plate on raw pixels and encode once; what is left of the plan follows."""
        from kzmark.still import Still

        named = paths.format_for(goal.named, format)
        still = Still.of(source, named, limits=self.limits, given=options)
        goal.accept(still.adapter)
        plan = pipeline.plan_picture(still.adapter, still.size, self.statement, self.style)
        painted = still.encode(plan.patch(*still.size))
        plain = still.encode(None) if plan.keeps_parent else None
        subject = Subject(data=painted, adapter=still.adapter, parent=plain)
        return subject, plan.after_notice(), still.notes

    def _finish(
        self, subject: Subject, job: Plan | Finished, source: Source, goal: Destination
    ) -> tuple[Finished, str]:
        """Carry a plan out and deliver; what carries the mark already is no job for the log."""
        if isinstance(job, Finished):
            goal.deliver(job)
            return job, sha256(job.data)
        signer, where = self._signer, paths.place_of(source)  # no identity is no failed stamping
        with trail.followed(self.log, job.mark, source=where, goal=goal) as facts:
            with scratch_in(goal.folder):
                finished = pipeline.carry_out(
                    subject, job, signer, limits=self.limits, progress=self.progress
                )
            facts["sha256"] = digest = sha256(finished.data)
            goal.deliver(finished, (subject.data, subject.parent))
        return finished, digest
