"""A database, an account and its surroundings, as use cases find them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringcast.domain.accounts import Account
from ringcast.services.accounts import AddAccount
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, MemorySpeech


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore.for_directory(tmp_path)
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
def audio() -> MemoryAudio:
    return MemoryAudio()


@pytest.fixture
def speech(audio: MemoryAudio) -> MemorySpeech:
    return MemorySpeech(audio)


@pytest.fixture
async def account(store: SqlStore, clock: ManualClock) -> Account:
    account, _ = await AddAccount(store=store, clock=clock)("Clinic")
    return account


@pytest.fixture
async def stranger(store: SqlStore, clock: ManualClock) -> Account:
    account, _ = await AddAccount(store=store, clock=clock)("Somebody else")
    return account
