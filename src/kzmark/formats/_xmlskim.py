"""Parts of a long XML document found by the letters of their tags, without taking all of it apart.

That is exact where a document is plain: no comments, no CDATA, no document type, so that `<` begins
a tag everywhere, and one prefix for the vocabulary. Of any other document there is no skim.
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._xmlcoding import is_utf8
from kzmark.formats._xmlmap import Document, Element, beginning
from kzmark.formats._xmlwords import places, stands

_ENDS: Final = (b" ", b">", b"/", b"\t", b"\n", b"\r")  # of the name of a tag
_LONGEST: Final = 16 << 10  # bytes of a head that is remembered
_FEW: Final = 4  # heads that are


@dataclass(frozen=True, slots=True)
class Skim:
    """A plain document.

    Attributes:
        data: Its bytes, UTF-8.
        root: Its outermost element, of which only the beginning is known.
        prefix: Prefix of the vocabulary with its colon.
    """

    data: bytes
    root: Element
    prefix: bytes

    @classmethod
    def of(
        cls,
        data: bytes,
        uris: Sequence[str],
        *,
        limits: Limits,
        what: str,
        enough: Callable[[Element], bool] = bool,
        until: str = "",
    ) -> Self | None:
        """Return the skim of a document in the vocabulary of one of these namespaces, if plain.

        Of its root so much is known as `enough` and `until` want to see (see `beginning`).
        """
        if (
            (b"!" in data and b"<!" in data)
            or data[:1] != b"<"
            or data[1:2] == b"\0"
            or not _is_utf8(data)
        ):
            return None
        known = _remembered(data, uris, until, limits) if until else None
        if known is not None and not stands(data, b"xmlns", known.root.inside):
            return cls(data, known.root, known.prefix)
        root = beginning(data, limits=limits, what=what, enough=enough, until=until)
        prefix, inside = root.prefix.encode(), root.inside
        head = data[root.start : inside]
        if not prefix or sum(head.count(f'"{uri}"'.encode()) for uri in uris) != 1:
            return None
        if stands(data, b"xmlns", inside) and (
            data.count(b"xmlns:" + prefix[:-1] + b"=") != 1
            or sum(data.count(uri.encode()) for uri in uris) != 1
        ):
            return None
        if until:
            _remember(_Head.of(data, root, prefix, uris, until, limits))
        return cls(data, root, prefix)

    def blocks(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield from where to where each element of a name stands that holds none of its kind.

        Where an element of a longer name begins, an empty stretch is yielded.

        Args:
            name: Without a prefix.
        """
        tag = self.prefix + name.encode()
        end = b"</" + tag + b">"
        data, opening = self.data, b"<" + tag
        stop = 0
        for at in places(data, opening):
            behind = at + len(opening)
            if at < stop:
                continue  # inside the last one
            if data[behind : behind + 1] not in _ENDS:
                yield at, at  # another element whose name begins so
                continue
            stop = data.find(b">", behind) + 1
            if data[stop - 2 : stop - 1] != b"/":
                stop = data.find(end, stop) + len(end)
            if stop <= behind:
                raise MalformedMediaError(f"{name} without an end")
            yield at, stop

    def taken(self, start: int, stop: int, *, limits: Limits) -> tuple[Element, int]:
        """Return an element taken apart, and what to add to its positions."""
        head = self.data[self.root.start : self.root.inside]
        whole = head + self.data[start:stop] + f"</{self.root.tag}>".encode()
        small = Document.of(whole, limits=limits, what="a part of a document")
        first = next(small.root.elements, None)
        if first is None:
            raise MalformedMediaError("a part of a document that is none")
        return first, start - len(head)


class _Head(NamedTuple):
    """How a document begins: its root up to an element, and what that was read by.

    Attributes:
        data: The bytes up to the end of that element's start tag.
        root: The same taken apart.
        prefix: Prefix of the vocabulary with its colon.
        key: Namespaces, name of the element, limits.
    """

    data: bytes
    root: Element
    prefix: bytes
    key: tuple[Sequence[str], str, Limits]

    @classmethod
    def of(
        cls,
        data: bytes,
        root: Element,
        prefix: bytes,
        uris: Sequence[str],
        until: str,
        limits: Limits,
    ) -> Self | None:
        """Return the head of a document; nothing if it is long, or has no such element."""
        *_, last = root.walk()
        if last.name != until or last.inside > _LONGEST:
            return None
        head = data[: last.inside]
        root = beginning(head, limits=limits, what="a head", enough=bool, until=until)
        return cls(head, root, prefix, (uris, until, limits))


class _Heads(threading.local):
    """How the documents began that this thread looked at last: those of one program do alike."""

    def __init__(self) -> None:
        self.heads: list[_Head] = []


_KNOWN: Final = _Heads()


def forget() -> None:
    """Forget how documents began, for measurements."""
    _KNOWN.heads = []


def _remembered(data: bytes, uris: Sequence[str], until: str, limits: Limits) -> _Head | None:
    """Return the head of a document of UTF-8, if one that begins with the same bytes was read."""
    for head in _KNOWN.heads:
        if data.startswith(head.data) and head.key == (uris, until, limits):
            return head if is_utf8(data) else None
    return None


def _remember(head: _Head | None) -> None:
    if head is not None:
        _KNOWN.heads = [head, *_KNOWN.heads[: _FEW - 1]]


def _is_utf8(data: bytes) -> bool:
    declared = re.match(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)", data[:200])
    return declared is None or declared[1].lower() in {b"utf-8", b"utf8", b"us-ascii"}
