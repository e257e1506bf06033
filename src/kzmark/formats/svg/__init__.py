"""SVG: an XMP packet in the root's `<metadata>`, the notice as the last thing painted.

Spec: SVG 2, 5.9 (metadata) and 3.4 (painting order); XMP part 3, SVG; C2PA 2.2, A.3.3: the manifest
is base64 in `c2pa:manifest` in the same `<metadata>`. Files are edited by splicing: what others
wrote is copied, never spelt anew.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._base import (
    Box,
    C2PABinding,
    DrawingFor,
    FormatInfo,
    Picture,
    Signature,
)
from kzmark.formats.layers import xmp
from kzmark.formats.svg import document as documents
from kzmark.formats.svg import hidden as _svg_hidden
from kzmark.formats.svg import notice as _svg_notice
from kzmark.formats.svg import render as _svg_render
from kzmark.formats.svg import root
from kzmark.formats.svg.document import Document, Edit, Spot
from kzmark.formats.svg.packet import Packet
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_STARTS: Final = (
    b"<",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\0<",
    b"\x1f\x8b\x08",
)
_OURS: Final = xmp.NAMESPACE.encode()


class Svg:
    """The adapter."""

    info = FormatInfo(
        name="svg",
        title="SVG",
        medium=Medium.IMAGE,
        mime="image/svg+xml",
        extensions=(".svg",),
        signatures=tuple(Signature(start) for start in _STARTS),
        layers=frozenset({Layer.C2PA, Layer.XMP}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every byte outside the notice and the metadata; other encodings become UTF-8",
        backend="resvg_py",
        extra="svg",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the first 4,096 bytes are of an SVG (also of a compressed one)."""
        return documents.begins(head)

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what each XMP packet of the file holds."""
        document = documents.read(source, limits=limits)
        found = [xmp.judge(packet.data, limits=limits) for packet in document.packets]
        return found or [Evidence(layer=Layer.XMP, status=Status.ABSENT)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its XMP packet."""
        document = documents.read(source, limits=limits)
        packet = _packet_to_write(document)
        merged = xmp.merge(packet.data if packet else b"", mark, limits=limits).decode()
        home = _home(document)
        edit = (packet.span, merged) if packet else _insertion(document, home, merged)
        target.write(document.spliced([edit, *_set_aside(document, home)]))

    def draw(
        self, source: BinaryIO, target: BinaryIO, drawing_for: DrawingFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a drawing of real text as its last element.

        An earlier notice of ours is replaced, its caption band undone.

        Returns:
            `svg.window-may-crop` where a window of another shape than the picture's own may cut
            the notice off; `svg.percent-lengths` where a caption band may move others' shapes.

        Raises:
            MalformedMediaError: If the root itself is moved, faded or hidden.
        """
        document = documents.read(source, limits=limits)
        root.refuse_hiding(document)
        document = root.undone(document, limits=limits)
        view = root.viewport_of(document)
        drawing = drawing_for(view.width, view.height)
        edits, was = root.grown(document, view, drawing.grow)
        group = _svg_notice.markup(drawing, view, was=was)
        target.write(document.spliced([*edits, document.filled(document.root, f"{group}\n")]))
        return root.notes(document, view, drawing.grow)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed size, rounded to whole pixels."""
        view = root.viewport_of(documents.read(source, limits=limits))
        return [(max(1, round(view.width)), max(1, round(view.height)))]

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the picture as it is displayed without scripts and without any other file.

        It is rendered with the shipped letters only, at its displayed size or a multiple of it:
        800 to 2,000 px on the long side. `within` is not used: it is of the displayed size.

        Raises:
            BackendMissingError: If resvg is not installed.
            MalformedMediaError: If resvg cannot render it.
            LimitExceededError: If it takes too much time or memory.
        """
        del within
        document = documents.read(source, limits=limits)
        pixels = _svg_render.render(document, root.viewport_of(document), limits=limits)
        height, width = pixels.shape[:2]
        yield Picture(index=0, width=width, height=height, pixels=pixels)

    def hidden_text(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what could hide the notice where no rendering shows it: scripts, animations."""
        return _svg_hidden.judge(documents.read(source, limits=limits), limits=limits)


ADAPTER = Svg()


def _packet_to_write(document: Document) -> Packet | None:
    """Return the packet that holds our record, or else the first."""
    ours = (packet for packet in document.packets if _OURS in packet.data)
    return next(ours, document.packets[0] if document.packets else None)


def _home(document: Document) -> Spot | None:
    """Return the `<metadata>` where the C2PA manifest is or will be, if there is one."""
    filled = [spot for spot in document.metadata if not spot.is_empty]
    signed = (spot for spot in filled if b":manifest" in document.text[spot.inside : spot.closing])
    return next(signed, next(iter(filled or document.metadata), None))


def _insertion(document: Document, home: Spot | None, packet: str) -> Edit:
    """Return the edit that puts a first packet into the file: at home, or into a new element.

    A new one comes at the end, where it is nobody's first child, but before the notice.
    """
    if home is not None:
        return document.filled(home, packet)
    name = f"{document.prefix}metadata"
    element = f"<{name}>{packet}</{name}>\n"
    notice = document.notice
    if notice is not None and notice.end == len(document.text[: document.root.closing].rstrip()):
        return (notice.start, notice.start), element
    return document.filled(document.root, element)


def _set_aside(document: Document, home: Spot | None) -> list[Edit]:
    """Return the edits that put further `<metadata>` elements one level down, into groups.

    The C2PA library writes its manifest into every filled one under the root, and two manifests
    are none. A group of nothing but metadata shows nothing.
    """
    group = f"{document.prefix}g"
    edits: list[Edit] = []
    for spot in document.metadata:
        if spot is not home and not spot.is_empty:
            edits += [
                ((spot.start, spot.start), f"<{group}>"),
                ((spot.end, spot.end), f"</{group}>"),
            ]
    return edits
