"""Contacts and lists of them."""

from __future__ import annotations

from ringcast.apis.callfire_v2.contacts import handlers
from ringcast.apis.callfire_v2.operation import PAGED, Operation

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation(
        "GET",
        "/contacts",
        "findContacts",
        handlers.find_contacts,
        takes=frozenset({*PAGED, "id", "number", "contactListId", "propertyName", "propertyValue"}),
        notes="`id`, else `number`, overrides the other filters; `propertyName` may be a member "
        "such as firstName; more than 10,000 found have `totalCount` -1",
    ),
    Operation(
        "POST",
        "/contacts",
        "createContacts",
        handlers.create_contacts,
        notes="a number that cannot be dialled is refused with 400, naming the contact",
    ),
    Operation(
        "GET",
        "/contacts/lists",
        "findContactLists",
        handlers.find_lists,
        takes=frozenset({*PAGED, "name"}),
    ),
    Operation(
        "POST",
        "/contacts/lists",
        "createContactList",
        handlers.create_list,
        notes="one of contacts, contactIds, contactNumbers; ACTIVE at once; custom properties "
        "become A, B, C without `useCustomFields`",
    ),
    Operation(
        "POST",
        "/contacts/lists/upload",
        "createContactListFromFile",
        handlers.upload_list,
        notes="read in the background; rows that make no contact are left out, and told in the "
        "list's member `problem`, which CallFire has not",
    ),
    Operation(
        "DELETE",
        "/contacts/lists/{id}",
        "deleteContactList",
        handlers.delete_list,
    ),
    Operation(
        "GET",
        "/contacts/lists/{id}",
        "getContactList",
        handlers.get_list,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/contacts/lists/{id}",
        "updateContactList",
        handlers.update_list,
    ),
    Operation(
        "DELETE",
        "/contacts/lists/{id}/items",
        "removeContactListItems",
        handlers.remove_list_items,
        takes=frozenset({"contactId"}),
        notes="what is not in the list is passed over",
    ),
    Operation(
        "GET",
        "/contacts/lists/{id}/items",
        "getContactListItems",
        handlers.get_list_items,
        takes=frozenset(PAGED),
    ),
    Operation(
        "POST",
        "/contacts/lists/{id}/items",
        "addContactListItems",
        handlers.add_list_items,
        notes="409 until the list is ACTIVE",
    ),
    Operation(
        "DELETE",
        "/contacts/lists/{id}/items/{contactId}",
        "removeContactListItem",
        handlers.remove_list_item,
    ),
    Operation(
        "DELETE",
        "/contacts/{id}",
        "deleteContact",
        handlers.delete_contact,
        notes="takes it out of all lists; it can still be read",
    ),
    Operation(
        "GET",
        "/contacts/{id}",
        "getContact",
        handlers.get_contact,
        takes=frozenset({"fields"}),
        notes="deleted ones too",
    ),
    Operation(
        "PUT",
        "/contacts/{id}",
        "updateContact",
        handlers.update_contact,
        notes="members left out stay, empty ones are taken away; a deleted contact answers 409",
    ),
    Operation(
        "GET",
        "/contacts/{id}/history",
        "getContactHistory",
        handlers.get_history,
        takes=frozenset(PAGED),
        notes="calls to any of the contact's numbers; there are no texts",
    ),
)
