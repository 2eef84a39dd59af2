"""Live calls that requests act on: our dialer and engine, the simulated phones, SIP and RTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import compare, wav
from ringcast.domain.events import (
    AudioEnded,
    AudioStarted,
    CallAnswered,
    CallEnded,
    CallEvent,
    DigitPressed,
    KeysGathered,
    RecordingEnded,
)
from ringcast.domain.ids import CallId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import CallFacts, Park, Program
from ringcast.integrations.clock import SystemClock
from ringcast.services.call_commands import (
    AnsweredAlready,
    BeginGather,
    BeginRecording,
    CallCommand,
    NothingPlays,
    PickUp,
    PlayAudio,
    StopAudio,
)
from ringcast.services.live_calls import CallNotLive, ControlCall, HangUpCall
from tests.integration.test_dialing import ACCOUNT
from tests.integration.test_programs_over_sip import LIVE, MACHINE
from tests.integration.test_scripts_over_sip import World, world

PARKED = Script(instructions=(Interpret(language="parked", source=""),))


def parked(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
    yield Park()


async def eventually(made: World, call: CallId, wanted: Callable[[CallEvent], bool]) -> CallEvent:
    async with asyncio.timeout(15):
        while True:
            for event in made.events:
                if event.call_id == call and wanted(event):
                    return event
            await asyncio.sleep(0.02)


async def test_call_plays_gathers_and_records_as_asked(tmp_path: Path) -> None:
    async with world(tmp_path, {"parked": parked}) as made:
        control = ControlCall(store=made.store, calls=made.dialer)
        hang_up = HangUpCall(
            store=made.store, calls=made.dialer, clock=SystemClock(), wake=made.dialer.wake
        )
        quiet, presser = await made.call("03", "35", script=PARKED)

        async def ask(call: CallId, *commands: CallCommand) -> None:
            for command in commands:
                await control(ACCOUNT, call, command)

        for call in (quiet, presser):
            await eventually(made, call, lambda event: isinstance(event, CallAnswered))
        with pytest.raises(AnsweredAlready):
            await ask(quiet, PickUp())
        await ask(quiet, BeginRecording(), PlayAudio(prompt=LIVE, loop=None, reference="first"))
        gather = BeginGather(gather_id=5, prompt=MACHINE, max_digits=1)
        await ask(presser, gather)
        await eventually(made, quiet, lambda event: isinstance(event, AudioStarted))
        await asyncio.sleep(1)
        await ask(quiet, PlayAudio(prompt=MACHINE, reference="second"))
        await eventually(
            made, quiet, lambda event: isinstance(event, AudioEnded) and event.completed
        )
        with pytest.raises(NothingPlays):
            await ask(quiet, StopAudio(is_speech=False))
        gathered = await eventually(made, presser, lambda e: isinstance(e, KeysGathered))
        for call in (quiet, presser):
            await hang_up(ACCOUNT, call)
            assert await made.outcome(call) is Outcome.HUMAN
            with pytest.raises(CallNotLive):
                await ask(call, BeginRecording())
        heard = await made.heard("03")
        kept = await eventually(made, quiet, lambda event: isinstance(event, RecordingEnded))
        assert isinstance(kept, RecordingEnded)
        async with made.store.begin(read_only=True) as tx:
            names = [type(one.event) for one in await tx.events_of(quiet)]
        recording = wav.read((made.recordings / f"{kept.recording_id}.wav").read_bytes())

    assert isinstance(gathered, KeysGathered)
    assert (gathered.digits, gathered.ended_by) == ("5", "max_digits")
    assert any(isinstance(e, DigitPressed) and e.call_id == presser for e in made.events)
    assert compare.find(made.sounds["machine"], heard).is_intact
    first = made.sounds["live"][: round(0.9 * 8000)]
    assert compare.find(first, heard).is_intact
    assert names.index(CallEnded) < names.index(RecordingEnded)
    assert compare.find(made.sounds["machine"], recording.mono().astype(np.int16)).is_intact
    assert kept.at - next(e for e in made.events if isinstance(e, CallEnded)).at < timedelta(
        seconds=2
    )
