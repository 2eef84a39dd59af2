"""Bad input over HTTP: refused in the vendor's shape, or a call that says what it is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ringcast.audio import wav
from tests.system.programs import Answer, Api, make_account, run, running

MEMBERS = {"httpStatusCode", "internalCode", "message", "developerMessage", "helpLink"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad-requests")


@pytest.fixture(scope="module")
def api(directory: Path) -> Iterator[Api]:
    """An account of a server whose trunk is not there; afterwards nothing may be left over."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        trunk = f"sip:127.0.0.1:{closed.getsockname()[1]}"
    with running(
        "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--media-workers", "1",
        "--trunk", trunk, "--data-dir", str(directory), cwd=directory,
    ) as server:  # fmt: skip
        api = Api(f"http://{server.ready()['http']}", *make_account(directory))
        yield api
        calls = api.request("GET", "/v2/calls?limit=1000").json["items"]
        assert {call["state"] for call in calls} <= {"FINISHED", "INVALID"}
        assert server.stop() == 0
        assert "Traceback" not in server.errors


@pytest.fixture(scope="module")
def sound(api: Api) -> int:
    return api.speak("Good morning.")


@pytest.fixture(scope="module")
def stranger(directory: Path, api: Api) -> Api:
    """Another account, which has no number."""
    made = run("account", "add", "other", "--json", "--data-dir", str(directory), cwd=directory)
    members = _json(made.stdout)
    return replace(api, login=members["login"], password=members["password"])


def _json(text: str) -> Any:
    return Answer(200, text.encode(), {}).json


def refused(answer: Answer, status: int, *said: str) -> None:
    """Check the vendor's shape, and that the message says this."""
    assert answer.status == status, answer.body
    assert set(answer.json) == MEMBERS
    assert answer.json["httpStatusCode"] == status
    for text in said:
        assert text in answer.json["message"]
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"", 400, "empty"),
        (b"this is no sound\n" * 100, 400, "the audio cannot be read"),
        (wav.write(np.zeros(8000, np.int16), 8000)[:44], 400, "damaged or incomplete"),
        (b"RIFF" + bytes(33 * 1024 * 1024), 413, "33,554,432 bytes are allowed"),
    ],
    ids=["empty", "text", "cut off", "oversized"],
)
def test_audio_that_cannot_be_used_is_refused(
    api: Api, data: bytes, status: int, said: str
) -> None:
    before = api.request("GET", "/v2/campaigns/sounds").json["totalCount"]

    refused(api.upload(data, name="a.wav", content_type="audio/x-wav"), status, said)

    assert api.request("GET", "/v2/campaigns/sounds").json["totalCount"] == before


def test_a_number_that_is_none_becomes_an_invalid_call(api: Api, sound: int) -> None:
    wrong, right = api.call("12", "+12135550100", sound=sound)

    assert api.get_call(wrong)["state"] == "INVALID"
    assert api.wait_until_finished(right)["finalCallResult"] == "CARRIER_TEMP_ERROR"


def test_a_strict_request_with_a_number_that_is_none_makes_no_call(api: Api, sound: int) -> None:
    before = api.request("GET", "/v2/calls").json["totalCount"]

    answer = api.request(
        "POST",
        f"/v2/calls?strictValidation=true&defaultLiveMessageSoundId={sound}",
        [{"phoneNumber": "+12135550100"}, {"phoneNumber": "12"}],
    )

    refused(answer, 400, "'12' is not a telephone number")
    assert api.request("GET", "/v2/calls").json["totalCount"] == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([{"phoneNumber": "+12135550100", "fromNumber": "+12135550111"}], "+12135550111 is not a"),
        ([{}], "phoneNumber"),
        ([], "1 to 10 recipients"),
        (b"[{", "not JSON"),
        (b'{"phoneNumber": "+12135550100"}', "does not fit"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "the body"),
    ],
    ids=["caller id", "no number", "nobody", "cut off", "no list", "no text", "nested"],
)
def test_a_request_that_cannot_be_is_refused(
    api: Api, sound: int, body: bytes | list[object], said: str
) -> None:
    answer = api.request(
        "POST",
        f"/v2/calls?defaultLiveMessageSoundId={sound}",
        body,
        headers={"Content-Type": "application/json"},
    )

    refused(answer, 400, said)


def test_an_account_without_a_number_is_told_to_add_one(stranger: Api) -> None:
    answer = stranger.request(
        "POST", "/v2/calls", [{"phoneNumber": "+12135550100", "liveMessage": "Hello"}]
    )

    refused(answer, 400, "no number to call from", "ringcast number add")


def test_a_wrong_credential_opens_nothing(api: Api) -> None:
    for wrong in (replace(api, password="no"), replace(api, login="no"), replace(api, login="")):
        answer = wrong.request("GET", "/v2/me/account")
        refused(answer, 401)
        assert "WWW-Authenticate" in {name.title().replace("Www", "WWW") for name in answer.headers}


def test_what_belongs_to_another_account_does_not_exist(
    api: Api, stranger: Api, sound: int
) -> None:
    (call_id,) = api.call("+12135550100", sound=sound)

    refused(stranger.request("GET", f"/v2/calls/{call_id}"), 404)
    refused(stranger.request("GET", f"/v2/campaigns/sounds/{sound}"), 404)
    refused(stranger.request("GET", f"/v2/campaigns/sounds/{sound}.wav"), 404)
    refused(stranger.request("DELETE", f"/v2/campaigns/sounds/{sound}"), 404)
    body = [{"phoneNumber": "+12135550100", "liveMessageSoundId": sound}]
    assert stranger.request("POST", "/v2/calls", body).status in (400, 404)
    assert api.wait_until_finished(call_id)["state"] == "FINISHED"
    assert stranger.request("GET", "/v2/calls").json["totalCount"] == 0
