"""The pipeline that people build by hand: Pillow, exiftool kept open, c2pa-python as it comes."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

from PIL import Image, ImageDraw, ImageFont

_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_TEXT = "ЖИ жасаған\nСоздано ИИ"
_TICK = os.sysconf("SC_CLK_TCK")


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
        with Image.open(source) as image:
            kind, height = image.format, image.height
            options: dict[str, Any] = {"quality": "keep"} if kind == "JPEG" else {}
            pen = ImageDraw.Draw(image)
            font = ImageFont.truetype(_font(), height // 14)
            left, top, right, bottom = pen.textbbox((height // 20, height * 3 // 4), _TEXT, font)
            pen.rectangle((left - 20, top - 20, right + 20, bottom + 20), "#12161C")
            pen.text((height // 20, height * 3 // 4), _TEXT, "white", font)
            image.save(target, kind, **options)

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
        """CPU seconds that exiftool has used, in steps of 10 ms."""
        fields = Path(f"/proc/{self.exiftool.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


def _font() -> str:
    from kzmark.notices import letters

    return str(letters.face())
