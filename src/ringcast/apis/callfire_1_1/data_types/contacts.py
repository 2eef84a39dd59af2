"""Contacts, lists of them, and numbers that must not be called."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.data_types.actions import CALL, TEXT
from ringcast.apis.callfire_1_1.data_types.building import ID, OWN_ID, data_element, several
from ringcast.apis.callfire_1_1.schema import DATA, Attribute, Complex, Element, may, need
from ringcast.apis.callfire_1_1.simple_types import (
    BOOLEAN,
    CONTACT_LIST_STATUS,
    DATE_TIME,
    INT,
    INTEGER,
    LONG,
    PHONE_NUMBER,
    STRING,
)

__all__ = ["CONTACT", "CONTACT_HISTORY", "CONTACT_LIST", "DNC_LIST", "DNC_NUMBER"]

CONTACT = Element(
    name="Contact",
    space=DATA,
    type=Complex(
        space=DATA,
        attributes=(
            ID,
            Attribute(name="firstName", type=STRING),
            Attribute(name="lastName", type=STRING),
            Attribute(name="zipcode", type=STRING),
            Attribute(name="homePhone", type=PHONE_NUMBER),
            Attribute(name="workPhone", type=PHONE_NUMBER),
            Attribute(name="mobilePhone", type=PHONE_NUMBER),
            Attribute(name="externalId", type=STRING),
            Attribute(name="externalSystem", type=STRING),
        ),
        open_attributes=True,
    ),
)

CONTACT_HISTORY = Element(
    name="ContactHistory",
    space=DATA,
    type=Complex(space=DATA, content=(several(CALL), several(TEXT)), mixture=True),
)

CONTACT_LIST = data_element(
    "ContactList",
    need("Name", STRING),
    need("Size", INTEGER),
    need("Created", DATE_TIME),
    need("Status", CONTACT_LIST_STATUS),
    attributes=(OWN_ID,),
)

DNC_NUMBER = data_element(
    "DncNumber",
    need("Number", PHONE_NUMBER),
    may("DncListId", LONG),
    need("CallDnc", BOOLEAN),
    need("TextDnc", BOOLEAN),
)

DNC_LIST = data_element(
    "DncList",
    may("CampaignId", LONG),
    need("Name", STRING),
    need("Size", INT),
    attributes=(OWN_ID,),
)
