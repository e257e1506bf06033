"""AVIF, HEIC, JPEG XL and made-up files of items, made here."""

import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Adapter, Patch, Picture, Pictures
from kzmark.formats._bmff.boxes import full, pack

Array = NDArray[np.uint8]
LIMITS = DEFAULT_LIMITS
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="theirs"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def scene(width: int = 160, height: int = 120, seed: int = 0) -> Array:
    """A soft picture with some texture."""
    chance = np.random.default_rng(seed)
    rough = chance.integers(60, 200, (height // 24 + 2, width // 24 + 2, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC))
    return np.clip(soft + chance.normal(0, 2, (height, width, 1)), 0, 255).astype(np.uint8)


def exif(orientation: int = 1, artist: str = "theirs") -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x013B] = artist
    return block.tobytes()


def avif(array: Array | None = None, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(scene() if array is None else array).save(target, "AVIF", **options)
    return target.getvalue()


def moving_avif(count: int = 3, **options: Any) -> bytes:
    first, *others = (Image.fromarray(scene(96, 64, seed)) for seed in range(count))
    target = io.BytesIO()
    first.save(target, "AVIF", save_all=True, append_images=others, **options)
    return target.getvalue()


def heic(*arrays: NDArray[Any], exif_block: bytes = b"", **options: Any) -> bytes:
    import pillow_heif

    file = pillow_heif.HeifFile()
    for array in arrays or (scene(),):
        mode = {2: "L", 3: "RGB", 4: "RGBA"}[array.ndim if array.ndim == 2 else array.shape[2]]
        deep = f";{options.get('bits', 10)}" if array.dtype == np.uint16 else ""
        size = array.shape[1], array.shape[0]
        image = file.add_frombytes(mode + deep, size, np.ascontiguousarray(array).tobytes())
        if deep:
            image.info["bit_depth"] = options.get("bits", 10)
        if exif_block:
            image.info["exif"] = exif_block
    options.pop("bits", None)
    target = io.BytesIO()
    file.save(target, **{"quality": 85, **options})
    return target.getvalue()


def jxl(array: Array | NDArray[Any] | None = None, **options: Any) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpegxl_encode(scene() if array is None else array, **options))


def corner(width: int, height: int) -> Patch:
    """A dark plate with a white bar on its left, in the upper left corner."""
    pixels = np.full((24, min(64, width - 8), 3), (18, 22, 28), np.uint8)
    pixels[6:18, 4:20] = 255
    return Patch(x=8, y=8, pixels=pixels[:, : width - 8])


def band(width: int, height: int) -> Patch:
    """The same as a caption band below the picture."""
    pixels = np.full((24, width, 3), (18, 22, 28), np.uint8)
    pixels[6:18, 4:20] = 255
    return Patch(x=0, y=height, pixels=pixels, grow=24)


def painted(adapter: Any, data: bytes, patch_for: Any = corner) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    notes = adapter.paint(io.BytesIO(data), target, patch_for, limits=LIMITS)
    return target.getvalue(), list(notes)


def written(adapter: Adapter, data: bytes, mark: Any) -> bytes:
    target = io.BytesIO()
    adapter.write(io.BytesIO(data), target, mark, limits=LIMITS)
    return target.getvalue()


def shown(adapter: Pictures, data: bytes) -> list[Picture]:
    return list(adapter.pictures(io.BytesIO(data), limits=LIMITS))


def outside(before: Picture, after: Picture, patch: Patch) -> float:
    """PSNR in dB outside a patch and three pixels around it."""
    rows = slice(0, before.height)
    x, y, width, height = patch.box
    keep = np.ones((before.height, before.width), np.bool_)
    keep[max(y - 3, 0) : y + height + 3, max(x - 3, 0) : x + width + 3] = False
    wrong = before.pixels[keep].astype(np.float64) - after.pixels[rows][keep]
    square = float((wrong**2).mean())
    return 99.0 if not square else float(10 * np.log10(255 * 255 / square))


def inside(after: Picture, patch: Patch) -> float:
    """Mean distance of the pixels under a patch from those of the patch."""
    x, y, width, height = patch.box
    part = after.pixels[y : y + height, x : x + width]
    return float(np.abs(part.astype(int) - patch.pixels).mean())


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def told(data: bytes, path: Path) -> dict[str, str]:
    """What exiftool reads in a file, by group and name."""
    program = tool("exiftool")
    path.write_bytes(data)
    lines = subprocess.run(
        [program, "-s", "-G1", "-a", str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    rows = (line.split(":", 1) for line in lines if ":" in line)
    return {" ".join(name.split()): value.strip() for name, value in rows}


class ItemsFile:
    """A made-up file of items in any of the ways that the standard allows.

    Items 1 to 3 are a picture, EXIF and XMP; they describe item 1. A chunk table may point to the
    picture as well.
    """

    def __init__(
        self,
        *,
        iloc: int = 1,
        base: int = 0,
        base_size: int = 4,
        idat: bool = False,
        infe: int = 2,
        meta_last: bool = False,
        open_end: bool = False,
        large: bool = False,
        chunks: bytes = b"",
        first: int = 1,
    ) -> None:
        self.picture = bytes(range(256)) * 3
        self.exif = b"\0\0\0\0" + exif()[6:]
        self.numbers = (first, first + 1, first + 2)
        self._options = (iloc, base, base_size, idat, infe, meta_last, open_end, large, chunks)

    def build(self) -> bytes:
        data = self._lay_out(0)
        return self._lay_out(data.index(self.picture))

    def _lay_out(self, at: int) -> bytes:
        iloc, base, base_size, idat, infe, meta_last, open_end, large, chunks = self._options
        place = [at, at + len(self.picture), at + len(self.picture) + len(self.exif)]
        sizes = [len(self.picture), len(self.exif), len(PACKET)]
        stored = self.exif + PACKET if idat else b""
        body = self.picture + (b"" if idat else self.exif + PACKET)
        if idat:
            place[1:] = [0, len(self.exif)]
        wide = 4 if iloc == 2 else 2
        rows = []
        for index, number in enumerate(self.numbers):
            method = int(idat and index > 0)
            own = base if base_size and not method else 0
            head = [number.to_bytes(wide, "big"), method.to_bytes(2, "big") if iloc else b""]
            head += [b"\0\0", own.to_bytes(base_size, "big"), b"\0\1"]
            start = (place[index] - own) % (1 << 32)
            rows += [*head, start.to_bytes(4, "big"), sizes[index].to_bytes(4, "big")]
        count = len(self.numbers).to_bytes(wide, "big")
        places = full(b"iloc", iloc, 0, bytes([0x44, base_size << 4]), count, *rows)
        name = 4 if infe == 3 else 2
        kinds = ((b"hvc1", b""), (b"Exif", b""), (b"mime", b"application/rdf+xml\0"))
        entries = [
            full(b"infe", infe, 0, n.to_bytes(name, "big"), b"\0\0", kind, b"\0", more)
            for n, (kind, more) in zip(self.numbers, kinds, strict=True)
        ]
        links = [
            pack(b"cdsc", n.to_bytes(4, "big"), b"\0\1", self.numbers[0].to_bytes(4, "big"))
            for n in self.numbers[1:]
        ]
        meta = full(
            b"meta",
            0,
            0,
            full(b"hdlr", 0, 0, b"\0\0\0\0pict" + bytes(13)),
            full(b"pitm", 1, 0, self.numbers[0].to_bytes(4, "big")),
            places,
            full(b"iinf", 0, 0, (3).to_bytes(2, "big"), *entries),
            full(b"iref", 1, 0, *links),
            pack(b"idat", stored) if idat else b"",
            pack(b"free", b"keep me"),
        )
        mdat = pack(b"mdat", body)
        if large:
            mdat = (1).to_bytes(4, "big") + b"mdat" + (16 + len(body)).to_bytes(8, "big") + body
        if open_end:
            mdat = bytes(4) + b"mdat" + body
        moov = b""
        if chunks:
            wide_chunk = 8 if chunks == b"co64" else 4
            table = full(chunks, 0, 0, (1).to_bytes(4, "big"), at.to_bytes(wide_chunk, "big"))
            for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
                table = pack(kind, table)
            moov = table
        ftyp = pack(b"ftyp", b"heic\0\0\0\0mif1heic")
        parts: Sequence[bytes] = [ftyp, moov, meta, pack(b"uuid", bytes(16), b"theirs"), mdat]
        if meta_last:
            parts = [ftyp, moov, mdat, meta]
        return b"".join(parts)
