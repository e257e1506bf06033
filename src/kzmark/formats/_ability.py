"""Asking an adapter what it can do."""

from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from typing_extensions import TypeIs  # type checkers bring it along

Ability = TypeVar("Ability")

_KNOWN: Final[dict[tuple[type[Any], type[Any]], bool]] = {}


def offers(adapter: object, ability: type[Ability]) -> "TypeIs[Ability]":
    """Say whether an adapter has all that one of the contract's protocols asks for.

    The same as `isinstance`, which looks at each method anew each time: a millisecond for a stamp.
    Adapters have no state, so that one answer a class is enough.

    Args:
        adapter: The adapter.
        ability: A runtime protocol of the contract.
    """
    known = _KNOWN.get((type(adapter), ability))
    if known is None:
        known = _KNOWN[type(adapter), ability] = isinstance(adapter, ability)
    return known
