"""One file under work: its bytes, and what its layers hold."""

from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

from kzmark._io import read_all, sha256
from kzmark._limits import Limits
from kzmark._rope import Rope, stream_of
from kzmark.errors import LimitExceededError, UnsupportedMediaError
from kzmark.formats._base import (
    Adapter,
    C2PABinding,
)
from kzmark.formats._embedding import chooses
from kzmark.formats.layers import sidecar
from kzmark.report import Evidence, Status
from kzmark.signing import embed, held
from kzmark.signing.signed import Signed
from kzmark.sniff import sniff
from kzmark.vocabulary import Layer

_SPEECHES: Final = ("html", "markdown")  # what answers are written in, plain text aside


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
    def embedding(self) -> "Subject":
        """The same file with its C2PA manifest in it, if its format leaves that to the caller."""
        adapter = self.adapter.embedding if chooses(self.adapter) else self.adapter
        return self if adapter is self.adapter else replace(self, adapter=adapter)

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
    if chooses(adapter) and adapter.carries(data):
        adapter = adapter.embedding
    if adapter.info.name in _SPEECHES and isinstance(data, bytes):
        from kzmark.formats._spoken import spoken

        adapter = spoken(adapter, data, record=record, limits=limits)
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


def manifest_of(subject: Subject, *, limits: Limits) -> bytes:
    """Return the C2PA manifest store of a file, in it or in its sidecar, as it stands.

    Nothing is judged: it may be that of another file, or damaged.

    Raises:
        MediaError: If there is none, it cannot be taken out whole, or the file is over the limits.
    """
    if subject.adapter.info.c2pa is C2PABinding.EMBEDDED:
        store = held.store_of(subject.data, adapter=subject.adapter, limits=limits)
    else:
        store = sidecar.manifest_of(subject.record) if subject.record else b""
    if not store:
        raise UnsupportedMediaError("it holds no C2PA manifest", source=subject.name)
    return store


def _read_sidecar(subject: Subject) -> Evidence:
    if subject.record is None:
        return Evidence(layer=Layer.SIDECAR, status=Status.ABSENT)
    return sidecar.judge(subject.record, subject.digest)
