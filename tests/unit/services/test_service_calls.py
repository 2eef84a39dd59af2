"""Calls asked for, looked at and searched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.errors import (
    InvalidInput,
    InvalidNumber,
    NotFound,
    NothingToSay,
    UnknownCallerId,
)
from ringcast.domain.events import CallCreated
from ringcast.domain.ids import AttemptId, CallId, SoundId
from ringcast.domain.instructions import Play, Script, SendDigits
from ringcast.domain.numbers import PhoneNumber, SipAddress
from ringcast.ports.speech import VOICES, UnspeakableText
from ringcast.ports.store import Page
from ringcast.services.calls import FindCalls, GetCall, Recipient, SayText, SendCalls
from ringcast.services.idempotency import Once
from ringcast.services.numbers import AddNumber
from ringcast.services.sounds import ArchiveSound, UploadSound
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, MemorySpeech, wav_file

HELLO = SayText(text="Hello", voice=VOICES["en-us-male-1"])


class Bell:
    """Counts how often the dialer was woken."""

    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        self.rung += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def send(store: SqlStore, speech: MemorySpeech, clock: ManualClock, bell: Bell) -> SendCalls:
    return SendCalls(store=store, speech=speech, clock=clock, wake=bell)


@pytest.fixture
async def caller(store: SqlStore, clock: ManualClock, account: Account) -> PhoneNumber:
    add = AddNumber(store=store, clock=clock)
    number = await add("12135550100", account_name=account.name)
    await add("12135550101", account_name=account.name, caller_id_only=True)
    return number.number


async def all_calls(store: SqlStore, account: Account) -> list[Call]:
    found, total = await FindCalls(store=store)(account.id, Page())
    assert total == len(found)
    return [one.call for one in found]


async def test_a_call_is_durable_and_due_when_the_dialer_is_woken(
    store: SqlStore,
    speech: MemorySpeech,
    clock: ManualClock,
    account: Account,
    caller: PhoneNumber,
) -> None:
    seen: list[str] = []
    send = SendCalls(store=store, speech=speech, clock=clock, wake=lambda: seen.append("woken"))
    (call,) = await send(account, [Recipient(to="(213) 555-0142", message=HELLO)])
    assert seen == ["woken"]
    assert call.state is CallState.READY
    assert call.to == PhoneNumber("12135550142")
    assert call.to_text == "(213) 555-0142"
    assert call.from_number == caller
    assert call.due_at == call.created_at == clock.now()
    assert (await GetCall(store=store)(account.id, call.id)).call == call
    async with store.begin(read_only=True) as tx:
        events = await tx.events_of(call.id)
    assert [one.event for one in events] == [CallCreated(call_id=call.id, at=clock.now())]


async def test_each_recipient_hears_their_own_message_or_the_requests(
    store: SqlStore,
    audio: MemoryAudio,
    speech: MemorySpeech,
    clock: ManualClock,
    account: Account,
    caller: PhoneNumber,
    send: SendCalls,
) -> None:
    sound = (
        await UploadSound(store=store, audio=audio, clock=clock)(account, wav_file(1), name="s")
    ).sound
    script = Script(instructions=(SendDigits(digits="1"),))
    calls = await send(
        account,
        [
            Recipient(to="12135550142"),
            Recipient(to="12135550143", message=sound.id),
            Recipient(to="12135550144", message=script),
        ],
        message=HELLO,
    )
    spoken = (await speech.speak(HELLO.text, HELLO.voice)).digest
    assert [call.script for call in calls] == [
        Script(instructions=(Play(audio=(spoken,)),)),
        Script(instructions=(Play(audio=(sound.audio,)),)),
        script,
    ]
    assert [call.id for call in calls] == sorted(call.id for call in calls)


async def test_a_number_that_is_none_becomes_an_invalid_call(
    store: SqlStore, account: Account, caller: PhoneNumber, send: SendCalls, bell: Bell
) -> None:
    good, bad = await send(
        account, [Recipient(to="12135550142"), Recipient(to="0800-nobody")], message=HELLO
    )
    assert (good.state, bad.state) == (CallState.READY, CallState.INVALID)
    assert (bad.to, bad.to_text) == (None, "0800-nobody")
    assert await all_calls(store, account) == [bad, good]
    assert bell.rung == 1
    await send(account, [Recipient(to="911")], message=HELLO)
    assert bell.rung == 1


async def test_strict_refuses_the_request_whole(
    store: SqlStore, account: Account, caller: PhoneNumber, send: SendCalls, bell: Bell
) -> None:
    with pytest.raises(InvalidNumber):
        await send(
            account,
            [Recipient(to="12135550142"), Recipient(to="911")],
            message=HELLO,
            strict=True,
        )
    assert await all_calls(store, account) == []
    assert bell.rung == 0


async def test_an_address_is_dialled_for_those_who_may(
    account: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    address = SipAddress("sip:300@127.0.0.1:5090")
    by_text, by_value = await send(
        account, [Recipient(to=address.uri), Recipient(to=address)], message=HELLO
    )
    assert by_text.state is CallState.INVALID
    assert by_value.state is CallState.READY
    assert by_value.to == address
    assert by_value.to_text == address.uri


async def test_calls_come_from_a_number_of_the_account(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    stranger: Account,
    caller: PhoneNumber,
    send: SendCalls,
) -> None:
    await AddNumber(store=store, clock=clock)("12135550109", account_name=stranger.name)
    own, default = await send(
        account,
        [Recipient(to="12135550142", from_number="(213) 555-0100"), Recipient(to="12135550143")],
        message=HELLO,
        from_number="+12135550101",
    )
    assert own.from_number == caller
    assert default.from_number == PhoneNumber("12135550101")
    with pytest.raises(UnknownCallerId) as refused:
        await send(account, [Recipient(to="12135550142", from_number="12135550109")], message=HELLO)
    assert refused.value.number == "+12135550109"


async def test_without_any_number_there_is_no_caller_id(account: Account, send: SendCalls) -> None:
    with pytest.raises(UnknownCallerId) as refused:
        await send(account, [Recipient(to="12135550142")], message=HELLO)
    assert refused.value.number is None


async def test_a_call_needs_something_to_say(
    store: SqlStore, account: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    for message in (None, Script(instructions=())):
        with pytest.raises(NothingToSay):
            await send(
                account,
                [
                    Recipient(to="12135550142", message=HELLO),
                    Recipient(to="12135550143", message=message),
                ],
            )
    with pytest.raises(UnspeakableText):
        await send(
            account,
            [Recipient(to="12135550142", message=SayText(text="...", voice=HELLO.voice))],
        )
    assert await all_calls(store, account) == []


async def test_only_active_sounds_of_the_account_can_be_played(
    store: SqlStore,
    audio: MemoryAudio,
    clock: ManualClock,
    account: Account,
    stranger: Account,
    caller: PhoneNumber,
    send: SendCalls,
) -> None:
    upload = UploadSound(store=store, audio=audio, clock=clock)
    archived = (await upload(account, wav_file(1), name="old")).sound
    await ArchiveSound(store=store)(account.id, archived.id)
    with pytest.raises(InvalidInput, match="archived"):
        await send(account, [Recipient(to="12135550142", message=archived.id)])
    theirs = (await upload(stranger, wav_file(1), name="theirs")).sound
    for sound_id in (theirs.id, SoundId(0)):
        with pytest.raises(NotFound):
            await send(account, [Recipient(to="12135550142", message=sound_id)], message=HELLO)


@pytest.mark.parametrize("count", [0, 11])
async def test_a_request_has_one_to_ten_recipients(
    account: Account, caller: PhoneNumber, send: SendCalls, count: int
) -> None:
    with pytest.raises(InvalidInput):
        await send(account, [Recipient(to="12135550142")] * count, message=HELLO)


async def test_attributes_come_back_and_have_limits(
    store: SqlStore, account: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    attributes = {"name": "Zoë", "order": "12"}
    recipient = Recipient(to="12135550142", message=HELLO, attributes=attributes, label="vip")
    (call,) = await send(account, [recipient])
    kept = (await GetCall(store=store)(account.id, call.id)).call
    assert kept.attributes == attributes
    assert kept.label == "vip"
    for too_much in ({str(n): "" for n in range(101)}, {"a": "x" * 1001}, {"": "x"}):
        with pytest.raises(InvalidInput) as refused:
            await send(account, [Recipient(to="12135550142", message=HELLO, attributes=too_much)])
        assert refused.value.field == "attributes"


async def test_an_endless_number_is_refused(
    account: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    with pytest.raises(InvalidNumber) as refused:
        await send(account, [Recipient(to="1" * 300)], message=HELLO)
    assert len(str(refused.value)) < 200


async def test_a_failure_to_save_the_answer_undoes_the_calls(
    store: SqlStore, account: Account, caller: PhoneNumber, send: SendCalls, bell: Bell
) -> None:
    def broken(_: object) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await send(
            account,
            [Recipient(to="12135550142")],
            message=HELLO,
            once=Once(key="k", fingerprint="f", render=broken),
        )
    assert await all_calls(store, account) == []
    assert bell.rung == 0


async def test_another_accounts_call_does_not_exist(
    store: SqlStore, account: Account, stranger: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    (call,) = await send(account, [Recipient(to="12135550142")], message=HELLO)
    for call_id in (call.id, CallId(1)):
        with pytest.raises(NotFound):
            await GetCall(store=store)(stranger.id, call_id)
    assert await all_calls(store, stranger) == []


async def test_a_call_is_found_with_its_attempts(
    store: SqlStore, clock: ManualClock, account: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    (call,) = await send(account, [Recipient(to="12135550142")], message=HELLO)
    (attempt_id,) = await store.take_ids(1, clock.now())
    assert call.to is not None
    attempt = Attempt(
        id=AttemptId(attempt_id),
        call_id=call.id,
        account_id=account.id,
        number=1,
        to=call.to,
        from_number=caller,
        state=AttemptState.CREATED,
        created_at=clock.now(),
        holder="test",
        holder_until=clock.now() + timedelta(seconds=30),
    )
    async with store.begin() as tx:
        await tx.add_attempts([attempt])
        await tx.commit()
    details = await GetCall(store=store)(account.id, call.id)
    assert list(details.attempts) == [attempt]
    found, _ = await FindCalls(store=store)(account.id, Page())
    assert list(found[0].attempts) == [attempt]


async def test_calls_are_found_by_what_is_known_of_them(
    store: SqlStore, clock: ManualClock, account: Account, caller: PhoneNumber, send: SendCalls
) -> None:
    (old,) = await send(account, [Recipient(to="12135550142", label="a")], message=HELLO)
    clock.advance(60)
    (new,) = await send(account, [Recipient(to="12135550143")], message=HELLO)
    (bad,) = await send(account, [Recipient(to="911")], message=HELLO)
    find = FindCalls(store=store)

    async def found(**filters: object) -> set[CallId]:
        calls, total = await find(account.id, Page(), **filters)  # type: ignore[arg-type]  # any filter
        assert total == len(calls)
        return {one.call.id for one in calls}

    assert await found() == {old.id, new.id, bad.id}
    assert await found(ids=[old.id, CallId(1)]) == {old.id}
    assert await found(ids=[]) == set()
    assert await found(states=[]) == set()
    assert await found(states=[CallState.INVALID]) == {bad.id}
    assert await found(to=PhoneNumber("12135550143")) == {new.id}
    assert await found(from_number=PhoneNumber("12135550101")) == set()
    assert await found(label="a") == {old.id}
    assert await found(since=clock.now()) == {new.id, bad.id}
    assert await found(until=clock.now() - timedelta(seconds=30)) == {old.id}
