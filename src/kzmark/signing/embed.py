"""Signing a finished file, checking it, reading others: by our own store, or by the C2PA library.

Our own store (`kzmark.signing.store`) signs where the format says where a store stands and nothing
earlier has to be kept. The C2PA library signs everything else.

It also judges the files of strangers. Our own judge goes before it and answers where there is only
one answer: there is no manifest, or a store is whole, valid and word for word what kzmark writes.
A fast path skips work; whatever it is not certain of, the library decides.
"""

import io
from typing import Final, Protocol, TypeGuard

from kzmark import __version__
from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of, size_of, stream_of
from kzmark._temporary import scratch
from kzmark.errors import LimitExceededError, MediaError
from kzmark.formats._ability import offers
from kzmark.formats._base import Adapter
from kzmark.formats._embedding import Embeds, Survey
from kzmark.formats._text import Beside
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.signing import c2pa, evidence, lone, trust
from kzmark.signing.manifest import RECORD
from kzmark.signing.package import is_packed, judged
from kzmark.signing.package import signed as packed
from kzmark.signing.signed import Signed, put
from kzmark.signing.signer import Signer
from kzmark.signing.store import binding
from kzmark.signing.store.binding import Binding
from kzmark.signing.store.draft import Draft
from kzmark.signing.store.ties import Tie, tie_of
from kzmark.signing.store.validate import validate
from kzmark.signing.unaided import is_unaided, unaided
from kzmark.vocabulary import Operation

_LABEL: Final = b"c2pa"  # stands in every manifest store
_REFERENCE: Final = b"provenance"  # dcterms:provenance in XMP names a manifest elsewhere
_ALL: Final = binding.data_hash(bytes(32), None)


def sign(
    data: bytes | Rope,
    *,
    adapter: Adapter,
    mark: Mark,
    signer: Signer,
    parent: bytes | Rope | None = None,
    limits: Limits,
) -> Signed:
    """Return a file with a signed manifest that states the mark.

    An earlier manifest is always kept, as that of the parent. Every byte is hashed once.

    Args:
        data: The finished file: nothing may be changed after this.
        adapter: The adapter of its format.
        mark: What the manifest states.
        signer: Who signs.
        parent: The file that it was made from, of the same format. If left out, the file itself is
            the parent of a modified one, and of one that carries a manifest.
        limits: What one file may cost.

    Raises:
        MediaError: If the file has no place for a manifest, or is damaged.
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    _check_size(data, limits)
    origin = data if parent is None and mark.operation is Operation.MODIFIED else parent
    if is_packed(adapter):
        return packed(data, adapter, mark, signer, data if parent is None else parent, limits)
    if is_unaided(adapter):
        return unaided(data, adapter, mark, signer, data if parent is None else parent, limits)
    made = None
    if _embeds(adapter) and (origin is None or _is_bare(adapter, origin, limits)):
        tie = tie_of(adapter, limits=limits)
        draft = _draft(mark, signer, "" if origin is None else adapter.info.mime, blank=tie.blank)
        made = _embedded(data, adapter, mark, draft, tie)
    return made or _by_library(data, adapter, mark, signer, parent, limits)


def sign_detached(
    data: bytes | Rope,
    *,
    adapter: Adapter,
    mark: Mark,
    signer: Signer,
    parent: bytes | Rope | None = None,
    parent_manifest: bytes | None = None,
    limits: Limits,
) -> bytes:
    """Return a signed manifest store for a file that itself stays as it is.

    The hash covers every byte of the file. The store is what a `.c2pa` file holds.

    Args:
        data: The finished file.
        adapter: The adapter of its format.
        mark: What the manifest states.
        signer: Who signs.
        parent: The file that it was made from, as for `sign`.
        parent_manifest: The manifest store that stood beside the parent: it is kept.
        limits: What one file may cost.

    Raises:
        MediaError: If the file or the parent's store is over the limits, or the store is damaged.
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    _check_size(data, limits)
    if not parent_manifest:
        has_parent = parent is not None or mark.operation is Operation.MODIFIED
        mime = adapter.info.mime if has_parent else ""
        draft = _draft(mark, signer, mime, blank=_ALL, is_data=offers(adapter, Beside))
        return draft.close(binding.data_hash(binding.digest_of(data, None), None))
    return c2pa.sign_detached(
        stream_of(data),
        mark=mark,
        mime=adapter.info.mime,
        signer=signer,
        parent=None if parent is None else stream_of(parent),
        parent_manifest=parent_manifest,
        is_data=offers(adapter, Beside),
        limits=limits,
    )


def check(signed: Signed, *, adapter: Adapter, limits: Limits) -> Evidence:
    """Say what the manifest of a file holds that was signed here a moment ago.

    Our own judge is enough for that: signature, certificates, hashed URIs and the place of the
    store are looked at in the finished bytes. The bytes outside the place are those that were
    hashed: the very object is looked at that was joined from them, and it cannot change.
    """
    if is_packed(adapter):
        return judged(signed.data, adapter, anchors="", limits=limits, signed=signed)
    if signed.place is None or not _embeds(adapter):
        return read(signed.data, adapter=adapter, limits=limits)
    start, size = signed.place
    try:
        store = adapter.unwrap(bytes_of(signed.data, start, start + size))
    except MediaError as error:
        return evidence.malformed(error.message)
    bound = tie_of(adapter, limits=limits).bound(signed.data, signed.place, signed.digest)
    reading = validate(store, bound, limits=limits).reading
    held = reading.manifests[0]["assertions"].get(RECORD) if reading.manifests else None
    if held == signed.record:  # it was made from the mark, which need not be made from it again
        reading = reading._replace(mark=signed.mark)
    return evidence.judge(reading)


def read(
    data: bytes | Rope,
    *,
    adapter: Adapter,
    trust_anchors: bytes | str | None = None,
    manifest: bytes | None = None,
    limits: Limits,
) -> Evidence:
    """Say what the C2PA manifest of a file holds and whether it fits the file.

    Args:
        data: The file.
        adapter: The adapter of its format.
        trust_anchors: PEM text of those whom the caller trusts.
        manifest: The manifest store that stands beside the file, if it is not in it.
        limits: What one file may cost.

    Raises:
        LimitExceededError: If the file or the store is over the limits.
        IdentityError: If there is no certificate among the trust anchors.
    """
    anchors = trust.checked(trust_anchors) if trust_anchors else ""
    if is_packed(adapter):
        return judged(data, adapter, anchors=anchors, limits=limits)
    if manifest is None and lone.is_lone(adapter):
        return lone.judged(data, adapter, anchors=anchors, limits=limits)
    if size_of(data) <= _most(data, limits):
        sure = _certain(data, adapter, anchors, manifest, limits)
        if sure is not None:
            return sure
    return c2pa.read(
        stream_of(data),
        adapter.info.mime,
        trust_anchors=trust_anchors,
        manifest=manifest,
        limits=limits,
    )


def _certain(
    data: bytes | Rope, adapter: Adapter, anchors: str, manifest: bytes | None, limits: Limits
) -> Evidence | None:
    """Return the evidence where there is only one answer."""
    if manifest is not None:
        store, bound = manifest, binding.bound(None, lambda: binding.digest_of(data, None))
    else:
        survey = _survey(adapter, data, limits)
        if survey is None or not _embeds(adapter):
            return None
        if not survey.store:
            return None if _mentions(survey, _LABEL, _REFERENCE) else evidence.absent()
        if _mentions(survey, _REFERENCE):
            return None
        place = (survey.start, survey.size)
        store, bound = survey.store, tie_of(adapter, limits=limits).bound(data, place, b"")
    reading = validate(store, bound, anchors=anchors, limits=limits).certain()
    if reading is None or (anchors and reading.state == evidence.UNANCHORED):
        return None
    return evidence.judge(reading)


def _survey(adapter: Adapter, data: bytes | Rope, limits: Limits) -> Survey | None:
    """Return what a file holds beside its picture, if its format tells and it is in order."""
    if not _embeds(adapter):
        return None
    try:
        return adapter.survey(data, limits=limits)
    except MediaError:
        return None


def _mentions(survey: Survey, *words: bytes) -> bool:
    return any(word in piece for piece in survey.others for word in words)


def _is_bare(adapter: Adapter, data: bytes | Rope, limits: Limits) -> bool:
    """Say whether a file has no manifest that would have to be kept."""
    survey = _survey(adapter, data, limits)
    return survey is not None and not survey.store and not _mentions(survey, _LABEL)


class _Embedding(Adapter, Embeds, Protocol):
    """An adapter of a format that says where a store stands."""


def _embeds(adapter: Adapter) -> TypeGuard[_Embedding]:
    return offers(adapter, Embeds)


def _check_size(data: bytes | Rope, limits: Limits) -> None:
    if size_of(data) > _most(data, limits):
        raise LimitExceededError(f"the file is over the limit of {_most(data, limits)} bytes")


def _most(data: bytes | Rope, limits: Limits) -> int:
    return limits.max_stream if isinstance(data, Rope) else limits.max_bytes


def _draft(
    mark: Mark, signer: Signer, mime: str, *, blank: Binding, is_data: bool = False
) -> Draft:
    return Draft(
        mark, signer=signer, version=__version__, blank=blank, parent_mime=mime, is_data=is_data
    )


def _embedded(
    data: bytes | Rope, adapter: Embeds, mark: Mark, draft: Draft, tie: Tie
) -> Signed | None:
    """Return the file with the draft closed and put in its place, if there is one."""
    try:
        room = adapter.room(data, draft.size)
    except MediaError:
        return None  # there is a manifest already, or the file is of a kind the library knows
    return put(data, room, mark, draft, tie)


def _by_library(
    data: bytes | Rope,
    adapter: Adapter,
    mark: Mark,
    signer: Signer,
    parent: bytes | Rope | None,
    limits: Limits,
) -> Signed:
    with scratch() if isinstance(data, Rope) else io.BytesIO() as target:
        c2pa.sign(
            stream_of(data),
            target,
            mark=mark,
            mime=adapter.info.mime,
            signer=signer,
            parent=None if parent is None else stream_of(parent),
            limits=limits,
        )
        whole = target.getvalue() if isinstance(target, io.BytesIO) else Rope.over(target)
    return Signed(data=whole, mark=mark)
