"""MP4: the record in an XMP `uuid` box and in the index, the notice in the pictures.

Spec: ISO/IEC 14496-12 (boxes), 14496-14 (MP4), 14496-15 (H.264, HEVC); XMP part 3, MPEG-4.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._av.adapter import FilmFile
from kzmark.formats._base import C2PABinding, FormatInfo, PatchFor, Signature
from kzmark.formats._bmff.boxes import brands
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._film import Progress, Span
from kzmark.formats._narration import NarrationFor
from kzmark.formats.mp4 import c2pa, layers
from kzmark.formats.mp4 import narrate as narrated
from kzmark.formats.mp4.burn import burn
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

EXACT: Final = (
    "every byte of sound, subtitles and all else; with the notice at the start or at intervals, "
    "every picture outside of the groups of pictures that show it"
)
_OTHER: Final = frozenset(  # brands of pictures and sound, which other adapters know
    {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
    | {b"mif1", b"msf1", b"mif2", b"jxl ", b"crx ", b"M4A ", b"M4B ", b"M4P ", b"qt  "}
)


class Mp4(FilmFile):
    """MP4 and M4V films."""

    info = FormatInfo(
        name="mp4",
        title="MP4 and M4V films",
        medium=Medium.VIDEO,
        mime="video/mp4",
        extensions=(".mp4", ".m4v"),
        signatures=(Signature(b"ftyp", offset=4),),
        layers=frozenset({Layer.XMP, Layer.MP4, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact=EXACT,
        streamed=True,
        backend="av",
        extra="video",
    )
    demuxer = "mov"

    def confirm(self, head: bytes) -> bool:
        """Say whether the brands name a film of the MPEG-4 family."""
        major, listed = brands(head)
        return bool(listed) and major not in _OTHER

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP box and the metadata of the index hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its XMP box and its index."""
        layers.write(source, target, mark, limits=limits)

    def burn(
        self,
        source: BinaryIO,
        target: BinaryIO,
        patch_for: PatchFor,
        spans: Sequence[Span],
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the film with a patch on every frame that is seen in the spans."""
        return burn(source, target, patch_for, spans, limits=limits, progress=progress)

    def admit(self, source: BinaryIO, *, limits: Limits) -> None:
        """Refuse a film over whose sound nothing here can speak."""
        narrated.admit(source, limits=limits)

    def narrate(
        self,
        source: BinaryIO,
        target: BinaryIO,
        narration_for: NarrationFor,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the film with words over the start of every track of sound."""
        return narrated.narrate(source, target, narration_for, limits=limits, progress=progress)

    def room(self, data: Any, size: int) -> Room:
        """Return the place for a manifest store."""
        return c2pa.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store in a box."""
        return c2pa.unwrap(piece)

    def survey(self, data: Any, *, limits: Limits) -> Survey:
        """Look for the store."""
        return c2pa.survey(data, limits=limits)

    def boxes(self, data: Any, *, limits: Limits) -> Sequence[tuple[bytes, int, int]]:
        """Return type, start and end of every outermost box."""
        return c2pa.boxes(data, limits=limits)


ADAPTER = Mp4()
