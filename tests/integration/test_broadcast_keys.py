"""Voice broadcasts over the dialer, a real SQLite file and a simulated engine: what keys do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from ringcast.apis.callfire_v2.responses import call as rendered
from ringcast.apis.callfire_v2.statuses import leg_outcomes_named, outcomes_named
from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import AnsweringPolicy, Campaign, CampaignStatus
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import AnswerKind
from ringcast.ports.store import Page
from ringcast.services.calls import FindCalls
from ringcast.services.campaign_script import KEY_PRESSED, Broadcast, broadcast_script
from tests.integration.test_campaign_dialing import ACCOUNT, FAR_ENDS, World, a_world

AGENT = PhoneNumber("12135550177")
SAID = Broadcast(
    live="live",
    machine="machine",
    transfer="transfer",
    do_not_call="gone",
    transfer_digit="1",
    transfer_number=AGENT,
    do_not_call_digit="9",
)
SOON = timedelta(seconds=3)


@pytest.fixture(autouse=True)
def telephones(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {
        "4": FarEnd(answer_kind=AnswerKind.MACHINE, greeting=timedelta(seconds=2), beeps=True),
        "5": FarEnd(presses=[(SOON, "1")]),
        "6": FarEnd(presses=[(SOON, "9")]),
        "7": FarEnd(hangs_up_after=timedelta(seconds=12)),
        "8": FarEnd(presses=[(SOON, "8")]),
    }
    for digit, far_end in ends.items():
        monkeypatch.setitem(FAR_ENDS, digit, far_end)


async def run(
    world: World, *numbers: str, policy: AnsweringPolicy, most: int | None = None
) -> Campaign:
    campaign = await world.campaign(
        script=broadcast_script(SAID, policy), answering=policy, max_active_transfers=most
    )
    await world.add(campaign, *numbers)
    await world.start(campaign)
    await world.until_status(campaign, CampaignStatus.FINISHED)
    return campaign


async def legs(world: World) -> Sequence[Call]:
    """Return the second legs of transfers."""
    async with world.store.begin(read_only=True) as tx:
        found, _ = await tx.calls(ACCOUNT.id, Page(limit=100), single=True)
    assert all(call.transferred_from is not None for call in found)
    return found


def heard(world: World, ending: str) -> list[list[str]]:
    """Return what the telephones with that last digit heard, in the order they were called."""
    return [
        world.engine.heard.get(one.leg, [])
        for one in world.engine.originated
        if str(one.to).endswith(ending)
    ]


PEOPLE_ARE_TOLD = (["live"], ["live", "transfer"], ["live", "gone"])
NOT_TOLD: tuple[list[str], ...] = ([], [], [])


@pytest.mark.parametrize(
    ("policy", "people", "machine"),
    [
        (AnsweringPolicy.PEOPLE_AND_MACHINES, PEOPLE_ARE_TOLD, ["machine"]),
        (AnsweringPolicy.PEOPLE_ONLY, PEOPLE_ARE_TOLD, []),
        (AnsweringPolicy.MACHINES_ONLY, NOT_TOLD, ["machine"]),
        (AnsweringPolicy.ANYBODY_AT_ONCE, PEOPLE_ARE_TOLD, ["live"]),
    ],
)
async def test_each_setting_is_heard_as_it_says(
    tmp_path: Path,
    policy: AnsweringPolicy,
    people: tuple[list[str], ...],
    machine: list[str],
) -> None:
    async with a_world(tmp_path) as world:
        numbers = ["12135550108", "12135550105", "12135550106", "12135550104"]
        campaign = await run(world, *numbers, policy=policy)

        assert tuple(heard(world, end)[0] for end in "856") == people
        machines = [one for sounds in heard(world, "4") for one in sounds]
        assert set(machines) == set(machine)  # a machine that beeps may be told again
        outcomes = {call.to_text[-1]: call.outcome for call in await world.calls(campaign)}
        detects = policy is not AnsweringPolicy.ANYBODY_AT_ONCE
        told = people is PEOPLE_ARE_TOLD
        assert outcomes == {
            "8": Outcome.HUMAN,
            "5": Outcome.TRANSFERRED if told else Outcome.HUMAN,
            "6": Outcome.HUMAN,
            "4": Outcome.MACHINE if detects else Outcome.HUMAN,
        }


async def test_who_presses_the_key_is_not_dialled_again(tmp_path: Path) -> None:
    number = "12135550106"
    async with a_world(tmp_path) as world:
        first = await run(world, number, policy=AnsweringPolicy.PEOPLE_AND_MACHINES)
        async with world.store.begin(read_only=True) as tx:
            entry = await tx.do_not_call_entry(ACCOUNT.id, PhoneNumber(number))
        assert entry is not None
        assert (entry.source, entry.campaign_id, entry.call) == (KEY_PRESSED, first.id, True)

        second = await run(world, number, policy=AnsweringPolicy.PEOPLE_AND_MACHINES)

        (call,) = await world.calls(second)
        assert call.state is CallState.DO_NOT_CALL
        assert world.dialed() == [number]


async def test_no_more_transfers_at_once_than_the_campaign_allows(tmp_path: Path) -> None:
    people = [f"1213555{n:03}5" for n in range(3)]
    async with a_world(tmp_path) as world:
        campaign = await run(world, *people, policy=AnsweringPolicy.PEOPLE_AND_MACHINES, most=1)
        outcomes = sorted(str(call.outcome) for call in await world.calls(campaign))
        assert outcomes == [Outcome.HUMAN, Outcome.HUMAN, Outcome.TRANSFERRED]
        assert heard(world, "5") == [["live", "transfer"]] * 3
        assert world.dialed().count(AGENT.digits) == 1

        await world.add(campaign, "12135559995")  # there is room again
        await world.start(campaign)
        await world.until_status(campaign, CampaignStatus.FINISHED)

        assert (await world.calls(campaign))[-1].outcome is Outcome.TRANSFERRED
        async with world.store.begin(read_only=True) as tx:
            assert await tx.live_transfers(campaign.id) == 0
        found = await legs(world)
        assert [leg.state for leg in found] == [CallState.FINISHED] * 2


async def test_the_other_leg_is_a_call_that_is_found_as_a_leg_only(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        campaign = await run(
            world, "12135550105", "12135550108", policy=AnsweringPolicy.ANYBODY_AT_ONCE
        )
        find = FindCalls(store=world.store)

        async def found(result: str) -> list[tuple[str, str | None]]:
            calls, total = await find(
                ACCOUNT.id,
                Page(limit=10),
                outcomes=outcomes_named([result], field="results"),
                leg_outcomes=leg_outcomes_named([result]),
            )
            assert total == len(calls)
            bodies = [rendered(one.call, one.attempts) for one in calls]
            assert all(record.result == result for b in bodies for record in b.records or ())
            return [(body.toNumber, body.finalCallResult) for body in bodies]

        assert await found("XFER") == [("12135550105", "XFER")]
        assert await found("XFER_LEG") == [(AGENT.digits, "XFER_LEG")]
        assert await found("LA") == [("12135550108", "LA")]
        (leg,) = await legs(world)
        (first,) = [c for c in await world.calls(campaign) if c.to_text.endswith("5")]
        assert (leg.transferred_from, leg.campaign_id) == (first.id, None)
        assert leg.from_number == campaign.from_number
