"""Contacts, lists of them, and numbers that must not be called."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_contacts as contacts
from ringcast.apis.callfire_1_1 import handlers_dnc as dnc
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import creates, does, finds, lists

__all__ = ["CONTACT_OPERATIONS"]

CONTACT_OPERATIONS: tuple[Operation, ...] = (
    lists(
        "contact",
        "QueryContacts",
        "/contact",
        data.CONTACT,
        handler=contacts.query_contacts,
        notes="`Field` and `String` find what is exactly so",
    ),
    does(
        "contact",
        "UpdateContacts",
        "PUT",
        "/contact",
        handler=contacts.update_contacts,
        notes="attributes that are not given stay; an empty one is taken away",
    ),
    does("contact", "RemoveContacts", "DELETE", "/contact", handler=contacts.remove_contacts),
    finds("contact", "GetContact", "/contact/{Id}", data.CONTACT, handler=contacts.get_contact),
    finds(
        "contact",
        "GetContactHistory",
        "/contact/{ContactId}/history",
        data.CONTACT_HISTORY,
        handler=contacts.get_history,
    ),
    creates(
        "contact",
        "CreateContactList",
        "/contact/list",
        location="/contact/list/{id}",
        handler=contacts.create_list,
        notes="with `Validate` false a bad number is refused, else who has it is left out",
    ),
    lists(
        "contact",
        "QueryContactLists",
        "/contact/list",
        data.CONTACT_LIST,
        handler=contacts.query_lists,
    ),
    finds(
        "contact",
        "GetContactList",
        "/contact/list/{Id}",
        data.CONTACT_LIST,
        handler=contacts.get_list,
    ),
    does(
        "contact", "DeleteContactList", "DELETE", "/contact/list/{Id}", handler=contacts.delete_list
    ),
    does(
        "contact",
        "AddContactsToList",
        "POST",
        "/contact/list/{ContactListId}/add",
        handler=contacts.add_to_list,
        notes="as CreateContactList; a file has at most 50,000 rows",
    ),
    does(
        "contact",
        "RemoveContactsFromList",
        "POST",
        "/contact/list/{ContactListId}/remove",
        handler=contacts.remove_from_list,
    ),
    lists(
        "contact",
        "QueryDncNumbers",
        "/contact/dnc",
        data.DNC_NUMBER,
        handler=dnc.query_dnc_numbers,
        notes="`DncListName` is the source of the entry",
    ),
    does(
        "contact",
        "UpdateDncNumber",
        "PUT",
        "/contact/dnc/{Number}",
        handler=dnc.update_dnc_number,
    ),
    lists(
        "contact", "QueryDncLists", "/contact/dnc/list", data.DNC_LIST, handler=dnc.query_dnc_lists
    ),
    creates(
        "contact",
        "CreateDncList",
        "/contact/dnc/list",
        location="/contact/dnc/list/{id}",
        handler=dnc.create_dnc_list,
        notes="bars calls and texts unless one of them is named",
    ),
    finds(
        "contact", "GetDncList", "/contact/dnc/list/{Id}", data.DNC_LIST, handler=dnc.get_dnc_list
    ),
    does(
        "contact",
        "DeleteDncList",
        "DELETE",
        "/contact/dnc/list/{Id}",
        handler=dnc.delete_dnc_list,
        notes="its numbers can be called unless something else bars them",
    ),
    does(
        "contact",
        "AddNumbersToDncList",
        "POST",
        "/contact/dnc/list/{Id}/add",
        handler=dnc.add_to_dnc_list,
        notes="bars as `CreateDncList`",
    ),
    does(
        "contact",
        "RemoveNumbersFromDncList",
        "POST",
        "/contact/dnc/list/{Id}/remove",
        handler=dnc.remove_from_dnc_list,
        notes="as `DeleteDncList`",
    ),
)
