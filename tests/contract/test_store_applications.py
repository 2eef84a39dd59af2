"""Applications, and the numbers that have them, in the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringcast.domain.applications import Application
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import ApplicationId, NumberId
from ringcast.domain.instructions import HangUp, Script
from ringcast.domain.subscriptions import Follower, Topic
from ringcast.ports.store import Store
from tests.contract.store_things import NOW, a_number, an_account, kept

FOLLOWER = Follower(
    dialect="laml",
    topics=frozenset({Topic.CALL_RINGING, Topic.CALL_FINISHED}),
    url="https://example.com/ä?x=1",
    options={"method": "GET"},
    max_attempts=3,
)


async def test_applications_are_kept_listed_changed_and_taken_from_numbers(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    first = Application(
        id=ApplicationId(11),
        account_id=account.id,
        dialect="laml",
        name="one",
        created_at=NOW,
        updated_at=NOW,
        script=Script(instructions=(HangUp(),)),
        follower=FOLLOWER,
        options={"VoiceUrl": "x"},
    )
    second = replace(first, id=ApplicationId(12), script=None, follower=None, options={})
    foreign = replace(first, id=ApplicationId(13), dialect="bandwidth")
    number = a_number(
        account, name="desk", application_id=first.id, follower=FOLLOWER, options={"a": "b"}
    )
    async with store.begin() as tx:
        for one in (first, second, foreign):
            await tx.add_application(one)
        await tx.add_number(number)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.application(account.id, first.id) == first
        assert await tx.application(other.id, first.id) is None
        assert await tx.applications(account.id, "laml") == [first, second]
        assert await tx.number_by_id(account.id, number.id) == number
        assert await tx.number_by_id(other.id, number.id) is None
        assert await tx.number_by_id(account.id, NumberId(1)) is None
        changed = replace(second, name="two", follower=FOLLOWER)
        await tx.update_application(changed)
        assert await tx.application(account.id, second.id) == changed
        assert not await tx.delete_application(other.id, first.id)
        assert await tx.delete_application(account.id, first.id)
        assert await tx.application(account.id, first.id) is None
        assert await tx.number_by_id(account.id, number.id) == replace(number, application_id=None)
        with pytest.raises(NotFound):
            await tx.update_application(replace(changed, account_id=other.id))


async def test_application_of_an_unknown_account_is_not_found(store: Store) -> None:
    nobody = an_account()
    made = Application(
        id=ApplicationId(14), account_id=nobody.id, dialect="laml", name="",
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    async with store.begin() as tx:
        with pytest.raises(NotFound):
            await tx.add_application(made)
