"""The ways in which a store that stands in its file is tied to it."""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeGuard

from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of
from kzmark.formats._ability import offers
from kzmark.formats._embedding import Boxed, Embeds, Lone
from kzmark.signing.store import binding, boxes
from kzmark.signing.store.binding import Binding, Bound, Place

_BLANK: Final = bytes(32)


class Tie(NamedTuple):
    """How the files of one format are hashed.

    Attributes:
        blank: A binding of the kind and length of every other.
        bind: From a digest and the place of the store to its binding.
        digest: From a file without its store and the place made for it to the digest.
        bound: From a whole file and the place of its store to what judges its binding; a digest
            that is known already can be given.
    """

    blank: Binding
    bind: Callable[[bytes, Place], Binding]
    digest: Callable[[bytes | Rope, Place], bytes]
    bound: Callable[[bytes | Rope, Place, bytes], Bound]


def tie_of(adapter: Embeds, *, limits: Limits) -> Tie:
    """Return how the files of a format are hashed: box by box, as text, or byte by byte."""
    if _is_lone(adapter):
        return _text(adapter)
    return _boxed(adapter, limits) if offers(adapter, Boxed) else _PLAIN


def _is_lone(adapter: Embeds) -> TypeGuard[Lone]:
    return hasattr(type(adapter), "covered")  # what a protocol is asked for takes much longer


def _bound(data: bytes | Rope, place: Place, digest: bytes) -> Bound:
    return binding.bound(place, lambda: digest or binding.digest_of(data, place))


_PLAIN: Final = Tie(
    blank=binding.data_hash(_BLANK, (0, 0)),
    bind=binding.data_hash,
    digest=lambda data, place: binding.digest_of(data, (place[0], 0)),
    bound=_bound,
)


def _text(adapter: Lone) -> Tie:
    def digest(data: bytes | Rope, place: Place) -> bytes:
        return adapter.covered(data if isinstance(data, bytes) else bytes_of(data), place)

    return _PLAIN._replace(
        digest=lambda data, place: digest(data, (place[0], 0)),
        bound=lambda data, place, known: binding.bound(place, lambda: known or digest(data, place)),
    )


def _boxed(adapter: Boxed, limits: Limits) -> Tie:
    def digest(data: bytes | Rope, gap: Place) -> bytes:
        tops = [boxes.Top(*one) for one in adapter.boxes(data, limits=limits)]
        return boxes.digest_of(data, tops, gap)

    return Tie(
        blank=boxes.box_hash(_BLANK),
        bind=lambda found, _: boxes.box_hash(found),
        digest=digest,
        bound=lambda data, _, known: boxes.bound(lambda: known or digest(data, (0, 0))),
    )
