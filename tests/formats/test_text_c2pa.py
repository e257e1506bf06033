"""C2PA manifests inside texts (C2PA 2.4, A.7 to A.9): put in, found again, and judged rightly."""

import base64
import contextlib
import io
import random
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kzmark
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats import _armour, _normal, _wrapper, adapter
from kzmark.formats.text import WRAPPED
from kzmark.formats.vtt import NOTED
from kzmark.report import Reason, Verdict
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.identity import Identity, new_identity
from kzmark.vocabulary import Layer

WHO: dict[str, Any] = {
    "system": kzmark.System(name="TextGen", version="1"),
    "responsible": kzmark.Responsible(name="ТОО Пример"),
}
STORE = struct.pack(">I4sI4s4s", 900, b"jumb", 30, b"jumd", b"c2pa") + bytes(range(256)) * 3
PAGE = "<!doctype html><html><head><title>T</title></head><body><p>Мәтін</p></body></html>"
FILES = {
    "a.txt": "Отчёт.\nЕкінші жол.\n",
    "a.html": PAGE,
    "a.md": "---\ntitle: T\n---\n\n# Мәтін\n",
    "a.vtt": "WEBVTT\n\n00:01.000 --> 00:09.000\nМәтін\n",
}
FILLING = "\ufe00".encode() * 5  # zeros that nobody signs
EVERY = pytest.mark.parametrize("name", FILES)
CARRIERS: dict[str, Any] = {
    "a.txt": WRAPPED,
    "a.html": adapter("html"),
    "a.md": adapter("markdown"),
    "a.vtt": NOTED,
}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id", organisation="ТОО Пример")


@pytest.fixture(scope="module")
def stamper(identity: Identity) -> kzmark.Stamper:
    return kzmark.Stamper(kzmark.Statement(**WHO), identity=identity, embed_c2pa=True)


@pytest.fixture(scope="module")
def signed(stamper: kzmark.Stamper, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("texts")
    return {name: stamped(stamper, name, folder, text.encode()) for name, text in FILES.items()}


def stamped(stamper: kzmark.Stamper, name: str, folder: Path, data: bytes, **how: Any) -> bytes:
    source, target = folder / f"in-{name}", folder / name
    source.write_bytes(data)
    stamper.stamp(source, target, overwrite=True, **how)
    assert not target.with_name(f"{name}.kzmark.json").exists()
    return target.read_bytes()


def verified(name: str, data: bytes, folder: Path) -> kzmark.Report:
    path = folder / name
    path.write_bytes(data)
    return kzmark.verify(path)


def c2pa_of(report: kzmark.Report) -> Any:
    return next(e for e in report.evidence if e.layer is Layer.C2PA)


@EVERY
def test_a_stamped_text_carries_its_manifest_and_complies(
    name: str, signed: dict[str, bytes], tmp_path: Path
) -> None:
    report = verified(name, signed[name], tmp_path)

    assert report.verdict is Verdict.COMPLIANT
    assert c2pa_of(report).facts["state"] == "Valid"
    assert c2pa_of(report).mark == report.mark


@EVERY
def test_stamping_again_changes_nothing(
    name: str, signed: dict[str, bytes], stamper: kzmark.Stamper, identity: Identity, tmp_path: Path
) -> None:
    unasked = kzmark.Stamper(kzmark.Statement(**WHO), identity=identity)

    assert stamped(stamper, name, tmp_path, signed[name]) == signed[name]
    assert stamped(unasked, name, tmp_path, signed[name]) == signed[name]


@EVERY
def test_a_replaced_mark_keeps_the_manifest_before_it_as_its_parent(
    name: str, signed: dict[str, bytes], identity: Identity, tmp_path: Path
) -> None:
    other = kzmark.Statement(**{**WHO, "system": kzmark.System(name="Other", version="2")})
    again = kzmark.Stamper(other, identity=identity, embed_c2pa=True)

    done = stamped(again, name, tmp_path, signed[name], replace=True)
    report = verified(name, done, tmp_path)

    assert report.verdict is Verdict.COMPLIANT
    assert c2pa_of(report).facts["parents"] == "1"
    assert report.mark is not None
    assert report.mark.system.name == "Other"
    assert done.count("ЖИ".encode()) == signed[name].count("ЖИ".encode())


@EVERY
def test_any_changed_byte_is_seen(name: str, signed: dict[str, bytes], tmp_path: Path) -> None:
    data = signed[name]
    chance = random.Random(name)
    passed = []
    for at in [*range(0, len(data), max(1, len(data) // 60)), *chance.sample(range(len(data)), 60)]:
        damaged = bytearray(data)
        damaged[at] ^= chance.choice((1, 2, 4, 8, 0x20))
        if verified(name, bytes(damaged), tmp_path).verdict is Verdict.COMPLIANT:
            passed.append((at, data[max(0, at - 20) : at + 20]))

    assert not [one for one in passed if FILLING not in one[1]]


@EVERY
def test_a_manifest_of_another_text_is_not_this_ones(
    name: str, signed: dict[str, bytes], stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    other = stamped(stamper, name, tmp_path, FILES[name].replace("і", "и").encode())
    found = CARRIERS[name].survey(signed[name], limits=DEFAULT_LIMITS)
    here = CARRIERS[name].survey(other, limits=DEFAULT_LIMITS)
    piece = signed[name][found.start : found.start + found.size]
    moved = other[: here.start] + piece + other[here.start + here.size :]

    report = verified(name, moved, tmp_path)

    assert report.verdict is Verdict.NOT_COMPLIANT
    assert report.reason in {Reason.DAMAGED, Reason.CONFLICT}


@EVERY
@pytest.mark.parametrize("size", [60, 900, 2_541, 70_001])
def test_what_is_put_in_is_found_again(name: str, size: int, signed: dict[str, bytes]) -> None:
    store = (STORE * (size // len(STORE) + 1))[:size]
    bare = without(name, signed[name])
    room = CARRIERS[name].room(bare, size)
    piece = room.wrap(store)
    whole = bare[: room.start] + room.lead + piece + room.trail + bare[room.start :]

    found = CARRIERS[name].survey(whole, limits=DEFAULT_LIMITS)

    assert found.store == store == CARRIERS[name].unwrap(piece)
    assert (found.start, found.size) == (room.start, len(piece))
    assert len(piece) == (room.measure(store) if room.measure else room.size)
    with pytest.raises(MalformedMediaError, match="already"):
        CARRIERS[name].room(whole, size)


def without(name: str, data: bytes) -> bytes:
    found = CARRIERS[name].survey(data, limits=DEFAULT_LIMITS)
    return data[: found.start] + data[found.start + found.size :]


@pytest.mark.parametrize("algorithm", list(Algorithm), ids=str)
def test_every_algorithm_finds_a_room_that_fits(algorithm: Algorithm, tmp_path: Path) -> None:
    who = new_identity(tmp_path / "id", algorithm=algorithm)
    stamper = kzmark.Stamper(kzmark.Statement(**WHO), identity=who, embed_c2pa=True)

    for letters in range(3):
        data = stamped(stamper, "a.txt", tmp_path, b"x" * (200 + letters))

        assert verified("a.txt", data, tmp_path).verdict is Verdict.COMPLIANT


def test_a_key_that_signs_alike_each_time_finds_room_however_the_bytes_fall() -> None:
    from kzmark.signing import signed

    rooms = {attempt * signed._STEP % signed._SPAN for attempt in range(signed._TRIES)}

    assert len(rooms) == signed._SPAN  # four rooms failed once in sixty texts


# --- A.8: letters that nobody sees -------------------------------------------------------------


@given(store=st.binary(min_size=13, max_size=600))
def test_a_wrapper_is_as_long_as_it_says(store: bytes) -> None:
    piece = _wrapper.wrap(store)

    assert len(piece) == _wrapper.measure(store)
    assert _wrapper.unwrap(piece) == store
    assert [one[:3] for one in _wrapper.wrappers(b"ab" + piece + b"c")] == [
        (2, 2 + len(piece), store)
    ]
    assert _wrapper.without(b"ab" + piece + b"c") == b"abc"


SCRAPS = st.sampled_from(
    [
        *(
            "Сөз",
            " ",
            "\ufeff",
            "\ufe0f",
            _wrapper.BEGINS,
            _wrapper.BEGINS[:4],
            _wrapper.BEGINS[4:],
        ),
        _wrapper.wrap(STORE[:20]).decode(),
        _wrapper.wrap(STORE).decode()[:-3],
    ]
)


@given(scraps=st.lists(SCRAPS, max_size=12), cuts=st.lists(st.integers(0, 3000), max_size=12))
def test_a_text_in_pieces_is_strained_as_the_whole(scraps: list[str], cuts: list[int]) -> None:
    text = "".join(scraps)
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    strainer = _wrapper.Strainer()
    told = [strainer.strain(text[a:b]) for a, b in pairwise(ends)]
    whole = _wrapper.without(text.encode())

    assert "".join([*told, strainer.rest()]).encode() == whole
    assert not _wrapper.begins_in(whole)


def test_the_letters_are_those_of_the_specification() -> None:
    piece = _wrapper.wrap(bytes(range(256))).decode()

    assert piece[0] == "\ufeff"
    assert [ord(one) - 0xE0100 + 16 for one in piece[1:8]] == list(b"C2PATXT")
    assert (piece[8], piece[9]) == ("\ufe00", "\ufe01")  # the zero of the magic, version 1
    assert [ord(one) for one in piece[10:14]] == [0xFE00, 0xFE00, 0xFE01, 0xFE00]
    assert [ord(one) for one in piece[14:]] == [
        0xFE00 + value if value < 16 else 0xE0100 + value - 16 for value in range(256)
    ]


def lying(size: int, version: int = 1) -> bytes:
    table = _wrapper.wrap(bytes(range(256))).decode()[14:]
    head = struct.pack(">8sBI", b"C2PATXT\0", version, size)
    return ("\ufeff" + "".join(table[byte] for byte in head + STORE)).encode()


def letters(data: bytes, at: int, count: int) -> bytes:
    """Cut a text so many letters behind the start of its wrapper."""
    return data[:at] + data[at:].decode()[:count].encode()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data, at: letters(data, at, 100), "corruptedWrapper"),
        (lambda data, at: letters(data, at, 12), "corruptedWrapper"),
        (lambda data, at: data + data[at:], "multipleWrappers"),
        (lambda data, at: data[:at] + lying(1 << 31), "corruptedWrapper"),
        (lambda data, at: data[:at] + lying(len(STORE) + 1), "corruptedWrapper"),
        (lambda data, at: data[:at] + lying(0), "corruptedWrapper"),
        (lambda data, at: data[:at] + lying(len(STORE), version=2), "corruptedWrapper"),
        (lambda data, _: data + lying(1 << 20), "corruptedWrapper"),
    ],
)
def test_damaged_wrappers_are_named(
    change: Any, code: str, signed: dict[str, bytes], tmp_path: Path
) -> None:
    data = signed["a.txt"]
    found = WRAPPED.survey(data, limits=DEFAULT_LIMITS)

    report = verified("a.txt", change(data, found.start), tmp_path)

    assert report.verdict is Verdict.NOT_COMPLIANT
    assert report.reason is Reason.DAMAGED
    assert f"manifest.text.{code}" in c2pa_of(report).detail


def test_a_text_whose_wrapper_was_cut_off_has_no_mark(
    signed: dict[str, bytes], tmp_path: Path
) -> None:
    report = verified("a.txt", without("a.txt", signed["a.txt"]), tmp_path)

    assert report.verdict is Verdict.NOT_COMPLIANT
    assert report.reason is Reason.NOTICE_ONLY


def test_what_comes_behind_the_wrapper_is_hashed_too(
    signed: dict[str, bytes], tmp_path: Path
) -> None:
    report = verified("a.txt", signed["a.txt"] + b"\nOne line more.\n", tmp_path)

    assert "dataHash.mismatch" in c2pa_of(report).detail


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("Cafe\u0301\n".encode(), "text.normalised"),
        ("Привет\n".encode("utf-16"), "text.encoding-changed"),
        ("\ufeffПривет\r\n".encode(), ""),
    ],
)
def test_a_text_becomes_utf8_in_the_form_in_which_it_is_hashed(
    data: bytes, note: str, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    source, target = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_bytes(data)

    done = stamper.stamp(source, target)
    text = target.read_bytes().decode()

    assert [one for one in done.notes if one.startswith("text.")] == ([note] if note else [])
    assert text == _normal.normal(text)
    assert text.startswith("\ufeff") == data.startswith(b"\xef\xbb\xbf")
    assert kzmark.verify(target).verdict is Verdict.COMPLIANT


def test_another_form_of_the_same_letters_is_the_same_text(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    """As A.8.5 says: a clipboard may change the form, and the hash is that of NFC."""
    data = stamped(stamper, "a.txt", tmp_path, "\u00c5ngström".encode())
    at = WRAPPED.survey(data, limits=DEFAULT_LIMITS).start
    place = (at, len(data) - at)

    changed = data[:at].decode().replace("\u00c5", "\u212b").encode()  # the same letter, 3 bytes

    assert WRAPPED.covered(data, place) == WRAPPED.covered(changed, (len(changed), 0))


@given(pieces=st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=12))
@settings(max_examples=300)
def test_a_text_in_pieces_has_the_hash_of_the_whole(pieces: list[str]) -> None:
    digest = _normal.Digest()
    for piece in pieces:
        digest.update(piece)

    assert digest.digest() == WRAPPED.covered("".join(pieces).encode(), (0, 0))


@pytest.mark.parametrize(
    "pieces",
    [["e", "\u0301"], ["\u1112", "\u1161", "\u11ab"], ["か", "\u3099"], ["ка", "\u0306й"]],
)
def test_letters_compose_across_pieces(pieces: list[str]) -> None:
    digest = _normal.Digest()
    for piece in pieces:
        digest.update(piece)

    assert digest.digest() == WRAPPED.covered("".join(pieces).encode(), (0, 0))


def test_a_heap_of_combining_marks_is_refused_before_it_is_sorted() -> None:
    with pytest.raises(LimitExceededError, match="combining"):
        _normal.normal("a" + "\u0301\u0323" * 20_000)


# --- A.7 and A.9: pages and comments -----------------------------------------------------------

BLOCK = "-----BEGIN C2PA MANIFEST----- {} -----END C2PA MANIFEST-----"
SCRIPT: str = f'<script type="application/c2pa">{base64.b64encode(STORE).decode()}</script>'
DATA = f"data:application/c2pa;base64,{base64.b64encode(STORE).decode()}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"<!-- {BLOCK.format(DATA)} -->\n# {BLOCK.format(DATA)}\n", "multipleReferences"),
        (f"# {BLOCK.format('')}\n", "emptyReference"),
        (f"# {BLOCK.format('no reference')}\n", "malformedReference"),
        (f"# {BLOCK.format('data:text/plain,x')}\n", "malformedReference"),
        (f"# {BLOCK.format(DATA[:-2])}\n", "malformedReference"),
        ("# -----BEGIN C2PA MANIFEST-----\ntext\n", "malformedReference"),
        (f"a\nb {DATA}\n", "malformedReference"),
    ],
)
def test_damaged_blocks_are_named(text: str, code: str, tmp_path: Path) -> None:
    evidence = c2pa_of(verified("a.md", text.encode(), tmp_path))

    assert f"manifest.structuredText.{code}" in evidence.detail


@pytest.mark.parametrize("block", ["{} {} {}", "{}\n{}\n{}", "{}\r\n{}\r\n{}"])
@pytest.mark.parametrize("rest", ["", "text\n"])
def test_a_block_of_one_line_or_of_three_is_left_out_with_its_lines(block: str, rest: str) -> None:
    begin, end = "-----BEGIN C2PA MANIFEST-----", "-----END C2PA MANIFEST-----"
    text = f"first\r\n{block.format(begin, DATA, end)}\r\n{rest}"

    found = CARRIERS["a.md"].survey(text.encode(), limits=DEFAULT_LIMITS)
    left = text[: found.start] + text[found.start + found.size :]

    assert found.store == STORE
    assert left == (
        f"first\r\n{rest}" if rest else "first"
    )  # 15.12.1.4: a last block and its break


def test_an_address_is_told_and_never_followed(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    pages = {
        "a.md": f"<!-- {BLOCK.format('https://example.com/m.c2pa')} -->\n# T\n",
        "a.html": PAGE.replace("</head>", '<link rel="c2pa-manifest" href="m.c2pa"></head>'),
    }
    for name, text in pages.items():
        report = verified(name, text.encode(), tmp_path)

        assert c2pa_of(report).facts["remote"].endswith("m.c2pa")
        with pytest.raises(UnsupportedMediaError, match="cannot be kept"):
            stamper.stamp(tmp_path / name, tmp_path / f"out-{name}")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda page: page.replace("</body>", SCRIPT + "</body>"), "multipleManifests"),
        (lambda page: page.replace("application/c2pa", "application/c3pa"), "malformedManifest"),
        (lambda page: page.replace('c2pa">AAA', 'c2pa">A*A'), "malformedManifest"),
    ],
)
def test_damaged_elements_are_named(
    change: Any, code: str, signed: dict[str, bytes], tmp_path: Path
) -> None:
    damaged = change(signed["a.html"].decode()).encode()

    report = verified("a.html", damaged, tmp_path)

    assert report.reason is Reason.DAMAGED
    assert f"manifest.html.{code}" in c2pa_of(report).detail


def test_the_front_matter_is_still_yaml_and_toml(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    import tomllib

    data = stamped(stamper, "a.md", tmp_path, b'+++\ntitle = "T"\n+++\nText\n').decode()
    inner = data.split("+++\n")[1]

    assert tomllib.loads(inner)["title"] == "T"
    assert inner.splitlines()[-1].startswith("# -----BEGIN C2PA MANIFEST-----")


def test_subtitles_carry_their_manifest_only_where_that_is_asked_for(
    identity: Identity, signed: dict[str, bytes], tmp_path: Path
) -> None:
    usual = kzmark.Stamper(kzmark.Statement(**WHO), identity=identity)
    (tmp_path / "a.vtt").write_text(FILES["a.vtt"], encoding="utf-8")

    done = usual.stamp(tmp_path / "a.vtt", tmp_path / "b.vtt")

    assert Layer.SIDECAR in done.layers
    assert b"BEGIN C2PA" not in (tmp_path / "b.vtt").read_bytes()
    assert b"\n\nNOTE -----BEGIN C2PA MANIFEST----- data:" in signed["a.vtt"]


@EVERY
def test_a_manifest_over_the_limit_is_not_decoded(name: str, signed: dict[str, bytes]) -> None:
    with pytest.raises(LimitExceededError, match="limit"):
        CARRIERS[name].survey(signed[name], limits=Limits(max_metadata=100))


@EVERY
def test_no_bytes_whatever_make_anything_else_than_a_media_error(
    name: str, signed: dict[str, bytes]
) -> None:
    chance = random.Random(name)
    carrier, data = CARRIERS[name], signed[name]
    words = [b"\xef\xbb\xbf", _armour.INSIDE.encode(), b"</script>", b"-----END C2PA MANIFEST-----"]
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(damaged))
            damaged[at : at + chance.randint(0, 40)] = chance.choice(
                [b"", chance.randbytes(5), chance.choice(words), damaged[:200]]
            )
        for call in (
            lambda: carrier.survey(bytes(damaged), limits=DEFAULT_LIMITS),  # noqa: B023 - called at once
            lambda: carrier.room(bytes(damaged), 900),  # noqa: B023
            lambda: carrier.unwrap(bytes(damaged)),  # noqa: B023
            lambda: carrier.covered(bytes(damaged), (10, 50)),  # noqa: B023
            lambda: carrier.read(io.BytesIO(bytes(damaged)), limits=DEFAULT_LIMITS),  # noqa: B023
        ):
            with contextlib.suppress(MediaError):
                call()  # type: ignore[no-untyped-call]  # a lambda


# --- judges that are not ours ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mime"),
    [("a.txt", "text/plain"), ("a.html", "text/html"), ("a.md", "text/markdown")],
)
def test_encypher_says_valid(
    name: str, mime: str, signed: dict[str, bytes], identity: Identity
) -> None:
    encypher = pytest.importorskip("encypher_c2pa", reason="encypher-c2pa is not installed here")
    root = identity.chain_pem.decode()

    said = encypher.verify(
        signed[name], mime, trust_pem=root, no_default_trust=True, telemetry=False, online=False
    )

    assert (said["integrity"], said["hard_binding"]) == ("valid", "match")
    assert {one["code"] for one in said["validation_results"]["failure"]} <= {
        "signingCredential.untrusted"
    }


def test_encypher_knows_the_block_of_subtitles_under_another_name(signed: dict[str, bytes]) -> None:
    """It has no `text/vtt`; the same kind of block is read in YAML."""
    encypher = pytest.importorskip("encypher_c2pa", reason="encypher-c2pa is not installed here")

    said = encypher.verify(signed["a.vtt"], "application/yaml", telemetry=False, online=False)

    assert (said["integrity"], said["hard_binding"]) == ("valid", "match")


def test_c2patxt_says_valid(signed: dict[str, bytes]) -> None:
    c2patxt = pytest.importorskip("c2patxt", reason="c2patxt is not installed here")

    said = c2patxt.verify(signed["a.txt"].decode())

    assert said.state.value == "valid"
    assert [one.code.value for one in said.failure] == ["signingCredential.untrusted"]


def test_what_c2patxt_signed_is_read_judged_and_kept(
    tmp_path: Path, stamper: kzmark.Stamper
) -> None:
    c2patxt = pytest.importorskip("c2patxt", reason="c2patxt is not installed here")
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    new_identity(tmp_path / "id", algorithm=Algorithm.ED25519)
    key: Any = load_pem_private_key((tmp_path / "id" / "leaf.key").read_bytes(), None)
    leaf = x509.load_pem_x509_certificates((tmp_path / "id" / "chain.pem").read_bytes())[:1]
    signer = c2patxt.Signer(private_key=key, certificates=tuple(leaf), allow_nonconformant=True)
    model = c2patxt.Disclosure(
        media_type="text/plain", model_type="c2pa.types.model", model_name="M"
    )
    text = c2patxt.embed("Cafe\u0301: a foreign text.\n", signer, model)

    before = c2pa_of(verified("a.txt", text.encode(), tmp_path))
    done = stamped(stamper, "b.txt", tmp_path, text.encode())
    after = c2pa_of(verified("b.txt", done, tmp_path))
    edited = c2pa_of(verified("a.txt", text.replace("foreign", "forein").encode(), tmp_path))

    assert (before.facts["state"], before.mark) == ("Valid", None)
    assert (after.facts["state"], after.facts["parents"]) == ("Valid", "1")
    assert "dataHash.mismatch" in edited.detail
