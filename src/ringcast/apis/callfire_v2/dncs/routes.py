"""Do-not-contact entries."""

from __future__ import annotations

from ringcast.apis.callfire_v2.dncs import handlers
from ringcast.apis.callfire_v2.operation import PAGED, Operation

__all__ = ["OPERATIONS"]

_NO_LISTS = "is of 2016: entries are one list here; use call, text and source"

OPERATIONS = (
    Operation(
        "GET",
        "/contacts/dncs",
        "findDoNotContacts",
        handlers.find_dncs,
        takes=frozenset(
            {
                *PAGED,
                "prefix",
                "campaignId",
                "source",
                "call",
                "text",
                "inboundCall",
                "inboundText",
                "number",
            }
        ),
        refuses=dict.fromkeys(("dncListId", "dncListName", "callDnc", "textDnc"), _NO_LISTS),
        notes="in the order of numbers; `prefix` with or without the 1; the parameters of 2016 are "
        "refused: use call and text",
    ),
    Operation(
        "POST",
        "/contacts/dncs",
        "addDoNotContacts",
        handlers.add_dncs,
        notes="bars calls from the very next dial on, whenever they were asked for; answers an "
        "empty object",
    ),
    Operation(
        "PUT",
        "/contacts/dncs",
        "updateDncNumber",
        handlers.put_dnc,
        notes="as it was in 2016; adds the number if it is not there",
    ),
    Operation(
        "DELETE",
        "/contacts/dncs/sources/{source}",
        "deleteDoNotContactsBySource",
        handlers.delete_dncs_of_source,
        notes="a source without entries answers 404",
    ),
    Operation(
        "GET",
        "/contacts/dncs/universals/{toNumber}",
        "getUniversalDoNotContacts",
        handlers.get_universals,
        takes=frozenset({"fields", "fromNumber"}),
        notes="what the account's own list says: there is no list above the accounts here; true is "
        "allowed",
    ),
    Operation(
        "DELETE",
        "/contacts/dncs/{number}",
        "deleteDoNotContact",
        handlers.delete_dnc,
        notes="several numbers separated by commas: all, or none if one is not there",
    ),
    Operation(
        "GET",
        "/contacts/dncs/{number}",
        "getDoNotContact",
        handlers.get_dnc,
    ),
    Operation(
        "PUT",
        "/contacts/dncs/{number}",
        "updateDoNotContact",
        handlers.update_dnc,
        notes="members left out stay as they are",
    ),
)
