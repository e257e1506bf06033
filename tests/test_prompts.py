"""A prompt that came with a file is told of: in the places where generators leave it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import kzmark
from kzmark import prompts
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

SETTINGS = "a caravan\nNegative prompt: rain\nSteps: 20, Sampler: Euler a"
GRAPH = '{"3": {"inputs": {"text": "a caravan"}}}'


def picture(kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 120, 150)).save(target, kind, **options)
    return target.getvalue()


def with_text(name: str, text: str) -> bytes:
    chunks = PngInfo()
    chunks.add_text(name, text)
    return picture("PNG", pnginfo=chunks)


def with_exif(kind: str, tag: int, value: str | bytes, *, inner: bool = False) -> bytes:
    exif = Image.Exif()
    (exif.get_ifd(0x8769) if inner else exif)[tag] = value
    return picture(kind, exif=exif)


PROMPTED: dict[str, Callable[[], bytes]] = {
    "AUTOMATIC1111, PNG": lambda: with_text("parameters", SETTINGS),
    "ComfyUI, PNG": lambda: with_text("workflow", GRAPH),
    "NovelAI, PNG": lambda: with_text("Comment", '{"prompt": "a caravan", "steps": 28}'),
    "AUTOMATIC1111, JPEG": lambda: with_exif(
        "JPEG", 0x9286, b"UNICODE\0" + SETTINGS.encode("utf-16-be"), inner=True
    ),
    "ComfyUI, WebP": lambda: with_exif("WEBP", 0x0110, f"prompt:{GRAPH}"),
}


@pytest.mark.parametrize("who", PROMPTED)
def test_a_prompt_that_came_with_the_file_is_told_of(who: str, tmp_path: Path) -> None:
    stamper = kzmark.Stamper(
        kzmark.Statement(
            system=kzmark.System(name="ImageGen"),
            responsible=kzmark.Responsible(name="ТОО Пример"),
        ),
        identity=tmp_path / "identity",
    )

    done = stamper.stamp(PROMPTED[who]())

    assert "prompt-kept" in done.notes


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"Comment": "taken promptly: at dusk"},
        {"Title": "Negative prompts are no fun"},
        {"Software": "GIMP 2.10", "UserComment": "steps: 20 to the river"},
    ],
)
def test_words_that_are_no_prompt_are_none(facts: dict[str, str]) -> None:
    piece = Evidence(layer=Layer.TEXT, status=Status.ABSENT, facts=facts)

    assert not prompts.kept([piece])
