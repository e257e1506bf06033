"""The pages of a PDF, as its tree gives them, and what many of them share.

Spec: ISO 32000-2, 7.7.3 (page tree). The pages of a long document differ in their content and in
little else: what follows from the rest is worked out once for all pages of a pattern.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, NamedTuple, TypeVar

from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.pdf.document import Document, array, is_dictionary

_INHERITED: Final = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
_REFERENCE: Final = rb"\d+ \d+ R"
_VALUE: Final = rb"(?:" + _REFERENCE + rb"|\[ (?:" + _REFERENCE + rb" )*\]) "
_HEAD: Final = re.compile(rb"<< (/Annots " + _VALUE + rb")?(?:/Contents " + _VALUE + rb")?")
_PARENTS: Final = re.compile(rb"/StructParents (\d+) ")
_KEPT: Final = 2_000  # patterns that are remembered

_T = TypeVar("_T")


class Parted(NamedTuple):
    """A page's dictionary, what is its own taken out of it: content, annotations, structure.

    Attributes:
        pattern: The rest as it is spelt, the same for all pages alike.
        annots: The entry of its annotations as it is spelt, or nothing.
        parents: Its number in the structure as it is spelt, or nothing.
    """

    pattern: bytes
    annots: bytes
    parents: bytes


class Page(NamedTuple):
    """One page as the tree gives it.

    Attributes:
        number: Counted from 0.
        own: Its dictionary.
        inherited: What the nodes above say, as far as the page itself does not.
        parted: Its dictionary taken apart, if it is spelt as that of most pages.
    """

    number: int
    own: Any
    inherited: dict[str, Any]
    parted: Parted | None = None

    def get(self, name: str) -> Any:
        """Return an attribute that may be inherited, or nothing."""
        found = self.own.get(name)
        return self.inherited.get(name) if found is None else found


class Once(Generic[_T]):
    """Something that follows from the pattern of a page, worked out at the first page of it."""

    def __init__(self, work: Callable[[Page], _T]) -> None:
        self._work = work
        self._held: dict[tuple[bytes, int], tuple[_T, dict[str, Any]]] = {}

    def of(self, page: Page) -> _T:
        """Return it for a page; `work` may look at nothing that `Parted` takes out."""
        if page.parted is None:
            return self._work(page)
        key = page.parted.pattern, id(page.inherited)
        held = self._held.get(key)
        if held is None:
            if len(self._held) >= _KEPT:
                self._held.clear()
            held = self._held[key] = self._work(page), page.inherited  # its id is taken meanwhile
        return held[0]


def pages(document: Document) -> Iterator[Page]:
    """Yield every page in order, each node of the tree looked at once.

    Raises:
        MalformedMediaError: If the tree is none, or bites its own tail.
        LimitExceededError: If it has more pages or levels than the limits allow.
    """
    limits, count = document.limits, 0
    seen: set[tuple[int, int]] = set()
    waiting = [iter([document.catalog.get("/Pages")])]
    handed: list[dict[str, Any]] = [{}]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
            handed.pop()
            continue
        if not is_dictionary(node):
            raise MalformedMediaError("the page tree holds what is no page")
        spelt: bytes = node.unparse(resolved=True)
        if b"/Kids" in spelt and "/Kids" in node:
            if node.objgen in seen or len(waiting) > limits.max_depth:
                raise MalformedMediaError("the page tree is a circle or too deep")
            seen.add(node.objgen)
            said = {name: node[name] for name in _INHERITED if name in node}
            handed.append(handed[-1] | said if said else handed[-1])
            waiting.append(iter(list(array(node["/Kids"]))))
            continue
        if count >= limits.max_pages:
            raise LimitExceededError(f"the PDF is over the limit of {limits.max_pages} pages")
        if not node.is_indirect:
            raise MalformedMediaError(f"page {count + 1} is no object of its own")
        yield Page(count, node, handed[-1], parted(spelt))
        count += 1


def parted(spelt: bytes) -> Parted | None:
    """Return a page's dictionary taken apart, or nothing if that takes a closer look.

    Args:
        spelt: The dictionary as qpdf spells it: keys in order, one space between two tokens,
            delimiters in names escaped.
    """
    head = _HEAD.match(spelt)
    if head is None:
        return None
    rest = spelt[head.end() :]
    if b"/Contents" in rest or b"/Annots" in rest:
        return None  # they stand elsewhere, or are spelt in another way
    annots: bytes = head[1] or b""
    found = _PARENTS.search(rest)
    if found is None or not _is_outermost(rest, found.start()):
        return Parted(rest, annots, b"")
    return Parted(rest[: found.start(1)] + b"\0" + rest[found.end(1) :], annots, found[0])


def _is_outermost(rest: bytes, at: int) -> bool:
    """Say whether an entry that stands once is one of the page itself, beyond any doubt."""
    before = rest[:at]
    return (
        b"(" not in rest
        and rest.count(b"/StructParents ") == 1
        and before.count(b"<<") == before.count(b">>")
        and before.count(b"[") == before.count(b"]")
    )
