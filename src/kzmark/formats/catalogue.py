"""What the built-in adapters declare of themselves, readable without importing one of them.

Importing all adapters to look at four bytes would take longer than stamping a small picture. A test
holds this list equal to the adapters' own declarations.
"""

from typing import Final, NamedTuple


class Row(NamedTuple):
    """One signature of one format: `data[offset:] & mask == magic`."""

    magic: bytes
    name: str
    offset: int = 0
    mask: bytes = b""


EXTENSIONS: Final = {
    "avi": (".avi",),
    "avif": (".avif", ".avifs"),
    "bmp": (".bmp", ".dib"),
    "csv": (".csv", ".tsv"),
    "gif": (".gif",),
    "heic": (".heic", ".heif", ".hif"),
    "html": (".html", ".htm", ".xhtml"),
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "json": (".json", ".jsonl", ".ndjson", ".geojson"),
    "jxl": (".jxl",),
    "markdown": (".md", ".markdown", ".mdown", ".mkd"),
    "matroska": (".mkv",),
    "mov": (".mov", ".qt"),
    "mp4": (".mp4", ".m4v"),
    "pdf": (".pdf",),
    "png": (".png", ".apng"),
    "srt": (".srt",),
    "svg": (".svg",),
    "text": (".txt", ".text", ".asc"),
    "tiff": (".tif", ".tiff"),
    "vtt": (".vtt",),
    "webm": (".webm",),
    "webp": (".webp",),
}
# Formats of plain text have no first bytes of their own: where nothing else fits a text, its name
# decides.
TEXTS: Final = ("csv", "json", "markdown", "srt", "text")
NAMES: Final = tuple(EXTENSIONS)
ROWS: Final = (
    Row(b"RIFF\0\0\0\0AVI ", "avi", 0, b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"),
    Row(b"ftyp", "avif", 4),
    Row(b"BM", "bmp"),
    Row(b"GIF87a", "gif"),
    Row(b"GIF89a", "gif"),
    Row(b"ftyp", "heic", 4),
    Row(b"<", "html"),
    Row(b" ", "html"),
    Row(b"\t", "html"),
    Row(b"\r", "html"),
    Row(b"\n", "html"),
    Row(b"\xef\xbb\xbf", "html"),
    Row(b"\xff\xfe", "html"),
    Row(b"\xfe\xff", "html"),
    Row(b"\xff\xd8\xff", "jpeg"),
    Row(b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    Row(b"\xff\n", "jxl"),
    Row(b"\x1a\x45\xdf\xa3", "matroska"),
    Row(b"ftyp", "mov", 4),
    Row(b"moov", "mov", 4),
    Row(b"wide", "mov", 4),
    Row(b"mdat", "mov", 4),
    Row(b"free", "mov", 4),
    Row(b"skip", "mov", 4),
    Row(b"ftyp", "mp4", 4),
    Row(b"%PDF-", "pdf"),
    Row(b"\x89PNG\r\n\x1a\n", "png"),
    Row(b"<", "svg"),
    Row(b" ", "svg"),
    Row(b"\t", "svg"),
    Row(b"\r", "svg"),
    Row(b"\n", "svg"),
    Row(b"\xef\xbb\xbf", "svg"),
    Row(b"\xff\xfe", "svg"),
    Row(b"\xfe\xff", "svg"),
    Row(b"\0<", "svg"),
    Row(b"\x1f\x8b\x08", "svg"),
    Row(b"II*\0", "tiff"),
    Row(b"MM\0*", "tiff"),
    Row(b"II+\0", "tiff"),
    Row(b"MM\0+", "tiff"),
    Row(b"WEBVTT", "vtt"),
    Row(b"\xef\xbb\xbfWEBVTT", "vtt"),
    Row(b"\x1a\x45\xdf\xa3", "webm"),
    Row(b"RIFF\0\0\0\0WEBP", "webp", 0, b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"),
)
