"""What the adapters of Word, Excel and PowerPoint files have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, BinaryIO, ClassVar, Final

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import Rope
from kzmark.formats._base import FormatInfo, Signature
from kzmark.formats._ooxml import properties
from kzmark.formats._ooxml.parts import TYPES, Parts
from kzmark.formats._text import Inscription
from kzmark.formats._zip.c2pa import Parcel
from kzmark.formats._zip.package import MAGIC, Package
from kzmark.mark import Mark
from kzmark.report import Evidence

SIGNATURES: Final = (Signature(MAGIC),)


class OfficeFile(ABC):
    """A file of one of the Office programs.

    Attributes:
        info: What the format declares.
        mains: How the content types of its main part begin and end, as pieces of text.
    """

    info: ClassVar[FormatInfo]
    mains: ClassVar[tuple[bytes, ...]]

    def confirm(self, head: bytes) -> bool:
        """Say that the first bytes tell nothing: `probe` has the say."""
        return head.startswith(MAGIC)

    def probe(self, source: BinaryIO) -> bool:
        """Say whether a package is of this very format, by its content types.

        Raises:
            MediaError: If the package is malformed.
        """
        package = Package.open(source, limits=DEFAULT_LIMITS)
        types = package.read(TYPES) if package.find(TYPES) else b""
        return any(main in types for main in self.mains)

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the document properties hold."""
        return (properties.read(Parts(source, limits=limits)),)

    @abstractmethod
    def inscribed(self, parts: Parts, inscription: Inscription) -> Sequence[str]:
        """Put the notice into a package under work; notes on what else changed are returned."""

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice.

        Raises:
            UnsupportedMediaError: If it is signed, or has no room for the notice.
        """
        parts = Parts(source, limits=limits)
        parts.check_changeable()
        notes = self.inscribed(parts, inscription)
        parts.edits.write(target)
        return notes

    def impress(
        self,
        source: BinaryIO,
        target: BinaryIO,
        inscription: Inscription,
        mark: Mark,
        *,
        limits: Limits,
    ) -> Sequence[str]:
        """Copy the file with the notice and the mark: as `inscribe` and `write`, but at once.

        Raises:
            UnsupportedMediaError: If it is signed, or has no room for the notice.
        """
        parts = Parts(source, limits=limits)
        parts.check_changeable()
        notes = self.inscribed(parts, inscription)
        properties.write(parts, mark)
        parts.edits.write(target)
        return notes

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its document properties.

        Raises:
            UnsupportedMediaError: If it is signed.
        """
        parts = Parts(source, limits=limits)
        parts.check_changeable()
        properties.write(parts, mark)
        parts.edits.write(target)

    def parcel(self, data: Any, *, limits: Limits) -> Parcel:
        """Take the package apart for signing."""
        whole: bytes | Rope = data
        return Parcel(whole, limits=limits)
