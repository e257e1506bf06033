"""Room for a plate's colours in a palette, without changing a colour that pixels use.

Shared by PNG and GIF. Pure arithmetic on arrays.
"""

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.uint8]  # (n, 3), RGB


def fit(
    palette: Colours, used: NDArray[np.bool_], colours: Colours, *, room: int
) -> tuple[Colours, NDArray[np.uint8], bool]:
    """Find or make an entry for each colour.

    A colour takes, in this order: an entry that equals it; a new entry, while there is room; an
    entry that no pixel uses; the nearest entry that stays. New entries go to the colour that is
    worst off so far, so that little room still gives a plate its ink and its ground.

    Args:
        palette: The entries so far, (n, 3), n at most 256.
        used: Whether a pixel uses each entry; these keep their colours.
        colours: The colours wanted, (m, 3), m at least 1.
        room: How many entries may be appended; n + room at most 256.

    Returns:
        The palette with its changed and appended entries, (n to n + room, 3); the entry of each
        colour, (m,); and whether every colour is met exactly.

    Raises:
        ValueError: If there is no entry at all and no room for one, or more than 256 in sum.
    """
    size = len(palette)
    if not 0 < size + room <= 256:
        raise ValueError(f"a palette of {size} entries with room for {room}")
    wanted = np.unique(colours.reshape(-1, 3), axis=0)
    kept = used | _firsts(palette, used, wanted)
    slots = [*range(size, size + room), *np.flatnonzero(~kept).tolist()]
    grown = np.concatenate([palette, np.zeros((room, 3), np.uint8)])
    standing = np.concatenate([kept, np.zeros(room, np.bool_)])
    taken = _fill(grown, standing, wanted, slots)
    grown = grown[: max([size, *(slot + 1 for slot in taken)])]
    standing = standing[: len(grown)]
    entries = np.flatnonzero(standing)
    away = _distances(colours.reshape(-1, 3), grown[entries])
    index = entries[away.argmin(axis=1)].astype(np.uint8)
    return grown, index, bool((away.min(axis=1) == 0).all())


def _firsts(palette: Colours, used: NDArray[np.bool_], wanted: Colours) -> NDArray[np.bool_]:
    """Return, for each colour that stands in the palette already, one entry: a used one, if any."""
    first = np.zeros(len(palette), np.bool_)
    for column in (_distances(palette, wanted) == 0).T if len(palette) else ():
        equal = np.flatnonzero(column)
        if len(equal):
            first[equal[used[equal].argmax()]] = True
    return first


def _fill(
    palette: Colours, standing: NDArray[np.bool_], wanted: Colours, slots: list[int]
) -> list[int]:
    """Put the colours that are farthest from every entry into the slots; return those taken."""
    far = _distances(wanted, palette[standing]).min(axis=1, initial=1 << 20)
    taken = []
    for slot in slots:
        worst = int(far.argmax())
        if not far[worst]:
            break
        palette[slot] = wanted[worst]
        standing[slot] = True
        taken.append(slot)
        far = np.minimum(far, _distances(wanted, wanted[worst : worst + 1])[:, 0])
    return taken


def _distances(first: Colours, second: Colours) -> NDArray[np.int32]:
    """Return the squared distance of each colour of one list to each of the other."""
    apart = first[:, None].astype(np.int32) - second[None].astype(np.int32)
    squared: NDArray[np.int32] = (apart * apart).sum(axis=2, dtype=np.int32)
    return squared
