"""CallFire v2: credentials, caller ids, numbers, and who comes too often."""

from __future__ import annotations

from base64 import b64encode
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ringcast.apis.callfire_v2 import Limits, callfire_v2
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.domain.instructions import Play
from ringcast.ports.store import Page
from ringcast.web.access_log import AccessLog
from tests.acceptance.callfire_v2.conftest import Client, Library, Rig, serving
from tests.fakes.sound_library import MemorySpeech, wav_file

CREDENTIALS = "/me/api/credentials"
NEW_NUMBER = "/me/callerids/12135550123"
CODE = f"{NEW_NUMBER}/verification-code"


def basic(identifier: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{identifier}:{secret}'.encode()).decode()}"}


async def created(client: Client, name: str = "billing") -> dict[str, Any]:
    answer = await client("POST", CREDENTIALS, json={"name": name})
    assert answer.status == 200
    made: dict[str, Any] = answer.json
    return made


def spoken_code(library: Library) -> str:
    """Return the code that was last made to be read out."""
    assert isinstance(library.speech, MemorySpeech)
    return "".join(text for text, _ in library.speech.spoken[-6:])


# credentials


async def test_a_password_shows_once(client: Client, nobody: Client) -> None:
    made = await created(client)
    assert made["enabled"] is True
    opened = await nobody("GET", "/me/account", headers=basic(made["username"], made["password"]))
    assert opened.json["name"] == "Clinic"

    masked = made | {"password": "********"}
    assert (await client("GET", f"{CREDENTIALS}/{made['id']}")).json == masked
    assert (await client("GET", f"{CREDENTIALS}?name=BILL")).json == {
        "items": [masked],
        "limit": 100,
        "offset": 0,
        "totalCount": 1,
    }
    fewer = await client("GET", f"{CREDENTIALS}/{made['id']}?fields=name")
    assert fewer.json == {"name": "billing"}


async def test_a_disabled_credential_opens_nothing_until_it_is_enabled(
    client: Client, nobody: Client
) -> None:
    made = await created(client)
    path, headers = f"{CREDENTIALS}/{made['id']}", basic(made["username"], made["password"])
    for action, status in (("disable", 401), ("enable", 200)):
        done = await client("POST", f"{path}/{action}")
        assert (done.status, done.body) == (204, b"")
        assert (await nobody("GET", "/me/account", headers=headers)).status == status

    assert (await client("DELETE", path)).status == 204
    assert (await nobody("GET", "/me/account", headers=headers)).status == 401
    assert (await client("GET", path)).status == 404


async def test_a_credential_can_be_made_disabled(client: Client) -> None:
    answer = await client("POST", CREDENTIALS, json={"name": "later", "enabled": False})
    assert answer.json["enabled"] is False


async def test_credentials_are_for_the_login_only(client: Client, rig: Rig, nobody: Client) -> None:
    made = await created(client)
    secrets = await rig.secrets("Clinic")
    for headers in (
        basic(made["username"], made["password"]),
        basic(secrets.api_token, secrets.api_secret),
    ):
        answer = await nobody("GET", CREDENTIALS, headers=headers)
        answer.is_golden("not_permitted")
        for operation in OPERATIONS:
            if operation.login_only:
                path = operation.path.replace("{id}", str(made["id"]))
                refused = await nobody(operation.method, path, headers=headers)
                assert refused.status == 403, operation
    assert (await client("GET", f"{CREDENTIALS}/{made['id']}")).json["enabled"] is True


async def test_another_accounts_credential_does_not_exist(client: Client, stranger: Client) -> None:
    made = await created(client)
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/disable"),
        ("POST", "/enable"),
    ):
        answer = await stranger(method, f"{CREDENTIALS}/{made['id']}{path}")
        assert answer.status == 404, method
    assert (await stranger("GET", CREDENTIALS)).json["totalCount"] == 0
    assert (await client("GET", CREDENTIALS)).json["totalCount"] == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "username": "me"}, "username"),
        ({"name": "x", "password": "1234"}, "password"),
        ({"name": "x", "id": 7}, "id"),
        ({"name": "x", "color": "red"}, "color"),
        ([], "object"),
    ],
)
async def test_what_cannot_be_chosen_is_refused(client: Client, body: object, named: str) -> None:
    answer = await client("POST", CREDENTIALS, json=body)
    assert answer.status == 400
    assert named in answer.json["developerMessage"]
    assert (await client("GET", CREDENTIALS)).json["items"] == []


async def test_an_answer_with_a_password_is_not_kept_to_be_repeated(client: Client) -> None:
    answer = await client(
        "POST", CREDENTIALS, json={"name": "x"}, headers={"Idempotency-Key": "k1"}
    )
    assert answer.status == 400
    assert (await client("GET", CREDENTIALS)).json["items"] == []


# caller ids


async def test_a_number_is_verified_by_the_code_it_was_called_with(
    client: Client, library: Library, rig: Rig
) -> None:
    sent = await client("POST", NEW_NUMBER)
    assert (sent.status, sent.body, rig.woken) == (204, b"", 1)
    (call,) = (await client("GET", "/calls")).json["items"]
    assert (call["toNumber"], call["fromNumber"]) == ("12135550123", "12135550100")
    assert {"phoneNumber": "12135550123"} not in (await client("GET", "/me/callerids")).json[
        "items"
    ]

    answer = await client("POST", CODE, json={"verificationCode": spoken_code(library)})
    assert (answer.status, answer.body) == (200, b"true")
    assert (await client("GET", "/me/callerids")).json["items"] == [
        {"phoneNumber": "12135550100"},
        {"phoneNumber": "12135550123"},
    ]
    sent = await client(
        "POST",
        "/calls",
        json=[{"phoneNumber": "12135550199", "fromNumber": "12135550123", "liveMessage": "Hi."}],
    )
    assert sent.status == 200

    assert (await client("POST", CODE, json={"verificationCode": "123456"})).status == 404
    assert (await client("POST", NEW_NUMBER)).status == 409


async def test_the_call_reads_the_code_twice_digit_by_digit(
    client: Client, library: Library, rig: Rig
) -> None:
    await client("POST", NEW_NUMBER)
    assert isinstance(library.speech, MemorySpeech)
    digits = library.speech.spoken[-6:]
    assert all(len(text) == 1 and text.isdecimal() for text, _ in digits)
    expected = [(await library.speech.speak(text, voice)).digest for text, voice in digits]
    async with rig.store.begin(read_only=True) as tx:
        account = await tx.account_named("Clinic")
        assert account is not None
        (call,), _ = await tx.calls(account.id, Page())
    played = [step.audio[0] for step in call.script.instructions if isinstance(step, Play)]
    assert len(played) == 14
    assert played[1:7] == played[8:14] == expected
    assert played[0] != played[7]


async def test_five_wrong_codes_are_enough(client: Client, library: Library) -> None:
    await client("POST", NEW_NUMBER)
    code = spoken_code(library)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        answer = await client("POST", CODE, json={"verificationCode": wrong})
        assert (answer.status, answer.body) == (200, b"false")
    assert (await client("POST", CODE, json={"verificationCode": code})).body == b"false"
    assert len((await client("GET", "/me/callerids")).json["items"]) == 1


async def test_a_code_is_worth_nothing_after_ten_minutes(
    client: Client, library: Library, rig: Rig
) -> None:
    await client("POST", NEW_NUMBER)
    code = spoken_code(library)
    rig.clock.advance(600)
    assert (await client("POST", CODE, json={"verificationCode": code})).body == b"false"
    assert (await client("POST", NEW_NUMBER)).status == 204
    answer = await client("POST", CODE, json={"verificationCode": spoken_code(library)})
    assert answer.body == b"true"


async def test_a_number_is_called_once_a_minute(client: Client, rig: Rig) -> None:
    assert (await client("POST", NEW_NUMBER)).status == 204
    rig.clock.advance(20)
    answer = await client("POST", "/me/callerids/2135550123")
    answer.is_golden("called_a_moment_ago")
    assert answer.headers["retry-after"] == "40"
    assert rig.woken == 1
    rig.clock.advance(40)
    assert (await client("POST", NEW_NUMBER)).status == 204
    assert rig.woken == 2


async def test_without_a_number_to_call_from_no_code_is_kept(stranger: Client, rig: Rig) -> None:
    answer = await stranger("POST", NEW_NUMBER)
    assert (answer.status, answer.json["internalCode"]) == (400, 40003)
    assert (await stranger("POST", CODE, json={"verificationCode": "1"})).status == 404
    await rig.add_number("Somebody else", "12135550111")
    assert (await stranger("POST", NEW_NUMBER)).status == 204


async def test_a_code_is_good_for_its_account_only(
    client: Client, stranger: Client, library: Library, rig: Rig
) -> None:
    await client("POST", NEW_NUMBER)
    body = {"verificationCode": spoken_code(library)}
    assert (await stranger("POST", CODE, json=body)).status == 404

    await rig.add_number("Somebody else", "12135550123")
    taken = await client("POST", CODE, json=body)
    assert taken.status == 409
    assert len((await client("GET", "/me/callerids")).json["items"]) == 1


@pytest.mark.parametrize("body", [{}, {"verificationCode": ""}, {"code": "1"}, []])
async def test_a_body_without_a_code_is_refused(client: Client, body: object) -> None:
    await client("POST", NEW_NUMBER)
    assert (await client("POST", CODE, json=body)).status == 400


async def test_what_is_no_number_cannot_be_called(client: Client) -> None:
    answer = await client("POST", "/me/callerids/911")
    assert (answer.status, answer.json["internalCode"]) == (400, 40001)


# numbers


async def test_the_accounts_numbers_are_its_leases(client: Client, rig: Rig) -> None:
    await rig.add_number("Clinic", "+442071838750")
    (await client("GET", "/numbers/leases")).is_golden("find_leases")
    one = await client("GET", "/numbers/leases/2135550100?fields=number,region(country)")
    assert one.json == {"number": "12135550100", "region": {"country": "US"}}
    for prefix, count in (("1213", 1), ("213", 1), ("%2B44", 1), ("44", 1), ("9", 0)):
        page = await client("GET", f"/numbers/leases?prefix={prefix}")
        assert page.json["totalCount"] == count, prefix
    second = await client("GET", "/numbers/leases?limit=1&offset=1&fields=number")
    assert second.json["items"] == [{"number": "442071838750"}]
    assert second.json["totalCount"] == 2


async def test_a_verified_number_takes_no_calls(client: Client, library: Library) -> None:
    await client("POST", NEW_NUMBER)
    await client("POST", CODE, json={"verificationCode": spoken_code(library)})
    lease = await client("GET", "/numbers/leases/12135550123?fields=callFeatureStatus")
    assert lease.json == {"callFeatureStatus": "DISABLED"}


async def test_another_accounts_number_is_no_lease(client: Client, stranger: Client) -> None:
    assert (await stranger("GET", "/numbers/leases/12135550100")).status == 404
    assert (await stranger("GET", "/numbers/leases")).json["items"] == []


async def test_what_is_not_known_of_numbers_is_refused(client: Client) -> None:
    for query in ("city=x", "labelName=x", "prefix=abc", "prefix=%2B"):
        assert (await client("GET", f"/numbers/leases?{query}")).status == 400, query


CONFIG = "/numbers/leases/configs/12135550100"


async def test_calls_to_a_number_are_put_through_as_configured(client: Client) -> None:
    assert (await client("GET", CONFIG)).json == {"number": "12135550100"}
    sound = (await client.upload(wav_file(0.5))).json["id"]
    tracking = {
        "transferNumbers": ["12135551189", "12135551122"],
        "screen": True,
        "recorded": True,
        "introSoundId": sound,
        "voicemail": True,
    }

    answer = await client(
        "PUT", CONFIG, json={"configType": "TRACKING", "callTrackingConfig": tracking}
    )

    assert answer.status == 204
    (await client("GET", CONFIG)).is_golden("number_config")
    listed = await client("GET", "/numbers/leases/configs?fields=items(number,configType)")
    assert listed.json["items"] == [{"number": "12135550100", "configType": "TRACKING"}]


async def test_a_dialplan_answers_calls_to_a_number(client: Client) -> None:
    xml = '<dialplan name="Root"><play type="tts">Good day.</play></dialplan>'
    body = {"configType": "IVR", "ivrInboundConfig": {"dialplanXml": xml}}

    assert (await client("PUT", CONFIG, json=body)).status == 204

    assert (await client("GET", CONFIG)).json == {"number": "12135550100", **body}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "configType must be TRACKING or IVR"),
        ({"configType": "IVR", "ivrInboundConfig": {"dialplanXml": "<a/>"}}, "line 1"),
        ({"configType": "IVR", "ivrInboundConfig": {}}, "dialplanXml is missing"),
        ({"configType": "IVR", "callTrackingConfig": {}}, "takes an ivrInboundConfig"),
        ({"configType": "TRACKING"}, "takes a callTrackingConfig"),
        ({"configType": "TRACKING", "callTrackingConfig": {}}, "1 to 10 numbers"),
        (
            {"configType": "TRACKING", "callTrackingConfig": {"transferNumbers": ["12135550100"]}},
            "cannot be put through to itself",
        ),
        (
            {"configType": "TRACKING", "callTrackingConfig": {"transferNumbers": ["x"]}},
            "not a telephone number",
        ),
        (
            {
                "configType": "TRACKING",
                "callTrackingConfig": {"transferNumbers": ["12135551189"], "introSoundId": 12345},
            },
            "no sound 12345",
        ),
        (
            {
                "configType": "TRACKING",
                "callTrackingConfig": {"transferNumbers": ["12135551189"], "weeklySchedule": {}},
            },
            "weeklySchedule is not available",
        ),
        (
            {
                "number": "12135550101",
                "configType": "TRACKING",
                "callTrackingConfig": {"transferNumbers": ["12135551189"]},
            },
            "in the path",
        ),
    ],
)
async def test_a_config_that_cannot_be_is_refused(
    client: Client, body: dict[str, object], words: str
) -> None:
    answer = await client("PUT", CONFIG, json=body)

    assert answer.status == 400
    assert words in answer.json["message"]
    assert (await client("GET", CONFIG)).json == {"number": "12135550100"}


async def test_another_accounts_number_cannot_be_configured(
    client: Client, stranger: Client
) -> None:
    body = {
        "configType": "TRACKING",
        "callTrackingConfig": {"transferNumbers": ["12135551189"]},
    }
    assert (await stranger("PUT", CONFIG, json=body)).status == 404
    assert (await stranger("GET", CONFIG)).status == 404
    assert (await client("GET", CONFIG)).json == {"number": "12135550100"}


async def test_numbers_are_not_sold_here(client: Client) -> None:
    for method, path in (("GET", "/numbers/local"), ("POST", "/orders/numbers")):
        answer = await client(method, path)
        assert answer.status == 501
        assert "`ringcast number add`" in answer.json["message"]


# limits


def limited(rig: Rig, limits: Limits) -> AbstractAsyncContextManager[str]:
    """Return the server with other limits, whose time is the rig's."""
    dialect = callfire_v2(rig.services(), limits=limits, monotonic=rig.clock.monotonic)
    return serving(AccessLog(Starlette(routes=[Mount("/v2", app=dialect)])))


async def test_who_tries_too_often_without_a_credential_has_to_wait(
    rig: Rig, session: aiohttp.ClientSession
) -> None:
    secrets = await rig.secrets("Clinic")
    limits = Limits(failures_at_once=2, failures_per_second=0.1)
    async with limited(rig, limits) as base:
        nobody = Client(base, session, None)
        wrong = basic(secrets.login, "wrong")
        for headers in ({}, wrong):
            assert (await nobody("GET", "/calls", headers=headers)).status == 401
        answer = await nobody("GET", "/calls", headers=wrong)
        answer.is_golden("too_many_failures")
        assert answer.headers["retry-after"] == "10"

        right = basic(secrets.login, secrets.password)
        assert (await nobody("GET", "/calls", headers=right)).status == 200
        rig.clock.advance(10)
        assert (await nobody("GET", "/calls", headers=wrong)).status == 401
        assert (await nobody("GET", "/calls", headers=wrong)).status == 429


async def test_requests_of_a_credential_are_limited_if_the_operator_wants_it(
    rig: Rig, session: aiohttp.ClientSession
) -> None:
    secrets = await rig.secrets("Clinic")
    async with limited(rig, Limits(requests_per_second=3)) as base:
        nobody = Client(base, session, None)
        one = basic(secrets.login, secrets.password)
        other = basic(secrets.api_token, secrets.api_secret)
        statuses = [(await nobody("GET", "/calls", headers=one)).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await nobody("GET", "/calls", headers=other)).status == 200
        rig.clock.advance(1)
        assert (await nobody("GET", "/calls", headers=one)).status == 200
