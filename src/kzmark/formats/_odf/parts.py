"""The files of an OpenDocument package, and its manifest (ODF 1.3 part 2, 3 and 4)."""

from collections.abc import Mapping
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._names import ODF
from kzmark.formats._xml import quote
from kzmark.formats._xmlmap import Document
from kzmark.formats._zip.edits import Edits

MANIFEST: Final = "META-INF/manifest.xml"
MIMETYPE: Final = "mimetype"
CONTENT, STYLES, META, SETTINGS = "content.xml", "styles.xml", "meta.xml", "settings.xml"
_SIGNATURES: Final = ("meta-inf/documentsignatures.xml", "meta-inf/macrosignatures.xml")


class OdfParts:
    """The files of a package under work.

    Attributes:
        edits: The package.
        limits: What it may cost.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.edits = Edits(source, limits=limits)
        self.limits = limits
        if CONTENT not in self.edits:
            raise UnsupportedMediaError(
                "an OpenDocument template of styles alone", hint="stamp documents made with it"
            )
        if MANIFEST in self.edits and b"encryption-data" in self.edits.read(MANIFEST):
            raise UnsupportedMediaError(
                "an encrypted document", hint="save it without a password first"
            )

    def document(self, name: str) -> Document:
        """Return a file taken apart."""
        data = self.edits.read(name)  # old programs wrote plain document types
        return Document.of(data, limits=self.limits, what=name, doctype=True)

    def read(self, name: str) -> bytes:
        """Return a file, or nothing if there is none."""
        return self.edits.read(name) if name in self.edits else b""

    def check_changeable(self) -> None:
        """Refuse what a change would break.

        Raises:
            UnsupportedMediaError: If the document is signed by a signature of its own.
        """
        if any(name in self.edits for name in _SIGNATURES):
            raise UnsupportedMediaError(
                "the document is signed, and any change would break the signature",
                hint="stamp it first, then sign it",
            )

    def declare(self, files: Mapping[str, str]) -> None:
        """Name files in the manifest, with their media types."""
        if MANIFEST not in self.edits:
            return
        data = self.edits.read(MANIFEST)
        if all(f'full-path="{name}"'.encode() in data for name in files):
            return
        document = self.document(MANIFEST)
        named = {one.get("manifest:full-path") for one in document.root.elements}
        prefix, declared = document.prefix(ODF["manifest"], "manifest")
        fresh = "".join(
            f"<{prefix}:file-entry{declared} {prefix}:full-path={quote(name)} "
            f"{prefix}:media-type={quote(kind)}/>"
            for name, kind in files.items()
            if name not in named
        )
        if fresh:
            self.edits.put(MANIFEST, document.edited([document.root.opened(fresh)]))
