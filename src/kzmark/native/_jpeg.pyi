from typing import TypeAlias

from typing_extensions import Buffer  # type checkers bring it along

Result: TypeAlias = tuple[int, int, bytes, bytes | None]

def splice(
    data: Buffer,
    start: int,
    stop: int,
    frame: tuple[int, int, int],
    components: Buffer,
    huffman: Buffer,
    steps: Buffer,
    colours: Buffer,
    pixels: Buffer,
    channels: int,
    box: tuple[int, int, int, int],
    /,
) -> Result | int: ...
def crop(
    data: Buffer,
    start: int,
    stop: int,
    frame: tuple[int, int, int],
    components: Buffer,
    huffman: Buffer,
    units: tuple[int, int, int, int],
    /,
) -> Result | int: ...
def scan_end(data: Buffer, at: int, /) -> int: ...
