"""Sounds last, and are found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ringcast.domain.calls import CallState
from ringcast.domain.errors import NotFound
from ringcast.domain.sounds import SoundStatus
from ringcast.ports.store import Page, Store
from tests.contract.store_things import a_call, a_sound, an_account, kept


@pytest.mark.parametrize("status", SoundStatus)
async def test_sound_is_its_accounts_only(store: Store, status: SoundStatus) -> None:
    account, other = an_account(), an_account()
    sound = a_sound(
        account, status=status, length=timedelta(seconds=1, microseconds=1), text="Guten Tag ✓"
    )
    await kept(store, account, other, sound)

    async with store.begin(read_only=True) as tx:
        assert await tx.sound(account.id, sound.id) == sound
        assert await tx.sound(other.id, sound.id) is None


async def test_oldest_active_sound_of_some_audio_is_found(store: Store) -> None:
    account, other = an_account(), an_account()
    archived = a_sound(account, audio="same", status=SoundStatus.ARCHIVED)
    oldest, newer = a_sound(account, audio="same"), a_sound(account, audio="same")
    await kept(store, account, other, archived, newer, oldest, a_sound(account, audio="else"))

    async with store.begin(read_only=True) as tx:
        assert await tx.sound_of_audio(account.id, "same") == oldest
        assert await tx.sound_of_audio(account.id, "none") is None
        assert await tx.sound_of_audio(other.id, "same") is None


@pytest.mark.parametrize(
    ("name", "archived", "found"),
    [
        (None, False, ["100% off", "ÄRGER", "Straße", "hello"]),
        (None, True, ["100% off", "old hello", "ÄRGER", "Straße", "hello"]),
        ("HELLO", False, ["hello"]),
        ("HELLO", True, ["old hello", "hello"]),
        ("är", False, ["ÄRGER"]),
        ("STRASSE", False, ["Straße"]),
        ("0%", False, ["100% off"]),
        ("h_llo", False, []),
        ("1\\", False, []),
    ],
)
async def test_sounds_are_found_by_part_of_the_name_whatever_its_case(
    store: Store, name: str | None, archived: bool, found: list[str]
) -> None:
    account, other = an_account(), an_account()
    await kept(
        store,
        account,
        other,
        a_sound(account, name="hello"),
        a_sound(other, name="hello of another account"),
        a_sound(account, name="Straße"),
        a_sound(account, name="ÄRGER"),
        a_sound(account, name="old hello", status=SoundStatus.ARCHIVED),
        a_sound(account, name="100% off"),
    )

    async with store.begin(read_only=True) as tx:
        sounds, count = await tx.sounds(account.id, Page(), name=name, archived=archived)

    assert [sound.name for sound in sounds] == found
    assert count == len(found)


async def test_page_of_sounds_comes_with_the_count_of_all(store: Store) -> None:
    account = an_account()
    sounds = [a_sound(account) for _ in range(5)]
    await kept(store, account, *sounds)

    async with store.begin(read_only=True) as tx:
        page = await tx.sounds(account.id, Page(limit=2, offset=1), name=None, archived=True)
        beyond = await tx.sounds(account.id, Page(offset=9), name=None, archived=True)

    assert page == ([sounds[3], sounds[2]], 5)
    assert beyond == ([], 5)


async def test_sound_is_changed_in_its_account_only(store: Store) -> None:
    account, other = an_account(), an_account()
    sound = a_sound(account)
    await kept(store, account, other, sound)
    changed = replace(sound, name="Neu", status=SoundStatus.ARCHIVED, text=None)

    async with store.begin() as tx:
        await tx.update_sound(changed)
        assert await tx.sounds(account.id, Page(), name="neu", archived=True) == ([changed], 1)
        assert await tx.sounds(account.id, Page(), name="hello", archived=True) == ([], 0)
        with pytest.raises(NotFound):
            await tx.update_sound(replace(changed, account_id=other.id))


async def test_sounds_are_spoken_once_their_call_is_over(store: Store) -> None:
    account = an_account()
    live, over, barred = (
        a_call(account, state=state)
        for state in (CallState.ACTIVE, CallState.FINISHED, CallState.DO_NOT_CALL)
    )
    waiting, spoken, unheard = (
        a_sound(account, status=SoundStatus.RECORDING, audio="", call_id=call.id)
        for call in (live, over, barred)
    )
    done = a_sound(account, call_id=over.id)
    await kept(store, account, live, over, barred, waiting, spoken, unheard, done)

    async with store.begin(read_only=True) as tx:
        assert await tx.spoken_sounds(10) == [(spoken, over), (unheard, barred)]
        assert await tx.spoken_sounds(1) == [(spoken, over)]


@pytest.mark.parametrize(
    ("archived", "pending", "found"),
    [(False, False, "a"), (True, False, "fra"), (False, True, "pa"), (True, True, "fpra")],
)
async def test_sounds_are_listed_by_what_became_of_them(
    store: Store, archived: bool, pending: bool, found: str
) -> None:
    account = an_account()
    statuses = {
        "a": SoundStatus.ACTIVE,
        "r": SoundStatus.ARCHIVED,
        "p": SoundStatus.RECORDING,
        "f": SoundStatus.FAILED,
    }
    sounds = [a_sound(account, name=name, status=status) for name, status in statuses.items()]
    await kept(store, account, *sounds)

    async with store.begin(read_only=True) as tx:
        page, total = await tx.sounds(
            account.id, Page(), name=None, archived=archived, pending=pending
        )

    assert ("".join(one.name for one in page), total) == (found, len(found))
