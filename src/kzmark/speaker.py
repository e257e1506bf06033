"""`Stamper.text`: marks what a service says to a person."""

from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import TypeGuard, overload
from uuid import UUID

from kzmark._limits import Limits
from kzmark.answer import Answer, Making, Speech, speech
from kzmark.audit import AuditLog
from kzmark.errors import RequestError
from kzmark.look import spoken
from kzmark.mark import Mark
from kzmark.notices.style import NoticeStyle
from kzmark.signing.signer import Signer
from kzmark.statement import Statement


class _Stream:
    """What is known of an answer that goes out word by word."""

    _making: Making

    @property
    def mark(self) -> Mark:
        """What is stated of it; known from the start."""
        return self._making.mark

    @property
    def mark_id(self) -> UUID:
        """Id of the mark."""
        return self._making.mark.mark_id

    @property
    def answer(self) -> Answer:
        """The record and the hash of what was said.

        Raises:
            RequestError: If not everything has been said yet.
        """
        if self._making.done is None:
            raise RequestError(
                "the answer is not finished", hint="take every piece of the stream first"
            )
        return self._making.done


class AnswerStream(_Stream, Iterator[str]):
    """An answer that goes out word by word.

    Iterate it once: the notice comes first, then each token as it comes, then, if the manifest goes
    with the text, the letters that nobody sees. Then `answer` tells the rest.
    """

    def __init__(self, making: Making, tokens: Iterable[str]) -> None:
        self._making = making
        self._pieces = making.pieces(tokens)

    def __next__(self) -> str:
        return next(self._pieces)


class AsyncAnswerStream(_Stream, AsyncIterator[str]):
    """The same for tokens that are waited for: `async for`."""

    def __init__(self, making: Making, tokens: AsyncIterable[str]) -> None:
        self._making = making
        self._pieces = making.pieces_later(tokens)

    async def __anext__(self) -> str:
        return await anext(self._pieces)


def _is_many(words: object) -> TypeGuard[Iterable[str]]:
    return isinstance(words, Iterable) and not isinstance(words, bytes | bytearray | memoryview)


class Speaker:
    """The part of a `Stamper` that marks words instead of files."""

    statement: Statement
    style: NoticeStyle
    limits: Limits
    log: AuditLog | None
    embed_c2pa: bool

    @property
    @abstractmethod
    def _signer(self) -> Signer:
        """Who signs."""

    @overload
    def text(  # type: ignore[overload-overlap]  # a string is an iterable of strings, and yet one
        self,
        words: str,
        *,
        format: Speech | str = ...,
        languages: Sequence[str] = ...,
        embed: bool | None = ...,
    ) -> Answer: ...

    @overload
    def text(
        self,
        words: AsyncIterable[str],
        *,
        format: Speech | str = ...,
        languages: Sequence[str] = ...,
        embed: bool | None = ...,
    ) -> AsyncAnswerStream: ...

    @overload
    def text(
        self,
        words: Iterable[str],
        *,
        format: Speech | str = ...,
        languages: Sequence[str] = ...,
        embed: bool | None = ...,
    ) -> AnswerStream: ...

    def text(
        self,
        words: str | Iterable[str] | AsyncIterable[str],
        *,
        format: Speech | str = Speech.TEXT,  # noqa: A002 - the word of `stamp`
        languages: Sequence[str] = (),
        embed: bool | None = None,
    ) -> Answer | AnswerStream | AsyncAnswerStream:
        """Mark what a service says to a person: a string, or tokens as they come.

        Of tokens, the notice goes out first and then each as it comes. Letters of a manifest that
        went with the words before are left out, also where they come in several tokens; the one or
        few that may begin such a manifest wait for the next token, and nothing else is held back.

        Args:
            words: A string, an iterable of strings, or an asynchronous one.
            format: What they are written in, and so how the notice is: `text`, `markdown`, `html`.
            languages: Order of the languages of the notice; those of the Stamper if empty.
            embed: Whether the C2PA manifest goes behind the words, as letters that nobody sees
                (C2PA 2.4, A.8); as `embed_c2pa` of the Stamper if left out.

        Returns:
            An answer, or a stream of one, whose `answer` tells the rest when all has been said.

        Raises:
            RequestError: If it is neither, the format is unknown or cannot carry the manifest.
            CheckError: If the notice could not be read in the answer.
            InstallationError: If the identity fails, or the audit log cannot be written.
        """
        written = speech(format)
        making = Making(
            statement=self.statement,
            style=spoken(self.style, languages),
            signer=self._signer,
            speech=written,
            embed=(self.embed_c2pa and written is not Speech.HTML) if embed is None else embed,
            log=self.log,
            limits=self.limits,
        )
        if isinstance(words, str):
            return making.whole(words)
        if isinstance(words, AsyncIterable):
            return AsyncAnswerStream(making, words)
        if _is_many(words):
            return AnswerStream(making, words)
        kind = type(words).__name__
        raise RequestError(f"words of the kind {kind}", hint="give a string or strings one by one")
