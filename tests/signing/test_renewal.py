"""Renewing: a certificate from an authority is never thrown away for one of the private root."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.signing.authority import issue
from tests.signing.authority import root as make_root

from kzmark.errors import IdentityError
from kzmark.signing import folder
from kzmark.signing.description import describe
from kzmark.signing.identity import (
    IdentitySpec,
    certificate_request,
    load,
    new_identity,
    open_identity,
    renew_identity,
)


def certified(where: Path) -> None:
    """Do as docs/how-to/keys.md says: an authority answers the request for the key."""
    made = new_identity(where, organisation="ТОО Пример")
    assert x509.load_pem_x509_csr(certificate_request(made).encode()).is_signature_valid
    key = load_pem_private_key((where / folder.KEY).read_bytes(), None)
    root = make_root()
    middle = make_root(name="middle", issuer=root)
    answer = issue(middle, organisation="ТОО Пример", key=key)
    (where / folder.CHAIN).write_text(answer.pem + middle.pem + root.pem)


def test_a_certificate_from_an_authority_is_not_renewed_here(tmp_path: Path) -> None:
    where = tmp_path / "keys"
    certified(where)
    before = {path.name: path.read_bytes() for path in where.iterdir()}
    with pytest.raises(IdentityError, match="from an authority") as caught:
        renew_identity(where)

    assert {path.name: path.read_bytes() for path in where.iterdir()} == before
    assert not list(tmp_path.glob("*.old"))
    assert "identity csr" in caught.value.hint
    assert "--replace" in caught.value.hint


def test_its_verifiers_need_the_root_of_the_authority(tmp_path: Path) -> None:
    certified(tmp_path / "keys")
    told = describe(open_identity(tmp_path / "keys"))

    assert (told["root"], told["root_fingerprint"]) == ("", "")
    assert "the authority's root" in told["verifiers"]["kzmark verify"]


def test_a_certificate_of_the_private_root_is_renewed(tmp_path: Path) -> None:
    first = new_identity(tmp_path / "keys")
    second = renew_identity(tmp_path / "keys")

    assert second.leaf != first.leaf
    assert describe(second)["root"] == str(tmp_path / "keys" / folder.ROOT)


@pytest.mark.parametrize(
    ("left", "days", "told"),
    [
        (timedelta(days=-1, hours=-2), -1, "expired on"),
        (timedelta(hours=-3), 0, "expired on"),
        (timedelta(hours=3, minutes=5), 0, "expires in 3 hours"),
        (timedelta(days=1, hours=3), 1, "expires in 1 day"),
    ],
)
def test_days_left_are_whole_days(left: timedelta, days: int, told: str) -> None:
    leaf = issue(make_root(), start=timedelta(days=-9), end=left)
    facts = describe(load(IdentitySpec.from_text(leaf.pem, leaf.key_pem), expired_ok=True))

    assert facts["days_left"] == days
    assert [told in warning for warning in facts["warnings"]] == [True]


def test_a_hint_fits_what_went_wrong() -> None:
    late = issue(make_root(), start=timedelta(days=-9), end=timedelta(days=-1))
    leaf = issue(make_root())
    with pytest.raises(IdentityError) as expired:
        load(IdentitySpec.from_text(late.pem, late.key_pem))
    with pytest.raises(IdentityError) as locked:
        load(IdentitySpec.from_text(leaf.pem, leaf.locked("a"), password="b"))

    assert "kzmark identity renew" in expired.value.hint
    assert locked.value.hint == "look at the variable KZMARK_KEY_PASSWORD"


def test_an_interrupted_renewal_leaves_the_identity_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_identity(tmp_path / "keys")
    before = {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if path.name.startswith(".kzmark-identity-"):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        renew_identity(tmp_path / "keys")

    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()} == before
