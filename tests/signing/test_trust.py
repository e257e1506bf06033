from pathlib import Path

import pytest
from tests.signing.authority import CLAIM, Made, issue

from kzmark.errors import IdentityError
from kzmark.signing import trust
from kzmark.signing.description import describe
from kzmark.signing.identity import Identity, IdentitySpec, load


def test_anchors_are_read_from_a_file(root: Made, tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("# ours\n" + root.pem)
    pem = trust.read_anchors(tmp_path / "a.pem")

    assert trust.checked(pem) == root.pem


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_a_file_without_an_anchor_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text(text)
    with pytest.raises(IdentityError, match="no readable certificate") as caught:
        trust.read_anchors(tmp_path / "a.pem")

    assert str(tmp_path / "a.pem") in str(caught.value)


def test_an_identity_is_described_in_words(identity: Identity) -> None:
    told = describe(identity)

    assert told["subject"].endswith("C=KZ")
    assert "O=ТОО Пример" in told["subject"]
    assert told["algorithm"] == "es256"
    assert told["purposes"] == ["emailProtection", "c2pa-kp-claimSigning"]
    assert 1823 <= told["days_left"] <= 1826
    assert len(told["fingerprint"]) == len(told["root_fingerprint"]) == 95
    assert Path(told["root"]).is_file()
    assert told["warnings"] == []
    assert all(
        "not on a trust list" in told["verifiers"][name]
        for name in ("kzmark verify", "c2patool and c2pa-rs")
    )


def test_what_is_unusual_about_an_identity_is_said(root: Made) -> None:
    official = issue(root, purposes=(CLAIM,))
    alone = issue()
    first = describe(load(IdentitySpec.from_text(official.pem, official.key_pem)))
    second = describe(load(IdentitySpec.from_text(alone.pem, alone.key_pem)))

    assert first["verifiers"]["c2patool and c2pa-rs"].startswith("refused")
    assert "refused by versions before" in second["verifiers"]["c2patool and c2pa-rs"]
    assert first["warnings"]
    assert second["warnings"]
    assert first["key"] == "text"
    assert first["root"] == ""


def test_a_description_never_holds_a_key(identity: Identity) -> None:
    assert "PRIVATE" not in str(describe(identity))
