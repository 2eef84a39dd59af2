"""Contacts and lists of them: parse, do, render."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

from ringcast.apis.callfire_1_1 import bodies
from ringcast.apis.callfire_1_1.contacts_given import changes, contact, members, search_key
from ringcast.apis.callfire_1_1.errors import NotYet
from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given, Tree
from ringcast.apis.callfire_1_1.handlers_calls import at_least
from ringcast.apis.callfire_1_1.results import Done, Found, Listed, Result
from ringcast.apis.callfire_1_1.statuses import LIST_STATUS
from ringcast.domain.contacts import ContactList, SearchKey
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.services.idempotency import Once

__all__ = [
    "add_to_list",
    "create_list",
    "delete_list",
    "get_contact",
    "get_history",
    "get_list",
    "query_contacts",
    "query_lists",
    "remove_contacts",
    "remove_from_list",
    "update_contacts",
]

_MOST = 50_000  # contacts that are looked for by their numbers


async def query_contacts(exchange: Exchange) -> Result:
    """A page of contacts, oldest first."""
    given, window = exchange.given, exchange.page()
    field, text, list_id = given.text("Field"), given.text("String"), given.integer("ContactListId")
    key: SearchKey | None = None
    if (field is None) is not (text is None):
        raise InvalidInput("give Field and String, or neither", field="Field")
    if field is not None and text is not None:
        key = search_key(field, text)
    found, total = await exchange.services.find_contacts(
        exchange.account.id,
        window,
        list_id=None if list_id is None else ContactListId(list_id),
        key=key,
    )
    items = [contact(one) for one in found]
    return Listed(items, at_least(window, len(items)) if total is None else total)


async def get_contact(exchange: Exchange) -> Result:
    """One contact."""
    contact_id = ContactId(exchange.given.need_integer("Id"))
    return Found(contact(await exchange.services.get_contact(exchange.account.id, contact_id)))


async def update_contacts(exchange: Exchange) -> Result:
    """Contacts with what is given changed; none is, if one of them does not exist."""
    services, account_id = exchange.services, exchange.account.id
    wanted = []
    for one in exchange.given.parts("Contact"):
        number = one.integer("@id")
        if number is None:
            raise InvalidInput("a Contact needs its id", field="id")
        old = await services.get_contact(account_id, ContactId(number))
        new = changes(one)
        given = new["properties"]
        assert isinstance(given, dict)
        new["properties"] = {**old.details.properties, **given}
        wanted.append((old.id, new))
    if not wanted:
        raise InvalidInput("there is no Contact in the request", field="Contact")
    for contact_id, new in wanted:
        await services.update_contact(account_id, contact_id, new)
    return Done()


async def remove_contacts(exchange: Exchange) -> Result:
    """Contacts less; those that do not exist make no difference."""
    ids = exchange.given.integers("ContactId")
    if not ids:
        raise InvalidInput("ContactId is required", field="ContactId")
    for one in ids:
        with suppress(NotFound):
            await exchange.services.delete_contact(exchange.account.id, ContactId(one))
    return Done()


async def get_history(exchange: Exchange) -> Result:
    """A page of the calls to a contact's numbers, newest first."""
    contact_id = ContactId(exchange.given.need_integer("ContactId"))
    found = await exchange.services.contact_history(
        exchange.account.id, contact_id, exchange.page()
    )
    calls = [bodies.call(one, root=exchange.root) for one in found]
    tree: Tree = {"Call": calls} if calls else {}
    return Found(tree)


async def create_list(exchange: Exchange) -> Result:
    """A list of contacts; one from a file is VALIDATING until that has been read."""
    given, services = exchange.given, exchange.services
    name, source = given.need_text("Name"), _source(given)
    data = source.data("File")
    is_file = data is not None and not any(one in source for one in _FIRST)
    if is_file and given.flag("Validate") is False:
        raise NotYet("Validate false with a file", "numbers in files are always validated")
    if is_file and data is not None:

        async def upload(once: Once[ContactList] | None) -> ContactList:
            assert data is not None
            with tempfile.NamedTemporaryFile(dir=exchange.limits.upload_directory) as file:
                path = Path(file.name)
                await asyncio.to_thread(path.write_bytes, data)
                return await services.upload_list(
                    exchange.account, path, name=name, use_custom_fields=True, once=once
                )

        return await exchange.create(upload, lambda made: made.id)
    who = await members(source, scrub=given.flag("Validate") is not False)

    async def make(once: Once[ContactList] | None) -> ContactList:
        return await services.create_list(exchange.account, name, who, once=once)

    return await exchange.create(make, lambda made: made.id)


async def query_lists(exchange: Exchange) -> Result:
    """A page of lists, newest first."""
    found, total = await exchange.services.find_lists(exchange.account.id, exchange.page())
    return Listed([_list(one) for one in found], total)


async def get_list(exchange: Exchange) -> Result:
    """One list."""
    list_id = ContactListId(exchange.given.need_integer("Id"))
    return Found(_list(await exchange.services.get_list(exchange.account.id, list_id)))


async def delete_list(exchange: Exchange) -> Result:
    """A list less; the contacts stay."""
    list_id = ContactListId(exchange.given.need_integer("Id"))
    await exchange.services.delete_list(exchange.account.id, list_id)
    return Done()


async def add_to_list(exchange: Exchange) -> Result:
    """More contacts in a list."""
    given = exchange.given
    list_id = ContactListId(given.need_integer("ContactListId"))
    who = await members(_source(given), scrub=given.flag("Validate") is not False)
    await exchange.services.add_to_list(exchange.account.id, list_id, who)
    return Done()


async def remove_from_list(exchange: Exchange) -> Result:
    """Contacts out of a list, by their identifiers or by any of their numbers."""
    given, services = exchange.given, exchange.services
    list_id = ContactListId(given.need_integer("ContactListId"))
    ids = [ContactId(one) for one in given.integers("ContactId") or ()]
    numbers = given.texts("Numbers")
    if not ids and numbers:
        parsed = [PhoneNumber.parse(one, field="Numbers") for one in numbers]
        found, _ = await services.find_contacts(
            exchange.account.id, Page(limit=_MOST), list_id=list_id, numbers=parsed
        )
        ids = [one.id for one in found]
        if not ids:
            return Done()
    await services.remove_from_list(exchange.account.id, list_id, ids)
    return Done()


_FIRST = ("Contact", "ContactId", "Numbers")
"""The sources of contacts that count before a file."""


def _source(given: Given) -> Given:
    part = given.part("ContactSource")
    if part is None:
        raise InvalidInput("give Contact, ContactId, Numbers or File", field="Contact")
    return part


def _list(of: ContactList) -> Tree:
    return {
        "@id": of.id,
        "Name": of.name,
        "Size": of.size,
        "Created": of.created_at,
        "Status": LIST_STATUS[of.status],
    }
