"""Words at another rate, for codecs that store less than is heard."""

import numpy as np

from kzmark.formats._audio.backend import load, reading
from kzmark.formats._sound import Samples


def resampled(words: Samples, rate: int, wanted: int) -> Samples:
    """Return samples at another rate; at the same rate they come back as they are.

    Args:
        words: (frames, channels).
        rate: Samples a second.
        wanted: The same afterwards.
    """
    if rate == wanted or not len(words):
        return words
    columns = [_one(words[:, channel], rate, wanted) for channel in range(words.shape[1])]
    return np.stack(columns, axis=1)


def _one(wave: "np.ndarray", rate: int, wanted: int) -> "np.ndarray":
    with reading("notice"):
        av = load()
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(wave[None], np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = rate
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=wanted)
        parts = [*resampler.resample(frame), *resampler.resample(None)]
        found: np.ndarray = np.concatenate([part.to_ndarray()[0] for part in parts])
        return found
