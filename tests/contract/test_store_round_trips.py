"""What is kept comes back as it was, whatever it was."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.instructions import (
    HangUp,
    Instruction,
    Pause,
    Play,
    Record,
    Script,
    SendDigits,
)
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, a_call, an_account, an_attempt, kept

_MICRO = timedelta(microseconds=1)

_CALLS: list[dict[str, Any]] = [
    *({"state": state} for state in CallState),
    *({"outcome": outcome} for outcome in [None, *Outcome]),
    {"to": None, "to_text": "keine Nummer ☎\n", "state": CallState.INVALID},
    {"to": SipAddress("sips:bob@[::1]:5061;transport=tls")},
    {"to": PhoneNumber("8621612345678"), "from_number": PhoneNumber("12135550100")},
    {"ring_timeout": _MICRO, "max_length": timedelta(days=40) - _MICRO},
    {"due_at": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)},
    {"due_at": datetime(1, 1, 1, tzinfo=UTC)},
    {"label": "", "attributes": {}},
    {"label": "Zoë's ☃ 'quoted' \"label\" %s", "attributes": {"a": "", "ü\u0000": "\u2028"}},
    {
        "script": Script(
            instructions=(
                Play(audio=("abc", "def"), loop=3),
                Pause(length=timedelta(seconds=1, microseconds=1)),
                SendDigits(digits="1w2W#*A"),
                Record(path="/tmp/ä.wav", max_length=timedelta(hours=2)),
                HangUp(),
            )
        )
    },
]

_ATTEMPTS: list[dict[str, Any]] = [
    *({"state": state} for state in AttemptState),
    *({"outcome": outcome} for outcome in [None, *Outcome]),
    {"to": SipAddress("sip:bob@example.com"), "from_number": PhoneNumber("12135550100")},
    {"ringing_at": NOW, "answered_at": NOW + _MICRO, "ended_at": NOW + 2 * _MICRO},
    {"sip_status": 699, "q850_cause": 127, "reason": "Teilnehmer „besetzt“"},
    {"played": timedelta(seconds=61, microseconds=20_001), "digits": "0123456789*#ABCD"},
    {"holder": "host-1:4711/ä", "holder_until": NOW - _MICRO, "number": 12},
]


@pytest.mark.parametrize("members", _CALLS, ids=str)
async def test_call_comes_back(store: Store, members: dict[str, Any]) -> None:
    account = an_account()
    call = a_call(account, **members)
    await kept(store, account, call)

    async with store.begin(read_only=True) as tx:
        assert await tx.call(account.id, call.id) == call


@pytest.mark.parametrize("members", _ATTEMPTS, ids=str)
async def test_attempt_comes_back(store: Store, members: dict[str, Any]) -> None:
    account = an_account()
    call = a_call(account)
    attempt = an_attempt(call, **members)
    await kept(store, account, call, attempt)

    async with store.begin(read_only=True) as tx:
        assert await tx.attempts_of([call.id]) == {call.id: [attempt]}


async def test_times_of_other_zones_come_back_as_the_same_moment(store: Store) -> None:
    account = an_account()
    elsewhere = NOW.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:45").tzinfo)
    call = a_call(account, due_at=elsewhere)
    await kept(store, account, call)

    async with store.begin(read_only=True) as tx:
        [back], _ = await tx.calls(account.id, Page())

    assert back == call
    assert back.due_at.tzinfo is UTC


_ids = itertools.count(1_000_000)
_texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
_times = st.datetimes(timezones=st.just(UTC))
_lengths = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=365))
_phones = st.from_regex(r"[1-9]\d{6,14}", fullmatch=True, alphabet="0123456789").map(PhoneNumber)
_destinations: st.SearchStrategy[Destination] = _phones | st.from_regex(
    r"sips?:[a-z0-9.]{1,20}@[a-z0-9.\-]{1,30}", fullmatch=True
).map(SipAddress)
_instructions: st.SearchStrategy[Instruction] = st.one_of(
    st.builds(Play, audio=st.lists(_texts).map(tuple), loop=st.integers(0, 9)),
    st.builds(Pause, length=_lengths),
    st.builds(SendDigits, digits=_texts),
    st.builds(Record, path=_texts, max_length=_lengths),
    st.builds(HangUp),
)
_scripts = st.builds(Script, instructions=st.lists(_instructions, max_size=4).map(tuple))


@st.composite
def _calls_and_attempts(draw: st.DrawFn) -> tuple[Call, Attempt]:
    call = draw(
        st.builds(
            Call,
            id=st.builds(lambda: CallId(next(_ids))),
            account_id=st.just(1),
            to=st.none() | _destinations,
            to_text=_texts,
            from_number=st.none() | _phones,
            script=_scripts,
            state=st.sampled_from(CallState),
            created_at=_times,
            updated_at=_times,
            due_at=_times,
            ring_timeout=_lengths,
            max_length=_lengths,
            attempts=st.integers(0, 2**31 - 1),
            outcome=st.none() | st.sampled_from(Outcome),
            label=st.none() | _texts,
            attributes=st.dictionaries(_texts, st.text(max_size=10).filter(_encodes), max_size=3),
        )
    )
    attempt = draw(
        st.builds(
            Attempt,
            id=st.builds(lambda: AttemptId(next(_ids))),
            call_id=st.just(call.id),
            account_id=st.just(1),
            number=st.integers(1, 2**31 - 1),
            to=_destinations,
            from_number=st.none() | _phones,
            state=st.sampled_from(AttemptState),
            created_at=_times,
            holder=_texts,
            holder_until=_times,
            ringing_at=st.none() | _times,
            answered_at=st.none() | _times,
            ended_at=st.none() | _times,
            outcome=st.none() | st.sampled_from(Outcome),
            sip_status=st.none() | st.integers(100, 699),
            q850_cause=st.none() | st.integers(0, 127),
            reason=st.none() | _texts,
            played=_lengths,
            digits=_texts,
        )
    )
    return call, attempt


def _encodes(text: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(things=st.lists(_calls_and_attempts(), min_size=1, max_size=4))
async def test_calls_and_attempts_of_all_kinds_come_back(
    store: Store, things: Sequence[tuple[Call, Attempt]]
) -> None:
    account = an_account()
    calls = [replace(call, account_id=account.id) for call, _ in things]
    attempts = [replace(attempt, account_id=account.id) for _, attempt in things]
    async with store.begin() as tx:
        await tx.add_account(account)
        await tx.add_calls(calls)
        await tx.add_attempts(attempts)
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        back, _ = await tx.calls(account.id, Page())
        attempts_back = await tx.attempts_of([call.id for call in calls])

    assert {call.id: call for call in back} == {call.id: call for call in calls}
    assert [attempt for call in calls for attempt in attempts_back[call.id]] == attempts
