"""Calls that come to us: the whole core on real SIP and RTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ringcast.audio import compare, g711, tones, wav
from ringcast.domain.calls import Call
from ringcast.domain.instructions import BanNumber, Menu, Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.engines.simulator import FarEnd
from ringcast.ports.store import Page
from ringcast.services.calls import GetCall
from ringcast.services.numbers import AnswerNumber
from tests.contract.rig import seconds
from tests.contract.sip_phones import HOST, SipPhones
from tests.system.cores import calling

OURS = PhoneNumber("12135550199")
PATIENT = "12025550123"
PRESSES = "12025550124"


async def test_callers_hear_the_message_of_the_number_and_press_keys(tmp_path: Path) -> None:
    phones = SipPhones()
    await phones.start()
    message = tones.noise(1.5, seed=5, level_dbfs=-20)
    try:
        async with calling(tmp_path, trunk=f"sip:{HOST}:{phones.address[1]}") as caller:
            core = caller.core
            imported = await core.audio.import_bytes(wav.write(message, 8000))
            audio = (imported.digest,)
            script = Script(
                instructions=(
                    Menu(audio=audio, keys={"9": (BanNumber(source="key"),)}, wait=seconds(0.1)),
                    Play(audio=audio),
                )
            )
            await AnswerNumber(store=core.store)(caller.account.id, OURS, script)
            at = core.engine.sip_address
            await phones.call_in(PATIENT, FarEnd(), to=str(OURS), at=at)
            presses = FarEnd(presses=((seconds(0.5), "9"),))
            await phones.call_in(PRESSES, presses, to=str(OURS), at=at)
            nowhere = await phones.call_in("12025550125", FarEnd(), to="+12135550000", at=at)

            calls: list[Call] = []
            async with asyncio.timeout(20):
                while len(calls) < 2:
                    async with core.store.begin(read_only=True) as tx:
                        found, _ = await tx.calls(caller.account.id, Page(limit=5), is_inbound=True)
                    calls = [call for call in found if call.state.is_final]
                    await asyncio.sleep(0.05)
                while nowhere.status is None:  # noqa: ASYNC110 -- nothing tells of it
                    await asyncio.sleep(0.05)
            details = {
                str(call.from_number): await GetCall(store=core.store)(call.account_id, call.id)
                for call in calls
            }
            async with core.store.begin(read_only=True) as tx:
                banned = await tx.do_not_call_entry(caller.account.id, PhoneNumber(PRESSES))
    finally:
        await phones.close()

    assert nowhere.status == 404
    assert {one.call.outcome for one in details.values()} == {Outcome.HUMAN}
    assert details[f"+{PRESSES}"].attempts[0].digits == "9"
    assert banned is not None
    heard = g711.decode_ulaw(phones.by_number[PATIENT].rtp.heard())
    assert compare.find(message, heard).correlation >= 0.95
