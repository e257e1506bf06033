"""What `stamp` is told on the command line, as the library's own types."""

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kzmark.cli.stamp_options import POINTERS
from kzmark.errors import RequestError
from kzmark.vocabulary import (
    Autonomy,
    Mode,
    Operation,
    Oversight,
    Risk,
    Role,
    Simulates,
    SourceType,
    Training,
)

if TYPE_CHECKING:
    from kzmark.profile import Profile
    from kzmark.statement import Statement


def require(args: Namespace) -> None:
    """Refuse a command that lacks what every stamp needs, and name all of it at once.

    Raises:
        RequestError: If nobody answers for it, no system or no output is named.
    """
    missing = [
        (what, options)
        for what, options, given in (
            ("who answers for it", "--owner NAME or --holder NAME", args.owner or args.holder),
            ("which AI system made it", "--system NAME", args.system),
            ("where the output goes", "-o OUT, --out-dir DIR or --in-place", _has_target(args)),
        )
        if not given
    ]
    if missing:
        first, *rest = [what for what, _ in missing]
        told = " and ".join([", ".join([first, *rest[:-1]]), *rest[-1:]])
        raise RequestError(
            f"say {told}", hint=f"give {'; '.join(options for _, options in missing)}"
        )


def statement(args: Namespace) -> "Statement":
    """Return what is stated about every file; `require` has found that nothing is missing.

    Raises:
        RequestError: If it simulates what no record can say.
        RecordError: If a value breaks the schema of the mark.
    """
    from kzmark.mark import Responsible, System
    from kzmark.statement import Statement

    pointers = {name: getattr(args, name) for name in POINTERS}
    return Statement(
        system=System(
            name=args.system,
            version=args.system_version,
            provider=args.provider,
            risk=args.risk and Risk(args.risk),
            autonomy=args.autonomy and Autonomy(args.autonomy),
            mode=args.mode and Mode(args.mode),
        ),
        responsible=Responsible(
            name=args.owner or args.holder,
            role=Role.OWNER if args.owner else Role.HOLDER,
            bin=args.bin,
            contact=args.contact,
        ),
        operation=Operation(args.operation),
        source_type=args.source_type and SourceType(args.source_type),
        simulates=tuple(_simulates(args.simulates)),
        human_oversight=args.human_oversight and Oversight(args.human_oversight),
        training=args.training and Training(args.training),
        pointers={name: uri for name, uri in pointers.items() if uri},
    )


def languages(listed: str, profile: "Profile") -> tuple[str, ...]:
    """Return the languages of `--lang`, in any letter case, as the profile spells them.

    Raises:
        RequestError: If it names none, or one twice.
        ProfileError: If the profile has no text in one of them.
    """
    known = {name.lower(): name for name in profile.texts}
    chosen = [known.get(word.lower(), word) for word in _words(listed)]
    if listed and not chosen:
        raise RequestError(f"--lang {listed} names no language", hint=f"any of {', '.join(known)}")
    if len(set(chosen)) != len(chosen):
        raise RequestError(f"--lang {listed} names a language twice", hint="name each once")
    for language in chosen:
        for operation in Operation:
            profile.wording(language, operation)
    return tuple(chosen)


def _has_target(args: Namespace) -> bool:
    return bool(args.output or args.out_dir or args.in_place or args.dry_run)


def _simulates(listed: str) -> Iterator[Simulates]:
    for word in _words(listed):
        if word not in list(Simulates):
            raise RequestError(f"--simulates {word}", hint=f"any of {', '.join(Simulates)}")
        yield Simulates(word)


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]
