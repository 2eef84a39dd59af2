"""The operations on contacts and lists of them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.contacts import bodies as contact_bodies
from ringcast.apis.callfire_v2.contacts.bodies import (
    ContactRequest,
    CreateContactListRequest,
    UpdateContactListRequest,
)
from ringcast.apis.callfire_v2.contacts.contact_body import contact
from ringcast.apis.callfire_v2.contacts.services import ContactServices
from ringcast.apis.callfire_v2.creating import create
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.requests import Query, decode
from ringcast.apis.callfire_v2.webhooks.bodies import ResourceIdBody
from ringcast.domain.contacts import Contact, ContactList
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.services.idempotency import Once
from ringcast.web.bodies import UploadedFile, UploadForm, read_body, read_upload
from ringcast.web.json import encode_json, json_response

__all__ = [
    "add_list_items",
    "create_contacts",
    "create_list",
    "delete_contact",
    "delete_list",
    "find_contacts",
    "find_lists",
    "get_contact",
    "get_history",
    "get_list",
    "get_list_items",
    "remove_list_item",
    "remove_list_items",
    "update_contact",
    "update_list",
    "upload_list",
]


async def find_contacts(exchange: Exchange) -> Response:
    """GET /contacts. As CallFire says, ids or numbers override the other parameters."""
    query = exchange.query
    window = query.page()
    ids, numbers, list_id = query.integers("id"), _numbers(query), query.integer("contactListId")
    name, value = query.text("propertyName"), query.text("propertyValue")
    if (name is None) != (value is None):
        raise InvalidInput("propertyName and propertyValue go together", field="propertyName")
    by_other = ids is None and numbers is None
    found, total = await _services(exchange).find_contacts(
        exchange.account.id,
        window,
        ids=None if ids is None else [ContactId(one) for one in ids],
        numbers=numbers if ids is None else None,
        list_id=ContactListId(list_id) if list_id is not None and by_other else None,
        key=contact_bodies.search_key(name, value) if name and value and by_other else None,
    )
    items = [contact(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def create_contacts(exchange: Exchange) -> Response:
    """POST /contacts."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"[]", list[ContactRequest])
    details = [contact_bodies.contact_details(one, place=place) for place, one in enumerate(given)]

    async def make(once: Once[Sequence[Contact]] | None) -> Sequence[Contact]:
        return await _services(exchange).create_contacts(exchange.account, details, once=once)

    def render(made: Sequence[Contact]) -> bytes:
        return encode_json(responses.ItemList(items=[ResourceIdBody(id=one.id) for one in made]))

    return await create(exchange, render, make, content=body)


async def get_contact(exchange: Exchange) -> Response:
    """GET /contacts/{id}: deleted ones too."""
    found = await _services(exchange).get_contact(exchange.account.id, _contact_id(exchange))
    return json_response(project(contact(found), exchange.fields))


async def update_contact(exchange: Exchange) -> Response:
    """PUT /contacts/{id}: 204, which all clients understand, here and below."""
    contact_id = _contact_id(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", ContactRequest)
    changes = contact_bodies.contact_changes(given, contact_id=contact_id)
    if given.deleted and changes:
        raise InvalidInput("delete a contact, or change it: not both at once", field="deleted")
    if given.deleted:
        await _services(exchange).delete_contact(exchange.account.id, contact_id)
    else:
        await _services(exchange).update_contact(exchange.account.id, contact_id, changes)
    return Response(status_code=204)


async def delete_contact(exchange: Exchange) -> Response:
    """DELETE /contacts/{id}."""
    await _services(exchange).delete_contact(exchange.account.id, _contact_id(exchange))
    return Response(status_code=204)


async def get_history(exchange: Exchange) -> Response:
    """GET /contacts/{id}/history: calls to any of the contact's numbers."""
    contact_id = _contact_id(exchange)
    calls = await _services(exchange).contact_history(
        exchange.account.id, contact_id, exchange.query.page()
    )
    body = contact_bodies.history(contact_id, calls, base=exchange.base)
    return json_response(project(body, exchange.fields))


async def find_lists(exchange: Exchange) -> Response:
    """GET /contacts/lists."""
    window = exchange.query.page()
    found, total = await _services(exchange).find_lists(
        exchange.account.id, window, name=exchange.query.text("name")
    )
    items = [contact_bodies.contact_list(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def create_list(exchange: Exchange) -> Response:
    """POST /contacts/lists."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", CreateContactListRequest)
    name, members = given.name or "", contact_bodies.members(given)

    async def make(once: Once[ContactList] | None) -> ContactList:
        return await _services(exchange).create_list(exchange.account, name, members, once=once)

    return await create(exchange, _render_id, make, content=body)


async def upload_list(exchange: Exchange) -> Response:
    """POST /contacts/lists/upload: the list shows in its status what comes of the file."""
    limits = exchange.limits
    async with read_upload(
        exchange.request,
        file_part="file",
        limit=limits.upload_bytes,
        directory=limits.upload_directory,
    ) as form:
        file = _file(form)
        name = form.fields.get("name", "").strip() or file.filename
        custom = Query([("useCustomFields", form.fields.get("useCustomFields", ""))])
        use_custom_fields = custom.boolean("useCustomFields")

        async def make(once: Once[ContactList] | None) -> ContactList:
            return await _services(exchange).upload_list(
                exchange.account,
                file.path,
                name=name,
                use_custom_fields=use_custom_fields,
                once=once,
            )

        content = f"{file.sha256} {use_custom_fields} {name}"
        return await create(exchange, _render_id, make, content=content)


async def get_list(exchange: Exchange) -> Response:
    """GET /contacts/lists/{id}."""
    found = await _services(exchange).get_list(exchange.account.id, _list_id(exchange))
    return json_response(project(contact_bodies.contact_list(found), exchange.fields))


async def update_list(exchange: Exchange) -> Response:
    """PUT /contacts/lists/{id}: another name."""
    list_id = _list_id(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    name = decode(body or b"{}", UpdateContactListRequest).name or ""
    await _services(exchange).rename_list(exchange.account.id, list_id, name)
    return Response(status_code=204)


async def delete_list(exchange: Exchange) -> Response:
    """DELETE /contacts/lists/{id}."""
    await _services(exchange).delete_list(exchange.account.id, _list_id(exchange))
    return Response(status_code=204)


async def get_list_items(exchange: Exchange) -> Response:
    """GET /contacts/lists/{id}/items."""
    window = exchange.query.page()
    found, total = await _services(exchange).list_members(
        exchange.account.id, _list_id(exchange), window
    )
    items = [contact(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def add_list_items(exchange: Exchange) -> Response:
    """POST /contacts/lists/{id}/items."""
    list_id = _list_id(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", contact_bodies.ContactListRequest)
    await _services(exchange).add_to_list(
        exchange.account.id, list_id, contact_bodies.members(given)
    )
    return Response(status_code=204)


async def remove_list_items(exchange: Exchange) -> Response:
    """DELETE /contacts/lists/{id}/items."""
    ids = [ContactId(one) for one in exchange.query.integers("contactId") or ()]
    await _services(exchange).remove_from_list(exchange.account.id, _list_id(exchange), ids)
    return Response(status_code=204)


async def remove_list_item(exchange: Exchange) -> Response:
    """DELETE /contacts/lists/{id}/items/{contactId}."""
    list_id = _list_id(exchange)
    contact_id = ContactId(int(exchange.request.path_params["contactId"]))
    if contact_id >= 2**63:
        raise NotFound("contact", contact_id)
    removed = await _services(exchange).remove_from_list(exchange.account.id, list_id, [contact_id])
    if not removed:
        raise NotFound("contact", f"{contact_id} in contact list {list_id}")
    return Response(status_code=204)


def _services(exchange: Exchange) -> ContactServices:
    return exchange.services.contacts


def _contact_id(exchange: Exchange) -> ContactId:
    return ContactId(exchange.path_id("contact"))


def _list_id(exchange: Exchange) -> ContactListId:
    return ContactListId(exchange.path_id("contact list"))


def _numbers(query: Query) -> list[PhoneNumber] | None:
    words = query.words("number")
    return None if words is None else contact_bodies.numbers(words, field="number")


def _render_id(made: ContactList) -> bytes:
    return encode_json(ResourceIdBody(id=made.id))


def _file(form: UploadForm) -> UploadedFile:
    file = form.files.get("file")
    if file is None:
        raise InvalidInput("the form has no part named file", field="file")
    for name in form.fields:
        if name not in ("name", "useCustomFields"):
            raise InvalidInput(f"there is no part {name[:64]!r} here", field=name[:64])
    return file
