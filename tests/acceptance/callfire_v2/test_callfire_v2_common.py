"""CallFire v2: who is let in, what is not there, and what the account says of itself."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ringcast.apis.callfire_v2 import callfire_v2
from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.domain.errors import LimitReached
from ringcast.web.access_log import AccessLog
from tests.acceptance.callfire_v2.conftest import Client, Rig, serving

NOT_HERE = [operation for operation in OPERATIONS if operation.handler is None]


def example(operation: Operation) -> str:
    """Return the operation's path with something in each variable."""
    return re.sub(r"\{\w+\}", "1", operation.path)


async def test_without_a_credential_nobody_gets_in(nobody: Client) -> None:
    answer = await nobody("GET", "/calls")
    answer.is_golden("unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


async def test_every_operation_asks_for_a_credential(nobody: Client) -> None:
    for operation in OPERATIONS:
        answer = await nobody(operation.method, example(operation))
        assert answer.status == 401, operation


async def test_a_wrong_credential_is_none(client: Client, nobody: Client) -> None:
    wrong = "Basic " + b64encode(b"clinic:wrong").decode()
    for authorization in ("Basic", "Basic !", "Bearer abc", wrong):
        answer = await nobody("GET", "/me/account", headers={"Authorization": authorization})
        assert answer.status == 401
        assert answer.json["internalCode"] == 40100


async def test_any_identifier_of_the_account_opens_it(rig: Rig, nobody: Client) -> None:
    secrets = await rig.secrets("Clinic")
    for what in ("login", "user_id", "api_token", "project_id", "account_sid"):
        pair = f"{getattr(secrets, what)}:{secrets.api_secret}".encode()
        basic = f"Basic {b64encode(pair).decode()}"
        answer = await nobody("GET", "/me/account", headers={"Authorization": basic})
        assert (answer.status, answer.json["name"]) == (200, "Clinic"), what


async def test_the_account_tells_of_itself(client: Client) -> None:
    (await client("GET", "/me/account")).is_golden("account")
    assert (await client("GET", "/me/account?fields=name")).json == {"name": "Clinic"}


async def test_caller_ids_are_the_accounts_numbers(
    client: Client, stranger: Client, rig: Rig
) -> None:
    await rig.add_number("Clinic", "+442071838750")
    answer = await client("GET", "/me/callerids")
    assert answer.json == {
        "items": [{"phoneNumber": "12135550100"}, {"phoneNumber": "442071838750"}]
    }
    assert (await stranger("GET", "/me/callerids")).json == {"items": []}


async def test_what_is_not_here_says_so_for_every_operation(client: Client) -> None:
    for operation in NOT_HERE:
        answer = await client(operation.method, example(operation))
        assert (answer.status, answer.json["httpStatusCode"]) == (501, 501), operation
        says = f"{operation.id} is not available on this system"
        assert answer.json["message"] == (f"{says}: {operation.why}" if operation.why else says)
    (await client("GET", "/texts")).is_golden("not_available")


async def test_an_unknown_path_is_answered_in_the_dialects_shape(client: Client) -> None:
    (await client("GET", "/nothing/here")).is_golden("unknown_path")
    for path in ("", "/", "/calls/", "/calls/1/2/3/4", "/campaigns/sounds/x", "/%00"):
        answer = await client("GET", path)
        assert answer.status == 404, path
        assert answer.json["httpStatusCode"] == 404


async def test_a_wrong_method_says_which_are_right(client: Client) -> None:
    answer = await client("PATCH", "/calls")
    answer.is_golden("method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


async def test_every_answer_names_its_request(client: Client, nobody: Client) -> None:
    named = await client("GET", "/me/account", headers={"X-Request-Id": "mine-1"})
    assert named.headers["x-request-id"] == "mine-1"
    refused = await nobody("GET", "/calls", headers={"X-Request-Id": "mine-2"})
    assert refused.headers["x-request-id"] == "mine-2"
    assert "mine-2" in refused.json["developerMessage"]


class Failing:
    """A use case that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __call__(self, *_: object) -> object:
        raise self._error


async def failing(rig: Rig, client: Client, error: Exception) -> tuple[int, dict[str, str], bytes]:
    services = replace(rig.services(), list_numbers=Failing(error))  # type: ignore[arg-type]  # fails
    dialect = callfire_v2(services)
    async with serving(AccessLog(Starlette(routes=[Mount("/v2", app=dialect)]))) as base:
        client._base = base
        answer = await client("GET", "/me/callerids")
    return answer.status, dict(answer.headers), answer.body


async def test_a_fault_shows_no_detail_and_is_logged_with_its_request(
    rig: Rig, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    status, headers, body = await failing(rig, client, RuntimeError("secret detail"))
    assert status == 500
    assert b"secret detail" not in body
    assert b"Traceback" not in body
    (record,) = [record for record in caplog.records if record.message == "request failed"]
    assert record.exc_info is not None
    assert vars(record)["request_id"] == headers["x-request-id"]


async def test_a_limit_says_when_to_come_back(rig: Rig, client: Client) -> None:
    status, headers, _ = await failing(rig, client, LimitReached("too many", retry_after=None))
    assert status == 429
    assert "retry-after" not in headers
