"""The folder of an identity: four files that appear together or not at all.

| file        | what                                                     |
|-------------|----------------------------------------------------------|
| `chain.pem` | the signing certificate, then those that issued it       |
| `leaf.key`  | its private key, mode 0600                               |
| `root.pem`  | the private root: give it to those who verify            |
| `root.key`  | the key of the root, mode 0600: renews the certificate   |
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kzmark import _system
from kzmark._io import sync_folder
from kzmark._temporary import require_room
from kzmark.errors import IdentityError

CHAIN: Final = "chain.pem"
KEY: Final = "leaf.key"
ROOT: Final = "root.pem"
ROOT_KEY: Final = "root.key"
VARIABLE: Final = "KZMARK_IDENTITY"
_OURS: Final = frozenset({CHAIN, KEY, ROOT, ROOT_KEY})


class TakenError(IdentityError):
    """There is an identity in the folder already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "there is an identity already",
            source=str(folder),
            hint="use it, or give --replace (replace=True): the old one is then kept beside it",
        )


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the identity is kept unless an option says otherwise.

    `KZMARK_IDENTITY`, else `kzmark/identity` in `XDG_CONFIG_HOME`, `%APPDATA%` or `~/.config`.
    """
    if chosen := environment.get(VARIABLE):
        return Path(chosen)
    base = environment.get("APPDATA" if _system.WINDOWS else "XDG_CONFIG_HOME")
    return Path(base or _system.home() / ".config") / "kzmark" / "identity"


def holds_identity(folder: Path) -> bool:
    """Say whether a folder holds an identity, whole or not."""
    try:
        return any((folder / name).exists() for name in (CHAIN, KEY))
    except PermissionError:  # there is something; whoever reads it tells why not
        return True


def create(folder: Path, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Put the files of an identity into `folder`, all at once.

    They are written beside it and renamed into place, so two processes that do this at the same
    time end with one whole identity; the other gets the error. An identity that is replaced is
    kept under the name `<folder>.<time>.old`: signatures made with its key may still need it.

    Raises:
        IdentityError: If there is one already and `replace` is false, the folder holds other
            files, or the disk refuses.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _staged(folder.parent, files) as staged, _moved_away(folder, replace=replace):
            staged.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise IdentityError(
            f"cannot be written: {error.strerror or error}",
            source=str(folder),
            hint="name a folder that can be written to: --identity DIR, or KZMARK_IDENTITY, for "
            "signing; --dir DIR for `kzmark identity`",
        ) from error


def replace_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace an identity by one that differs in `files` alone."""
    kept = {name: (folder / name).read_bytes() for name in _OURS if (folder / name).is_file()}
    create(folder, {**kept, **files}, replace=True)


@contextlib.contextmanager
def _staged(parent: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    require_room(parent)
    staged = Path(tempfile.mkdtemp(dir=parent, prefix=".kzmark-identity-"))  # mode 0700
    try:
        for name, data in files.items():
            mode = 0o600 if name.endswith(".key") else 0o644
            handle = os.open(staged / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


@contextlib.contextmanager
def _moved_away(folder: Path, *, replace: bool) -> Iterator[None]:
    """Make room at `folder`; put back what stood there if the block fails."""
    present = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if foreign := present - _OURS:
        raise IdentityError(
            f"the folder holds other files, such as {min(foreign)}",
            source=str(folder),
            hint="give an empty or new folder",
        )
    if present and not replace:
        raise TakenError(folder)
    if not present:
        with contextlib.suppress(OSError):
            folder.rmdir()  # Windows cannot rename over an empty folder
        try:
            yield
        except OSError as error:
            if holds_identity(folder):  # somebody else was first
                raise TakenError(folder) from error
            raise
        return
    old = folder.with_name(f"{folder.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.old")
    try:
        folder.rename(old)
        yield
    except BaseException:  # Ctrl-C too; what has its name by then is in the way, and stays
        with contextlib.suppress(OSError):
            old.rename(folder)
        raise
