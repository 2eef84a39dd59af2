"""Numbers of the account; there are none for sale."""

from __future__ import annotations

from ringcast.apis.callfire_v2.numbers import handlers
from ringcast.apis.callfire_v2.operation import NO_SHOP, PAGED, Operation

__all__ = ["OPERATIONS"]

_NO_RENEWAL = "numbers have no lease to be changed: `ringcast number` is the operator's way"

OPERATIONS = (
    Operation(
        "GET",
        "/numbers/leases",
        "findNumberLeases",
        handlers.find_leases,
        takes=frozenset({*PAGED, "prefix"}),
        refuses=dict.fromkeys(
            ("city", "labelName", "lata", "rateCenter", "state", "zipcode"),
            "is not known of the numbers here",
        ),
        notes="the account's numbers; leases have no end; numbers to call from only have "
        "`callFeatureStatus` DISABLED",
    ),
    Operation(
        "GET",
        "/numbers/leases/configs",
        "findNumberLeaseConfigs",
        handlers.find_configs,
        takes=frozenset({*PAGED, "prefix"}),
        refuses=dict.fromkeys(
            ("city", "labelName", "lata", "rateCenter", "state", "zipcode"),
            "is not known of the numbers here",
        ),
    ),
    Operation(
        "GET",
        "/numbers/leases/configs/{number}",
        "getNumberLeaseConfig",
        handlers.get_config,
        takes=frozenset({"fields"}),
        notes="only `number` for one whose calls are not answered, or by another API's script",
    ),
    Operation(
        "PUT",
        "/numbers/leases/configs/{number}",
        "updateNumberLeaseConfig",
        handlers.update_config,
        notes="204; `TRACKING` rings at most ten telephones at once for 30 s; who is asked by "
        "`screen` presses 1; `weeklySchedule` and `googleAnalytics` are refused",
    ),
    Operation(
        "GET",
        "/numbers/leases/{number}",
        "getNumberLease",
        handlers.get_lease,
        takes=frozenset({"fields"}),
    ),
    Operation("PUT", "/numbers/leases/{number}", "updateNumberLease", why=_NO_RENEWAL),
    Operation("GET", "/numbers/local", "findNumbersLocal", why=NO_SHOP),
    Operation("GET", "/numbers/regions", "findNumberRegions", why=NO_SHOP),
    Operation("GET", "/numbers/tollfree", "findNumbersTollfree", why=NO_SHOP),
    Operation("POST", "/orders/keywords", "orderKeywords", why=NO_SHOP),
    Operation("POST", "/orders/numbers", "orderNumbers", why=NO_SHOP),
    Operation("GET", "/orders/{id}", "getOrder", why=NO_SHOP),
)
