"""Where a C2PA manifest store stands in a PDF: an embedded file in an update of its own.

Spec: C2PA 2.4, A.4 (embedded file stream of the type `application/c2pa`, associated with the
document, relationship `C2PA_Manifest`); ISO 32000-2, 7.11.4 (embedded files), 7.9.6 (name trees),
14.13 (associated files). Everything but the store's own bytes is hashed.
"""

from typing import Any, BinaryIO, Final

from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of, size_of, stream_of
from kzmark.errors import MalformedMediaError
from kzmark.formats._embedding import Room, Survey
from kzmark.formats.pdf.document import (
    Document,
    array,
    dictionary,
    is_dictionary,
    is_stream,
    opened,
)
from kzmark.formats.pdf.layers import packet_of
from kzmark.formats.pdf.revision import Hollow, Kind, Revision, ours
from kzmark.formats.pdf.syntax import changed, reference, spell, text

_NAME: Final = "content_credential.c2pa"
_RELATION: Final = "/C2PA_Manifest"
_SOUGHT: Final = b"c2pa"
_UNREADABLE: Final = "general.error"  # status code of C2PA (15.2.3)
_BOX: Final = slice(4, 8)  # of a store: where it says that it is a JUMBF superbox
_LIMITS: Final = Limits()
_BLOCK: Final = 1 << 20
_NODES: Final = 10_000  # of a name tree


def room(data: bytes | Rope, size: int) -> Room:
    """Return the place at the end of the file, in an update that names it.

    An earlier store is named no more: its manifests go on in the new one.
    """
    source = stream_of(data)
    with opened(source, limits=_LIMITS, strict=True) as document:
        revision = Revision.of(document, source, size_of(data))
        entries = {
            "/Type": b"/EmbeddedFile",
            "/Subtype": b"/application#2Fc2pa",
            "/Length": b"%d" % size,
        }
        head = b"%s\nstream\n" % spell(entries)
        file = reference(revision.new(Hollow(head, size, b"\nendstream")))
        named = {
            "/Type": b"/Filespec",
            "/F": text(_NAME),
            "/UF": text(_NAME),
            "/Desc": text("C2PA manifest store"),
            "/AFRelationship": _RELATION.encode(),
            "/EF": b"<</F %s /UF %s>>" % (file, file),
        }
        _associate(document, revision, reference(revision.new(spell(named))))
    update, gap = revision.spell(
        Kind.MANIFEST, newline=bytes_of(data, size_of(data) - 1) not in {b"\n", b"\r"}
    )
    if gap is None:
        raise MalformedMediaError("no place for a manifest store")
    lead, trail = update[: gap.start], update[gap.start + gap.size :]
    return Room(start=size_of(data), size=size, wrap=bytes, lead=lead, trail=trail)


def unwrap(piece: bytes) -> bytes:
    """Return the store, which stands as it is."""
    if not _is_whole(piece):
        raise MalformedMediaError("not one whole manifest store")
    return piece


def survey(data: bytes | Rope, *, limits: Limits) -> Survey:
    """Look for the store where the catalog names it, and where we put it.

    One that another program moved or compressed has no place of its own any more: it can be read,
    and fits the file no more.
    """
    source = stream_of(data)
    with opened(source, limits=limits) as document:
        others = [packet_of(document)]
        found = _stores(document)
        store, is_spelt = _held(document, found[0]) if len(found) == 1 else (b"", False)
    if not found:
        return Survey(store=b"", start=0, size=0, others=tuple(others))
    if not _is_whole(store):
        told = f"{len(found)} manifest stores" if len(found) > 1 else "no whole manifest store"
        fault = (_UNREADABLE, told)
        return Survey(store=b"", start=0, size=0, others=(*others, _SOUGHT), fault=fault)
    at = -1 if is_spelt else _place(source, size_of(data), store)
    if at < 0:  # another program spelt it anew: nothing but a parent any more
        return Survey(store=store, start=0, size=0, others=tuple(others))
    return Survey(store=store, start=at, size=len(store), others=tuple(others))


def _place(source: BinaryIO, size: int, store: bytes) -> int:
    """Return where a store stands in a file, or -1: it is named once, and once in the bytes."""
    last = ours(source, size)
    at = last.base if last is not None and last.kind is Kind.MANIFEST else 0
    source.seek(at)
    window = b""
    while block := source.read(_BLOCK):
        window += block
        if (found := window.find(store)) >= 0:
            return at + found
        kept = window[-len(store) :]
        at += len(window) - len(kept)
        window = kept
    return -1


def _held(document: Document, spec: Any) -> tuple[bytes, bool]:
    """Return the store that a file specification names, and whether it is coded in some way."""
    file = dictionary(spec.get("/EF")).get("/F")
    if not is_stream(file):
        return b"", False
    document.limits.check_metadata(len(file.read_raw_bytes()), what="a manifest store")
    store = document.decoded(file, most=document.limits.max_metadata)
    return store, file.get("/Filter") is not None


def _is_whole(store: bytes) -> bool:
    return store[_BOX] == b"jumb" and int.from_bytes(store[:4], "big") == len(store)


def _stores(document: Document) -> list[Any]:
    """Return the file specifications of manifest stores, wherever they are named."""
    catalog = document.catalog
    named = dictionary(dictionary(catalog.get("/Names")).get("/EmbeddedFiles"))
    specs = [*array(catalog.get("/AF")), *_leaves(named)]
    found: dict[Any, Any] = {}
    for spec in specs:
        if _is_store(spec):
            found.setdefault(spec.objgen if spec.is_indirect else len(found), spec)
    return list(found.values())


def _is_store(spec: Any) -> bool:
    return is_dictionary(spec) and str(spec.get("/AFRelationship", "")) == _RELATION


def _leaves(tree: Any) -> list[Any]:
    """Return the values of a name tree."""
    found: list[Any] = []
    waiting, seen = [tree], set()
    for _ in range(_NODES):
        if not waiting:
            break
        node = waiting.pop()
        if not is_dictionary(node) or (node.is_indirect and node.objgen in seen):
            continue
        seen.add(node.objgen)
        found += list(array(node.get("/Names")))[1::2]
        waiting += list(array(node.get("/Kids")))
    return found


def _associate(document: Document, revision: Revision, spec: bytes) -> None:
    """Name a file in the catalog: as associated with the document, and as embedded in it."""
    catalog = document.catalog
    old = b" ".join(one.unparse() for one in array(catalog.get("/AF")) if not _is_store(one))
    entries: dict[str, bytes | None] = {"/AF": b"[%s %s]" % (old, spec)}
    names = catalog.get("/Names")
    tree = _tree(dictionary(dictionary(names).get("/EmbeddedFiles")), revision, spec)
    if not is_dictionary(names):
        entries["/Names"] = b"<</EmbeddedFiles %s>>" % tree
    elif names.is_indirect:
        revision.change(names, changed(names, {"/EmbeddedFiles": tree}))
    else:
        entries["/Names"] = changed(names, {"/EmbeddedFiles": tree})
    revision.change(catalog, changed(catalog, entries))


def _tree(old: Any, revision: Revision, spec: bytes) -> bytes:
    """Return the tree of embedded files with one more, kept in order."""
    kids = list(array(old.get("/Kids")))
    if not kids:
        flat = list(array(old.get("/Names")))
        pairs = [
            (bytes(key), key.unparse(), value.unparse())
            for key, value in zip(flat[::2], flat[1::2], strict=False)
            if not _is_store(value)
        ]
        key = _NAME.encode()
        pairs.append((key, text(_NAME), spec))
        rows = b" ".join(b"%s %s" % (name, value) for _, name, value in sorted(pairs))
        return b"<</Names [%s]>>" % rows
    highest = max((bytes(one) for kid in kids for one in array(kid.get("/Limits"))), default=b"")
    key = _NAME.encode()
    while key <= highest:  # behind all others: no other leaf has to change
        key = b"~" + key if highest < b"~" else highest + b"~"
    spelt = b"<%s>" % key.hex().encode()
    leaf = revision.new(b"<</Limits [%s %s] /Names [%s %s]>>" % (spelt, spelt, spelt, spec))
    listed = b" ".join(kid.unparse() for kid in kids)
    return b"<</Kids [%s %s]>>" % (listed, reference(leaf))
