"""A policy of one's own: a TOML file that names its requirements."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, Final

from kzmark import policy
from kzmark._io import cause
from kzmark.errors import RequestError

_NAMED: Final = {
    "machine-readable": policy.machine_readable,
    "perceivable": policy.perceivable,
    "agreeing": policy.agreeing,
    "intact": policy.intact,
    "signed": policy.signed,
    "trusted": policy.trusted,
    "kazakh-first": policy.kazakh_first,
}


def from_file(path: str | os.PathLike[str]) -> policy.Policy:
    """Read a policy from TOML: `name`, `edition`, and `requirements`, a list of known names.

    Raises:
        RequestError: If it cannot be read, lacks a value, or names no known requirement.
    """
    source = str(path)
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RequestError(f"cannot be read: {cause(error)}", source=source) from error
    listed = _listed(table, source)
    if table.keys() != {"name", "edition", "requirements"}:
        raise RequestError("a policy has name, edition and requirements", source=source)
    return policy.Policy(
        name=str(table["name"]),
        edition=str(table["edition"]),
        requirements=tuple(_NAMED[name] for name in listed),
    )


def _listed(table: dict[str, Any], source: str) -> list[str]:
    """Return the names of the requirements; an unknown one is told with what it may have meant."""
    known = f"any of {', '.join(_NAMED)}"
    listed = table.get("requirements")
    if not isinstance(listed, list) or not listed:
        raise RequestError("it lists no requirements", source=source, hint=known)
    for name in map(str, listed):
        if name not in _NAMED:
            near = difflib.get_close_matches(name, _NAMED, 1)
            hint = f"did you mean {near[0]}? {known}" if near else known
            raise RequestError(f"{name!r} is no known requirement", source=source, hint=hint)
    return [str(name) for name in listed]
