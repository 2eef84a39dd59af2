"""Prompts made ready to be played: spoken, fetched, looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, assert_never

from ringcast.audio import music, tones
from ringcast.domain.errors import NotFound, RingcastError
from ringcast.domain.ids import AccountId, RecordingId
from ringcast.domain.programs import (
    FromRecording,
    FromUrl,
    HoldMusic,
    Prompt,
    Silence,
    Spoken,
    Stored,
    StoredSound,
)
from ringcast.ports.audio import AudioStore
from ringcast.ports.engine import Heard
from ringcast.ports.recording_archive import RecordingArchive
from ringcast.ports.speech import Gender, Speech, Voice
from ringcast.ports.store import Store
from ringcast.ports.web import RemoteSounds
from ringcast.services.leg_actions import LegActions, stopped

__all__ = ["PromptMissing", "Prompts", "say"]

_TOGETHER: Final = 0.05
"""Seconds for which prompts wait for each other, to be played in one go."""
_RATE: Final = 8000


class PromptMissing(Exception):
    """A prompt cannot be had."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Prompts:
    """Makes prompts ready."""

    def __init__(
        self,
        *,
        store: Store,
        audio: AudioStore,
        speech: Speech,
        remote: RemoteSounds,
        archive: RecordingArchive | None = None,
        recording_at: Callable[[str], RecordingId | None] = lambda _: None,
    ) -> None:
        """Without `archive` recordings cannot be played.

        `recording_at` says which of our recordings is at an address: it is played from the
        archive, as fetching it would take a credential.
        """
        self._recording_at = recording_at
        self._archive = archive
        self._store = store
        self._audio = audio
        self._speech = speech
        self._remote = remote
        self._tones: dict[str, str] = {}

    async def ready(self, account_id: AccountId, prompt: Prompt) -> Heard:
        """Return what is played for a prompt; raise PromptMissing."""
        try:
            return await self._ready(account_id, prompt)
        except (RingcastError, ValueError) as error:
            raise PromptMissing(str(error)) from error

    async def all_ready(
        self, account_id: AccountId, prompts: Sequence[Prompt]
    ) -> tuple[Heard, ...]:
        """Return what is played for prompts; raise PromptMissing if one cannot be had."""
        return tuple(await asyncio.gather(*(self.ready(account_id, one) for one in prompts)))

    async def beep(self) -> Heard:
        """Return the tone after which a message is recorded."""
        return await self._tone("beep")

    async def ringing(self) -> Heard:
        """Return what a caller hears while it rings."""
        return await self._tone("ringing")

    async def _ready(self, account_id: AccountId, prompt: Prompt) -> Heard:
        match prompt:
            case Stored(audio=digest):
                return self._audio.describe(digest).digest
            case StoredSound(sound_id=sound_id):
                async with self._store.begin(read_only=True) as tx:
                    sound = await tx.sound(account_id, sound_id)
                if sound is None:
                    raise NotFound("sound", sound_id)
                return sound.audio
            case FromRecording(recording_id=recording_id):
                return await self._recorded(account_id, recording_id)
            case FromUrl(url=url, cache=cache):
                kept = self._recording_at(url)
                if kept is not None:
                    return await self._recorded(account_id, kept)
                return await self._remote.fetch(url, cache=cache)
            case Spoken():
                gender = Gender(prompt.gender)
                voice = Voice(name=prompt.voice, language=prompt.language, gender=gender)
                return (await self._speech.speak(prompt.text, voice)).digest
            case Silence(length=length):
                if length < timedelta():
                    raise ValueError("silence lasts no less than nothing")
                return length
            case HoldMusic(style=style):
                return await self._music(style)
            case _:
                assert_never(prompt)

    async def _recorded(self, account_id: AccountId, recording_id: RecordingId) -> Heard:
        if self._archive is None:
            raise NotFound("recording", recording_id)
        path = await self._archive.wav(account_id, recording_id)
        return (await self._audio.import_file(path)).digest

    async def _tone(self, name: str) -> str:
        digest = self._tones.get(name)
        if digest is None:
            samples = tones.beep(milliseconds=300) if name == "beep" else tones.ringback()
            imported = await self._audio.import_samples(samples.astype("<i2").tobytes(), _RATE)
            digest = self._tones[name] = imported.digest
        return digest

    async def _music(self, style: str) -> str:
        digest = self._tones.get(f"music {style}")
        if digest is None:
            samples = await asyncio.to_thread(music.hold_music, style)
            imported = await self._audio.import_samples(samples.astype("<i2").tobytes(), _RATE)
            digest = self._tones[f"music {style}"] = imported.digest
        return digest


async def say(
    actions: LegActions,
    prompts: Prompts,
    account_id: AccountId,
    wanted: Sequence[Prompt],
    loop: int | None = 1,
) -> None:
    """Play prompts to their end, `loop` times over; None is until the leg is over.

    They are made ready all at once; those that take longer are played when they are ready. Raises
    PromptMissing after the ones before it.
    """
    if not wanted:
        return
    made = [actions.begin(prompts.ready(account_id, one)) for one in wanted]
    try:
        heard: list[Heard] = []
        while len(heard) < len(made):
            await _first_is_ready(actions, made[len(heard) :])
            some = _ready_so_far(made[len(heard) :])
            is_all = len(some) == len(made)
            heard += some
            await actions.play_out(some, loop if is_all else 1)
            if is_all:
                return
        if loop is None:
            await actions.play_out(heard, None)
        elif loop > 1:
            await actions.play_out(heard, loop - 1)
    finally:
        await stopped(made)


async def _first_is_ready(actions: LegActions, made: Sequence[asyncio.Future[Heard]]) -> None:
    """Wait for the first, and a moment for the others; raise PromptMissing if it failed."""
    while not made[0].done():
        await actions.next_news()
    made[0].result()
    until = actions.seconds() + _TOGETHER
    while not all(one.done() for one in made):
        if await actions.next_news(until) is None:
            return


def _ready_so_far(made: Sequence[asyncio.Future[Heard]]) -> list[Heard]:
    heard: list[Heard] = []
    for one in made:
        if not one.done() or one.exception() is not None:
            break
        heard.append(one.result())
    return heard
