"""Objects of a real S3-speaking server: stamped and verified in place, whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.places.conftest import BUCKET, replace_call

import kzmark
from kzmark.errors import (
    InputError,
    LimitExceededError,
    OutputError,
    OutputExistsError,
)
from kzmark.places import place
from kzmark.places.listing import Apart, Listed, below
from kzmark.signing.identity import Identity, new_identity

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
PHOTO, BMP = (CLEAN / "photo.jpg").read_bytes(), (CLEAN / "photo.bmp").read_bytes()
ODD_KEYS = [
    "фото/Әже.jpg",
    "a b.jpg",
    "a#b.jpg",
    "what?.jpg",
    "100%25.jpg",
    "a+b&c=d.jpg",
    "x[1].jpg",
    "a::b.jpg",
    "dots/../up.jpg",
    "quote'\".jpg",
]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


def make(identity: Identity, owner: str = "ТОО", **choices: object) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name=owner)
    )
    return kzmark.Stamper(said, identity=identity, **choices)  # type: ignore[arg-type]


@pytest.fixture
def stamper(identity: Identity) -> kzmark.Stamper:
    return make(identity)


def url(key: str) -> str:
    return f"s3://{BUCKET}/{key}"


def objects(s3: Any) -> dict[str, bytes]:
    return {name.partition("/")[2]: s3.cat_file(name) for name in s3.find(BUCKET)}


def test_an_object_is_stamped_to_an_object_by_one_get_and_one_put(
    s3: Any, calls: list[str], stamper: kzmark.Stamper
) -> None:
    s3.pipe_file(f"{BUCKET}/in/a.jpg", PHOTO)
    calls.clear()

    done = stamper.stamp(url("in/a.jpg"), url("out/a.jpg"))

    assert calls == ["head_object", "get_object", "put_object"]
    assert (done.source, done.output) == (url("in/a.jpg"), url("out/a.jpg"))
    assert s3.cat_file(f"{BUCKET}/in/a.jpg") == PHOTO
    assert kzmark.verify(url("out/a.jpg")).verdict is kzmark.Verdict.COMPLIANT
    assert s3.info(f"{BUCKET}/out/a.jpg")["ContentType"] == "image/jpeg"


def test_verifying_an_object_is_one_get(s3: Any, calls: list[str]) -> None:
    s3.pipe_file(f"{BUCKET}/a.jpg", PHOTO)
    calls.clear()

    report = kzmark.verify(url("a.jpg"))

    assert calls == ["get_object"]
    assert (report.reason.value, report.source) == ("unmarked", url("a.jpg"))


def test_an_object_comes_to_a_file_and_a_file_to_an_object(
    s3: Any, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    s3.pipe_file(f"{BUCKET}/a.jpg", PHOTO)

    here = stamper.stamp(url("a.jpg"), tmp_path / "a.jpg")
    there = stamper.stamp(CLEAN / "photo.png", url("b.png"))

    assert here.output == tmp_path / "a.jpg"
    assert kzmark.verify(tmp_path / "a.jpg").verdict is kzmark.Verdict.COMPLIANT
    assert kzmark.verify(there.output).verdict is kzmark.Verdict.COMPLIANT
    assert [found.layer for found in kzmark.inspect(url("b.png")) if found.mark]


def test_a_key_of_kazakh_letters_is_stamped_and_verified(s3: Any, stamper: kzmark.Stamper) -> None:
    s3.pipe_file(f"{BUCKET}/фото/Әже сурет.jpg", PHOTO)

    done = stamper.stamp(url("фото/Әже сурет.jpg"), url("дайын/Әже сурет.jpg"))

    assert done.output == url("дайын/Әже сурет.jpg")
    assert kzmark.verify(done.output).verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_is_written_read_and_listed_as_it_is(s3: Any, key: str) -> None:
    where = place(url(f"out/{key}"))
    where.store.put(key.encode(), create=True)

    page = s3.call_s3("list_objects_v2", Bucket=BUCKET, Prefix="out/")
    listed = list(below(place(url("out")), wanted=lambda _: True, apart=Apart()))

    assert [one["Key"] for one in page["Contents"]] == [f"out/{key}"]
    assert where.read() == key.encode()
    assert [(one.inside, one.place) for one in listed if isinstance(one, Listed)] == [(key, where)]


def test_an_object_that_exists_is_replaced_only_when_asked(
    s3: Any, calls: list[str], stamper: kzmark.Stamper
) -> None:
    s3.pipe_file(f"{BUCKET}/out.jpg", b"precious")
    calls.clear()

    with pytest.raises(OutputExistsError) as caught:
        stamper.stamp(PHOTO, url("out.jpg"))
    assert (calls, caught.value.source) == (["head_object"], url("out.jpg"))
    assert s3.cat_file(f"{BUCKET}/out.jpg") == b"precious"

    stamper.stamp(PHOTO, url("out.jpg"), overwrite=True)
    assert kzmark.verify(url("out.jpg")).verdict is kzmark.Verdict.COMPLIANT


def test_an_object_made_meanwhile_is_never_replaced_unasked(
    s3: Any, stamper: kzmark.Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = kzmark.stamper.pipeline.carry_out  # type: ignore[attr-defined]

    def late(*args: object, **kwargs: object) -> object:
        s3.pipe_file(f"{BUCKET}/out.jpg", b"theirs")
        return real(*args, **kwargs)

    monkeypatch.setattr("kzmark.pipeline.carry_out", late)
    with pytest.raises(OutputExistsError):
        stamper.stamp(PHOTO, url("out.jpg"))

    assert objects(s3) == {"out.jpg": b"theirs"}


def test_a_put_that_was_done_although_its_answer_was_lost_is_no_failure(s3: Any) -> None:
    target = place(url("a"))
    target.store.put(b"ours", create=True)

    target.store.put(b"ours", create=True)  # what a backend does when the answer does not come

    with pytest.raises(OutputExistsError):
        target.store.put(b"others", create=True)
    assert objects(s3) == {"a": b"ours"}


def test_an_object_is_stamped_in_place_and_once(s3: Any, stamper: kzmark.Stamper) -> None:
    s3.pipe_file(f"{BUCKET}/a.jpg", PHOTO)

    first = stamper.stamp(url("a.jpg"), url("a.jpg"))
    facts = place(url("a.jpg")).facts()
    again = stamper.stamp(url("a.jpg"), f"S3A://{BUCKET}/a.jpg")

    assert (first.changed, again.changed) == (True, False)
    assert place(url("a.jpg")).facts() == facts


def test_a_format_without_room_keeps_its_sidecar_beside_the_object(
    s3: Any, calls: list[str], stamper: kzmark.Stamper
) -> None:
    s3.pipe_file(f"{BUCKET}/a.bmp", BMP)
    calls.clear()

    done = stamper.stamp(url("a.bmp"), url("b.bmp"))

    assert calls.count("put_object") == 2
    assert done.record is None
    assert sorted(objects(s3)) == ["a.bmp", "b.bmp", "b.bmp.kzmark.json"]
    assert kzmark.verify(url("b.bmp")).verdict is kzmark.Verdict.COMPLIANT


def test_a_text_whose_name_alone_tells_its_format_finds_its_sidecar(
    s3: Any, stamper: kzmark.Stamper
) -> None:
    s3.pipe_file(f"{BUCKET}/a.txt", b"words")

    stamper.stamp(url("a.txt"), url("b.txt"))

    assert kzmark.verify(url("b.txt")).verdict is kzmark.Verdict.COMPLIANT


def test_a_foreign_sidecar_object_is_not_replaced_unasked(s3: Any, stamper: kzmark.Stamper) -> None:
    s3.pipe_file(f"{BUCKET}/b.bmp.kzmark.json", b"theirs")

    with pytest.raises(OutputExistsError, match="sidecar"):
        stamper.stamp(BMP, url("b.bmp"))

    assert objects(s3) == {"b.bmp.kzmark.json": b"theirs"}


def test_a_put_cut_off_half_way_leaves_the_old_object(
    s3: Any, cut_at: Callable[[bytes], None], stamper: kzmark.Stamper
) -> None:
    s3.pipe_file(f"{BUCKET}/a.jpg", PHOTO)
    cut_at(b"PUT /bucket/a.jpg")

    with pytest.raises(OutputError) as caught:
        stamper.stamp(url("a.jpg"), url("a.jpg"))

    assert "network" in caught.value.hint
    assert objects(s3) == {"a.jpg": PHOTO}


@pytest.mark.parametrize("stamped_before", [True, False])
def test_a_file_cut_off_half_way_takes_its_sidecar_back(
    s3: Any,
    cut_at: Callable[[bytes], None],
    stamper: kzmark.Stamper,
    identity: Identity,
    stamped_before: bool,
) -> None:
    s3.pipe_file(f"{BUCKET}/a.bmp", BMP)
    if stamped_before:
        stamper.stamp(url("a.bmp"), url("a.bmp"))
    before = objects(s3)
    cut_at(b"PUT /bucket/a.bmp HTTP")

    with pytest.raises(OutputError):
        make(identity, "Q").stamp(url("a.bmp"), url("a.bmp"), replace=True)

    assert objects(s3) == before


@pytest.mark.parametrize("key", ["none.jpg", "none/", "в/none.jpg"])
def test_an_object_that_is_not_there_is_an_input_error(s3: Any, key: str) -> None:
    with pytest.raises(InputError, match="no such object") as caught:
        kzmark.verify(url(key))
    assert caught.value.hint
    assert place(url(key)).facts() is None


def test_a_bucket_that_is_not_there_is_an_error_of_input_or_output(
    s3: Any, stamper: kzmark.Stamper
) -> None:
    with pytest.raises(InputError, match="no such object"):
        kzmark.verify("s3://nowhere/a.jpg")
    with pytest.raises(OutputError, match="bucket does not exist") as caught:
        stamper.stamp(PHOTO, "s3://nowhere/a.jpg")
    assert caught.value.hint == "check the bucket"


def test_a_machine_without_credentials_is_told_where_they_come_from(
    s3: Any, stamper: kzmark.Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3fs.S3FileSystem.clear_instance_cache()

    with pytest.raises(InputError) as read:
        kzmark.verify(url("a.jpg"))
    with pytest.raises(OutputError) as written:
        stamper.stamp(PHOTO, url("a.jpg"), overwrite=True)
    s3fs.S3FileSystem.clear_instance_cache()
    assert "environment" in read.value.hint
    assert "environment" in written.value.hint


def test_denied_credentials_are_told_of_and_nothing_is_written(
    s3: Any, stamper: kzmark.Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.pipe_file(f"{BUCKET}/a.jpg", PHOTO)
    with denied():
        with pytest.raises(InputError) as read:
            kzmark.verify(url("a.jpg"))
        with pytest.raises(OutputError) as written:
            stamper.stamp(PHOTO, url("b.jpg"))

    assert "environment" in read.value.hint
    assert "environment" in written.value.hint
    assert objects(s3) == {"a.jpg": PHOTO}


def test_whoever_may_not_list_writes_new_objects_and_no_old_one_is_lost(
    s3: Any, stamper: kzmark.Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.pipe_file(f"{BUCKET}/old.jpg", b"precious")
    deny_what_is_not_there(monkeypatch)

    stamper.stamp(PHOTO, url("new.jpg"))
    with pytest.raises(OutputExistsError):
        stamper.stamp(PHOTO, url("old.jpg"))

    assert kzmark.verify(url("new.jpg")).verdict is kzmark.Verdict.COMPLIANT
    assert s3.cat_file(f"{BUCKET}/old.jpg") == b"precious"


def test_a_sidecar_that_is_forbidden_is_not_taken_for_absent(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.pipe_file(f"{BUCKET}/a.bmp", BMP)
    deny_what_is_not_there(monkeypatch)

    with pytest.raises(InputError, match="its sidecar") as caught:
        kzmark.verify(url("a.bmp"))
    assert "s3:ListBucket" in caught.value.hint


def test_an_object_over_the_limit_is_read_no_further_than_the_limit(
    s3: Any, stamper: kzmark.Stamper
) -> None:
    s3.pipe_file(f"{BUCKET}/a.jpg", PHOTO)
    limits = kzmark.Limits(max_bytes=5000)

    assert len(place(url("a.jpg")).store.head(5001)) == 5001
    with pytest.raises(LimitExceededError):
        place(url("a.jpg")).read(limits=limits)
    with pytest.raises(LimitExceededError):
        kzmark.inspect(url("a.jpg"), limits=limits)
    here = kzmark.verify(CLEAN / "photo.jpg", limits=limits)
    assert kzmark.verify(url("a.jpg"), limits=limits).reason is here.reason


def test_an_empty_object_is_an_empty_file(s3: Any) -> None:
    s3.pipe_file(f"{BUCKET}/empty", b"")

    assert place(url("empty")).read() == b""
    assert kzmark.verify(url("empty")).reason.value == "unsupported"


def test_equal_facts_mean_that_nobody_changed_it(s3: Any) -> None:
    where = place(url("a"))
    s3.pipe_file(f"{BUCKET}/a", b"one")
    first, same = where.facts(), where.facts()
    s3.pipe_file(f"{BUCKET}/a", b"two")

    assert first == same
    assert where.facts() != first


def test_a_listing_of_many_pages_is_whole_and_in_order(
    s3: Any, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        s3.pipe_file(f"{BUCKET}/in/{number % 3}/{number}", b"x")
    s3.pipe_file(f"{BUCKET}/in/out/late", b"x")
    s3.pipe_file(f"{BUCKET}/inner/other", b"x")
    s3.call_s3("put_object", Bucket=BUCKET, Key="in/empty/")  # as a console makes a folder
    few(monkeypatch, 2)
    calls.clear()

    apart = Apart.of([place(url("in/out/"))])
    found = list(below(place(url("in/")), wanted=lambda name: name != "4", apart=apart))

    assert calls == ["list_objects_v2"] * 5
    assert [one.inside for one in found if isinstance(one, Listed)] == [
        "0/0",
        "0/3",
        "0/6",
        "1/1",
        "2/2",
        "2/5",
    ]
    assert [one.facts for one in found if isinstance(one, Listed)] == [
        one.place.facts() for one in found if isinstance(one, Listed)
    ]


def test_a_listing_that_is_refused_is_a_failure_and_no_exception(s3: Any) -> None:
    found = list(below(place("s3://nowhere/in"), wanted=lambda _: True, apart=Apart()))

    assert [type(one) for one in found] == [InputError]


def denied() -> Any:
    """Let the server ask who is there from now on; nobody it knows is."""
    import contextlib
    import os
    import urllib.request

    def set_free(count: int) -> None:
        address = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
        text = {"Content-Type": "text/plain"}
        request = urllib.request.Request(address, data=str(count).encode(), headers=text)
        with urllib.request.urlopen(request) as answer:
            answer.read()

    @contextlib.contextmanager
    def block() -> Any:
        set_free(0)
        try:
            yield
        finally:
            set_free(1 << 30)

    return block()


def deny_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as S3 does to whoever lacks `s3:ListBucket`."""
    import s3fs

    real = s3fs.S3FileSystem._call_s3

    async def ask(self: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return await real(self, method, *args, **kwargs)
        except FileNotFoundError as error:
            raise PermissionError("Forbidden") from error

    replace_call(monkeypatch, ask)


def few(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let every page of a listing hold a few objects only."""
    import s3fs

    real = s3fs.S3FileSystem._call_s3

    async def ask(self: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "list_objects_v2":
            kwargs["MaxKeys"] = count
        return await real(self, method, *args, **kwargs)

    replace_call(monkeypatch, ask)
