"""WebM: Matroska for the web, with VP8, VP9 or AV1. Spec: WebM container guidelines."""

from dataclasses import replace

from kzmark.formats.matroska import Matroska


class WebM(Matroska):
    """WebM films."""

    info = replace(
        Matroska.info, name="webm", title="WebM films", mime="video/webm", extensions=(".webm",)
    )
    doc_type = b"webm"


ADAPTER = WebM()
