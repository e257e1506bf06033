"""Films that once did what no film may do: each was found by `make fuzz`, or by a user."""

import io
from pathlib import Path

import numpy as np
import pytest
from tests.formats.test_films import LIMITS, burnt, films, made

from kzmark._rope import Rope
from kzmark.errors import MediaError
from kzmark.formats._narration import Listen, Narration
from kzmark.formats._sound import Sound

REGRESSIONS = Path(__file__).parents[2] / "fixtures" / "regression"


def silence(sound: Sound, listen: Listen) -> Narration:
    del listen
    words = np.zeros((sound.rate // 4, sound.channels), np.float32)
    return Narration(words=words, gain=np.ones(len(words), np.float32))


def test_a_cluster_that_is_broken_behind_the_words_is_the_fault_of_the_film() -> None:
    data = (REGRESSIONS / "broken-cluster.mkv").read_bytes()

    with pytest.raises(MediaError):
        films(data).narrate(io.BytesIO(data), Rope(), silence, limits=LIMITS)


@pytest.mark.parametrize("scale", [0, 1 << 31, (1 << 32) - 1])
def test_a_clock_that_no_library_counts_by_is_refused(scale: int) -> None:
    data = bytearray(made("h264.mp4"))
    at = data.index(b"mdhd") + 16
    data[at : at + 4] = scale.to_bytes(4, "big")

    with pytest.raises(MediaError):
        burnt(bytes(data), (0.0, 0.5))
