"""CallFire v2: client libraries that others wrote do a full round."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_v2.conftest import Client, Rig
from tests.fakes.sound_library import wav_file

DOCUMENT = "/v2/api-docs/swagger.json"

# Both packages are old: what they lean on warns of what will change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def imported(name: str) -> ModuleType:
    """Import a module of a foreign package, or skip the test if it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def python_callfire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package python-callfire, whose module has the name of the official client's."""
    folder = tmp_path_factory.mktemp("python-callfire")
    pinned = Path(__file__).parent / "python-callfire.txt"
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--require-hashes", "--target", str(folder), "-r", str(pinned)],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    if installed.returncode != 0:
        if os.environ.get("CI"):
            raise AssertionError(installed.stderr)  # nothing is skipped there for a missing tool
        pytest.skip("python-callfire cannot be had: no package index")
    others = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_callfire(name)}
    sys.path.insert(0, str(folder))
    try:
        yield imported("callfire")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if _is_callfire(name)]:
            del sys.modules[name]
        sys.modules.update(others)


def _is_callfire(name: str) -> bool:
    return name.split(".")[0] == "callfire"


async def test_the_official_client_reads_the_document_and_does_a_round(
    client: Client, rig: Rig
) -> None:
    """callfire-api-client-python, whose methods are the tags and operationIds it reads."""
    package = imported("callfire.client")
    secrets = await rig.secrets("Clinic")
    host = rig.base.removeprefix("http://")

    class Ours(package.CallfireClient):  # type: ignore[misc, name-defined]  # not typed
        @staticmethod
        def swagger_url() -> str:
            return rig.base + DOCUMENT

    def connected() -> Any:
        made = Ours(secrets.login, secrets.password)
        made.http_client.set_basic_auth(host, secrets.login, secrets.password)
        return made

    def first_round() -> int:
        api = connected()
        account = api.me.getAccount().response().result
        assert account.name == "Clinic"
        numbers = api.me.getCallerIds().response().result
        assert [number.phoneNumber for number in numbers.items] == ["12135550100"]

        sound = api.campaigns.postTTSCampaignSound(
            body={"message": "The clinic is open.", "voice": "MALE1"}
        ).response()
        uploaded = api.campaigns.postFileCampaignSound(file=wav_file(0.5), name="tone").response()
        found = api.campaigns.findCampaignSounds(limit=10, filter="tone").response().result
        assert [one.id for one in found.items] == [uploaded.result.id]
        audio = api.campaigns.getCampaignSoundDataWav(id=uploaded.result.id).response()
        assert audio.incoming_response.raw_bytes == wav_file(0.5)

        (call,) = (
            api.calls.sendCalls(
                body=[
                    {
                        "phoneNumber": "12135550199",
                        "liveMessageSoundId": sound.result.id,
                        "attributes": {"patient": "7"},
                    }
                ]
            )
            .response()
            .result.items
        )
        assert call.state == "READY"
        return int(call.id)

    def second_round(call_id: int) -> None:
        api = connected()
        call = api.calls.getCall(id=call_id).response().result
        assert (call.state, call.finalCallResult) == ("FINISHED", "LA")
        assert call.attributes["patient"] == "7"
        assert [record.result for record in call.records] == ["LA"]
        page = api.calls.findCalls(id=[call_id], states="FINISHED", inbound=False).response()
        assert [one.id for one in page.result.items] == [call_id]

        key = api.me.createApiCredential(body={"name": "a program"}).response().result
        assert api.me.deleteApiCredential(id=key.id).response().incoming_response.status_code == 204

        errors = imported("bravado.exception")
        with pytest.raises(errors.HTTPNotFound) as missing:
            api.calls.getCall(id=1).response()
        assert missing.value.swagger_result.httpStatusCode == 404
        with pytest.raises(errors.HTTPNotImplemented) as unavailable:
            api.texts.findTexts().response()
        assert "not available" in unavailable.value.response.json()["message"]

    call_id = await asyncio.to_thread(first_round)
    await rig.finish("Clinic", call_id, Outcome.HUMAN, talked=5)
    await asyncio.to_thread(second_round, call_id)


async def test_python_callfire_does_a_round(
    client: Client, rig: Rig, python_callfire: ModuleType
) -> None:
    """python-callfire, which was generated from CallFire's own document."""
    package = python_callfire
    secrets = await rig.secrets("Clinic")
    api = package.CallFireAPI(secrets.login, secrets.password)
    api.BASE_URL = f"{rig.base}/v2"

    def first_round() -> int:
        assert api.get_account().json()["name"] == "Clinic"
        uploaded = api.post_file_campaign_sound(payload=io.BytesIO(wav_file(0.5))).json()
        assert api.get_campaign_sound_data_wav(uploaded["id"]).read() == wav_file(0.5)
        spoken = api.post_campaign_sound(body={"message": "Hello.", "voice": "FEMALE1"}).json()
        assert api.find_campaign_sounds(query={"limit": 10}).json()["totalCount"] == 2

        recipient = {"phoneNumber": "12135550199", "liveMessageSoundId": spoken["id"]}
        (call,) = api.send_calls(body=[recipient]).json()["items"]
        with pytest.raises(package.CallFireError, match="phoneNumber"):
            api.send_calls(query={"strictValidation": True}, body=[{"phoneNumber": "911"}])
        return int(call["id"])

    def second_round(call_id: int) -> None:
        call = api.get_call(call_id).json()
        assert (call["state"], call["finalCallResult"]) == ("FINISHED", "BUSY")
        page = api.find_calls(query={"id": call_id, "fields": "items(id,state)"}).json()
        assert page["items"] == [{"id": call_id, "state": "FINISHED"}]

        key = api.create_api_credential(body={"name": "a program"}).json()
        assert api.get_api_credential(key["id"]).json()["username"] == key["username"]
        assert api.delete_api_credential(key["id"]).status == 204
        assert api.find_number_leases().json()["items"][0]["number"] == "12135550100"

        with pytest.raises(package.CallFireError) as refused:
            api.find_texts()
        assert refused.value.wrapped_exc.code == 501

    call_id = await asyncio.to_thread(first_round)
    await rig.finish("Clinic", call_id, Outcome.BUSY)
    await asyncio.to_thread(second_round, call_id)


async def test_the_document_is_valid_swagger(nobody: Client) -> None:
    """By the validator that the official client runs."""
    validator = imported("swagger_spec_validator.validator20")
    answer = await nobody("GET", "/api-docs/swagger.json")
    validator.validate_spec(json.loads(answer.body))
