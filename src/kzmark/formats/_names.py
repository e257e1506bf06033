"""Namespaces of the XML in office documents and books, and the prefix that each usually has."""

from typing import Final

_OOXML: Final = "http://schemas.openxmlformats.org/"
_STRICT: Final = "http://purl.oclc.org/ooxml/"
_ODF: Final = "urn:oasis:names:tc:opendocument:xmlns:"

WORD: Final = _OOXML + "wordprocessingml/2006/main"
DRAWING: Final = _OOXML + "drawingml/2006/main"
SLIDES: Final = _OOXML + "presentationml/2006/main"
SHEETS: Final = _OOXML + "spreadsheetml/2006/main"
RELATIONS: Final = _OOXML + "officeDocument/2006/relationships"
PACKAGE_RELATIONS: Final = _OOXML + "package/2006/relationships"
CONTENT_TYPES: Final = _OOXML + "package/2006/content-types"
CUSTOM: Final = _OOXML + "officeDocument/2006/custom-properties"
VARIANTS: Final = _OOXML + "officeDocument/2006/docPropsVTypes"
STRICT: Final = {
    _STRICT + "wordprocessingml/main": WORD,
    _STRICT + "drawingml/main": DRAWING,
    _STRICT + "presentationml/main": SLIDES,
    _STRICT + "spreadsheetml/main": SHEETS,
    _STRICT + "officeDocument/relationships": RELATIONS,
    _STRICT + "officeDocument/customProperties": CUSTOM,
    _STRICT + "officeDocument/docPropsVTypes": VARIANTS,
}
ODF: Final = {
    name: _ODF + said
    for name, said in {
        "office": "office:1.0",
        "text": "text:1.0",
        "style": "style:1.0",
        "table": "table:1.0",
        "draw": "drawing:1.0",
        "fo": "xsl-fo-compatible:1.0",
        "svg": "svg-compatible:1.0",
        "presentation": "presentation:1.0",
        "meta": "meta:1.0",
        "manifest": "manifest:1.0",
        "config": "config:1.0",
    }.items()
}
DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"
OPF: Final = "http://www.idpf.org/2007/opf"
XHTML: Final = "http://www.w3.org/1999/xhtml"
EPUB: Final = "http://www.idpf.org/2007/ops"
NCX: Final = "http://www.daisy.org/z3986/2005/ncx/"
CONTAINER: Final = _ODF + "container"

_USUAL: Final = {
    WORD: "w",
    DRAWING: "a",
    SLIDES: "p",
    SHEETS: "x",
    RELATIONS: "r",
    PACKAGE_RELATIONS: "rel",
    CONTENT_TYPES: "ct",
    CUSTOM: "cust",
    VARIANTS: "vt",
    _OOXML + "package/2006/metadata/core-properties": "cp",
    _OOXML + "drawingml/2006/wordprocessingDrawing": "wp",
    _STRICT + "drawingml/wordprocessingDrawing": "wp",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    DUBLIN_CORE: "dc",
    OPF: "opf",
    XHTML: "h",
    EPUB: "epub",
    NCX: "ncx",
    CONTAINER: "oc",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://www.w3.org/1999/xlink": "xlink",
    **{uri: name for name, uri in ODF.items()},
}
PREFIXES: Final = _USUAL | {strict: _USUAL[usual] for strict, usual in STRICT.items()}
