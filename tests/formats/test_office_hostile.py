"""Office files and books with damage inside their members: nothing but a `MediaError` comes out.

`KZMARK_FUZZ=10000 pytest tests/formats/test_office_hostile.py` runs longer.
"""

import contextlib
import io
import os
import random
import re

import pytest
from fixtures import office
from tests.formats.office_samples import changed, inscribed, parts, written

from kzmark._limits import Limits
from kzmark.errors import MediaError
from kzmark.formats import adapter
from kzmark.formats._text import Inscribes, Legible
from kzmark.sniff import sniff
from kzmark.testing import INSCRIPTION, example_mark

LIMITS = Limits(max_text=1 << 20, max_elements=5_000, max_seconds=5)
ROUNDS = int(os.environ.get("KZMARK_FUZZ", "160")) // len(office.MAKERS)
WORDS = [
    *(b"<", b">", b'"', b"&amp;", b"/>", b"-1", b"99999999999999", b"", b"\xff", b"\0", b"<!--"),
    *(b"]]>", b"<w:p/>", b"xmlns:w='urn:x'", b"../../..", b"rId1", b"NaN", b"1e9", b"%", b"#"),
]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return a package with damage in one member, packed and summed as if nothing had been."""
    files = parts(data)
    name = chance.choice(sorted(one for one in files if one != "mimetype"))
    text = bytearray(files[name])
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            text[at : at + chance.randint(0, 12)] = chance.choice(WORDS)
        elif kind == 1:
            text[at:at] = chance.choice(WORDS)
        elif kind == 2:  # a value of an attribute
            values = list(re.finditer(rb'"[^"]*"', bytes(text)))
            if values:
                found = chance.choice(values)
                text[found.start() + 1 : found.end() - 1] = chance.choice(WORDS)
        else:
            piece = bytes(text[at : at + chance.randint(1, 200)])
            text[at:at] = piece * chance.randint(1, 3)
    return changed(data, {name: bytes(text) if chance.random() < 0.97 else None})


@pytest.mark.parametrize("name", sorted(office.MAKERS))
def test_damage_inside_a_package_raises_only_media_errors(name: str) -> None:
    kind = {"docm": "docx"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
    one, chance = adapter(kind), random.Random(name)
    assert isinstance(one, Inscribes)
    assert isinstance(one, Legible)
    clean = office.MAKERS[name]()
    marked = written(kind, inscribed(kind, clean))
    for _ in range(ROUNDS):
        data = damaged(chance.choice((clean, marked)), chance)
        calls = (
            lambda data=data: sniff(io.BytesIO(data), name=name),
            lambda data=data: one.read(io.BytesIO(data), limits=LIMITS),
            lambda data=data: one.write(
                io.BytesIO(data), io.BytesIO(), example_mark(one), limits=LIMITS
            ),
            lambda data=data: one.inscribe(
                io.BytesIO(data), io.BytesIO(), INSCRIPTION, limits=LIMITS
            ),
            lambda data=data: list(one.leaves(io.BytesIO(data), limits=LIMITS)),
        )
        for call in calls:
            with contextlib.suppress(MediaError):
                call()
