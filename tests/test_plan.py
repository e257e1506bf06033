"""The plan: its order, what it refuses, and what it says beforehand."""

import io
from pathlib import Path

import pytest
from tests.test_safety import CLEAN, STATEMENT, samples

import kzmark
from kzmark.errors import MarkExistsError
from kzmark.formats import all_adapters
from kzmark.formats._text import Beside
from kzmark.plan import Step
from kzmark.report import Reason
from kzmark.signing.identity import new_identity
from kzmark.sniff import sniff
from kzmark.testing import LIMITS, example_mark
from kzmark.vocabulary import Corner


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    folder = tmp_path_factory.mktemp("identity") / "id"
    return kzmark.Stamper(STATEMENT, identity=new_identity(folder, organisation="ТОО Пример"))


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.suffix[1:])
def test_notice_then_layers_then_signature_in_every_format(
    stamper: kzmark.Stamper, path: Path
) -> None:
    plan = stamper.plan(path)

    assert plan is not None
    order = [Step.NOTICE, Step.LAYERS, Step.SIGN, Step.SIDECAR, Step.CHECK]
    ranks = [order.index(step) for step in plan.steps]
    assert ranks == sorted(ranks)
    adapter = sniff(io.BytesIO(path.read_bytes()), name=path.name)
    assert {Step.LAYERS, Step.CHECK} < set(plan.steps)
    assert (Step.NOTICE in plan.steps) is not isinstance(adapter, Beside)
    assert set(plan.layers) == adapter.info.layers


def test_a_stamped_file_that_was_changed_is_marked_anew_only_when_asked(
    stamper: kzmark.Stamper,
) -> None:
    data = stamper.stamp(CLEAN / "photo.png").data
    assert data
    adapter, out = sniff(io.BytesIO(data)), io.BytesIO()
    mark = kzmark.verify(data).mark
    assert mark is not None
    adapter.write(io.BytesIO(data + b"one more byte"), out, mark, limits=LIMITS)

    assert kzmark.verify(out.getvalue()).reason is Reason.DAMAGED
    with pytest.raises(MarkExistsError, match="changed since"):
        stamper.stamp(out.getvalue())
    again = stamper.stamp(out.getvalue(), replace=True)
    assert again.mark.history == (mark.mark_id,)
    assert kzmark.verify(again.data).reason is Reason.OK


def test_a_record_that_cannot_be_read_is_replaced_only_when_asked(stamper: kzmark.Stamper) -> None:
    adapter, out = next(a for a in all_adapters() if a.info.name == "png"), io.BytesIO()
    source = io.BytesIO((CLEAN / "photo.png").read_bytes())
    adapter.write(source, out, example_mark(adapter), limits=LIMITS)
    broken = out.getvalue().replace(b'"schema":1', b'"schema":9')
    from fixtures.build import _chunk

    fixed = _rebuilt(broken, _chunk)

    with pytest.raises(MarkExistsError):
        stamper.stamp(fixed)
    assert stamper.stamp(fixed, replace=True).changed


def test_a_statement_by_others_that_gives_way_is_noted(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmp'
        'Ext/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/'
        'digitalsourcetype/digitalCapture"/></rdf:RDF></x:xmpmeta>'
    )
    from fixtures.build import _with_xmp

    data = _with_xmp((CLEAN / "grey.png").read_bytes(), packet)

    assert "source-type-replaced" in stamper.stamp(data).notes
    assert "source-type-replaced" not in stamper.stamp(CLEAN / "grey.png").notes


def test_a_new_notice_covers_the_old_one_and_says_so(stamper: kzmark.Stamper) -> None:
    first = stamper.stamp(CLEAN / "photo.png")
    other = kzmark.Stamper(
        kzmark.Statement(
            system=STATEMENT.system, responsible=kzmark.Responsible(name="Басқа иесі")
        ),
        identity=stamper.identity,
        corner=Corner.TOP_RIGHT,
    )
    second = other.stamp(first.data, replace=True)
    (old,), (new,) = first.mark.notice.places, second.mark.notice.places

    assert "notice-place-kept" in second.notes
    assert new.box[0] <= old.box[0]
    assert new.box[1] <= old.box[1]
    assert new.box[0] + new.box[2] >= old.box[0] + old.box[2]
    assert new.box[1] + new.box[3] >= old.box[1] + old.box[3]
    assert kzmark.verify(second.data).reason is Reason.OK


def _rebuilt(png: bytes, pack: object) -> bytes:
    """Give every chunk the checksum of what it holds now."""
    assert callable(pack)
    out, at = png[:8], 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        out += pack(png[at + 4 : at + 8], png[at + 8 : at + 8 + size])
        at += 12 + size
    return out
