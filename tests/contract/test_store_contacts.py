"""Contacts and lists of them last, and are found."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.contacts import (
    Contact,
    ContactDetails,
    ContactList,
    ContactListStatus,
    PhoneKind,
    SearchKey,
)
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, SECOND, a_call, an_account, kept

_ids = itertools.count(1)
ONE, TWO, THREE = (PhoneNumber(f"1213555014{digit}") for digit in (1, 2, 3))


def a_contact(account: Account, *numbers: PhoneNumber, **members: Any) -> Contact:
    details = ContactDetails(phones=dict(zip(PhoneKind, numbers, strict=False)), **members)
    return Contact(
        id=ContactId(next(_ids)),
        account_id=account.id,
        details=details,
        created_at=NOW,
        updated_at=NOW,
    )


def a_list(account: Account, **members: Any) -> ContactList:
    plain: dict[str, Any] = {
        "id": ContactListId(next(_ids)),
        "account_id": account.id,
        "name": "Patients",
        "status": ContactListStatus.ACTIVE,
        "created_at": NOW,
    }
    return ContactList(**plain | members)


async def keep(store: Store, *things: Contact | ContactList) -> None:
    async with store.begin() as tx:
        for thing in things:
            if isinstance(thing, Contact):
                await tx.add_contacts([thing])
            else:
                await tx.add_contact_list(thing)
        await tx.commit()


async def found(store: Store, account: Account, **wanted: Any) -> list[Contact]:
    async with store.begin(read_only=True) as tx:
        contacts, count = await tx.contacts(account.id, Page(), **wanted)
    assert count == len(contacts)
    return list(contacts)


async def size(store: Store, contact_list: ContactList) -> int:
    async with store.begin(read_only=True) as tx:
        got = await tx.contact_list(contact_list.account_id, contact_list.id)
    assert got is not None
    return got.size


async def test_contact_is_its_accounts_only_with_all_its_members(store: Store) -> None:
    account, other = an_account(), an_account()
    contact = a_contact(
        account,
        ONE,
        TWO,
        first_name="Zoë",
        last_name='O"Neil\\',
        zipcode="01234",
        time_zone="Europe/Paris",
        external_id="7",
        external_system="CRM",
        properties={"ägé": "30", "": "x", "b": '"q"'},
    )
    await kept(store, account, other)
    await keep(store, contact)

    async with store.begin(read_only=True) as tx:
        assert await tx.contact(account.id, contact.id) == contact
        assert await tx.contact(other.id, contact.id) is None
    assert await found(store, account) == [contact]
    assert await found(store, other) == []


async def test_many_contacts_come_back_as_few_do(store: Store) -> None:
    account = an_account()
    odd = ['"', "\\u0041 \\n", "%s :name", "Zoë 漢字 🙂", "null", "true", "0", " ", "'; --"]
    contacts = [
        a_contact(
            account,
            PhoneNumber(f"1312555{number:04}"),
            *([PhoneNumber("442071234567")] if number % 3 else []),
            first_name=odd[number % len(odd)] if number % 2 else None,
            properties={odd[number % len(odd)]: odd[number % 7]} if number % 5 else {},
        )
        for number in range(250)
    ]
    some_list = a_list(account)
    await kept(store, account)

    async with store.begin() as tx:
        await tx.add_contacts(contacts)
        await tx.add_contact_list(some_list)
        assert await tx.add_to_contact_list(account.id, some_list.id, [c.id for c in contacts])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.contacts(account.id, Page(limit=500)) == (contacts, 250)
        both = await tx.contacts(account.id, Page(), numbers=[PhoneNumber("442071234567")])
        assert both[1] == sum(len(contact.details.phones) == 2 for contact in contacts)
        listed, size = await tx.contacts(account.id, Page(limit=3), list_id=some_list.id)
        assert (listed, size) == (contacts[:3], 250)


async def test_many_contacts_are_refused_as_few_are(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    contacts = [a_contact(account, PhoneNumber(f"1312555{number:04}")) for number in range(120)]
    strange = replace(contacts[7], details=replace(contacts[7].details, last_name="a\x00b"))

    async with store.begin() as tx:
        with pytest.raises(InvalidInput, match="NUL"):
            await tx.add_contacts([*contacts[:7], strange, *contacts[8:]])
    async with store.begin() as tx:
        with pytest.raises(NotFound, match="account"):
            await tx.add_contacts([replace(c, account_id=an_account().id) for c in contacts])

    async with store.begin(read_only=True) as tx:
        assert await tx.contacts(account.id, Page()) == ([], 0)


async def test_contacts_are_found_by_number_and_members(store: Store) -> None:
    account, other = an_account(), an_account()
    ann = a_contact(account, ONE, TWO, external_id="7", properties={"age": "30", "q": 'a"age":"3"'})
    bob = a_contact(account, TWO, ONE, last_name="50%_\\", properties={"age": "3"})
    theirs = a_contact(other, ONE, external_id="7")
    await kept(store, account, other)
    await keep(store, ann, bob, theirs)

    assert await found(store, account, numbers=[ONE]) == [ann, bob]
    assert await found(store, account, numbers=[THREE, TWO]) == [ann, bob]
    assert await found(store, account, numbers=[THREE]) == []
    assert await found(store, account, numbers=[]) == []
    assert await found(store, account, key=SearchKey.of_number(ONE, PhoneKind.HOME)) == [ann]
    assert await found(store, account, key=SearchKey.of_number(ONE, PhoneKind.WORK)) == [bob]
    assert await found(store, account, key=SearchKey.of_number(ONE, PhoneKind.MOBILE)) == []
    assert await found(store, account, key=SearchKey.of_property("age", "30")) == [ann]
    assert await found(store, account, key=SearchKey.of_property("age", "3")) == [bob]
    assert await found(store, account, key=SearchKey.of_property("q", 'a"age":"3"')) == [ann]
    assert await found(store, account, key=SearchKey.of_property("age", "%")) == []
    assert await found(store, account, key=SearchKey("last_name", "50%_\\")) == [bob]
    assert await found(store, account, key=SearchKey("last_name", "50__\\")) == []
    assert await found(store, account, key=SearchKey("external_id", "7")) == [ann]
    assert await found(store, account, ids=[bob.id, theirs.id]) == [bob]
    with pytest.raises(InvalidInput):
        await found(store, account, ids=range(10_001))


async def test_changed_contact_is_found_by_what_it_is_now(store: Store) -> None:
    account, other = an_account(), an_account()
    contact = a_contact(account, ONE, TWO)
    await kept(store, account, other)
    await keep(store, contact)
    details = ContactDetails(phones={PhoneKind.MOBILE: TWO, PhoneKind.EXTRA_3: THREE})
    changed = replace(contact, details=details, updated_at=NOW + SECOND)

    async with store.begin() as tx:
        await tx.update_contact(changed)
        await tx.update_contact(changed)  # again, with nothing new
        await tx.commit()

    assert await found(store, account, numbers=[ONE]) == []
    assert await found(store, account, numbers=[TWO]) == [changed]
    assert await found(store, account, numbers=[THREE]) == [changed]
    async with store.begin() as tx:
        with pytest.raises(NotFound):
            await tx.update_contact(replace(changed, account_id=other.id))


async def test_deleted_contact_leaves_all_lists_and_is_found_no_more(store: Store) -> None:
    account = an_account()
    contact, beside = a_contact(account, ONE), a_contact(account, ONE)
    first, second, third = a_list(account), a_list(account), a_list(account)
    await kept(store, account)
    await keep(store, contact, beside, first, second, third)
    async with store.begin() as tx:
        await tx.add_to_contact_list(account.id, first.id, [contact.id, beside.id])
        await tx.add_to_contact_list(account.id, second.id, [contact.id])
        await tx.add_to_contact_list(account.id, third.id, [beside.id])
        await tx.commit()
    deleted = replace(contact, deleted=True)

    async with store.begin() as tx:
        await tx.update_contact(deleted)
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.contact(account.id, contact.id) == deleted
    assert await found(store, account, numbers=[ONE]) == [beside]
    assert await found(store, account, ids=[contact.id]) == []
    assert [await size(store, one) for one in (first, second, third)] == [1, 0, 1]
    async with store.begin() as tx:
        with pytest.raises(NotFound, match=f"contact {contact.id}"):
            await tx.add_to_contact_list(account.id, first.id, [contact.id])


async def test_size_of_a_list_counts_each_contact_once(store: Store) -> None:
    account, other = an_account(), an_account()
    contacts = [a_contact(account, ONE) for _ in range(3)]
    theirs = a_contact(other, ONE)
    contact_list = a_list(account)
    await kept(store, account, other)
    await keep(store, *contacts, theirs, contact_list)
    one, two, three = [contact.id for contact in contacts]

    async with store.begin() as tx:
        assert await tx.add_to_contact_list(account.id, contact_list.id, [two, one, two]) == 2
        assert await tx.add_to_contact_list(account.id, contact_list.id, [one, three]) == 1
        assert await tx.remove_from_contact_list(account.id, contact_list.id, [two, theirs.id]) == 1
        assert await tx.remove_from_contact_list(account.id, contact_list.id, [two]) == 0
        await tx.commit()

    assert await size(store, contact_list) == 2
    in_list = await found(store, account, list_id=contact_list.id)
    assert [contact.id for contact in in_list] == [one, three]
    async with store.begin(read_only=True) as tx:
        page = await tx.contacts(account.id, Page(limit=1, offset=1), list_id=contact_list.id)
        steps = await tx.contacts_of_list(account.id, contact_list.id, after=one, limit=9)
        first = await tx.contacts_of_list(account.id, contact_list.id, after=None, limit=1)
    assert page == ([contacts[2]], 2)
    assert (steps, first) == ([contacts[2]], [contacts[0]])
    for account_id, contact_id in ((other.id, theirs.id), (account.id, theirs.id)):
        async with store.begin() as tx:
            with pytest.raises(NotFound):
                await tx.add_to_contact_list(account_id, contact_list.id, [contact_id])


async def test_lists_are_found_renamed_and_deleted_in_their_account_only(store: Store) -> None:
    account, other = an_account(), an_account()
    one, two = a_list(account, name="Straße 50%"), a_list(account, name="Spring")
    contact = a_contact(account, ONE)
    await kept(store, account, other)
    await keep(store, one, two, contact)

    async with store.begin() as tx:
        await tx.add_to_contact_list(account.id, one.id, [contact.id])
        await tx.add_list_file(one.id, [b"x"])
        assert await tx.contact_lists(account.id, Page(), name="STRASSE 50%") == (
            [replace(one, size=1)], 1,
        )  # fmt: skip
        found, count = await tx.contact_lists(account.id, Page(limit=1), name=None)
        assert ([each.id for each in found], count) == ([two.id], 2)
        assert await tx.contact_lists(other.id, Page(), name=None) == ([], 0)
        assert not await tx.delete_contact_list(other.id, one.id)
        assert await tx.delete_contact_list(account.id, one.id)
        assert not await tx.delete_contact_list(account.id, one.id)
        await tx.rename_contact_list(account.id, two.id, "Autumn")
        assert await tx.contact_lists(account.id, Page(), name="autumn") != ([], 0)
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.contact(account.id, contact.id) == contact
        assert await tx.contact_list(account.id, one.id) is None
        assert await tx.contact_list(other.id, two.id) is None
    async with store.begin() as tx:
        with pytest.raises(NotFound):
            await tx.rename_contact_list(other.id, two.id, "Mine")


async def test_import_is_held_by_one_and_goes_on_with_the_next(store: Store) -> None:
    account = an_account()
    validating = a_list(account, status=ContactListStatus.VALIDATING)
    importing = replace(validating, status=ContactListStatus.IMPORTING)
    contacts = [a_contact(account, ONE), a_contact(account, TWO)]
    await kept(store, account)
    await keep(store, a_list(account))  # nothing to import
    async with store.begin() as tx:
        await tx.add_contact_list(validating, import_due_at=NOW, use_custom_fields=True)
        await tx.add_list_file(validating.id, [b"a", b"b"])
        await tx.commit()

    async def claim(now: Any, holder: str) -> Any:
        async with store.begin() as tx:
            claimed = await tx.claim_list_import(now=now, holder=holder, until=now + 60 * SECOND)
            await tx.commit()
        return claimed

    async def write(some: list[Contact], rows: int, holder: str, *, last: bool = False) -> bool:
        to = replace(importing, status=ContactListStatus.ACTIVE, problem="p") if last else importing
        async with store.begin() as tx:
            held = await tx.import_into_list(
                to,
                some,
                imported_rows=rows,
                holder=holder,
                until=None if last else NOW + 9 * SECOND,
            )
            await tx.commit()
        return held

    assert await claim(NOW - SECOND, "first") is None
    claimed = await claim(NOW, "first")
    assert (claimed.contact_list, claimed.use_custom_fields) == (validating, True)
    assert claimed.imported_rows == 0
    assert await claim(NOW + SECOND, "second") is None
    async with store.begin(read_only=True) as tx:
        assert [await tx.list_file_part(validating.id, part) for part in range(3)] == [
            b"a", b"b", None,
        ]  # fmt: skip
    assert await write(contacts[:1], 5, "first")
    again = await claim(NOW + 10 * SECOND, "second")
    assert (again.imported_rows, again.contact_list.size) == (5, 1)
    assert not await write(contacts[1:], 6, "first")  # it has lost its hold
    assert await found(store, account) == contacts[:1]
    assert await write(contacts[1:], 6, "second")
    assert await write([], 6, "second", last=True)
    assert not await write([], 6, "second", last=True)
    assert await claim(NOW + 99 * SECOND, "third") is None
    async with store.begin(read_only=True) as tx:
        ended = await tx.contact_list(account.id, validating.id)
        assert await tx.list_file_part(validating.id, 0) is None
    assert ended is not None
    assert (ended.status, ended.size, ended.problem) == (ContactListStatus.ACTIVE, 2, "p")
    assert await found(store, account, list_id=validating.id) == contacts


async def test_calls_to_any_of_some_numbers_come_newest_first(store: Store) -> None:
    account, other = an_account(), an_account()
    calls = [a_call(account, to=number) for number in (ONE, TWO, THREE, ONE)]
    await kept(store, account, other, *calls, a_call(other, to=ONE))

    async with store.begin(read_only=True) as tx:
        assert await tx.calls_to(account.id, [ONE, TWO], Page()) == [calls[3], calls[1], calls[0]]
        assert await tx.calls_to(account.id, [ONE, TWO], Page(limit=1, offset=1)) == [calls[1]]
        assert await tx.calls_to(account.id, [], Page()) == []
