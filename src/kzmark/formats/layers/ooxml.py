"""The record as a document property of an Office file, and beside it IPTC's own words.

Spec: ISO 29500-1, 22.3 (custom properties); ISO 29500-2, 8.2 (core properties).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from xml.sax.saxutils import unescape

from kzmark._limits import Limits
from kzmark.errors import RecordError
from kzmark.formats._names import CUSTOM, DUBLIN_CORE, VARIANTS
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

RECORD: Final = "kzmark"
SOURCE_TYPE: Final = "DigitalSourceType"
SYSTEM, VERSION = "AISystemUsed", "AISystemVersionUsed"
OURS: Final = frozenset({RECORD, SOURCE_TYPE, SYSTEM, VERSION})
FACTS: Final = (OURS - {RECORD}) | {
    training.MINING,
    training.CONSTRAINTS,
    "AIGC",  # China, GB 45438-2025
    "tdm:reservation",  # TDMRep, in books
}
_FORMAT: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"  # of every custom property (22.3.2.2)
_FIRST: Final = 2  # number of the first property
_MAX_FACT: Final = 1_000
_EMPTY: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<Properties xmlns="{CUSTOM}" xmlns:vt="{VARIANTS}"></Properties>'
).encode()
_CLOSE: Final = len("</Properties>")
_LEVELS: Final = 3  # of elements in such a part
_PLAIN: Final = r"[^\x00-\x1f<>&\ufffe\uffff]*"
_LETTERS: Final = rf"{_PLAIN}(?:&(?:amp|lt|gt);{_PLAIN})*"
_OWN: Final = (
    rf'<property fmtid="{re.escape(_FORMAT)}" pid="[0-9]{{1,4}}" name="([A-Za-z]+)">'
    rf"<vt:lpwstr>({_LETTERS})</vt:lpwstr></property>"
)
_EACH: Final = re.compile(_OWN)


def said(mark: Mark) -> dict[str, str]:
    """Return names and values of our properties."""
    values = {
        RECORD: mark.to_json().decode(),
        SOURCE_TYPE: mark.source_type.uri,
        SYSTEM: mark.system.name,
        VERSION: mark.system.version,
        **training.said(mark),
    }
    return {name: value for name, value in values.items() if value}


def names(mark: Mark, earlier: Mark | None) -> frozenset[str]:
    """Return the names of our properties: those that a mark needs, and those of an earlier one."""
    return OURS | training.replaced(mark, earlier)


def custom(old: bytes, mark: Mark, *, limits: Limits) -> bytes:
    """Return the custom properties with the mark; those of others stay."""
    if not old:
        return (
            _EMPTY[:-_CLOSE]
            + "".join(_spelt(mark, "", "vt", "", _FIRST)).encode()
            + _EMPTY[-_CLOSE:]
        )
    document = Document.of(old, limits=limits, what="the custom properties")
    root = document.root
    listed = root.all("cust:property")
    ours = names(mark, judge([(one.get("name"), one.text) for one in listed]).mark)
    edits = [one.removed() for one in listed if one.get("name") in ours]
    kept = [one for one in listed if one.get("name") not in ours]
    number = max([_FIRST - 1, *(_number(one.get("pid")) for one in kept)])
    prefix, declared = document.prefix(VARIANTS, "vt")
    parts = _spelt(mark, root.prefix, prefix, declared, number + 1)
    return document.edited([*edits, root.opened("".join(parts))])


def _spelt(mark: Mark, own: str, prefix: str, declared: str, first: int) -> Iterator[str]:
    """Yield our properties, numbered from `first`."""
    for pid, (name, value) in enumerate(said(mark).items(), first):
        head = f"<{own}property fmtid={quote(_FORMAT)} pid={quote(str(pid))}"
        body = f"<{prefix}:lpwstr{declared}>{escape(value)}</{prefix}:lpwstr>"
        yield f"{head} name={quote(name)}>{body}</{own}property>"


def core(old: bytes, mark: Mark, earlier: Mark | None, *, limits: Limits) -> bytes:
    """Return the core properties with the warning as description, unless others wrote one."""
    document = Document.of(old, limits=limits, what="the core properties")
    found = document.root.first("dc:description")
    told = description(mark)
    if found is None:
        prefix, declared = document.prefix(DUBLIN_CORE, "dc")
        fresh = f"<{prefix}:description{declared}>{escape(told)}</{prefix}:description>"
        return document.edited([document.root.opened(fresh)])
    if found.text.strip() and (earlier is None or found.text != description(earlier)):
        return old
    tag = found.tag
    head = document.body[found.start : found.inside].decode().rstrip("/>").rstrip()
    return document.edited([(found.start, found.end, f"{head}>{escape(told)}</{tag}>")])


def description(mark: Mark) -> str:
    """Return the warning in one line."""
    return " / ".join(mark.notice.texts)


def values(data: bytes, *, limits: Limits) -> list[tuple[str, str]]:
    """Return names and values of all custom properties, doubled ones too."""
    if not data:
        return []
    found = plain_values(data, limits=limits)
    if found is not None:
        return found
    document = Document.of(data, limits=limits, what="the custom properties")
    return [(one.get("name"), one.text) for one in document.root.all("cust:property")]


def plain_values(data: bytes, *, limits: Limits) -> list[tuple[str, str]] | None:
    """Return the same of a part that holds nothing but properties spelt as here, read at a glance.

    Of any other part nothing is returned.
    """
    if not data.startswith(_EMPTY[:-_CLOSE]) or not data.endswith(_EMPTY[-_CLOSE:]):
        return None
    try:
        said = data[len(_EMPTY) - _CLOSE : -_CLOSE].decode()
    except UnicodeDecodeError:
        return None
    found, at = [], 0
    for one in _EACH.finditer(said):
        if one.start() != at:
            return None
        found.append((one[1], unescape(one[2])))
        at = one.end()
    is_all = at == len(said) and 2 * len(found) < limits.max_elements
    return found if is_all and limits.max_depth >= _LEVELS else None


def judge(found: list[tuple[str, str]], layer: Layer = Layer.OOXML) -> Evidence:
    """Say what the properties of a file hold. Never raises; codes: `ooxml.record`, `odf.record`."""
    facts: Mapping[str, str] = {name: value[:_MAX_FACT] for name, value in found if name in FACTS}
    records = [value for name, value in found if name == RECORD]
    if not records:
        return Evidence(layer=layer, status=Status.ABSENT, facts=facts)
    try:
        mark = _agreed(records)
    except RecordError as error:
        return Evidence(
            layer=layer,
            status=Status.BROKEN,
            code=f"{layer.value}.record",
            detail=error.message,
            facts=facts,
        )
    return Evidence(layer=layer, status=Status.PRESENT, mark=mark, facts=facts)


def _agreed(records: list[str]) -> Mark:
    if len(set(records)) > 1:
        raise RecordError("two records that differ")
    return Mark.from_json(records[0])


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
