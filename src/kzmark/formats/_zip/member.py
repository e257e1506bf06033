"""A file of a package, and stretches of files that follow on each other."""

from collections.abc import Iterable, Iterator, Mapping

from kzmark.formats._zip.records import Entry


class Member:
    """One file of a package.

    Attributes:
        name: Its name, with `/` between folders.
        entry: What the directory says.
        start: Where its local header stands.
        body: Where its bytes begin.
        stop: Where they end.
        end: Behind its data descriptor, if it has one.
    """

    __slots__ = ("body", "end", "entry", "name", "start", "stop")

    def __init__(self, name: str, entry: Entry, body: int, end: int) -> None:
        self.name = name
        self.entry = entry
        self.start = entry.start
        self.body = body
        self.stop = body + entry.packed
        self.end = end

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, which holds nothing."""
        return self.name.endswith("/")


def runs(members: Iterable[Member], kept: Mapping[str, object]) -> Iterator[tuple[int, int]]:
    """Yield stretches of members that follow on each other, those of `kept` left out."""
    begin = end = 0
    for member in members:
        if member.name in kept:
            continue
        if member.start != end:
            if end > begin:
                yield begin, end
            begin = member.start
        end = member.end
    if end > begin:
        yield begin, end
