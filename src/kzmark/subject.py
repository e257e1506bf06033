"""One file under work: what its layers hold and what a person sees of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from kzmark._io import read_all, sha256
from kzmark._limits import Limits
from kzmark._rope import Rope, stream_of
from kzmark.errors import BackendMissingError, LimitExceededError
from kzmark.formats._base import Adapter, Box, C2PABinding, Conceals, Draws, Picture, Pictures
from kzmark.formats._film import Films
from kzmark.formats._text import Beside, Leaf, Legible, Passage
from kzmark.formats.layers import sidecar
from kzmark.mark import Mark
from kzmark.notices import film as films
from kzmark.notices import image, words
from kzmark.profile import Profile
from kzmark.report import Basis, Evidence, Status
from kzmark.signing import embed
from kzmark.signing.signed import Signed
from kzmark.sniff import sniff
from kzmark.vocabulary import Layer

Watch = Callable[[Iterator[Picture]], Iterator[Picture]]  # sees what is looked at, changes nothing

_DOUBTS: Final = frozenset({"notice.animated", "notice.overlaid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One file under work: its bytes, its adapter and the files that stand beside it.

    Attributes:
        data: The whole file; a rope where the format is worked on as a stream.
        adapter: The adapter of its format.
        name: What to call it in messages.
        record: Bytes of its `.kzmark.json` sidecar, or nothing.
        parent: The file it was made from, if that is not itself.
    """

    data: bytes | Rope
    adapter: Adapter
    name: str = ""
    record: bytes | None = None
    parent: bytes | Rope | None = None
    _digest: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """The SHA-256 of the file, 64 hexadecimal digits; the bytes are gone over once."""
        if not self._digest:
            self._digest.append(sha256(self.data))
        return self._digest[0]

    @property
    def original(self) -> BinaryIO:
        """A fresh stream over the file before kzmark touched it."""
        return stream_of(self.data if self.parent is None else self.parent)

    @property
    def stream(self) -> BinaryIO:
        """A fresh stream over the bytes, at their start."""
        return stream_of(self.data)


def open_subject(
    source: BinaryIO, *, limits: Limits, name: str = "", record: bytes | None = None
) -> Subject:
    """Read a file and find its adapter.

    Raises:
        MediaError: If it is over the limits or no adapter recognises it.
    """
    adapter = sniff(source, name=name)
    data = _rope_over(source, limits) if adapter.info.streamed else read_all(source, limits=limits)
    return Subject(data=data, adapter=adapter, name=name, record=record)


def _rope_over(source: BinaryIO, limits: Limits) -> Rope:
    rope = Rope.over(source)
    if rope.size > limits.max_stream:
        raise LimitExceededError(f"the file is over the limit of {limits.max_stream} bytes")
    return rope


def read_layers(
    subject: Subject,
    *,
    limits: Limits,
    trust: bytes | None = None,
    signed: Signed | None = None,
) -> list[Evidence]:
    """Return the evidence of every layer, the notice aside.

    Args:
        subject: The file.
        limits: What it may cost.
        trust: PEM text of those whom the caller trusts.
        signed: What signing gave a moment ago, if the file is that very output.

    Raises:
        MediaError: If the file breaks the rules of its format.
    """
    info = subject.adapter.info
    evidence = list(subject.adapter.read(subject.stream, limits=limits))
    store = sidecar.manifest_of(subject.record) if subject.record else b""
    if info.c2pa is C2PABinding.EMBEDDED or store:
        detached = store if info.c2pa is not C2PABinding.EMBEDDED else None
        if signed is not None and signed.data is subject.data:
            seen = embed.check(signed, adapter=subject.adapter, limits=limits)
        else:
            seen = embed.read(
                subject.data,
                adapter=subject.adapter,
                trust_anchors=trust,
                manifest=detached,
                limits=limits,
            )
        evidence.append(seen)
    if Layer.SIDECAR in info.layers:
        evidence.append(_read_sidecar(subject))
    return evidence


def see(  # noqa: PLR0911 - one way out for each kind of format
    subject: Subject,
    mark: Mark | None,
    *,
    profile: Profile,
    limits: Limits,
    blind: bool = True,
    watch: Watch = iter,
) -> Evidence:
    """Look for the notice in what a person sees: where the mark says, then everywhere.

    Args:
        subject: The file.
        mark: The mark of its layers, if they agree on one.
        profile: Words and numbers to measure by.
        limits: What it may cost.
        blind: Whether to search everywhere when it is not seen in its place.
        watch: What the pictures pass through on their way.

    Raises:
        MediaError: If the pictures cannot be decoded.
    """
    adapter = subject.adapter
    if isinstance(adapter, Legible):
        leaves = adapter.leaves(subject.stream, limits=limits)
        return words.find(leaves, profile=profile, mark=mark)
    if isinstance(adapter, Beside):
        beside = Passage(text=sidecar.notice_of(subject.record or b""))
        return words.find([Leaf(index=0, passages=(beside,))], profile=profile, mark=mark)
    if isinstance(adapter, Films):
        return _see_film(subject, adapter, mark, profile, limits)
    vector = isinstance(adapter, Draws)
    if not isinstance(adapter, Pictures):
        return _unchecked("notice.unsupported", f"kzmark cannot look at {adapter.info.name} yet")
    try:
        if mark is not None and mark.notice.places and (not vector or not blind):
            within = None if vector else _expected(adapter, subject, mark, limits)
            pictures = watch(adapter.pictures(subject.stream, limits=limits, within=within))
            seen = image.find(pictures, profile=profile, mark=mark, limits=limits, vector=vector)
            if seen.status is Status.PRESENT or not blind:
                return _doubted(subject, seen, limits)
        pictures = watch(adapter.pictures(subject.stream, limits=limits))
        seen = image.find(pictures, profile=profile, mark=mark, limits=limits, vector=vector)
        return _doubted(subject, seen, limits)
    except BackendMissingError as error:
        return _unchecked("notice.backend-missing", f"{error.message}; {error.hint}")


def _see_film(
    subject: Subject, adapter: Films, mark: Mark | None, profile: Profile, limits: Limits
) -> Evidence:
    def stills(times: Sequence[float], keys: bool) -> Iterator[tuple[float, Picture]]:  # noqa: FBT001 - as `Stills` says
        return adapter.stills(subject.stream, times, limits=limits, keys=keys)

    try:
        film = adapter.film(subject.stream, limits=limits)
        return films.find(stills, film, profile=profile, mark=mark, limits=limits)
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
    return sidecar.judge(subject.record, subject.digest)


def _unchecked(code: str, detail: str) -> Evidence:
    return Evidence(
        layer=Layer.NOTICE,
        status=Status.UNCHECKED,
        basis=Basis.OBSERVED,
        code=code,
        detail=detail,
    )
