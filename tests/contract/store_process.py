"""Another process on the same database: `python -m tests.contract.store_process URL COMMAND …`.

It prints one line for each thing it has done, and waits for its end of input where a test must
choose the moment.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from ringcast.domain.ids import AccountId, CallId
from ringcast.ports.store import Store
from ringcast.stores.sql import SqlStore
from tests.contract.store_things import NOW, a_call, an_account


async def _main(url: str, command: str, *arguments: str) -> None:
    store = SqlStore(url)
    print("here", flush=True)
    await asyncio.to_thread(sys.stdin.readline)  # go
    try:
        match command:
            case "ids":
                await _take_ids(store, int(arguments[0]))
            case "secret":
                async with store.begin() as tx:
                    print((await tx.secret("key", arguments[0].encode())).decode())
                    await tx.commit()
            case "migrate":
                await store.migrate()
                print("migrated")
            case "calls":
                await _add_calls(store, int(arguments[0]), pause=True)
            case "more-calls":
                await _add_calls(store, int(arguments[0]), pause=False)
            case _:
                raise ValueError(command)
    finally:
        await store.close()


async def _take_ids(store: Store, times: int) -> None:
    for _ in range(times):
        print(*await store.take_ids(100, NOW))


async def _add_calls(store: Store, count: int, *, pause: bool) -> None:
    """Commit `count` calls one by one; with `pause` leave another one open and wait."""
    account = replace(an_account(), id=AccountId(1))
    ids = await store.take_ids(count + 1, NOW)
    for call_id in ids[:count]:
        async with store.begin() as tx:
            await tx.add_calls([replace(a_call(account), id=CallId(call_id))])
            await tx.commit()
        print(call_id, flush=True)
    if pause:
        async with store.begin() as tx:
            await tx.add_calls([replace(a_call(account), id=CallId(ids[count]))])
            print("open", flush=True)
            await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
