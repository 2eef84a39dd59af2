"""Codes that prove a number."""

from __future__ import annotations

import asyncio

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, LimitReached, RingcastError, UnknownCallerId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.services.caller_ids import SendVerificationCode, VerifyCallerId, new_code
from ringcast.services.calls import SendCalls
from ringcast.services.numbers import AddNumber, ListNumbers
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemorySpeech

NUMBER = "12135550123"


@pytest.fixture
def send(store: SqlStore, clock: ManualClock, speech: MemorySpeech) -> SendVerificationCode:
    """Sends the code 012345."""
    return SendVerificationCode(
        store=store,
        speech=speech,
        clock=clock,
        send_calls=SendCalls(store=store, speech=speech, clock=clock, wake=lambda: None),
        draw_code=lambda: "012345",
    )


@pytest.fixture
async def caller(store: SqlStore, clock: ManualClock, account: Account) -> Account:
    """The account, with a number to call from."""
    await AddNumber(store=store, clock=clock)("12135550100", account_name=account.name)
    return account


def test_a_code_has_six_digits_and_the_next_another() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) > 90
    assert all(len(code) == 6 and code.isdecimal() for code in codes)


async def test_a_code_is_not_kept_readable(
    store: SqlStore, caller: Account, send: SendVerificationCode
) -> None:
    await send(caller, NUMBER)
    async with store.begin() as tx:
        kept = await tx.caller_id_verification(caller.id, PhoneNumber(NUMBER))
    assert kept is not None
    assert "012345" not in kept.code_hash
    assert kept.code_hash not in repr(kept)


async def test_codes_tried_at_the_same_time_are_all_counted(
    store: SqlStore, clock: ManualClock, caller: Account, send: SendVerificationCode
) -> None:
    await send(caller, NUMBER)
    verify = VerifyCallerId(store=store, clock=clock)
    wrong = [verify(caller.id, NUMBER, f"99999{digit}") for digit in range(8)]
    assert not any(await asyncio.gather(*wrong))
    assert await verify(caller.id, NUMBER, "012345") is False
    assert len(await ListNumbers(store=store)(caller.id)) == 1


async def test_a_right_code_is_taken_once(
    store: SqlStore, clock: ManualClock, caller: Account, send: SendVerificationCode
) -> None:
    await send(caller, NUMBER)
    verify = VerifyCallerId(store=store, clock=clock)
    results = await asyncio.gather(
        *(verify(caller.id, NUMBER, " 012345 ") for _ in range(3)), return_exceptions=True
    )
    assert results.count(True) == 1
    assert sum(isinstance(result, RingcastError) for result in results) == 2
    added = (await ListNumbers(store=store)(caller.id))[-1]
    assert (added.number, added.caller_id_only) == (PhoneNumber(NUMBER), True)


async def test_a_number_is_called_once_when_asked_twice_at_the_same_time(
    store: SqlStore, caller: Account, send: SendVerificationCode
) -> None:
    results = await asyncio.gather(
        *(send(caller, NUMBER) for _ in range(3)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert all(isinstance(r, LimitReached | Conflict) for r in results if r is not None)
    async with store.begin(read_only=True) as tx:
        calls, _ = await tx.calls(caller.id, Page())
    assert len(calls) == 1


async def test_a_call_that_cannot_be_placed_leaves_no_code(
    store: SqlStore, account: Account, send: SendVerificationCode
) -> None:
    with pytest.raises(UnknownCallerId):
        await send(account, NUMBER)
    async with store.begin() as tx:
        assert await tx.caller_id_verification(account.id, PhoneNumber(NUMBER)) is None
