"""Signing what was hashed already: answers are gone, token by token, before they are signed."""

from kzmark import __version__
from kzmark.mark import Mark
from kzmark.signing.signed import measured
from kzmark.signing.signer import Signer
from kzmark.signing.store import binding
from kzmark.signing.store.binding import Binding
from kzmark.signing.store.draft import Draft
from kzmark.signing.store.stretch import Measure
from kzmark.vocabulary import Operation

_NOTHING = bytes(32)


def sign_beside(digest: bytes, *, mark: Mark, signer: Signer, mime: str) -> bytes:
    """Return the manifest store for a text that itself stays as it is.

    Args:
        digest: SHA-256 of the whole text.
        mark: What the manifest states.
        signer: Who signs.
        mime: Media type of the text.

    Raises:
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    draft = _draft(mark, signer, mime, binding.data_hash(_NOTHING, None))
    return draft.close(binding.data_hash(digest, None))


def sign_behind(
    digest: bytes, start: int, *, mark: Mark, signer: Signer, mime: str, measure: Measure
) -> bytes:
    """Return the manifest store that goes in behind a text.

    Args:
        digest: SHA-256 of the text as its kind of place asks for it.
        start: Bytes of the text.
        mark: What the manifest states.
        signer: Who signs.
        mime: Media type of the text.
        measure: Tells how many bytes a store takes in its place.

    Raises:
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    draft = _draft(mark, signer, mime, binding.data_hash(_NOTHING, (0, 0)))
    return measured(draft, binding.data_hash, digest, start, measure)


def _draft(mark: Mark, signer: Signer, mime: str, blank: Binding) -> Draft:
    parent = mime if mark.operation is Operation.MODIFIED else ""
    return Draft(mark, signer=signer, version=__version__, blank=blank, parent_mime=parent)
