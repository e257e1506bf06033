"""A film that is no file yet: frames as a pipeline makes them, and perhaps its sound.

The plate is laid on each frame on its way into the encoder, so that nothing is encoded twice.
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import numpy as np
from PIL import Image

from kzmark._caller import Caller
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark._temporary import scratch_folder, taken_from
from kzmark.encoders import FAULTS
from kzmark.errors import InputError, RequestError
from kzmark.formats import EXTENSIONS, adapter
from kzmark.formats._av.shoot import RECIPES, Shot
from kzmark.formats._av.sound import Sound
from kzmark.formats._base import Pixels
from kzmark.formats._film import Film, Films, Progress
from kzmark.notices import film as films
from kzmark.notices import image
from kzmark.notices.style import NoticeStyle
from kzmark.places import Place
from kzmark.plan import Plan, make_plan
from kzmark.showing import soundtracks
from kzmark.statement import Statement
from kzmark.subject import Subject

_FASTEST: Final = 1_000  # frames a second
_USUAL: Final = "mp4"  # every browser and telephone plays it
_SAMPLES: Final = "give floats from -1 to 1 or int16, of shape (count,) or (count, 2)"
_FILM: Final = "film"  # what it is called while it is made


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """Frames on their way into a film.

    Attributes:
        format: Name of the format it will have.
        frames: (height, width, 3) uint8 RGB, all of one size.
        count: How many there will be; 0 if nobody knows.
        size: Width and height, in pixels.
        rate: Frames a second.
        sound: What is heard, or nothing.
        codec: What its pictures are coded in; the usual codec of the format if empty.
        own: What was opened here for its sound.
        caller: Who makes the frames.
        options: For the encoder.
    """

    format: str
    frames: Iterator[Pixels]
    count: int
    size: tuple[int, int]
    rate: Fraction
    sound: Sound | None = None
    codec: str = ""
    own: BinaryIO | None = None
    caller: Caller = field(default_factory=Caller)
    options: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def format_for(target: Place | None, format: str) -> str:  # noqa: A002 - Pillow's word
        """Return the name of the format a film is to have: MP4 if nothing says otherwise.

        Args:
            target: Where it goes, or nothing for a stream or bytes.
            format: What the caller says, or nothing.

        Raises:
            RequestError: If no film can be made in it, or the target's extension is of none.
        """
        if target is None and not format:
            return _USUAL
        ends = {end: name for name in RECIPES for end in EXTENSIONS[name]}
        told = format.lower() or (target.suffix.lower() if target else "")
        found = told if told in RECIPES else ends.get(f".{told.removeprefix('.')}")
        if found is None:
            raise RequestError(
                f"frames cannot be made a film as {told or 'a file without an extension'}",
                hint=f"one of {', '.join(sorted(end.removeprefix('.') for end in ends))}",
            )
        return found

    @classmethod
    def of(
        cls,
        frames: Iterable[Any],
        fps: float | Fraction,
        format: str,  # noqa: A002 - Pillow's word
        *,
        audio: Any = None,
        limits: Limits,
        codec: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Take frames: `PIL.Image`s, or uint8 RGB arrays of (h, w), (h, w, 3) or (h, w, 4).

        Only the first is asked for here.

        Args:
            frames: Any iterable, also an endless-looking generator.
            fps: Frames a second, above 0 and up to 1,000.
            format: "mp4", "mov", "webm" or "matroska", as `format_for` gives it.
            audio: A path, bytes, a binary stream, or (samples, samples a second).
            limits: What a frame may cost.
            codec: What its pictures are coded in.
            options: For the encoder.

        Raises:
            RequestError: If there is no frame, or something is of another kind.
            InputError: If the sound cannot be read.
        """
        rate, own, caller = _rate(fps), _opened(audio), Caller()
        made = caller.frames(frames)
        first = next(made, None)
        if first is None:
            raise RequestError("no frame at all", hint="an iterable may have been used up before")
        start = _pixels(first)
        height, width = start.shape[:2]
        limits.check_picture(width, height, file_bytes=start.size)
        return cls(
            format=format,
            frames=chain([start], _alike(made, start.shape)),
            count=len(frames) if isinstance(frames, Sized) else 0,
            size=(width, height),
            rate=rate,
            sound=None if audio is None else _sound(audio) if own is None else Sound(own),
            own=own,
            caller=caller,
            codec=codec,
            options={name: str(value) for name, value in (options or {}).items()},
        )

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Make a context at whose end nothing of it is open any more.

        What the frames or `progress` raise comes out of it as it is.
        """
        try:
            with self.caller.heard():
                yield
        finally:
            if self.own is not None:
                self.own.close()

    def job(
        self,
        statement: Statement,
        style: NoticeStyle,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> tuple[Subject, Plan]:
        """Make the film with its notice; return it with what is left to do.

        Raises:
            PolicyUnsatisfiableError: If the frames have no room for a legible plate.
            RequestError: If the encoder refuses, or the frames differ in size.
            MediaError: If the sound is damaged.
        """
        made = adapter(self.format)
        assert isinstance(made, Films)
        width, height = self.size
        film = Film(width=width, height=height, seconds=0.0, frames=0, rate=self.rate, tracks=())
        notice, form = films.record(style, film, cover={})
        shot = Shot(
            format=self.format,
            size=self.size,
            rate=self.rate,
            codec=self.codec,
            options=self.options,
            patch_for=image.patch_for(style, form, cover={}),
            shown=films.shown(style, notice.texts),
            sound=self.sound,
        )
        rope = self._made(shot, progress)
        subject = Subject(data=rope, adapter=made)
        played = made.film(subject.stream, limits=limits)
        tracks = soundtracks(made, subject.stream, played, style, limits=limits)
        plan = make_plan(made, [], [], statement, style, played=played, tracks=tracks)
        return subject, plan.after_notice()

    def _made(self, shot: Shot, progress: Progress | None) -> Rope:
        def tell(done: int) -> None:
            if progress is not None:
                with self.caller.at_work():
                    progress(done, max(done, self.count))

        with scratch_folder() as folder:
            shot.make(Path(folder) / _FILM, self.frames, tell)
            with taken_from(folder, _FILM) as stream:
                return Rope.over(stream)  # holds the file open, whose name goes


def _rate(fps: float | Fraction) -> Fraction:
    try:
        rate = Fraction(fps).limit_denominator(1_001)
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(f"{fps!r} frames a second", hint="a number, or a Fraction") from error
    if not 0 < rate <= _FASTEST:
        raise RequestError(f"{fps!r} frames a second", hint=f"above 0 and up to {_FASTEST}")
    return rate


def _alike(frames: Iterator[Any], shape: tuple[int, ...]) -> Iterator[Pixels]:
    for number, frame in enumerate(frames, 1):
        pixels = _pixels(frame)
        if pixels.shape != shape:
            raise RequestError(
                f"frame {number} is {pixels.shape[1]}x{pixels.shape[0]} px, where the first is "
                f"{shape[1]}x{shape[0]}",
                hint="make all of one size",
            )
        yield pixels


def _pixels(frame: Any) -> Pixels:
    if isinstance(frame, Image.Image):
        try:
            return np.asarray(_on_white(frame).convert("RGB"))
        except FAULTS as error:
            raise RequestError(f"a frame cannot be read: {error}") from error
    shape: tuple[int, ...] = getattr(frame, "shape", ())
    good = isinstance(frame, np.ndarray) and frame.dtype == np.uint8
    if good and len(shape) == 2:
        return np.ascontiguousarray(np.repeat(frame[:, :, None], 3, axis=2))
    if good and len(shape) == 3 and shape[2] == 3:
        return np.ascontiguousarray(frame)
    if good and len(shape) == 3 and shape[2] == 4:
        return _pixels(Image.fromarray(np.ascontiguousarray(frame)))
    raise RequestError(
        f"a frame of the kind {type(frame).__name__} {shape or ''}".rstrip(),
        hint="give a PIL.Image, or uint8 of shape (height, width, 3), RGB",
    )


def _on_white(frame: Image.Image) -> Image.Image:
    if "A" not in frame.getbands() and "transparency" not in frame.info:
        return frame
    clear = frame.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", frame.size, "white"), clear)


def _opened(audio: Any) -> BinaryIO | None:
    if not isinstance(audio, str | os.PathLike):
        return None
    try:
        return Path(audio).open("rb")
    except OSError as error:
        told = error.strerror or str(error)
        raise InputError(f"cannot be read: {told}", source=str(audio)) from error


def _sound(audio: Any) -> Sound:
    if isinstance(audio, tuple) and len(audio) == 2:
        return _samples(*audio)
    if isinstance(audio, bytes | bytearray | memoryview):
        return Sound(io.BytesIO(audio))
    if hasattr(audio, "read") and hasattr(audio, "seek"):
        return Sound(audio)
    raise RequestError(
        f"sound of the kind {type(audio).__name__}",
        hint="a path, bytes, a binary stream, or (samples, samples a second)",
    )


def _samples(samples: Any, rate: Any) -> Sound:
    try:
        array, rate = np.asarray(samples), int(rate)
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(f"samples that are no sound: {error}", hint=_SAMPLES) from error
    if array.dtype == np.int16:
        array = array.astype(np.float32) / 32_768
    if array.ndim == 1:
        array = array[:, None]
    kind = array.dtype.kind == "f" and array.ndim == 2 and array.shape[1] in {1, 2}
    if not kind or not 8_000 <= rate <= 192_000:
        raise RequestError(
            f"samples of shape {np.shape(samples)} and kind {array.dtype}, {rate} a second",
            hint=_SAMPLES,
        )
    return Sound(np.clip(np.nan_to_num(array), -1, 1).astype(np.float32), rate)
