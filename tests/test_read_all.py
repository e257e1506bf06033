"""Reading a whole source: all of it up to the limit, whatever it says of its size."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from kzmark._io import read_all
from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import LimitExceededError

LIMITS = replace(DEFAULT_LIMITS, max_bytes=100)


class Understated(io.BufferedReader):
    """A stream that says it is shorter than it is, as a file that grows while it is read."""

    def __init__(self, data: bytes, said: int) -> None:
        super().__init__(io.BytesIO(data))
        self._said = said

    def seek(self, offset: int, whence: int = 0, /) -> int:
        found = super().seek(offset, whence)
        return self._said if whence == io.SEEK_END else found


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_file_within_the_limit_comes_whole(tmp_path: Path, size: int) -> None:
    (tmp_path / "x").write_bytes(bytes(range(size)))

    with (tmp_path / "x").open("rb") as stream:
        stream.read(7)

        assert read_all(stream, limits=LIMITS) == bytes(range(size))


@pytest.mark.parametrize("said", [0, 10, 100, 1_000])
@pytest.mark.parametrize("size", [0, 1, 10, 11, 99, 100])
def test_what_a_stream_says_of_its_size_cuts_nothing(size: int, said: int) -> None:
    data = bytes(range(size))

    assert read_all(Understated(data, said), limits=LIMITS) == data


@pytest.mark.parametrize("said", [0, 100, 101, 500])
def test_one_byte_over_the_limit_is_refused(said: int) -> None:
    with pytest.raises(LimitExceededError, match="over the limit"):
        read_all(Understated(bytes(101), said), limits=LIMITS)
