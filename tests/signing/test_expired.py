"""A certificate that has expired since: whether its signer is on the list is told all the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.cli.conftest import CLEAN
from tests.signing.authority import Made, issue

import kzmark
from kzmark import policy
from kzmark.report import Reason
from kzmark.signing import signer as signers
from kzmark.signing.identity import load

Sign = Callable[[str, Made], bytes]
_WHEN = "certificate has expired, and no trusted time stamp tells when it signed"


@pytest.fixture
def signed_then(monkeypatch: pytest.MonkeyPatch) -> Sign:
    """Sign a file five days ago, with a certificate that expired two days ago."""
    stated = kzmark.Statement(
        system=kzmark.System(name="S"), responsible=kzmark.Responsible(name="O")
    )

    def sign(name: str, root: Made) -> bytes:
        leaf = issue(root, start=timedelta(days=-9), end=timedelta(days=-2))
        spec = kzmark.IdentitySpec.from_text(leaf.pem + root.pem, leaf.key_pem)
        identity = load(spec, expired_ok=True)
        then = datetime.now(UTC) - timedelta(days=5)
        with monkeypatch.context() as patched:
            patched.setattr(signers, "datetime", SimpleNamespace(now=lambda _: then))
            done = kzmark.Stamper(stated, identity=identity).stamp((CLEAN / name).read_bytes())
        assert done.data
        return done.data

    return sign


def make_root() -> Made:
    usages = ("key_cert_sign", "crl_sign")
    old = timedelta(days=-10)
    return issue(name="root", purposes=(), usages=usages, authority=True, start=old)


def signature(data: bytes, tmp_path: Path, root: Made) -> tuple[kzmark.Finding, kzmark.Report]:
    path = tmp_path / "file"
    path.write_bytes(data)
    asked = policy.article_21(policy.Signed.TRUSTED)
    report = kzmark.verify(path, policy=asked, trust=root.pem.encode())
    return report.findings[-1], report


@pytest.mark.parametrize("name", ["photo.jpg", "grey.png", "page.html", "letter.docx"])
def test_a_listed_signer_whose_certificate_expired_is_told_apart_from_a_stranger(
    name: str, signed_then: Sign, tmp_path: Path
) -> None:
    root, other = make_root(), make_root()
    data = signed_then(name, root)
    known, report = signature(data, tmp_path, root)
    strange, _ = signature(data, tmp_path, other)

    assert known.code == strange.code == "signature.expired"
    assert known.message == f"the signer is on the trust list given, but its {_WHEN}"
    assert strange.message == f"the signer's {_WHEN}"
    assert report.reason is Reason.UNTRUSTED


def test_a_changed_file_is_told_in_our_own_words(signed_then: Sign, tmp_path: Path) -> None:
    root = make_root()
    data = bytearray(signed_then("photo.jpg", root))
    data[-9] ^= 1
    _, report = signature(bytes(data), tmp_path, root)
    found = {finding.code: finding.message for finding in report.findings}
    raw = next(piece for piece in report.evidence if piece.code == "c2pa.hash-mismatch")

    assert found["c2pa.hash-mismatch"] == "the file was changed after it was signed"
    assert "dataHash.mismatch" in raw.detail
