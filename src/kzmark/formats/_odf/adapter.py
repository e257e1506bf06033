"""What the adapters of OpenDocument files have in common.

Their C2PA manifest stands beside them. C2PA 2.4 (A.6) has a place for it in the package, in
`META-INF`, where ODF 1.3 (part 2, 3.1) allows nothing but the manifest of files and signatures:
LibreOffice opens no such file. A caller who asks for it gets it all the same (`PackedOdf`).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, BinaryIO, ClassVar, Final

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark._rope import Rope, stream_of
from kzmark.errors import MediaError
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._odf.parts import META, MIMETYPE, OdfParts
from kzmark.formats._text import Inscription, Leaf
from kzmark.formats._zip.c2pa import NAME as STORE
from kzmark.formats._zip.c2pa import Parcel
from kzmark.formats._zip.package import MAGIC, Package
from kzmark.formats.layers import odf
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer

INSIDE: Final = "odf.manifest-inside"  # LibreOffice opens no such file
_MAX_TYPE: Final = 200  # bytes of a media type


class OdfFile:
    """A file of one kind of OpenDocument.

    Attributes:
        info: What the format declares.
        kinds: Media types of the format.
    """

    info: ClassVar[FormatInfo]
    kinds: ClassVar[frozenset[str]]

    def confirm(self, head: bytes) -> bool:
        """Say that the first bytes may be those of a package."""
        return head.startswith(MAGIC)

    def probe(self, source: BinaryIO) -> bool:
        """Say whether a package is of this very format, by its media type."""
        return media_type(source) in self.kinds

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the metadata hold.

        Raises:
            UnsupportedMediaError: If the document is encrypted.
        """
        return (odf.judge(OdfParts(source, limits=limits).read(META), limits=limits),)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its metadata.

        Raises:
            UnsupportedMediaError: If it is signed or encrypted.
        """
        parts = OdfParts(source, limits=limits)
        parts.check_changeable()
        parts.edits.put(META, odf.merge(parts.read(META), mark, limits=limits))
        parts.declare({META: "text/xml"})
        parts.edits.write(target)

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice, where a reader of this kind of document begins.

        Raises:
            UnsupportedMediaError: If it is signed or encrypted.
        """
        notes: Sequence[str] = self._own("notice").inscribe(
            source, target, inscription, limits=limits
        )
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield pages, slides or the open sheet, as they are seen."""
        found: Iterator[Leaf] = self._own("sight").leaves(source, limits=limits)
        return found

    def _own(self, part: str) -> Any:
        """Return a module of this format; imported when it is needed."""
        return import_module(f"kzmark.formats.{self.info.name}.{part}")

    def carries(self, data: Any) -> bool:
        """Say whether a manifest store stands in the package."""
        try:
            return bool(Package.open(stream_of(data), limits=DEFAULT_LIMITS).find(STORE))
        except MediaError:
            return False


class PackedOdf(OdfFile):
    """The same for a file with its C2PA manifest in it (2.4, A.6)."""

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice.

        Returns:
            `odf.manifest-inside`, too: LibreOffice does not open such a file.
        """
        return (*super().inscribe(source, target, inscription, limits=limits), INSIDE)

    def parcel(self, data: Any, *, limits: Limits) -> Parcel:
        """Take the package apart for signing."""
        whole: bytes | Rope = data
        return Parcel(whole, limits=limits)


def packed(info: FormatInfo) -> FormatInfo:
    """Return what a format declares whose manifest stands in the package."""
    layers = frozenset({Layer.C2PA, Layer.ODF})
    return dataclasses.replace(info, layers=layers, c2pa=C2PABinding.EMBEDDED)


def media_type(source: BinaryIO) -> str:
    """Return the media type that a package names in its first file, or nothing.

    Raises:
        MediaError: If the package is malformed.
    """
    package = Package.open(source, limits=DEFAULT_LIMITS)
    name = package.find(MIMETYPE)
    if not name or package.members[name].entry.size > _MAX_TYPE:
        return ""
    return package.read(name).decode("ascii", "replace").strip()
