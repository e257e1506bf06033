import os
import pickle
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from tests.signing import authority
from tests.signing.authority import CLAIM, EMAIL, Made, issue

from kzmark.errors import IdentityError
from kzmark.signing import folder
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.identity import (
    Identity,
    IdentitySpec,
    certificate_request,
    load,
    new_identity,
    open_identity,
    renew_identity,
    shortened,
)

posix = pytest.mark.skipif(os.name == "nt", reason="mode bits are POSIX")


def text(chain: Made, *others: Made, key: Made | None = None, **options: Any) -> IdentitySpec:
    pems = "".join(one.pem for one in (chain, *others))
    return IdentitySpec.from_text(pems, (key or chain).key_pem, **options)


# what a new one is


def test_the_leaf_has_what_the_certificate_profile_asks_for(identity: Identity) -> None:
    leaf = identity.leaf
    extensions = leaf.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert constraints.critical
    assert not constraints.value.ca
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert {oid.dotted_string for oid in purposes} == {EMAIL, CLAIM}
    assert x509.SubjectKeyIdentifier in {type(one.value) for one in extensions}
    assert x509.AuthorityKeyIdentifier in {type(one.value) for one in extensions}
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=1827)


def test_the_leaf_names_the_owner_and_the_root_issued_it(identity: Identity) -> None:
    named = identity.leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    root = x509.load_pem_x509_certificate(identity.root.encode())

    assert [one.value for one in named] == ["ТОО Пример"]
    identity.leaf.verify_directly_issued_by(root)
    assert root.not_valid_after_utc > datetime.now(UTC) + timedelta(days=7200)


def test_signatures_do_not_carry_the_root(identity: Identity) -> None:
    assert identity.spec.folder
    on_disk = (identity.spec.folder / "chain.pem").read_bytes()

    assert on_disk.count(b"BEGIN CERTIFICATE") == 2
    assert identity.chain_pem.count(b"BEGIN CERTIFICATE") == 1


@posix
def test_keys_are_for_the_owner_alone(identity: Identity) -> None:
    assert identity.spec.folder
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in identity.spec.folder.iterdir()
    }

    assert modes["leaf.key"] == modes["root.key"] == 0o600
    assert set(modes) == {"chain.pem", "leaf.key", "root.pem", "root.key"}
    assert stat.S_IMODE(identity.spec.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_every_algorithm_can_be_asked_for(tmp_path: Path, algorithm: Algorithm) -> None:
    made = new_identity(tmp_path / "one", algorithm=algorithm)

    assert load(made.spec).leaf == made.leaf
    assert made.algorithm in {algorithm, Algorithm.PS256}  # RSA keys serve all three


@pytest.mark.parametrize("days", [0, -1, 3653, 9000])
def test_a_leaf_never_outlives_ten_years(tmp_path: Path, days: int) -> None:
    with pytest.raises(IdentityError, match="3652"):
        new_identity(tmp_path / "one", days=days)

    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize(
    "names",
    [{"organisation": ""}, {"organisation": "x" * 65}, {"country": "kz"}, {"common_name": "a\0"}],
)
def test_names_that_no_certificate_holds_are_refused(tmp_path: Path, names: dict[str, Any]) -> None:
    with pytest.raises(IdentityError):
        new_identity(tmp_path / "one", **names)


def test_a_long_name_is_shortened_where_nobody_can_be_asked() -> None:
    whole = "Товарищество с ограниченной ответственностью " * 3

    assert len(shortened(whole)) == 64
    assert shortened("ТОО Пример") == "ТОО Пример"
    assert shortened(" \n ") != ""


# where it is found


def test_the_default_folder_follows_the_desktop_rules(tmp_path: Path) -> None:
    def found(**variables: str) -> Path:
        return folder.default_folder(variables)

    assert found(KZMARK_IDENTITY="/a/b", XDG_CONFIG_HOME="/c") == Path("/a/b")
    if os.name != "nt":
        assert found(XDG_CONFIG_HOME="/c") == Path("/c/kzmark/identity")
        assert found() == Path.home() / ".config" / "kzmark" / "identity"


def test_a_missing_identity_is_made_only_if_asked(tmp_path: Path) -> None:
    variables = {"KZMARK_IDENTITY": str(tmp_path / "deep" / "one")}
    with pytest.raises(IdentityError, match="cannot be read"):
        open_identity(environment=variables)

    made = open_identity(create=True, organisation="ТОО Пример", environment=variables)

    assert open_identity(environment=variables).leaf == made.leaf


def test_the_environment_may_hold_the_texts_themselves(root: Made, tmp_path: Path) -> None:
    leaf = issue(root)
    variables = {"KZMARK_CERT": leaf.pem, "KZMARK_KEY": leaf.key_pem}

    assert open_identity(environment=variables).leaf == leaf.certificate
    with pytest.raises(IdentityError, match="together"):
        open_identity(environment={"KZMARK_CERT": leaf.pem})
    with pytest.raises(IdentityError, match="cannot be read"):
        open_identity(tmp_path / "chosen", environment=variables)  # a folder given comes first


def test_an_encrypted_key_needs_its_password(root: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = issue(root)
    locked = leaf.locked("сыр")
    with pytest.raises(IdentityError, match="no password") as missing:
        load(IdentitySpec.from_text(leaf.pem, locked))
    with pytest.raises(IdentityError, match="password of the key is wrong"):
        load(IdentitySpec.from_text(leaf.pem, locked, password="wrong"))
    monkeypatch.setenv("KZMARK_KEY_PASSWORD", "сыр")

    assert load(IdentitySpec.from_text(leaf.pem, locked)).leaf == leaf.certificate
    assert "KZMARK_KEY_PASSWORD" in missing.value.hint


def test_a_chain_and_a_key_may_stand_in_two_files(root: Made, tmp_path: Path) -> None:
    leaf = issue(root)
    chain, key = tmp_path / "c.pem", tmp_path / "k.pem"
    chain.write_text(leaf.pem + root.pem)
    key.write_text(leaf.key_pem)
    key.chmod(0o600)
    found = load(IdentitySpec.from_files(chain, key))

    assert found.leaf == leaf.certificate
    assert found.warnings == ()


@posix
def test_a_key_that_others_can_read_gives_a_warning(root: Made, tmp_path: Path) -> None:
    leaf = issue(root)
    chain, key = tmp_path / "c.pem", tmp_path / "k.pem"
    chain.write_text(leaf.pem)
    key.write_text(leaf.key_pem)
    key.chmod(0o644)

    assert any(
        "chmod 600" in warning for warning in load(IdentitySpec.from_files(chain, key)).warnings
    )


def test_a_spec_crosses_a_process_border_and_hides_its_key(root: Made) -> None:
    leaf = issue(root)
    spec = text(leaf)
    again = pickle.loads(pickle.dumps(load(spec)))

    assert again.leaf == leaf.certificate
    assert "PRIVATE KEY" not in repr(spec) + repr(again)


# the folder


def test_an_identity_is_never_replaced_unless_asked(tmp_path: Path) -> None:
    first = new_identity(tmp_path / "one")
    with pytest.raises(IdentityError, match="already"):
        new_identity(tmp_path / "one")
    assert open_identity(tmp_path / "one").leaf == first.leaf

    second = new_identity(tmp_path / "one", replace=True)
    (kept,) = tmp_path.glob("one.*.old")

    assert open_identity(tmp_path / "one").leaf == second.leaf
    assert open_identity(kept).leaf == first.leaf


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("precious")
    for replace in (False, True):
        with pytest.raises(IdentityError, match="other files"):
            new_identity(tmp_path, replace=replace)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_an_empty_folder_takes_an_identity(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()

    made = new_identity(tmp_path / "one")

    assert open_identity(tmp_path / "one").leaf == made.leaf


def test_a_failed_rename_puts_the_old_identity_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_identity(tmp_path / "one")
    rename = Path.rename

    def fail_once(self: Path, target: Path) -> Path:
        if self.name.startswith(".kzmark-identity-"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(IdentityError, match="No space"):
        new_identity(tmp_path / "one", replace=True)
    monkeypatch.undo()

    assert open_identity(tmp_path / "one").leaf == first.leaf
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError, match="cannot be written") as caught:
        new_identity(tmp_path / "file" / "one")

    assert str(tmp_path / "file") in str(caught.value)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_processes_that_make_the_default_identity_at_once_share_one(tmp_path: Path) -> None:
    place, children = tmp_path / "shared", []
    for number in range(6):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                found = open_identity(place, create=True)
                (tmp_path / f"{number}.pem").write_bytes(found.chain_pem)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    chains = {path.read_bytes() for path in tmp_path.glob("*.pem")}

    assert codes == [0] * 6
    assert len(chains) == 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["shared"]


# renewal and requests


def test_renewal_keeps_the_root_and_the_names(tmp_path: Path) -> None:
    first = new_identity(tmp_path / "one", organisation="ТОО Пример", algorithm=Algorithm.ES384)
    second = renew_identity(tmp_path / "one", days=30)

    assert second.root == first.root
    assert second.leaf.subject == first.leaf.subject
    assert second.leaf.public_key() != first.leaf.public_key()
    assert second.algorithm is Algorithm.ES384


def test_an_expired_identity_is_refused_but_can_be_looked_at(root: Made) -> None:
    leaf = issue(root, start=timedelta(days=-9), end=timedelta(days=-2))
    with pytest.raises(IdentityError, match="expired on") as caught:
        load(text(leaf))

    assert "renew" in caught.value.hint
    assert any("expired" in warning for warning in load(text(leaf), expired_ok=True).warnings)


def test_renewal_needs_a_private_root(root: Made, tmp_path: Path) -> None:
    leaf = issue(root)
    place = tmp_path / "one"
    place.mkdir()
    (place / "chain.pem").write_text(leaf.pem)
    (place / "leaf.key").write_text(leaf.key_pem)
    with pytest.raises(IdentityError, match="no private root"):
        renew_identity(place)


def test_a_request_asks_for_what_a_leaf_needs(identity: Identity) -> None:
    request = x509.load_pem_x509_csr(certificate_request(identity).encode())
    purposes = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    usage = request.extensions.get_extension_for_class(x509.KeyUsage)

    assert request.is_signature_valid
    assert request.subject == identity.leaf.subject
    assert {oid.dotted_string for oid in purposes} == {EMAIL, CLAIM}
    assert usage.critical
    assert usage.value.digital_signature


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.PS256, Algorithm.ES384])
def test_a_request_can_be_made_with_every_kind_of_key(tmp_path: Path, algorithm: Algorithm) -> None:
    made = new_identity(tmp_path / "one", algorithm=algorithm)

    assert x509.load_pem_x509_csr(certificate_request(made).encode()).is_signature_valid


# what is refused, and how it is said


def refusals(root: Made) -> dict[str, tuple[IdentitySpec, str]]:
    leaf, other = issue(root), issue(root)
    long_curve = ec.generate_private_key(ec.SECP384R1())
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    middle = authority.root(name="middle", issuer=root)
    deep = issue(middle, name="deep")
    strange = ec.generate_private_key(ec.SECP256K1())
    return {
        "wrong key": (text(leaf, key=other), "does not belong"),
        "algorithm of another curve": (text(leaf, algorithm=Algorithm.ES384), "does not fit"),
        "algorithm of another kind": (text(leaf, algorithm=Algorithm.PS256), "does not fit"),
        "P-384 as ES256": (
            text(issue(root, key=long_curve), algorithm=Algorithm.ES256),
            "does not fit",
        ),
        "garbage chain": (IdentitySpec.from_text("nonsense", leaf.key_pem), "no readable certif"),
        "garbage key": (IdentitySpec.from_text(leaf.pem, "nonsense"), "no readable key"),
        "key for a chain": (
            IdentitySpec.from_text(leaf.key_pem, leaf.key_pem),
            "no readable certif",
        ),
        "chain for a key": (IdentitySpec.from_text(leaf.pem, leaf.pem), "no readable key"),
        "nothing": (IdentitySpec(), "needs a chain and a key"),
        "not yet valid": (
            text(issue(root, start=timedelta(days=1), end=timedelta(days=9))),
            "valid only from",
        ),
        "no purpose": (text(issue(root, purposes=())), "extended key usage"),
        "another purpose": (
            text(issue(root, purposes=("1.3.6.1.5.5.7.3.2",))),
            "extended key usage",
        ),
        "any purpose": (text(issue(root, purposes=(EMAIL, "2.5.29.37.0"))), "any purpose"),
        "time stamping too": (
            text(issue(root, purposes=(EMAIL, "1.3.6.1.5.5.7.3.8"))),
            "time stamping",
        ),
        "no organisation": (text(issue(root, organisation="")), "organisation"),
        "an authority": (text(issue(root, authority=True)), "cA=TRUE"),
        "signs certificates": (
            text(issue(root, usages=("digital_signature", "key_cert_sign"))),
            "cA=TRUE",
        ),
        "no usage": (text(issue(root, usages=())), "digitalSignature"),
        "another usage": (text(issue(root, usages=("key_agreement",))), "digitalSignature"),
        "no authority key identifier": (
            text(issue(root, identifies_issuer=False)),
            "authority key identifier",
        ),
        "a gap in the chain": (text(deep, root), "did not issue"),
        "a chain upside down": (
            IdentitySpec.from_text(middle.pem + deep.pem, deep.key_pem),
            "cA=TRUE",
        ),
        "a stranger in the chain": (text(leaf, other), "did not issue"),
        "a short RSA key": (text(issue(root, key=short)), "does not allow"),
        "a curve C2PA does not know": (text(issue(root, key=strange)), "does not allow"),
    }


REFUSALS = refusals(authority.root())


@pytest.mark.parametrize("name", REFUSALS)
def test_every_failure_is_one_error_with_cause_and_remedy(name: str) -> None:
    spec, cause = REFUSALS[name]
    with pytest.raises(IdentityError, match=cause) as caught:
        load(spec)

    assert caught.value.code == "identity"
    assert caught.value.hint


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="cannot be read") as caught:
        load(IdentitySpec.from_files(tmp_path, tmp_path / "k.pem"))

    assert str(tmp_path) in str(caught.value)


def test_a_chain_through_an_intermediate_is_taken(root: Made) -> None:
    middle = authority.root(name="middle", issuer=root)
    leaf = issue(middle)
    found = load(text(leaf, middle, root))

    assert found.chain == (leaf.certificate, middle.certificate)
    assert found.warnings == ()


def test_a_self_signed_leaf_is_taken_with_a_warning() -> None:
    found = load(text(issue()))

    assert any("self-signed" in warning for warning in found.warnings)


def test_claim_signing_alone_is_taken_with_a_warning(root: Made) -> None:
    found = load(text(issue(root, purposes=(CLAIM,))))

    assert any("emailProtection" in warning for warning in found.warnings)


def test_a_certificate_that_expires_soon_gives_a_warning(root: Made) -> None:
    found = load(text(issue(root, end=timedelta(days=5))))

    assert any("expires in 4 days" in warning for warning in found.warnings)
