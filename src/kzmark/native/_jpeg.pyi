from collections.abc import Buffer  # mypy reads it from typeshed on every version

Result = tuple[int, int, bytes, bytes | None]

def splice(
    data: Buffer,
    start: int,
    stop: int,
    frame: tuple[int, int, int],
    components: Buffer,
    huffman: Buffer,
    steps: Buffer,
    pixels: Buffer,
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
