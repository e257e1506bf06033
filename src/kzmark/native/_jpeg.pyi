from typing import TypeAlias

from typing_extensions import Buffer  # type checkers bring it along

class Capsule: ...  # tables, a stencil or runs: nothing to look into

Box: TypeAlias = tuple[int, int, int, int]

def tables(records: Buffer, /) -> Capsule: ...
def stencil(
    size: tuple[int, int],
    components: Buffer,
    colours: Buffer,
    pixels: Buffer,
    channels: int,
    box: Box,
    /,
) -> Capsule | int: ...
def runs(stencil: Capsule, tables: Capsule, /) -> Capsule | int: ...
def splice(
    data: Buffer, start: int, stop: int, restart: int, runs: Capsule, /
) -> tuple[int, int, bytes, bytes | None] | int: ...
def region(
    data: Buffer,
    start: int,
    stop: int,
    restart: int,
    size: tuple[int, int],
    components: Buffer,
    tables: Capsule,
    box: Box,
    model: int,
    by: int,
    /,
) -> bytes | int: ...
def scan_end(data: Buffer, at: int, /) -> int: ...
