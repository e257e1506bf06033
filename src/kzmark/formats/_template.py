"""PPM, the whole of an adapter in one file: copy this to add a format.

It is not in the registry, for nobody publishes PPM; but it works, and it runs under the contract
tests like any other. The mark stands in a comment line of the header, `# kzmark {...}`, and PPM has
no place for a C2PA manifest: that stands in the sidecar, so that a change of the pixels is seen.

Spec: Netpbm, ppm(5): `P6`, width, height, 255, each behind white space and comments, then rows of
RGB bytes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, RecordError
from kzmark.formats._base import (
    Box,
    C2PABinding,
    FormatInfo,
    PatchFor,
    Picture,
    Pixels,
    Signature,
)
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_LINE: Final = re.compile(rb"#[ \t]*kzmark ([^\r\n]*)\r?\n")
_HEAD: Final = re.compile(rb"P6((?:\s+|#[^\r\n]*\r?\n)+\d{1,6}){3}\s")
_COMMENT: Final = re.compile(rb"#[^\r\n]*")


class _Ppm(NamedTuple):
    """A file taken apart: the header as it stands, and the picture."""

    head: bytes
    pixels: Pixels


class Ppm:
    """Stateless: whatever a method needs, it reads from the source it is given."""

    info = FormatInfo(
        name="ppm",
        title="Netpbm PPM, raw, 8 bits",
        medium=Medium.IMAGE,
        mime="image/x-portable-pixmap",
        extensions=(".ppm",),
        signatures=(Signature(b"P6"),),
        layers=frozenset({Layer.TEXT, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every pixel",
    )

    def confirm(self, head: bytes) -> bool:
        """Two letters make no PPM: its whole header has to be there."""
        return _HEAD.match(head) is not None

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the comment of the header holds."""
        found = _LINE.search(_parse(source, limits).head)
        if found is None:
            return [Evidence(layer=Layer.TEXT, status=Status.ABSENT)]
        try:
            mark = Mark.from_json(found[1])
        except RecordError as error:
            broken = Evidence(
                layer=Layer.TEXT, status=Status.BROKEN, code="text.record", detail=error.message
            )
            return [broken]
        return [Evidence(layer=Layer.TEXT, status=Status.PRESENT, mark=mark)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark behind the magic; comments by others stay."""
        ppm = _parse(source, limits)
        rest = _LINE.sub(b"", ppm.head)[2:].lstrip()
        target.write(b"P6\n# kzmark " + mark.to_json() + b"\n" + rest + ppm.pixels.tobytes())

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the one size there is."""
        height, width, _ = _parse(source, limits).pixels.shape
        return [(width, height)]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Lay the patch on the pixels; a caption band makes the picture higher."""
        ppm = _parse(source, limits)
        height, width, _ = ppm.pixels.shape
        patch = patch_for(width, height)
        grown = np.zeros((height + patch.grow, width, 3), np.uint8)
        grown[:height] = ppm.pixels
        x, y, across, down = patch.box
        grown[y : y + down, x : x + across] = patch.pixels
        comments = b"".join(line + b"\n" for line in _COMMENT.findall(ppm.head))
        head = b"P6\n" + comments + b"%d %d\n255\n" % (width, height + patch.grow)
        target.write(head + grown.tobytes())
        return ()

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the picture, or the part of it that is wanted."""
        pixels = _parse(source, limits).pixels
        height, width, _ = pixels.shape
        x, y, across, down = within or (0, 0, width, height)
        part = pixels[y : y + down, x : x + across]
        yield Picture(index=0, width=width, height=height, pixels=part, x=x, y=y)


ADAPTER = Ppm()


def _parse(source: BinaryIO, limits: Limits) -> _Ppm:
    """Take a file apart; what its header declares is checked before it is believed."""
    data = read_all(source, limits=limits)
    found = _HEAD.match(data)
    if found is None:
        raise MalformedMediaError("no header of a PPM")
    head = found[0]
    width, height, most = (int(word) for word in _COMMENT.sub(b"", head)[2:].split())
    limits.check_picture(width, height, file_bytes=len(data), sample_bytes=3)
    if most != 255:
        raise MalformedMediaError(f"samples up to {most}, only 255 is read here")
    size = width * height * 3
    if len(data) - len(head) < size:
        raise MalformedMediaError("the file ends inside its pixels")
    pixels = np.frombuffer(data, np.uint8, size, len(head)).reshape(height, width, 3)
    return _Ppm(head, pixels)
