"""Room inside a TIFF: where old strips stood, new ones go, so that the file hardly grows."""

from collections.abc import Iterable

from kzmark.formats._ifd_draft import Draft


class Space:
    """Free regions of a draft.

    Attributes:
        draft: The draft they lie in.
    """

    def __init__(
        self, draft: Draft, freed: Iterable[tuple[int, int]], live: Iterable[tuple[int, int]]
    ) -> None:
        """Erase what is free.

        Args:
            draft: Changed in place; free regions at its end are cut off.
            freed: (start, end) of the regions that may be used again.
            live: (start, end) of those that may not, whatever `freed` says.
        """
        self.draft = draft
        free = _without(sorted(freed), sorted(live))
        draft.erase((start, end - start) for start, end in free)
        size = len(draft.data)
        self._free = [[start + start % 2, min(end, size)] for start, end in free if start < size]

    @property
    def dead(self) -> int:
        """Bytes that nothing uses."""
        return sum(max(0, end - start) for start, end in self._free)

    def place(self, content: bytes) -> int:
        """Put bytes into the first free region that is wide enough, or at the end."""
        for region in self._free:
            if region[1] - region[0] >= len(content):
                at = region[0]
                self.draft.data[at : at + len(content)] = content
                region[0] += len(content) + len(content) % 2
                return at
        return self.draft.append(content)


def _without(freed: list[tuple[int, int]], live: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the merged parts of `freed` that no part of `live` covers; both are sorted."""
    found: list[tuple[int, int]] = []
    nearest = 0
    reach = 0  # up to here everything is decided
    for start, end in freed:
        at = max(start, reach)
        while at < end:
            while nearest < len(live) and live[nearest][1] <= at:
                nearest += 1
            low = live[nearest][0] if nearest < len(live) else end
            if low > at:
                stop = min(low, end)
                if found and found[-1][1] == at:
                    found[-1] = (found[-1][0], stop)
                else:
                    found.append((at, stop))
                at = stop
            else:
                at = live[nearest][1]
        reach = max(reach, end)
    return found
