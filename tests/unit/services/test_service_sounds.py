"""Sounds of an account."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import InvalidAudio, InvalidInput, NotFound
from ringcast.domain.ids import SoundId
from ringcast.domain.sounds import SoundStatus
from ringcast.ports.speech import VOICES
from ringcast.ports.store import Page
from ringcast.services.sounds import (
    ArchiveSound,
    AudioFormat,
    FindSounds,
    GetSound,
    SoundAudio,
    SpeakSound,
    UploadSound,
)
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, MemorySpeech, wav_file


@pytest.fixture
def upload(store: SqlStore, audio: MemoryAudio, clock: ManualClock) -> UploadSound:
    return UploadSound(store=store, audio=audio, clock=clock)


@pytest.fixture
def speak(store: SqlStore, speech: MemorySpeech, clock: ManualClock) -> SpeakSound:
    return SpeakSound(store=store, speech=speech, clock=clock)


async def test_an_upload_becomes_an_active_sound(
    store: SqlStore, clock: ManualClock, account: Account, upload: UploadSound
) -> None:
    added = await upload(account, wav_file(1.5), name=" Reminder ")
    assert not added.duplicate
    assert added.sound.name == "Reminder"
    assert added.sound.length == timedelta(seconds=1.5)
    assert added.sound.status is SoundStatus.ACTIVE
    assert added.sound.created_at == clock.now()
    assert await GetSound(store=store)(account.id, added.sound.id) == added.sound


async def test_the_same_audio_again_is_the_earlier_sound(
    account: Account, upload: UploadSound, tmp_path: Path
) -> None:
    first = await upload(account, wav_file(1), name="one")
    path = tmp_path / "same.wav"
    path.write_bytes(wav_file(1))
    again = await upload(account, path, name="two")
    assert again.duplicate
    assert again.sound == first.sound


async def test_audio_of_another_account_is_no_duplicate(
    account: Account, stranger: Account, upload: UploadSound
) -> None:
    theirs = await upload(stranger, wav_file(1), name="theirs")
    ours = await upload(account, wav_file(1), name="ours")
    assert not ours.duplicate
    assert ours.sound.id != theirs.sound.id


async def test_an_archived_sound_is_not_taken_for_a_new_upload(
    store: SqlStore, account: Account, upload: UploadSound
) -> None:
    first = await upload(account, wav_file(1), name="one")
    await ArchiveSound(store=store)(account.id, first.sound.id)
    again = await upload(account, wav_file(1), name="one")
    assert not again.duplicate
    assert again.sound.status is SoundStatus.ACTIVE


@pytest.mark.parametrize("data", [b"", b"not audio"])
async def test_what_is_no_audio_leaves_nothing_behind(
    store: SqlStore, account: Account, upload: UploadSound, data: bytes
) -> None:
    with pytest.raises(InvalidAudio):
        await upload(account, data, name="x")
    assert await FindSounds(store=store)(account.id, Page(), archived=True) == ([], 0)


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "a\x00b"])
async def test_a_sound_needs_a_name(account: Account, upload: UploadSound, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await upload(account, wav_file(1), name=name)
    assert refused.value.field == "name"


async def test_a_text_becomes_a_sound_named_by_its_beginning(
    account: Account, speak: SpeakSound
) -> None:
    short = await speak(account, "Hello\n there!", VOICES["es-male-1"])
    assert short.sound.name == "TTS: Hello there!"
    assert short.sound.text == "Hello\n there!"
    long = await speak(account, "word " * 50, VOICES["es-male-1"])
    assert long.sound.name.endswith("word…")
    assert len(long.sound.name) <= 65


async def test_a_text_is_one_sound_for_each_voice(account: Account, speak: SpeakSound) -> None:
    first = await speak(account, "Hello", VOICES["en-us-male-1"])
    assert (await speak(account, "Hello", VOICES["en-us-male-1"])).sound == first.sound
    assert (await speak(account, "Hello", VOICES["en-us-female-1"])).sound != first.sound


async def test_sounds_are_found_by_part_of_their_name_newest_first(
    store: SqlStore, account: Account, stranger: Account, upload: UploadSound
) -> None:
    one = (await upload(account, wav_file(1), name="Spring sale")).sound
    two = (await upload(account, wav_file(2), name="Summer SALE")).sound
    await upload(account, wav_file(3), name="Storm")
    await upload(stranger, wav_file(4), name="Sale")
    find = FindSounds(store=store)
    assert await find(account.id, Page(), name="sale") == ([two, one], 2)
    assert await find(account.id, Page(limit=1, offset=1), name="sale") == ([one], 2)


async def test_archiving_hides_a_sound_but_keeps_it(
    store: SqlStore, account: Account, audio: MemoryAudio, upload: UploadSound
) -> None:
    sound = (await upload(account, wav_file(1), name="one")).sound
    archive = ArchiveSound(store=store)
    archived = await archive(account.id, sound.id)
    assert archived.status is SoundStatus.ARCHIVED
    assert await archive(account.id, sound.id) == archived
    assert await FindSounds(store=store)(account.id, Page()) == ([], 0)
    assert await FindSounds(store=store)(account.id, Page(), archived=True) == ([archived], 1)
    heard = await SoundAudio(store=store, audio=audio)(account.id, sound.id, AudioFormat.WAV)
    assert heard == (archived, wav_file(1))


async def test_audio_comes_in_the_format_asked_for(
    store: SqlStore, account: Account, audio: MemoryAudio, upload: UploadSound
) -> None:
    sound = (await upload(account, wav_file(1), name="one")).sound
    _, content = await SoundAudio(store=store, audio=audio)(account.id, sound.id, AudioFormat.MP3)
    assert content.startswith(b"ID3")


async def test_another_accounts_sound_does_not_exist(
    store: SqlStore,
    account: Account,
    stranger: Account,
    audio: MemoryAudio,
    upload: UploadSound,
) -> None:
    theirs = (await upload(stranger, wav_file(1), name="theirs")).sound
    for sound_id in (theirs.id, SoundId(1)):
        with pytest.raises(NotFound):
            await GetSound(store=store)(account.id, sound_id)
        with pytest.raises(NotFound):
            await ArchiveSound(store=store)(account.id, sound_id)
        with pytest.raises(NotFound):
            await SoundAudio(store=store, audio=audio)(account.id, sound_id, AudioFormat.WAV)
    assert (await GetSound(store=store)(stranger.id, theirs.id)).status is SoundStatus.ACTIVE
