"""The account: its credentials, its caller ids."""

from __future__ import annotations

from ringcast.apis.callfire_v2.me import handlers
from ringcast.apis.callfire_v2.operation import PAGED, Operation

__all__ = ["OPERATIONS"]

_NO_CREDITS = "this system has no credits: calls cost what the trunk's carrier charges"

OPERATIONS = (
    Operation(
        "GET",
        "/me/account",
        "getAccount",
        handlers.get_account,
        takes=frozenset({"fields"}),
        notes="id, name, permissions",
    ),
    Operation(
        "GET",
        "/me/api/credentials",
        "findApiCredentials",
        handlers.find_credentials,
        takes=frozenset({*PAGED, "name"}),
        notes="wants the account's login, or 403, as all operations on credentials do; those that "
        "were made here, not the account's own; a password shows only when it is made",
        login_only=True,
    ),
    Operation(
        "POST",
        "/me/api/credentials",
        "createApiCredential",
        handlers.create_credential,
        notes="name, enabled; an account can have 100; takes no `Idempotency-Key`",
        login_only=True,
    ),
    Operation(
        "DELETE",
        "/me/api/credentials/{id}",
        "deleteApiCredential",
        handlers.delete_credential,
        notes="204",
        login_only=True,
    ),
    Operation(
        "GET",
        "/me/api/credentials/{id}",
        "getApiCredential",
        handlers.get_credential,
        takes=frozenset({"fields"}),
        login_only=True,
    ),
    Operation(
        "POST",
        "/me/api/credentials/{id}/disable",
        "disableApiCredentials",
        handlers.disable_credential,
        notes="204",
        login_only=True,
    ),
    Operation(
        "POST",
        "/me/api/credentials/{id}/enable",
        "enableApiCredentials",
        handlers.enable_credential,
        notes="204",
        login_only=True,
    ),
    Operation("GET", "/me/billing/credit-usage", "getCreditUsage", why=_NO_CREDITS),
    Operation("GET", "/me/billing/plan-usage", "getBillingPlanUsage", why=_NO_CREDITS),
    Operation(
        "GET",
        "/me/callerids",
        "getCallerIds",
        handlers.get_caller_ids,
        takes=frozenset({"fields"}),
        notes="every number of the account counts as verified",
    ),
    Operation(
        "POST",
        "/me/callerids/{callerid}",
        "sendVerificationCodeToCallerId",
        handlers.send_verification_code,
        notes="the call comes from the account's oldest number, and reads six digits twice; once a "
        "minute for a number, else 429; 204",
    ),
    Operation(
        "POST",
        "/me/callerids/{callerid}/verification-code",
        "verifyCallerId",
        handlers.verify_caller_id,
        notes="a code lives ten minutes or five wrong tries; the number can then be called from",
    ),
)
