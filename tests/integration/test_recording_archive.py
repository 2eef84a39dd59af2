"""Recordings in their directory: whole after a crash, described, made MP3 once, deleted."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import tones, wav
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import AccountId, RecordingId
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.ports.recording_archive import UnusableRecording
from tests.fakes.sound_library import wav_file

ACCOUNT, RECORDING = AccountId(7), RecordingId(12)


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[RecordingDirectory]:
    archive = RecordingDirectory(tmp_path / "recordings")
    yield archive
    await archive.close()


def tone(seconds: float, channels: int = 1) -> NDArray[np.int16]:
    wave = np.sin(np.arange(round(8000 * seconds)) * (2 * np.pi * 440 / 8000)) * 8000
    mono: NDArray[np.int16] = wave.astype(np.int16)
    if channels == 1:
        return mono
    return np.stack([mono, np.zeros_like(mono)], axis=1)


async def test_complete_file_is_described(archive: RecordingDirectory) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    content = wav.write(tone(1.5, channels=2))
    path.write_bytes(content)

    file = await archive.complete(ACCOUNT, RECORDING)

    assert file.length == timedelta(seconds=1.5)
    assert (file.channels, file.size) == (2, len(content))
    assert file.digest == hashlib.sha256(content).hexdigest()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        (b"\1\0" * 800, 1.1),  # sound that the header does not speak of yet
        (b"\1", 1.0),  # half of a sample
    ],
)
async def test_file_whose_writer_was_killed_is_mended(
    archive: RecordingDirectory, more: bytes, seconds: float
) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    path.write_bytes(wav.write(tone(1)) + more)

    file = await archive.complete(ACCOUNT, RECORDING)

    assert file.length == timedelta(seconds=seconds)
    assert wav.read(path.read_bytes()).seconds == seconds


async def test_header_of_another_writer_is_mended_too(archive: RecordingDirectory) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    path.write_bytes(wav_file(1) + b"\1\0" * 800)

    assert (await archive.complete(ACCOUNT, RECORDING)).length == timedelta(seconds=1.1)
    assert wav.read(path.read_bytes()).seconds == 1.1


async def test_file_that_lost_sound_it_speaks_of_is_mended(archive: RecordingDirectory) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    path.write_bytes(wav.write(tone(1))[:-8000])

    assert (await archive.complete(ACCOUNT, RECORDING)).length == timedelta(seconds=0.5)
    assert wav.read(path.read_bytes()).seconds == 0.5


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"\0" * 100])
async def test_what_is_no_recording_cannot_be_used(
    archive: RecordingDirectory, content: bytes | None
) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UnusableRecording):
        await archive.complete(ACCOUNT, RECORDING)


@pytest.mark.parametrize("channels", [1, 2])
async def test_mp3_has_the_sound_of_the_recording_and_is_made_once(
    archive: RecordingDirectory, channels: int
) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    path.write_bytes(wav.write(tone(3, channels)))
    await archive.complete(ACCOUNT, RECORDING)

    first, second = await asyncio.gather(
        archive.mp3(ACCOUNT, RECORDING), archive.mp3(ACCOUNT, RECORDING)
    )
    content = first.read_bytes()
    made = first.stat().st_mtime_ns

    assert first == second == await archive.mp3(ACCOUNT, RECORDING)
    assert first.stat().st_mtime_ns == made
    assert sorted(path.parent.iterdir()) == sorted([path, first])
    with av.open(io.BytesIO(content), "r") as read:
        stream = read.streams.audio[0]
        assert (stream.codec_context.name, stream.rate) == ("mp3float", 8000)
        assert stream.channels == channels
        heard = np.concatenate([frame.to_ndarray()[0] for frame in read.decode(stream)])
    assert len(heard) / 8000 == pytest.approx(3, abs=0.3)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * 8000 / len(heard) == pytest.approx(440, abs=5)


async def test_mp3_of_a_broken_file_is_refused_and_leaves_nothing(
    archive: RecordingDirectory,
) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    path.write_bytes(b"RIFF....WAVEjunk")

    with pytest.raises(Unavailable, match="could not be made MP3"):
        await archive.mp3(ACCOUNT, RECORDING)

    assert list(path.parent.iterdir()) == [path]


async def test_deleted_recording_is_gone(archive: RecordingDirectory) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    path.write_bytes(wav.write(tone(0.5)))
    mp3 = await archive.mp3(ACCOUNT, RECORDING)

    await archive.delete(ACCOUNT, RECORDING)
    await archive.delete(ACCOUNT, RECORDING)

    assert not mp3.exists()
    with pytest.raises(UnusableRecording):
        await archive.wav(ACCOUNT, RECORDING)


@pytest.mark.parametrize("trims", [True, False])
async def test_silence_is_cut_off_if_that_is_asked_for(
    archive: RecordingDirectory, trims: bool
) -> None:
    path = await archive.place(ACCOUNT, RECORDING)
    silence = np.zeros(16000, np.int16)
    spoken = tones.noise(1.0, seed=1, level_dbfs=-20)
    path.write_bytes(wav.write(np.concatenate([silence, spoken, silence])))

    file = await archive.complete(ACCOUNT, RECORDING, trim_silence=trims)

    found = wav.read(path.read_bytes())
    assert file.length == timedelta(seconds=found.seconds)
    assert found.seconds == (pytest.approx(1.4, abs=0.1) if trims else 5.0)
    assert list(path.parent.iterdir()) == [path]


async def test_directory_that_cannot_be_written_keeps_nothing(
    archive: RecordingDirectory, tmp_path: Path
) -> None:
    (tmp_path / "recordings").write_bytes(b"a file in its place")

    with pytest.raises(Unavailable, match="cannot be kept"):
        await archive.place(ACCOUNT, RECORDING)
