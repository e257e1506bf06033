"""Trust: which anchors a verifier has, and which purposes of a certificate it accepts."""

import functools
from pathlib import Path
from typing import Final

from kzmark.signing import keys
from kzmark.signing.certificates import CLAIM_SIGNING, EMAIL_PROTECTION
from kzmark.signing.chain import DOCUMENT_SIGNING, parse

_HINT: Final = (
    "anchors are certificates as PEM text: the root.pem of who signs, or the root of an authority"
)

# c2pa-rs refuses c2pa-kp-claimSigning alone unless its purpose is listed, and a list given
# replaces its own: so the others that claims are signed with in the field stand here too.
PURPOSES: Final = f"{EMAIL_PROTECTION}\n{DOCUMENT_SIGNING}\n{CLAIM_SIGNING}"


def read_anchors(path: Path) -> bytes:
    """Return a file of trust anchors as PEM text.

    Raises:
        IdentityError: If it cannot be read or holds no certificate.
    """
    pem = keys.read_file(path, hint=_HINT)
    parse(pem, source=str(path), hint=_HINT)
    return pem


@functools.lru_cache(maxsize=16)
def checked(pem: bytes | str) -> str:
    """Return the certificates of a PEM text of anchors, as the C2PA library takes them.

    Raises:
        IdentityError: If there is no certificate in it.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    found = parse(
        pem.encode() if isinstance(pem, str) else pem, source="the trust anchors", hint=_HINT
    )
    return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in found)
