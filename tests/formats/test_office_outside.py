"""Office files that others made, stamped and verified; and what LibreOffice shows of ours.

The samples are templates of programs and packages that are found installed. LibreOffice takes
seconds for a file: `KZMARK_SOFFICE=1` asks for it.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fixtures import office
from tests.formats.office_samples import changed

import kzmark
from kzmark.errors import UnsupportedMediaError

ENDINGS = {".docx", ".dotx", ".pptx", ".potx", ".xlsx", ".xltx"} | {
    *(".odt", ".ott", ".odp", ".otp", ".ods", ".ots", ".epub")
}
LARGEST = 3_000_000  # bytes: larger ones take their time and show nothing new


def samples() -> Iterator[Path]:
    folders = [Path("/usr/lib/libreoffice/share/template"), Path("/usr/share/doc")]
    for package in ("docx", "pptx", "openpyxl"):
        found = importlib.util.find_spec(package)
        if found and found.origin:
            folders.append(Path(found.origin).parent)
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix in ENDINGS and path.is_file() and path.stat().st_size < LARGEST:
                yield path


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    from kzmark.signing.identity import new_identity

    statement = kzmark.Statement(
        system=kzmark.System(name="TextGen", version="1"),
        responsible=kzmark.Responsible(name="ТОО Пример"),
    )
    return kzmark.Stamper(statement, identity=new_identity(tmp_path_factory.mktemp("id") / "id"))


def test_files_of_other_programs_are_stamped_and_compliant(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    found = list(samples())
    if not found:
        pytest.skip("no program with office templates is installed")
    wrong = {}
    for number, path in enumerate(found):
        target = tmp_path / f"{number}{path.suffix}"
        before = kzmark.verify(path)
        try:
            stamper.stamp(path, target)
        except UnsupportedMediaError:  # a template of styles that has no text
            continue
        report = kzmark.verify(target)
        if report.reason.value != "ok" or before.reason.value != "unmarked":
            wrong[str(path)] = (before.reason.value, report.reason.value)

    assert wrong == {}


MAKERS: dict[str, Callable[[], bytes]] = {
    **{name: make for name, make in office.MAKERS.items() if "epub" not in name},
    "unsized.pptx": lambda: changed(
        office.deck(0),
        {"ppt/presentation.xml": f'<p:presentation xmlns:p="{office.SLIDES}"/>'.encode()},
    ),
}


@pytest.mark.skipif(
    not os.environ.get("KZMARK_SOFFICE") or not shutil.which("soffice"),
    reason="LibreOffice is not installed, or KZMARK_SOFFICE is not set",
)
@pytest.mark.parametrize("name", MAKERS)
def test_libreoffice_shows_the_notice_on_every_page(
    name: str, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    import pypdfium2

    source = tmp_path / name
    source.write_bytes(MAKERS[name]())
    stamper.stamp(source, source)
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=180)
    with pypdfium2.PdfDocument(source.with_suffix(".pdf")) as book:
        texts = [page.get_textpage().get_text_range() for page in book]

    assert texts
    for text in texts:
        assert "системой искусственного интеллекта" in " ".join(text.split())
