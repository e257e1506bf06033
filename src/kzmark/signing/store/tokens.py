"""Tokens of RFC 3161 and the answers they come in, taken apart; nothing is judged here.

A token is a signed message (RFC 5652, 5) around the hash that an authority was shown, and the time.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from kzmark.errors import MalformedMediaError

_MAX_CERTIFICATES: Final = 16
_MAX_TOKEN: Final = 1 << 15  # bytes; with its chain one takes 4 to 8 KB. Object identifiers cost
# the parser the square of their length, and anybody can put a token beside a signature.


class Token(NamedTuple):
    """A time stamp token taken apart; nothing is judged yet.

    Attributes:
        time: When it was made, as its authority says.
        hash: Name of the hash that the authority was shown.
        imprint: That hash.
        nonce: The number that the request named, if it named one.
        content: The bytes that say all this.
        content_hash: Hash of the content, under the signature.
        signed: The bytes that are signed; the hash of the content is among them.
        digest: Name of the hash that the content went through.
        scheme: How it is signed: `rsassa_pkcs1v15`, `rsassa_pss`, `ecdsa`, `ed25519`.
        by: Name of the hash of the signature.
        signature: The signature.
        certificates: The certificate (DER) that signed, then others, in any order.
        named: Name and value of the hash by which the signature names the certificate.
    """

    time: datetime
    hash: str
    imprint: bytes
    nonce: int | None
    content: bytes
    content_hash: bytes
    signed: bytes
    digest: str
    scheme: str
    by: str
    signature: bytes
    certificates: tuple[bytes, ...]
    named: tuple[str, bytes]


def take_apart(token: bytes) -> Token:
    """Take a token apart.

    Raises:
        MalformedMediaError: If it is none, or of more than 32 KiB.
    """
    _check_size(token)
    try:
        return _token(token)
    except MalformedMediaError:
        raise
    except Exception as error:  # the parser has errors of many kinds, without a root
        raise MalformedMediaError(f"a time stamp that cannot be read: {error}") from error


def granted(response: bytes) -> bytes:
    """Return the token in the answer of an authority.

    Raises:
        MalformedMediaError: If there is none, with what the authority says about it.
    """
    from asn1crypto import core, tsp

    _check_size(response)
    try:  # its own type for answers knows none without a token
        whole = core.SequenceOf.load(response, strict=True, spec=core.Any)
        status = whole[0].parse(tsp.PKIStatusInfo)
        if status["status"].native in {"granted", "granted_with_mods"}:
            return bytes(whole[1].dump())
        causes = status["fail_info"].native or ()
        said = [str(status["status"].native), *(status["status_string"].native or ()), *causes]
    except Exception as error:  # the same parser
        raise MalformedMediaError(f"an answer that cannot be read: {error}") from error
    raise MalformedMediaError(f"it refuses ({', '.join(said)[:500]})")


def _check_size(data: bytes) -> None:
    if len(data) > _MAX_TOKEN:
        raise MalformedMediaError(f"a time stamp of {len(data)} bytes, {_MAX_TOKEN} are the most")


def _token(token: bytes) -> Token:
    from asn1crypto import cms, tsp

    whole = cms.ContentInfo.load(token, strict=True)
    data = whole["content"]
    if whole["content_type"].native != "signed_data" or len(data["signer_infos"]) != 1:
        raise MalformedMediaError("a time stamp that is not signed by one authority")
    if data["encap_content_info"]["content_type"].native != "tst_info":
        raise MalformedMediaError("a signed message that is no time stamp")
    content = bytes(data["encap_content_info"]["content"])
    info = tsp.TSTInfo.load(content, strict=True)
    signer = data["signer_infos"][0]
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    if len(attributes) != len(signer["signed_attrs"]):
        raise MalformedMediaError("a time stamp with an attribute twice")
    (hashed,), (kind,) = attributes["message_digest"], attributes["content_type"]
    if kind.native != "tst_info":
        raise MalformedMediaError("a time stamp that signs something else")
    imprint = info["message_imprint"]
    digest = signer["digest_algorithm"]["algorithm"].native
    scheme, by = _scheme(signer["signature_algorithm"], digest)
    return Token(
        time=info["gen_time"].native,
        hash=imprint["hash_algorithm"]["algorithm"].native,
        imprint=imprint["hashed_message"].native,
        nonce=info["nonce"].native,
        content=content,
        content_hash=hashed.native,
        signed=signer["signed_attrs"].untag().dump(),
        digest=digest,
        scheme=scheme,
        by=by,
        signature=signer["signature"].native,
        certificates=_certificates(data["certificates"], signer["sid"]),
        named=_named(attributes),
    )


def _scheme(said: Any, digest: str) -> tuple[str, str]:
    """Return how a token is signed and with which hash: some name it with the key, some beside."""
    scheme = said.signature_algo
    bare = said["algorithm"].native in {"rsassa_pkcs1v15", "ecdsa", "ed25519"}
    return scheme, digest if bare else said.hash_algo


def _certificates(found: Any, signer: Any) -> tuple[bytes, ...]:
    """Return the certificate that the signature names, then the others."""
    if not 0 < len(found) <= _MAX_CERTIFICATES:
        raise MalformedMediaError(f"a time stamp with {len(found)} certificates")
    left = [one.chosen for one in found]
    first = next((one for one in left if _fits(one, signer)), None)
    if first is None:
        raise MalformedMediaError("a time stamp without the certificate of its authority")
    return tuple(one.dump() for one in (first, *(one for one in left if one is not first)))


def _fits(one: Any, signer: Any) -> bool:
    said = signer.chosen
    if signer.name == "issuer_and_serial_number":
        number = one.serial_number == said["serial_number"].native
        return bool(number and one.issuer == said["issuer"])
    return bool(one.key_identifier == said.native)


def _named(attributes: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the hash of the certificate under the signature (RFC 5035; RFC 2634 with SHA-1)."""
    for name in ("signing_certificate_v2", "signing_certificate"):
        if name in attributes:
            first = attributes[name][0]["certs"][0]
            by = first["hash_algorithm"]["algorithm"].native if name.endswith("v2") else "sha1"
            return by, first["cert_hash"].native
    raise MalformedMediaError("a time stamp that names no certificate (RFC 3161, 2.4.2)")
