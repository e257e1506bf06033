"""The notice in the structure of a tagged PDF: real content once, an artifact thereafter.

Spec: ISO 32000-2, 14.7 (logical structure), 14.8 (tagged PDF); ISO 14289-1, 7.1 and 7.8: what
repeats on every page is an artifact, so that a screen reader says it once, on the first page. A
PDF without structure gets none: half a structure would claim what is not so.
"""

from collections.abc import Iterator
from typing import Any, Final

from kzmark.formats.pdf.document import Document, array, is_array, is_dictionary
from kzmark.formats.pdf.pages import Page
from kzmark.formats.pdf.revision import Revision
from kzmark.formats.pdf.syntax import changed, reference, spell, text

_ARTIFACT: Final = "/Artifact <</Type /Pagination>> "
_NODES: Final = 10_000  # of the tree of parents


class Tags:
    """How the notice is tagged on each page."""

    def __init__(self, document: Document, revision: Revision) -> None:
        root = document.catalog.get("/StructTreeRoot")
        self._root: Any = root if is_dictionary(root) and root.is_indirect else None
        self._revision = revision
        self._element = b""
        self._entries: dict[str, bytes | None] = {}

    def of(self, page: Page) -> tuple[str, dict[str, bytes | None]]:
        """Return what stands before the marked content, and entries of the page.

        Both are empty where the document has no structure.
        """
        if self._root is None:
            return "", {}
        if page.number:
            return _ARTIFACT, {}
        found = self._first(page)
        return found or (_ARTIFACT, {})

    def close(self) -> None:
        """Put the changed root into the update."""
        if self._root is not None and self._entries:
            self._revision.change(self._root, changed(self._root, self._entries))

    def _first(self, page: Page) -> tuple[str, dict[str, bytes | None]] | None:
        """Return the same for the first page, or nothing if its place cannot be found."""
        root = self._root
        kids = root.get("/K")
        above = _document_element(kids)
        number = page.own.get("/StructParents")
        element = self._revision.new()
        placed = self._in_parents(number, reference(element))
        if placed is None:
            del self._revision.objects[element, 0]
            return None
        key, content = placed
        parent = above if above is not None else root
        self._revision.objects[element, 0] = spell(
            {
                "/Type": b"/StructElem",
                "/S": b"/P",
                "/T": text("kzmark"),
                "/P": reference(*parent.objgen),
                "/Pg": reference(*page.own.objgen),
                "/K": b"%d" % content,
            }
        )
        ours = reference(element)
        if above is not None:
            body = changed(above, {"/K": b"[%s %s]" % (ours, _listed(above.get("/K")))})
            self._revision.change(above, body)
        else:
            self._entries["/K"] = b"[%s %s]" % (ours, _listed(kids))
        return f"/P <</MCID {content}>> ", {"/StructParents": b"%d" % key}

    def _in_parents(self, number: Any, ours: bytes) -> tuple[int, int] | None:
        """Enter the element into the tree of parents; return its key and number on the page."""
        tree = self._root.get("/ParentTree")
        if not is_dictionary(tree):
            return None
        if isinstance(number, int):
            value = _sought(tree, number)
            if not is_array(value) or not value.is_indirect:
                return self._beside(tree, number, value, ours)
            self._revision.change(value, b"[%s %s]" % (_items(value), ours))
            return number, len(value)
        key = _next_key(self._root, tree)
        return None if key is None else self._added(tree, key, ours)

    def _beside(self, tree: Any, number: int, value: Any, ours: bytes) -> tuple[int, int] | None:
        """The same where the entry stands in the tree itself: its node is written anew."""
        node = _holder(tree, number)
        if not is_array(value) or node is None:
            return None
        fresh = b" ".join(
            b"%s %s" % (_spelt(key), b"[%s %s]" % (_items(value), ours) if hit else _spelt(old))
            for key, old, hit in _entries(node, number)
        )
        self._put(node, {"/Nums": b"[%s]" % fresh})
        return number, len(value)

    def _added(self, tree: Any, key: int, ours: bytes) -> tuple[int, int] | None:
        """Enter a page that had no entry."""
        added = b"%d [%s]" % (key, ours)
        if is_array(tree.get("/Nums")):
            entries = {"/Nums": b"[%s %s]" % (_items(tree["/Nums"]), added)}
        elif is_array(tree.get("/Kids")):
            leaf = self._revision.new(b"<</Limits [%d %d] /Nums [%s]>>" % (key, key, added))
            entries = {"/Kids": b"[%s %s]" % (_items(tree["/Kids"]), reference(leaf))}
        else:
            return None
        self._put(tree, entries)
        self._entries["/ParentTreeNextKey"] = b"%d" % (key + 1)
        return key, 0

    def _put(self, node: Any, entries: dict[str, bytes]) -> None:
        fresh = changed(node, dict(entries))
        if node.is_indirect:
            self._revision.change(node, fresh)
        else:  # only the tree's own root may stand in another object
            self._entries["/ParentTree"] = fresh


def _document_element(kids: Any) -> Any:
    """Return the element around the whole document, if there is one of its own."""
    only = kids[0] if is_array(kids) and len(kids) == 1 else kids
    if is_dictionary(only) and only.is_indirect and "/S" in only:
        return only if str(only["/S"]) == "/Document" else None
    return None


def _listed(kids: Any) -> bytes:
    """Return the kids of an element as the inside of an array."""
    if kids is None:
        return b""
    if is_array(kids):
        return _items(kids)
    return _spelt(kids)


def _items(value: Any) -> bytes:
    """Return the inside of an array without looking at what its references lead to."""
    found: bytes = value.unparse(resolved=True)
    return found.strip().removeprefix(b"[").removesuffix(b"]").strip()


def _spelt(value: Any) -> bytes:
    return value.unparse() if hasattr(value, "unparse") else str(value).encode()


def _sought(tree: Any, number: int) -> Any:
    """Return the entry of a number tree, or nothing."""
    node = _holder(tree, number)
    rows = () if node is None else _entries(node, number)
    return next((value for _, value, hit in rows if hit), None)


def _entries(node: Any, number: int) -> Iterator[tuple[Any, Any, bool]]:
    """Yield key and value of each entry of a node, and whether it is the one that is sought."""
    listed = node["/Nums"]
    for at in range(0, len(listed) - 1, 2):
        yield listed[at], listed[at + 1], int(listed[at]) == number


def _holder(tree: Any, number: int) -> Any:
    """Return the node of a number tree that holds an entry, or nothing."""
    waiting, seen = [tree], set()
    for _ in range(_NODES):
        if not waiting:
            break
        node = waiting.pop()
        if not is_dictionary(node) or (node.is_indirect and node.objgen in seen):
            continue
        seen.add(node.objgen)
        limits = [int(one) for one in array(node.get("/Limits"))]
        if len(limits) == 2 and not limits[0] <= number <= limits[1]:
            continue
        listed = array(node.get("/Nums"))
        if any(int(listed[at]) == number for at in range(0, len(listed) - 1, 2)):
            return node
        waiting += list(array(node.get("/Kids")))[::-1]
    return None


def _next_key(root: Any, tree: Any) -> int | None:
    """Return a key that no page uses."""
    said = root.get("/ParentTreeNextKey")
    known = int(said) if isinstance(said, int) else 0
    highest, waiting, seen = -1, [tree], set()
    for _ in range(_NODES):
        if not waiting:
            return max(known, highest + 1)
        node = waiting.pop()
        if not is_dictionary(node) or (node.is_indirect and node.objgen in seen):
            continue
        seen.add(node.objgen)
        highest = max([highest, *(int(one) for one in list(array(node.get("/Nums")))[::2])])
        waiting += list(array(node.get("/Kids")))
    return None
