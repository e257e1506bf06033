"""C2PA: a signed manifest into a file, and what a file's manifest says (C2PA 2.4).

The only file that imports the library behind it, c2pa-python over c2pa-rs. What is native belongs
to one thread of one process: it is made where it is used, and made anew in a forked child, where
that of the parent is dead.
"""

import contextlib
import functools
import io
import json
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from kzmark import __version__
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import InstallationError, LimitExceededError, MalformedMediaError
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.signing import evidence, manifest, settings, trust
from kzmark.signing.signer import Signer
from kzmark.vocabulary import Operation

__all__ = ["PINNED", "Signer", "has_manifest", "read", "sign", "sign_detached"]

PINNED: Final = "0.38.1"  # its settings, defaults and status codes are part of the tests
_MAX_CONTEXTS: Final = 8
_LABEL: Final = b"c2pa"  # stands in every manifest store and in every place made for one
_REFERENCE: Final = b"provenance"  # dcterms:provenance in XMP names a manifest elsewhere
_BLOCK: Final = 1 << 20

_local = threading.local()


def sign(
    source: BinaryIO,
    target: BinaryIO,
    *,
    mark: Mark,
    mime: str,
    signer: Signer,
    parent: BinaryIO | None = None,
    parent_mime: str = "",
    limits: Limits = DEFAULT_LIMITS,
) -> int:
    """Copy `source` to `target` with a signed manifest that states the mark.

    An earlier manifest is always kept, as that of the parent. What was written to `target` before
    an error is the caller's to throw away.

    Args:
        source: The finished file: nothing may be changed after this.
        target: Readable, writable and seekable; emptied first.
        mark: What the manifest states.
        mime: Media type of both.
        signer: Who signs.
        parent: The file that `source` was made from. If left out, `source` itself is the parent
            of a modified file, and of a file that carries a manifest.
        parent_mime: Media type of the parent, if it is another one.
        limits: What one file may cost.

    Returns:
        Size of the manifest store, in bytes.

    Raises:
        MediaError: If the file has no place for a manifest, or is damaged.
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    if parent is None and _is_own_parent(source, mime, mark):
        parent = source
    target.seek(0)
    target.truncate()
    with (
        _builder(mark, parent, parent_mime or mime, limits) as builder,
        signer.native(_library()) as handle,
    ):
        _check_size(source, limits)
        return len(builder.sign(handle, mime, source, target))


def sign_detached(
    source: BinaryIO,
    *,
    mark: Mark,
    mime: str,
    signer: Signer,
    parent: BinaryIO | None = None,
    parent_manifest: bytes | None = None,
    is_data: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Return a signed manifest store for a file of any kind, which itself stays as it is.

    The hash covers every byte of the file. The store is what a `.c2pa` file holds.

    Args:
        source: The finished file.
        mark: What the manifest states.
        mime: Media type.
        signer: Who signs.
        parent: The file that `source` was made from, as for `sign`.
        parent_manifest: The manifest store that stood beside the parent: it is kept.
        is_data: Whether the file is data, not a medium.
        limits: What one file may cost.

    Raises:
        MediaError: If the file or the parent's store is over the limits, or the store is damaged.
        IdentityError: If the key, the certificate or the time stamp service fails.
    """
    if parent is None and (parent_manifest or mark.operation is Operation.MODIFIED):
        parent = source
    builder = _builder(mark, parent, mime, limits, parent_manifest=parent_manifest, is_data=is_data)
    with builder as made, signer.native(_library()) as handle:
        _check_size(source, limits)
        made.set_no_embed()
        store: bytes = made.sign(handle, mime, source, io.BytesIO())
        return store


def read(
    source: BinaryIO,
    mime: str,
    *,
    trust_anchors: bytes | str | None = None,
    manifest: bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Evidence:
    """Say what the C2PA manifest of a file holds and whether it fits the file.

    Nothing is fetched. Codes: `c2pa.hash-mismatch`, `c2pa.signature`, `c2pa.malformed`,
    `c2pa.record`, `c2pa.contradiction`, `c2pa.expired`, `c2pa.remote`.

    Args:
        source: The file.
        mime: Its media type.
        trust_anchors: PEM text of those whom the caller trusts.
        manifest: The manifest store that stands beside the file, if it is not in it.
        limits: What one file may cost.

    Raises:
        LimitExceededError: If the file or the store is over the limits.
        IdentityError: If there is no certificate among the trust anchors.
    """
    _check_size(source, limits)
    limits.check_metadata(len(manifest or b""), what="a manifest store")
    anchors = trust.checked(trust_anchors) if trust_anchors else ""
    if manifest is None and not _is_mentioned(source, _LABEL, _REFERENCE):
        return evidence.absent()  # what the library would say, without its passes over the file
    c2pa = _library()
    try:
        reader = c2pa.Reader.try_create(mime, source, manifest, _context(settings.reading(anchors)))
        if reader is None:
            return evidence.absent()
        with reader:
            return evidence.judge(_reading(reader))
    except c2pa.C2paError as error:
        mentioned = manifest is not None or _is_mentioned(source, _LABEL)
        return evidence.unread(str(error), mentioned=mentioned)


def has_manifest(source: BinaryIO, mime: str) -> bool:
    """Say whether a file carries a manifest store, whole or damaged. Nothing is verified."""
    c2pa = _library()
    source.seek(0)
    try:
        reader = c2pa.Reader.try_create(mime, source, None, _context(settings.GLANCE))
    except c2pa.C2paError as error:
        return evidence.elsewhere(str(error)) is None and _is_mentioned(source, _LABEL)
    if reader is None:
        return False
    reader.close()
    return True


@contextlib.contextmanager
def _builder(
    mark: Mark,
    parent: BinaryIO | None,
    mime: str,
    limits: Limits,
    *,
    parent_manifest: bytes | None = None,
    is_data: bool = False,
) -> Iterator[Any]:
    c2pa = _library()
    keeps = parent is not None
    said = manifest.definition(mark, version=__version__, keeps_parent=keeps, is_data=is_data)
    with c2pa.Builder(json.dumps(said), _context(settings.SIGNING)) as builder:
        if parent is not None:
            _check_size(parent, limits)
            limits.check_metadata(len(parent_manifest or b""), what="a manifest store")
            try:
                ingredient = _ingredient(builder, parent, mime, parent_manifest)
                parent.seek(0)
                builder.add_ingredient(ingredient, mime, parent)
            except c2pa.C2paError as error:
                raise MalformedMediaError(
                    f"the earlier manifest cannot be kept: {error}",
                    hint="the manifest is damaged; take the file from its source again",
                ) from error
        yield builder


def _ingredient(builder: Any, parent: BinaryIO, mime: str, store: bytes | None) -> dict[str, Any]:
    ingredient: dict[str, Any] = {"relationship": "parentOf", "label": manifest.PARENT}
    if store:
        parent.seek(0)
        with _library().Reader(mime, parent, store, _context(settings.SIGNING)) as reader:
            report = json.loads(reader.json())
        builder.add_resource("parent.c2pa", io.BytesIO(store))
        ingredient |= {
            "manifest_data": {"format": "application/c2pa", "identifier": "parent.c2pa"},
            "active_manifest": report["active_manifest"],
            "validation_results": report["validation_results"],
        }
    return ingredient


def _reading(reader: Any) -> evidence.Reading:
    results = (reader.get_validation_results() or {}).get("activeManifest") or {}
    failures = [
        (str(f["code"]), str(f.get("explanation") or "")) for f in results.get("failure") or ()
    ]
    return evidence.Reading(
        state=reader.get_validation_state() or "Invalid",
        failures=failures,
        informational=[str(one["code"]) for one in results.get("informational") or ()],
        # its other spelling, `json`, turns short lists of numbers into base64
        manifests=json.loads(reader.crjson()).get("manifests") or (),
    )


def _is_own_parent(source: BinaryIO, mime: str, mark: Mark) -> bool:
    return mark.operation is Operation.MODIFIED or has_manifest(source, mime)


def _is_mentioned(source: BinaryIO, *words: bytes) -> bool:
    """Say whether one of these words stands anywhere in a file; the source is left at its start."""
    source.seek(0)
    tail = b""
    while block := source.read(_BLOCK):
        whole = tail + block
        if any(word in whole for word in words):
            source.seek(0)
            return True
        tail = block[-max(map(len, words)) :]
    source.seek(0)
    return False


def _check_size(source: BinaryIO, limits: Limits) -> None:
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    if size > limits.max_bytes:
        raise LimitExceededError(f"the file is over the limit of {limits.max_bytes} bytes")


def _context(settings: Mapping[str, Any]) -> Any:
    """Return a native context of this thread and process; making one costs as much as reading."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.pid, _local.contexts = os.getpid(), {}
    key = json.dumps(settings)
    contexts: dict[str, Any] = _local.contexts
    if key not in contexts:
        if len(contexts) >= _MAX_CONTEXTS:
            contexts.pop(next(iter(contexts)))
        contexts[key] = _library().Context.from_dict(dict(settings))
    return contexts[key]


@functools.cache
def _library() -> Any:
    """Return the C2PA library.

    Raises:
        InstallationError: If it is missing, does not load here, or is another version.
    """
    from importlib import metadata  # only here: it takes longer to import than a store to write

    hint = f"pip install c2pa-python=={PINNED}"
    try:
        import c2pa

        found = metadata.version("c2pa-python")
    except (ImportError, OSError, RuntimeError) as error:
        raise InstallationError(f"the C2PA library does not load: {error}", hint=hint) from error
    if found != PINNED:
        raise InstallationError(
            f"c2pa-python {found} is installed, and kzmark was tested with {PINNED} only", hint=hint
        )
    return c2pa
