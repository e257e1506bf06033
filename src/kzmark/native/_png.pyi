from typing_extensions import Buffer  # type checkers bring it along

def splice(
    file: Buffer,
    pieces: Buffer,
    shape: tuple[int, int, int],
    box: tuple[int, int, int, int],
    masks: tuple[int, int],
    full: bool,
    indexed: bool,
    ink: Buffer,
    /,
) -> tuple[int, int, bytes, int] | int: ...
def rows(
    file: Buffer,
    pieces: Buffer,
    shape: tuple[int, int, int],
    first: int,
    last: int,
    width: int,
    whole: bool,
    target: Buffer,
    /,
) -> int: ...
