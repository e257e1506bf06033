"""What is changed after stamping is seen, and said in the right word."""

import io
from pathlib import Path

import pytest
from tests.test_safety import STATEMENT, samples

import kzmark
from kzmark.formats import all_adapters
from kzmark.report import Reason, Verdict
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity, new_identity
from kzmark.signing.signer import Signer
from kzmark.sniff import sniff
from kzmark.testing import LIMITS, example_mark
from kzmark.vocabulary import Layer

EVERY = pytest.mark.parametrize("path", samples(), ids=lambda path: path.suffix[1:])


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id", organisation="ТОО Пример")


@pytest.fixture(scope="module")
def stamper(identity: Identity) -> kzmark.Stamper:
    return kzmark.Stamper(STATEMENT, identity=identity)


def stamped(stamper: kzmark.Stamper, path: Path, tmp_path: Path) -> Path:
    target = tmp_path / path.name
    stamper.stamp(path, target)
    return target


@EVERY
def test_a_flipped_byte_of_the_content_is_damage(
    stamper: kzmark.Stamper, path: Path, tmp_path: Path
) -> None:
    target = stamped(stamper, path, tmp_path)
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 0x20
    target.write_bytes(data)

    report = kzmark.verify(target)

    assert report.verdict is Verdict.NOT_COMPLIANT
    assert report.reason in {Reason.DAMAGED, Reason.CONFLICT}


@EVERY
def test_an_edited_record_is_a_conflict_or_damage(
    stamper: kzmark.Stamper, path: Path, tmp_path: Path
) -> None:
    target = stamped(stamper, path, tmp_path)
    adapter = sniff(io.BytesIO(target.read_bytes()), name=target.name)
    if adapter.info.layers == {Layer.SIDECAR}:
        record = target.with_name(target.name + ".kzmark.json")
        record.write_bytes(record.read_bytes().replace(b"ImageGen", b"ImageGuy"))
    else:
        out = io.BytesIO()
        mark = example_mark(adapter, owner="Басқа")
        adapter.write(io.BytesIO(target.read_bytes()), out, mark, limits=LIMITS)
        target.write_bytes(out.getvalue())

    report = kzmark.verify(target)

    assert report.verdict is Verdict.NOT_COMPLIANT
    if adapter.info.name == "pdf":  # a new record takes the updates behind the old one back
        assert report.reason is Reason.MARK_ONLY
        return
    assert report.reason is Reason.CONFLICT
    told = " ".join(f.message for f in report.findings)
    assert "responsible.name" in told or "system.name" in told


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "lossy.webp", "photo.tiff"])
def test_layers_that_disagree_though_all_is_signed_are_a_conflict(
    stamper: kzmark.Stamper, identity: Identity, name: str, tmp_path: Path
) -> None:
    """Sign again, validly, over a file whose own layers say something else."""
    path = next(p for p in Path(samples()[0]).parent.iterdir() if p.name == name)
    target = stamped(stamper, path, tmp_path)
    source, out = io.BytesIO(target.read_bytes()), io.BytesIO()
    adapter = sniff(source)
    c2pa.sign(
        source,
        out,
        mark=example_mark(adapter, owner="Басқа"),
        mime=adapter.info.mime,
        signer=Signer(identity),
    )
    target.write_bytes(out.getvalue())

    report = kzmark.verify(target)

    assert report.reason is Reason.CONFLICT
    assert "mark.conflict" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_a_manifest_of_another_file_is_not_this_ones(
    stamper: kzmark.Stamper, name: str, tmp_path: Path
) -> None:
    """Swap the manifest stores of two stamped files; both hashes and records betray it."""
    clean = Path(samples()[0]).parent
    first = stamper.stamp(clean / name).data
    second = stamper.stamp((clean / name).read_bytes() + b"").data
    assert first
    assert second
    swapped = manifest_moved(first, second)
    assert swapped != second

    report = kzmark.verify(swapped)

    assert report.verdict is Verdict.NOT_COMPLIANT
    assert report.reason is Reason.CONFLICT


def manifest_moved(source: bytes, target: bytes) -> bytes:
    """Put the C2PA chunk or segment of `source` where that of `target` stands."""

    def where(data: bytes) -> tuple[int, int]:
        if data[:2] == b"\xff\xd8":
            begin = data.index(b"\xff\xeb")
            size = int.from_bytes(data[begin + 2 : begin + 4], "big") + 2
        else:
            begin = data.index(b"caBX") - 4
            size = int.from_bytes(data[begin : begin + 4], "big") + 12
        return begin, begin + size

    a, b = where(source)
    c, d = where(target)
    return target[:c] + source[a:b] + target[d:]


def test_the_plate_alone_is_notice_only_and_the_record_alone_is_mark_only(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    from PIL import Image

    clean = Path(samples()[0]).parent
    data = stamper.stamp(clean / "photo.png").data
    assert data
    stripped = io.BytesIO()
    image = Image.open(io.BytesIO(data)).convert("RGB")
    Image.frombytes("RGB", image.size, image.tobytes()).save(stripped, "PNG")
    marked = io.BytesIO()
    adapter = next(a for a in all_adapters() if a.info.name == "png")
    source = io.BytesIO((clean / "photo.png").read_bytes())
    adapter.write(source, marked, example_mark(adapter), limits=LIMITS)

    assert kzmark.verify(stripped.getvalue()).reason is Reason.NOTICE_ONLY
    assert kzmark.verify(marked.getvalue()).reason is Reason.MARK_ONLY
    assert kzmark.verify(clean / "photo.png").reason is Reason.UNMARKED
