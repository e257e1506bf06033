"""Verifiers to ask: ours, and one that shares no code with the library that signs."""

import io
from typing import Any

import encypher_c2pa

from kzmark.report import Evidence
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity


def outside(data: bytes, mime: str, identity: Identity, **options: Any) -> dict[str, Any]:
    """Ask the verifier that shares no code with the library that signs."""
    told = encypher_c2pa.verify(
        data,
        mime,
        trust_pem=identity.root,
        no_default_trust=True,
        telemetry=False,
        online=False,
        **options,
    )
    return dict(told)


def assert_valid_outside(data: bytes, mime: str, identity: Identity, **options: Any) -> None:
    told = outside(data, mime, identity, **options)
    assert told["validation_results"]["failure"] == []
    assert (told["integrity"], told["hard_binding"]) == ("valid", "match")
    assert told["trust"]["status"] == "valid_for_supplied_material"


def trusting(data: bytes, mime: str, identity: Identity, **options: Any) -> Evidence:
    return c2pa.read(io.BytesIO(data), mime, trust_anchors=identity.root, **options)
