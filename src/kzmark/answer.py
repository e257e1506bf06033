"""What a service says to a person, marked: a string, or words that come one by one.

The notice is said first. Words are handed on as they come; they are hashed on their way, and the
manifest is signed when the last one has gone. A manifest that went with the words before, as
letters that nobody sees, is left out, for an answer has one: nothing is held back but the few
letters that may begin one.
"""

import dataclasses
import hashlib
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from kzmark import trail
from kzmark._limits import Limits
from kzmark.audit import AuditLog
from kzmark.delivery import Destination
from kzmark.errors import CheckError, MalformedMediaError, RequestError
from kzmark.formats import _plain, _wrapper
from kzmark.formats import adapter as built_in
from kzmark.formats._normal import Digest, normal
from kzmark.formats._text import Leaf
from kzmark.formats.layers.sidecar import Sidecar
from kzmark.mark import Mark
from kzmark.notices import words
from kzmark.notices.style import NoticeStyle
from kzmark.report import Status
from kzmark.signing import hashed
from kzmark.signing.signer import Signer
from kzmark.statement import Statement
from kzmark.vocabulary import Medium


class Speech(StrEnum):
    """What an answer is written in, and so how its notice is."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


_MIMES: Final = {
    Speech.TEXT: "text/plain",
    Speech.MARKDOWN: "text/markdown",
    Speech.HTML: "text/html",
}
_SHOWN: Final = 1 << 16  # letters of a string in which the notice is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A marked answer.

    Attributes:
        text: The notice, the words, and the manifest if it goes with them; nothing for an answer
            that went out word by word: nobody kept it.
        mark: What is stated of it.
        sha256: SHA-256 of its UTF-8, 64 hexadecimal digits.
        record: The same as a sidecar holds it, with the C2PA manifest unless that is in the text:
            what to keep, or to hand on beside the text (`<name>.kzmark.json`).
        embedded: Whether the text carries the manifest itself.
    """

    text: str | None = field(repr=False)
    mark: Mark
    sha256: str
    record: bytes = field(repr=False)
    embedded: bool

    @property
    def mark_id(self) -> UUID:
        """Id of the mark."""
        return self.mark.mark_id


@dataclass(slots=True, kw_only=True)
class Making:
    """One answer in the making. `pieces` and `pieces_later` run once.

    Attributes:
        statement: What is said about it.
        style: How the notice looks.
        signer: Who signs.
        speech: What it is written in.
        embed: Whether the manifest goes behind the text.
        log: The audit log, or nothing.
        limits: What looking for the notice may cost.
        mark: What is stated of it.
        done: The answer, when the last word has gone.
    """

    statement: Statement
    style: NoticeStyle
    signer: Signer
    speech: Speech
    embed: bool
    log: AuditLog | None
    limits: Limits
    mark: Mark = field(init=False)
    done: Answer | None = field(default=None, init=False)
    _raw: Any = field(default_factory=hashlib.sha256, init=False)
    _normal: Digest = field(default_factory=Digest, init=False)
    _size: int = field(default=0, init=False)
    _strainer: _wrapper.Strainer = field(default_factory=_wrapper.Strainer, init=False)

    def __post_init__(self) -> None:
        if self.embed and self.speech is Speech.HTML:
            raise RequestError(
                "a manifest within HTML that is no page", hint="keep the record of the answer"
            )
        self.mark = self.statement.mark(
            medium=Medium.TEXT, profile=self.style.profile.name, notice=words.record(self.style)
        )

    @property
    def lead(self) -> str:
        """The notice, as what is said first."""
        notice = words.inscription(self.style)
        if self.speech is Speech.HTML:
            from kzmark.formats.html import markup

            return f"{markup.notice(notice)}\n"
        if self.speech is Speech.MARKDOWN:
            from kzmark.formats.markdown import quotation

            return f"{quotation(notice)}\n\n"
        return f"{notice.text}\n\n"

    def whole(self, text: str) -> Answer:
        """Return a string as an answer, checked as a reader would read it.

        Raises:
            CheckError: If the notice could not be read in it.
        """
        said = self.lead + _bare(text).removeprefix(self.lead)
        if self.embed:
            said = normal(said)
        self._check(said[:_SHOWN])
        with self._followed() as facts:
            self._take(said)
            told = said + self._end(facts)
        assert self.done is not None  # `_end` has made it
        return dataclasses.replace(self.done, text=told)

    def pieces(self, tokens: Iterable[str]) -> Iterator[str]:
        """Yield the notice, then each token as it comes, then the manifest if it goes with them."""
        with self._followed() as facts:
            yield self._begun()
            for token in tokens:
                if said := self._take(self._strained(token)):
                    yield said
            for said in self._last(facts):
                yield said

    async def pieces_later(self, tokens: AsyncIterable[str]) -> AsyncIterator[str]:
        """Yield the same for tokens that are waited for."""
        with self._followed() as facts:
            yield self._begun()
            async for token in tokens:
                if said := self._take(self._strained(token)):
                    yield said
            for said in self._last(facts):
                yield said

    def _followed(self) -> Any:
        goal = Destination.of(None, source=None, overwrite=False)
        return trail.followed(self.log, self.mark, source=None, goal=goal)

    def _begun(self) -> str:
        lead = self.lead
        self._check(lead)
        return self._take(lead)

    def _strained(self, token: str) -> str:
        if not isinstance(token, str):
            raise RequestError(f"a token of the kind {type(token).__name__}", hint="give strings")
        return self._strainer.strain(token)

    def _take(self, token: str) -> str:
        try:
            data = token.encode()
        except UnicodeEncodeError as error:
            raise MalformedMediaError(f"a token that is no text: {error.reason}") from error
        self._raw.update(data)
        self._size += len(data)
        if self.embed:
            self._normal.update(token)
        return token

    def _last(self, facts: dict[str, Any]) -> Iterator[str]:
        """Yield what is held back still, then what goes behind the last word."""
        if said := self._take(self._strainer.rest()):
            yield said
        if end := self._end(facts):
            yield end

    def _end(self, facts: dict[str, Any]) -> str:
        """Sign; return what goes behind the last word."""
        given: dict[str, Any] = {
            "mark": self.mark,
            "signer": self.signer,
            "mime": _MIMES[self.speech],
        }
        end, store = "", b""
        if self.embed:
            digest = self._normal.digest()
            end = _wrapper.wrap(
                hashed.sign_behind(digest, self._size, measure=_wrapper.measure, **given)
            ).decode()
            self._raw.update(end.encode())
            self._size += len(end.encode())
        else:
            store = hashed.sign_beside(self._raw.digest(), **given)
        facts["sha256"] = sha256 = self._raw.hexdigest()
        record = Sidecar(mark=self.mark, name="", sha256=sha256, size=self._size, manifest=store)
        self.done = Answer(
            text=None, mark=self.mark, sha256=sha256, record=record.to_json(), embedded=self.embed
        )
        return end

    def _check(self, said: str) -> None:
        """Look for the notice in what a reader meets first."""
        if self.speech is Speech.TEXT:
            leaf = Leaf(index=0, passages=_plain.passages(said))
        else:
            leaf = _rendered(said, self.speech, self.limits)
        seen = words.find([leaf], profile=self.style.profile, mark=self.mark)
        if seen.status is not Status.PRESENT:
            raise CheckError(f"the notice is not perceivable: {seen.detail}")


def speech(name: Speech | str) -> Speech:
    """Return what an answer is written in.

    Raises:
        RequestError: If it is none of these.
    """
    if name not in list(Speech):
        raise RequestError(f"an answer in {name!r}", hint=f"one of {', '.join(Speech)}")
    return Speech(name)


def _bare(text: str) -> str:
    """Return a string without a manifest that went with it before."""
    try:
        return _wrapper.without(text.encode()).decode()
    except UnicodeEncodeError as error:
        raise MalformedMediaError(f"the string is no text: {error.reason}") from error


def _rendered(said: str, written: Speech, limits: Limits) -> Leaf:
    """Return what a reader of Markdown or HTML meets."""
    found: Any = built_in(written.value)
    leaf: Leaf = next(found.leaves(io.BytesIO(said.encode()), limits=limits))
    return leaf
