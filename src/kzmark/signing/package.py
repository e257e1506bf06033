"""Signing and judging packages: a manifest bound to every member of a ZIP file (C2PA 2.4, A.6)."""

from typing import Any, Final, Protocol, TypeGuard

from kzmark import __version__
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MediaError
from kzmark.formats._base import Adapter
from kzmark.formats._embedding import Packs, Parcel
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.signing import evidence
from kzmark.signing.evidence import Reading
from kzmark.signing.manifest import RECORD
from kzmark.signing.signed import Signed
from kzmark.signing.signer import Signer
from kzmark.signing.store import binding
from kzmark.signing.store.binding import Bound
from kzmark.signing.store.draft import Draft
from kzmark.signing.store.heritage import Heritage, inherited
from kzmark.signing.store.validate import validate
from kzmark.vocabulary import Operation

_BLANK: Final = bytes(32)


class PackingAdapter(Adapter, Packs, Protocol):
    """An adapter of a format whose files are packages."""


def is_packed(adapter: Adapter) -> TypeGuard[PackingAdapter]:
    """Say whether the files of a format are packages."""
    return hasattr(type(adapter), "parcel")


def signed(
    data: bytes | Rope,
    adapter: PackingAdapter,
    mark: Mark,
    signer: Signer,
    origin: bytes | Rope,
    limits: Limits,
) -> Signed:
    """Return the package signed, the manifests of the package before it kept in the new store.

    Raises:
        IdentityError: If the key, the certificate or the time stamp service fails.
        MediaError: If the package is damaged, or its store cannot be read.
    """
    parcel = adapter.parcel(data, limits=limits)
    kept = _kept(parcel if origin is data else adapter.parcel(origin, limits=limits), limits)
    has_parent = kept is not None or mark.operation is Operation.MODIFIED
    draft = Draft(
        mark,
        signer=signer,
        version=__version__,
        blank=binding.collection_hash(parcel.members, _BLANK),
        parent_mime=adapter.info.mime if has_parent else "",
        inherited=kept.said if kept else None,
        boxes=kept.boxes if kept else (),
    )
    directory = parcel.directory_with(draft.size)
    store = draft.close(binding.collection_hash(parcel.members, directory))
    return Signed(data=parcel.closed(store), mark=mark, record=draft.record)


def judged(
    data: bytes | Rope,
    adapter: PackingAdapter,
    *,
    anchors: str,
    limits: Limits,
    signed: Signed | None = None,
) -> Evidence:
    """Say what the manifest of a package holds and whether it fits every member. Never raises.

    With what signing gave a moment ago, the mark need not be made anew from the very same record.
    """
    try:
        parcel = adapter.parcel(data, limits=limits)
    except MediaError as error:
        return evidence.malformed(error.message)
    if not parcel.store:
        return evidence.absent()
    found = validate(parcel.store, _bound(parcel), anchors=anchors, limits=limits)
    reading = found.reading
    if signed is not None and signed.record and _record(reading) == signed.record:
        reading = reading._replace(mark=signed.mark)
    return evidence.judge(reading)


def _record(reading: Reading) -> Any:
    return reading.manifests[0]["assertions"].get(RECORD) if reading.manifests else None


def _kept(parcel: Parcel, limits: Limits) -> Heritage | None:
    if not parcel.store:
        return None
    seen = validate(parcel.store, _bound(parcel), limits=limits).reading
    return inherited(parcel.store, seen.failures, limits=limits)


def _bound(parcel: Parcel) -> Bound:
    return binding.collected(parcel.members, lambda: parcel.directory)
