"""CallFire v2 against its description: requests made up by schemathesis, answers checked by it.

Once with our own document, in which no answer may be undescribed, and once with CallFire's of 2019.
Models of both are closed here: a member that they have not is a failure.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_v2.conftest import Client, Rig
from tests.fakes.sound_library import wav_file

SPECS = Path(__file__).parents[4] / "shared" / "specs" / "callfire-2"
EXAMPLES = 4
"""Requests made up for each operation."""

ERROR = {"httpStatusCode", "internalCode", "message", "developerMessage", "helpLink"}
AVAILABLE = {operation.id for operation in OPERATIONS if operation.handler is not None}

# Members that CallFire's samples have and its descriptions have not, by a neighbour of theirs.
SAMPLED = {
    "result": {"callResult": {"type": "string"}},
    "created": {"duplicate": {"type": "boolean"}},
}


def schemathesis() -> ModuleType:
    """Import the tool, or skip the test if it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("schemathesis")
        except ModuleNotFoundError:
            pytest.skip("schemathesis is not installed")


def closed(part: Any, *, is_members: bool = False) -> Any:
    """Return a part of a document with models that have no members but their own."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {
        name: closed(one, is_members=name == "properties" and not is_members)
        for name, one in part.items()
    }
    if is_members:
        return made  # here names are of members, one of which may be called `properties`
    for one in made.pop("allOf", ()):  # a page is a list of anything, and one of its items
        made["properties"] = made.get("properties", {}) | one["properties"]
    members = made.get("properties")
    if members:
        for neighbour, sampled in SAMPLED.items():
            if neighbour in members:
                members |= sampled
        made.setdefault("additionalProperties", False)
    return made


async def things(client: Client, rig: Rig) -> dict[str, int]:
    """Make one thing of each kind; return the ids by the beginning of their path."""
    sound = (await client.upload(wav_file(0.5))).json["id"]
    recipient = {"phoneNumber": "12135550199", "liveMessageSoundId": sound}
    answer = await client("POST", "/calls", json=[recipient | {"attributes": {"a": "b"}}])
    call = answer.json["items"][0]["id"]
    await rig.finish("Clinic", call, Outcome.HUMAN, talked=3)
    recording = await rig.record("Clinic", call, called="answer")
    made = {
        "/calls/{id}": call,
        "/calls/recordings/{id}": recording,
        "/campaigns/sounds/{id}": sound,
    }
    for path, body in (
        ("/me/api/credentials", {"name": "key"}),
        ("/contacts/lists", {"name": "list", "contactNumbers": ["12135550198"]}),
        ("/webhooks", {"name": "w", "resource": "OutboundCall", "callback": "https://a.example"}),
        (
            "/calls/broadcasts",
            {
                "name": "broadcast",
                "fromNumber": "12135550100",
                "sounds": {"liveSoundId": sound},
                "recipients": [{"phoneNumber": "12135550197"}],
            },
        ),
    ):
        answer = await client("POST", path, json=body)
        assert answer.status in (200, 201), answer
        made[f"{path}/{{id}}"] = answer.json["id"]
    answer = await client("POST", "/contacts", json=[{"homePhone": "12135550196"}])
    made["/contacts/{id}"] = answer.json["items"][0]["id"]
    known = {"contactId": made["/contacts/{id}"], "liveMessageSoundId": sound}
    assert (await client("POST", "/calls", json=[known])).status == 200
    answer = await client("GET", f"/calls/broadcasts/{made['/calls/broadcasts/{id}']}/batches")
    made["/campaigns/batches/{id}"] = answer.json["items"][0]["id"]
    dncs = {"numbers": ["12135550195"], "call": True}
    assert (await client("POST", "/contacts/dncs", json=dncs)).status < 300
    return made


def good_requests(ids: dict[str, int]) -> list[tuple[str, dict[str, Any]]]:
    """Return requests that succeed, which made-up ones seldom do, in an order that works."""
    call, sound = ids["/calls/{id}"], ids["/campaigns/sounds/{id}"]
    recording = ids["/calls/recordings/{id}"]
    broadcast, batch = ids["/calls/broadcasts/{id}"], ids["/campaigns/batches/{id}"]
    contact, contacts = ids["/contacts/{id}"], ids["/contacts/lists/{id}"]
    key, webhook = ids["/me/api/credentials/{id}"], ids["/webhooks/{id}"]
    hook = {"name": "w", "resource": "OutboundCall", "callback": "https://a.example/"}
    recipients = [{"phoneNumber": "12135550150"}, {"phoneNumber": "12135550151"}]

    def at(number: object, name: str = "id", **request: Any) -> dict[str, Any]:
        if "body" in request:
            request["media_type"] = "application/json"
        return {"path_parameters": {name: number}, **request}

    def body(value: object, media_type: str = "application/json") -> dict[str, Any]:
        return {"body": value, "media_type": media_type}

    return [
        ("sendCalls", body([{"phoneNumber": "12135550152", "liveMessage": "Hello."}])),
        ("getCall", at(call)),
        ("getCallBroadcastStats", at(broadcast, query={"begin": 0, "end": 4_000_000_000_000})),
        ("getCallRecordings", at(call)),
        ("getCallRecording", at(recording)),
        ("getCallRecordingMp3", at(recording)),
        ("getCallRecordingByName", {"path_parameters": {"id": call, "name": "answer"}}),
        ("getCallRecordingMp3ByName", {"path_parameters": {"id": call, "name": "answer"}}),
        ("postCallCampaignSound", body({"name": "spoken", "toNumber": "12135550159"})),
        ("postFileCampaignSound", body({"file": wav_file(0.3)}, "multipart/form-data")),
        ("addCallBroadcastBatch", at(broadcast, body={"name": "b", "recipients": recipients})),
        ("addCallBroadcastRecipients", at(broadcast, body=recipients)),
        (
            "toggleCallBroadcastRecipientsStatus",
            at(broadcast, body=recipients, query={"enable": False}),
        ),
        ("startVoiceBroadcast", at(broadcast)),
        ("stopVoiceBroadcast", at(broadcast)),
        ("updateCampaignBatch", at(batch, body={"enabled": False})),
        ("createContacts", body([{"homePhone": "12135550153", "firstName": "Ann"}])),
        ("createContactList", body({"name": "another", "contactNumbers": ["12135550154"]})),
        (
            "createContactListFromFile",
            body({"file": b"homePhone\n12135550155\n", "name": "file"}, "multipart/form-data"),
        ),
        ("addContactListItems", at(contacts, body={"contactIds": [contact]})),
        (
            "removeContactListItem",
            {"path_parameters": {"id": contacts, "contactId": contact}},
        ),
        ("removeContactListItems", at(contacts, query={"contactId": [contact]})),
        ("deleteContactList", at(contacts)),
        ("deleteContact", at(contact)),
        (
            "addDoNotContacts",
            body({"numbers": ["12135550156", "12135550159"], "call": True, "source": "s"}),
        ),
        ("updateDncNumber", body({"number": "12135550157", "call": True})),
        ("getDoNotContact", at("12135550156", "number")),
        ("updateDoNotContact", at("12135550156", "number", body={"call": True})),
        ("getUniversalDoNotContacts", at("12135550156", "toNumber")),
        ("deleteDoNotContact", at("12135550156", "number")),
        ("deleteDoNotContactsBySource", at("s", "source")),
        ("createApiCredential", body({"name": "another"})),
        ("deleteApiCredential", at(key)),
        ("createWebhook", body(hook)),
        ("getWebhookResource", at("OutboundCall", "resource")),
        ("deleteWebhook", at(webhook)),
        ("getNumberLease", at("12135550100", "number")),
        (
            "updateNumberLeaseConfig",
            at(
                "12135550100",
                "number",
                body={
                    "configType": "TRACKING",
                    "callTrackingConfig": {"transferNumbers": ["12135550189"], "screen": True},
                },
            ),
        ),
        ("getNumberLeaseConfig", at("12135550100", "number")),
        ("sendVerificationCodeToCallerId", at("12135550158", "callerid")),
        ("verifyCallerId", at("12135550158", "callerid", body={"verificationCode": "0"})),
        ("deleteCampaignSound", at(sound)),
    ]


def run(
    document: dict[str, Any],
    rig: Rig,
    auth: tuple[str, str],
    ids: dict[str, int],
    check: Callable[[Any, Any], None],
) -> Counter[tuple[str, int]]:
    """Make requests up for every operation; return how often each was answered with each status."""
    tool = schemathesis()
    schema = tool.openapi.from_dict(document)
    schema.config.update(base_url=f"{rig.base}/v2")
    statuses: Counter[tuple[str, int]] = Counter()

    def attempt(operation: Any) -> None:
        known = next((ids[path] for path in ids if operation.path.startswith(path)), None)
        deletes = operation.method.upper() == "DELETE"

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def each(case: Any) -> None:
            if known is not None and not deletes:
                case.path_parameters["id"] = known
            response = case.call(auth=auth, timeout=10)
            statuses[operation.definition.raw["operationId"], response.status_code] += 1
            check(case, response)

        each()

    def succeed(operation: Any, request: dict[str, Any]) -> None:
        case = operation.Case(**request)
        response = case.call(auth=auth, timeout=10)
        assert response.status_code < 300, (operation.label, response.text)
        statuses[operation.definition.raw["operationId"], response.status_code] += 1
        check(case, response)

    operations = {
        operation.definition.raw["operationId"]: operation
        for operation in (found.ok() for found in schema.get_all_operations())
        if operation.definition.raw["operationId"] in AVAILABLE
    }
    good = [(operations[name], asked) for name, asked in good_requests(ids) if name in operations]
    for operation, asked in good:
        if operation.method.upper() != "DELETE":
            succeed(operation, asked)
    for operation in operations.values():
        attempt(operation)
    for operation, asked in good:
        if operation.method.upper() == "DELETE":
            succeed(operation, asked)
    never = set(operations) - {operation_id for operation_id, status in statuses if status < 300}
    assert not never, "give these a row in good_requests"
    return statuses


def check_error(response: Any) -> None:
    assert response.status_code < 500, response.text
    body = response.json()
    assert set(body) == ERROR
    assert body["httpStatusCode"] == response.status_code


@pytest.mark.filterwarnings("ignore")  # the tool's, and those of what it leans on
async def test_every_answer_is_the_one_our_document_describes(
    client: Client, rig: Rig, nobody: Client
) -> None:
    schemathesis()
    checks = importlib.import_module("schemathesis.specs.openapi.checks")
    secrets = await rig.secrets("Clinic")
    document = (await nobody("GET", "/api-docs/swagger.json")).json

    def check(case: Any, response: Any) -> None:
        about_content = [checks.content_type_conformance, checks.response_schema_conformance]
        case.validate_response(
            response,
            checks=[
                checks.status_code_conformance,
                *(about_content if response.status_code != 204 else ()),
            ],
        )
        if response.status_code >= 400:
            check_error(response)

    ids = await things(client, rig)
    statuses = await asyncio.to_thread(
        run, closed(document), rig, (secrets.login, secrets.password), ids, check
    )
    assert sum(statuses.values()) >= EXAMPLES * len(AVAILABLE) // 2, statuses
    assert {operation_id for operation_id, _ in statuses} == AVAILABLE


@pytest.mark.filterwarnings("ignore")
async def test_every_answer_has_callfires_members_with_its_types(client: Client, rig: Rig) -> None:
    schemathesis()
    path = SPECS / "2019" / "spec.json"
    if not path.is_file():
        pytest.skip(f"no description of CallFire's in {SPECS}")
    checks = importlib.import_module("schemathesis.specs.openapi.checks")
    secrets = await rig.secrets("Clinic")

    def check(case: Any, response: Any) -> None:
        if response.status_code >= 400:
            check_error(response)  # CallFire describes no error
        else:
            case.validate_response(response, checks=[checks.response_schema_conformance])

    ids = await things(client, rig)
    document = json.loads(path.read_text(encoding="utf-8"))
    for methods in document["paths"].values():
        for method in [*methods]:
            if methods[method].get("operationId") not in AVAILABLE:
                del methods[method]
    await asyncio.to_thread(
        run, closed(document), rig, (secrets.login, secrets.password), ids, check
    )
