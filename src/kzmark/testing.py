"""The contract of adapters as tests, for kzmark and for authors of adapters elsewhere.

Subclass `AdapterContract`, name the adapter and some clean files, and pytest does the rest::

    class TestMine(AdapterContract):
        adapter = Mine()
        clean = (Path("a.mine").read_bytes(),)
"""

import contextlib
import io
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import MediaError
from kzmark.formats._base import Adapter, Box, Draws, Paints, Patch, Picture, Pictures
from kzmark.formats._film import Films
from kzmark.formats._sound import Sounds
from kzmark.formats._text import Beside, Inscribes, Inscription, Legible, Line
from kzmark.mark import Mark, NoticeRecord, Place, Responsible, System
from kzmark.report import Status
from kzmark.sniff import sniff
from kzmark.vocabulary import Layer, Medium, Operation, SourceType

LIMITS = Limits(max_pixels=4_000_000, max_total_pixels=40_000_000, max_frames=200, max_seconds=5)
INSCRIPTION = Inscription(
    badge="ЖИ · AI",
    lines=(Line("Жасанды интеллект жүйесі жасаған", "kk"), Line("Создано ИИ", "ru")),
    pages="all",
    points=9,
    seconds=4,
    ink=(255, 255, 255),
    ground=(18, 22, 28),
)
_ELSEWHERE = frozenset({Layer.C2PA, Layer.SIDECAR, Layer.NOTICE})  # not the adapter's to read

_ABILITIES: Final[dict[str, type[Any]]] = {
    "beside": Beside,
    "draws": Draws,
    "films": Films,
    "inscribes": Inscribes,
    "legible": Legible,
    "paints": Paints,
    "pictures": Pictures,
    "sounds": Sounds,
}
_NEEDS: Final[dict[Medium, tuple[set[str], ...]]] = {  # any one of the sets is enough
    Medium.IMAGE: ({"pictures", "paints"}, {"pictures", "draws"}),
    Medium.VIDEO: ({"films"},),
    Medium.AUDIO: ({"sounds"},),
    Medium.DOCUMENT: ({"inscribes", "legible"},),
    Medium.TEXT: ({"inscribes", "legible"}, {"beside"}),
}


def example_mark(adapter: Adapter, *, number: int = 1, owner: str = "ТОО Пример") -> Mark:
    """Return a mark that is the same in every run."""
    return Mark(
        mark_id=UUID(int=0x0123456789AB4CDE8F0123456789AB00 + number),
        operation=Operation.CREATED,
        source_type=SourceType.TRAINED,
        medium=adapter.info.medium,
        system=System(name="ImageGen", version="2.1"),
        responsible=Responsible(name=owner),
        created=datetime(2026, 1, 18, 12, tzinfo=UTC),
        profile="kz-2026.1",
        notice=NoticeRecord(
            languages=("kk", "ru"),
            texts=("ЖИ жасаған", "Создано ИИ"),
            places=(Place(box=(1, 1, 8, 8), size=(64, 48)),),
        ),
    )


class AdapterContract:
    """What every adapter keeps. `clean` holds small files of its format without a mark."""

    adapter: ClassVar[Adapter]
    clean: ClassVar[Sequence[bytes]]

    def test_it_is_recognised_by_its_content(self) -> None:
        for data in self.clean:
            found = sniff(io.BytesIO(data), name=f"a{self.adapter.info.extensions[0]}")

            assert found.info.name == self.adapter.info.name

    def test_a_clean_file_has_no_mark(self) -> None:
        for data in self.clean:
            evidence = self.adapter.read(io.BytesIO(data), limits=LIMITS)

            assert {e.layer for e in evidence} >= self._own_layers()
            assert {e.status for e in evidence} <= {Status.ABSENT}

    def test_what_is_written_is_read(self) -> None:
        mark = example_mark(self.adapter)
        for data in self.clean:
            evidence = self.adapter.read(io.BytesIO(self._written(data, mark)), limits=LIMITS)
            found = {e.layer: e.mark for e in evidence if e.layer in self._own_layers()}

            assert found == dict.fromkeys(self._own_layers(), mark)

    def test_writing_twice_equals_writing_once(self) -> None:
        mark = example_mark(self.adapter)
        for data in self.clean:
            once = self._written(data, mark)

            assert self._written(once, mark) == once

    def test_a_new_mark_takes_the_place_of_the_old_one(self) -> None:
        old = example_mark(self.adapter, number=1, owner="Ескі иесі")
        new = example_mark(self.adapter, number=2)
        for data in self.clean:
            written = self._written(self._written(data, old), new)
            evidence = self.adapter.read(io.BytesIO(written), limits=LIMITS)

            assert {e.mark for e in evidence if e.mark} <= {new}
            assert str(old.mark_id).encode() not in written

    def test_sources_stay_open_and_unread_positions_do_not_matter(self) -> None:
        for data in self.clean:
            source = io.BytesIO(data)
            source.seek(3)
            self.adapter.read(source, limits=LIMITS)

            assert not source.closed
            assert source.getvalue() == data

    def test_it_can_do_what_its_medium_asks(self) -> None:
        """Without it the tests below would have nothing to look at."""
        can = {name for name, ability in _ABILITIES.items() if isinstance(self.adapter, ability)}

        assert any(can >= enough for enough in _NEEDS[self.adapter.info.medium]), can

    def test_every_page_is_shown_in_the_size_declared(self) -> None:
        adapter = self.adapter
        if not isinstance(adapter, Pictures) or isinstance(adapter, Draws):
            return
        for data in self.clean:
            sizes = adapter.sizes(io.BytesIO(data), limits=LIMITS)
            shown = list(adapter.pictures(io.BytesIO(data), limits=LIMITS))

            assert shown
            assert {(p.width, p.height) for p in shown} == set(sizes)
            for picture in shown:
                assert picture.pixels.shape[2:] == (3,)
                assert picture.pixels.dtype == np.uint8

    def test_a_patch_stands_on_every_frame_and_page(self) -> None:
        for data in self.clean:
            for picture, box in self._painted(data):
                x, y, width, height = box
                inner = picture.pixels[y + 3 : y + height - 3, x + 3 : x + width - 3]

                assert inner.size
                assert inner[:, : width // 2 - 6].mean() < 70
                assert inner[:, width // 2 + 4 :].mean() > 185

    def test_a_part_is_that_part_of_the_whole(self) -> None:
        adapter = self.adapter
        if not isinstance(adapter, Pictures):
            return
        for data in self.clean:
            for whole in adapter.pictures(io.BytesIO(data), limits=LIMITS):
                within = (whole.width // 3, whole.height // 3, whole.width // 3, whole.height // 3)
                parts = adapter.pictures(io.BytesIO(data), limits=LIMITS, within=within)
                part = next(p for p in parts if p.index == whole.index)
                height, width = part.pixels.shape[:2]

                assert part.x <= within[0]
                assert part.x + width >= within[0] + within[2]
                assert part.y + height >= within[1] + within[3]
                same = whole.pixels[part.y : part.y + height, part.x : part.x + width]
                assert np.array_equal(same, part.pixels)
                break

    def test_a_notice_of_words_is_read_where_it_was_laid_down(self) -> None:
        adapter = self.adapter
        if not isinstance(adapter, Inscribes) or not isinstance(adapter, Legible):
            return
        for data in self.clean:
            leaves = list(adapter.leaves(io.BytesIO(self._inscribed(data)), limits=LIMITS))

            assert leaves
            for leaf in leaves:
                seen = " ".join(p.text for p in leaf.passages if not p.hidden)
                assert all(line.text in seen for line in INSCRIPTION.lines)

    def test_a_notice_of_words_takes_the_place_of_an_earlier_one(self) -> None:
        for data in self.clean:
            once = self._inscribed(data)

            assert self._inscribed(once) == once

    def test_a_file_cut_anywhere_raises_only_media_errors(self) -> None:
        for data in self.clean[:1]:
            whole = self._written(data, example_mark(self.adapter))
            for length in range(0, len(whole), max(37, len(whole) // 120)):
                self._everything(whole[:length])

    def test_a_damaged_file_raises_only_media_errors(self) -> None:
        chance = random.Random(self.adapter.info.name)  # noqa: S311 - the same in every run
        for data in self.clean:
            whole = self._written(data, example_mark(self.adapter))
            for _ in range(40):
                damaged = bytearray(whole)
                for _ in range(chance.randint(1, 6)):
                    damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
                self._everything(bytes(damaged))

    def _own_layers(self) -> frozenset[Layer]:
        return self.adapter.info.layers - _ELSEWHERE

    def _written(self, data: bytes, mark: Mark) -> bytes:
        target = io.BytesIO()
        self.adapter.write(io.BytesIO(data), target, mark, limits=LIMITS)
        return target.getvalue()

    def _painted(self, data: bytes) -> Iterator[tuple[Picture, Box]]:
        adapter = self.adapter
        if not isinstance(adapter, Paints) or not isinstance(adapter, Pictures):
            return
        target = io.BytesIO()
        adapter.paint(io.BytesIO(data), target, half_and_half, limits=LIMITS)
        for picture in adapter.pictures(target, limits=LIMITS):
            yield picture, half_and_half(picture.width, picture.height).box

    def _inscribed(self, data: bytes) -> bytes:
        adapter, target = self.adapter, io.BytesIO()
        if not isinstance(adapter, Inscribes):
            return data
        adapter.inscribe(io.BytesIO(data), target, INSCRIPTION, limits=LIMITS)
        return target.getvalue()

    def _everything(self, data: bytes) -> None:
        """Do everything an adapter can do; only a `MediaError` may come out."""
        adapter = self.adapter
        calls: list[Callable[[], Any]] = [
            lambda: adapter.read(io.BytesIO(data), limits=LIMITS),
            lambda: self._written(data, example_mark(adapter)),
        ]
        if isinstance(adapter, Pictures):
            calls.append(lambda: adapter.sizes(io.BytesIO(data), limits=LIMITS))
            calls.append(lambda: list(adapter.pictures(io.BytesIO(data), limits=LIMITS)))
        if isinstance(adapter, Paints):
            paints = adapter
            calls.append(
                lambda: paints.paint(io.BytesIO(data), io.BytesIO(), half_and_half, limits=LIMITS)
            )
        if isinstance(adapter, Inscribes):
            calls.append(lambda: self._inscribed(data))
        if isinstance(adapter, Legible):
            calls.append(lambda: list(adapter.leaves(io.BytesIO(data), limits=LIMITS)))
        for call in calls:
            with contextlib.suppress(MediaError):
                call()


def half_and_half(width: int, height: int) -> Patch:
    """Return a patch with a black left half and a white right half, in the lower left corner."""
    across, down = max(16, width // 2 // 2 * 2), max(8, height // 4)
    across, down = min(across, width), min(down, height)
    pixels = np.zeros((down, across, 3), np.uint8)
    pixels[:, across // 2 :] = 255
    return Patch(x=min(2, width - across), y=height - down - min(2, height - down), pixels=pixels)
