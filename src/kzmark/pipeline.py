"""Stamp and verify for one file, from stream to stream: the flow of the design, top to bottom.

stamp    read layers ─ plan (prepare) ─ show notice ─ write layers ─ sign ─ check (carry_out)
verify   every layer and the notice give evidence ─ policy gives findings ─ report gives a verdict
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark import policy as policies
from kzmark._limits import Limits
from kzmark._rope import Rope, stream_of
from kzmark.checking import check
from kzmark.errors import BackendMissingError, MediaError
from kzmark.formats._ability import offers
from kzmark.formats._base import Adapter, Pictures
from kzmark.formats._complete import Completes
from kzmark.formats._film import Film, Films, Progress
from kzmark.formats._sound import Sound, Sounds
from kzmark.formats._text import Beside, Impresses
from kzmark.formats.layers import sidecar
from kzmark.mark import Mark
from kzmark.notices.style import NoticeStyle
from kzmark.plan import Plan, Step, already_there, make_plan
from kzmark.policy import Policy, agreed_mark
from kzmark.preview import Preview
from kzmark.profile import Profile
from kzmark.report import Evidence, Report, Status
from kzmark.seeing import see
from kzmark.showing import is_silent, narrate, show, soundtracks, spoken_once
from kzmark.signing import embed
from kzmark.signing.signed import Signed
from kzmark.signing.signer import Signer
from kzmark.statement import Statement
from kzmark.subject import Subject, open_subject, read_layers
from kzmark.unread import unread
from kzmark.vocabulary import Layer

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A stamped file that passed its check.

    Attributes:
        data: The whole file.
        record: Bytes of its sidecar, where the format has no place for the mark.
        mark: The mark it carries.
        layers: Where the mark stands.
        notes: What else changed, as stable codes.
        changed: False if the file carried this very mark already and was left as it was.
    """

    data: bytes | Rope
    record: bytes | None
    mark: Mark
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]
    changed: bool


def unchanged(
    subject: Subject,
    evidence: Sequence[Evidence],
    statement: Statement,
    style: NoticeStyle,
    *,
    limits: Limits,
) -> Finished | None:
    """Return the file as it is, if it carries this very mark and a person sees its notice."""
    mark = agreed_mark(evidence)
    if mark is None or not already_there(evidence, statement, style):
        return None
    if is_silent(subject.adapter, subject.stream, mark, style, limits=limits):
        return None
    layers = tuple(e.layer for e in evidence if e.mark is not None)
    if not subject.adapter.info.layers <= set(layers) or any(
        piece.status is Status.BROKEN for piece in evidence
    ):
        return None
    seen = see(subject, mark, profile=style.profile, limits=limits, blind=False)
    if seen.status is not Status.PRESENT:
        return None
    return Finished(
        data=subject.data,
        record=subject.record,
        mark=mark,
        layers=tuple(layer for layer in Layer if layer in layers),
        notes=(),
        changed=False,
    )


def prepare(
    subject: Subject,
    evidence: Sequence[Evidence],
    statement: Statement,
    style: NoticeStyle,
    *,
    limits: Limits,
    replace: bool = False,
) -> Plan:
    """Return the plan for one file; nothing is written.

    Raises:
        MediaError: If the input breaks the rules of its format.
        RequestError: If the plan cannot satisfy the policy, or another mark stands in the way.
    """
    adapter = subject.adapter
    sizes: Sequence[tuple[int, int]] = ()
    if offers(adapter, Pictures):
        sizes = adapter.sizes(subject.stream, limits=limits)
    played = _played(adapter, subject, limits)
    plan = make_plan(
        adapter,
        sizes,
        evidence,
        statement,
        style,
        source_sha256=subject.digest,
        replace=replace,
        played=played,
        tracks=soundtracks(adapter, subject.stream, played, style, limits=limits),
    )
    return spoken_once(adapter, subject.stream, plan, evidence, limits=limits)


def _played(adapter: Adapter, subject: Subject, limits: Limits) -> Film | Sound | None:
    if offers(adapter, Films):
        return adapter.film(subject.stream, limits=limits)
    return adapter.sound(subject.stream, limits=limits) if offers(adapter, Sounds) else None


def plan_picture(
    adapter: Adapter, size: tuple[int, int], statement: Statement, style: NoticeStyle
) -> Plan:
    """Return the plan for a picture that is no file yet, so that nothing stands in it.

    Raises:
        PolicyUnsatisfiableError: If it cannot carry what the policy needs.
    """
    return make_plan(adapter, [size], [], statement, style)


def carry_out(
    subject: Subject,
    plan: Plan,
    signer: Signer,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Finished:
    """Run the steps of a plan in their order; each takes the bytes that the last one made."""
    adapter, data, record = subject.adapter, subject.data, None
    notes: list[str] = [*plan.notes]
    signed: Signed | None = None
    at_once = Step.NOTICE in plan.steps and (
        offers(adapter, Impresses) or offers(adapter, Completes)
    )
    for step in plan.steps:
        source, target = stream_of(data), Rope() if isinstance(data, Rope) else io.BytesIO()
        if step is Step.NOTICE:
            notes += show(adapter, source, target, plan, limits=limits, progress=progress)
            data = _written(target)
        elif step is Step.VOICE:
            notes += narrate(adapter, source, target, plan, limits=limits)
            data = _written(target)
        elif step is Step.LAYERS and not at_once:
            adapter.write(source, target, plan.mark, limits=limits)
            data = _written(target)
        elif step is Step.SIGN:
            signed = embed.sign(data, **_signing(subject, plan, signer, limits))
            data = signed.data
        elif step is Step.SIDECAR:
            given = _signing(subject, plan, signer, limits)
            old = sidecar.manifest_of(subject.record) if subject.record else None
            store = embed.sign_detached(data, **given, parent_manifest=old or None)
            told = plan.inscription.text if offers(adapter, Beside) else ""
            name = Path(subject.name).name
            record = sidecar.spell(plan.mark, data, name=name, manifest=store, notice=told)
        elif step is Step.CHECK:
            done = Subject(data=data, adapter=adapter, name=subject.name, record=record)
            check(done, plan, limits=limits, signed=signed)
    return Finished(
        data=data,
        record=record,
        mark=plan.mark,
        layers=plan.layers,
        notes=tuple(notes),
        changed=True,
    )


def verify(
    subject: Subject,
    *,
    policy: Policy,
    profile: Profile,
    limits: Limits,
    trust: bytes | None = None,
    preview: int = 0,
) -> Report:
    """Judge one file by what its layers hold and what a person sees of it. Never raises.

    With `preview`, a small picture of this longest side, in pixels, comes with the report.
    """
    small = Preview(preview) if preview else None
    try:
        evidence = read_layers(subject, limits=limits, trust=trust)
        mark = agreed_mark(evidence)
        watch = small.watched if small else iter
        seen = see(subject, mark, profile=profile, limits=limits, watch=watch)
        evidence.append(policies.named_profile(seen, mark, profile.name))
    except (MediaError, BackendMissingError) as error:
        info = subject.adapter.info
        return unread(subject.digest, error, name=subject.name, policy=policy, info=info)
    if small:
        small.complete(subject.adapter, subject.stream, limits=limits)
    findings = policy.judge(evidence)
    return Report(
        source=subject.name,
        sha256=subject.digest,
        format=subject.adapter.info.name,
        medium=subject.adapter.info.medium.value,
        policy=f"{policy.name} {policy.edition}",
        verdict=policies.verdict(findings),
        reason=policies.reason(evidence, findings),
        mark=mark,
        findings=findings,
        evidence=tuple(evidence),
        preview=small.encoded() if small else b"",
    )


def verify_stream(
    source: BinaryIO,
    *,
    policy: Policy,
    profile: Profile,
    limits: Limits,
    name: str = "",
    record: bytes | None = None,
    trust: bytes | None = None,
    preview: int = 0,
) -> Report:
    """Judge one stream; a file that no adapter knows gives an undetermined report."""
    try:
        subject = open_subject(source, limits=limits, name=name, record=record)
    except MediaError as error:
        return unread(_digest(source), error, name=name, policy=policy)
    return verify(
        subject, policy=policy, profile=profile, limits=limits, trust=trust, preview=preview
    )


def _written(target: Rope | io.BytesIO) -> bytes | Rope:
    return Rope.over(target) if isinstance(target, Rope) else target.getvalue()


def _signing(subject: Subject, plan: Plan, signer: Signer, limits: Limits) -> dict[str, Any]:
    """Return what both ways of signing ask for."""
    origin = subject.data if subject.parent is None else subject.parent
    return {
        "adapter": subject.adapter,
        "mark": plan.mark,
        "signer": signer,
        "parent": origin if plan.keeps_parent else None,
        "limits": limits,
    }


def _digest(source: BinaryIO) -> str:
    """Return the SHA-256 of a stream of any size, block by block."""
    source.seek(0)
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
