"""How reliably the notice is found, and what does not pass for one: a table over real pictures.

    python benchmarks/detection.py FOLDER [--limit 300] [--unmarked 3000] [--jobs 2]

FOLDER holds pictures of any kind, in any depth. Each is stamped in memory (corner, operation and
languages take turns), changed in the ways of `plate_edits`, and searched: with its record, and
blind as after metadata were stripped. Then the plain pictures, random parts of them, and pages of
text drawn here (Kazakh and Russian, dark plates with light words) are searched blind.

The table counts: `found` where the notice must count as perceivable, `fooled` where it must not.
Pictures whose capitals fall under the profile's least height when halved are left out of that row.
Every failure is listed below the table. Nothing here runs in the tests.
"""

import argparse
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from benchmarks.plate_edits import HINDERING, KIND, cropped
from PIL import Image, ImageDraw, ImageFont

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import KzmarkError
from kzmark.formats._base import Box, Picture, Pixels
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.notices import image, letters
from kzmark.notices.style import NoticeStyle
from kzmark.profile import load
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Medium, Operation, SourceType

PROFILE = load()
KINDS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp")
LANGUAGES = (("kk", "ru"), ("kk", "ru"), ("kk", "ru", "en"))
WORDS = (
    "Жасанды интеллект жүйесі туралы заң қабылданды",
    "Система искусственного интеллекта создала изображение",
    "ЖИ және AI: не өзгерді, что изменилось",
    "Создано пользователем, изменено редактором",
    "AI-generated content must be marked",
    "ЖИ",
    "AI",
    "Файл  Түзету  Көрініс  Анықтама",
)


@dataclass
class Table:
    done: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def note(self, row: str, *, good: bool, seconds: float, what: str) -> None:
        self.done[row] += 1
        self.good[row] += good
        self.seconds[row].append(seconds)
        if not good:
            self.failures.append(f"{row}: {what}")

    def merge(self, other: "Table") -> None:
        self.done += other.done
        self.good += other.good
        self.failures += other.failures
        for row, seconds in other.seconds.items():
            self.seconds[row] += seconds

    def __str__(self) -> str:
        lines = [f"{'':44}{'right':>7}{'of':>7}{'share':>9}{'median ms':>11}{'worst ms':>10}"]
        for row, done in self.done.items():
            spent = np.array(self.seconds[row]) * 1e3
            share = self.good[row] / done
            lines.append(
                f"{row:44}{self.good[row]:7}{done:7}{share:9.2%}{np.median(spent):11.1f}"
                f"{spent.max():10.0f}"
            )
        return "\n".join(lines)


def stamped(pixels: Pixels, turn: int, languages: tuple[str, ...]) -> tuple[Pixels, Mark, Box]:
    """Return a picture with its plate, its mark, and the plate's box."""
    height, width = pixels.shape[:2]
    corners = list(type(PROFILE.corner))
    style = NoticeStyle(
        profile=PROFILE,
        operation=list(Operation)[turn % 2],
        languages=languages,
        corner=corners[turn % len(corners)],
    )
    form = image.form_for([(width, height)], style)
    patch = image.patch_for(style, form)(width, height)
    out = np.zeros((height + patch.grow, width, 3), np.uint8)
    out[:height] = pixels
    x, y, across, down = patch.box
    out[y : y + down, x : x + across] = patch.pixels
    notice = NoticeRecord(
        languages=style.languages,
        texts=image.texts(style, form),
        places=image.places([(width, height)], style, form),
    )
    mark = Mark(
        mark_id=UUID(int=turn),
        operation=style.operation,
        source_type=SourceType.TRAINED,
        medium=Medium.IMAGE,
        system=System(name="bench"),
        responsible=Responsible(name="bench"),
        created=datetime(2026, 1, 1, tzinfo=UTC),
        profile=PROFILE.name,
        notice=notice,
    )
    return out, mark, patch.box


def look(pixels: Pixels, mark: Mark | None) -> tuple[Evidence, float]:
    height, width = pixels.shape[:2]
    picture = Picture(index=0, width=width, height=height, pixels=pixels)
    start = time.perf_counter()
    evidence = image.find([picture], profile=PROFILE, mark=mark, limits=DEFAULT_LIMITS)
    return evidence, time.perf_counter() - start


def tried(path: Path, turn: int, parts: int, side: int, every: int) -> Table:
    """Run everything on one picture."""
    import cv2

    cv2.setNumThreads(1)  # one process a core already
    table = Table()
    pixels = opened(path, side if turn % 20 else 8000)
    if pixels is None:
        return table
    rng = np.random.default_rng(turn)
    marked(table, path.name, pixels, turn, rng, hinder=turn % every == 0)
    unmarked(table, path.name, pixels, parts, rng)
    return table


def opened(path: Path, side: int) -> Pixels | None:
    """Return a picture over white, at most so many pixels long, or nothing if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as opened_image:
                opened_image.thumbnail((side, side), Image.Resampling.LANCZOS)
                rgba = opened_image.convert("RGBA")
                white = Image.new("RGBA", rgba.size, "white")
                return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def marked(
    table: Table,
    name: str,
    pixels: Pixels,
    turn: int,
    rng: np.random.Generator,
    *,
    hinder: bool,
) -> None:
    try:
        # hindered blind, English could go unmissed: nothing but the record asks for it
        languages = LANGUAGES[0] if hinder else LANGUAGES[turn % len(LANGUAGES)]
        whole, mark, box = stamped(pixels, turn, languages)
    except KzmarkError:
        table.note("no room for a notice", good=True, seconds=0, what=name)
        return
    expect(table, "as stamped", whole, mark, name)
    expect(table, "as stamped, blind", whole, None, name)
    facts = look(whole, mark)[0].facts
    cap = float(facts["cap_px"])
    least = PROFILE.image.min_cap * (1 - PROFILE.image.tolerance)
    for row, edit in KIND.items():
        if (row == "resized 0.5" and cap / 2 < least) or (
            row == "resized 2.0" and whole.size > 40_000_000
        ):
            continue
        changed = edit(whole, box, cap)
        expect(table, row, changed, mark, name)
        expect(table, f"{row}, blind", changed, None, name)
    part = cropped(whole, box, rng)
    expect(table, "cropped around the plate", part, mark, name)
    expect(table, "cropped around the plate, blind", part, None, name)
    if not hinder:
        return
    core = around(facts["box"], cap, whole)
    for row, edit in HINDERING.items():
        refuse(table, row, edit(whole, core, cap), mark, name)
    refuse(table, "wrong operation in the record", whole, other(mark), name)


def around(measured: str, cap: float, pixels: Pixels) -> Box:
    """Return the box of badge and letters, as measured, with the plate around them."""
    x, y, width, height = map(int, measured.split(","))
    pad = int(0.5 * cap)
    left, top = max(0, x - pad), max(0, y - pad)
    right = min(pixels.shape[1], x + width + pad)
    bottom = min(pixels.shape[0], y + height + pad)
    return left, top, right - left, bottom - top


def other(mark: Mark) -> Mark:
    """Return the same mark with the other operation and its words."""
    operation = next(word for word in Operation if word is not mark.operation)
    languages = mark.notice.languages
    texts = tuple(PROFILE.wording(name, operation).short for name in languages)
    record = mark.to_dict() | {"operation": operation.value}
    record["notice"]["texts"] = list(texts)
    return Mark.from_dict(record)


def expect(table: Table, row: str, pixels: Pixels, mark: Mark | None, name: str) -> None:
    evidence, spent = look(pixels, mark)
    good = evidence.status is Status.PRESENT
    table.note(row, good=good, seconds=spent, what=_told(name, pixels, evidence))


def refuse(table: Table, row: str, pixels: Pixels, mark: Mark, name: str) -> None:
    for suffix, record in (("", mark), (", blind", None)):
        if record is None and row == "wrong operation in the record":
            continue
        evidence, spent = look(pixels, record)
        good = evidence.status in {Status.BROKEN, Status.ABSENT}
        told = _told(name, pixels, evidence)
        table.note(f"hindered: {row}{suffix}", good=good, seconds=spent, what=told)


def unmarked(table: Table, name: str, pixels: Pixels, parts: int, rng: np.random.Generator) -> None:
    height, width = pixels.shape[:2]
    clear(table, "unmarked", pixels, name)
    for number in range(parts):
        size = [int(side * rng.uniform(0.2, 0.9)) for side in (width, height)]
        if min(size) < 32:
            continue
        left, top = (
            int(rng.integers(0, s - w)) for s, w in zip((width, height), size, strict=True)
        )
        part = pixels[top : top + size[1], left : left + size[0]]
        clear(table, "unmarked part", part, f"{name} part {number}")


def clear(table: Table, row: str, pixels: Pixels, name: str) -> None:
    evidence, spent = look(pixels, None)
    good = evidence.status is Status.ABSENT
    table.note(row, good=good, seconds=spent, what=_told(name, pixels, evidence))


def page(number: int) -> Pixels:
    """Draw a page of Kazakh, Russian and English words, boxes and dark plates."""
    rng = np.random.default_rng(number)
    width, height = (int(side) for side in rng.integers(300, 1600, 2))
    light = bool(rng.integers(0, 2))
    sheet = Image.new("RGB", (width, height), "white" if light else (24, 26, 30))
    draw = ImageDraw.Draw(sheet)
    size = int(rng.integers(9, 60))
    font = ImageFont.truetype(letters.face(bold=bool(rng.integers(0, 2))), size)
    for top in range(size, height, int(size * rng.uniform(1.2, 2.2))):
        text = " ".join(rng.choice(WORDS, 6))
        left = int(rng.integers(0, width // 3))
        dark = bool(rng.integers(0, 4) == 0)
        if dark:
            draw.rectangle((left - 8, top - 4, width * 0.8, top + size + 6), fill=(18, 22, 28))
        fill = "white" if dark or not light else (20, 20, 20)
        draw.text((left, top), text, fill=fill, font=font)
    return np.asarray(sheet)


def paged(numbers: range) -> Table:
    table = Table()
    for number in numbers:
        clear(table, "unmarked page of text", page(number), f"page {number}")
    return table


def _told(name: str, pixels: Pixels, evidence: Evidence) -> str:
    size = f"{pixels.shape[1]}x{pixels.shape[0]}"
    return f"{name} {size}: {evidence.status.value} {evidence.code} {evidence.detail}"


def chosen(folder: Path, limit: int, seed: int) -> list[Path]:
    """Return pictures of every sub-folder in turn, so that no source outweighs the others."""
    by_folder: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in KINDS and path.is_file() and not path.is_symlink():
            by_folder[path.relative_to(folder).parents[-2]].append(path)
    rng = np.random.default_rng(seed)
    rows = [[paths[i] for i in rng.permutation(len(paths))] for paths in by_folder.values()]
    turns = (row[i] for i in range(max(map(len, rows), default=0)) for row in rows if i < len(row))
    return list(_first(turns, limit))


def _first(paths: Iterator[Path], limit: int) -> Iterator[Path]:
    seen: set[tuple[int, bytes]] = set()
    for path in paths:
        if len(seen) >= limit:
            return
        key = path.stat().st_size, path.read_bytes()[:65536]
        if key not in seen:
            seen.add(key)
            yield path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=300, help="pictures that are taken")
    parser.add_argument("--unmarked", type=int, default=3000, help="unmarked pictures, about")
    parser.add_argument("--side", type=int, default=2000, help="19 of 20 pictures are shrunk to it")
    parser.add_argument("--hinder-every", type=int, default=4, help="which pictures are hindered")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    paths = chosen(args.folder, args.limit, args.seed)
    parts = max(0, args.unmarked * 2 // 3 // max(1, len(paths)))
    pages = range(args.unmarked // 3)
    table = Table()
    with ProcessPoolExecutor(args.jobs) as pool:
        blocks = [pages[i : i + 50] for i in range(0, len(pages), 50)]
        how = parts, args.side, args.hinder_every
        waiting = [pool.submit(tried, path, turn, *how) for turn, path in enumerate(paths)]
        waiting += [pool.submit(paged, block) for block in blocks]
        for number, future in enumerate(waiting):
            table.merge(future.result())
            print(f"\r{number + 1}/{len(waiting)}", end="", file=sys.stderr)
    print(f"\n{table}\n")
    print("\n".join(table.failures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
