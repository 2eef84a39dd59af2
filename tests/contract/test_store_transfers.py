"""Second legs of transfers: counted while they live, found by results of their own."""

from __future__ import annotations

import itertools

from ringcast.domain.calls import Call, CallState
from ringcast.domain.ids import CallId
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, a_call, an_account, kept
from tests.contract.test_store_campaigns import a_campaign, a_member

_ids = itertools.count(7_000_000)


async def test_second_legs_count_to_the_campaign_of_the_first_while_they_live(
    store: Store,
) -> None:
    account = an_account()
    campaign, other = (a_campaign(account, max_active_transfers=n) for n in (2, None))
    firsts = [a_member(account, one) for one in (campaign, campaign, other)]
    single = a_call(account)
    legs = [
        a_call(account, state=CallState.ACTIVE, transferred_from=first.id, id=CallId(next(_ids)))
        for first in (*firsts, single)
    ]
    await kept(store, account)
    async with store.begin() as tx:
        await tx.add_campaign(campaign)
        await tx.add_campaign(other)
        await tx.add_calls([*firsts, single, *legs])
        await tx.commit()

    async with store.begin() as tx:
        assert [await tx.live_transfers(one.id) for one in (campaign, other)] == [2, 1]
        ended = legs[0].moved_to(CallState.FINISHED, now=NOW, outcome=Outcome.HUMAN)
        await tx.update_calls([ended])
        assert [await tx.live_transfers(one.id) for one in (campaign, other)] == [1, 1]
        assert await tx.call(account.id, legs[1].id) == legs[1]
        found = await tx.campaign(account.id, campaign.id)
        assert found is not None
        assert found.max_active_transfers == 2
        counts = await tx.call_counts([campaign.id])
        assert counts[campaign.id].total == 2  # second legs are calls of no campaign


async def test_second_legs_are_found_by_outcomes_of_their_own(store: Store) -> None:
    account = an_account()
    done = {"state": CallState.FINISHED, "outcome": Outcome.HUMAN}
    person = a_call(account, id=CallId(next(_ids)), **done)
    leg = a_call(account, id=CallId(next(_ids)), transferred_from=person.id, **done)
    busy = a_call(
        account,
        id=CallId(next(_ids)),
        transferred_from=person.id,
        state=CallState.FINISHED,
        outcome=Outcome.BUSY,
    )
    await kept(store, account, person, leg, busy)

    async def found(outcomes: list[Outcome], legs: list[Outcome] | None) -> list[CallId]:
        async with store.begin(read_only=True) as tx:
            calls, total = await tx.calls(
                account.id, Page(limit=10), outcomes=outcomes, leg_outcomes=legs
            )
        assert total == len(calls)
        return [call.id for call in calls]

    human, nothing = [Outcome.HUMAN], list[Outcome]()
    assert await found(human, None) == _ids_of(leg, person)
    assert await found(human, human) == _ids_of(leg, person)
    assert await found(human, nothing) == _ids_of(person)
    assert await found(nothing, human) == _ids_of(leg)
    assert await found([*human, Outcome.BUSY], [Outcome.BUSY]) == _ids_of(busy, person)


def _ids_of(*calls: Call) -> list[CallId]:
    return [call.id for call in calls]
