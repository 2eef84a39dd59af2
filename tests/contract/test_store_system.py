"""Transactions, identifiers, answers to repeated requests, secrets, and databases at fault."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from ringcast.domain.ids import first_id_at
from ringcast.ports.store import SavedAnswer, Store
from ringcast.stores.sql import SqlStore
from tests.contract.conftest import Databases
from tests.contract.store_things import NOW, SECOND, a_call, an_account, kept

# transactions


async def test_work_that_is_not_committed_is_undone(store: Store) -> None:
    async with store.begin() as tx:
        await tx.add_account(an_account())

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.add_account(an_account())
            raise KeyError

    with pytest.raises(KeyError):
        await fail()

    async with store.begin(read_only=True) as tx:
        assert await tx.accounts() == []


async def test_cancelled_work_is_undone_and_the_store_goes_on(store: Store) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with store.begin() as tx:
            await tx.add_account(an_account(name="cancelled"))
            entered.set()
            await asyncio.Event().wait()

    async def waiting() -> None:
        async with store.begin() as tx:
            await tx.accounts()

    task = asyncio.create_task(work())
    await entered.wait()
    behind = asyncio.create_task(waiting())
    task.cancel()
    await asyncio.wait([task])
    await behind

    async with store.begin() as tx:
        assert await tx.accounts() == []
    assert task.cancelled()


async def test_statement_cancelled_half_way_leaves_the_connection_usable(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    calls = [a_call(account) for _ in range(2000)]

    async def work() -> None:
        async with store.begin() as tx:
            await tx.add_calls(calls)
            await tx.commit()

    for turns in range(1, 12):
        task = asyncio.create_task(work())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    async with store.begin() as tx:
        await tx.add_account(an_account())
        await tx.commit()


async def test_transaction_ends_with_its_commit(store: Store) -> None:
    async with store.begin() as tx:
        await tx.add_account(an_account())
        await tx.commit()
        with pytest.raises(RuntimeError, match="has been committed"):
            await tx.accounts()
        with pytest.raises(RuntimeError, match="has been committed"):
            await tx.commit()
    async with store.begin() as left:
        pass
    with pytest.raises(RuntimeError, match="has been left"):
        await left.accounts()


async def test_transaction_that_failed_cannot_be_committed(store: Store) -> None:
    account = an_account()
    async with store.begin() as tx:
        await tx.add_account(account)
        with pytest.raises(Conflict):
            await tx.add_account(account)
        with pytest.raises(RuntimeError, match="has failed"):
            await tx.add_account(an_account())
        with pytest.raises(RuntimeError, match="has failed"):
            await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.accounts() == []


async def test_reading_goes_on_beside_a_writer_and_sees_what_was_committed(store: Store) -> None:
    before, during = an_account(), an_account()
    await kept(store, before)

    async def read() -> list[Account]:
        async with store.begin(read_only=True) as tx:
            return list(await tx.accounts())

    async with store.begin() as tx:
        await tx.add_account(during)
        assert await asyncio.create_task(read()) == [before]
        await tx.commit()
        assert await asyncio.create_task(read()) == [before, during]


async def test_transaction_that_only_reads_cannot_write_or_lock(store: Store) -> None:
    account = an_account()
    async with store.begin(read_only=True) as tx:
        for work in (
            tx.add_account(account),
            tx.update_account(account),
            tx.due_calls(NOW, 1),
            tx.orphaned_attempts(NOW, 1),
            tx.extend_holding("me", NOW),
            tx.secret("key", b"propose"),
        ):
            with pytest.raises(RuntimeError, match="to read only"):
                await work


async def test_task_has_one_transaction_and_takes_identifiers_before_it(store: Store) -> None:
    async with store.begin():
        with pytest.raises(RuntimeError, match="inside its transaction"):
            await store.take_ids(1, NOW)
        with pytest.raises(RuntimeError, match="inside its transaction"):
            async with store.begin(read_only=True):
                pass
    await store.take_ids(1, NOW)


async def test_many_tasks_use_the_store_at_once(store: Store) -> None:
    async def work(number: int) -> None:
        async with store.begin(read_only=number % 3 == 0) as tx:
            if number % 3:
                await tx.add_account(an_account())
                await tx.commit()
            else:
                await tx.accounts()

    async with asyncio.TaskGroup() as tasks:
        for number in range(60):
            tasks.create_task(work(number))

    async with store.begin(read_only=True) as tx:
        assert len(await tx.accounts()) == 40


# identifiers


async def test_identifiers_increase_and_follow_time(store: Store) -> None:
    first = await store.take_ids(10, NOW)
    again = await store.take_ids(1000, NOW)
    later = await store.take_ids(1, NOW + timedelta(minutes=1))
    clock_set_back = await store.take_ids(1, NOW)

    taken = [*first, *again, *later, *clock_set_back]
    assert taken == sorted(set(taken))
    assert len(taken) == 1012
    assert first[0] == first_id_at(NOW)
    assert later[0] == first_id_at(NOW + timedelta(minutes=1))
    assert list(await store.take_ids(0, NOW)) == []
    with pytest.raises(ValueError, match="negative"):
        await store.take_ids(-1, NOW)


async def test_identifiers_of_the_next_second_are_not_behind_its_time(store: Store) -> None:
    for tenths in range(30):
        now = NOW + tenths * SECOND / 10
        [taken] = await store.take_ids(1, now)
        assert first_id_at(now - SECOND) < taken < first_id_at(now + SECOND)


async def test_identifiers_taken_by_many_tasks_and_stores_are_different(
    store: Store, database_url: str
) -> None:
    other = SqlStore(database_url)
    taken: list[int] = []

    async def take(of: Store) -> None:
        for _ in range(30):
            taken.extend(await of.take_ids(7, NOW))

    async with asyncio.TaskGroup() as tasks:
        for of in (store, other, store, other):
            tasks.create_task(take(of))
    await other.close()

    assert len(set(taken)) == 4 * 30 * 7


# answers and secrets


async def test_answer_is_saved_once_per_key_and_account(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    saved = SavedAnswer(fingerprint="abc", answer=b"\x00\xff{}")
    later = replace(saved, answer=b"")
    async with store.begin() as tx:
        assert await tx.saved_answer(account.id, "key") is None
        await tx.save_answer(account.id, "key", saved, now=NOW)
        await tx.save_answer(other.id, "key", later, now=NOW + SECOND)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.saved_answer(account.id, "key") == saved
        assert await tx.saved_answer(other.id, "key") == later
        with pytest.raises(Conflict, match="'key' was answered meanwhile"):
            await tx.save_answer(account.id, "key", later, now=NOW)
    async with store.begin() as tx:
        with pytest.raises(NotFound, match="account"):
            await tx.save_answer(an_account().id, "key", later, now=NOW)


async def test_one_of_two_answers_saved_at_the_same_time_is_a_conflict(store: Store) -> None:
    account = an_account()
    await kept(store, account)

    async def save(answer: bytes) -> bytes:
        async with store.begin() as tx:
            saved = SavedAnswer(fingerprint="abc", answer=answer)
            await tx.save_answer(account.id, "key", saved, now=NOW)
            await asyncio.sleep(0)
            await tx.commit()
        return answer

    results = await asyncio.gather(save(b"1"), save(b"2"), return_exceptions=True)

    [won] = [result for result in results if isinstance(result, bytes)]
    [lost] = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(lost, Conflict)
    async with store.begin(read_only=True) as tx:
        assert await tx.saved_answer(account.id, "key") == SavedAnswer(
            fingerprint="abc", answer=won
        )


async def test_answers_are_forgotten_when_old(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    saved = SavedAnswer(fingerprint="abc", answer=b"1")
    async with store.begin() as tx:
        for seconds in range(4):
            await tx.save_answer(account.id, str(seconds), saved, now=NOW + seconds * SECOND)
        assert await tx.forget_answers(NOW + 2 * SECOND) == 2
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        left = [await tx.saved_answer(account.id, str(seconds)) for seconds in range(4)]
    assert left == [None, None, saved, saved]


async def test_secret_is_set_by_the_first_who_asks(store: Store) -> None:
    async def ask(proposal: bytes) -> bytes:
        async with store.begin() as tx:
            value = await tx.secret("key", proposal)
            await tx.commit()
        return value

    answers = await asyncio.gather(*(ask(bytes([n])) for n in range(8)))

    assert len(set(answers)) == 1
    async with store.begin(read_only=True) as tx:
        assert await tx.secret("key", b"late") == answers[0]


# databases at fault


async def test_store_that_was_not_migrated_says_so(databases: Databases) -> None:
    store = SqlStore(databases.empty())

    async with store.begin() as tx:
        with pytest.raises(Unavailable, match="migrate the database first"):
            await tx.accounts()
    await store.close()


async def test_writer_that_waits_too_long_is_told_when_to_come_back(database_url: str) -> None:
    """Two stores, as two processes would: the wait is the database's, not ours."""
    first = SqlStore(database_url)
    second = SqlStore(database_url, wait=timedelta(milliseconds=50))
    account = an_account(name="same")

    async def collide() -> None:
        async with second.begin() as tx:
            await tx.add_account(account)

    async with first.begin() as tx:
        await tx.add_account(account)
        with pytest.raises(Unavailable, match="busy") as caught:
            await asyncio.create_task(collide())
        await tx.commit()

    assert caught.value.retry_after == SECOND
    async with second.begin(read_only=True) as tx:
        assert await tx.accounts() == [account]
    await first.close()
    await second.close()


async def test_naive_time_is_a_type_error(store: Store) -> None:
    async with store.begin() as tx:
        with pytest.raises(TypeError):
            await tx.add_account(an_account(created_at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize(
    "url", ["", "ringcast.db", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "a://"]
)
def test_url_of_no_database_of_ours_is_invalid_and_says_what_would_be_right(url: str) -> None:
    with pytest.raises(InvalidInput, match="postgresql://user:password@host/name") as caught:
        SqlStore(url)
    assert caught.value.field == "database_url"
