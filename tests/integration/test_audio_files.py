"""Importing sounds into the store, through the decoder's process."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soxr
from numpy.typing import NDArray

from ringcast.audio import compare, g711, tones, wav
from ringcast.integrations.audio_files import AudioImporter, AudioLimits
from ringcast.ports.audio import (
    AudioEmpty,
    AudioNotFound,
    AudioStore,
    AudioTooLarge,
    AudioTooLong,
    AudioTooShort,
    AudioUnavailable,
    UnreadableAudio,
)
from tests.fakes.sounds import encode, speech_like

SOUND = speech_like(5.03, seed=21)


def upload(tmp_path: Path, kind: str) -> bytes:
    wave: NDArray[np.float32] = soxr.resample(SOUND.astype(np.float32), 8000, 44100)
    cd = np.clip(np.rint(wave), -32768, 32767).astype(np.int16)
    path = tmp_path / kind.replace("-", ".")
    match kind:
        case "stereo-wav":
            return wav.write(np.stack([cd, cd], axis=1), 44100)
        case "ulaw-wav":
            return wav.write_ulaw(g711.encode_ulaw(SOUND).tobytes())
        case "24bit-wav":
            return encode(path, cd, 44100, codec="pcm_s24le")
        case "cbr-mp3":
            return encode(path, cd, 44100, codec="libmp3lame", bit_rate=64_000)
        case "vbr-mp3":
            settings = {"flags": 2, "global_quality": 4 * 118}
            return encode(path, cd, 44100, codec="libmp3lame", **settings)
    raise AssertionError(kind)


def files_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return 40 minutes of silence in a file of a few hundred kilobytes."""
    path = tmp_path_factory.mktemp("bomb") / "a.flac"
    data = encode(path, np.zeros(2400 * 8000, dtype=np.int16), 8000, codec="flac")
    assert len(data) < 500_000
    return data


def decoder_runs(store: AudioImporter) -> bool:
    return store.decoder_pid is not None


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AudioImporter]:
    importer = AudioImporter(tmp_path / "audio")
    yield importer
    await importer.close()


@pytest.mark.parametrize("kind", ["stereo-wav", "ulaw-wav", "24bit-wav", "cbr-mp3", "vbr-mp3"])
async def test_imported_sound_is_the_one_uploaded(
    store: AudioImporter, tmp_path: Path, kind: str
) -> None:
    port: AudioStore = store  # the type checker says whether it keeps the port
    data = upload(tmp_path, kind)

    imported = await port.import_bytes(data)

    assert imported.digest == hashlib.sha256(data).hexdigest()
    assert imported.original_format == kind[-3:]
    assert imported.size == len(data)
    assert imported.seconds == pytest.approx(5.03, abs=0.001)
    codes = store.playable(imported.digest).read_bytes()
    assert len(codes) == 252 * 160  # 251.5 frames of 20 ms, padded with silence
    assert codes[-70:] == bytes([g711.ULAW_SILENCE]) * 70
    match = compare.find(SOUND, g711.decode_ulaw(codes))
    assert match.correlation >= 0.98
    assert match.is_intact
    alaw = store.playable(imported.digest).with_suffix(".alaw").read_bytes()
    assert len(alaw) == len(codes)
    assert alaw[-70:] == bytes([g711.ALAW_SILENCE]) * 70
    assert compare.find(SOUND, g711.decode_alaw(alaw)).is_intact
    assert store.original(imported.digest).read_bytes() == data


async def test_sound_is_given_back_as_wav_mp3_and_samples(store: AudioImporter) -> None:
    digest = (await store.import_bytes(wav.write(SOUND))).digest

    assert len(await store.samples(digest)) == len(SOUND)
    read = wav.read(await store.wav(digest))
    assert (read.rate, read.channels, len(read.samples)) == (8000, 1, len(SOUND))
    assert compare.find(SOUND, read.mono()).is_intact
    mp3 = await store.mp3(digest)
    assert await store.mp3(digest) == mp3
    again = await store.import_bytes(mp3)
    assert again.original_format == "mp3"
    assert again.seconds == pytest.approx(5.03, abs=0.1)
    match = compare.find(SOUND, await store.samples(again.digest))
    assert match.correlation >= 0.95
    assert match.speed_ratio == pytest.approx(1, abs=1e-4)


async def test_file_is_imported_without_being_touched(store: AudioImporter, tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    path.write_bytes(wav.write(SOUND))

    imported = await store.import_file(path)

    assert path.read_bytes() == wav.write(SOUND)
    path.unlink()
    assert store.describe(imported.digest) == imported
    assert store.original(imported.digest).read_bytes() == wav.write(SOUND)


async def test_samples_of_another_rate_are_imported(store: AudioImporter) -> None:
    wave: NDArray[np.float32] = soxr.resample(SOUND.astype(np.float32), 8000, 22050)
    imported = await store.import_samples(wave.astype("<i2").tobytes(), 22050)
    assert compare.find(SOUND, await store.samples(imported.digest)).is_intact


async def test_sound_outlives_the_importer(tmp_path: Path) -> None:
    first = AudioImporter(tmp_path)
    imported = await first.import_bytes(wav.write(SOUND))
    await first.close()

    second = AudioImporter(tmp_path)

    assert second.describe(imported.digest) == imported
    assert await second.import_bytes(wav.write(SOUND)) == imported
    assert second.decoder_pid is None  # it was not decoded again
    await second.close()


async def test_same_bytes_at_once_become_one_sound(tmp_path: Path) -> None:
    here, there = AudioImporter(tmp_path), AudioImporter(tmp_path)  # as two servers
    data = wav.write(SOUND)

    results = await asyncio.gather(*(store.import_bytes(data) for store in [here, there] * 4))

    assert len(set(results)) == 1
    assert [name.partition(".")[2] for name in files_in(tmp_path)] == [
        "alaw",
        "json",
        "orig",
        "ulaw",
    ]
    codes = here.playable(results[0].digest).read_bytes()
    assert codes[: len(SOUND)] == g711.encode_ulaw(SOUND).tobytes()
    await here.close()
    await there.close()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", AudioEmpty, "empty"),
        (b"Dear customer,\n" * 50, UnreadableAudio, "WAV, MP3, FLAC and OGG"),
        (wav.write(SOUND)[:20000], UnreadableAudio, "cut off, 25% of it"),
        (wav.write(SOUND[:100]), AudioTooShort, "0.013 seconds"),
        (wav.write(SOUND[:0]), AudioTooShort, "0.000 seconds"),
        (wav.write(SOUND)[:60] + b"\0" * 70_000_000, AudioTooLarge, "70,000,060 bytes, 52,428,800"),
    ],
    ids=["empty", "text", "cut", "short", "none", "large"],
)
async def test_bad_upload_is_refused_and_leaves_nothing(
    store: AudioImporter,
    tmp_path: Path,
    data: bytes,
    error: type[Exception],
    message: str,
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    with pytest.raises(error, match=message):
        await store.import_bytes(data)
    with pytest.raises(error, match=message):
        await store.import_file(path)

    assert files_in(tmp_path / "audio") == []


async def test_file_that_is_not_there_is_named(store: AudioImporter, tmp_path: Path) -> None:
    with pytest.raises(UnreadableAudio, match=r"missing\.wav: No such file"):
        await store.import_file(tmp_path / "missing.wav")


async def test_small_file_with_much_sound_is_refused(tmp_path: Path, bomb: bytes) -> None:
    store = AudioImporter(tmp_path / "audio", limits=AudioLimits(max_seconds=60))
    silence = np.zeros(90 * 8000, dtype=np.int16)
    does_not_say = encode(tmp_path / "a.ogg", silence, 8000, codec="libopus")

    for data in (bomb, does_not_say):
        with pytest.raises(AudioTooLong, match="60 seconds"):
            await store.import_bytes(data)
    await store.close()


async def test_decoder_has_no_more_memory_than_allowed(tmp_path: Path, bomb: bytes) -> None:
    store = AudioImporter(tmp_path / "audio", limits=AudioLimits(memory_bytes=280 * 1024**2))

    with pytest.raises((UnreadableAudio, AudioUnavailable), match=r"memory|unexpectedly"):
        await store.import_bytes(bomb)

    assert (await store.import_bytes(wav.write(SOUND))).seconds > 5
    await store.close()


async def busy_decoder(store: AudioImporter) -> int:
    """Start the decoder and stop it, so that the next import hangs; return its pid."""
    await store.import_bytes(wav.write(tones.beep()))
    pid = store.decoder_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


async def until_asleep(importing: asyncio.Task[object], store: AudioImporter) -> None:
    """Let the import come to where it waits for the decoder."""
    async with asyncio.timeout(10):
        while not store._decoder._turn.locked():
            assert not importing.done()
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


async def test_decoder_killed_at_work_is_an_error_and_the_next_import_works(
    store: AudioImporter, tmp_path: Path
) -> None:
    pid = await busy_decoder(store)
    importing = asyncio.create_task(store.import_bytes(wav.write(SOUND)))
    await until_asleep(importing, store)

    os.kill(pid, signal.SIGKILL)

    with pytest.raises(AudioUnavailable, match="decoder ended unexpectedly; try again"):
        await importing
    assert files_in(tmp_path / "audio" / "incoming") == []
    imported = await store.import_bytes(wav.write(SOUND))
    assert imported.seconds == pytest.approx(5.03)
    assert store.decoder_pid not in (None, pid)


async def test_decoder_killed_while_idle_is_started_again(store: AudioImporter) -> None:
    await store.import_bytes(wav.write(tones.beep()))
    assert store.decoder_pid is not None
    psutil.Process(store.decoder_pid).kill()
    async with asyncio.timeout(10):
        while decoder_runs(store):  # noqa: ASYNC110 - the end of a process sets no event
            await asyncio.sleep(0.01)

    assert (await store.import_bytes(wav.write(SOUND))).seconds == pytest.approx(5.03)


async def test_decoder_that_hangs_is_killed_in_time(tmp_path: Path) -> None:
    store = AudioImporter(tmp_path, limits=AudioLimits(wall_seconds=5))
    pid = await busy_decoder(store)

    with pytest.raises(AudioUnavailable, match="did not finish within 5 seconds"):
        await store.import_bytes(wav.write(SOUND))

    assert not psutil.pid_exists(pid)
    assert (await store.import_bytes(wav.write(SOUND))).seconds == pytest.approx(5.03)
    await store.close()


async def test_import_that_is_given_up_leaves_nothing_behind(
    store: AudioImporter, tmp_path: Path
) -> None:
    pid = await busy_decoder(store)
    importing = asyncio.create_task(store.import_bytes(wav.write(SOUND)))
    await until_asleep(importing, store)

    importing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await importing
    assert not psutil.pid_exists(pid)
    assert files_in(tmp_path / "audio" / "incoming") == []
    assert (await store.import_bytes(wav.write(SOUND))).seconds == pytest.approx(5.03)


async def test_event_loop_goes_on_while_a_long_sound_is_decoded(
    store: AudioImporter, tmp_path: Path
) -> None:
    long = encode(tmp_path / "a.mp3", np.tile(SOUND, 30), 8000, codec="libmp3lame", bit_rate=32_000)
    await store.import_bytes(wav.write(tones.beep()))
    importing = asyncio.create_task(store.import_bytes(long))
    loop, worst = asyncio.get_running_loop(), 0.0
    while not importing.done():
        before = loop.time()
        await asyncio.sleep(0.005)
        worst = max(worst, loop.time() - before)

    assert (await importing).seconds > 150
    assert worst < 0.25  # measured 0.02; decoding alone takes longer


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../../etc/passwd", "A" * 64, "0" * 63 + "\n"])
async def test_unknown_digest_is_not_found(store: AudioImporter, digest: str) -> None:
    for read in (store.describe, store.playable, store.original):
        with pytest.raises(AudioNotFound):
            read(digest)
    for convert in (store.wav, store.mp3, store.samples):
        with pytest.raises(AudioNotFound):
            await convert(digest)


async def test_what_a_killed_server_left_behind_is_removed(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    (incoming / "old").write_bytes(b"x")
    os.utime(incoming / "old", (1_000_000, 1_000_000))
    (incoming / "being-written").write_bytes(b"x")

    store = AudioImporter(tmp_path)

    assert [path.name for path in incoming.iterdir()] == ["being-written"]
    await store.close()


async def test_disk_that_refuses_is_an_error_that_names_no_path(
    store: AudioImporter, tmp_path: Path
) -> None:
    (tmp_path / "audio" / "incoming").rmdir()
    with pytest.raises(AudioUnavailable, match="No such file or directory; try again") as caught:
        await store.import_bytes(wav.write(SOUND))
    assert str(tmp_path) not in str(caught.value)


async def test_decoder_is_given_no_secrets(
    store: AudioImporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGCAST_TRUNK_PASSWORD", "hunter2")
    await store.import_bytes(wav.write(tones.beep()))
    assert store.decoder_pid is not None
    environment = psutil.Process(store.decoder_pid).environ()
    assert "PATH" in environment
    assert "hunter2" not in str(environment)


async def test_close_ends_the_decoder(tmp_path: Path) -> None:
    store = AudioImporter(tmp_path)
    await store.import_bytes(wav.write(tones.beep()))
    pid = store.decoder_pid
    assert pid is not None

    await store.close()
    await store.close()

    assert not psutil.pid_exists(pid)
    assert store.decoder_pid is None
