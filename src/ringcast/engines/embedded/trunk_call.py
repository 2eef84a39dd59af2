"""A call over a trunk that is only to show whether calls work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from ringcast.audio import g711, tones
from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded.engine import EmbeddedEngine
from ringcast.engines.embedded.trunk_check import Finding
from ringcast.ports.engine import (
    EngineEvent,
    LegAnswered,
    LegEnded,
    LegRinging,
    Originate,
    PlaybackFinished,
    PlaybackResult,
)

__all__ = ["TrialCall", "write_tone"]

_LEG: Final = AttemptId(1)
_ANSWER_WAIT: Final = timedelta(seconds=45)
_TONE_SECONDS: Final = 2.0
_LAST_WAIT: Final = 60.0  # seconds; the engine ends every leg before


def write_tone(directory: Path) -> Path:
    """Write what the call plays; return the file."""
    path = directory / "tone.ulaw"
    wave = tones.tone([440.0], _TONE_SECONDS)
    path.write_bytes(g711.encode_ulaw(wave).tobytes())
    return path


class TrialCall:
    """Calls a number, plays a tone of two seconds, listens whether anything comes, hangs up."""

    def __init__(self, to: PhoneNumber, from_number: PhoneNumber | None) -> None:
        self._to = to
        self._from = from_number
        self._events: asyncio.Queue[EngineEvent] = asyncio.Queue()

    def take(self, event: EngineEvent) -> None:
        """Be the sink of the engine's events."""
        self._events.put_nowait(event)

    async def findings(self, engine: EmbeddedEngine) -> AsyncIterator[Finding]:
        """Give what each step of the call finds; the engine is started."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await engine.originate(
                Originate(
                    leg=_LEG,
                    to=self._to,
                    from_number=self._from,
                    ring_timeout=_ANSWER_WAIT,
                    max_length=timedelta(seconds=30),
                )
            )
        except EngineUnavailable as exc:
            yield Finding(step="call", is_good=False, says=str(exc))
            return
        rang = False
        async with asyncio.timeout(_LAST_WAIT):
            while True:
                event = await self._events.get()
                took = f"after {loop.time() - began:.1f} s"
                if isinstance(event, LegRinging) and not rang:
                    rang = True
                    how = " with audio before the answer" if event.early_media else ""
                    yield Finding(step="call", is_good=True, says=f"it rings{how} {took}")
                elif isinstance(event, LegAnswered):
                    yield Finding(step="call", is_good=True, says=f"answered {took}")
                    await engine.play(_LEG, 1, ["tone"], 1)
                elif isinstance(event, PlaybackFinished):
                    yield _audio_out(event)
                    yield _audio_in(engine.hears(_LEG))
                    await engine.hang_up(_LEG)
                elif isinstance(event, LegEnded):
                    if event.sip_status is not None:  # it was never answered
                        yield Finding(step="call", is_good=False, says=f"{event.reason} {took}")
                    return


def _audio_out(event: PlaybackFinished) -> Finding:
    sent = f"{event.played.total_seconds():.1f} s of tone"
    if event.result is PlaybackResult.COMPLETED:
        return Finding(
            step="audio out", is_good=True, says=f"sent {sent}; ask whether it was heard"
        )
    return Finding(
        step="audio out",
        is_good=False,
        says=f"only {sent} could be sent",
        advice="Was the call hung up, or put on hold?",
    )


def _audio_in(is_heard: bool) -> Finding:
    if is_heard:
        return Finding(step="audio in", is_good=True, says="audio comes back")
    return Finding(
        step="audio in",
        is_good=False,
        says="not one packet of audio came",
        advice="The trunk sends it to the address that our SDP names: behind a NAT that must be the"
        " outer one (--sip-advertise), and a firewall must let the UDP ports of --rtp-ports in.",
    )
