"""One call with everything it needs, from its INVITE to the report."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import assert_never

import uvloop
from rich.markup import escape
from rich.table import Table

from ringcast.bootstrap.core import Core, running_core
from ringcast.cli.output import CONSOLE
from ringcast.config import Settings
from ringcast.domain.calls import Attempt, Call
from ringcast.domain.errors import InvalidAudio, InvalidInput
from ringcast.domain.events import (
    AnswerDetected,
    AttemptStarted,
    AudioEnded,
    AudioStarted,
    CallAnswered,
    CallBarred,
    CallCreated,
    CallEnded,
    CallEvent,
    CallReceived,
    CallRinging,
    DigitPressed,
    GatherStarted,
    KeysGathered,
    RecordingEnded,
    RecordingStarted,
    RingTimedOut,
    SoundPlayed,
)
from ringcast.domain.instructions import Instruction, Play, Record, Script, SendDigits
from ringcast.domain.numbers import Destination
from ringcast.ports.speech import VOICES, Voice
from ringcast.services.accounts import AddAccount
from ringcast.services.calls import GetCall, Recipient
from ringcast.services.numbers import AddNumber

__all__ = ["OneCall"]

_MAX_DOWNLOAD = 50 * 1024 * 1024  # bytes
_ACCOUNT = "command line"


class OneCall:
    """The call of one command."""

    def __init__(
        self,
        to: Destination,
        from_number: str,
        *,
        play: str | None,
        say: str | None,
        voice: str,
        record: Path | None,
        digits: str | None,
    ) -> None:
        self._to = to
        self._from = from_number
        self._play = play
        self._say = say
        self._voice = VOICES.get(voice, Voice(name=voice))
        self._record = record
        self._digits = digits
        self._over = asyncio.Event()
        self._progress = _Progress()

    def place(self, settings: Settings) -> int:
        """Place it and see it through; return the exit status of the command."""
        try:
            return 0 if uvloop.run(self._run(settings)) else 1
        except asyncio.CancelledError:
            return 128 + signal.SIGTERM

    async def _run(self, settings: Settings) -> bool:
        """Place it and see it through; return whether it was answered and fully played.

        Ctrl-C and SIGTERM cancel it: the call is hung up on the way out.
        """
        task = asyncio.current_task()
        assert task is not None, "asyncio runs this"
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        sound = b"" if self._play is None else await self._sound(self._play, settings)
        async with running_core(settings, observer=self._observe) as core:
            seconds, script = await self._script(core, sound)
            add_account = AddAccount(store=core.store, clock=core.clock)
            account, _ = await add_account(_ACCOUNT)
            add_number = AddNumber(store=core.store, clock=core.clock)
            await add_number(self._from, account_name=_ACCOUNT, caller_id_only=True)
            recipient = Recipient(to=self._to, message=script)
            (made,) = await core.send_calls(account, [recipient], strict=True)
            self._progress.begin(made)
            await self._over.wait()
            found = await GetCall(store=core.store)(account.id, made.id)
        return _report(found.call, found.attempts[-1], seconds, self._record)

    async def _script(self, core: Core, sound: bytes) -> tuple[float, Script]:
        if self._say is not None:
            imported = await core.speech.speak(self._say, self._voice)
        else:
            try:
                imported = await core.audio.import_bytes(sound)
            except InvalidAudio as error:
                raise InvalidInput(f"--play {self._play}: {error}") from error
        steps: list[Instruction] = []
        if self._record is not None:
            steps.append(Record(path=str(self._record.absolute())))
        if self._digits is not None:
            steps.append(SendDigits(digits=self._digits))
        steps.append(Play(audio=(imported.digest,)))
        return imported.seconds, Script(instructions=tuple(steps))

    async def _sound(self, source: str, settings: Settings) -> bytes:
        if source.startswith(("http://", "https://")):
            # Only this needs a client for HTTP, which takes longer to load than all the rest here.
            from ringcast.integrations.http_fetch import HttpFetcher

            fetcher = HttpFetcher(allow_private=settings.allow_private_urls)
            return await fetcher.get(source, max_bytes=_MAX_DOWNLOAD)
        try:
            return await asyncio.to_thread(Path(source).read_bytes)
        except OSError as error:
            raise InvalidInput(f"--play {source}: {error.strerror}") from error

    def _observe(self, events: Sequence[CallEvent]) -> None:
        for event in events:
            self._progress.show(event)
            if isinstance(event, CallEnded):
                self._over.set()


class _Progress:
    """Lines that tell what happens, each with the seconds since the call began."""

    def __init__(self) -> None:
        self._began: datetime | None = None

    def begin(self, call: Call) -> None:
        """Print that the call is on its way; times count from here."""
        self._began = call.created_at
        CONSOLE.print(f"[dim]{0:6.2f} s[/]  calling {escape(str(call.to))}", soft_wrap=True)

    def show(self, event: CallEvent) -> None:
        """Print the line of an event."""
        seconds = (event.at - self._began).total_seconds() if self._began is not None else 0.0
        CONSOLE.print(f"[dim]{seconds:6.2f} s[/]  {self._words(event)}", soft_wrap=True)

    def _words(self, event: CallEvent) -> str:
        match event:
            case CallCreated() | CallReceived() | AttemptStarted():
                return "accepted"
            case CallRinging():
                return "ringing, with sound from the network" if event.early_media else "ringing"
            case CallAnswered():
                return "[green]answered[/]"
            case SoundPlayed():
                whole = "whole" if event.completed else "cut short"
                return f"sound played for {event.played.total_seconds():.2f} s ({whole})"
            case DigitPressed():
                return f"key pressed: [bold]{event.digit}[/]"
            case CallBarred():
                return "not dialled: the number is on the do-not-call list"
            case RingTimedOut():
                return "nobody picks up"
            case CallEnded():
                return f"ended: {escape(event.reason)}"
            case AudioStarted() | AudioEnded() | GatherStarted() | KeysGathered():
                return "a request was carried out"
            case RecordingStarted() | RecordingEnded():
                return "a request was carried out"
            case AnswerDetected():
                return f"answered by: {event.who}"
            case _:
                assert_never(event)


def _report(call: Call, attempt: Attempt, seconds: float, record: Path | None) -> bool:
    played = attempt.played.total_seconds()
    # A playback is counted in whole frames of 20 ms.
    whole = attempt.answered_at is not None and played >= seconds - 0.02
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("outcome", str(call.outcome))
    if attempt.sip_status is not None:
        table.add_row("SIP status", str(attempt.sip_status))
    if attempt.answered_at is not None:
        waited = (attempt.answered_at - attempt.created_at).total_seconds()
        table.add_row("answered after", f"{waited:.2f} s")
        table.add_row("talk time", f"{attempt.talk_time.total_seconds():.2f} s")
        table.add_row("played", f"{played:.2f} of {seconds:.2f} s")
    if attempt.digits:
        table.add_row("keys pressed", attempt.digits)
    if record is not None and attempt.answered_at is not None:
        written = record.exists()
        table.add_row("recording", escape(str(record)) if written else "could not be written")
        whole = whole and written
    CONSOLE.print(table)
    return whole
