"""The pipeline that people build by hand: Pillow, exiftool kept open, c2pa-python as it comes."""

import json
import subprocess
from pathlib import Path
from typing import Any, Self

import numpy as np
from benchmarks.clock import cpu_of
from benchmarks.pictures import register_heif
from PIL import Image, ImageDraw, ImageFont

_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_TEXT = "ЖИ жасаған\nСоздано ИИ"


class Naive:
    """Decode, draw, save with Pillow; metadata with exiftool; manifest with c2pa-python's defaults.

    Args:
        identity: Folder with `chain.pem` and `leaf.key`.
    """

    def __init__(self, identity: Path) -> None:
        import c2pa

        self.c2pa: Any = c2pa
        self.exiftool = subprocess.Popen(
            ["exiftool", "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        chain = (identity / "chain.pem").read_bytes()
        key = (identity / "leaf.key").read_bytes()
        info = c2pa.C2paSignerInfo(b"es256", chain, key, None)
        self.signer = c2pa.Signer.from_info(info)
        action = {"action": "c2pa.created", "digitalSourceType": _SOURCE}
        actions = {"label": "c2pa.actions.v2", "data": {"actions": [action]}}
        self.manifest = json.dumps(
            {"claim_generator_info": [{"name": "naive", "version": "1"}], "assertions": [actions]}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.exiftool.stdin
        self.exiftool.stdin.write("-stay_open\nFalse\n")
        self.exiftool.stdin.close()
        self.exiftool.wait()
        assert self.exiftool.stdout
        self.exiftool.stdout.close()

    def stamp(self, source: Path, target: Path) -> None:
        drawn = target.with_name("drawn" + target.suffix)
        self.draw(source, drawn)
        self.tag(drawn)
        target.unlink(missing_ok=True)
        with self.c2pa.Builder(self.manifest) as builder:
            builder.sign_file(str(drawn), str(target), self.signer)
        drawn.unlink()

    def draw(self, source: Path, target: Path) -> None:
        with _opened(source) as image:
            kind, height = image.format, image.height
            pen = ImageDraw.Draw(image)
            font = ImageFont.truetype(_font(), height // 14)
            left, top, right, bottom = pen.textbbox((height // 20, height * 3 // 4), _TEXT, font)
            pen.rectangle((left - 20, top - 20, right + 20, bottom + 20), "#12161C")
            pen.text((height // 20, height * 3 // 4), _TEXT, "white", font)
            _save(image, target, kind)

    def tag(self, path: Path) -> None:
        assert self.exiftool.stdin
        assert self.exiftool.stdout
        words = [
            f"-XMP-iptcExt:DigitalSourceType={_SOURCE}",
            "-XMP-dc:Description=ЖИ жасаған. Создано ИИ",
            "-EXIF:ImageDescription=AI",
            "-EXIF:UserComment=made by ImageGen 2.1",
            "-overwrite_original",
            str(path),
            "-execute",
        ]
        self.exiftool.stdin.write("\n".join(words) + "\n")
        self.exiftool.stdin.flush()
        while "{ready}" not in (line := self.exiftool.stdout.readline()):
            assert line, "exiftool ended"

    def others_cpu(self) -> float:
        """CPU seconds that exiftool has used."""
        return cpu_of(self.exiftool.pid)


def _opened(source: Path) -> Image.Image:
    """Open a picture to draw on; JPEG XL, which Pillow lacks, through imagecodecs."""
    if source.suffix == ".jxl":
        import imagecodecs

        picture = Image.fromarray(np.asarray(imagecodecs.jpegxl_decode(source.read_bytes())))
        picture.format = "JXL"
        return picture
    if source.suffix == ".heic":
        register_heif()
    picture = Image.open(source)
    if picture.mode != "P":
        return picture
    colours = picture.convert("RGB")  # a full palette has no room for the plate
    colours.format = picture.format
    picture.close()
    return colours


def _save(picture: Image.Image, target: Path, kind: str | None) -> None:
    """Save as the library does unasked; a JPEG with its own tables."""
    if kind == "JXL":
        import imagecodecs

        target.write_bytes(
            bytes(imagecodecs.jpegxl_encode(np.asarray(picture), distance=1.0, usecontainer=True))
        )
        return
    options: dict[str, Any] = {"quality": "keep"} if kind == "JPEG" else {}
    picture.save(target, kind, **options)


def _font() -> str:
    from kzmark.notices import letters

    return str(letters.face())
