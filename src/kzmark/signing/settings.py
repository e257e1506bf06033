"""Settings of the C2PA library: nothing here opens a connection."""

from typing import Any, Final

from kzmark.signing import manifest, trust

_CLOSED: Final[dict[str, Any]] = {
    "version": 1,
    "core": {"allowed_network_hosts": []},
    "trust": {"trust_config": trust.PURPOSES},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}

# With the library's defaults a 10 KB JPEG grows by 60 KB and costs a hundred times the CPU: it
# draws a thumbnail and reads its own output again, which kzmark's check does anyway.
SIGNING: Final = _CLOSED | {
    "builder": {
        "thumbnail": {"enabled": False},
        "created_assertion_labels": [manifest.INGREDIENT],  # the signer answers for the parent too
    },
    "verify": _CLOSED["verify"] | {"verify_after_sign": False},
}

GLANCE: Final = _CLOSED | {"verify": _CLOSED["verify"] | {"verify_after_reading": False}}


def reading(anchors: str) -> dict[str, Any]:
    """Return the settings to read with, given PEM text of those who are trusted, or nothing."""
    named = {"trust_anchors": anchors} if anchors else {}
    return _CLOSED | {"trust": _CLOSED["trust"] | named}
