"""What a mark says of its notice: words, languages, and where or when it is perceived."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kzmark import _record
from kzmark.errors import RecordError

TONE: Final = "tone"  # what speaks in place of words


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a notice stands in one displayed size.

    Attributes:
        box: Left, top, width, height of the plate, in displayed pixels.
        size: Width and height of the displayed picture, in pixels.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]

    def __post_init__(self) -> None:
        x, y, width, height = self.box
        if min(self.box) < 0 or width < 1 or height < 1:
            raise RecordError(f"a notice box of {self.box}")
        if x + width > self.size[0] or y + height > self.size[1]:
            raise RecordError(f"the notice box {self.box} leaves the picture {self.size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecord:
    """What the notice says and where it is.

    Attributes:
        languages: BCP 47 codes in the order shown, Kazakh first by default.
        texts: One text a language, in the same order.
        places: One for each displayed size (a TIFF may hold pages of several sizes).
        seconds: Start and end of the notice in sound or film, in seconds; or nothing.
        heard: Start and end of the words that are spoken over the sound of a film, in seconds from
            the start of each of its tracks; or nothing.
        repeat: Seconds after which it comes again in a film, and again; or nothing.
        pages: "all" or "first", for documents; or empty.
        voices: Who speaks, where it is not kzmark's own clips: the SHA-256 of each language's
            recording, or empty for a language that a clip speaks; "tone" alone for a signal in
            place of all words.
    """

    languages: tuple[str, ...]
    texts: tuple[str, ...]
    places: tuple[Place, ...] = ()
    seconds: tuple[float, float] | None = None
    heard: tuple[float, float] | None = None
    repeat: float | None = None
    pages: str = ""
    voices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.languages or len(self.languages) != len(self.texts):
            raise RecordError("a notice needs one text for each of its languages")
        for text in self.texts:
            _record.check_text(text, "notice.texts")
        if self.voices not in {(), (TONE,)}:
            _record.check_voices(self.voices, len(self.languages))


def without_kazakh_first(languages: Sequence[str]) -> tuple[str, str]:
    """Return a code and words for languages that Kazakh does not lead; both empty if it does."""
    said = [name.partition("-")[0] for name in languages]
    if not said or said[0] == "kk":
        return "", ""
    if "kk" not in said:
        return "notice.without-kk", f"it does not speak Kazakh, only {', '.join(languages)}"
    return "notice.kk-not-first", f"Kazakh comes after {languages[0]}"


def read(reader: _record.Reader) -> NoticeRecord:
    """Read what a record says of its notice.

    Raises:
        RecordError: If a field is missing, unknown or of the wrong kind.
    """
    notice = NoticeRecord(
        languages=tuple(reader.texts("languages")),
        texts=tuple(reader.texts("texts")),
        places=tuple(_place(place) for place in reader.nested_list("places")),
        seconds=reader.span("seconds"),
        heard=reader.span("heard"),
        repeat=reader.length("repeat"),
        pages=reader.take("pages", str, default=""),
        voices=tuple(reader.texts("voices")),
    )
    reader.finish()
    return notice


def _place(reader: _record.Reader) -> Place:
    left, top, width, height = reader.integers("box", 4)
    across, down = reader.integers("size", 2)
    reader.finish()
    return Place(box=(left, top, width, height), size=(across, down))
