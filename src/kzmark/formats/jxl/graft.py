"""Headers of one JPEG XL codestream before the frames of another.

An encoder that knows nothing of profiles, orientation or tone writes its own headers; frames begin
at a whole byte after them, so the source's headers can stand before the encoder's frames.

Spec: ISO/IEC 18181-1, annexes D and E.
"""

from kzmark.formats.jxl.bits import Writer
from kzmark.formats.jxl.header import D65, GREY, LENGTH, LINEAR, MAGIC, Header


def linear(source: Header) -> bytes:
    """Return the codestream with headers that make a decoder give linear sRGB numbers.

    Frames in XYB know nothing of the colours that the header asks for, so a wide gamut, a profile
    that the decoder cannot use, and a high dynamic range all come out unharmed, 1.0 at 255 cd/m².
    """
    out = Writer()
    _put_size(out, source.width, source.height)
    _put_extra(out, source, intrinsic=(0, 0))
    out.put(1, 1)  # floating-point samples
    out.put(0, 2)  # of 32 bits
    out.put(7, 4)  # with an exponent of 8
    out.put(source.narrow, 1)
    start, stop = source.runs["channels"]
    if stop > start:
        out.copy(source.data, (start, stop))
    else:
        out.put(0, 2)
    out.put(source.xyb, 1)
    out.put(0, 2)  # a colour encoding of its own, no profile
    grey = source.colour.space == GREY
    out.put(GREY if grey else 0, 2)
    out.put(D65, 2)
    if not grey:
        out.put(1, 2)  # primaries of sRGB
    out.put(0, 1)  # no gamma
    out.put(2 | (LINEAR - 2) << 2, 6)
    out.put(1, 2)  # relative intent
    out.put(1, 1)  # default tone mapping
    out.put(0, 2)  # no extensions
    out.copy(source.data, source.runs["transform"])
    return MAGIC + out.getvalue() + source.data[source.frames :]


def graft(source: Header, encoded: Header, *, alpha: bool) -> bytes:
    """Return the encoder's frames behind headers that say what the source's said.

    Args:
        source: Headers of the source, read whole.
        encoded: Headers that the encoder wrote; its size is taken.
        alpha: Whether the frames have an alpha channel besides their colours.
    """
    out = Writer()
    _put_size(out, encoded.width, encoded.height)
    same = (source.width, source.height) == (encoded.width, encoded.height)
    intrinsic = source.intrinsic if same else (0, 0)
    _put_extra(out, source, intrinsic=intrinsic)
    _put_run(out, source, "depth", default=0, count=3)  # 8 bits
    out.put(encoded.narrow, 1)
    out.put(alpha, 2)  # number of extra channels
    if alpha:
        _put_alpha(out, source, encoded)
    out.put(encoded.xyb, 1)
    _put_run(out, source, "colour", default=1, count=1)
    _put_run(out, source, "tone", default=1, count=1)
    out.put(0, 2)  # no extensions
    out.copy(encoded.data, encoded.runs["transform"])
    out.copy(source.data, source.runs["icc"])
    return MAGIC + out.getvalue() + encoded.data[encoded.frames :]


def _put_extra(out: Writer, source: Header, *, intrinsic: tuple[int, int]) -> None:
    out.put(0, 1)  # not all default
    out.put(1, 1)  # orientation and its companions follow
    out.put(source.orientation - 1, 3)
    start, stop = intrinsic
    out.put(stop > start, 1)
    out.copy(source.data, intrinsic)
    out.put(0, 2)  # no preview, no animation


def _put_run(out: Writer, source: Header, name: str, *, default: int, count: int) -> None:
    start, stop = source.runs[name]
    if stop > start:
        out.copy(source.data, (start, stop))
    else:
        out.put(default, count)


def _put_alpha(out: Writer, source: Header, encoded: Header) -> None:
    """Describe the alpha channel: as deep as the encoder made it, premultiplied as the source's."""
    out.put(0, 1)  # not all default
    out.put(0, 2)  # alpha
    start, stop = encoded.runs["depth"]
    if stop > start:
        out.copy(encoded.data, (start, stop))
    else:
        out.put(0, 3)
    out.put(0, 4)  # not subsampled, no name
    out.put(source.alpha is not None and source.alpha.associated, 1)


def _put_size(out: Writer, width: int, height: int) -> None:
    out.put(0, 1)
    _put_length(out, height)
    out.put(0, 3)
    _put_length(out, width)


def _put_length(out: Writer, value: int) -> None:
    selector = next(i for i, (count, _) in enumerate(LENGTH) if value - 1 < 1 << count)
    out.put(selector, 2)
    out.put(value - 1, LENGTH[selector][0])
