"""Progress of one film: frames a second and time left on a terminal; it ends when asked to stop."""

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kzmark.batch import Stop

_FORMAT: Final = (
    "{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} frames, {rate_fmt}, {remaining} left"
)


class Frames:
    """Hears how far the work on films is, in the threads that do it.

    Args:
        stop: Once somebody has asked, the work on every film ends at its next frame: it may last
            for hours, and nothing of it has a name yet.
        drawn: Whether to draw a bar, if stderr is a terminal: for a run of one file.
    """

    def __init__(self, stop: "Stop", *, drawn: bool) -> None:
        self._stop = stop
        self._drawn = drawn and sys.stderr.isatty()
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Take note of how many frames are done, and of how many.

        Raises:
            KeyboardInterrupt: If the run is to stop.
        """
        if self._stop:
            self._close()
            raise KeyboardInterrupt
        if not self._drawn:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                unit="frame",
                file=sys.stderr,
                dynamic_ncols=True,
                leave=False,
                bar_format=_FORMAT,
            )
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
