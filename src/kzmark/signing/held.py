"""The C2PA manifest store that a file holds, byte for byte: what other tools call a `.c2pa` file.

Where kzmark signs itself, the format says where the store stands. Elsewhere it is looked for as the
JUMBF box that it is (C2PA 2.4, 11.1), and taken only if the C2PA library reads the same in it.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of, size_of, stream_of
from kzmark.errors import MalformedMediaError
from kzmark.formats._base import Adapter
from kzmark.formats._embedding import Embeds
from kzmark.report import Evidence
from kzmark.signing import c2pa
from kzmark.signing.package import is_packed

_KIND: Final = bytes.fromhex("6332706100110010800000aa00389b71")  # of a manifest store
_BOX: Final = re.compile(rb"(.{4})jumb.{4}jumd" + re.escape(_KIND), re.DOTALL)
_HEAD: Final = 32  # bytes that such a box begins with
_BLOCK: Final = 1 << 20
_MOST: Final = 16  # boxes that are tried: pictures inside a file may have stores of their own
_GIF: Final = b"\x21\xff\x0bC2PA_GIF\x01\x00\x00"  # an application extension (A.3.3)
_SVG: Final = re.compile(
    rb"<(?:\w{1,40}:)?manifest[^>]{0,1000}>([A-Za-z0-9+/=\s]{32,})</(?:\w{1,40}:)?manifest"
)


def store_of(data: bytes | Rope, *, adapter: Adapter, limits: Limits) -> bytes:
    """Return the manifest store that stands in a file, or nothing if there is none.

    Args:
        data: The file.
        adapter: The adapter of its format.
        limits: What one file may cost.

    Raises:
        MediaError: If the file is malformed or over the limits, or there is a store that cannot be
            taken out of it whole.
    """
    if is_packed(adapter):
        return adapter.parcel(data, limits=limits).store
    if isinstance(adapter, Embeds):
        survey = adapter.survey(data, limits=limits)
        if survey.fault:
            code, told = survey.fault
            raise MalformedMediaError(f"{told} ({code})")
        if survey.store:
            return survey.store
    wanted = c2pa.read(stream_of(data), adapter.info.mime, limits=limits)
    if wanted.status.value == "absent":
        return b""
    for store in _found(data, limits):
        if _same(
            wanted, c2pa.read(stream_of(data), adapter.info.mime, manifest=store, limits=limits)
        ):
            return store
    raise MalformedMediaError("the manifest store cannot be taken out of the file whole")


def _same(one: Evidence, other: Evidence) -> bool:
    return (one.facts, one.mark, one.status) == (other.facts, other.mark, other.status)


def _found(data: bytes | Rope, limits: Limits) -> Iterator[bytes]:
    """Yield what may be the store: whole boxes, and what GIF and SVG spell in their own way."""
    if isinstance(data, bytes):  # neither is worked on as a stream
        yield from _spelt(data)
    for start in _starts(data):
        size = int.from_bytes(bytes_of(data, start, start + 4), "big")
        if _HEAD <= size <= min(size_of(data) - start, limits.max_metadata):
            yield bytes_of(data, start, start + size)


def _spelt(whole: bytes) -> Iterator[bytes]:
    from kzmark.formats.gif.blocks import sub_blocks

    if whole.startswith(b"GIF8"):
        at = whole.find(_GIF)
        if at >= 0:
            yield sub_blocks(whole[at + len(_GIF) :])
        return
    for found in _SVG.finditer(whole):
        try:
            yield base64.b64decode(b"".join(found[1].split()), validate=True)
        except binascii.Error:
            continue


def _starts(data: bytes | Rope) -> Iterator[int]:
    """Yield where the first such boxes begin; the file is gone over in blocks."""
    count = 0
    for start in range(0, size_of(data), _BLOCK):
        block = bytes_of(data, start, min(start + _BLOCK + _HEAD, size_of(data)))
        for found in _BOX.finditer(block):
            if found.start() < _BLOCK and count < _MOST:
                count += 1
                yield start + found.start()
