"""WAV files that grow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import g711, wav
from ringcast.media.recorder import RecordingFile, Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.wav"


def read(path: Path) -> wav.Wav:
    return wav.read(path.read_bytes())


def test_file_is_playable_after_every_stretch(path: Path) -> None:
    file = RecordingFile(1, 2, str(path), "PCMU")
    file.open()
    assert read(path).seconds == 0
    heard = b""
    for number in range(1, 4):
        stretch = bytes((number,)) * 800
        heard += stretch
        file.append(stretch, None)
        assert read(path).mono().tolist() == g711.decode_ulaw(heard).tolist()
    file.close()

    assert read(path).rate == 8000
    assert file.seconds == pytest.approx(0.3)


def test_a_law_is_decoded_as_such(path: Path) -> None:
    file = RecordingFile(1, 2, str(path), "PCMA")
    file.open()
    file.append(bytes(range(256)), None)
    file.close()

    assert read(path).mono().tolist() == g711.ALAW_DECODE.tolist()


def test_mixing_adds_and_does_not_wrap(path: Path) -> None:
    file = RecordingFile(1, 2, str(path), "PCMU")
    file.open()
    loud, low, silent = 0x80, 0x00, 0xFF
    file.append(bytes((loud, low, loud, loud)), bytes((loud, low, silent, low)))
    file.close()

    top = int(g711.ULAW_DECODE[loud])
    assert read(path).mono().tolist() == [32767, -32768, top, 0]


def test_both_sides_can_be_beside_each_other(path: Path) -> None:
    file = RecordingFile(1, 2, str(path), "PCMU", channels=2)
    file.open()
    loud, low, silent = 0x80, 0x00, 0xFF
    file.append(bytes((loud, low)), bytes((silent, loud)))
    file.append(bytes((low, loud)), None)
    file.close()

    up, down = int(g711.ULAW_DECODE[loud]), int(g711.ULAW_DECODE[low])
    found = read(path)
    assert found.samples.tolist() == [[up, 0], [down, up], [down, 0], [up, 0]]
    assert file.seconds == 4 / 8000


def test_unwritable_file_is_an_error_kept(tmp_path: Path) -> None:
    file = RecordingFile(1, 2, str(tmp_path / "no" / "such.wav"), "PCMU")
    file.open()
    file.append(b"abc", None)
    file.close()

    assert file.error is not None
    assert "No such file" in file.error
    assert file.seconds == 0


def test_full_disk_is_an_error_kept() -> None:
    file = RecordingFile(1, 2, "/dev/full", "PCMU")
    file.open()
    file.append(b"abc", None)
    file.close()

    assert file.error is not None
    assert "No space left" in file.error


def test_writer_finishes_all_files_before_it_closes(tmp_path: Path) -> None:
    writer = Writer()
    files = [RecordingFile(n, n, str(tmp_path / f"{n}.wav"), "PCMU") for n in range(20)]
    for file in files:
        writer.open(file)
        writer.append(file, b"\x80" * 80, None)
        writer.append(file, b"\x80" * 80, None, is_last=True)
    writer.close(timeout=10)

    assert writer.finished() == files
    assert writer.finished() == []
    expected = np.full(160, g711.ULAW_DECODE[0x80])
    assert all((read(Path(file.path)).mono() == expected).all() for file in files)
