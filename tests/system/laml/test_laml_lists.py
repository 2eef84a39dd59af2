"""Long lists of calls, paged through by Twilio's own library."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ringcast.domain.calls import Call, CallState
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.stores.sql import SqlStore
from tests.system.laml.world import World
from tests.system.programs import Api

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

COUNT = 200
BEGAN = datetime(2025, 3, 1, 12, tzinfo=UTC)
CALLED = "+12135550042"


async def add_calls(world: World) -> None:
    """Write down calls that a minute each began, and ended half a minute later."""
    store = SqlStore.for_directory(world.directory)
    try:
        async with store.begin(read_only=True) as tx:
            (account,) = await tx.accounts()
        calls = []
        for n in range(COUNT):
            at = BEGAN + timedelta(minutes=n)
            (new_id,) = await store.take_ids(1, at)
            calls.append(
                Call(
                    id=new_id,  # type: ignore[arg-type]  # whatever it is of
                    account_id=account.id,
                    to=PhoneNumber.parse(CALLED),
                    to_text=CALLED,
                    from_number=None,
                    script=Script(instructions=()),
                    state=CallState.FINISHED,
                    outcome=Outcome.HUMAN,
                    created_at=at,
                    updated_at=at + timedelta(seconds=30),
                    due_at=at,
                    attempts=1,
                )
            )
        async with store.begin() as tx:
            await tx.add_calls(calls)
            await tx.commit()
    finally:
        await store.close()


def test_two_hundred_calls_are_paged_through_and_found_by_their_ends(world: World) -> None:
    asyncio.run(add_calls(world))
    client = world.client

    whole = [one.sid for one in client.calls.list(to=CALLED, page_size=30)]
    assert len(whole) == len(set(whole)) == COUNT
    assert [one.sid for one in client.calls.list(to=CALLED, page_size=1000)] == whole
    assert [one.sid for one in client.calls.list(to=CALLED, limit=45, page_size=20)] == whole[:45]

    day = client.calls.list(to=CALLED, end_time_after=BEGAN.date())
    assert [one.sid for one in day] == whole
    assert client.calls.list(to=CALLED, end_time_before=BEGAN.date()) == []
    middle = BEGAN + timedelta(minutes=100)
    late = [one.sid for one in client.calls.list(to=CALLED, end_time_after=middle, page_size=30)]
    assert late == whole[:100]
    early = [one.sid for one in client.calls.list(to=CALLED, end_time_before=middle)]
    assert early == whole[100:]
    began = client.calls.list(to=CALLED, start_time_before=middle, end_time_after=middle)
    assert began == []

    project, token = world.members["project_id"], world.members["auth_token"]
    api = Api(world.base, project, token)
    path = f"/api/laml/2010-04-01/Accounts/{project}/Calls?To=%2B12135550042&PageSize=80"
    seen: list[str] = []
    while path:
        page = api.request("GET", path).json
        seen += [one["sid"] for one in page["calls"]]
        path = page["next_page_uri"]
    assert [f"CA{one.replace('-', '')}" for one in seen] == whole
    api_path = f"/api/laml/2010-04-01/Accounts/{project}/Calls?Page=1"
    assert api.request("GET", api_path).json["code"] == 54453
