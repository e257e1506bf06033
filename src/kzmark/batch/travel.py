"""A `Stamper` on its way to a worker process, and what of it must not change between two runs."""

import dataclasses
import hashlib
import os
import pickle
from typing import Any, Final

from kzmark.mark import NoticeRecord
from kzmark.signing.identity import IdentitySpec
from kzmark.signing.spec import CERTIFICATE_VARIABLE
from kzmark.stamper import Stamper
from kzmark.vocabulary import Medium

_PER_FILE: Final = frozenset({"mark_id", "created", "medium", "notice", "source_sha256", "history"})


def travels(stamper: Stamper) -> bool:
    """Return whether a `Stamper` can be sent to a process that imports kzmark and nothing else."""
    sign = stamper.identity.sign
    if sign is not None and getattr(sign, "__module__", "__main__") == "__main__":
        return False
    try:
        pickle.dumps(fit(stamper))
    except Exception:  # noqa: BLE001 - whatever a callback raises when it is pickled
        return False
    return True


def fit(stamper: Stamper) -> Stamper:
    """Return the `Stamper` that a worker process of this machine is given.

    It keeps no audit log and makes no identity. Its key stays where it was found, in a file or in
    the environment, which workers share; only a key that was given as a text goes along.

    Raises:
        IdentityError: If the identity cannot be used here.
    """
    return Stamper(
        stamper.statement,
        identity=_spec(stamper.identity.spec, stamper),
        profile=stamper.style.profile,
        languages=stamper.style.languages,
        corner=stamper.style.corner,
        placement=stamper.style.placement,
        pages=stamper.style.pages,
        audible=stamper.style.audible,
        embed_c2pa=stamper.embed_c2pa,
        limits=stamper.limits,
        tsa=stamper.tsa,
    )


def _spec(spec: IdentitySpec, stamper: Stamper) -> IdentitySpec:
    if spec.chain and not spec.sign and os.environ.get(CERTIFICATE_VARIABLE) == spec.chain:
        from kzmark.executors.identity import WorkerIdentity

        return WorkerIdentity.of(stamper.identity)
    return dataclasses.replace(spec, create=False)


def settings_of(stamper: Stamper) -> dict[str, Any]:
    """Return what decides how outputs look and what they say, name by name."""
    style = stamper.style
    notice = NoticeRecord(languages=style.languages, texts=("-",) * len(style.languages))
    said = stamper.statement.mark(medium=Medium.IMAGE, profile=style.profile.name, notice=notice)
    settings = {
        f"{name}.{part}" if part else name: value
        for name, whole in said.to_dict().items()
        if name not in _PER_FILE
        for part, value in (whole.items() if isinstance(whole, dict) else [("", whole)])
    }
    words = hashlib.sha256(repr(style.profile).encode()).hexdigest()
    return settings | {
        "the words and numbers of the profile": words,
        "languages": list(style.languages),
        "corner": style.corner.value,
        "placement": style.placement.value,
        "pages": style.pages,
        "audible": style.audible and style.audible.value,
        "embed_c2pa": stamper.embed_c2pa,
    }
