"""`stamp`, `verify` and `inspect`: one file, one call."""

import os
from collections.abc import Sequence
from typing import Any

from kzmark import paths, pipeline
from kzmark._ground import closed_after
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.policy import ARTICLE_21, Policy
from kzmark.profile import DEFAULT, Profile, load
from kzmark.report import Evidence, Report
from kzmark.stamper import Source, Stamped, Stamper, Target
from kzmark.statement import Statement
from kzmark.subject import read_layers


def stamp(
    source: Source,
    target: Target,
    mark: Statement,
    *,
    overwrite: bool = False,
    replace: bool = False,
    **choices: Any,
) -> Stamped:
    """Stamp one file: a machine-readable mark and a notice that a person sees, checked.

    Args:
        source: A path, a URL, bytes, a binary stream, a `PIL.Image` or a NumPy array.
        target: A path, a URL, a binary stream, or nothing to get the bytes back in `.data`.
        mark: What is said about the file.
        overwrite: Whether an existing target may be replaced.
        replace: Whether a different mark that the file carries is replaced.
        **choices: As `Stamper` takes them: `identity`, `profile`, `languages`, `corner`,
            `placement`, `pages`, `audible`, `embed_c2pa`, `limits`, `tsa`, `audit`, `progress`. For
            more than one file make a `Stamper` once.

    Returns:
        What was done; `changed` is false if the input carried this very mark in good order.

    Raises:
        MediaError: If the input is damaged, over the limits, or of an unknown format.
        RequestError: If a choice is none, the file cannot carry what the policy needs, carries
            another mark, or the target exists.
        InstallationError: If a backend is missing, the identity fails, or the disk refuses.
        CheckError: If the output did not pass the check; it was not kept.
    """
    return Stamper(mark, **choices).stamp(source, target, overwrite=overwrite, replace=replace)


def verify(
    source: Source,
    *,
    policy: Policy = ARTICLE_21,
    profile: str | os.PathLike[str] | Profile = DEFAULT,
    trust: bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
    preview: int = 0,
    name: str = "",
    record: bytes | None = None,
) -> Report:
    """Judge one file by what its layers hold and what a person sees of it.

    Args:
        source: A path, a URL, bytes, or a binary stream.
        policy: What is asked of it.
        profile: Words and numbers to measure the notice by: a name, a file, or a `Profile`.
        trust: PEM of the certificates to trust; without it a valid signature is "not on a trust
            list", which is no failure.
        limits: What the file may cost.
        preview: Longest side, in pixels, of a small picture that comes with the report; 0 for none.
        name: What to call bytes or a stream, such as `answer.txt`: texts have no signature, so that
            their extension tells one kind from another.
        record: Bytes of its sidecar, as `Answer.record` and `Stamped.record` give them; without it
            the one that stands beside a path.

    Returns:
        A report. A damaged file gives one too; ask for `.verdict`.

    Raises:
        InputError: If the source or its sidecar cannot be read.
        RequestError: If it is no path, no bytes and no binary stream.
        ProfileError: If there is no such profile, or it breaks its own rules.
    """
    loaded = profile if isinstance(profile, Profile) else load(profile)
    where = paths.place_of(source)
    with closed_after(), paths.opened(source, limits=limits) as stream:
        return pipeline.verify_stream(
            stream,
            policy=policy,
            profile=loaded,
            limits=limits,
            name=str(where or name or paths.stream_name(source)),
            record=paths.record_beside(where, stream) if record is None else record,
            trust=trust,
            preview=preview,
        )


def inspect(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Sequence[Evidence]:
    """Return what every layer of a file holds, ours and others'; nothing is judged.

    Raises:
        MediaError: If the file is damaged, over the limits, or of an unknown format.
        InputError: If the path cannot be read.
        RequestError: If it is no path, no bytes and no binary stream.
    """
    with closed_after():
        return read_layers(paths.subject_of(source, limits=limits), limits=limits)
