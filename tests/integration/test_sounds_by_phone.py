"""Sounds recorded by phone, on real calls: spoken, heard back, accepted."""

from __future__ import annotations

from pathlib import Path

from ringcast.audio import compare, g711
from ringcast.domain.sound_recording import SOUND_RECORDING, record_sound
from ringcast.domain.sounds import Sound, SoundStatus
from ringcast.integrations.clock import SystemClock
from ringcast.phones.plan import parse_plan
from ringcast.services.numbers import AddNumber
from ringcast.services.sound_calls import RecordSoundByPhone, SettleSpokenSounds
from tests.integration.test_dialing import ACCOUNT
from tests.integration.test_scripts_over_sip import World, world

PLAN = """
[[phone]]
ends_in = "70"
name = "person who speaks, and keeps what they said"
steps = ["answer", "pause 8", 'say "School is closed on Monday, we see you on Tuesday"',
         "press #", "pause 9", "press 1", "listen"]

[[phone]]
ends_in = "71"
name = "person who says nothing and hangs up"
steps = ["answer", "pause 2", "hang_up"]
"""


async def spoken(made: World, *endings: str) -> dict[str, Sound]:
    """Have the phones called for a sound each; return what becomes of them."""
    async with made.store.begin(read_only=True) as tx:
        account = await tx.account(ACCOUNT)
    assert account is not None
    record = RecordSoundByPhone(store=made.store, clock=SystemClock(), wake=made.dialer.wake)
    settle = SettleSpokenSounds(store=made.store, archive=made.archive, audio=made.audio)
    asked = {
        ending: (await record(account, f"121355502{ending}", name=None)).sound for ending in endings
    }
    for sound in asked.values():
        assert sound.call_id is not None
        await made.outcome(sound.call_id)
    assert await settle() == len(endings)
    async with made.store.begin(read_only=True) as tx:
        found = {ending: await tx.sound(ACCOUNT, one.id) for ending, one in asked.items()}
    return {ending: one for ending, one in found.items() if one is not None}


async def test_sound_is_what_was_spoken_and_accepted(tmp_path: Path) -> None:
    plan = parse_plan(PLAN, source="test")
    async with world(tmp_path, {SOUND_RECORDING: record_sound}, plan=plan) as made:
        await AddNumber(store=made.store, clock=SystemClock())("12135550199", account_name="a")
        sounds = await spoken(made, "70", "71")
        sound, silent = sounds["70"], sounds["71"]
        assert (sound.status, silent.status) == (SoundStatus.ACTIVE, SoundStatus.FAILED)
        assert sound.name == "Recorded by 12135550270"
        content = made.audio.playable(sound.audio).read_bytes()
        heard_back = compare.find(g711.decode_ulaw(content), await made.heard("70"))
        assert heard_back.is_intact  # it was played to whoever spoke it
    assert sound.length.total_seconds() > 1.5
