"""Asking a time stamp authority (RFC 3161): the only thing in signing that opens a connection."""

import functools
import hashlib
import os
import time
from typing import TYPE_CHECKING, Any, Final

from kzmark.errors import IdentityError, MediaError
from kzmark.signing.store import timestamp, tokens

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

ROOM: Final = 10_000  # bytes kept for a token and its wrapping, as c2pa-rs keeps; most take 6,000
_SPELLING: Final = 64  # bytes of the wrapping
_WAIT: Final = 10.0  # seconds for each step of the connection
_LONGEST: Final = 30.0  # seconds for all of it
_MOST: Final = 1 << 20  # bytes of an answer
_BLOCK: Final = 1 << 14


def time_stamp(url: str, covered: bytes) -> bytes:
    """Return the token of an authority for some bytes, checked; trust is the verifier's business.

    Args:
        url: Where the authority is; http or https.
        covered: What the time stamp is of; only its SHA-256 is sent.

    Raises:
        IdentityError: If it cannot be reached, refuses, or answers something else.
    """
    nonce = int.from_bytes(os.urandom(8), "big")
    try:
        token = tokens.granted(_asked(url, _request(covered, nonce)))
        found = tokens.take_apart(token)
    except MediaError as error:
        raise _failed(url, error.message) from error
    if found.nonce != nonce:
        raise _failed(url, "its answer is that to another request")
    stamp = timestamp.judge(token, covered)
    if stamp.time is None:
        raise _failed(url, "; ".join(said for _, said in stamp.codes))
    if len(token) > ROOM - _SPELLING:
        raise _failed(url, f"a time stamp of {len(token)} bytes, and {ROOM - _SPELLING} have room")
    return token


def _request(covered: bytes, nonce: int) -> bytes:
    """Return a request (RFC 3161, 2.4.1); certificates come back too, as C2PA asks (10.3.2.5)."""
    from asn1crypto import tsp

    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(covered).digest(),
    }
    said = {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    return bytes(tsp.TimeStampReq(said).dump())


def _asked(url: str, request: bytes) -> bytes:
    """Return what the authority answers (RFC 3161, 3.4)."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    kinds = {
        "Content-Type": "application/timestamp-query",
        "Accept": "application/timestamp-reply",
    }
    until = time.monotonic() + _LONGEST
    try:
        asked = Request(url, request, kinds, method="POST")  # noqa: S310 - http and https alone
        with _opener().open(asked, timeout=_WAIT) as answer:
            return _read(url, answer, until)
    except HTTPError as error:
        error.close()
        raise _failed(url, f"HTTP status {error.code}") from error
    except URLError as error:
        raise _failed(url, getattr(error.reason, "strerror", "") or str(error.reason)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(url, str(error) or type(error).__name__) from error


def _read(url: str, answer: Any, until: float) -> bytes:
    """Read an answer that may neither be endless nor take for ever."""
    body = bytearray()
    while block := answer.read1(_BLOCK):
        body += block
        if len(body) > _MOST:
            raise _failed(url, f"an answer of more than {_MOST} bytes")
        if time.monotonic() > until:
            raise _failed(url, f"no whole answer within {_LONGEST:.0f} seconds")
    return bytes(body)


@functools.cache
def _opener() -> "OpenerDirector":
    """Return what opens connections: http and https, through a proxy if there is one, no redirect.

    A request that is sent elsewhere is sent without its body, and could leave the web.
    """
    from urllib import request

    opener = request.OpenerDirector()
    for kind in (
        request.ProxyHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPErrorProcessor,
        request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(kind())
    return opener


def _failed(url: str, why: str) -> IdentityError:
    return IdentityError(
        f"the time stamp service {url} failed: {why}",
        hint="try again, or sign without a time stamp",
    )
