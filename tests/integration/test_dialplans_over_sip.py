"""Dialplans on real calls, led by phones that press keys: SIP and RTP on loopback."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import numpy as np

from ringcast.audio import compare, music, wav
from ringcast.domain.calls import Attempt, QuestionAnswer
from ringcast.domain.ids import CallId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.integrations.clock import SystemClock
from ringcast.scripting import callfire_dialplan
from tests.integration.test_dialing import ACCOUNT
from tests.integration.test_scripts_over_sip import World, world

SOURCE = (Path(__file__).parents[1] / "data" / "dialplans" / "hotline.xml").read_text()
RUN = Script(instructions=(Interpret(language=callfire_dialplan.LANGUAGE, source=SOURCE),))
DIALPLANS = {
    callfire_dialplan.LANGUAGE: callfire_dialplan.interpreter(now=SystemClock().now),
}


async def attempt_of(made: World, call_id: CallId) -> Attempt:
    async with made.store.begin(read_only=True) as tx:
        (attempt,) = (await tx.attempts_of([call_id]))[call_id]
    return attempt


async def test_phones_that_press_keys_are_led_through_a_dialplan(tmp_path: Path) -> None:
    async with world(tmp_path, DIALPLANS) as made:
        endings = ("31", "32", "33", "34", "10", "03")
        calls = dict(zip(endings, await made.call(*endings, script=RUN), strict=True))
        outcomes = {ending: await made.outcome(call) for ending, call in calls.items()}
        answers = {e: (await attempt_of(made, call)).answers for e, call in calls.items()}
        async with made.store.begin(read_only=True) as tx:
            banned = await tx.do_not_call_entry(ACCOUNT, PhoneNumber("12135550233"))
            kept = await tx.do_not_call_entry(ACCOUNT, PhoneNumber("12135550231"))
        heard = await made.heard("32")
        files = await asyncio.to_thread(lambda: list(made.recordings.glob("*.wav")))
        messages = [wav.read(await asyncio.to_thread(one.read_bytes)).mono() for one in files]

    def answer(question: str, response: str) -> tuple[QuestionAnswer, ...]:
        return (QuestionAnswer(question=question, response=response),)

    assert outcomes == {
        "31": Outcome.HUMAN,
        "32": Outcome.TRANSFERRED,
        "33": Outcome.HUMAN,
        "34": Outcome.HUMAN,
        "10": Outcome.MACHINE,
        "03": Outcome.HUMAN,
    }
    assert tuple(answers["31"]) == answer("choice", "one")
    assert tuple(answers["32"]) == answer("transfer", "is over")
    assert tuple(answers["33"]) == answer("choice", "no more calls")
    assert answers["34"][0].response.startswith("/v2/calls/recordings/")
    assert tuple(answers["10"]) == answer("choice", "machine")
    assert tuple(answers["03"]) == answer("choice", "nothing pressed")
    assert banned is not None
    assert banned.source == "KeyPressed"
    assert kept is None
    # Whoever was put through heard music while the first, who is busy, and the second were called.
    jazz = music.hold_music("jazz")[: 2 * 8000]
    assert compare.find(jazz[:8000], heard).correlation > 0.9
    # The message is what the phone said: it hums or listens, and it lasts until the limit.
    (message,) = messages
    assert timedelta(seconds=1.5) < timedelta(seconds=len(message) / 8000) < timedelta(seconds=3)
    assert np.max(np.abs(message.astype(int))) < 32767
