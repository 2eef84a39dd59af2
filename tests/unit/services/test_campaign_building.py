"""Campaigns that do what a script of their own says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.campaigns import Messages
from ringcast.domain.instructions import Interpret, Pause, Script
from ringcast.ports.speech import VOICES
from ringcast.ports.store import Store
from ringcast.services.campaign_building import CampaignRequest, SpokenText
from ringcast.services.campaign_recipients import NewCalls
from ringcast.services.campaigns import CreateCampaign, UpdateCampaign
from ringcast.services.numbers import AddNumber
from ringcast.services.sounds import SpeakSound
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, MemorySpeech

SCRIPT = Script(instructions=(Interpret(language="plain", source="<a/>"),))
OTHER = Script(instructions=(Pause(length=timedelta(seconds=1)),))
HELLO = SpokenText(text="Hello", voice=VOICES["en-us-male-1"], voice_name="MALE1")


@pytest.fixture
async def create(store: Store, clock: ManualClock, account: Account) -> CreateCampaign:
    await AddNumber(store=store, clock=clock)("12135550100", account_name=account.name)
    return CreateCampaign(
        store=store,
        speak=SpeakSound(store=store, speech=MemorySpeech(MemoryAudio()), clock=clock),
        clock=clock,
        wake=lambda: None,
        new_calls=NewCalls(store=store, clock=clock, ring_timeout=timedelta(seconds=40)),
        fallback_zone="America/New_York",
    )


@pytest.fixture
def update(store: Store, clock: ManualClock) -> UpdateCampaign:
    return UpdateCampaign(
        store=store,
        speak=SpeakSound(store=store, speech=MemorySpeech(MemoryAudio()), clock=clock),
        clock=clock,
        wake=lambda: None,
        fallback_zone="America/New_York",
    )


async def test_a_script_stays_until_another_or_a_message_takes_its_place(
    account: Account, create: CreateCampaign, update: UpdateCampaign
) -> None:
    campaign = await create(account, CampaignRequest(script=SCRIPT))
    assert campaign.script == SCRIPT

    renamed = await update(account, campaign.id, CampaignRequest(name="Other"))
    assert (renamed.name, renamed.script) == ("Other", SCRIPT)
    changed = await update(account, campaign.id, CampaignRequest(script=OTHER))
    assert changed.script == OTHER
    told = await update(account, campaign.id, CampaignRequest(live=HELLO))
    assert told.messages.live is not None
    assert told.script.instructions != OTHER.instructions


async def test_a_script_takes_the_place_of_messages(
    account: Account, create: CreateCampaign, update: UpdateCampaign
) -> None:
    campaign = await create(account, CampaignRequest(live=HELLO))
    changed = await update(account, campaign.id, CampaignRequest(script=SCRIPT))
    assert (changed.messages, changed.script) == (Messages(), SCRIPT)


async def test_what_is_made_afresh_has_nothing_of_before(
    account: Account, create: CreateCampaign, update: UpdateCampaign
) -> None:
    campaign = await create(account, CampaignRequest(script=SCRIPT, max_active_transfers=2))
    changed = await update(account, campaign.id, CampaignRequest(afresh=True))
    assert (changed.script.instructions, changed.max_active_transfers) == ((), None)
