"""SVG as it is seen: the plate stands where it was asked to, and hostile files cost little."""

import base64
import io
import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont
from tests.formats.test_svg import CLEAN, NS, drawn, plate

from kzmark._limits import DEFAULT_LIMITS as LIMITS
from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Drawing, Rectangle, Words
from kzmark.formats.svg import ADAPTER, render
from kzmark.formats.svg.hush import held_back
from kzmark.notices.letters import face

DARK = (18, 22, 28)
FILTERED = '<rect width="9" height="9" filter="url(#f)"/>'
LAUGHS = "".join(f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, 12))


def seen(data: bytes | str, *, limits: Limits = LIMITS) -> NDArray[np.uint8]:
    source = io.BytesIO(data.encode() if isinstance(data, str) else data)
    (picture,) = ADAPTER.pictures(source, limits=limits)
    assert (picture.height, picture.width, 3) == picture.pixels.shape
    return picture.pixels


def size(root: str) -> tuple[int, int]:
    (found,) = ADAPTER.sizes(io.BytesIO(f"<svg {NS} {root}/>".encode()), limits=LIMITS)
    return found


def assert_plate_in_lower_left_quarter(pixels: NDArray[np.uint8]) -> None:
    height, width = pixels.shape[:2]
    quarter = pixels[height // 2 + 2 : height - 2, 2 : width // 2 - 2]
    dark = (np.abs(quarter.astype(int) - DARK).max(axis=2) < 40).mean()
    white = (quarter.min(axis=2) > 200).mean()
    rest = (*pixels[: height // 2 - 2].reshape(-1, 3)[::7], *pixels[:, width // 2 + 2 :][::7, 0])

    assert dark > 0.6
    assert 0.03 < white < 0.4
    assert min(int(pixel.max()) for pixel in rest) > 60


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ('width="100" height="60"', (100, 60)),
        ('width="100px" height="60.4PX"', (100, 60)),
        ('width="72pt" height="6pc"', (96, 96)),
        ('width="25.4mm" height="2.54cm"', (96, 96)),
        ('width="1in" height="4em"', (96, 64)),
        ('viewBox="0 0 40 30"', (40, 30)),
        ('viewBox="-5,-5 , 40 30" width="100%" height="100%"', (40, 30)),
        ('viewBox="0 0 40 30" width="80"', (80, 60)),
        ('viewBox="0 0 40 30" height="15"', (20, 15)),
        ('viewBox="0 0 40 30" width="50vw" height="auto"', (40, 30)),
        ('viewBox="0 0 40" width="7" height="8"', (7, 8)),
        ('style="width:20px;height: 1in !important" width="7" height="8"', (20, 96)),
        ("", (300, 150)),
        ('width="10"', (10, 150)),
        ('width="0.2" height="0.2"', (1, 1)),
    ],
)
def test_the_displayed_size_follows_css(root: str, expected: tuple[int, int]) -> None:
    assert size(root) == expected


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ('width="100" height="60"', (800, 480)),
        ('width="24" height="24"', (816, 816)),
        ('width="1200" height="10"', (1200, 10)),
        ('width="50000" height="25000"', (2000, 1000)),
        ('width="100000" height="1"', (2000, 1)),
    ],
)
def test_it_is_rendered_large_enough_to_read_and_no_larger(
    root: str, expected: tuple[int, int]
) -> None:
    assert seen(f"<svg {NS} {root}/>").shape[1::-1] == expected


@pytest.mark.parametrize(
    "root",
    [
        'width="900" height="600"',
        'width="90" height="60"',
        'viewBox="0 0 9 6"',
        'viewBox="-1e4 500 900 600"',
        'viewBox="0 0 0.009 0.006" width="300mm" height="200mm"',
        'width="900" height="600" viewBox="0 0 10 10"',
        'width="900" height="600" viewBox="-3 4 10 10" preserveAspectRatio="xMinYMax meet"',
        'width="900" height="600" viewBox="-3 4 10 10" preserveAspectRatio="xMaxYMin slice"',
        'width="900" height="600" viewBox="7 7 1 3" preserveAspectRatio="none"',
        'width="100%" height="600" viewBox="0 0 9 6"',
        "",
    ],
)
def test_the_plate_stands_where_it_was_asked_to_in_the_displayed_picture(root: str) -> None:
    far = 1 if "0.009" in root else 100_000
    ground = f'<rect x="-{far}" y="-{far}" width="{far * 2}" height="{far * 2}" fill="orange"/>'
    data = drawn(f"<svg {NS} {root}>{ground}</svg>")

    assert_plate_in_lower_left_quarter(seen(data))


@pytest.mark.parametrize(
    "css",
    [
        "text{display:none}",
        "tspan{display:none;visibility:hidden;font:1px serif;baseline-shift:900px;fill:none}",
        "text tspan{fill-opacity:0;text-anchor:end;dominant-baseline:hanging;stroke:red}",
        "g{opacity:0} text{font-size:0;letter-spacing:900px}",
        "*{stroke:red;stroke-width:9;clip-path:url(#none)}",
        "#kzmark-notice{visibility:hidden} #kzmark-notice *{fill:none;fill-opacity:0}",
        "rect,text{transform:translate(900px) scale(0);x:-900px;text-anchor:end}",
        "svg > g:last-child, [role=note] {display:none;transform:scale(0)}",
    ],
)
def test_style_sheets_of_the_document_do_not_touch_the_notice(css: str) -> None:
    data = drawn(
        f'<svg {NS} viewBox="0 0 90 60"><style>{css}</style>'
        '<path d="M0 0H90V60H0Z" style="fill:orange"/></svg>'
    )

    assert_plate_in_lower_left_quarter(seen(data))


@pytest.mark.parametrize(
    "root",
    [
        'width="900" height="600"',
        'viewBox="0 0 9 6"',
        'width="900" height="600" viewBox="-3 4 10 10"',
        'width="900" height="600" viewBox="7 7 1 3" preserveAspectRatio="none"',
        'width="900" viewBox="0 0 9 6"',
        'height="600" viewBox="0 0 9 6" preserveAspectRatio="xMinYMin slice"',
    ],
)
def test_a_caption_band_makes_the_picture_higher_and_leaves_it_alone(root: str) -> None:
    shapes = '<circle cx="5" cy="5" r="4" fill="teal"/><circle r="300" fill="#fc0"/>'
    clean = f"<svg {NS} {root}>{shapes}</svg>"
    (width, height), before = size(root), seen(clean)
    rows = height / 4

    data = drawn(clean, grow=rows)

    (grown,) = ADAPTER.sizes(io.BytesIO(data), limits=LIMITS)
    after = seen(data)
    assert grown == (width, round(height + rows))
    scale = after.shape[1] / before.shape[1]
    assert after.shape[0] == pytest.approx(before.shape[0] * scale * 1.25, abs=2)
    band = after[int(after.shape[0] * 0.8) + 2 :]
    assert (np.abs(band.astype(int) - DARK).max(axis=2) < 40).mean() > 0.5
    same = np.asarray(Image.fromarray(before).resize((after.shape[1], int(after.shape[0] * 0.8))))
    assert np.abs(after[: same.shape[0]].astype(int) - same).mean() < 1.5


@pytest.mark.parametrize("form", ["{}", "file://{}", "a.png", "http://localhost:9/a.png"])
@pytest.mark.parametrize("key", ["href", "xlink:href"])
@pytest.mark.parametrize("aspect", ["", ' preserveAspectRatio="xMidYMid meet"'])
def test_no_file_of_the_machine_and_no_address_is_ever_loaded_and_grey_stands_for_it(
    form: str, key: str, aspect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    reference = form.format(tmp_path / "a.png")

    pixels = seen(
        f'<svg {NS} xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 4 4">'
        f'<image {key}="{reference}" width="4" height="2"{aspect}/></svg>'
    )

    assert {tuple(pixel) for pixel in pixels[100:300:50, 10:790:50].reshape(-1, 3)} == {(128,) * 3}
    assert pixels[500:].min() == 255


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_that_the_file_itself_holds_are_seen(kind: str) -> None:
    held = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(held, kind)
    address = "data:image/x;base64," + base64.b64encode(held.getvalue()).decode()

    pixels = seen(
        f'<svg {NS} viewBox="0 0 4 4"><image href="{address}" width="4" height="4"/></svg>'
    )

    assert tuple(int(value > 200) for value in pixels[400, 400]) == (1, 0, 0)


def test_a_picture_of_shapes_inside_is_seen_and_weighed() -> None:
    inner = f"<svg {NS} viewBox='0 0 4 4'><rect width='4' height='4' fill='red'/>%s</svg>"
    whole = (
        '<svg %s viewBox="0 0 4 4"><image href="data:image/svg+xml,%s" width="4" height="4"/></svg>'
    )

    pixels = seen(whole % (NS, (inner % "").replace('"', "%22").replace("<", "%3C")))

    assert tuple(int(value > 200) for value in pixels[400, 400]) == (1, 0, 0)
    bomb = inner % ("<g id='l0'/>" + LAUGHS)
    with pytest.raises(LimitExceededError):
        seen(whole % (NS, bomb.replace('"', "%22").replace("<", "%3C").replace("#", "%23")))


def a_png(width: int, height: int) -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    data += chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "body",
    [
        f'<g id="l0"/>{LAUGHS}',
        '<g id="l0"/>'
        + "".join(f'<g id="l{n}"><use href="#l{n - 1}"/></g>' for n in range(1, 1000)),
        "".join(
            f'<mask id="m{n}">' + f'<rect mask="url(#m{n - 1})"/>' * 4 + "</mask>"
            for n in range(1, 20)
        ),
        f'<image href="{a_png(60_000, 60_000)}"/>',
        f'<image href="{a_png(9_000, 9_000)}"/>',
        f'<image href="{a_png(3_900, 3_900)}"/>' * 20,
    ],
)
def test_a_bomb_is_refused_before_anything_renders_it(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_render_here", None)
    monkeypatch.setattr(render, "_render_apart", None)

    with pytest.raises(LimitExceededError):
        seen(f'<svg {NS} width="100" height="100">{body}</svg>')


@pytest.mark.parametrize(
    "body",
    [
        '<filter id="f"><feConvolveMatrix order="99" kernelMatrix="%s"/></filter>' % ("1 " * 9801)
        + FILTERED,
        f'<filter id="f"><feTurbulence numOctaves="100000"/></filter>{FILTERED}',
        '<g opacity="0.5"><path d="M0 0H999V999Z"/></g>' * 20_000,
        f"<text>{'Ж' * 300_000}</text>",
    ],
)
def test_what_takes_too_long_to_render_is_stopped(body: str) -> None:
    with pytest.raises(LimitExceededError):
        seen(f'<svg {NS} viewBox="0 0 9 9">{body}</svg>', limits=Limits(max_seconds=0.7))


@pytest.mark.parametrize(
    "body",
    [
        '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
        '<pattern id="p"><rect fill="url(#p)" width="9" height="9"/></pattern>',
        '<rect x="1e308" width="1e308" height="-1" transform="scale(1e300)"/>',
        "<svg>" * 120 + "</svg>" * 120,
        '<path d="M0 0' + "L9e99 9" * 99 + '"/><text textLength="-1">a</text>',
        '<image href="data:image/png;base64,!!!!"/><image href="data:,"/>',
        '<filter id="f"><feImage href="#f"/></filter>' + FILTERED,
    ],
)
def test_odd_shapes_are_rendered_or_refused_as_a_file(body: str) -> None:
    try:
        pixels = seen(f'<svg {NS} viewBox="0 0 9 9">{body}</svg>')
    except MediaError:
        return

    assert pixels.size


def test_a_renderer_that_panics_says_so_in_its_error_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    shapes = '<circle cx="160" cy="110" r="2147483648"/><rect width="none" height="240"/>'
    with pytest.raises(MalformedMediaError, match="cannot be rendered"):
        seen(f'<svg {NS} width="320" height="240" viewBox="0 0 320 240">{shapes}</svg>')

    assert capfd.readouterr().err == ""


def test_what_others_say_meanwhile_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="given up"), held_back():
        os.write(2, b"from elsewhere\n")
        os.write(2, b"\nthread '<unnamed>' panicked at x.rs:1\nnote: run with RUST_BACKTRACE\n")
        raise ValueError("given up")

    assert capfd.readouterr().err == "from elsewhere\n"


def test_a_process_apart_shows_the_same_as_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = drawn(CLEAN["flexible"])
    here = seen(data)

    monkeypatch.setattr(render, "_render_here", lambda text: render._render_apart(text, LIMITS))

    assert np.array_equal(seen(data), here)


def test_a_renderer_that_dies_is_told_as_a_file_that_cannot_be_rendered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(MalformedMediaError):
        render._render_apart(b"<svg", LIMITS)
    monkeypatch.setattr(render, "_CHILD", Path("no such file"))
    with pytest.raises(MalformedMediaError):
        render._render_apart(b"<svg", LIMITS)


def test_without_resvg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)

    with pytest.raises(BackendMissingError) as raised:
        seen(CLEAN["flexible"])
    assert "kzmark[svg]" in raised.value.hint


@pytest.mark.parametrize("name", ["flexible", "self-closing", "prefixed", "switch"])
def test_librsvg_shows_the_plate_in_the_same_place(name: str, tmp_path: Path) -> None:
    if not shutil.which("rsvg-convert"):
        pytest.skip("rsvg-convert is not installed")
    (tmp_path / "a.svg").write_bytes(drawn(CLEAN[name]))
    command = ["rsvg-convert", "-w", "400", "--keep-aspect-ratio", "-b", "white", "-o"]
    subprocess.check_call([*command, str(tmp_path / "a.png"), str(tmp_path / "a.svg")])

    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))

    assert_plate_in_lower_left_quarter(pixels)


@pytest.mark.parametrize("css", ["", "text,tspan,g *{font:900px serif!important;display:none}"])
def test_letters_of_a_wide_font_stay_on_the_plate_in_librsvg(css: str, tmp_path: Path) -> None:
    """Librsvg does not know `textLength`: DejaVu Sans is a quarter wider than PT Sans."""
    if not shutil.which("rsvg-convert") or not shutil.which("fc-match"):
        pytest.skip("rsvg-convert or fontconfig is not installed")
    ask = ["fc-match", "-f", "%{family}|%{file}", "DejaVu Sans:width=100"]
    family, _, file = subprocess.check_output(ask, text=True).partition("|")
    if family != "DejaVu Sans":
        pytest.skip("DejaVu Sans is not installed")
    shutil.copy(file, tmp_path)
    fonts = f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>"
    (tmp_path / "fonts.conf").write_text(fonts)
    clean = f'<svg {NS} width="900" height="600"><style>{css}</style></svg>'

    png = subprocess.check_output(
        ["rsvg-convert", "-b", "#12161c"],
        input=drawn_with_natural_width(clean),
        env=os.environ | {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")},
    )

    with Image.open(io.BytesIO(png)) as picture:
        columns = np.flatnonzero((np.asarray(picture.convert("L")) > 100).any(axis=0))
    assert 100 - 8 <= columns[0] <= 100 + 8
    assert 400 - 8 <= columns[-1] <= 400 + 8


def drawn_with_natural_width(clean: str) -> bytes:
    """A line of letters 300 px wide, at the size at which PT Sans takes that width."""
    text = "Создано искусственным интеллектом"
    font = ImageFont.truetype(face(), 1000)
    line = Words(
        text=text, language="ru", x=100, baseline=60, width=300,
        size=300_000 / font.getlength(text), bold=False, fill=(255, 255, 255),
    )  # fmt: skip
    ground = Rectangle(box=(0, 0, 900, 100), fill=(18, 22, 28))
    drawing = Drawing(
        x=0, y=0, width=900, height=100, grow=0, rectangles=(ground,), words=(line,)
    )  # fmt: skip
    target = io.BytesIO()
    ADAPTER.draw(io.BytesIO(clean.encode()), target, lambda *_: drawing, limits=LIMITS)
    return target.getvalue()


def test_a_browser_shows_the_plate_against_the_will_of_the_documents_style(tmp_path: Path) -> None:
    if not shutil.which("chromium"):
        pytest.skip("chromium is not installed")
    css = (
        "*{fill:none!important;opacity:0!important;animation:a 1s infinite!important}"
        "svg,path{opacity:1!important} path{fill:orange!important}"
        "g,text,tspan,rect{display:none!important;transform:scale(0)!important;x:900px!important;"
        "width:0!important;font-size:0!important;clip-path:inset(50%)!important}"
        "@keyframes a{to{opacity:0;visibility:hidden}}"
    )
    data = drawn(
        f'<svg {NS} viewBox="0 0 600 400" width="600" height="400"><style>{css}</style>'
        '<path d="M0 0H600V400H0Z"/></svg>'
    )
    (tmp_path / "a.svg").write_bytes(data)
    shot = tmp_path / "a.png"

    subprocess.check_call(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}", "--window-size=600,400",
            f"--screenshot={shot}", f"file://{tmp_path / 'a.svg'}",
        ],
        stderr=subprocess.DEVNULL,
        timeout=60,
    )  # fmt: skip

    with Image.open(shot) as picture:
        assert_plate_in_lower_left_quarter(np.asarray(picture.convert("RGB"))[:400, :600])


def test_the_plate_of_the_tests_is_half_as_wide_and_high_as_the_picture() -> None:
    assert (plate(90, 60).width, plate(90, 60).height) == (45, 30)
