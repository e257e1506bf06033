"""Signing files that the C2PA library cannot write, or not without loss."""

from contextlib import suppress
from typing import Final, Protocol, TypeGuard

from kzmark import __version__
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._base import Adapter
from kzmark.formats._embedding import Unaided
from kzmark.mark import Mark
from kzmark.signing.signed import Signed, put
from kzmark.signing.signer import Signer
from kzmark.signing.store.draft import Draft
from kzmark.signing.store.heritage import inherited
from kzmark.signing.store.ties import tie_of
from kzmark.signing.store.validate import validate
from kzmark.vocabulary import Operation

_LABEL: Final = b"c2pa"  # stands in every manifest store


class UnaidedAdapter(Adapter, Unaided, Protocol):
    """An adapter of a format that kzmark alone signs."""


def is_unaided(adapter: Adapter) -> TypeGuard[UnaidedAdapter]:
    """Say whether kzmark alone signs the files of a format."""
    return getattr(adapter, "unaided", False) is True


def unaided(
    data: bytes | Rope,
    adapter: UnaidedAdapter,
    mark: Mark,
    signer: Signer,
    origin: bytes | Rope,
    limits: Limits,
) -> Signed:
    """Return the file signed by our own store, the manifests of the file before it kept there.

    Raises:
        UnsupportedMediaError: If an earlier store cannot be kept.
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    tie = tie_of(adapter, limits=limits)
    found = adapter.survey(origin, limits=limits)
    kept = None
    if found.store:
        place = (found.start, found.size)
        bound = tie.bound(origin, place, b"")
        seen = validate(found.store, bound, limits=limits).reading
        with suppress(MalformedMediaError):  # what cannot be read is set aside
            kept = inherited(found.store, seen.failures, limits=limits)
    elif not found.fault and (found.elsewhere or any(_LABEL in one for one in found.others)):
        raise UnsupportedMediaError(
            "the manifest of the file stands where it cannot be kept",
            hint="take its address out of the metadata first, or stamp a copy that never had one",
        )
    has_parent = kept is not None or mark.operation is Operation.MODIFIED
    draft = Draft(
        mark,
        signer=signer,
        version=__version__,
        blank=tie.blank,
        parent_mime=adapter.info.mime if has_parent else "",
        inherited=kept.said if kept else None,
        boxes=kept.boxes if kept else (),
    )
    return put(data, adapter.room(data, draft.size), mark, draft, tie)
