"""Profiles: dated sets of words and numbers, read from TOML and never from code."""

import dataclasses
import functools
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from kzmark import _profile_texts
from kzmark._io import cause
from kzmark._profile_rules import AudioRules, DocumentRules, ImageRules, VideoRules
from kzmark._profile_table import Section
from kzmark._profile_texts import Recording, Wording
from kzmark.errors import ProfileError
from kzmark.vocabulary import Corner, Operation, Placement

DEFAULT: Final = "kz-2026.1"
_MAX_FILE: Final = 256 << 10  # bytes
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SECTIONS: Final = frozenset(
    {"name", "edition", "law", "notice", "image", "document", "video", "audio", "texts"}
)

__all__ = [
    "DEFAULT",
    "AudioRules",
    "Colour",
    "Profile",
    "Recording",
    "Wording",
    "contrast",
    "load",
    "names",
]

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Words and numbers of the notice.

    Attributes:
        name: Name that the record carries.
        edition: Date of the texts it was written from.
        languages: Order of the languages shown by default.
        corner: Default place of the plate.
        placement: Default time of the notice in a film.
        ink: Colour of letters, RGB.
        plate: Colour of the plate, RGB.
        image: Numbers for pictures.
        document: Numbers for documents and texts.
        video: Numbers for film.
        audio: Numbers for sound.
        texts: Wording by language and operation.
    """

    name: str
    edition: str
    languages: tuple[str, ...]
    corner: Corner
    placement: Placement
    ink: Colour
    plate: Colour
    image: ImageRules
    document: DocumentRules
    video: VideoRules
    audio: AudioRules
    texts: Mapping[str, Mapping[Operation, Wording]]

    def wording(self, language: str, operation: Operation) -> Wording:
        """Return what the notice says.

        Raises:
            ProfileError: If the profile has no text in this language.
        """
        if language not in self.texts:
            raise ProfileError(
                f"profile {self.name} has no text in the language {language!r}",
                hint=f"it has {', '.join(sorted(self.texts))}",
            )
        return self.texts[language][operation]

    def with_voices(self, voices: Mapping[str, str | os.PathLike[str]]) -> "Profile":
        """Return the profile with recordings of one's own in place of kzmark's clips.

        Args:
            voices: The file in which each language is spoken, for both operations.

        Raises:
            ProfileError: If the profile has no text in a language, or a file cannot be read.
        """
        texts = dict(self.texts)
        spelt = {name.casefold(): name for name in self.texts}
        for said, path in voices.items():
            language = spelt.get(said.casefold(), said)
            self.wording(language, Operation.CREATED)
            voice = Recording.read(path)
            texts[language] = {
                operation: dataclasses.replace(wording, voice=voice)
                for operation, wording in texts[language].items()
            }
        return dataclasses.replace(self, texts=texts)

    @classmethod
    def from_toml(cls, text: str, *, source: str = "", folder: Path = Path()) -> "Profile":
        """Read a profile.

        Args:
            text: TOML.
            source: Its name, for messages.
            folder: Where relative paths of recordings begin.

        Raises:
            ProfileError: If it is not TOML, lacks a value, has one that is out of range or unknown,
                its colours do not reach the contrast that it asks for, or it goes by the name of
                a profile of kzmark's own without being that one.
        """
        profile = _parse(cls, text, source=source, folder=folder)
        if profile.name in names() and profile != load(profile.name):
            raise ProfileError(
                f"it calls itself {profile.name}, and says something else than that profile",
                source=source,
                hint="give it a name of its own: every mark carries it",
            )
        return profile


def load(name: str | os.PathLike[str] = DEFAULT) -> Profile:
    """Return a profile by its name, or from a file: a path object, or a text ending in `.toml`.

    Raises:
        ProfileError: If there is none, or it breaks its own rules.
    """
    if not isinstance(name, str | os.PathLike):
        raise ProfileError(f"a profile of the kind {type(name).__name__}")
    if isinstance(name, os.PathLike) or name.endswith(".toml"):
        return _from_file(str(Path(name).absolute()))
    return _built_in(name)


@functools.lru_cache(maxsize=64)
def _from_file(name: str) -> Profile:
    path = Path(name)
    try:
        if path.stat().st_size > _MAX_FILE:
            raise ProfileError("a profile has at most 256 KiB", source=name)
        text = path.read_text(encoding="utf-8-sig")
        return Profile.from_toml(text, source=name, folder=path.parent)
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, a NUL in the name
        raise ProfileError(f"cannot be read: {cause(error)}", source=name) from error


@functools.cache
def _built_in(name: str) -> Profile:
    if name not in names():
        raise ProfileError(
            f"there is no profile {name!r}",
            hint=f"one of {', '.join(names())}, or a file ending in .toml",
        )
    text = (resources.files("kzmark.profiles") / f"{name}.toml").read_text(encoding="utf-8")
    return _parse(Profile, text, source=name, folder=Path())


def _parse(cls: type[Profile], text: str, *, source: str, folder: Path) -> Profile:
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError(f"not a TOML file: {error}", source=source) from error
    try:
        return _build(cls, table, folder)
    except ProfileError as error:
        raise ProfileError(error.message, source=error.source or source, hint=error.hint) from error


def names() -> list[str]:
    """Return the names of the profiles that come with kzmark, sorted."""
    entries = resources.files("kzmark.profiles").iterdir()
    return sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".toml"))


def contrast(first: Colour, second: Colour) -> float:
    """Return the WCAG 2.2 contrast ratio of two sRGB colours, 1 to 21.

    Examples:
        >>> contrast((0, 0, 0), (255, 255, 255))
        21.0
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _build(cls: type[Profile], table: dict[str, Any], folder: Path) -> Profile:
    if unknown := table.keys() - _SECTIONS:
        raise ProfileError(f"{min(unknown)} is not known in a profile")
    notice = Section(table, "notice")
    media = ("image", "document", "video", "audio")
    image, document, video, audio = (Section(table, name) for name in media)
    profile = cls(
        name=_match(table, "name", _NAME),
        edition=_match(table, "edition", re.compile(r"\d{4}-\d{2}-\d{2}")),
        languages=notice.languages("languages"),
        corner=notice.word("corner", Corner),
        placement=notice.word("placement", Placement),
        ink=notice.colour("ink"),
        plate=notice.colour("plate"),
        image=ImageRules.of(image),
        document=DocumentRules.of(document),
        video=VideoRules.of(video),
        audio=AudioRules.of(audio),
        texts=_profile_texts.read(table.get("texts"), folder),
    )
    for section in (notice, image, document, video, audio):
        section.finish()
    for language in profile.languages:
        profile.wording(language, Operation.CREATED)
    reached = contrast(profile.ink, profile.plate)
    if reached < profile.image.contrast:
        raise ProfileError(
            f"ink on plate has a contrast of {reached:.1f}:1, the profile asks for "
            f"{profile.image.contrast:g}:1"
        )
    return profile


def _match(table: Mapping[str, Any], key: str, pattern: re.Pattern[str]) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ProfileError(f"{key} is {value!r}, which does not match {pattern.pattern}")
    return value
