"""Previews: they change no judgement, and show the picture or the part that was looked at."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kzmark
from kzmark import pipeline, preview
from kzmark._io import sha256
from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats import all_adapters
from kzmark.formats._base import Picture, Pictures
from kzmark.formats._small import Glances
from kzmark.paths import subject_of
from kzmark.policy import ARTICLE_21
from kzmark.preview import Preview
from kzmark.profile import DEFAULT, load

FIXTURES = Path(__file__).parents[1] / "fixtures"
PICTURES = (".avif", ".bmp", ".gif", ".heic", ".jpg", ".jxl", ".png", ".svg", ".tiff", ".webp")
FILES = sorted(
    path
    for folder in ("clean", "marked", "tampered", "bad")
    for path in (FIXTURES / folder).iterdir()
    if path.suffix in PICTURES
)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_preview_changes_nothing_in_the_report(path: Path) -> None:
    plain, shown = kzmark.verify(path), kzmark.verify(path, preview=64)

    assert shown == plain
    assert shown.to_dict() == plain.to_dict()
    assert plain.preview == b""
    if shown.evidence and path.name != "bomb.png":
        assert max(opened(shown.preview).size) <= 64


@pytest.mark.parametrize("path", sorted((FIXTURES / "marked").glob("*.jpg")), ids=lambda p: p.name)
def test_a_marked_jpeg_is_shown_whole_and_upright(path: Path) -> None:
    small = opened(kzmark.verify(path, preview=160).preview).convert("RGB")
    subject = subject_of(path, limits=DEFAULT_LIMITS)
    assert isinstance(subject.adapter, Pictures)
    (whole,) = subject.adapter.pictures(subject.stream, limits=DEFAULT_LIMITS)
    wanted = Image.fromarray(np.ascontiguousarray(whole.pixels)).resize(
        small.size, Image.Resampling.BOX
    )

    difference = np.asarray(small, np.float32) - np.asarray(wanted, np.float32)
    assert abs(small.width / small.height - whole.width / whole.height) < 0.05
    assert float(np.abs(difference).mean()) < 12


@pytest.mark.parametrize("side", [1, 7, 64, 5_000])
@pytest.mark.parametrize("name", ["photo.jpg", "turned-6.jpg", "grey.jpg", "cmyk.jpg"])
def test_a_glance_is_large_enough_and_as_displayed(name: str, side: int) -> None:
    subject = subject_of(FIXTURES / "clean" / name, limits=DEFAULT_LIMITS)
    assert isinstance(subject.adapter, Glances)
    assert isinstance(subject.adapter, Pictures)
    ((width, height),) = subject.adapter.sizes(subject.stream, limits=DEFAULT_LIMITS)

    pixels = subject.adapter.glance(subject.stream, side, limits=DEFAULT_LIMITS)

    assert pixels.shape[2] == 3
    assert max(pixels.shape[:2]) >= min(side, max(width, height))
    assert (pixels.shape[1] > pixels.shape[0]) == (width > height)


def test_a_picture_too_costly_to_decode_shows_the_part_that_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preview, "_MOST_PIXELS", 10)
    path = FIXTURES / "marked" / "photo.png"

    seen = opened(kzmark.verify(path, preview=64).preview)

    with Image.open(path) as whole:
        assert abs(seen.width / seen.height - whole.width / whole.height) > 0.2


def test_what_passes_a_preview_is_what_came() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pictures = [
        Picture(index=0, width=8, height=8, pixels=pixels, x=2),
        Picture(index=1, width=4, height=4, pixels=pixels + 200),
        Picture(index=2, width=4, height=4, pixels=pixels),
    ]
    small = Preview(4)

    passed = list(small.watched(iter(pictures)))

    assert all(one is other for one, other in zip(passed, pictures, strict=True))
    assert np.asarray(opened(small.encoded())).mean() > 150  # the first whole one


def test_a_preview_of_nothing_is_empty_and_one_of_no_size_is_refused() -> None:
    assert Preview(64).encoded() == b""
    with pytest.raises(ValueError, match="0 pixels"):
        Preview(0)


def test_a_file_is_hashed_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(data: bytes) -> str:
        asked.append(len(data))
        return sha256(data)

    monkeypatch.setattr("kzmark.subject.sha256", counted)
    path = FIXTURES / "marked" / "photo.bmp"  # its sidecar names the hash too

    judged = pipeline.verify(
        subject_of(path, limits=DEFAULT_LIMITS),
        policy=ARTICLE_21,
        profile=load(DEFAULT),
        limits=DEFAULT_LIMITS,
    )

    assert asked == [path.stat().st_size]
    assert judged.verdict is kzmark.Verdict.COMPLIANT


def test_every_adapter_that_glances_shows_pictures() -> None:
    glancing = [adapter for adapter in all_adapters() if isinstance(adapter, Glances)]

    assert glancing
    assert all(isinstance(adapter, Pictures) for adapter in glancing)
