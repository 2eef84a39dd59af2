"""Sounds recorded by phone: somebody is called, speaks, hears it back and accepts it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import NotFound, RingcastError, Unavailable
from ringcast.domain.events import CallCreated
from ringcast.domain.ids import CallId, RecordingId, SoundId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.sound_recording import ACCEPTED, SOUND_RECORDING
from ringcast.domain.sounds import Sound, SoundStatus
from ringcast.ports.audio import AudioStore, ImportedAudio
from ringcast.ports.clock import Clock
from ringcast.ports.recording_archive import RecordingArchive
from ringcast.ports.store import Store
from ringcast.services.calls import caller_numbers
from ringcast.services.idempotency import Once
from ringcast.services.sounds import AddedSound, checked_sound_name

__all__ = ["RecordSoundByPhone", "SettleSpokenSounds"]

log = logging.getLogger(__name__)

_SCRIPT: Final = Script(instructions=(Interpret(language=SOUND_RECORDING, source=""),))
_PERIOD: Final = 5.0  # seconds between looks
_BATCH: Final = 20


class RecordSoundByPhone:
    """Call somebody who speaks a sound."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        wake: Callable[[], None],
        ring_timeout: timedelta = timedelta(seconds=40),
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._ring_timeout = ring_timeout

    async def __call__(
        self,
        account: Account,
        to: str,
        *,
        name: str | None,
        once: Once[AddedSound] | None = None,
    ) -> AddedSound:
        """Return the sound, RECORDING; the call comes from the account's oldest number.

        Raises InvalidNumber, InvalidInput for the name, UnknownCallerId.
        """
        number = PhoneNumber.parse(to, field="toNumber")
        now = self._clock.now()
        sound_id, call_id = await self._store.take_ids(2, now)
        sound = Sound(
            id=SoundId(sound_id),
            account_id=account.id,
            name=checked_sound_name(f"Recorded by {number.digits}" if name is None else name),
            audio="",
            length=timedelta(),
            status=SoundStatus.RECORDING,
            created_at=now,
            call_id=CallId(call_id),
        )
        async with self._store.begin() as tx:
            (caller,) = await caller_numbers(tx, account.id, [None])
            await tx.add_sound(sound)
            call = Call(
                id=CallId(call_id),
                account_id=account.id,
                to=number,
                to_text=number.e164,
                from_number=caller,
                script=_SCRIPT,
                state=CallState.READY,
                created_at=now,
                updated_at=now,
                due_at=now,
                ring_timeout=self._ring_timeout,
            )
            await tx.add_calls([call])
            await tx.add_events([CallCreated(call_id=call.id, at=now)])
            added = AddedSound(sound, duplicate=False)
            if once is not None:
                await once.save(tx, account.id, added, now=now)
            await tx.commit()
        self._wake()
        return added


class SettleSpokenSounds:
    """Make sounds ACTIVE whose recording was accepted, and FAILED the others whose call is over."""

    def __init__(self, *, store: Store, archive: RecordingArchive, audio: AudioStore) -> None:
        self._store = store
        self._archive = archive
        self._audio = audio
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """Look at once."""
        self._bell.set()

    async def __call__(self) -> int:
        """Settle those there are; return how many."""
        settled = 0
        while True:
            async with self._store.begin(read_only=True) as tx:
                found = await tx.spoken_sounds(_BATCH)
                attempts = await tx.attempts_of([call.id for _, call in found]) if found else {}
            for sound, call in found:
                accepted = [
                    RecordingId(int(answer.response))
                    for attempt in attempts[call.id]
                    for answer in attempt.answers
                    if answer.question == ACCEPTED
                ]
                spoken = await self._imported(sound, accepted[-1]) if accepted else None
                await self._settle(sound, spoken)
                settled += 1
            if len(found) < _BATCH:
                return settled

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            try:
                await self()
            except Unavailable:
                log.warning("store or audio unavailable, spoken sounds wait")
            try:
                async with asyncio.timeout(_PERIOD):
                    await self._bell.wait()
            except TimeoutError:
                pass
            self._bell.clear()

    async def _imported(self, sound: Sound, recording_id: RecordingId) -> ImportedAudio | None:
        try:
            path = await self._archive.wav(sound.account_id, recording_id)
            return await self._audio.import_file(path)
        except Unavailable:
            raise
        except RingcastError:
            log.exception("spoken sound cannot be used", extra={"sound_id": sound.id})
            return None

    async def _settle(self, sound: Sound, spoken: ImportedAudio | None) -> None:
        if spoken is None:
            settled = replace(sound, status=SoundStatus.FAILED)
        else:
            settled = replace(
                sound,
                status=SoundStatus.ACTIVE,
                audio=spoken.digest,
                length=timedelta(seconds=spoken.seconds),
            )
        async with self._store.begin() as tx:
            present = await tx.sound(sound.account_id, sound.id)
            if present is None:
                raise NotFound("sound", sound.id)
            if present.status is SoundStatus.RECORDING:
                await tx.update_sound(settled)
                await tx.commit()
