"""The mark in the comments of every link of an Ogg file."""

from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats.layers import vorbis
from kzmark.formats.ogg.links import File, write_link
from kzmark.mark import Mark
from kzmark.report import Evidence, Status


def read(source: BinaryIO, *, limits: Limits) -> list[Evidence]:
    """Return what the comments of the links hold; where all say the same, they are one."""
    file = File(source, limits=limits)
    seen = [vorbis.judge(one.comments(limits=limits)) for one in file.links]
    marks = {one.mark for one in seen}
    if len(marks) == 1 and not any(one.status is Status.BROKEN for one in seen):
        return seen[:1]
    return [one for one in seen if one.status is not Status.ABSENT] or seen[:1]


def write(source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
    """Copy the file with the mark in all comments; those of others stay."""
    file = File(source, limits=limits)
    for link in file.links:
        comments = link.comments(limits=limits)
        vorbis.put(comments, mark)
        link.put_comments(comments)
        write_link(file, target, link)
