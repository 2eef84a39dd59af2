"""Requests that come twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, InvalidAudio, InvalidInput
from ringcast.ports.store import Page
from ringcast.services.idempotency import AnswerOnce, ForgetAnswers, Once, fingerprint
from ringcast.services.sounds import AddedSound, FindSounds, UploadSound
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, wav_file


class Client:
    """Uploads sounds under keys."""

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        self.store = store
        self.answer_once = AnswerOnce(store=store)
        self._upload = UploadSound(store=store, audio=MemoryAudio(), clock=clock)
        self._answers = 0

    async def upload(self, account: Account, key: str, data: bytes, *, name: str = "s") -> bytes:
        once: Once[AddedSound] = Once(
            key=key, fingerprint=fingerprint(data, name), render=self._render
        )
        return await self.answer_once(
            account.id, once, lambda: self._upload(account, data, name=name, once=once)
        )

    def _render(self, added: AddedSound) -> bytes:
        return f"{added.sound.id} {added.duplicate}".encode()

    async def count(self, account: Account) -> int:
        return (await FindSounds(store=self.store)(account.id, Page()))[1]


@pytest.fixture
def client(store: SqlStore, clock: ManualClock) -> Client:
    return Client(store, clock)


async def test_a_repetition_gets_the_first_answer(client: Client, account: Account) -> None:
    first = await client.upload(account, "k", wav_file(1))
    again = await client.upload(account, "k", wav_file(1))
    assert again == first
    assert first.endswith(b"False")  # had it been done again, it would say duplicate


async def test_another_request_under_the_same_key_is_a_conflict(
    client: Client, account: Account
) -> None:
    await client.upload(account, "k", wav_file(1))
    with pytest.raises(Conflict):
        await client.upload(account, "k", wav_file(2))
    assert await client.count(account) == 1


async def test_accounts_do_not_share_keys(
    client: Client, account: Account, stranger: Account
) -> None:
    assert await client.upload(account, "k", wav_file(1)) != await client.upload(
        stranger, "k", wav_file(2)
    )


async def test_of_many_at_once_one_is_done_and_all_are_answered_alike(
    client: Client, account: Account
) -> None:
    answers = await asyncio.gather(*(client.upload(account, "k", wav_file(1)) for _ in range(8)))
    assert len(set(answers)) == 1
    assert answers[0].endswith(b"False")
    assert await client.count(account) == 1


async def test_of_two_different_requests_at_once_one_is_refused(
    client: Client, account: Account
) -> None:
    results = await asyncio.gather(
        client.upload(account, "k", wav_file(1)),
        client.upload(account, "k", wav_file(2)),
        return_exceptions=True,
    )
    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
    assert await client.count(account) == 1


async def test_a_refused_request_leaves_its_key_free(client: Client, account: Account) -> None:
    with pytest.raises(InvalidAudio):
        await client.upload(account, "k", b"broken")
    assert await client.upload(account, "k", wav_file(1))


async def test_answers_are_forgotten_when_their_time_is_over(
    client: Client, account: Account, store: SqlStore, clock: ManualClock
) -> None:
    await client.upload(account, "k", wav_file(1))
    forget = ForgetAnswers(store=store, clock=clock, keep=timedelta(hours=1))
    clock.advance(timedelta(minutes=59))
    assert await forget() == 0
    clock.advance(timedelta(minutes=2))
    assert await forget() == 1
    assert (await client.upload(account, "k", wav_file(1))).endswith(b"True")


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_a_length(key: str) -> None:
    with pytest.raises(InvalidInput):
        Once(key=key, fingerprint="", render=lambda _: b"")


def test_a_fingerprint_tells_where_parts_end() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("ab", b"c") == fingerprint(b"ab", "c")
