"""Requests about contacts, lists of them, and numbers that must not be called."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import (
    SERVICE,
    Attribute,
    Choice,
    Complex,
    Element,
    many,
    may,
    need,
)
from ringcast.apis.callfire_1_1.service_types.building import (
    ID_REQUEST,
    QUERY,
    REQUEST_ID,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.simple_types import (
    BINARY,
    BOOLEAN,
    ID_LIST,
    LONG,
    PHONE_NUMBER,
    PHONE_NUMBER_LIST,
    STRING,
)

__all__ = [
    "CONTACT_LIST_REQUEST",
    "CONTACT_REQUESTS",
    "CONTACT_SOURCE",
]

CONTACT_SOURCE = service_element(
    "ContactSource",
    service_type(
        "",
        Choice(
            options=(
                (many("Contact", data.CONTACT, least=1),),
                (need("ContactId", ID_LIST),),
                (need("File", BINARY),),
                (
                    need(
                        "Numbers",
                        Complex(
                            space=SERVICE,
                            text=PHONE_NUMBER_LIST,
                            attributes=(
                                Attribute(name="fieldName", type=STRING, default="homePhone"),
                            ),
                        ),
                    ),
                ),
            )
        ),
    ),
)

CONTACT_LIST_REQUEST = service_type(
    "ContactListRequest",
    need("ContactListId", LONG),
    may("Validate", BOOLEAN, default="true"),
    need("ContactSource", CONTACT_SOURCE),
)

CONTACT_REQUESTS: tuple[Element, ...] = (
    service_element(
        "QueryContacts",
        service_type(
            "",
            may("Field", STRING),
            may("ContactListId", LONG),
            may("String", STRING),
            base=QUERY,
        ),
    ),
    service_element("UpdateContacts", service_type("", many("Contact", data.CONTACT))),
    service_element("RemoveContacts", service_type("", need("ContactId", ID_LIST))),
    service_element("GetContact", ID_REQUEST),
    service_element("GetContactHistory", service_type("", need("ContactId", LONG), base=QUERY)),
    service_element(
        "CreateContactList",
        service_type(
            "",
            REQUEST_ID,
            need("Name", STRING),
            may("Validate", BOOLEAN, default="true"),
            need("ContactSource", CONTACT_SOURCE),
        ),
    ),
    service_element("QueryContactLists", QUERY),
    service_element("GetContactList", ID_REQUEST),
    service_element("DeleteContactList", ID_REQUEST),
    service_element("AddContactsToList", CONTACT_LIST_REQUEST),
    service_element(
        "RemoveContactsFromList",
        service_type(
            "",
            need("ContactListId", LONG),
            Choice(options=((need("ContactId", ID_LIST),), (need("Numbers", PHONE_NUMBER_LIST),))),
        ),
    ),
    service_element(
        "QueryDncNumbers",
        service_type(
            "",
            may("Prefix", STRING),
            may("DncListId", LONG),
            may("DncListName", STRING),
            may("CallDnc", BOOLEAN),
            may("TextDnc", BOOLEAN),
            base=QUERY,
        ),
    ),
    service_element(
        "UpdateDncNumber",
        service_type(
            "", need("Number", PHONE_NUMBER), may("CallDnc", BOOLEAN), may("TextDnc", BOOLEAN)
        ),
    ),
    service_element("QueryDncLists", QUERY),
    service_element(
        "CreateDncList",
        service_type(
            "",
            REQUEST_ID,
            need("Name", STRING),
            may("CampaignId", LONG),
            may("CallDnc", BOOLEAN),
            may("TextDnc", BOOLEAN),
            may("Numbers", PHONE_NUMBER_LIST),
        ),
    ),
    service_element("GetDncList", ID_REQUEST),
    service_element("DeleteDncList", ID_REQUEST),
    service_element(
        "AddNumbersToDncList",
        service_type(
            "",
            need("Numbers", PHONE_NUMBER_LIST),
            may("CallDnc", BOOLEAN),
            may("TextDnc", BOOLEAN),
            base=ID_REQUEST,
        ),
    ),
    service_element(
        "RemoveNumbersFromDncList",
        service_type("", need("Numbers", PHONE_NUMBER_LIST), base=ID_REQUEST),
    ),
)
