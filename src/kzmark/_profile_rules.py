"""The numbers of a profile, one set for each kind of medium, and the ranges they must lie in."""

from dataclasses import dataclass
from typing import Self

from kzmark._profile_table import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRules:
    """Numbers for still and moving pictures.

    Attributes:
        cap_share: Height of capitals to the shortest displayed side, 0.01 to 0.3.
        min_cap: Height of capitals, in pixels, never gone below in a raster; 4 to 100.
        contrast: Least WCAG contrast on the decoded output, 3 to 21.
        margin_share: Safe margin to each displayed side, 0 to 0.2.
        max_cover: Part of the picture that the plate may cover, 0.02 to 0.9.
        tolerance: Relative slack when measuring, 0 to 0.3.
    """

    cap_share: float
    min_cap: int
    contrast: float
    margin_share: float
    max_cover: float
    tolerance: float

    @classmethod
    def of(cls, section: Section) -> Self:
        """Read them.

        Raises:
            ProfileError: If one is missing or out of its range.
        """
        return cls(
            cap_share=section.number("cap_share", 0.01, 0.3),
            min_cap=int(section.number("min_cap", 4, 100)),
            contrast=section.number("contrast", 3, 21),
            margin_share=section.number("margin_share", 0, 0.2),
            max_cover=section.number("max_cover", 0.02, 0.9),
            tolerance=section.number("tolerance", 0, 0.3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRules:
    """Numbers for documents and texts.

    Attributes:
        points: Least size of type, in points as displayed, 5 to 72.
        contrast: Least WCAG contrast of the words to their ground, 3 to 21.
        lead: Letters that may stand before the notice on a page or in a text, 0 to 10,000.
        tolerance: Relative slack when measuring, 0 to 0.3.
    """

    points: float
    contrast: float
    lead: int
    tolerance: float

    @classmethod
    def of(cls, section: Section) -> Self:
        """Read them.

        Raises:
            ProfileError: If one is missing or out of its range.
        """
        return cls(
            points=section.number("points", 5, 72),
            contrast=section.number("contrast", 3, 21),
            lead=int(section.number("lead", 0, 10_000)),
            tolerance=section.number("tolerance", 0, 0.3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRules:
    """Numbers for film.

    Attributes:
        min_seconds: Least time on screen, in seconds.
        characters_per_second: Reading speed.
        repeat_seconds: Interval of `intro+repeat`, in seconds.
    """

    min_seconds: float
    characters_per_second: float
    repeat_seconds: float

    @classmethod
    def of(cls, section: Section) -> Self:
        """Read them.

        Raises:
            ProfileError: If one is missing or out of its range.
        """
        return cls(
            min_seconds=section.number("min_seconds", 0.5, 60),
            characters_per_second=section.number("characters_per_second", 1, 30),
            repeat_seconds=section.number("repeat_seconds", 5, 3600),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRules:
    """Numbers for sound (ITU-R BS.1770, EBU R 128). Those with a default came later.

    Attributes:
        loudness_tolerance: How far the notice may be below the programme, in LU.
        true_peak: Highest true peak, in dBTP.
        silence_loudness: Loudness of the notice where the programme is silent, in LUFS.
        quietest: Loudness of the notice before a programme that is quieter still, in LUFS.
        loudest: Loudness of the notice before a programme that is louder still, in LUFS.
        lead: Seconds that may pass before the notice begins, 0 to 60.
        intelligibility: Least speech intelligibility index of each language, 0.3 to 0.9.
        step_back: Decibels by which the sound of a film is lowered under the words, at least;
            6 to 40 (WCAG 2.2, 1.4.7 asks for 20).
    """

    loudness_tolerance: float
    true_peak: float
    silence_loudness: float
    quietest: float
    loudest: float
    lead: float
    intelligibility: float
    step_back: float

    @classmethod
    def of(cls, section: Section) -> Self:
        """Read them.

        Raises:
            ProfileError: If one is missing or out of its range.
        """
        return cls(
            loudness_tolerance=section.number("loudness_tolerance", 0.1, 10),
            true_peak=section.number("true_peak", -20, 0),
            silence_loudness=section.number("silence_loudness", -40, -10),
            quietest=section.number("quietest", -60, -20, default=-36.0),
            loudest=section.number("loudest", -20, -5, default=-10.0),
            lead=section.number("lead", 0, 60, default=3.0),
            intelligibility=section.number("intelligibility", 0.3, 0.9, default=0.68),
            step_back=section.number("step_back", 6, 40, default=20.0),
        )
