"""Links of an Ogg file: one sound after another, each with headers of its own.

Spec: RFC 3533, 4 (chaining); RFC 7845 (Opus); Vorbis I, 4.2 and A (Vorbis in Ogg); the Ogg mapping
of FLAC, 1.0.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from kzmark import _rope
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.backend import spool
from kzmark.formats.layers.vorbis import Comments
from kzmark.formats.ogg import pages
from kzmark.formats.ogg.pages import FIRST, Page

KINDS: Final = {  # first letters of a link, name, letters of its comments
    b"OpusHead": ("opus", b"OpusTags"),
    b"\x01vorbis": ("vorbis", b"\x03vorbis"),
    b"\x7fFLAC": ("flac", b""),
}
_FLAC_BLOCK: Final = 4  # bytes of the head of a metadata block
_LINKS: Final = 10_000


@dataclass(slots=True)
class Link:
    """One link.

    Attributes:
        kind: "opus", "vorbis" or "flac".
        headers: Its header packets, in order.
        serial: Of its logical stream.
        start: Offset of its first page.
        sound: Offset of its first page of sound.
        count: Number of pages before that.
        end: Offset after its last page.
        last: The granule position at which it ends.
    """

    kind: str
    headers: list[bytes]
    serial: int
    start: int
    sound: int
    count: int
    end: int
    last: int

    def comments(self, *, limits: Limits) -> Comments:
        """Return its comments."""
        head = _FLAC_BLOCK if self.kind == "flac" else len(self._letters)
        return Comments.parse(self.headers[1][head:], limits=limits)

    def put_comments(self, comments: Comments) -> None:
        """Set them."""
        if self.kind != "flac":
            self.headers[1] = self._letters + comments.pack()
            return
        data = comments.pack()
        if len(data) >= 1 << 24:
            raise UnsupportedMediaError(f"comments of {len(data)} bytes")
        self.headers[1] = self.headers[1][:1] + len(data).to_bytes(3, "big") + data

    def head(self) -> list[bytes]:
        """Return its pages of headers: the first packet stands alone."""
        made = pages.joined(self.headers[:1], serial=self.serial, number=0, flags=FIRST)
        return made + pages.joined(self.headers[1:], serial=self.serial, number=len(made))

    @property
    def _letters(self) -> bytes:
        return next(letters for name, letters in KINDS.values() if name == self.kind)


class File:
    """An Ogg file of sound.

    Attributes:
        source: The file.
        limits: What it may cost.
        links: All links, in order.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.source, self.limits = Rope.over(source), limits
        self.links = list(self._links())
        if not self.links:
            raise MalformedMediaError("there is no sound in it")

    def pages(self, link: Link) -> Iterator[Page]:
        """Yield the pages of sound of a link."""
        for page in pages.pages(self.source, link.sound):
            if page.start >= link.end:
                return
            yield page

    def _links(self) -> Iterator[Link]:
        found: Iterator[Page] = pages.pages(self.source)
        page = next(found, None)
        count = 0
        while page is not None:
            if not page.flags & FIRST:
                raise MalformedMediaError("an Ogg file that does not begin with a beginning")
            link, page = self._link(page, found)
            yield link
            count += 1
            if count > _LINKS:
                raise LimitExceededError(f"more than {_LINKS} links")

    def _link(self, first: Page, found: Iterator[Page]) -> tuple[Link, Page | None]:
        most = self.limits.max_metadata
        head = next(pages.packets(self.source, [first], most=most), (b"", first))[0]
        kind = next((name for magic, (name, _) in KINDS.items() if head.startswith(magic)), "")
        if not kind:
            raise UnsupportedMediaError("an Ogg file of a kind that kzmark does not know")
        headers, count = [head], 1
        wanted = {"opus": 2, "vorbis": 3}.get(kind) or _flac_headers(head)
        used: list[Page] = []

        def told() -> Iterator[Page]:
            for one in found:
                self._check(one, first)
                used.append(one)
                yield one

        if wanted > 1:
            for packet, _ in pages.packets(self.source, told(), most=most):
                headers.append(packet)
                if len(headers) == wanted:
                    break
        if len(headers) < max(2, wanted):
            raise MalformedMediaError("the headers of the sound are cut off")
        count += len(used)
        link = Link(kind, headers, first.serial, first.start, used[-1].end, count, used[-1].end, 0)
        self._check_headers(link, used[-1])
        return link, self._finish(link, found)

    def _finish(self, link: Link, found: Iterator[Page]) -> Page | None:
        """Go over the pages of sound; return the first page of the next link."""
        for page in found:
            if page.flags & FIRST:
                return page
            if page.serial != link.serial:
                raise UnsupportedMediaError("an Ogg file of several streams side by side")
            link.end = page.end
            if page.position != pages.NOWHERE:
                link.last = page.position
        return None

    def _check(self, page: Page, first: Page) -> None:
        if page.serial != first.serial or page.flags & FIRST:
            raise UnsupportedMediaError("an Ogg file of several streams side by side")

    def _check_headers(self, link: Link, last: Page) -> None:
        letters = next(two for name, two in KINDS.values() if name == link.kind)
        if not link.headers[1].startswith(letters):
            raise MalformedMediaError("the comments are not where they must be")
        if link.kind == "flac" and link.headers[1][0] & 0x7F != 4:
            raise MalformedMediaError("the comments are not where they must be")
        ends = sum(1 for value in last.lacing if value < 255)
        if last.lacing[-1] == 255 or ends > len(link.headers):
            raise UnsupportedMediaError("sound begins on the page of the headers")


def write_link(
    file: File,
    target: BinaryIO,
    link: Link,
    *,
    fresh: Sequence[bytes] = (),
    later: int = 0,
) -> None:
    """Write a link with its headers as they are now.

    Args:
        file: The file.
        target: Where it goes.
        link: The link.
        fresh: Pages of sound that come before its own, with their numbers.
        later: What is added to the granule positions of its own.
    """
    head = link.head()
    on = pages.write(target, head) + pages.write(target, fresh) - link.count
    if not on and not later:
        _rope.copy(file.source, target, link.sound, link.end - link.sound)
        return
    with spool() as held:  # a page is short: as parts of the target they would stay in memory
        for page in file.pages(link):
            file.source.seek(page.start)
            data = file.source.read(page.end - page.start)
            held.write(pages.moved(data, later=later, on=on))
        size = held.seek(0, io.SEEK_END)
        _rope.copy(held, target, 0, size)


def _flac_headers(head: bytes) -> int:
    """Return how many header packets a FLAC link has: those that it says follow the first."""
    count = int.from_bytes(head[7:9], "big")
    return 1 + count if count else 2
