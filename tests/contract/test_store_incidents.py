"""What went wrong in the background comes back, newest first, to its own account, for a while."""

from __future__ import annotations

from ringcast.domain.ids import CallId, IncidentId
from ringcast.domain.incidents import Incident, IncidentKind
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, SECOND, an_account, kept


async def test_incidents_come_back_newest_first_and_are_forgotten(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account)
    await kept(store, other)
    some = [
        Incident(
            id=IncidentId(number),
            account_id=account.id,
            at=NOW + number * SECOND,
            kind=IncidentKind.CALLBACK_FAILED,
            dialect="plain",
            message="it answered 500 ☎",
            details={"url": "http://x/", "dialect": "plain"}
            | ({"call": "0"} if number == 2 else {}),
        )
        for number in range(1, 4)
    ]
    async with store.begin() as tx:
        await tx.add_incidents(some)
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.incidents(account.id, Page(limit=2)) == some[:0:-1]
        assert await tx.incidents(account.id, Page(limit=2, offset=2)) == some[:1]
        assert await tx.incidents(other.id, Page()) == []
        assert await tx.incidents(account.id, Page(), dialect="plain") == some[::-1]
        assert await tx.incidents(account.id, Page(), dialect="other") == []
        assert await tx.incidents(account.id, Page(), call_id=CallId(0)) == some[1:2]
        assert await tx.incidents(account.id, Page(), call_id=CallId(2)) == []
        assert await tx.incident(account.id, some[0].id) == some[0]
        assert await tx.incident(other.id, some[0].id) is None
    async with store.begin() as tx:
        assert await tx.forget_incidents(NOW + 3 * SECOND) == 2
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        assert await tx.incidents(account.id, Page()) == some[2:]
