"""Frames of ID3v2.2 as version 2.3 spells them: version 2.2 has no place for private data.

Spec: ID3 tag version 2.2.0, 4; ID3v2.3.0, 4. The names are one to one; only the picture frame is
built in another way. What has no name in 2.3 is kept whole in a private frame.
"""

from typing import Final

_NAMES: Final = {
    "TT1": "TIT1",
    "TT2": "TIT2",
    "TT3": "TIT3",
    "TP1": "TPE1",
    "TP2": "TPE2",
    "TP3": "TPE3",
    "TP4": "TPE4",
    "TCM": "TCOM",
    "TXT": "TEXT",
    "TLA": "TLAN",
    "TCO": "TCON",
    "TAL": "TALB",
    "TPA": "TPOS",
    "TRK": "TRCK",
    "TRC": "TSRC",
    "TYE": "TYER",
    "TDA": "TDAT",
    "TIM": "TIME",
    "TRD": "TRDA",
    "TMT": "TMED",
    "TFT": "TFLT",
    "TBP": "TBPM",
    "TCR": "TCOP",
    "TPB": "TPUB",
    "TEN": "TENC",
    "TSS": "TSSE",
    "TOF": "TOFN",
    "TLE": "TLEN",
    "TSI": "TSIZ",
    "TDY": "TDLY",
    "TKE": "TKEY",
    "TOT": "TOAL",
    "TOL": "TOLY",
    "TOA": "TOPE",
    "TOR": "TORY",
    "TXX": "TXXX",
    "WAF": "WOAF",
    "WAR": "WOAR",
    "WAS": "WOAS",
    "WCM": "WCOM",
    "WCP": "WCOP",
    "WPB": "WPUB",
    "WXX": "WXXX",
    "IPL": "IPLS",
    "MCI": "MCDI",
    "ETC": "ETCO",
    "STC": "SYTC",
    "ULT": "USLT",
    "SLT": "SYLT",
    "COM": "COMM",
    "RVA": "RVAD",
    "EQU": "EQUA",
    "REV": "RVRB",
    "GEO": "GEOB",
    "CNT": "PCNT",
    "POP": "POPM",
    "BUF": "RBUF",
    "CRA": "AENC",
    "UFI": "UFID",
    "MLL": "MLLT",
    "TCP": "TCMP",
    "TS2": "TSO2",
    "TSA": "TSOA",
    "TSC": "TSOC",
    "TSP": "TSOP",
    "TST": "TSOT",
    "PCS": "PCST",
    "GP1": "GRP1",
    "MVN": "MVNM",
    "MVI": "MVIN",
    "TDS": "TDES",
    "TID": "TGID",
    "TCT": "TCAT",
    "TKW": "TKWD",
    "TDR": "TDRL",
    "WFD": "WFED",
}
_TYPES: Final = {b"JPG": b"image/jpeg", b"PNG": b"image/png", b"-->": b"-->"}
_OWNER: Final = "ID3v2.2/"


def renewed(name: str, body: bytes) -> tuple[str, bytes]:
    """Return name and body of a frame in version 2.3."""
    if name == "PIC" and len(body) > 5:
        kind = _TYPES.get(body[1:4].upper(), b"image/" + body[1:4].lower())
        return "APIC", body[:1] + kind + b"\0" + body[4:]
    if name in _NAMES:
        return _NAMES[name], body
    return "PRIV", f"{_OWNER}{name}".encode("ascii") + b"\0" + body
