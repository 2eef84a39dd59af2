"""Imports of lists go on where a process left them, once, and end whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.contacts import ContactList, ContactListStatus
from ringcast.domain.errors import InvalidInput, Unavailable
from ringcast.domain.ids import SubscriptionId
from ringcast.domain.subscriptions import Subscription, Topic
from ringcast.ports.store import Page
from ringcast.services import list_imports
from ringcast.services.contacts import DeleteContact
from ringcast.services.list_imports import ImportLists, UploadContactList
from ringcast.stores.sql.store import SqlStore, SqlTransaction
from tests.fakes.clock import ManualClock


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
def upload(store: SqlStore, clock: ManualClock, woken: list[bool]) -> UploadContactList:
    return UploadContactList(store=store, clock=clock, wake=lambda: woken.append(True))


def csv_file(directory: Path, rows: int) -> Path:
    path = directory / "contacts.csv"
    lines = ["phone,number of row", *(f"213555{row % 10000:04},{row}" for row in range(rows))]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


async def read(store: SqlStore, contact_list: ContactList) -> ContactList:
    async with store.begin(read_only=True) as tx:
        found = await tx.contact_list(contact_list.account_id, contact_list.id)
    assert found is not None
    return found


async def rows_in(store: SqlStore, contact_list: ContactList) -> Sequence[str]:
    async with store.begin(read_only=True) as tx:
        members = await tx.contacts_of_list(
            contact_list.account_id, contact_list.id, after=None, limit=10_000
        )
    return [member.details.properties["number of row"] for member in members]


class Died(BaseException):
    """The process was killed."""


async def test_a_file_of_several_batches_comes_in_whole_and_in_order(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    upload: UploadContactList,
    woken: list[bool],
    tmp_path: Path,
) -> None:
    made = await upload(account, csv_file(tmp_path, 2500), name=" L ", use_custom_fields=True)
    assert (made.name, made.status, woken) == ("L", ContactListStatus.VALIDATING, [True])

    assert await ImportLists(store=store, clock=clock, holder="a")() == 1

    ended = await read(store, made)
    assert (ended.status, ended.size, ended.problem) == (ContactListStatus.ACTIVE, 2500, None)
    assert await rows_in(store, made) == [str(row) for row in range(2500)]
    assert await ImportLists(store=store, clock=clock, holder="a")() == 0
    async with store.begin(read_only=True) as tx:
        assert await tx.list_file_part(made.id, 0) is None


@pytest.mark.parametrize("batches", [0, 1, 2])
async def test_what_a_killed_process_began_the_next_one_ends(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    upload: UploadContactList,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batches: int,
) -> None:
    made = await upload(account, csv_file(tmp_path, 2500), name="L", use_custom_fields=True)
    add_contacts = SqlTransaction.add_contacts
    done = 0

    async def dying(self: SqlTransaction, contacts: Any) -> None:
        nonlocal done
        await add_contacts(self, contacts)
        if done == batches:
            raise Died
        done += 1

    with monkeypatch.context() as patch:
        patch.setattr(SqlTransaction, "add_contacts", dying)
        with pytest.raises(Died):
            await ImportLists(store=store, clock=clock, holder="killed")()
    begun = await read(store, made)
    assert begun.size == batches * list_imports._BATCH
    assert not begun.status.is_final
    next_one = ImportLists(store=store, clock=clock, holder="next")
    assert await next_one() == 0  # it may still live

    clock.advance(61)
    assert await next_one() == 1

    ended = await read(store, made)
    assert (ended.status, ended.size) == (ContactListStatus.ACTIVE, 2500)
    assert await rows_in(store, made) == [str(row) for row in range(2500)]


async def test_a_resumed_import_tells_of_all_rows_left_out_and_counts_deleted_ones_out(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    upload: UploadContactList,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("phone\n2135550142\nx\n2135550143\n" + "y\n" * 30, encoding="utf-8")
    made = await upload(account, path, name="L", use_custom_fields=True)
    monkeypatch.setattr(list_imports, "_BATCH", 2)
    write = ImportLists._write
    calls = 0

    async def dying(self: ImportLists, *arguments: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Died
        return await write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ImportLists, "_write", dying)
        with pytest.raises(Died):
            await ImportLists(store=store, clock=clock, holder="killed")()
    async with store.begin(read_only=True) as tx:
        ((contact,), _) = await tx.contacts(account.id, Page(), list_id=made.id)
    await DeleteContact(store=store, clock=clock)(account.id, contact.id)
    clock.advance(61)
    monkeypatch.setattr(list_imports, "_BATCH", 1000)

    await ImportLists(store=store, clock=clock, holder="next")()

    ended = await read(store, made)
    assert (ended.status, ended.size) == (ContactListStatus.ACTIVE, 1)
    assert ended.problem is not None
    assert ended.problem.startswith("31 rows were left out: row 3: 'x' is not")
    assert ended.problem.endswith("; and 11 more")
    assert ended.problem.count("row ") == 20


async def test_a_fault_of_ours_ends_the_import_and_not_the_importer(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    upload: UploadContactList,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = csv_file(tmp_path, 1)
    bad = await upload(account, path, name="bad", use_custom_fields=True)
    good = await upload(account, path, name="good", use_custom_fields=True)
    write = ImportLists._write
    importer = ImportLists(store=store, clock=clock, holder="a")

    async def failing(self: ImportLists, contact_list: ContactList, *arguments: Any) -> bool:
        if contact_list.id == bad.id:
            raise RuntimeError("secret detail")
        return await write(self, contact_list, *arguments)

    monkeypatch.setattr(ImportLists, "_write", failing)

    assert await importer() == 2

    failed = await read(store, bad)
    assert failed.status is ContactListStatus.IMPORT_FAILED
    assert "secret detail" not in str(failed.problem)
    assert "secret detail" in caplog.text
    assert (await read(store, good)).status is ContactListStatus.ACTIVE


async def test_a_store_that_is_away_leaves_the_import_to_be_gone_on_with(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    upload: UploadContactList,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await upload(account, csv_file(tmp_path, 1), name="L", use_custom_fields=True)

    async def away(*_: object) -> bool:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(ImportLists, "_write", away)
        with pytest.raises(Unavailable):
            await ImportLists(store=store, clock=clock, holder="a")()
    assert not (await read(store, made)).status.is_final
    clock.advance(61)
    assert await ImportLists(store=store, clock=clock, holder="a")() == 1
    assert (await read(store, made)).status is ContactListStatus.ACTIVE


async def test_a_bad_name_is_refused(
    account: Account, upload: UploadContactList, tmp_path: Path, woken: list[bool]
) -> None:
    with pytest.raises(InvalidInput):
        await upload(account, csv_file(tmp_path, 1), name=" ", use_custom_fields=True)
    assert woken == []


@pytest.mark.parametrize(
    ("text", "topic"),
    [("phone\n2135550142\n", Topic.CONTACT_LIST_READY), ("name\n", Topic.CONTACT_LIST_FAILED)],
)
async def test_what_became_of_a_list_is_announced_once_to_who_wants_to_know(
    store: SqlStore,
    clock: ManualClock,
    account: Account,
    upload: UploadContactList,
    tmp_path: Path,
    text: str,
    topic: Topic,
) -> None:
    subscription = Subscription(
        id=SubscriptionId(1),
        account_id=account.id,
        dialect="any",
        name="lists",
        topics=frozenset({Topic.CONTACT_LIST_READY, Topic.CONTACT_LIST_FAILED}),
        url="https://example.org/",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    async with store.begin() as tx:
        await tx.add_subscription(subscription)
        await tx.commit()
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    made = await upload(account, path, name="L", use_custom_fields=True)

    await ImportLists(store=store, clock=clock, holder="a")()

    async with store.begin(read_only=True) as tx:
        (entry,) = await tx.outbox(10)
    assert entry.announcement.topic is topic
    assert (entry.announcement.account_id, entry.announcement.subject_id) == (account.id, made.id)
