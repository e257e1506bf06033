"""Asking a time stamp authority (RFC 3161): the only thing in signing that opens a connection."""

import functools
import hashlib
import os
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kzmark.errors import IdentityError, MediaError
from kzmark.places.url import hidden
from kzmark.signing.store import timestamp, tokens

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

ROOM: Final = 10_000  # bytes kept for a token and its wrapping, as c2pa-rs keeps; most take 6,000
_SPELLING: Final = 64  # bytes of the wrapping
_LONGEST: Final = 30.0  # seconds for all of it
_MOST: Final = 1 << 15  # bytes of an answer


def check(url: str) -> None:
    """Refuse a URL that no authority can have.

    Raises:
        IdentityError: If it is not http or https, or holds a name or a password: nobody would send
            them, and they would stand in logs.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        fits = False
    if not fits:
        told = f"…@{url.rpartition('@')[2]}" if "@" in url else url  # a password may be before it
        raise IdentityError(
            f"a time stamp service has an http or https URL, not {hidden(told)!r}",
            hint="give the whole address, such as http://timestamp.example/",
        )
    if "@" in parts.netloc:
        raise IdentityError(
            "the URL of a time stamp service may hold no name and no password",
            hint=f"give {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}",
        )


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
    asked = Request(url, request, kinds, method="POST")  # noqa: S310 - http and https alone
    try:
        return _in_time(partial(_exchanged, asked), url)
    except HTTPError as error:
        error.close()
        raise _failed(url, f"HTTP status {error.code}") from error
    except URLError as error:
        raise _failed(url, getattr(error.reason, "strerror", "") or str(error.reason)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(url, str(error) or type(error).__name__) from error


def _exchanged(asked: "Request") -> bytes:
    with _opener().open(asked, timeout=_LONGEST) as answer:
        return bytes(answer.read(_MOST + 1))


def _in_time(exchange: Callable[[], bytes], url: str) -> bytes:
    """Return what an exchange gives, unless it takes too long or gives too much.

    A server that sends a byte now and then keeps every single step within its time. So the exchange
    has a thread, which is left behind when the time is over.
    """
    done: SimpleQueue[bytes | Exception] = SimpleQueue()

    def work() -> None:
        try:
            done.put(exchange())
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            done.put(error)

    Thread(target=work, name="kzmark-time-stamp", daemon=True).start()
    try:
        answer = done.get(timeout=_LONGEST)
    except Empty:
        raise _failed(url, f"no whole answer within {_LONGEST:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    if len(answer) > _MOST:
        raise _failed(url, f"an answer of more than {_MOST} bytes")
    return answer


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
        f"the time stamp service {hidden(url)} failed: {hidden(why)}",
        hint="try again, or sign without a time stamp",
    )
