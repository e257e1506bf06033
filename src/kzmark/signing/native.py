"""The C2PA library itself (c2pa-python over c2pa-rs): the only file that imports it.

Everything native belongs to one thread of one process: handles are made where they are used, and
made anew in a forked child, where those of the parent are dead.
"""

import functools
import json
import os
import threading
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Final

from kzmark.errors import InstallationError
from kzmark.signing import trust

PINNED: Final = "0.38.1"  # its settings, defaults and status codes are part of the tests
CLOSED: Final[dict[str, Any]] = {  # nothing here opens a connection
    "version": 1,
    "core": {"allowed_network_hosts": []},
    "trust": {"trust_config": trust.PURPOSES},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
_MAX_CONTEXTS: Final = 8

_local = threading.local()


def context(settings: Mapping[str, Any]) -> Any:
    """Return a native context of this thread and process; making one costs as much as reading."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.pid, _local.contexts = os.getpid(), {}
    key = json.dumps(settings)
    contexts: dict[str, Any] = _local.contexts
    if key not in contexts:
        if len(contexts) >= _MAX_CONTEXTS:
            contexts.pop(next(iter(contexts)))
        contexts[key] = library().Context.from_dict(dict(settings))
    return contexts[key]


@functools.cache
def library() -> Any:
    """Return the C2PA library.

    Raises:
        InstallationError: If it is missing, does not load here, or is another version.
    """
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
