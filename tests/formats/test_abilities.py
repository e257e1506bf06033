"""Which adapter can do what: the contract looks at an ability only where there is one."""

from typing import Any, Final

from kzmark.formats import NAMES, adapter
from kzmark.formats._base import Conceals, Confirms, Draws, Paints, Pictures, Probes
from kzmark.formats._film import Films
from kzmark.formats._sound import Sounds, Unsays
from kzmark.formats._text import Beside, Impresses, Inscribes, Legible

KINDS: Final[dict[str, type[Any]]] = {
    "beside": Beside,
    "conceals": Conceals,
    "confirms": Confirms,
    "draws": Draws,
    "films": Films,
    "impresses": Impresses,
    "inscribes": Inscribes,
    "legible": Legible,
    "paints": Paints,
    "pictures": Pictures,
    "probes": Probes,
    "sounds": Sounds,
    "unsays": Unsays,
}
ABILITIES: Final = {
    "aac": "confirms probes sounds unsays",
    "aiff": "sounds unsays",
    "avi": "films",
    "avif": "confirms paints pictures",
    "bmp": "confirms paints pictures",
    "csv": "beside",
    "docx": "confirms impresses inscribes legible probes",
    "epub": "confirms inscribes legible probes",
    "flac": "confirms probes sounds unsays",
    "gif": "paints pictures",
    "heic": "confirms paints pictures",
    "html": "confirms inscribes legible",
    "jpeg": "paints pictures",
    "json": "beside",
    "jxl": "confirms paints pictures",
    "m4a": "confirms probes sounds unsays",
    "markdown": "inscribes legible",
    "matroska": "confirms films",
    "mov": "confirms films",
    "mp3": "confirms sounds unsays",
    "mp4": "confirms films",
    "odp": "confirms inscribes legible probes",
    "ods": "confirms inscribes legible probes",
    "odt": "confirms inscribes legible probes",
    "ogg": "confirms sounds",
    "pdf": "inscribes legible",
    "png": "paints pictures",
    "pptx": "confirms impresses inscribes legible probes",
    "srt": "inscribes legible",
    "svg": "conceals confirms draws pictures",
    "text": "inscribes legible",
    "tiff": "paints pictures",
    "vtt": "confirms inscribes legible",
    "wav": "sounds unsays",
    "webm": "confirms films",
    "webp": "paints pictures",
    "xlsx": "confirms impresses inscribes legible probes",
}


def test_every_adapter_can_do_what_the_table_says_and_nothing_besides() -> None:
    found = {
        name: " ".join(n for n, kind in KINDS.items() if isinstance(adapter(name), kind))
        for name in NAMES
    }

    assert found == ABILITIES
