"""The mark in the ID3v2 tag with which a file begins."""

from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._audio.tagged import Front
from kzmark.formats.layers import id3
from kzmark.formats.layers._id3_tag import Tag
from kzmark.mark import Mark
from kzmark.report import Evidence


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the frames of text and the XMP packets of the tag hold."""
    tag = Front.of(source, limits=limits).tag
    return [id3.judge(tag), *id3.judge_xmp(tag, limits=limits)]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in its tag; there is a new one if there was none."""
    front = Front.of(source, limits=limits)
    tag = front.tag or Tag()
    id3.put(tag, mark, limits=limits)
    front.write(target, tag)
