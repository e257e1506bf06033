import concurrent.futures
import io
import os
import pickle
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.conftest import make_mark
from tests.signing import clock
from tests.signing.authority import Made, issue
from tests.signing.conftest import Signing
from tests.signing.outside import assert_valid_outside, trusting
from tests.signing.samples import sample

from kzmark.errors import IdentityError, InstallationError
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.identity import Identity, IdentitySpec, load, new_identity

MARK = make_mark()
KEY = ec.generate_private_key(ec.SECP256R1())


def answer_in_der(data: bytes) -> bytes:
    return KEY.sign(data, ec.ECDSA(hashes.SHA256()))


def answer_in_raw(data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(answer_in_der(data))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def by_callback(root: Made, answer: Callable[[bytes], bytes], **options: Any) -> c2pa.Signer:
    leaf = issue(root, **options)
    return c2pa.Signer(IdentitySpec.from_callback(answer, chain=leaf.pem))


# algorithms and callbacks


@pytest.mark.parametrize("algorithm", [a for a in Algorithm if a.value not in {"ps384", "ps512"}])
def test_every_algorithm_signs_so_that_both_verifiers_accept(
    algorithm: Algorithm, signed: Signing, tmp_path: Path
) -> None:
    identity = new_identity(tmp_path / "one", algorithm=algorithm)
    data = signed(sample("jpeg"), by=c2pa.Signer(identity))

    assert trusting(data, "image/jpeg", identity).facts["trust"] == "trusted"
    assert_valid_outside(data, "image/jpeg", identity)


@pytest.mark.parametrize("answer", [answer_in_der, answer_in_raw], ids=["der", "raw"])
def test_a_device_may_answer_in_either_spelling(
    answer: Callable[[bytes], bytes], root: Made, signed: Signing
) -> None:
    signer = by_callback(root, answer, key=KEY)
    seen = c2pa.read(
        io.BytesIO(signed(sample("jpeg"), by=signer)), "image/jpeg", trust_anchors=root.pem
    )

    assert (seen.status, seen.mark) == (Status.PRESENT, MARK)
    assert seen.facts["trust"] == "trusted"


@pytest.mark.parametrize("kind", ["rsa", "ed25519", "p384"])
def test_devices_with_other_keys_work_too(kind: str, root: Made, signed: Signing) -> None:
    key: Any
    if kind == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signer = by_callback(root, lambda data: key.sign(data, pss, hashes.SHA256()), key=key)
    elif kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        signer = by_callback(root, key.sign, key=key)
    else:
        key = ec.generate_private_key(ec.SECP384R1())
        signer = by_callback(root, lambda data: key.sign(data, ec.ECDSA(hashes.SHA384())), key=key)
    seen = c2pa.read(io.BytesIO(signed(sample("jpeg"), by=signer)), "image/jpeg")

    assert (seen.status, seen.mark) == (Status.PRESENT, MARK)


def test_a_device_with_another_key_is_caught(root: Made, signed: Signing) -> None:
    signer = by_callback(root, answer_in_der)
    with pytest.raises(IdentityError, match="not that of the certificate's key"):
        signed(sample("jpeg"), by=signer)


@pytest.mark.parametrize("answer", [b"", b"x", b"\x30\x06\x02\x01\x01\x02\x01\x01"])
def test_a_senseless_answer_is_caught(answer: bytes, root: Made, signed: Signing) -> None:
    with pytest.raises(IdentityError, match="not that of"):
        signed(sample("jpeg"), by=by_callback(root, lambda _: answer, key=KEY))


def test_a_failing_device_is_the_cause_of_the_error(root: Made, signed: Signing) -> None:
    def fail(_: bytes) -> bytes:
        raise TimeoutError("the device does not answer")

    signer = by_callback(root, fail, key=KEY)
    with pytest.raises(IdentityError, match="the device does not answer") as caught:
        signed(sample("jpeg"), by=signer)

    assert isinstance(caught.value.__cause__, TimeoutError)


def test_a_signer_works_again_after_a_failure(root: Made, signed: Signing) -> None:
    broken = [True]

    def sometimes(data: bytes) -> bytes:
        if broken.pop() if broken else False:
            raise TimeoutError("busy")
        return answer_in_der(data)

    signer = by_callback(root, sometimes, key=KEY)
    with pytest.raises(IdentityError, match="busy"):
        signed(sample("jpeg"), by=signer)

    assert signed(sample("jpeg"), by=signer)


def test_a_certificate_that_expires_while_a_signer_lives_is_told(
    root: Made, signed: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = issue(root, start=timedelta(days=-9), end=timedelta(days=-2))
    spec = IdentitySpec.from_text(leaf.pem, leaf.key_pem)
    signer = c2pa.Signer(load(spec, expired_ok=True))
    with pytest.raises(IdentityError, match="expired or is not valid yet") as caught:
        signed(sample("jpeg"), by=signer)

    assert "renew" in caught.value.hint


# processes and threads


def test_threads_may_share_a_signer(
    signer: c2pa.Signer, signed: Signing, identity: Identity
) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda _: signed(sample("jpeg"), by=signer), range(64)))

    assert all(trusting(data, "image/jpeg", identity).mark == MARK for data in files)


def test_each_thread_has_a_handle_of_its_own(signer: c2pa.Signer) -> None:
    library, found = c2pa._library(), set()
    meeting = threading.Barrier(4)

    def look() -> None:
        with signer.native(library) as handle:
            meeting.wait(timeout=9)
            found.add(id(handle))
            meeting.wait(timeout=9)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_signer_and_a_reader_work_in_a_forked_child(
    signer: c2pa.Signer, signed: Signing, identity: Identity
) -> None:
    """The library's handles die at a fork: those of the parent say `Context is not valid`."""
    data = signed(sample("jpeg"), by=signer)
    trusting(data, "image/jpeg", identity)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            again = signed(sample("png"), "image/png", by=signer)
            good = trusting(again, "image/png", identity).mark == MARK
            code = 0 if good and trusting(data, "image/jpeg", identity).mark == MARK else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert signed(sample("jpeg"), by=signer)  # and the parent's still live


def test_a_signer_crosses_a_process_border(signer: c2pa.Signer, signed: Signing) -> None:
    again = pickle.loads(pickle.dumps(signer))

    assert again.identity.leaf == signer.identity.leaf
    assert signed(sample("jpeg"), by=again)


# the network


def test_nothing_opens_a_socket(
    signed: Signing, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    data = signed(signed(sample("jpeg")), mark=make_mark("Жаңа"))

    assert trusting(data, "image/jpeg", identity).status is Status.PRESENT


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is the outside witness here")
def test_the_library_itself_opens_no_socket(tmp_path: Path, signed: Signing) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(signed(sample("jpeg")))
    code = (
        "import sys; from pathlib import Path; from kzmark.signing import c2pa;"
        "print(c2pa.read(open(sys.argv[1], 'rb'), 'image/jpeg').status)"
    )
    told = subprocess.run(
        ["strace", "-f", "-e", "trace=socket,connect", sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "present" in told.stdout
    assert "socket(" not in told.stderr


def test_a_time_stamp_is_asked_for_only_where_one_is_wanted(
    identity: Identity, signed: Signing, root: Made, tmp_path: Path
) -> None:
    with clock.serving(clock.by_openssl(tmp_path, root)) as url:
        data = signed(sample("jpeg"), by=c2pa.Signer(identity, tsa=url))
    known = (identity.root + root.pem).encode()
    doubted = trusting(data, "image/jpeg", identity).facts["signed"]
    trusted = c2pa.read(io.BytesIO(data), "image/jpeg", trust_anchors=known).facts["signed"]

    assert trusted[:3] == "20" + trusted[2]
    assert trusted.endswith("+00:00")
    assert "not on a trust list" in doubted
    assert trusting(signed(sample("jpeg")), "image/jpeg", identity).facts["signed"] == (
        "no time stamp"
    )


def test_a_failing_time_stamp_service_is_named(identity: Identity, signed: Signing) -> None:
    with (
        clock.serving(lambda _: (503, b"out of order")) as url,
        pytest.raises(IdentityError, match="time stamp service") as caught,
    ):
        signed(sample("jpeg"), by=c2pa.Signer(identity, tsa=url))

    assert url in caught.value.message
    assert "without a time stamp" in caught.value.hint


@pytest.mark.parametrize("url", ["ftp://a", "tsa.example", "file:///etc/passwd"])
def test_a_time_stamp_service_has_a_web_address(url: str, identity: Identity) -> None:
    with pytest.raises(IdentityError, match="http"):
        c2pa.Signer(identity, tsa=url)


# the library


def test_another_version_of_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.1.0")
    c2pa._library.cache_clear()
    try:
        with pytest.raises(InstallationError, match=r"0\.1\.0 is installed") as caught:
            c2pa._library()
    finally:
        c2pa._library.cache_clear()

    assert c2pa.PINNED in caught.value.hint


def test_keys_of_an_identity_are_what_signs(identity: Identity) -> None:
    key = load_pem_private_key(identity.key, None)

    assert key.public_key() == identity.leaf.public_key()
