"""What one picture is measured against, each peer defined once.

Whole stamps: kzmark, and the pipeline people build by hand (`naive`). The notice alone: kzmark's
painting, the format's own library, OpenCV, ffmpeg's drawtext. The limits: SHA-256 with reading and
writing the same file, and copying its bytes or pixels in memory. Every peer lays a plate of the
same place and size, except drawtext, which draws its own.
"""

import hashlib
import io
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from benchmarks.clock import Work
from benchmarks.naive import Naive
from benchmarks.pictures import KINDS, SIZES, encoded, register_heif
from PIL import Image

import kzmark
from kzmark import formats
from kzmark.formats._base import Paints, Patch
from kzmark.notices import letters

STAMP, STRIP, BY_HAND = "stamp", "stamp with strip", "by hand"
PAINT, LIBRARY, OPENCV, DRAWTEXT = "paint", "library", "opencv", "drawtext"
FILE, COPY_FILE, COPY_PIXELS = "file", "copy of file", "copy of pixels"

_OPENCV: dict[str, list[str]] = {  # the source's own quality, by names of OpenCV's flags
    "jpeg": ["IMWRITE_JPEG_QUALITY=90"],
    "jpeg444": [
        "IMWRITE_JPEG_QUALITY=95",
        "IMWRITE_JPEG_SAMPLING_FACTOR=IMWRITE_JPEG_SAMPLING_FACTOR_444",
    ],
    "png": [],
}
_IN_A_ROW = 6, 2  # pictures in each turn by those who take milliseconds, and by others
_LIBRARY: dict[str, dict[str, Any]] = {  # as kzmark asks its coders, so that what remains is ours
    "jpeg": {"quality": "keep"},
    "jpeg444": {"quality": "keep"},
    "png": {},
    "webp": {"quality": 85, "method": 2},
    "avif": {"quality": 90, "subsampling": "4:2:0", "speed": 8},
    "tiff": {},
    "gif": {},
    "heic": {"quality": 70, "chroma": 420, "enc_params": {"preset": "medium"}},
    "jxl": {"distance": 0.5, "effort": 5},
}


@dataclass(frozen=True)
class Case:
    """One picture on the desk: its file, and the plate that kzmark would lay on it."""

    kind: str
    size: str
    source: Path
    data: bytes
    patch: Patch
    stamper: kzmark.Stamper

    @classmethod
    def of(cls, kind: str, size: str, folder: Path, stamper: kzmark.Stamper) -> Self:
        """Put a picture into a folder."""
        source = folder / f"in{KINDS[kind].suffix}"
        data = encoded(kind, size)
        source.write_bytes(data)
        plan = stamper.plan(source)
        assert plan is not None
        return cls(kind, size, source, data, plan.patch(*SIZES[size]), stamper)

    @property
    def megapixels(self) -> float:
        width, height = SIZES[self.size]
        return width * height / 1e6

    def output(self, name: str) -> Path:
        return self.source.with_name(name + self.source.suffix)


def works(case: Case, naive: Naive | None) -> dict[str, Work]:
    """Return every peer that can do this picture on this machine, by name."""
    quick, slow = _IN_A_ROW if case.kind in _OPENCV else (1, 1)
    found = {
        STAMP: Work(partial(stamp, case), in_a_row=quick),
        PAINT: Work(partial(paint, case), in_a_row=quick),
        LIBRARY: Work(partial(library, case), in_a_row=slow),
        FILE: Work(partial(hashed_copy, case), in_a_row=quick),
    }
    if naive:
        by_hand = partial(naive.stamp, case.source, case.output("by-hand"))
        found[BY_HAND] = Work(by_hand, naive.others_cpu, slow)
    if case.kind == "png":
        strip = partial(stamp, replace(case, stamper=_strip(case)), "strip")
        found[STRIP] = Work(strip, in_a_row=quick)
    if case.kind in _OPENCV:
        pixels = np.asarray(Image.open(io.BytesIO(case.data)))
        there, of_file = np.empty_like(pixels), bytearray(len(case.data))
        found[OPENCV] = Work(partial(opencv, case))
        found[COPY_PIXELS] = Work(partial(np.copyto, there, pixels))
        found[COPY_FILE] = Work(partial(_copy, of_file, case.data))
        if shutil.which("ffmpeg"):
            found[DRAWTEXT] = Work(partial(drawtext, case))
    return found


def stamp(case: Case, name: str = "stamped") -> Path:
    """Return a whole stamp: both halves, signed, checked, safe on disk, in the audit log."""
    target = case.output(name)
    case.stamper.stamp(case.source, target, overwrite=True)
    return target


def paint(case: Case) -> bytes:
    """Return the notice alone by kzmark, from memory to memory."""
    adapter = formats.adapter("jpeg" if case.kind == "jpeg444" else case.kind)
    assert isinstance(adapter, Paints)
    target = io.BytesIO()
    adapter.paint(io.BytesIO(case.data), target, lambda *_: case.patch, limits=case.stamper.limits)
    return target.getvalue()


def library(case: Case) -> bytes:
    """Return the notice alone by the format's library: decode, paste, encode."""
    options = _LIBRARY[case.kind]
    plate = Image.fromarray(case.patch.pixels)
    if case.kind == "jxl":
        import imagecodecs

        pixels = np.array(imagecodecs.jpegxl_decode(case.data))
        x, y, width, height = case.patch.box
        pixels[y : y + height, x : x + width] = case.patch.pixels
        return bytes(imagecodecs.jpegxl_encode(pixels, **options))
    if case.kind == "heic":
        register_heif()
    target = io.BytesIO()
    with Image.open(io.BytesIO(case.data)) as image:
        if image.mode == "P":
            plate = plate.quantize(palette=image)
        image.paste(plate, (case.patch.x, case.patch.y))
        image.save(target, image.format, **options)
    return target.getvalue()


def opencv(case: Case) -> bytes:
    """Return the notice alone by OpenCV, from memory to memory."""
    import cv2

    pixels = cv2.imdecode(np.frombuffer(case.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    x, y, width, height = case.patch.box
    pixels[y : y + height, x : x + width] = case.patch.pixels[..., ::-1]
    flags = [getattr(cv2, name, name) for one in _OPENCV[case.kind] for name in one.split("=")]
    done, packed = cv2.imencode(case.source.suffix, pixels, [int(flag) for flag in flags])
    assert done
    return bytes(packed)


def drawtext(case: Case) -> Path:
    """Return the notice alone by ffmpeg: a process a picture, two lines of words on boxes."""
    target = case.output("drawtext")
    height = SIZES[case.size][1]
    style = f"fontfile={letters.face()}:fontsize={height // 14}:fontcolor=white:box=1"
    style += f":boxcolor=0x12161C:boxborderw={height // 50}:x={height // 20}"
    lines = [
        f"drawtext={style}:text={words}:y={height // 20 + line * height // 10}"
        for line, words in enumerate(("ЖИ жасаған", "Создано ИИ"))
    ]
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", str(case.source)]
    command += ["-vf", ",".join(lines), "-frames:v", "1", "-update", "1", "-q:v", "2", str(target)]
    subprocess.run(command, check=True)
    return target


def hashed_copy(case: Case) -> str:
    """Return the SHA-256 of the file, copied safely: read, hash, write, fsync, rename."""
    data = case.source.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    temporary, target = case.output("copy-tmp"), case.output("copy")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
    return digest


def _strip(case: Case) -> kzmark.Stamper:
    """Return a stamper like that of the case, whose plate is a strip of full width."""
    given = case.stamper
    log = case.source.with_name("strip.jsonl")
    return kzmark.Stamper(
        given.statement, identity=given.identity, corner="bottom-strip", audit=log
    )


def _copy(there: bytearray, data: bytes) -> None:
    there[:] = data
