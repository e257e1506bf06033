"""How the notice is spelt in Office files: languages, colours."""

from typing import Final

from kzmark.formats._text import Colour, Inscription

_PLACES: Final = {"kk": "kk-KZ", "ru": "ru-RU", "en": "en-US"}
FACE: Final = "Arial"  # has the Kazakh letters on every system; PT Sans is not everywhere


def locale(language: str) -> str:
    """Return a language with the country that office programs want beside it."""
    return _PLACES.get(language, language)


def hexadecimal(colour: Colour) -> str:
    """Return a colour as six digits."""
    return "{:02X}{:02X}{:02X}".format(*colour)


def sentences(inscription: Inscription) -> tuple[tuple[str, str], ...]:
    """Return each language's words as a sentence, with the language."""
    return tuple(
        (line.text if line.text.endswith((".", "!", "?")) else f"{line.text}.", line.language)
        for line in inscription.lines
    )
