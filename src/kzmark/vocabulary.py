"""The closed lists of words a mark may use, each with its source."""

from enum import StrEnum
from typing import Final

LAW: Final = "KZ 230-VIII art. 21"
IPTC_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PLUS_VOCABULARY: Final = "http://ns.useplus.org/ldf/vocab/"


class Medium(StrEnum):
    """What a person perceives (Law 230-VIII, Article 1(4)); picks the notice renderer."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    TEXT = "text"


class Operation(StrEnum):
    """Created or modified by an AI system (Article 1(4))."""

    CREATED = "created"
    MODIFIED = "modified"


class SourceType(StrEnum):
    """IPTC digital source types that say "synthetic" (NewsCodes, release 2024-10-23)."""

    TRAINED = "trainedAlgorithmicMedia"
    COMPOSITE_WITH_TRAINED = "compositeWithTrainedAlgorithmicMedia"
    COMPOSITE_SYNTHETIC = "compositeSynthetic"
    ALGORITHMIC = "algorithmicMedia"

    @property
    def uri(self) -> str:
        """The full http URI, as IPTC and C2PA write it."""
        return IPTC_SOURCE_TYPE + self.value


class Role(StrEnum):
    """Who answers for informing users (Articles 21(3), 21(5))."""

    OWNER = "owner"
    HOLDER = "holder"


class Risk(StrEnum):
    """Degree of risk of the AI system (Article 17(1))."""

    MINIMAL = "minimal"
    MEDIUM = "medium"
    HIGH = "high"


class Autonomy(StrEnum):
    """Degree of autonomy of the AI system (Article 17(2))."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Mode(StrEnum):
    """Mode of use of the AI system (Article 17(4))."""

    OPEN = "open"
    CLOSED = "closed"
    LOCAL = "local"


class Simulates(StrEnum):
    """What a synthetic result simulates (Article 1(4))."""

    APPEARANCE = "appearance"
    VOICE = "voice"
    BEHAVIOUR = "behaviour"
    EVENT = "event"


class Oversight(StrEnum):
    """Human oversight of the content (C2PA 2.4, 18.28); never derived from `Autonomy`."""

    FULLY_AUTONOMOUS = "fully_autonomous"
    PROMPT_GUIDED = "prompt_guided"
    HUMAN_VALIDATED = "human_validated"


class Training(StrEnum):
    """Whether AI models may be trained on the file (Article 23(5))."""

    PROHIBITED = "prohibited"
    CONSTRAINED = "constrained"
    ALLOWED = "allowed"

    @property
    def plus_uri(self) -> str:
        """The PLUS data-mining term; 23(5) means every AI model, not only generative ones."""
        return (
            PLUS_VOCABULARY
            + {
                Training.PROHIBITED: "DMI-PROHIBITED-AIMLTRAINING",
                Training.CONSTRAINED: "DMI-PROHIBITED-SEECONSTRAINT",
                Training.ALLOWED: "DMI-ALLOWED",
            }[self]
        )

    @property
    def cawg_use(self) -> str:
        """The value of `use` in `cawg.training-mining` 1.1."""
        return {
            Training.PROHIBITED: "notAllowed",
            Training.CONSTRAINED: "constrained",
            Training.ALLOWED: "allowed",
        }[self]


class Corner(StrEnum):
    """Where the plate stands in the displayed picture."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    BOTTOM_STRIP = "bottom-strip"


class Placement(StrEnum):
    """When the notice stands in a film."""

    FULL = "full"
    INTRO = "intro"
    INTRO_REPEAT = "intro+repeat"


class Pages(StrEnum):
    """On which pages, slides or sheets of a document the notice stands."""

    ALL = "all"
    FIRST = "first"


class Audible(StrEnum):
    """How the notice of a sound is heard."""

    WORDS = "words"
    TONE = "tone"  # a weak notice: whoever does not know the signal learns little


class Layer(StrEnum):
    """One place a mark can live, and the notice beside them."""

    C2PA = "c2pa"
    XMP = "xmp"
    EXIF = "exif"
    ID3 = "id3"
    VORBIS = "vorbis"
    RIFF = "riff"
    MP4 = "mp4"
    MATROSKA = "matroska"
    PDF = "pdf"
    OOXML = "ooxml"
    ODF = "odf"
    EPUB = "epub"
    TEXT = "text"
    SIDECAR = "sidecar"
    NOTICE = "notice"  # not a place for the mark: what was seen of the warning
