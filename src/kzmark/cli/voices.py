"""Recordings of the notice that the command line names, language by language."""

from pathlib import Path
from typing import TYPE_CHECKING

from kzmark.errors import RequestError

if TYPE_CHECKING:
    from kzmark.profile import Profile


def voiced(profile: "Profile", listed: str) -> "Profile":
    """Return the profile with the recordings of `--voice-file`, if any are named.

    Raises:
        RequestError: If an entry is not LANGUAGE=FILE, or names a language twice.
        ProfileError: If the profile has no text in a language, or a file cannot be read.
    """
    if not listed:
        return profile
    voices: dict[str, str] = {}
    for language, path in entries(listed):
        if not language or not path or language in voices:
            raise RequestError(f"--voice-file {listed}", hint="kk=FILE,ru=FILE, each language once")
        voices[language] = path
    return profile.with_voices(voices)


def entries(listed: str) -> list[tuple[str, str]]:
    """Return language and path of each entry; a path is empty where there is no `=`."""
    pairs = (entry.partition("=") for entry in listed.split(",") if entry.strip())
    return [(language.strip(), path.strip()) for language, _, path in pairs]


def placed(listed: str, folder: Path) -> str:
    """Return the same entries with paths as seen from the working folder."""
    return ",".join(f"{language}={folder / path}" for language, path in entries(listed))
