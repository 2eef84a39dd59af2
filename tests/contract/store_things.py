"""Accounts, calls and so on for tests of stores; what a test is not about has a plain value."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from ringcast.domain.accounts import Account, AccountNumber, Credential, CredentialKind
from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.ids import (
    AccountId,
    AttemptId,
    CallId,
    CredentialId,
    NumberId,
    RecordingId,
    SoundId,
)
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.domain.sounds import Sound, SoundStatus
from ringcast.ports.store import Store

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PHONE = PhoneNumber("12135550100")

_ids = itertools.count(1)


def an_account(**members: Any) -> Account:
    number = next(_ids)
    plain: dict[str, Any] = {
        "id": AccountId(number),
        "name": f"account {number}",
        "created_at": NOW,
        "signing_key": "key",
    }
    return Account(**plain | members)


def a_credential(account: Account, **members: Any) -> Credential:
    number = next(_ids)
    plain: dict[str, Any] = {
        "id": CredentialId(number),
        "account_id": account.id,
        "kind": CredentialKind.API,
        "name": "default",
        "identifier": f"identifier{number}",
        "secret_hash": "hash",
        "created_at": NOW,
    }
    return Credential(**plain | members)


def a_number(account: Account, **members: Any) -> AccountNumber:
    number = next(_ids)
    plain: dict[str, Any] = {
        "id": NumberId(number),
        "account_id": account.id,
        "number": PhoneNumber(f"1213555{number:04}"),
        "created_at": NOW,
    }
    return AccountNumber(**plain | members)


def a_sound(account: Account, **members: Any) -> Sound:
    plain: dict[str, Any] = {
        "id": SoundId(next(_ids)),
        "account_id": account.id,
        "name": "hello",
        "audio": "abc",
        "length": 3 * SECOND,
        "status": SoundStatus.ACTIVE,
        "created_at": NOW,
    }
    return Sound(**plain | members)


def a_call(account: Account, **members: Any) -> Call:
    plain: dict[str, Any] = {
        "id": CallId(next(_ids)),
        "account_id": account.id,
        "to": PHONE,
        "to_text": "213 555 0100",
        "from_number": None,
        "script": Script(instructions=()),
        "state": CallState.READY,
        "created_at": NOW,
        "updated_at": NOW,
        "due_at": NOW,
    }
    return Call(**plain | members)


def an_attempt(call: Call, **members: Any) -> Attempt:
    plain: dict[str, Any] = {
        "id": AttemptId(next(_ids)),
        "call_id": call.id,
        "account_id": call.account_id,
        "number": 1,
        "to": PHONE,
        "from_number": None,
        "state": AttemptState.CREATED,
        "created_at": NOW,
        "holder": "server 1",
        "holder_until": NOW + 30 * SECOND,
    }
    return Attempt(**plain | members)


def a_recording(attempt: Attempt, **members: Any) -> Recording:
    plain: dict[str, Any] = {
        "id": RecordingId(next(_ids)),
        "account_id": attempt.account_id,
        "call_id": attempt.call_id,
        "attempt_id": attempt.id,
        "state": RecordingState.RECORDING,
        "source": RecordingSource.CALL,
        "created_at": NOW,
    }
    return Recording(**plain | members)


async def kept(store: Store, *things: Account | Call | Attempt | Sound | Recording) -> None:
    """Keep accounts, sounds, calls, attempts and recordings, in one transaction."""
    async with store.begin() as tx:
        for thing in things:
            match thing:
                case Account():
                    await tx.add_account(thing)
                case Sound():
                    await tx.add_sound(thing)
                case Call():
                    await tx.add_calls([thing])
                case Attempt():
                    await tx.add_attempts([thing])
                case Recording():
                    await tx.add_recording(thing)
        await tx.commit()
