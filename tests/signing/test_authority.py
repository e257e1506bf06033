"""Asking a time stamp service: whatever it answers, a stamp that holds or a clear error."""

import contextlib
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core, tsp
from tests.signing import clock
from tests.signing.authority import Made, issue

from kzmark.errors import IdentityError
from kzmark.signing import authority
from kzmark.signing.store import timestamp, tokens

COVERED = b"what is stamped"


@pytest.fixture(scope="module")
def leaf() -> Made:
    return clock.stamping(None)


@pytest.fixture
def service(leaf: Made) -> clock.Clock:
    return clock.Clock(leaf=leaf)


def refused(answer: clock.Answer) -> IdentityError:
    with clock.serving(answer) as url, pytest.raises(IdentityError) as caught:
        authority.time_stamp(url, COVERED)
    assert caught.value.message.startswith(f"the time stamp service {url} failed: ")
    assert "without a time stamp" in caught.value.hint
    return caught.value


def test_what_comes_back_is_a_stamp_of_the_very_bytes(service: clock.Clock) -> None:
    with clock.serving(service.answer) as url:
        token = authority.time_stamp(url, COVERED)

    assert timestamp.judge(token, COVERED).time == service.time.replace(microsecond=0)
    assert timestamp.judge(token, b"others").time is None


def test_only_a_hash_is_sent_and_never_the_same_request_twice(service: clock.Clock) -> None:
    sent: list[bytes] = []

    def answer(query: bytes) -> tuple[int, bytes]:
        sent.append(query)
        return service.answer(query)

    with clock.serving(answer) as url:
        authority.time_stamp(url, COVERED)
        authority.time_stamp(url, COVERED)

    assert COVERED not in sent[0]
    assert sent[0] != sent[1]
    assert len(sent[0]) < 100


def test_a_refusal_is_told_in_the_words_of_the_service() -> None:
    said = {"status": "rejection", "status_string": ["жоқ"], "fail_info": {"bad_alg"}}
    body = core.SequenceOf([tsp.PKIStatusInfo(said)], spec=tsp.PKIStatusInfo).dump()
    error = refused(lambda _: (200, body))

    assert "refuses (rejection, жоқ, bad_alg)" in error.message


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b"out of order", "HTTP status 503"),
        (404, b"", "HTTP status 404"),
        (302, b"", "HTTP status 302"),
        (200, b"<html>welcome</html>", "cannot be read"),
        (200, b"", "cannot be read"),
        (200, bytes(1 << 16), "more than 32768 bytes"),
    ],
)
def test_what_is_no_answer_is_an_error_that_says_so(status: int, body: bytes, said: str) -> None:
    assert said in refused(lambda _: (status, body)).message


def test_openssl_refuses_in_words_too(tmp_path: Path, leaf: Made) -> None:
    service = clock.by_openssl(tmp_path, leaf)
    settings = tmp_path / "tsa.cnf"
    settings.write_text(settings.read_text().replace("digests = sha256, ", "digests = "))

    assert "refuses (rejection" in refused(service).message
    assert "bad_alg" in refused(service).message


def test_an_answer_to_another_request_is_refused(service: clock.Clock) -> None:
    service.nonce = 7

    assert "another request" in refused(service.answer).message


def test_a_stamp_of_other_bytes_is_refused(service: clock.Clock) -> None:
    def other(query: bytes) -> tuple[int, bytes]:
        request = tsp.TimeStampReq.load(query)
        request["message_imprint"]["hashed_message"] = bytes(32)
        return service.answer(request.dump(force=True))

    assert "another signature" in refused(other).message


def test_a_stamp_by_a_certificate_for_something_else_is_refused() -> None:
    leaf = issue(None, name="clock")

    assert "not for time stamps" in refused(clock.Clock(leaf=leaf).answer).message


def test_a_stamp_that_is_larger_than_its_room_is_refused(leaf: Made) -> None:
    others = tuple(clock.stamping(None, name=f"clock {number}") for number in range(15))
    large = clock.Clock(leaf=clock.stamping(None, organisation="x" * 64), above=others)
    large_enough = len(large.token(COVERED)) > authority.ROOM

    found = refused(large.answer).message if large_enough else refused_when_tight(large)
    assert re.search(r"a time stamp of \d+ bytes, and \d+ have room", found)


def refused_when_tight(service: clock.Clock) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority, "ROOM", 500)
        return refused(service.answer).message


def test_nobody_there_is_an_error_in_words() -> None:
    with clock.serving(lambda _: (200, b"")) as url:
        pass
    with pytest.raises(IdentityError, match="refused"):
        authority.time_stamp(url, COVERED)


def test_a_server_that_keeps_one_waiting_byte_by_byte_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authority, "_LONGEST", 0.2)
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(0.02):
                connection.sendall(b".")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        with pytest.raises(IdentityError, match="no whole answer within"):
            authority.time_stamp(f"http://127.0.0.1:{listener.getsockname()[1]}/", COVERED)
    finally:
        over.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize("url", ["ftp://x/", "http://[x/", "http:", "x", "http:///y"])
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(IdentityError, match="http or https"):
        authority.check(url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(IdentityError) as caught:
        authority.check("https://user:secret@clock.example:8443/tsa")

    assert "secret" not in caught.value.message + caught.value.hint
    assert "https://clock.example:8443/tsa" in caught.value.hint


def test_only_the_web_is_asked() -> None:
    kinds: Any = authority._opener()

    assert set(kinds.handle_open) <= {"http", "https", "unknown"}


def test_a_token_says_when_and_of_what(service: clock.Clock) -> None:
    found = tokens.take_apart(service.token(COVERED))

    assert (found.hash, found.digest, found.scheme, found.by) == (
        "sha256",
        "sha256",
        "ecdsa",
        "sha256",
    )
    assert found.time == service.time.replace(microsecond=0)
    assert found.nonce is None


@pytest.mark.parametrize("url", ["ftp://user:secret@clock.example/", "user:secret@clock.example"])
def test_a_password_in_what_is_no_address_is_not_repeated_either(url: str) -> None:
    with pytest.raises(IdentityError, match=r"clock\.example") as caught:
        authority.check(url)

    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_a_token_in_an_address_is_not_repeated_when_the_service_fails() -> None:
    with clock.serving(lambda _: (503, b"")) as url, pytest.raises(IdentityError) as caught:
        authority.time_stamp(f"{url}?apikey=secret", COVERED)

    assert "apikey=…" in caught.value.message
    assert "secret" not in str(caught.value)
