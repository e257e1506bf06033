"""The document properties of an Office package: where the mark stands."""

from typing import Final

from kzmark._limits import Limits
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats.layers import ooxml
from kzmark.mark import Mark
from kzmark.report import Evidence

_NAME: Final = "docProps/custom.xml"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.custom-properties+xml"


def read(parts: Parts) -> Evidence:
    """Return what the custom properties hold."""
    return ooxml.judge(ooxml.values(_custom(parts), limits=parts.limits))


def write(parts: Parts, mark: Mark) -> None:
    """Put the mark into the custom properties, and the warning into the core ones."""
    limits: Limits = parts.limits
    old = _custom(parts)
    earlier = ooxml.judge(ooxml.values(old, limits=limits)).mark
    where = _place(parts)
    parts.edits.put(where, ooxml.custom(old, mark, limits=limits))
    parts.relate("", "custom-properties", where)
    parts.declare({where: _TYPE}, store=True)
    if core := parts.related("", "core-properties"):
        data = ooxml.core(parts.edits.read(core), mark, earlier, limits=limits)
        parts.edits.put(core, data)


def _custom(parts: Parts) -> bytes:
    found = _named(parts)
    return parts.edits.read(found) if found else b""


def _place(parts: Parts) -> str:
    return _named(parts) or _NAME


def _named(parts: Parts) -> str:
    """Return the part of the custom properties, under either name of its relationship."""
    return parts.related("", "custom-properties") or parts.related("", "customProperties")
