"""The operations on an account's credentials and caller ids."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.me.bodies import (
    ApiCredential,
    CallerIdVerificationRequest,
    created_credential,
    credential,
)
from ringcast.apis.callfire_v2.requests import decode
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import CredentialId
from ringcast.web.bodies import read_body
from ringcast.web.json import json_response

__all__ = [
    "create_credential",
    "delete_credential",
    "disable_credential",
    "enable_credential",
    "find_credentials",
    "get_account",
    "get_caller_ids",
    "get_credential",
    "send_verification_code",
    "verify_caller_id",
]


async def get_account(exchange: Exchange) -> Response:
    """GET /me/account."""
    return json_response(project(responses.account(exchange.account), exchange.fields))


async def get_caller_ids(exchange: Exchange) -> Response:
    """GET /me/callerids."""
    numbers = await exchange.services.list_numbers(exchange.account.id)
    items = responses.ItemList(items=[responses.caller_id(number) for number in numbers])
    return json_response(project_list(items, exchange.fields))


async def find_credentials(exchange: Exchange) -> Response:
    """GET /me/api/credentials."""
    window = exchange.query.page()
    found, total = await exchange.services.find_keys(
        exchange.account.id, window, name=exchange.query.text("name")
    )
    items = [credential(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def create_credential(exchange: Exchange) -> Response:
    """POST /me/api/credentials."""
    if exchange.key is not None:
        # To answer a repetition alike, the password would have to be kept in clear.
        raise InvalidInput(
            "an answer with a password cannot be repeated: leave out the request's key"
        )
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    asked = decode(body or b"{}", ApiCredential)
    for name in ("id", "username", "password"):
        if getattr(asked, name) is not None:
            raise InvalidInput(f"{name} is drawn by the system: leave it out", field=name)
    created = await exchange.services.create_key(
        exchange.account, asked.name or "", enabled=asked.enabled is not False
    )
    return json_response(created_credential(created))


async def get_credential(exchange: Exchange) -> Response:
    """GET /me/api/credentials/{id}."""
    found = await exchange.services.get_key(exchange.account.id, _id(exchange))
    return json_response(project(credential(found), exchange.fields))


async def delete_credential(exchange: Exchange) -> Response:
    """DELETE /me/api/credentials/{id}."""
    await exchange.services.delete_key(exchange.account.id, _id(exchange))
    return Response(status_code=204)


async def enable_credential(exchange: Exchange) -> Response:
    """POST /me/api/credentials/{id}/enable."""
    await exchange.services.enable_key(exchange.account.id, _id(exchange), enabled=True)
    return Response(status_code=204)


async def disable_credential(exchange: Exchange) -> Response:
    """POST /me/api/credentials/{id}/disable."""
    await exchange.services.enable_key(exchange.account.id, _id(exchange), enabled=False)
    return Response(status_code=204)


async def send_verification_code(exchange: Exchange) -> Response:
    """POST /me/callerids/{callerid}: the number is called, and a code read out."""
    await exchange.services.send_verification_code(
        exchange.account, exchange.request.path_params["callerid"]
    )
    return Response(status_code=204)


async def verify_caller_id(exchange: Exchange) -> Response:
    """POST /me/callerids/{callerid}/verification-code: true or false."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    code = decode(body or b"{}", CallerIdVerificationRequest).verificationCode
    if code in (None, ""):
        raise InvalidInput("the body has no verificationCode", field="verificationCode")
    verified = await exchange.services.verify_caller_id(
        exchange.account.id, exchange.request.path_params["callerid"], str(code)
    )
    return json_response(verified)


def _id(exchange: Exchange) -> CredentialId:
    return CredentialId(exchange.path_id("credential"))
