"""One file under work: what its layers hold and what a person sees of it."""

import io
from dataclasses import dataclass
from typing import BinaryIO, Final

from kzmark._io import read_all, sha256
from kzmark._limits import Limits
from kzmark.errors import BackendMissingError
from kzmark.formats._base import Adapter, Box, C2PABinding, Conceals, Draws, Pictures
from kzmark.formats._text import Legible
from kzmark.formats.layers import sidecar
from kzmark.mark import Mark
from kzmark.notices import image, words
from kzmark.profile import Profile
from kzmark.report import Basis, Evidence, Status
from kzmark.signing import c2pa
from kzmark.sniff import sniff
from kzmark.vocabulary import Layer

_DOUBTS: Final = frozenset({"notice.animated", "notice.overlaid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One file under work: its bytes, its adapter and the files that stand beside it.

    Attributes:
        data: The whole file.
        adapter: The adapter of its format.
        name: What to call it in messages.
        record: Bytes of its `.kzmark.json` sidecar, or nothing.
        parent: The file it was made from, if that is not itself.
    """

    data: bytes
    adapter: Adapter
    name: str = ""
    record: bytes | None = None
    parent: bytes | None = None

    @property
    def original(self) -> BinaryIO:
        """A fresh stream over the file before kzmark touched it."""
        return io.BytesIO(self.data if self.parent is None else self.parent)

    @property
    def stream(self) -> BinaryIO:
        """A fresh stream over the bytes, at their start."""
        return io.BytesIO(self.data)


def open_subject(
    source: BinaryIO, *, limits: Limits, name: str = "", record: bytes | None = None
) -> Subject:
    """Read a file and find its adapter.

    Raises:
        MediaError: If it is over the limits or no adapter recognises it.
    """
    adapter = sniff(source, name=name)
    return Subject(data=read_all(source, limits=limits), adapter=adapter, name=name, record=record)


def read_layers(subject: Subject, *, limits: Limits, trust: bytes | None = None) -> list[Evidence]:
    """Return the evidence of every layer, the notice aside.

    Raises:
        MediaError: If the file breaks the rules of its format.
    """
    info = subject.adapter.info
    evidence = list(subject.adapter.read(subject.stream, limits=limits))
    store = sidecar.manifest_of(subject.record) if subject.record else b""
    if info.c2pa is C2PABinding.EMBEDDED or store:
        detached = store if info.c2pa is not C2PABinding.EMBEDDED else None
        evidence.append(
            c2pa.read(
                subject.stream,
                info.mime,
                trust_anchors=trust,
                manifest=detached,
                limits=limits,
            )
        )
    if Layer.SIDECAR in info.layers:
        evidence.append(_read_sidecar(subject))
    return evidence


def see(
    subject: Subject, mark: Mark | None, *, profile: Profile, limits: Limits, blind: bool = True
) -> Evidence:
    """Look for the notice in what a person sees: where the mark says, then everywhere.

    Args:
        subject: The file.
        mark: The mark of its layers, if they agree on one.
        profile: Words and numbers to measure by.
        limits: What it may cost.
        blind: Whether to search everywhere when it is not seen in its place.

    Raises:
        MediaError: If the pictures cannot be decoded.
    """
    adapter = subject.adapter
    if isinstance(adapter, Legible):
        leaves = adapter.leaves(subject.stream, limits=limits)
        return words.find(leaves, profile=profile, mark=mark)
    vector = isinstance(adapter, Draws)
    if not isinstance(adapter, Pictures):
        return _unchecked("notice.unsupported", f"kzmark cannot look at {adapter.info.name} yet")
    try:
        if mark is not None and mark.notice.places and (not vector or not blind):
            within = None if vector else _expected(adapter, subject, mark, limits)
            pictures = adapter.pictures(subject.stream, limits=limits, within=within)
            seen = image.find(pictures, profile=profile, mark=mark, limits=limits, vector=vector)
            if seen.status is Status.PRESENT or not blind:
                return _doubted(subject, seen, limits)
        pictures = adapter.pictures(subject.stream, limits=limits)
        seen = image.find(pictures, profile=profile, mark=mark, limits=limits, vector=vector)
        return _doubted(subject, seen, limits)
    except BackendMissingError as error:
        return _unchecked("notice.backend-missing", f"{error.message}; {error.hint}")


def _doubted(subject: Subject, seen: Evidence, limits: Limits) -> Evidence:
    """Take back what was seen if the file could hide it a moment later, or from another viewer."""
    adapter = subject.adapter
    if seen.status is Status.PRESENT and isinstance(adapter, Conceals):
        for doubt in adapter.hidden_text(subject.stream, limits=limits):
            if doubt.code in _DOUBTS:
                return doubt
    return seen


def _expected(adapter: Pictures, subject: Subject, mark: Mark, limits: Limits) -> Box | None:
    """Return the part of every page in which the notice should stand, if it is one part."""
    sizes = set(adapter.sizes(subject.stream, limits=limits))
    return image.expected_box(mark, *sizes.pop()) if len(sizes) == 1 else None


def _read_sidecar(subject: Subject) -> Evidence:
    if subject.record is None:
        return Evidence(layer=Layer.SIDECAR, status=Status.ABSENT)
    return sidecar.judge(subject.record, sha256(subject.data))


def _unchecked(code: str, detail: str) -> Evidence:
    return Evidence(
        layer=Layer.NOTICE,
        status=Status.UNCHECKED,
        basis=Basis.OBSERVED,
        code=code,
        detail=detail,
    )
