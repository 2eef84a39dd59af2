"""Programs on real calls: our dialer and engine, the simulated phones, SIP and RTP on loopback."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from ringcast.audio import compare, tones, wav
from ringcast.domain.events import CallAnswered, SoundPlayed
from ringcast.domain.ids import CallId, RecordingId
from ringcast.domain.instructions import Interpret, Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    CallFacts,
    Dial,
    Dialed,
    DialMode,
    DialTarget,
    FromUrl,
    Gather,
    Gathered,
    GatherEnd,
    Interpreter,
    NotDone,
    Program,
    Recorded,
    RecordMessage,
    RecordStep,
    Say,
    Silence,
    Spoken,
    StepResult,
    StopRecord,
    Stored,
)
from ringcast.integrations.clock import SystemClock
from ringcast.services.live_calls import RedirectCall
from tests.integration.test_dialing import ACCOUNT
from tests.integration.test_scripts_over_sip import World, noises, world

RUN = Script(instructions=(Interpret(language="test", source=""),))
LIVE, MACHINE = (
    Stored(audio=hashlib.sha256(wav.write(samples, 8000)).hexdigest())
    for samples in noises().values()
)
BUSY, QUICK, SLOW = (PhoneNumber(f"121355503{ending}") for ending in ("20", "00", "01"))

Results = dict[str, list[StepResult]]


def programs(start: Callable[[str, list[StepResult]], Program]) -> tuple[Interpreter, Results]:
    """Return an interpreter that starts a program for each phone, and what their steps answer."""
    results: Results = {}

    def interpret(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        ending = str(call.to)[-2:]
        return start(ending, results.setdefault(ending, []))

    return interpret, results


def seconds(samples: NDArray[np.int16]) -> float:
    return len(samples) / 8000


async def recorded(made: World, recording_id: RecordingId | None) -> wav.Wav:
    data = await asyncio.to_thread((made.recordings / f"{recording_id}.wav").read_bytes)
    return wav.read(data)


async def test_keys_are_gathered_however_they_are_sent(tmp_path: Path) -> None:
    expected = {
        "31": Gathered(digits="1", ended_by=GatherEnd.MAX_DIGITS),
        "39": Gathered(digits="9", ended_by=GatherEnd.MAX_DIGITS),
        "28": Gathered(digits="*", ended_by=GatherEnd.MAX_DIGITS),
        "29": Gathered(digits="", ended_by=GatherEnd.FINISH_KEY, finish_key="#"),
        "51": Gathered(digits="1", ended_by=GatherEnd.MAX_DIGITS),
        "52": Gathered(digits="1", ended_by=GatherEnd.MAX_DIGITS),
        "03": Gathered(digits="", ended_by=GatherEnd.TIMEOUT),
    }

    def program(ending: str, results: list[StepResult]) -> Program:
        step = Gather(prompts=(LIVE, MACHINE), max_digits=1, first_timeout=timedelta(seconds=1))
        results.append((yield step))

    interpreter, results = programs(program)
    async with world(tmp_path, {"test": interpreter}) as made:
        calls = await made.call(*expected, script=RUN)

        assert {await made.outcome(call) for call in calls} == {Outcome.HUMAN}
        heard = {ending: await made.heard(ending) for ending in expected}

    assert {ending: one[0] for ending, one in results.items()} == expected
    # Whoever pressed a key two seconds into the prompts did not hear them to the end.
    assert compare.find(made.sounds["machine"], heard["03"]).is_intact
    for ending in ("31", "39", "28", "29", "51", "52"):
        assert compare.find(made.sounds["machine"], heard[ending]).correlation < 0.8, ending


async def test_prompts_of_all_kinds_are_heard_in_one_go(
    tmp_path: Path, sound_server: tuple[str, NDArray[np.int16]]
) -> None:
    base, from_url = sound_server

    def program(ending: str, results: list[StepResult]) -> Program:
        prompts = (
            LIVE,
            Silence(length=timedelta(milliseconds=300)),
            FromUrl(url=f"{base}/sound.wav"),
            MACHINE,
            Spoken(text="That was it"),
        )
        yield Say(prompts=(prompts[2], prompts[4]))  # made ready, however long that takes
        yield Say(prompts=prompts)
        results.append((yield Say(prompts=(FromUrl(url=f"{base}/missing"),))))

    interpreter, results = programs(program)
    async with world(tmp_path, {"test": interpreter}) as made:
        (call,) = await made.call("03", script=RUN)
        await made.outcome(call)
        heard = await made.heard("03")

    (missing,) = results["03"]
    assert isinstance(missing, NotDone)
    assert "404" in missing.reason
    silence = np.zeros(2400, np.int16)
    live, machine = made.sounds["live"], made.sounds["machine"]
    whole = np.concatenate([live, silence, from_url, machine])
    assert compare.find(whole, heard).is_intact


async def test_what_is_said_is_recorded(tmp_path: Path) -> None:
    def program(ending: str, results: list[StepResult]) -> Program:
        silence = timedelta(seconds=1.5)
        if ending == "00":  # says hello, and is recorded in the background
            begun = yield RecordStep(separate_channels=True)
            assert isinstance(begun, Recorded)
            results.append(begun)
            yield Say(prompts=(LIVE,))
            assert begun.recording_id is not None
            results.append((yield StopRecord(recording_id=begun.recording_id)))
        elif ending == "04":  # hangs up after 3 s
            step = RecordMessage(beep=False, silence_timeout=None)
            results.append((yield step))
        else:
            trim = ending == "02"
            step = RecordMessage(beep=not trim, silence_timeout=silence, trim_silence=trim)
            results.append((yield step))

    interpreter, results = programs(program)
    async with world(tmp_path, {"test": interpreter}) as made:
        calls = await made.call("00", "02", "03", "04", script=RUN)
        for call in calls:
            await made.outcome(call)
        said = {ending: await made.said_by(ending) for ending in ("00", "02", "04")}

        begun, stopped = results["00"]
        greeting, nothing, cut_off = (results[ending][0] for ending in ("02", "03", "04"))
        for one in (begun, stopped, greeting, nothing, cut_off):
            assert isinstance(one, Recorded), one
        assert isinstance(stopped, Recorded)
        both = await recorded(made, stopped.recording_id)
        files = {}
        for ending, one in (("02", greeting), ("03", nothing), ("04", cut_off)):
            assert isinstance(one, Recorded)
            files[ending] = (one, (await recorded(made, one.recording_id)).mono())
        beep_heard = await made.heard("03")

    received, sent = both.samples.T
    assert stopped.ended_by == "stopped"
    assert compare.find(said["00"], np.ascontiguousarray(received)).correlation >= 0.9
    assert compare.find(made.sounds["live"], np.ascontiguousarray(sent)).correlation >= 0.95
    assert compare.find(made.sounds["live"], np.ascontiguousarray(received)).correlation < 0.3

    message, samples = files["02"]
    assert message.ended_by == "silence"
    assert compare.find(said["02"], samples).correlation >= 0.9
    assert 3.5 <= seconds(samples) <= 4.7, "the silence after it was cut off"
    assert message.length.total_seconds() == pytest.approx(seconds(samples))

    silent, samples = files["03"]
    assert silent.ended_by == "silence"
    assert seconds(samples) == pytest.approx(1.5, abs=0.3)
    assert np.abs(beep_heard).max() > 1000, "the beep is heard"

    left, samples = files["04"]
    assert left.ended_by == "hangup"
    assert compare.find(said["04"], samples).correlation >= 0.9
    assert 2.0 <= seconds(samples) <= 3.5


async def test_others_are_dialled_in_turn_and_all_at_once(tmp_path: Path) -> None:
    def whisper(call: CallFacts) -> Program:
        yield Say(prompts=(MACHINE,))

    def program(ending: str, results: list[StepResult]) -> Program:
        if ending == "29":  # presses # two seconds after the first sound
            targets = (DialTarget(to=BUSY, reference="busy"), DialTarget(to=QUICK, reference="q"))
            results.append(
                (
                    yield Dial(
                        targets=targets, mode=DialMode.IN_TURN, end_on="#", record=RecordStep()
                    )
                )
            )
            results.append((yield Say(prompts=(LIVE,))))
        else:
            targets = (
                DialTarget(to=SLOW, reference="slow"),
                DialTarget(to=PhoneNumber("12135550402"), reference="quick", before=whisper),
            )
            results.append((yield Dial(targets=targets, time_limit=timedelta(seconds=3))))

    interpreter, results = programs(program)
    async with world(tmp_path, {"test": interpreter}) as made:
        calls = await made.call("29", "03", script=RUN)
        outcomes = [await made.outcome(call) for call in calls]
        heard, whispered = await made.heard("29"), await made.heard("0402")
        caller_heard = await made.heard("0203")
        (in_turn, said), (at_once,) = results["29"], results["03"]
        assert isinstance(in_turn, Dialed)
        assert isinstance(at_once, Dialed)
        conversation = await recorded(made, in_turn.recording_id)

    assert outcomes == [Outcome.TRANSFERRED] * 2
    assert (in_turn.reference, in_turn.outcome, in_turn.ended_by_key) == ("q", Outcome.HUMAN, "#")
    assert in_turn.connected > timedelta(seconds=0.3)
    assert not isinstance(said, NotDone)
    assert compare.find(made.sounds["live"], heard).is_intact, "the program went on"
    assert seconds(conversation.mono()) == pytest.approx(in_turn.connected.total_seconds(), abs=0.3)
    assert (at_once.reference, at_once.outcome) == ("quick", Outcome.HUMAN)
    assert at_once.connected.total_seconds() == pytest.approx(3.0, abs=0.3)
    assert compare.find(made.sounds["machine"], whispered).correlation >= 0.95
    assert compare.find(made.sounds["machine"], caller_heard).correlation < 0.3


async def test_redirected_call_is_silent_at_once_and_plays_what_it_was_given(
    tmp_path: Path,
) -> None:
    def program(ending: str, results: list[StepResult]) -> Program:
        yield Say(prompts=(LIVE,), loop=0)

    interpreter, _ = programs(program)
    new = Script(instructions=(Play(audio=("machine",)),))
    endings = ("00", "02", "03")
    async with world(tmp_path, {"test": interpreter}) as made:
        calls = await made.call(*endings, script=RUN)
        redirect = RedirectCall(store=made.store, calls=made.dialer)
        async with asyncio.timeout(20):
            while len(answered(made)) < len(calls):  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
        waits = []
        for call in calls:
            asked = SystemClock().now()
            await redirect(ACCOUNT, call, new)
            async with asyncio.timeout(5):
                while not (stopped := cut_short(made, call)):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)
            waits.append(stopped[0].at - asked)
        for call in calls:
            await made.outcome(call)
        heard = [await made.heard(ending) for ending in endings]

    # One of them finds the machine not busy with something else.
    assert min(waits) <= timedelta(milliseconds=60), waits
    for one in heard:
        assert compare.find(made.sounds["machine"], one).is_intact


def answered(made: World) -> list[CallAnswered]:
    return [event for event in made.events if isinstance(event, CallAnswered)]


def cut_short(made: World, call: CallId) -> list[SoundPlayed]:
    """Return the sounds of a call that were cut short."""
    played = [event for event in made.events if isinstance(event, SoundPlayed)]
    return [event for event in played if event.call_id == call and not event.completed]


@pytest.fixture
async def sound_server() -> AsyncIterator[tuple[str, NDArray[np.int16]]]:
    """A web server that has one sound; its address and the sound."""
    sound = tones.noise(1.0, seed=77, level_dbfs=-20)

    async def answer(_: web.Request) -> web.Response:
        headers = {"Cache-Control": "max-age=60"}
        body = wav.write(sound, 8000)
        return web.Response(body=body, content_type="audio/wav", headers=headers)

    app = web.Application()
    app.add_routes([web.get("/sound.wav", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", sound
    await runner.cleanup()
