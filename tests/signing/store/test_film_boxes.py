"""MP4 and MOV signed by our own store, box by box: accepted by verifiers that are not ours."""

import io
from collections.abc import Callable
from functools import cache

import av
import pytest
from fixtures.films import MAKERS, X264, film
from tests.conftest import make_mark
from tests.signing.outside import assert_valid_outside

from kzmark._limits import DEFAULT_LIMITS as LIMITS
from kzmark._rope import Rope, bytes_of
from kzmark.errors import MalformedMediaError
from kzmark.formats import adapter
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa, embed
from kzmark.signing.identity import Identity
from kzmark.signing.signed import Signed
from kzmark.vocabulary import Medium, Operation, SourceType

CREATED = make_mark(medium=Medium.VIDEO)
MODIFIED = make_mark(
    medium=Medium.VIDEO,
    operation=Operation.MODIFIED,
    source_type=SourceType.COMPOSITE_WITH_TRAINED,
)
FILES: dict[str, Callable[[], bytes]] = {
    **{name: MAKERS[name] for name in ("speech.mp4", "fast-start.mp4", "turned.mov")},
    "fragments.mp4": lambda: film(
        "mp4", "libx264", options=X264, muxer={"movflags": "frag_keyframe+empty_moov"}
    ),
}
each_film = pytest.mark.parametrize("name", FILES)


@cache
def clean(name: str) -> bytes:
    return FILES[name]()


def signed(name: str, signer: c2pa.Signer, mark: Mark = CREATED) -> Signed:
    kind = adapter(name.rpartition(".")[2])
    data = Rope.over(io.BytesIO(clean(name)))
    made = embed.sign(data, adapter=kind, mark=mark, signer=signer, limits=LIMITS)
    assert made.place is not None, "the C2PA library signed it"
    return made


def shown(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


@each_film
@pytest.mark.parametrize("mark", [CREATED, MODIFIED], ids=["created", "modified"])
def test_two_verifiers_accept_what_is_signed_here(
    name: str, mark: Mark, signer: c2pa.Signer, identity: Identity
) -> None:
    kind = adapter(name.rpartition(".")[2])
    made = signed(name, signer, mark)
    data = bytes_of(made.data)

    seen = c2pa.read(io.BytesIO(data), kind.info.mime, trust_anchors=identity.root)
    ours = embed._certain(made.data, kind, identity.root, None, LIMITS)

    assert (seen.status, seen.mark, seen.facts["trust"]) == (Status.PRESENT, mark, "trusted")
    assert ours == seen
    assert embed.check(made, adapter=kind, limits=LIMITS).status is Status.PRESENT
    assert_valid_outside(data, kind.info.mime, identity)


@each_film
def test_the_pictures_are_found_where_they_lie_now(name: str, signer: c2pa.Signer) -> None:
    assert shown(bytes_of(signed(name, signer).data)) == shown(clean(name))


@each_film
def test_a_byte_that_changes_anywhere_is_seen(name: str, signer: c2pa.Signer) -> None:
    kind = adapter(name.rpartition(".")[2])
    made = signed(name, signer)
    data = bytes_of(made.data)
    assert made.place
    behind = made.place[0] + made.place[1]
    for at in range(behind + 8, len(data), len(data) // 9):
        changed = bytearray(data)
        changed[at] ^= 1
        ours = embed.read(Rope.over(io.BytesIO(changed)), adapter=kind, limits=LIMITS)
        theirs = c2pa.read(io.BytesIO(bytes(changed)), kind.info.mime)

        assert (ours.status, ours.code) == (theirs.status, theirs.code)


def test_boxes_that_change_places_are_seen(signer: c2pa.Signer) -> None:
    kind = adapter("mp4")
    data = bytes_of(signed("speech.mp4", signer).data)
    tops = kind.boxes(data, limits=LIMITS)  # type: ignore[attr-defined]  # it is `Boxed`
    parts = [data[start:stop] for _, start, stop in tops]
    moved = b"".join([*parts[:-2], parts[-1], parts[-2]])

    assert embed.read(Rope.over(io.BytesIO(moved)), adapter=kind, limits=LIMITS).code == (
        "c2pa.hash-mismatch"
    )


def test_there_is_no_room_for_a_second_store(signer: c2pa.Signer) -> None:
    data = signed("speech.mp4", signer).data

    with pytest.raises(MalformedMediaError, match="already"):
        adapter("mp4").room(data, 3_000)  # type: ignore[attr-defined]  # it is `Embeds`


def test_a_manifest_that_was_there_is_kept(signer: c2pa.Signer, identity: Identity) -> None:
    kind = adapter("mp4")
    once = signed("speech.mp4", signer).data

    twice = embed.sign(once, adapter=kind, mark=MODIFIED, signer=signer, limits=LIMITS)

    seen = c2pa.read(io.BytesIO(bytes_of(twice.data)), kind.info.mime, trust_anchors=identity.root)
    assert (seen.status, seen.mark) == (Status.PRESENT, MODIFIED)
    assert bytes_of(twice.data).count(b"urn:c2pa:") > 2
