"""Pictures and marks for the tests of notices."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from kzmark.formats._base import Pixels
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.notices import image
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile, load
from kzmark.vocabulary import Corner, Medium, Operation, SourceType

Texture = Callable[[int, int], Pixels]
MakeStyle = Callable[..., NoticeStyle]
Stamp = Callable[..., tuple[Pixels, Mark]]


@pytest.fixture(scope="session")
def profile() -> Profile:
    return load()


@pytest.fixture(scope="session")
def texture() -> Texture:
    """Smooth hills of colour with grain: neither flat nor full of edges."""

    def make(width: int, height: int) -> Pixels:
        rng = np.random.default_rng(width * 10_007 + height)
        coarse = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        hills = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 6, (height, width, 3))
        return np.clip(np.asarray(hills) + grain, 0, 255).astype(np.uint8)

    return make


@pytest.fixture(scope="session")
def style(profile: Profile) -> MakeStyle:
    def make(
        *,
        corner: Corner = Corner.BOTTOM_LEFT,
        languages: tuple[str, ...] = ("kk", "ru"),
        operation: Operation = Operation.CREATED,
        profile: Profile = profile,
    ) -> NoticeStyle:
        return NoticeStyle(profile=profile, operation=operation, languages=languages, corner=corner)

    return make


@pytest.fixture(scope="session")
def stamp() -> Stamp:
    return stamped


def stamped(
    pixels: Pixels, style: NoticeStyle, *, cover: image.Cover | None = None
) -> tuple[Pixels, Mark]:
    """Lay a plate on pixels, as an adapter does, and make the mark that says so."""
    height, width = pixels.shape[:2]
    sizes, cover = [(width, height)], cover or {}
    form = image.form_for(sizes, style, cover=cover)
    patch = image.patch_for(style, form, cover=cover)(width, height)
    out = np.zeros((height + patch.grow, width, 3), np.uint8)
    out[:height] = pixels
    x, y, across, down = patch.box
    out[y : y + down, x : x + across] = patch.pixels
    notice = NoticeRecord(
        languages=style.languages,
        texts=image.texts(style, form),
        places=image.places(sizes, style, form, cover=cover),
    )
    return out, mark_of(style, notice)


def mark_of(style: NoticeStyle, notice: NoticeRecord) -> Mark:
    return Mark(
        mark_id=UUID(int=1),
        operation=style.operation,
        source_type=SourceType.TRAINED,
        medium=Medium.IMAGE,
        system=System(name="painter"),
        responsible=Responsible(name="ТОО Пример"),
        created=datetime(2026, 1, 18, tzinfo=UTC),
        profile=style.profile.name,
        notice=notice,
    )
