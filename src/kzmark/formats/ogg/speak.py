"""Words before an Ogg file, in its first stream: packets of their own before all others."""

from collections.abc import Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.facts import survey
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples
from kzmark.formats.layers import vorbis
from kzmark.formats.ogg import opus, spoken
from kzmark.formats.ogg.links import File, write_link


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy an Ogg file with words before its packets, which stay as they are, every byte."""
    file = File(source, limits=limits)
    first = file.links[0]
    facts = survey(file.source, "ogg")
    notes: list[str] = []
    if first.kind == "opus":
        said = opus.spoken(words, first, facts, opus.first_packet(file, first))
        skip = int.from_bytes(said.extradata[10:12], "little")
        old = opus.put_skip(first, skip)
        played = len(said.packets) * said.frame + old - skip
        notes = _move(file, played / opus.RATE, limits)
        fresh, later = opus.pages_of(file, first, said)
        write_link(file, target, first, fresh=fresh, later=later)
    elif first.kind == "vorbis":
        fresh, later = spoken.pages_of(file, first, words)
        notes = _move(file, later / facts.sound.rate, limits)
        write_link(file, target, first, fresh=fresh, later=later)
    else:
        raise UnsupportedMediaError(f"{first.kind} in Ogg cannot be joined to words")
    for link in file.links[1:]:
        write_link(file, target, link)
    if progress:
        progress(1, 1)
    return notes


def _move(file: File, seconds: float, limits: Limits) -> list[str]:
    """Move the chapters that the first link names."""
    comments = file.links[0].comments(limits=limits)
    notes = vorbis.shift(comments, seconds)
    file.links[0].put_comments(comments)
    return notes
