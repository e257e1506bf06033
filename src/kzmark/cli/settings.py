"""Where the options of `stamp` come from: the command line wins, then `KZMARK_*`, then kzmark.toml.

Settings become words in front of the command line's own, so that argparse judges all of them by
the same rules. Paths in a settings file are taken from its folder, those of the environment from
the working folder.
"""

import os
import sys
import tomllib
from argparse import Action, ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kzmark._io import cause
from kzmark.cli import voices
from kzmark.cli.terminal import harmless
from kzmark.errors import KzmarkError, RequestError
from kzmark.places.url import is_url

FILE_NAME: Final = "kzmark.toml"
PREFIX: Final = "KZMARK_"
EXCLUSIVE: Final = (frozenset({"owner", "holder"}), frozenset({"output", "out_dir", "in_place"}))
NOT_SETTINGS: Final = frozenset({"help", "sources", "config", "dry_run", "run"})
PATHS: Final = frozenset({"output", "out_dir", "identity", "audit_log", "profile", "journal"})
CONFIG: Final = "KZMARK_CONFIG"
_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("0", "false", "no", "off")
_ELSEWHERE: Final = frozenset(  # variables that others read: the identity, the fast core, tests
    {"cert", "key", "key_password", "config", "pure", "cases", "fuzz", "soffice"}
)


def words(parser: ArgumentParser, argv: Sequence[str], *, config: Path | None) -> list[str]:
    """Return the words of the settings file and the environment that `argv` does not overrule.

    Raises:
        RequestError: If a settings file cannot be read, or names what is no option.
    """
    actions = {a.dest: a for a in parser._actions if a.dest not in NOT_SETTINGS}  # noqa: SLF001
    given = _given(actions, argv)
    found: dict[str, list[str]] = {}
    for level in (_from_file(actions, config), _from_environment(actions)):
        for name, spelt in level.items():
            for rival in _rivals(name) if spelt else {name}:  # a switch turned off rules out none
                found.pop(rival, None)
        found |= level
    for name in given:
        for rival in _rivals(name):
            found.pop(rival, None)
    return [word for spelt in found.values() for word in spelt]


def find(start: Path) -> Path | None:
    """Return the nearest `kzmark.toml`, from a folder upward."""
    for folder in (start, *start.parents):
        if (path := folder / FILE_NAME).is_file():
            return path
    return None


def named() -> Path | None:
    """Return the settings file that the environment names."""
    value = os.environ.get(CONFIG)
    return Path(value) if value else None


def _given(actions: Mapping[str, Action], argv: Sequence[str]) -> set[str]:
    before = argv[: argv.index("--")] if "--" in argv else argv
    options = {word.partition("=")[0] for word in before if word.startswith("--")}
    options |= {word[:2] for word in before if word.startswith("-")}  # -oOUT and -o OUT
    return {name for name, action in actions.items() if options & set(action.option_strings)}


def _rivals(name: str) -> frozenset[str]:
    return next((group for group in EXCLUSIVE if name in group), frozenset({name}))


def _from_file(actions: Mapping[str, Action], config: Path | None) -> dict[str, list[str]]:
    path = config or named() or find(Path.cwd())
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = "name another with --config" if isinstance(error, OSError) else "it is a TOML file"
        raise RequestError(
            f"cannot be read: {cause(error)}", source=str(path), hint=hint
        ) from error
    found = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in actions:
            flat = "options stand at the top of the file, without [sections]"
            hint = flat if isinstance(value, dict) else _nearest(name, actions)
            raise RequestError(f"{key} is no option of stamp", source=str(path), hint=hint)
        placed = _placed(name, value, path.parent)
        found[name] = _spell(actions[name], placed, source=str(path))
    return found


def _from_environment(actions: Mapping[str, Action]) -> dict[str, list[str]]:
    found = {}
    for variable, value in sorted(os.environ.items()):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name not in actions.keys() | _ELSEWHERE:
            told = f"kzmark: {variable} is set, and no setting of kzmark has that name"
            if near := _near(name, actions):
                told += f"; did you mean {PREFIX}{near.upper()}?"
            print(harmless(told), file=sys.stderr)
        if variable.startswith(PREFIX) and name in actions and value:
            switch = actions[name].nargs == 0
            said = _truth(value, variable) if switch else value
            found[name] = _spell(actions[name], said, source=variable)
    return found


def _truth(value: str, variable: str) -> bool:
    """Return what a variable says of a switch; a guess could replace files that nobody named."""
    for said, words in ((True, _YES), (False, _NO)):
        if value.strip().lower() in words:
            return said
    hint = f"one of {', '.join((*_YES, *_NO))}"
    raise RequestError(f"{variable} is {value!r}", source=variable, hint=hint)


def _placed(name: str, value: Any, folder: Path) -> Any:
    """Return a path of a settings file as seen from the working folder; other values as given."""
    if name == "voice_file":
        listed = value if isinstance(value, list) else [value]
        return voices.placed(",".join(map(str, listed)), folder)
    if name not in PATHS or not isinstance(value, str) or not value or is_url(value):
        return value
    if name == "audit_log" and value == "none":
        return value
    if name == "profile" and not value.endswith(".toml"):
        return value
    slash = value[-1] if value.endswith(("/", os.sep)) else ""  # a folder, there or not
    return f"{folder / value}{slash}"


def _nearest(name: str, actions: Mapping[str, Action]) -> str:
    if near := _near(name, actions):
        return f"did you mean {near.replace('_', '-')}?"
    return ", ".join(sorted(actions)).replace("_", "-")


def _near(name: str, actions: Mapping[str, Action]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, actions, 1)), "")


def _spell(action: Action, value: Any, *, source: str) -> list[str]:
    option = action.option_strings[-1]
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise RequestError(f"{option[2:]} is true or false", source=source)
        return [option] if value else []
    if isinstance(value, list):
        value = ",".join(map(str, value))
    try:
        fits = not isinstance(value, bool | dict) and "\0" not in str(value)
        fits = fits and _fits(action, str(value))
    except KzmarkError as error:  # it knows more than that the value does not fit
        error.source = source
        raise
    if not fits:
        hint = f"one of {', '.join(map(str, action.choices))}" if action.choices else ""
        hint = hint or ("a whole number" if action.type is int else "")
        raise RequestError(f"{option[2:]} is {value!r}", source=source, hint=hint)
    return [f"{option}={value}"]


def _fits(action: Action, value: str) -> bool:
    """Return whether argparse would take a value; told here, it is not blamed on an option."""
    if action.choices is not None and value not in action.choices:
        return False
    try:
        if callable(action.type):
            action.type(value)
    except ValueError:
        return False
    return True
