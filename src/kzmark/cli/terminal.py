"""What a terminal is given: colour where it is wanted, and no letter that could steer it."""

import os
from typing import Final, TextIO

from kzmark import _system

_COLOURS: Final = {"compliant": 32, "not-compliant": 31, "undetermined": 33}  # green, red, yellow


def coloured(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows colour, and nobody set NO_COLOR."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if _system.WINDOWS and not {"WT_SESSION", "TERM", "ANSICON"} & os.environ.keys():
        return False  # the old console shows the codes themselves
    return stream.isatty()


def painted(verdict: str) -> str:
    """Return a verdict in its colour; any other text as it is."""
    number = _COLOURS.get(verdict.strip())
    return verdict if number is None else f"\x1b[{number}m{verdict}\x1b[0m"


def harmless(text: str) -> str:
    r"""Return a text whose control letters are spelt out.

    Names of files and words of marks come from strangers: they may hold escape sequences, or
    letters that turn the line round.

    Examples:
        >>> harmless("a\x1b[2J.gif")
        'a\\x1b[2J.gif'
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter == "\N{NO-BREAK SPACE}"
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
