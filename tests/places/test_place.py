"""Names of files and objects: what is a URL, what a path, and what is made of either."""

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kzmark._limits import Limits
from kzmark.errors import (
    BackendMissingError,
    InputError,
    InstallationError,
    LimitExceededError,
    OutputError,
    RequestError,
)
from kzmark.places import Facts, place


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "/a/b.jpg", "C:\\x\\y.jpg", "C:/x.jpg", "c://x.jpg", "s3:/b/a", "a:b", "::", ""],
)
def test_a_name_that_is_no_url_is_a_path(name: str) -> None:
    found = place(name)

    assert found.is_local
    assert found.local == Path(name)
    assert str(found) == str(Path(name))
    assert found.url == ""


@pytest.mark.parametrize("name", ["s3://b/k", "gs://b/k", "memory://k", "https://h/k", "x-y.z://k"])
def test_a_scheme_of_two_letters_or_more_is_a_url(name: str) -> None:
    found = place(name)

    assert not found.is_local
    assert (str(found), found.url, found.absolute) == (name, name, name)
    with pytest.raises(RequestError, match="local"):
        _ = found.local


def test_a_scheme_is_spelt_in_small_letters() -> None:
    assert place("S3://Bucket/Key") == place("s3://Bucket/Key")


def test_a_path_object_that_was_a_url_is_told_so() -> None:
    with pytest.raises(RequestError, match="pathlib") as caught:
        place(Path("s3://bucket/key"))
    assert caught.value.hint == "give it as a str"
    assert place(Path("ab:/x")).is_local


def test_a_chain_of_urls_is_refused() -> None:
    for name in ("simplecache::s3://b/k", "a::b::s3://k"):
        with pytest.raises(RequestError, match="chain"):
            place(name)


@pytest.mark.parametrize("name", ["s3://key:secret@bucket/x", "sftp://me:secret@host/x"])
def test_a_password_in_a_url_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        place(name)
    assert "secret" not in str(caught.value)
    assert "key:" not in str(caught.value)


def test_what_is_asked_of_a_web_server_in_secret_is_not_told() -> None:
    url = "https://h/a%20b.jpg?X-Amz-Signature=abc&size=5&sig=def#part"

    found = place(url)

    assert str(found) == "https://h/a%20b.jpg?X-Amz-Signature=…&size=5&sig=…#part"
    assert found.url == url
    assert (found.name, found.suffix) == ("a b.jpg", ".jpg")
    assert found.parent.url == "https://h"
    assert found.sibling(".x").url == url.replace(".jpg?", ".jpg.x?")


@pytest.mark.parametrize(
    ("url", "name", "suffix", "parent"),
    [
        ("s3://b/d/a.jpg", "a.jpg", ".jpg", "s3://b/d"),
        ("s3://b/a?b#c.jpg", "a?b#c.jpg", ".jpg", "s3://b"),
        ("s3://b", "b", "", "s3://b"),
        ("s3://b/d/", "d", "", "s3://b"),
        ("memory://a.png", "a.png", ".png", "memory://a.png"),
        ("memory:///d/a.png", "a.png", ".png", "memory:///d"),
        ("az://c/фото/Ә.tar.gz", "Ә.tar.gz", ".gz", "az://c/фото"),
    ],
)
def test_parts_of_a_url(url: str, name: str, suffix: str, parent: str) -> None:
    found = place(url)

    assert (found.name, found.suffix, found.parent.url) == (name, suffix, parent)


def test_what_is_below_and_beside() -> None:
    assert (place("s3://b/d/") / "e/a.jpg").url == "s3://b/d/e/a.jpg"
    assert (place("s3://b") / "a b#?.jpg").url == "s3://b/a b#?.jpg"
    assert (place("memory://") / "a").url == "memory://a"
    assert (place("d") / "e/a.jpg").local == Path("d", "e", "a.jpg")
    assert place("s3://b/a?b.bmp").sibling(".kzmark.json").url == "s3://b/a?b.bmp.kzmark.json"
    assert place("d/a.bmp").sibling(".kzmark.json").local == Path("d", "a.bmp.kzmark.json")


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    odd = tmp_path / "a b%41#Ә.jpg"

    assert place(odd.as_uri()).local == odd
    assert place("file://localhost/a").local == Path("/a")
    with pytest.raises(RequestError, match="another machine"):
        place("file://host/a")


def test_a_name_that_is_no_unicode_stays_as_it_is() -> None:
    name = os.fsdecode(b"b\xff.jpg")

    assert str(place(os.fsencode(name).decode("utf-8", "surrogateescape"))) == name
    assert place(Path(name)).local == Path(name)


@given(st.text(max_size=40))
def test_any_name_is_a_place_or_a_request_error(name: str) -> None:
    try:
        found = place(name)
    except RequestError:
        return
    assert place(found) is found
    assert pickle.loads(pickle.dumps(found)) == found
    assert len({found, place(name)}) == 1


@given(st.from_regex(r"(s3|memory)://[a-z]{3,9}/[^/\x00]{1,20}(/[^/\x00]{1,20})?", fullmatch=True))
@example("s3://aaa/:/0")
def test_a_name_below_its_parent_is_the_name_again(url: str) -> None:
    found = place(url)

    assert found.parent / found.name == found


def test_facts_of_a_file_change_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert place(path).facts() is None
    path.write_bytes(b"one")
    first = place(path).facts()
    os.utime(path, ns=(1, 1))

    assert first == Facts(3, first.version if first else "")
    assert place(path).facts() == Facts(3, "1")
    assert place(path / "below").facts() is None


def test_facts_of_a_name_that_cannot_be_are_an_input_error() -> None:
    for name in ("a\0b", "n" * 300):
        with pytest.raises(InputError) as caught:
            place(name).facts()
        assert caught.value.hint


def test_facts_without_a_version_equal_no_others() -> None:
    assert Facts.of(3) != Facts.of(3)
    assert Facts.of(3, "x") == Facts.of(3, "x")


def test_reading_takes_no_more_than_the_limits_allow(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)

    assert place(tmp_path / "a").read() == b"x" * 10
    with pytest.raises(LimitExceededError):
        place(tmp_path / "a").read(limits=Limits(max_bytes=9))
    with pytest.raises(InputError):
        place(tmp_path / "none").read()


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place(tmp_path / "a" / "b").make_folder()
    place(tmp_path / "a" / "b").make_folder()

    assert place(tmp_path / "a").is_folder()
    assert not place(tmp_path / "file").is_folder()
    with pytest.raises(OutputError):
        place(tmp_path / "file" / "b").make_folder()
    with pytest.raises(InputError):
        place(tmp_path / "none").is_folder()


def test_two_names_of_one_file_are_the_same(tmp_path: Path, memory: Any) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to("a")

    assert place(tmp_path / "a").same_as(place(tmp_path / "link"))
    assert not place(tmp_path / "a").same_as(place(tmp_path / "none"))
    assert not place(tmp_path / "a").same_as(place("memory://a"))
    assert place("memory://a").same_as(place("memory:///a/"))
    assert not place("memory://a").same_as(place("memory://b"))


def test_a_scheme_that_nobody_knows_is_a_request_error() -> None:
    with pytest.raises(RequestError, match="no backend is known for nowhere://"):
        place("nowhere://a").facts()


@pytest.mark.parametrize(
    ("scheme", "module", "extra"),
    [("s3", "s3fs", "s3"), ("gs", "gcsfs", "cloud"), ("az", "adlfs", "cloud")],
)
def test_a_backend_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, scheme: str, module: str, extra: str
) -> None:
    registry = pytest.importorskip("fsspec.registry")
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(registry, "_registry", {})
    monkeypatch.setattr(registry, "registry", registry._registry)

    with pytest.raises(BackendMissingError) as caught:
        place(f"{scheme}://bucket/a").facts()
    assert (caught.value.backend, caught.value.extra) == (module, extra)
    assert caught.value.hint == f"pip install 'kzmark[{extra}]'"


def test_a_machine_without_fsspec_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fsspec", "fsspec.registry"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(BackendMissingError) as caught:
        place("s3://bucket/a").read()
    assert (caught.value.backend, caught.value.extra) == ("fsspec", "s3")


def test_a_backend_without_an_extra_of_ours_says_itself_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "paramiko", None)

    with pytest.raises(InstallationError, match="sftp://") as caught:
        place("sftp://host/a").facts()
    assert "paramiko" in caught.value.hint
