"""What the notes of a stamping mean, in words; their codes stay for `--json`."""

from collections.abc import Iterator, Sequence
from typing import Final

SENTENCES: Final = {
    "auxiliary-image-dropped": "depth or another auxiliary picture was left out",
    "bit-depth-reduced": "the picture has 8 bits now",
    "bmp-palette-expanded": "a palette without room for the notice became true colour",
    "bmp-rle-expanded": "run lengths became plain rows",
    "c2pa-parent-broken": "the manifest it came with does not fit it; it is kept as the parent",
    "clean-aperture-applied": "the picture was cut to its clean aperture",
    "colour-type-raised": "a palette without room for the notice became true colour, exactly",
    "cuesheet-off-sectors": "the tracks of the cue sheet begin at no sector of a disc any more",
    "digest-did-not-fit": "the MD5 in the source was not that of its samples; the new one is",
    "earlier-words-kept": "other words, spoken earlier, are heard behind the new ones",
    "encoded-lossless": "a lossy picture was encoded without loss",
    "exif-thumbnail-dropped": "a preview without the notice was left out of the EXIF block",
    "extension-differs": "the name has the extension of another format, as it had before",
    "extra-channels-dropped": "channels beside colour and transparency were left out",
    "film-fragments-joined": "a film in fragments has one index now; its packets are the same",
    "film-reencoded": "the whole picture of the film was encoded again",
    "film-without-sound": "there is no sound to speak over: the notice is seen only",
    "gain-map-dropped": "a gain map, which could brighten the notice, was left out",
    "gif-colours-merged": "the rarest colours of a full table were merged to make room",
    "heif-thumbnail-dropped": "a thumbnail without the notice was left out",
    "idot-dropped": "Apple's offsets for parallel decoding no longer held and were left out",
    "jfif-thumbnail-dropped": "a preview without the notice was left out of the JFIF header",
    "jpeg-reconstruction-dropped": "what would rebuild the JPEG without the notice was left out",
    "mpf-dropped": "further pictures behind the first were left out",
    "notice-in-sidecar": "the file stays as it is; mark and notice stand in the sidecar",
    "notice-place-kept": "the notice stands where the old one did, which it has to cover",
    "notice.tone-only": "a signal stands in for the words: a weak notice",
    "notice.without-kk": "the notice does not speak Kazakh, as was asked for",
    "odf.manifest-inside": "the manifest stands in the package; LibreOffice opens no such file",
    "odp.slide-added": "there was no slide, so one was added that holds the notice",
    "orientation-normalised": "the pixels were turned upright",
    "pdf.archival-attachment": "the file says it is of a kind of PDF/A that allows no manifest",
    "pdf.linearisation-lost": "it was made for fast web view; it opens as any other now",
    "pdf.page-enlarged": "a page without room for the notice grew by a band at its top",
    "pdf.signature-outdated": "a signature covers the document as it was before the notice",
    "peaks-dropped": "a table of peaks that no longer held was left out",
    "photoshop-thumbnail-dropped": "a preview without the notice left the Photoshop block",
    "pptx.slide-added": "there was no slide, so one was added that holds the notice",
    "preview-dropped": "a preview without the notice was left out",
    "sound-encoded-again": "the sound, which words cannot be joined to, was encoded again",
    "source-type-replaced": "another's statement that the file is not synthetic gave way",
    "svg.now-utf-8": "the file is UTF-8 now",
    "svg.percent-lengths": "lengths in per cent follow the grown picture",
    "svg.window-may-crop": "a window of another shape may crop the notice",
    "text.encoding-changed": "the file is UTF-8 now",
    "text.normalised": "letters spelled in parts are one character now (Unicode NFC)",
    "tiff-jpeg-reencoded": "parts of the picture under the notice were encoded again",
    "tiff-layers-dropped": "Photoshop layers, which lack the notice, were left out",
    "tiff-page-recompressed": "a page was written with another compression",
    "tiff-palette-expanded": "a palette without room for the notice became true colour",
    "tiff-thumbnail-dropped": "a reduced page without the notice was left out",
    "time-reference-kept": "the time of day of the first sample is too early to be moved",
    "time-table-dropped": "a table of which byte is heard when no longer held and was left out",
    "times-not-shifted": "a tag names times in a form that cannot be moved; they are as before",
    "trailer-dropped": "media behind the end of the picture were left out",
    "trailing-data-kept": "bytes behind the end were kept as they were",
    "xmp-thumbnail-dropped": "a preview without the notice was left out of the XMP packet",
}


def told(codes: Sequence[str]) -> Iterator[str]:
    """Yield each note once, in words with its code behind them; a strange code stands alone."""
    for code in dict.fromkeys(codes):
        words = SENTENCES.get(code)
        yield f"{words} ({code})" if words else code
