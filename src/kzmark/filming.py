"""The part of a `Stamper` that makes a film of frames as they come."""

import time
from abc import abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Self
from uuid import UUID

from kzmark._limits import Limits
from kzmark._temporary import scratch_in
from kzmark.delivery import Destination
from kzmark.formats._film import Progress
from kzmark.intake import Target, naming
from kzmark.notices.style import NoticeStyle
from kzmark.plan import Plan
from kzmark.stamped import Stamped
from kzmark.statement import Statement
from kzmark.subject import Subject


class Filming:
    """Makes films; what it needs to know is the business of `Stamper`."""

    statement: Statement
    style: NoticeStyle
    limits: Limits
    progress: Progress | None

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels: nobody can be told of progress in another process."""
        return {**self.__dict__, "progress": None}

    def __copy__(self) -> Self:
        """Return a copy for this process, where progress can be told of."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    @abstractmethod
    def _delivered(
        self,
        subject: Subject,
        job: Plan,
        goal: Destination,
        *,
        begun: float,
        mark_id: UUID | None = None,
    ) -> Stamped:
        """Carry a plan out, deliver, and say what was done."""

    def video(  # noqa: PLR0913 - the choices of one film
        self,
        frames: Iterable[Any],
        fps: float | Fraction,
        *,
        audio: Any = None,
        target: Target = None,
        format: str = "",  # noqa: A002 - the word of `stamp`
        codec: str = "",
        overwrite: bool = False,
        make_folder: bool = False,
        mark_id: UUID | None = None,
        **options: Any,
    ) -> Stamped:
        """Make a stamped film of frames as they are made; each is encoded once.

        Frames are taken one at a time, so that a generator never has to hold two.

        Args:
            frames: `PIL.Image`s, or NumPy arrays of shape (height, width), (height, width, 3) or
                (height, width, 4), uint8, RGB; all of one size. What is see-through stands on
                white, since films have no alpha.
            fps: Frames a second, above 0 and up to 1,000.
            audio: A path, bytes or a binary stream of a file with sound, whose packets are taken
                over as they are where the film has a place for them; or (samples, samples a
                second), floats from -1 to 1 or int16, of shape (count,) or (count, 2).
            target: A path, a URL, a binary stream, or nothing to get the bytes back in `.data`.
            format: `mp4`, `mov`, `webm` or `mkv`; by the target's extension if left out,
                `mp4` for a stream or bytes.
            codec: `h264`, `hevc`, `av1`, `vp9` or `prores`; by the format if left out.
            overwrite: Whether an existing target may be replaced.
            make_folder: Whether the folder of the target is made, if it is not there.
            mark_id: Id of the mark; a new one if left out.
            **options: Handed to the encoder, over our own choices, such as `crf=23`.

        Raises:
            RequestError: If a frame is of another size or kind, the encoder refuses, or the target
                exists.
            MediaError: If the sound is damaged.
            InstallationError: If PyAV is missing, the identity fails, or the disk refuses.
            CheckError: If the output did not pass the check; it was not kept.
            Exception: What `frames` raises comes out as it is.
        """
        from kzmark.footage import Footage

        begun = time.perf_counter()
        with naming(target):
            goal = Destination.of(target, source=None, overwrite=overwrite)
            footage = Footage.of(
                frames,
                fps,
                Footage.format_for(goal.named, format),
                audio=audio,
                limits=self.limits,
                codec=codec,
                options=options,
            )
            goal.require_folder(make=make_folder)
            with footage.closing(), scratch_in(goal.folder):
                subject, plan = footage.job(
                    self.statement, self.style, limits=self.limits, progress=self.progress
                )
            goal.accept(subject.adapter)
            return self._delivered(subject, plan, goal, begun=begun, mark_id=mark_id)
