"""The mark in films: beside what others wrote, read by others, and cheap."""

import io
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import av
import pytest
from fixtures.films import X264, film

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.formats._base import Adapter
from kzmark.report import Status
from kzmark.sniff import sniff
from kzmark.testing import example_mark
from kzmark.vocabulary import Layer

LIMITS = Limits()
CONTAINERS = {"mp4": "comment", "mov": "comment", "matroska": "COMMENT", "avi": "comment"}


def adapter_of(data: bytes) -> Adapter:
    return sniff(io.BytesIO(data))


def written(data: bytes, *, number: int = 1) -> bytes:
    target, adapter = Rope(), adapter_of(data)
    adapter.write(io.BytesIO(data), target, example_mark(adapter, number=number), limits=LIMITS)
    target.seek(0)
    return target.read()


def opened(data: bytes) -> Any:
    return av.open(io.BytesIO(data))


def metadata(data: bytes) -> dict[str, str]:
    with opened(data) as container:
        return {key.lower(): value for key, value in container.metadata.items()}


def plain(container: str, **tags: str) -> bytes:
    codec, options = ("mjpeg", {}) if container == "avi" else ("libx264", X264)
    pixels = "yuvj420p" if container == "avi" else "yuv420p"
    return film(container, codec, pixels=pixels, options=options, frames=6, tags=tags)


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_sentence_is_the_comment_that_every_program_shows(container: str) -> None:
    told = metadata(written(plain(container)))

    assert told["comment"] == "ЖИ жасаған / Создано ИИ"


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_comment_of_somebody_else_stays(container: str) -> None:
    data = written(plain(container, comment="Theirs", title="A film"))

    told = metadata(written(data, number=2))

    assert (told["comment"], told["title"]) == ("Theirs", "A film")


@pytest.mark.parametrize("container", CONTAINERS)
def test_writing_the_mark_moves_no_picture_and_no_sound(container: str) -> None:
    data = plain(container)

    after = written(data)

    with opened(data) as one, opened(after) as two:
        before = [(p.pts, bytes(p)) for p in one.demux() if p.size]
        assert [(p.pts, bytes(p)) for p in two.demux() if p.size] == before


def test_the_record_is_a_free_key_that_libav_reads() -> None:
    data = plain("mp4")

    told = metadata(written(data))

    assert told["kzmark.record"].encode() == example_mark(adapter_of(data)).to_json()


def test_other_free_keys_stay() -> None:
    made = film(
        "mov",
        "libx264",
        frames=6,
        options=X264,
        tags={"com.example.take": "7"},
        muxer={"movflags": "use_metadata_tags"},
    )

    assert metadata(written(made))["com.example.take"] == "7"


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe+default_base_moof"])
def test_fragments_lead_to_the_same_pictures(flags: str) -> None:
    data = film("mp4", "libx264", options=X264, muxer={"movflags": flags})

    after = written(data)

    with opened(data) as one, opened(after) as two:
        before = [(p.pts, bytes(p)) for p in one.demux() if p.size]
        assert [(p.pts, bytes(p)) for p in two.demux() if p.size] == before
        for container in (one, two):
            container.seek(1_200_000)
        assert next(one.decode(video=0)).pts == next(two.decode(video=0)).pts


def test_a_live_webm_without_sizes_is_written() -> None:
    live = film(
        "webm",
        "libvpx-vp9",
        options={"deadline": "realtime", "cpu-used": "8"},
        muxer={"live": "1"},
    )

    evidence = adapter_of(live).read(io.BytesIO(written(live)), limits=LIMITS)

    assert [(e.layer, e.status) for e in evidence] == [(Layer.MATROSKA, Status.PRESENT)]


def test_seeking_by_the_cues_still_leads_to_key_frames() -> None:
    data = film("matroska", "libx264", options=X264, frames=60, group=12)

    with opened(written(data)) as container:
        found = []
        for seconds in (0, 1, 2, 3, 4):
            container.seek(seconds * 1_000_000)
            found.append(next(container.decode(video=0)).time)

    assert found == pytest.approx([0, 1, 2, 3, 4], abs=0.01)


@pytest.mark.skipif(which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.skipif(not which("exiftool"), reason="exiftool is not installed here")
@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_the_record_stays_where_exiftool_edits_another_tag(container: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.{container}"
    path.write_bytes(written(plain(container)))

    done = subprocess.run(
        ["exiftool", "-overwrite_original", "-Title=Жаңа", "-XMP-dc:Creator=Other", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    data = path.read_bytes()
    found = {e.layer: e for e in adapter_of(data).read(io.BytesIO(data), limits=LIMITS)}

    assert done.stderr == ""
    assert found[Layer.MP4].status is found[Layer.XMP].status is Status.PRESENT


@pytest.mark.parametrize("container", ["mp4", "mov", "avi"])
def test_exiftool_reads_the_standard_words(container: str, tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / f"a.{container}"
    path.write_bytes(written(plain(container)))

    command = ["exiftool", "-s3", "-XMP-iptcExt:DigitalSourceType", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert told.strip().endswith("/trainedAlgorithmicMedia")
