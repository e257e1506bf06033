"""The sidecar: a JSON file beside a file whose format has no place for the mark.

`{"asset": {"bytes", "name", "sha256"}, "c2pa", "mark", "notice", "schema": 1}`, canonical as the
record is. `notice` stands there only for data that words would break: what a person should be told.
`c2pa` holds, in base64, the C2PA manifest store that signs the very same file; it may be missing.
Decoded, it is what other tools call a `.c2pa` file.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from kzmark import _record
from kzmark._io import sha256
from kzmark._rope import Rope, size_of
from kzmark.errors import RecordError
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

SCHEMA: Final = 1
MAX_SIDECAR: Final = 4 << 20  # bytes; a real one has about six thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What a sidecar holds.

    Attributes:
        mark: The mark.
        name: Name of the file at the time of stamping; a hint, since files are renamed.
        sha256: SHA-256 of the file, 64 hexadecimal digits.
        size: Size of the file, in bytes.
        manifest: The C2PA manifest store of the file, or empty.
        notice: The notice, where the file itself has no place for words; or empty.
    """

    mark: Mark
    name: str
    sha256: str
    size: int
    manifest: bytes = b""
    notice: str = ""

    def __post_init__(self) -> None:
        _record.check_sha256(self.sha256)
        if self.size < 0:
            raise RecordError(f"a file of {self.size} bytes")

    @classmethod
    def of(
        cls,
        mark: Mark,
        data: bytes | Rope,
        *,
        name: str = "",
        manifest: bytes = b"",
        notice: str = "",
    ) -> "Sidecar":
        """Describe a finished file."""
        return cls(
            mark=mark,
            name=_spellable(name),
            sha256=sha256(data),
            size=size_of(data),
            manifest=manifest,
            notice=notice,
        )

    def to_json(self) -> bytes:
        """Return the canonical JSON: UTF-8, keys sorted, no insignificant space."""
        fields: dict[str, Any] = {
            "schema": SCHEMA,
            "asset": {"name": self.name, "sha256": self.sha256, "bytes": self.size},
            "mark": self.mark.to_dict(),
        }
        if self.manifest:
            fields["c2pa"] = base64.b64encode(self.manifest).decode("ascii")
        if self.notice:
            fields["notice"] = self.notice
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Sidecar":
        """Read a sidecar of at most 4 MiB.

        Raises:
            RecordError: If it is not JSON, too long, too deep, or breaks the schema.
        """
        reader = _record.Reader(_record.parse_json(data, limit=MAX_SIDECAR), where="")
        if (schema := reader.take("schema", int)) != SCHEMA:
            raise RecordError(
                f"sidecar schema {schema} is not known here", hint="a newer kzmark may read it"
            )
        asset = reader.nested("asset")
        sidecar = cls(
            mark=Mark.from_dict(reader.take("mark", dict)),
            name=_spellable(asset.take("name", str, default="")),
            sha256=asset.take("sha256", str),
            size=asset.take("bytes", int),
            manifest=_decoded(reader.take("c2pa", str, default="")),
            notice=reader.take("notice", str, default=""),
        )
        asset.finish()
        reader.finish()
        return sidecar


def spell(
    mark: Mark,
    data: bytes | Rope,
    *,
    name: str = "",
    manifest: bytes = b"",
    notice: str = "",
) -> bytes:
    """Return the sidecar of a finished file.

    Args:
        mark: The mark.
        data: The whole file.
        name: Its name.
        manifest: The C2PA manifest store that signs it, if there is one.
        notice: The notice, if the file itself has no place for words.
    """
    return Sidecar.of(mark, data, name=name, manifest=manifest, notice=notice).to_json()


def judge(sidecar: bytes, asset_sha256: str) -> Evidence:
    """Say whether a sidecar is that of a file; never raises for bad bytes.

    Codes: `sidecar.unparsable`, `sidecar.hash-mismatch`. The evidence is declared: what is signed
    is judged by the C2PA reader, on the store that `manifest_of` returns.

    Args:
        sidecar: The whole sidecar.
        asset_sha256: SHA-256 of the file beside it, 64 hexadecimal digits.
    """
    try:
        found = Sidecar.from_json(sidecar)
    except RecordError as error:
        return _broken("sidecar.unparsable", error.message)
    if found.sha256 != asset_sha256:
        return _broken(
            "sidecar.hash-mismatch",
            "the file changed after it was stamped, or the sidecar is another file's",
            name=found.name,
        )
    facts = {"name": found.name, "signed": "yes" if found.manifest else "no"}
    return Evidence(layer=Layer.SIDECAR, status=Status.PRESENT, mark=found.mark, facts=facts)


def manifest_of(sidecar: bytes) -> bytes:
    """Return the C2PA manifest store in a sidecar, or nothing if it cannot be read."""
    try:
        return Sidecar.from_json(sidecar).manifest
    except RecordError:
        return b""


def notice_of(sidecar: bytes) -> str:
    """Return the notice in a sidecar, or nothing if there is none or it cannot be read."""
    try:
        return Sidecar.from_json(sidecar).notice
    except RecordError:
        return ""


def _spellable(name: str) -> str:
    """Return a name that UTF-8 can hold: file systems allow bytes that are no text."""
    return name.encode("utf-8", "backslashreplace").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RecordError("c2pa is not base64") from error


def _broken(code: str, detail: str, *, name: str = "") -> Evidence:
    facts = {"name": name} if name else {}
    return Evidence(
        layer=Layer.SIDECAR, status=Status.BROKEN, code=code, detail=detail, facts=facts
    )
