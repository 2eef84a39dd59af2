"""Sounds: uploaded or spoken, found, heard and archived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import AccountId, SoundId
from ringcast.domain.sounds import Sound, SoundStatus
from ringcast.ports.audio import AudioStore, ImportedAudio
from ringcast.ports.clock import Clock
from ringcast.ports.speech import Speech, Voice
from ringcast.ports.store import Page, Store
from ringcast.services.idempotency import Once

__all__ = [
    "AddedSound",
    "ArchiveSound",
    "AudioFormat",
    "FindSounds",
    "GetSound",
    "SoundAudio",
    "SpeakSound",
    "UploadSound",
    "checked_sound_name",
]

_MAX_NAME = 255  # characters
_MAX_TEXT_IN_NAME = 60


class AudioFormat(StrEnum):
    """A form in which a sound can be fetched."""

    WAV = "wav"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class AddedSound:
    """A sound, and whether the account had the same audio before."""

    sound: Sound
    duplicate: bool


class UploadSound:
    """Keep an audio file as a sound of the account."""

    def __init__(self, *, store: Store, audio: AudioStore, clock: Clock) -> None:
        self._store = store
        self._audio = audio
        self._clock = clock

    async def __call__(
        self,
        account: Account,
        data: bytes | Path,
        *,
        name: str,
        once: Once[AddedSound] | None = None,
    ) -> AddedSound:
        """Return the new sound, or the account's older one with the same audio.

        Raises InvalidAudio and its kin as `AudioStore` does, InvalidInput for a bad name.
        """
        name = checked_sound_name(name)
        imported = (
            await self._audio.import_file(data)
            if isinstance(data, Path)
            else await self._audio.import_bytes(data)
        )
        return await _add(
            self._store, self._clock, account, imported, name=name, text=None, once=once
        )


class SpeakSound:
    """Keep a spoken text as a sound of the account."""

    def __init__(self, *, store: Store, speech: Speech, clock: Clock) -> None:
        self._store = store
        self._speech = speech
        self._clock = clock

    async def __call__(
        self,
        account: Account,
        text: str,
        voice: Voice,
        *,
        name: str | None = None,
        once: Once[AddedSound] | None = None,
    ) -> AddedSound:
        """Return the new sound, or the account's older one that says the same in that voice.

        Without a name it is called by the words. Raises InvalidInput for a text, a voice or a name
        that cannot be, SpeechFailed.
        """
        name = _name_of_text(text) if name is None else checked_sound_name(name)
        imported = await self._speech.speak(text, voice)
        return await _add(
            self._store,
            self._clock,
            account,
            imported,
            name=name,
            text=text,
            once=once,
        )


class GetSound:
    """Find one sound of an account, archived or not."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, sound_id: SoundId) -> Sound:
        """Return the sound; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            sound = await tx.sound(account_id, sound_id)
        if sound is None:
            raise NotFound("sound", sound_id)
        return sound


class FindSounds:
    """List sounds of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        archived: bool = False,
        pending: bool = False,
    ) -> tuple[Sequence[Sound], int]:
        """Return a page of sounds, newest first, and how many there are in all.

        `name` is a part of the name, whatever its case; `archived` lists archived and failed sounds
        as well, `pending` those that are being recorded.
        """
        async with self._store.begin(read_only=True) as tx:
            return await tx.sounds(account_id, page, name=name, archived=archived, pending=pending)


class ArchiveSound:
    """Take a sound out of use; what is being played goes on, and it can still be fetched."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, sound_id: SoundId) -> Sound:
        """Return the archived sound; archiving twice is once. Raises NotFound, Conflict."""
        async with self._store.begin() as tx:
            sound = await tx.sound(account_id, sound_id)
            if sound is None:
                raise NotFound("sound", sound_id)
            if sound.status is SoundStatus.RECORDING:
                raise Conflict(f"sound {sound_id} is being recorded: wait for the end of its call")
            if sound.status is not SoundStatus.ARCHIVED:
                sound = replace(sound, status=SoundStatus.ARCHIVED)
                await tx.update_sound(sound)
                await tx.commit()
        return sound


class SoundAudio:
    """Fetch what a sound sounds like in a call."""

    def __init__(self, *, store: Store, audio: AudioStore) -> None:
        self._get_sound = GetSound(store=store)
        self._audio = audio

    async def __call__(
        self, account_id: AccountId, sound_id: SoundId, audio_format: AudioFormat
    ) -> tuple[Sound, bytes]:
        """Return the sound and the bytes of a file in that format.

        Raises NotFound, and Conflict for a sound that nobody has spoken yet.
        """
        sound = await self._get_sound(account_id, sound_id)
        if not sound.audio:
            raise Conflict(f"sound {sound_id} is {sound.status}: there is nothing to be heard")
        if audio_format is AudioFormat.WAV:
            return sound, await self._audio.wav(sound.audio)
        return sound, await self._audio.mp3(sound.audio)


async def _add(
    store: Store,
    clock: Clock,
    account: Account,
    imported: ImportedAudio,
    *,
    name: str,
    text: str | None,
    once: Once[AddedSound] | None,
) -> AddedSound:
    now = clock.now()
    (sound_id,) = await store.take_ids(1, now)
    async with store.begin() as tx:
        earlier = await tx.sound_of_audio(account.id, imported.digest)
        if earlier is not None:
            added = AddedSound(earlier, duplicate=True)
        else:
            sound = Sound(
                id=SoundId(sound_id),
                account_id=account.id,
                name=name,
                audio=imported.digest,
                length=timedelta(seconds=imported.seconds),
                status=SoundStatus.ACTIVE,
                created_at=now,
                text=text,
            )
            await tx.add_sound(sound)
            added = AddedSound(sound, duplicate=False)
        if once is not None:
            await once.save(tx, account.id, added, now=now)
        await tx.commit()
    return added


def checked_sound_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise InvalidInput(
            f"a sound needs a name of 1 to {_MAX_NAME} printable characters", field="name"
        )
    return name


def _name_of_text(text: str) -> str:
    words = " ".join(text.split())
    if len(words) > _MAX_TEXT_IN_NAME:
        words = words[: _MAX_TEXT_IN_NAME - 1].rstrip() + "…"
    return f"TTS: {words}"
