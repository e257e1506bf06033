"""Words over unusual tracks: they change on the way, begin late, are encrypted."""

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
import pytest
from fixtures.films import X264, film

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import CheckError, UnsupportedMediaError
from kzmark.formats._audio.voice import coded
from kzmark.formats._av import dolby
from kzmark.formats._av.successors import successor
from kzmark.formats._sound import Sound
from kzmark.formats.avi import narrate as avi_narrate
from kzmark.formats.avi import riff
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import DURATION, ENCODINGS, GROUP, TRACK, TRACK_KIND
from kzmark.formats.matroska.segment import CLUSTER, TRACKS, File, rewrite
from kzmark.sniff import sniff

from .sound_samples import spoken
from .test_narrate import strength, words
from .test_narrate_again import again

LIMITS = Limits()
PICTURES: dict[str, Any] = {"frames": 96, "options": {**X264, "preset": "ultrafast"}}
MJPEG: dict[str, Any] = {"codec": "mjpeg", "pixels": "yuvj420p", "frames": 72}
MILLISECOND = bytes.fromhex("2ad7b1830f4240")  # the unit of time, in nanoseconds
DISCARDED = 0x75A2  # nanoseconds of a packet that are not played
Voice = tuple[int, str, int]  # samples a second, arrangement of channels, tone in hertz


def sung(codec: str, voices: Sequence[Voice], *, seconds: float = 2.5) -> list[tuple[float, Any]]:
    """Return packets of tones that follow one another, and when each begins."""
    found, start = [], 0.0
    for rate, layout, hertz in voices:
        encoder: Any = av.CodecContext.create(codec, "w")
        encoder.sample_rate, encoder.layout = rate, layout
        encoder.format, encoder.time_base = "fltp", Fraction(1, rate)
        if codec == "libmp3lame":
            encoder.options = {"reservoir": "0"}
        encoder.open()
        names = [channel.name for channel in encoder.layout.channels]
        count = int(seconds * rate) // encoder.frame_size * encoder.frame_size
        wave = (0.2 * np.sin(2 * np.pi * hertz * np.arange(count) / rate)).astype(np.float32)
        loud = {"FC"} if len(names) > 2 else {*names}  # of many channels only the middle one
        told = [wave if name in loud else 0 * wave for name in names]
        made = []
        for at in range(0, count, encoder.frame_size):
            part = np.stack([one[at : at + encoder.frame_size] for one in told])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            made += encoder.encode(frame)
        found += [(start + n * encoder.frame_size / rate, one) for n, one in enumerate(made)]
        start += len(made) * encoder.frame_size / rate
    return found


def with_voices(codec: str, voices: Sequence[Voice], *, late: float) -> bytes:
    """Return a Matroska film with such a track, which begins late."""
    out = io.BytesIO()
    with (
        av.open(io.BytesIO(film("matroska", "libx264", **PICTURES))) as source,
        av.open(out, "w", format="matroska") as target,
    ):
        seen = target.add_stream_from_template(source.streams.video[0])
        rate, layout, _ = voices[0]
        said: Any = target.add_stream(codec, rate=rate, layout=layout)
        rows = [(float(p.dts * p.time_base), p, seen) for p in source.demux() if p.dts is not None]
        for time, packet in sung(codec, voices):
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = round((time + late) * 1000)
            rows.append((time + late, packet, said))
        for _, packet, track in sorted(rows, key=lambda row: row[0]):
            packet.stream = track
            target.mux(packet)
    return out.getvalue()


def stereo(data: bytes) -> np.ndarray:
    """Return what is heard of a film, two channels at 48 kHz."""
    parts, resampler, kind = list[Any](), None, ""
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(container.streams.audio[0]):
            if kind != (kind := f"{frame.sample_rate} {frame.layout.name} {frame.format.name}"):
                parts += resampler.resample(None) if resampler is not None else []
                resampler = av.AudioResampler(format="flt", layout="stereo", rate=48_000)
            assert resampler is not None
            parts += resampler.resample(frame)
    assert resampler is not None
    parts += resampler.resample(None)
    return np.concatenate([part.to_ndarray().reshape(-1, 2) for part in parts])


@pytest.mark.parametrize(
    ("codec", "voices"),
    [
        ("libmp3lame", [(44_100, "mono", 500), (48_000, "mono", 700)]),
        ("ac3", [(48_000, "stereo", 500), (48_000, "5.1", 700)]),
    ],
)
def test_what_changes_its_rate_or_its_channels_on_the_way_is_heard_to_its_end(
    codec: str, voices: list[Voice]
) -> None:
    before = with_voices(codec, voices, late=2.0)

    data, notes = again(before)

    old, new = stereo(before), stereo(data)
    assert notes == ["sound-encoded-again", "sound-cut-or-late"]
    for second, hertz in ((1, 500), (3, 700)):
        told, heard = (
            strength(one[at * 48_000 : (at + 1) * 48_000], hertz)
            for one, at in ((old, second), (new, second + 2))
        )
        assert heard == pytest.approx(told, rel=0.02)
        assert told > 0.1


def locked(data: bytes) -> bytes:
    """Return a Matroska film whose sound is said to be encrypted."""
    source, target = File(io.BytesIO(data), limits=LIMITS), io.BytesIO()
    place = source.first(TRACKS)
    assert place is not None
    listed, parts = source.content(place), []
    rows = ebml.children(listed, 0, len(listed), limits=LIMITS)
    for row in (one for one in rows if one.kind == TRACK):
        body = listed[row.body : row.end]
        inner = ebml.children(listed, row.body, row.end, limits=LIMITS)
        if any((one.kind, listed[one.body : one.end]) == (TRACK_KIND, b"\2") for one in inner):
            cipher = ebml.pack(0x5035, ebml.pack(0x47E1, b"\5"))  # AES
            coding = ebml.pack(0x6240, ebml.pack(0x5033, b"\1"), cipher)
            body += ebml.pack(ENCODINGS, coding)
        parts.append(ebml.pack(TRACK, body))
    whole = b"".join(parts)
    rewrite(source, target, {place.start: [ebml.header(TRACKS, len(whole)), whole]})
    return target.getvalue()


def test_encrypted_sound_is_not_taken_for_sound() -> None:
    data = locked(film("matroska", "libx264", sound="libopus", **{**PICTURES, "frames": 36}))
    adapter: Any = sniff(io.BytesIO(data))

    with pytest.raises(UnsupportedMediaError, match="encrypted"):
        adapter.admit(io.BytesIO(data), limits=LIMITS)
    with pytest.raises(UnsupportedMediaError, match="encrypted"):
        adapter.narrate(io.BytesIO(data), Rope(), words, limits=LIMITS)


def streams(data: bytes) -> list[tuple[bytearray, bytes, int]]:
    """Return header, format and place of the header of every stream of an AVI."""
    source = riff.File(io.BytesIO(data), limits=LIMITS)
    head = source.find(source.riffs[0], b"hdrl")
    assert head is not None
    found = []
    for one in (row for row in source.inner(head) if row.kind == b"strl"):
        told, kind = source.find(one, b"strh"), source.find(one, b"strf")
        if told is not None and kind is not None:
            found.append((bytearray(source.content(told)), source.content(kind), told.body))
    return found


def begun(data: bytes, seconds: float) -> bytes:
    """Return an AVI whose sound begins later."""
    out = bytearray(data)
    for told, _, at in streams(data):
        if told[:4] == b"auds":
            scale, rate = (int.from_bytes(told[n : n + 4], "little") for n in (20, 24))
            out[at + 28 : at + 32] = round(seconds * rate / scale).to_bytes(4, "little")
    return bytes(out)


def test_an_avi_whose_sound_begins_late_says_so_and_keeps_sound_beside_its_pictures() -> None:
    data, notes = again(begun(film("avi", sound="pcm_s16le", **MJPEG), 2.0))

    assert notes == ["sound-encoded-again", "sound-cut-or-late", "sound-now-mp3"]
    assert strength(stereo(data)[19_200:38_400], 1_000) == pytest.approx(0.3 * 2**-0.5, rel=0.05)
    behind, shown = 0.0, 0.0
    with av.open(io.BytesIO(data)) as container:
        for packet in (one for one in container.demux() if one.size):
            time = float(packet.dts * packet.time_base)
            if packet.stream.type == "video":
                shown = time
            behind = max(behind, shown - time)
    assert behind < 0.5


def test_an_avi_tells_how_many_channels_its_new_sound_has() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="avi") as target:
        seen: Any = target.add_stream("mjpeg", rate=12)
        seen.width, seen.height, seen.pix_fmt = 64, 64, "yuvj420p"
        said: Any = target.add_stream("pcm_s16le", rate=48_000, layout="4.0")
        for index in range(36):
            shown = av.VideoFrame(64, 64, "yuvj420p")
            shown.pts, shown.time_base = index, Fraction(1, 12)
            target.mux(seen.encode(shown))
            part = np.zeros((1, 4 * 4_000), np.int16)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="4.0")
            frame.sample_rate, frame.pts = 48_000, index * 4_000
            frame.time_base = Fraction(1, 48_000)
            target.mux(said.encode(frame))

    data, notes = again(begun(out.getvalue(), 1.5))

    ((_, kind, _),) = (one for one in streams(data) if one[0][:4] == b"auds")
    assert notes[-1] == "sound-now-ac3"
    assert int.from_bytes(kind[2:4], "little") == 4


def test_a_last_chunk_that_is_not_what_it_was_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(source: Rope, target: BinaryIO, edits: Any) -> None:
        made = io.BytesIO()
        riff.write(source, made, edits)
        data = bytearray(made.getvalue())
        at = data.rindex(b"01wb", 0, data.rindex(b"idx1"))
        data[at + 12] ^= 1
        target.write(data)

    data = film("avi", sound="pcm_s16le", **MJPEG)
    monkeypatch.setattr(avi_narrate, "write", spoilt)

    with pytest.raises(CheckError, match="last chunk"):
        again(data)


def test_how_loud_people_talk_stays_what_frames_of_dolby_say() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        said: Any = target.add_stream("ac3", rate=48_000, layout="stereo")
        said.codec_context.options = {"dialnorm": "-20"}
        for at in range(0, 96_000, 1_536):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((2, 1_536), np.float32), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            target.mux(said.encode(frame))
        target.mux(said.encode(None))
    (old,) = {dolby.head(one).level for one in frames(out.getvalue())}

    data, notes = spoken(out.getvalue())

    assert old == 20
    assert "sound-encoded-again" in notes
    assert {dolby.head(one).level for one in frames(data)} == {20}


def frames(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        return [bytes(one) for one in container.demux() if one.size]


def test_sound_that_becomes_mp3_is_as_loud_as_it_was() -> None:
    before = film("avi", sound="adpcm_ms", **MJPEG)

    after, notes = again(before)

    behind = slice(2 * 48_000, 4 * 48_000)
    assert "sound-now-mp3" in notes
    old, new = (strength(stereo(one)[behind], 330) for one in (before, after))
    assert new == pytest.approx(old, rel=0.005)


@pytest.mark.parametrize(("layout", "channels"), [("5.0(side)", 5), ("5.1(side)", 6)])
def test_aac_gets_an_arrangement_that_has_a_number(layout: str, channels: int) -> None:
    sound = Sound(codec="wmapro", rate=48_000, channels=channels, layout=layout, seconds=9)

    manner = successor(sound, 0, "mp4", fine=False)

    config = coded([np.zeros((4_096, channels), np.float32)], manner).extradata
    assert config[1] >> 3 & 15 == channels  # 0 tells of a list that few players read


def test_blocks_tell_how_long_they_last_in_the_units_of_the_film() -> None:
    data = film(
        "matroska",
        "libx264",
        sound="libopus",
        voicing={"frame_duration": "60"},
        **{**PICTURES, "frames": 36},
    )
    assert data.count(MILLISECOND) == 1
    slower = data.replace(MILLISECOND, MILLISECOND[:-3] + (2_000_000).to_bytes(3, "big"))

    after, _ = again(slower)

    source = File(io.BytesIO(after), limits=LIMITS)
    told = []
    for cluster in (one for one in source.tops if one.kind == CLUSTER):
        for group in (one for one in source.inner(cluster) if one.kind == GROUP):
            rows = {one.kind: after[one.body : one.end] for one in source.inner(group)}
            told.append((ebml.integer(rows[DURATION]), ebml.integer(rows[DISCARDED])))
    ((lasting, discarded),) = told
    assert lasting * 2 == pytest.approx(20 - discarded / 1_000_000, abs=2)
