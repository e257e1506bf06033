"""Signing identities: make one, show it, or request a certificate for its key.

A new identity is a private root and a signing certificate. Others will see "valid, not on a trust
list": that is no failure, and `kzmark verify --trust root.pem` says "trusted".
"""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli.terminal import harmless

if TYPE_CHECKING:
    from kzmark.signing.identity import Identity

_EACH: Final = {"purposes": "purpose", "verifiers": "verifier", "warnings": "warning"}
HELP: Final = "make, show or certify who signs"
_ALGORITHMS: Final = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="action")
    new = commands.add_parser("new", help="make a private root and a signing certificate")
    new.add_argument("--organisation", metavar="NAME", help="the responsible party")
    new.add_argument("--algorithm", choices=_ALGORITHMS, default="es256")
    new.add_argument("--days", type=int, default=1826, metavar="N", help="validity, 1 to 3652")
    new.add_argument("--replace", action="store_true", help="the old one is kept beside it")
    show = commands.add_parser("show", help="show an identity and what verifiers will say of it")
    show.add_argument("--json", action="store_true", help="one JSON object")
    renew = commands.add_parser("renew", help="a new key and certificate from the same root")
    renew.add_argument("--days", type=int, default=1826, metavar="N", help="validity, 1 to 3652")
    csr = commands.add_parser("csr", help="print a certificate request (PKCS #10) for its key")
    for command in (new, show, renew, csr):
        command.add_argument("--dir", type=Path, metavar="DIR", help="folder of the identity")


def run(args: Namespace, out: TextIO) -> int:
    """Make, show or request."""
    from kzmark.signing import folder
    from kzmark.signing.algorithm import Algorithm
    from kzmark.signing.description import describe
    from kzmark.signing.identity import (
        ORGANISATION,
        certificate_request,
        new_identity,
        open_identity,
        renew_identity,
    )

    if args.action == "new":
        where = args.dir or folder.default_folder()
        made = new_identity(
            where,
            organisation=args.organisation or ORGANISATION,
            algorithm=Algorithm(args.algorithm),
            days=args.days,
            replace=args.replace,
        )
        print(f"made an identity in {where}", file=out)
        _print(describe(made), out)
        print("  others will see: valid, not on a trust list; give them root.pem", file=out)
        return 0
    if args.action == "renew":
        identity = renew_identity(args.dir, days=args.days)
    else:
        identity = open_identity(args.dir, expired_ok=True)
    if args.action == "csr":
        print(certificate_request(identity), end="", file=out)
    elif args.action == "show" and args.json:
        print(json.dumps(describe(identity), ensure_ascii=False), file=out)
    else:
        _print(describe(identity), out)
    return 0


def chosen(where: Path | None, organisation: str, *, quiet: bool) -> "Identity":
    """Return the identity that `stamp` signs with, made on first use and said so plainly."""
    from kzmark.errors import IdentityError
    from kzmark.signing import folder
    from kzmark.signing.identity import open_identity

    home = where or folder.default_folder()
    was_there = folder.holds_identity(home)
    if not was_there and (where or os.environ.get(folder.VARIABLE)):
        raise IdentityError(
            "there is no identity", source=str(home), hint=f"kzmark identity new --dir {home}"
        )
    identity = open_identity(where, create=True, organisation=organisation)
    if identity.spec.folder and not was_there and not quiet:
        print(
            f"kzmark: made a signing identity in {home}; others will see its signatures as "
            '"valid, not on a trust list"',
            file=sys.stderr,
        )
    return identity


def warnings(identity: "Identity", organisation: str) -> list[str]:
    """Return what is unwise about signing for a party with an identity."""
    return [*identity.warnings, *_names(identity, organisation)]


def _names(identity: "Identity", organisation: str) -> Iterator[str]:
    """Say that certificate and mark name different parties, as nobody would expect of one file."""
    from cryptography.x509.oid import NameOID

    from kzmark.signing.identity import ORGANISATION, shortened

    named = [
        str(n.value)
        for n in identity.leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    ]
    if named and named[0] not in {ORGANISATION, shortened(organisation)}:
        yield (
            f"the certificate names {named[0]}, the mark will name {organisation}; for one of "
            "its own: kzmark identity new --dir DIR --organisation NAME, then --identity DIR"
        )


def _print(facts: dict[str, Any], out: TextIO) -> None:
    for name, value in facts.items():
        if name == "days_left" and value <= 0 and facts["warnings"]:
            continue  # a warning says so in words
        for one in _spelt(value):
            print(harmless(f"  {_EACH.get(name, name.replace('_', ' '))}: {one}"), file=out)


def _spelt(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {one}" for key, one in value.items()]
    if isinstance(value, list):
        return [str(one) for one in value]
    return [str(value)] if value != "" else []
