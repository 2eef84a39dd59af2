"""CallFire v2: client libraries that others wrote do a full round."""

from __future__ import annotations

import asyncio
import gc
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


@pytest.fixture(autouse=True)
def _foreign_garbage() -> Iterator[None]:
    """Have the sockets that clients leave open found here, where that is no fault of ours."""
    yield
    gc.collect()


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


async def test_python_callfire_runs_a_broadcast(
    client: Client, rig: Rig, python_callfire: ModuleType
) -> None:
    """Contacts, lists, do-not-contact entries, a broadcast with its batches, webhooks, numbers."""
    package = python_callfire
    secrets = await rig.secrets("Clinic")
    api = package.CallFireAPI(secrets.login, secrets.password)
    api.BASE_URL = f"{rig.base}/v2"

    def contacts() -> tuple[int, int]:
        (ann,) = api.create_contacts(
            body=[{"firstName": "Ann", "homePhone": "12135550161"}]
        ).json()["items"]
        api.update_contact(ann["id"], body={"lastName": "Lee"})
        assert api.get_contact(ann["id"]).json()["lastName"] == "Lee"
        assert api.find_contacts(query={"number": "12135550161"}).json()["totalCount"] == 1
        made = api.create_contact_list(body={"name": "3b", "contactIds": [ann["id"]]}).json()
        bob = {"firstName": "Bob", "homePhone": "12135550162"}
        api.add_contact_list_items(made["id"], body={"contacts": [bob]})
        assert api.get_contact_list(made["id"]).json()["size"] == 2
        api.update_contact_list(made["id"], body={"name": "3c"})
        assert api.find_contact_lists(query={"name": "3c"}).json()["totalCount"] == 1
        names = [one["firstName"] for one in api.get_contact_list_items(made["id"]).json()["items"]]
        assert names == ["Ann", "Bob"]
        file = io.BytesIO(b"homePhone,firstName\n12135550163,Carl\n")
        assert api.create_contact_list_from_file(payload=file).json()["id"]
        api.update_dnc_number(body={"number": "12135550169", "call": True})
        barred = api.find_dnc_contacts(query={"prefix": "1213555"}).json()
        assert [one["number"] for one in barred["items"]] == ["12135550169"]
        return ann["id"], made["id"]

    def broadcast(list_id: int) -> tuple[int, int]:
        said = {"liveSoundText": "The clinic is open.", "liveSoundTextVoice": "FEMALE1"}
        body = {"name": "Open", "fromNumber": "12135550100", "sounds": said}
        made = api.create_call_broadcast(body=body).json()["id"]
        api.update_call_broadcast(made, body={"maxActive": 5})
        shown = api.get_call_broadcast(made).json()
        assert (shown["status"], shown["maxActive"]) == ("SETUP", 5)
        asked = {"name": "b", "contactListId": list_id}
        batch = api.add_call_broadcast_batch(made, body=asked).json()["id"]
        (call,) = api.add_call_broadcast_recipients(
            made, body=[{"phoneNumber": "12135550164", "attributes": {"child": "Zoë"}}]
        ).json()["items"]
        api.update_campaign_batch(batch, body={"enabled": False})
        found = api.get_campaign_batch(batch).json()
        assert (found["enabled"], found["size"]) == (False, 2)
        assert api.get_call_broadcast_batches(made).json()["totalCount"] == 1
        api.start_voice_broadcast(made)
        assert api.find_call_broadcasts(query={"running": "True"}).json()["items"][0]["id"] == made
        return made, int(call["id"])

    def after_it(made: int, call_id: int, ann: int) -> None:
        stats = api.get_call_broadcast_stats(made, query={"begin": 0}).json()
        assert (stats["callsLiveAnswer"], stats["callsDuration"]) == (1, 7)
        calls = api.get_call_broadcast_calls(made, query={"limit": 2, "offset": 1}).json()
        assert (calls["totalCount"], len(calls["items"])) == (3, 2)
        (recording,) = api.get_call_recordings(call_id).json()["items"]
        assert api.get_call_recording_by_name(call_id, "answer").json()["id"] == recording["id"]
        assert api.get_call_recording_mp3(recording["id"]).headers["Content-Type"] == "audio/mpeg"
        assert api.get_contact_history(ann).json()["calls"][0]["contact"]["firstName"] == "Ann"
        api.stop_voice_broadcast(made)
        api.archive_voice_broadcast(made)
        assert api.get_call_broadcast(made).json()["status"] == "ARCHIVED"

    def account() -> None:
        hook = {"name": "w", "resource": "CallBroadcast", "events": ["Finished"]}
        hook |= {"callback": "https://a.example/"}
        made = api.create_webhook(body=hook).json()["id"]
        api.update_webhook(made, body={"enabled": False})
        assert (
            api.find_webhooks(query={"resource": "CallBroadcast"}).json()["items"][0]["id"] == made
        )
        resource = api.get_webhook_resource("CallBroadcast").json()
        assert "Finished" in resource["supportedEvents"]
        api.delete_webhook(made)
        assert len(api.find_webhook_resources().json()["items"]) > 1
        tracking = {"transferNumbers": ["12135550189"], "screen": False}
        config = {"configType": "TRACKING", "callTrackingConfig": tracking}
        api.update_number_lease_config("12135550100", body=config)
        assert api.get_number_lease_config("12135550100").json()["configType"] == "TRACKING"
        assert api.get_caller_ids().json()["items"] == [{"phoneNumber": "12135550100"}]
        api.send_verification_code_to_caller_id("12135550158")
        assert api.verify_caller_id("12135550158", body={"verificationCode": "0"}).json() is False
        asked = {"name": "spoken", "toNumber": "12135550159"}
        assert api.post_call_campaign_sound(body=asked).json()["status"] == "RECORDING"

    ann, list_id = await asyncio.to_thread(contacts)
    made, call_id = await asyncio.to_thread(broadcast, list_id)
    await rig.finish("Clinic", call_id, Outcome.HUMAN, talked=7)
    await rig.record("Clinic", call_id, called="answer")
    await asyncio.to_thread(after_it, made, call_id, ann)
    await asyncio.to_thread(account)


async def test_the_document_is_valid_swagger(nobody: Client) -> None:
    """By the validator that the official client runs."""
    validator = imported("swagger_spec_validator.validator20")
    answer = await nobody("GET", "/api-docs/swagger.json")
    validator.validate_spec(json.loads(answer.body))
