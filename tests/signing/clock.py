"""Time stamp services on loopback: one that openssl plays, one whose every word is ours."""

import contextlib
import dataclasses
import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.signing.authority import Made, issue

PURPOSE: Final = "1.3.6.1.5.5.7.3.8"
_OPENSSL: Final = """[tsa]
default_tsa = t
[t]
serial = ./serial
signer_cert = ./tsa.pem
certs = ./ca.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""
Answer = Callable[[bytes], tuple[int, bytes]]  # a request → HTTP status and body


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve on loopback; give the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the name it has there
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def by_openssl(folder: Path, root: Made) -> Answer:
    """Return a service that openssl plays, its certificate under `root`."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl plays the time stamp service and is not installed")
    leaf = stamping(root)
    texts = {
        "tsa.cnf": _OPENSSL,
        "serial": "01",
        "ca.pem": root.pem,
        "tsa.pem": leaf.pem,
        "tsa.key": leaf.key_pem,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)

    one_by_one = threading.Lock()  # it counts in a file

    def answer(query: bytes) -> tuple[int, bytes]:
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq"]
        with one_by_one:
            (folder / "q.tsq").write_bytes(query)
            done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
        return 200, done.stdout

    return answer


def stamping(root: Made | None, **given: Any) -> Made:
    """Return a certificate for time stamps."""
    wanted: dict[str, Any] = {"name": "clock", "purposes": (PURPOSE,), "critical_purposes": True}
    return issue(root, **{**wanted, **given})


@dataclasses.dataclass(kw_only=True)
class Clock:
    """A time stamp service that can be made to say anything."""

    leaf: Made
    above: tuple[Made, ...] = ()
    time: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC))
    hash: str = "sha256"
    nonce: int | None = None
    filler: int = 0
    changes: Callable[[dict[str, Any]], None] | None = None

    def answer(self, query: bytes) -> tuple[int, bytes]:
        request = tsp.TimeStampReq.load(query, strict=True)
        assert request["cert_req"].native
        imprint = request["message_imprint"]
        nonce = self.nonce or request["nonce"].native
        token = self._token(imprint.native["hashed_message"], "sha256", nonce)
        return 200, tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": token}
        ).dump()

    def token(self, covered: bytes) -> bytes:
        digest = hashlib.new(self.hash, covered).digest()
        return bytes(self._token(digest, self.hash, None).dump())

    def _token(self, imprint: bytes, by: str, nonce: int | None) -> cms.ContentInfo:
        info = {
            "version": "v1",
            "policy": "1.2.3.4.1",
            "message_imprint": {"hash_algorithm": {"algorithm": by}, "hashed_message": imprint},
            "serial_number": 7,
            "gen_time": self.time.replace(microsecond=0),
        }
        if nonce is not None:
            info["nonce"] = nonce
        content = tsp.TSTInfo(info).dump()
        chain = [
            asn1.Certificate.load(one.certificate.public_bytes(Encoding.DER)) for one in self.chain
        ]
        said = {
            "content": content,
            "digest": hashlib.sha256(content).digest(),
            "named": hashlib.sha256(chain[0].dump()).digest(),
            "leaf": chain[0],
            "certificates": chain,
        }
        if self.changes:
            self.changes(said)
        named = {
            "type": "signing_certificate_v2",
            "values": [tsp.SigningCertificateV2({"certs": [{"cert_hash": said["named"] or b""}]})],
        }
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [said["digest"]]},
                *([named] if said["named"] else []),
            ]
        )
        assert isinstance(self.leaf.key, ec.EllipticCurvePrivateKey)
        signature = self.leaf.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        issuer = said["leaf"]["tbs_certificate"]["issuer"]
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": issuer, "serial_number": said["leaf"].serial_number}
                    )
                },
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": signature,
            }
        )
        data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(said["content"]),
                },
                "certificates": said["certificates"],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": data})

    @property
    def chain(self) -> tuple[Made, ...]:
        return self.leaf, *self.above
