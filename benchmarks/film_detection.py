"""How reliably the notice of films is found, and what does not pass for one.

    python -m benchmarks.film_detection FOLDER [--clips 60] [--unmarked 200] [--jobs 2]

FOLDER holds pictures, and perhaps films, of any kind. Clips of 2.4 s are made of the pictures (a
camera that moves over them, cuts, grain), in several sizes, codecs and placements; each is stamped,
and judged as made, with its mark and blind. Then it is encoded anew, whereby its mark is lost:
H.264 at crf 28 and 35, 720 and 480 rows; and judged with the record that it had, and blind. Plain
clips of other pictures, and the films of the folder, are judged blind, as made and at crf 32.

The table counts right answers. Every wrong one is listed below it. Nothing here runs in the tests.
"""

import argparse
import io
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from benchmarks.detection import KINDS, WORDS
from PIL import Image, ImageDraw, ImageFont

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._film import Films
from kzmark.mark import Mark
from kzmark.notices import film as films
from kzmark.notices import letters
from kzmark.profile import load
from kzmark.report import Status
from kzmark.signing.identity import Identity, new_identity, open_identity
from kzmark.sniff import sniff

FILMS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi")
SIZES = ((1920, 1080), (1280, 720), (854, 480), (1080, 1920), (1440, 1080), (640, 360))
CODECS = (("mp4", "libx264"), ("mp4", "libx265"), ("webm", "libvpx-vp9"), ("mov", "libx264"))
PLACEMENTS = ("full", "intro", "intro+repeat")
CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right", "bottom-strip")
WAYS = {"crf 28": (28, 0), "crf 35": (35, 0), "720 rows": (23, 720), "480 rows": (23, 480)}
FRAMES, RATE = 60, 25
PROFILE = load()
Row = tuple[str, bool, str]  # what was judged, whether rightly, what was said


def camera(paths: list[Path], size: tuple[int, int], seed: int) -> Iterator[Any]:
    """Yield frames of a camera over pictures: cuts, grain, words that are no notice."""
    chance = random.Random(seed)
    noise = np.random.default_rng(seed).normal(0, chance.choice((0, 3, 8)), (size[1], size[0], 1))
    cut = chance.randrange(15, 50)
    pictures = [opened(path, size, chance) for path in paths]
    for index in range(FRAMES):
        picture = pictures[(index >= cut) % len(pictures)]
        room = picture.shape[1] - size[0], picture.shape[0] - size[1]
        x, y = (int(one * index / FRAMES) for one in room)
        part = picture[y : y + size[1], x : x + size[0]].astype(np.int16)
        grain = np.roll(noise, index * 7, axis=0).astype(np.int16)
        yield np.clip(part + grain, 0, 255).astype(np.uint8)


def opened(path: Path, size: tuple[int, int], chance: random.Random) -> Any:
    with Image.open(path) as image:
        image.draft("RGB", size)
        whole = image.convert("RGB")
    scale = max(size[0] / whole.width, size[1] / whole.height) * chance.uniform(1.02, 1.3)
    grown = whole.resize((round(whole.width * scale) + 1, round(whole.height * scale) + 1))
    if chance.random() < 0.4:
        pen = ImageDraw.Draw(grown)
        height = size[1] // chance.randrange(12, 30)
        for row in range(3):
            place = grown.width // 9, grown.height * (row + 1) // 5
            font = ImageFont.truetype(letters.face(bold=row == 1), height)
            pen.text(place, chance.choice(WORDS), fill=(250, 250, 245), font=font)
    return np.asarray(grown)


def encoded(
    frames: Iterator[Any], size: tuple[int, int], container: str, codec: str, crf: int
) -> bytes:
    """Return a film of frames: arrays, or frames of another film."""
    fast = {"preset": "ultrafast"} if "264" in codec or "265" in codec else {"cpu-used": "8"}
    options = {"crf": str(crf), **fast}
    if codec == "libx265":
        options["x265-params"] = "log-level=none"
    if codec == "libvpx-vp9":
        options |= {"deadline": "realtime", "b": "0"}
    target = io.BytesIO()
    with av.open(target, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=RATE, options=options)
        stream.width, stream.height = size[0] // 2 * 2, size[1] // 2 * 2
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 24
        for index, one in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(one, "rgb24") if isinstance(one, np.ndarray) else one
            frame = frame.reformat(stream.width, stream.height, "yuv420p")
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, RATE), 0
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return target.getvalue()


def again(data: bytes, crf: int, rows: int) -> bytes:
    """Return a film encoded anew, as a service does to whom it is handed."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        width, height = stream.codec_context.width, stream.codec_context.height
        share = min(1.0, rows / min(width, height)) if rows else 1.0
        size = round(width * share), round(height * share)
        return encoded(container.decode(stream), size, "mp4", "libx264", crf)


def seen(data: bytes, mark: Mark | None) -> tuple[Status, str]:
    """Return what is seen in a film of which only the pictures count."""
    adapter = sniff(io.BytesIO(data))
    assert isinstance(adapter, Films)
    film = adapter.film(io.BytesIO(data), limits=DEFAULT_LIMITS)

    def stills(times: Any, keys: bool) -> Any:  # noqa: FBT001 - as `films.find` calls it
        source = io.BytesIO(data)
        return adapter.stills(source, times, limits=DEFAULT_LIMITS, keys=keys, film=film)

    found = films.find(stills, film, profile=PROFILE, mark=mark, limits=DEFAULT_LIMITS)
    return found.status, f"{found.code} {found.detail}"


def marked(number: int, *, paths: list[Path], folder: Path) -> list[Row]:
    """Stamp one clip, and judge it in all ways."""
    size = SIZES[number % len(SIZES)]
    container, codec = CODECS[number % len(CODECS)]
    plain = encoded(camera(paths, size, number), size, container, codec, 18)
    stamper = kzmark.Stamper(
        kzmark.Statement(system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="A")),
        identity=identity(folder),
        placement=PLACEMENTS[number % len(PLACEMENTS)],
        corner=CORNERS[number % len(CORNERS)],
    )
    target = folder / f"{number}.{container}"
    stamped = stamper.stamp(plain, target, overwrite=True)
    data = target.read_bytes()
    report = kzmark.verify(target)
    name = f"{number} {size[0]}x{size[1]} {codec} {stamper.style.placement}"
    rows = [("as made: compliant", report.verdict.value == "compliant", f"{name}: {report}")]
    ways = {"as made": data} | {way: again(data, *how) for way, how in WAYS.items()}
    for way, changed in ways.items():
        for told, mark in (("with its record", stamped.mark), ("blind", None)):
            status, detail = seen(changed, mark)
            rows.append((f"{way}: {told}", status is Status.PRESENT, f"{name}: {detail}"))
    target.unlink()
    return rows


def unmarked(number: int, *, paths: list[Path], **_: Any) -> list[Row]:
    """Judge one clip that nobody stamped."""
    size = SIZES[number % len(SIZES)]
    plain = encoded(camera(paths, size, number), size, "mp4", "libx264", (18, 32)[number % 2])
    status, detail = seen(plain, None)
    return [("no notice: made here", status is Status.ABSENT, f"{paths[0].name}: {detail}")]


def foreign(path: Path) -> list[Row]:
    """Judge a film of somebody else's."""
    try:
        status, detail = seen(path.read_bytes(), None)
    except kzmark.errors.KzmarkError as error:
        return [("no notice: films of others, refused", True, f"{path.name}: {error}")]
    return [("no notice: films of others", status is Status.ABSENT, f"{path.name}: {detail}")]


def identity(folder: Path) -> Identity:
    return open_identity(folder / "id", create=True, organisation="A")


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--unmarked", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args(words)
    every = sorted(path for path in chosen.folder.rglob("*") if path.suffix.lower() in KINDS)
    random.Random(1).shuffle(every)
    count = chosen.clips + chosen.unmarked
    pairs = [every[2 * n % len(every) :][:2] for n in range(count)]
    others = sorted(path for path in chosen.folder.rglob("*") if path.suffix.lower() in FILMS)
    begun, good, done, wrong = time.perf_counter(), Counter[str](), Counter[str](), []
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(chosen.jobs) as pool,
    ):
        new_identity(Path(folder) / "id", organisation="A")
        work = [
            pool.submit(partial(kind, number, paths=pairs[number], folder=Path(folder)))
            for kind, numbers in (
                (marked, range(chosen.clips)),
                (unmarked, range(chosen.clips, count)),
            )
            for number in numbers
        ]
        for one in [*work, *(pool.submit(foreign, path) for path in others)]:
            for what, right, told in one.result():
                done[what] += 1
                good[what] += right
                wrong += [] if right else [f"{what}: {told}"]
    print(f"{datetime.now(UTC):%-d %B %Y}, {time.perf_counter() - begun:.0f} s\n")
    print("| film | judged | right |\n| --- | ---: | ---: |")
    for what in done:
        print(f"| {what} | {done[what]} | {good[what]} ({good[what] / done[what]:.1%}) |")
    print("", *wrong, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
