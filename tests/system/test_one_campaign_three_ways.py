"""The same campaign sent by SOAP, by REST and by CallFire v2, to real telephones at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import etree

from ringcast.audio import compare, wav
from tests.system.programs import Api, eventually, make_account, phone_calls, running

LIVE = "Hello, this is the school. It is closed today because of the snow."
MACHINE = "This is a message from your school. Please call us back tomorrow."
GOODBYE = "You will not be called again. Goodbye."
FROM = "12135550199"
RESULTS = {
    "00": "LA",
    "12": "AM",
    "20": "BUSY",
    "22": "NO_ANS",
    "24": "CARRIER_TEMP_ERROR",
    "35": "LA",
}
SVC = "{http://api.callfire.com/service/xsd}"


def _numbers(way: int) -> list[str]:
    """Numbers of the plan that only one of the campaigns calls."""
    return [f"12135556{way}{ending}" for ending in RESULTS]


@pytest.mark.timeout(180)
def test_the_same_campaign_by_soap_rest_and_v2_comes_to_the_same(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    with (
        running(
            "phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), cwd=tmp_path
        ) as phones,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{phones.ready()['sip']}", "--data-dir", str(tmp_path),
            "--media-workers", "1", cwd=tmp_path,
        ) as server,
    ):  # fmt: skip
        login, password = make_account(tmp_path)
        api = Api(f"http://{server.ready()['http']}", login, password)
        campaigns = [_by_soap(api), _by_rest(api), _by_v2(api)]
        eventually(lambda: all(_is_over(api, one) for one in campaigns), within=90)

        by_v2 = [_results_in_v2(api, one) for one in campaigns]
        by_rest = [_results_in_rest(api, one) for one in campaigns]
        stats = [_stats_in_v2(api, one) for one in campaigns]
        older_stats = [_stats_in_rest(api, one) for one in campaigns]
        barred = api.request("GET", "/api/1.1/rest/contact/dnc.json").json["ResourceList"]
        answered = {n for way in range(3) for n in _numbers(way) if n[-2:] in ("00", "12", "35")}
        eventually(lambda: {_digits(line) for line in phone_calls(heard)} >= answered)
        messages = {
            name: _sound(api, campaigns[0], f"{name}SoundId") for name in ("Live", "Machine")
        }
        recordings = {
            _digits(line): _samples((heard / line["recording"]).read_bytes())
            for line in phone_calls(heard)
            if line["recording"]
        }

    assert by_v2 == by_rest == [RESULTS] * 3
    assert stats[0] == stats[1] == stats[2]
    assert older_stats[0] == older_stats[1] == older_stats[2]
    assert older_stats[0]["results"] == {
        "LA": (2, 2),
        "AM": (1, 1),
        "BUSY": (2, 1),  # tried again once
        "NO_ANS": (1, 1),
        "CARRIER_TEMP_ERROR": (1, 1),
    }
    assert [one["Number"] for one in barred["DncNumber"]] == [
        f"12135556{way}35" for way in range(3)
    ]
    for way in range(3):
        person, machine = f"12135556{way}00", f"12135556{way}12"
        assert compare.find(messages["Live"], recordings[person]).correlation >= 0.95
        assert compare.find(messages["Machine"], recordings[machine]).correlation >= 0.95


def _by_soap(api: Api) -> int:
    to = "".join(f"<s:ToNumber>{number}</s:ToNumber>" for number in _numbers(0))
    message = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:s="http://api.callfire.com/service/xsd" xmlns="http://api.callfire.com/data">'
        f"<e:Body><s:SendCall><s:Type>VOICE</s:Type>{to}<VoiceBroadcastConfig>"
        f"<FromNumber>{FROM}</FromNumber><RetryConfig><MaxAttempts>2</MaxAttempts>"
        "<MinutesBetweenAttempts>0</MinutesBetweenAttempts><RetryResults>BUSY</RetryResults>"
        "</RetryConfig><AnsweringMachineConfig>AM_AND_LIVE</AnsweringMachineConfig>"
        f"<LiveSoundText>{LIVE}</LiveSoundText><MachineSoundText>{MACHINE}</MachineSoundText>"
        f"<DncSoundText>{GOODBYE}</DncSoundText><DncDigit>5</DncDigit>"
        "</VoiceBroadcastConfig></s:SendCall></e:Body></e:Envelope>"
    )
    answer = api.request(
        "POST",
        "/api/1.1/soap12/call",
        message.encode(),
        headers={"Content-Type": "application/soap+xml"},
    )
    assert answer.status == 200, answer.body
    created = etree.fromstring(answer.body).find(f".//{SVC}CreatedId")
    assert created is not None
    return int(created.text or "")


def _by_rest(api: Api) -> int:
    form = {
        "Type": "VOICE",
        "From": FROM,
        "To": " ".join(_numbers(1)),
        "MaxAttempts": "2",
        "MinutesBetweenAttempts": "0",
        "RetryResults": "BUSY",
        "AnsweringMachineConfig": "AM_AND_LIVE",
        "LiveSoundText": LIVE,
        "MachineSoundText": MACHINE,
        "DncSoundText": GOODBYE,
        "DncDigit": "5",
    }
    answer = api.request("POST", "/api/1.1/rest/call.json", urlencode(form).encode())
    assert answer.status == 201, answer.body
    return int(answer.json["ResourceReference"]["Id"])


def _by_v2(api: Api) -> int:
    campaign = {
        "fromNumber": FROM,
        "recipients": [{"phoneNumber": number} for number in _numbers(2)],
        "retryConfig": {
            "maxAttempts": 2,
            "minutesBetweenAttempts": 0,
            "retryResults": ["BUSY"],
        },
        "answeringMachineConfig": "AM_AND_LIVE",
        "sounds": {
            "liveSoundText": LIVE,
            "machineSoundText": MACHINE,
            "dncSoundText": GOODBYE,
            "dncDigit": "5",
        },
    }
    answer = api.request("POST", "/v2/calls/broadcasts?start=true", campaign)
    assert answer.status == 201, answer.body
    return int(answer.json["id"])


def _is_over(api: Api, campaign: int) -> bool:
    answer = api.request("GET", f"/api/1.1/rest/broadcast/{campaign}.json")
    return bool(answer.json["Resource"]["Broadcast"]["Status"] == "FINISHED")


def _results_in_v2(api: Api, campaign: int) -> dict[str, str]:
    calls = api.request("GET", f"/v2/calls/broadcasts/{campaign}/calls").json["items"]
    return {call["toNumber"][-2:]: call["finalCallResult"] for call in reversed(calls)}


def _results_in_rest(api: Api, campaign: int) -> dict[str, str]:
    found = api.request("GET", f"/api/1.1/rest/call.json?BroadcastId={campaign}").json
    calls = found["ResourceList"]["Call"]
    return {call["ToNumber"]["value"][-2:]: call["FinalResult"] for call in reversed(calls)}


def _stats_in_v2(api: Api, campaign: int) -> dict[str, int]:
    found = api.request("GET", f"/v2/calls/broadcasts/{campaign}/stats").json
    return {name: value for name, value in found.items() if name != "callsDuration"}


def _stats_in_rest(api: Api, campaign: int) -> dict[str, Any]:
    found = api.request("GET", f"/api/1.1/rest/broadcast/{campaign}/stats.json").json
    stats = found["Resource"]["BroadcastStats"]
    usage = {name: value for name, value in stats["UsageStats"].items() if name != "Duration"}
    results = {one["Result"]: (one["Attempts"], one["Actions"]) for one in stats["ResultStat"]}
    return {"usage": usage, "results": results, "actions": stats["ActionStatistics"]}


def _sound(api: Api, campaign: int, name: str) -> Any:
    found = api.request("GET", f"/api/1.1/rest/broadcast/{campaign}.json").json
    config = found["Resource"]["Broadcast"]["VoiceBroadcastConfig"]
    return _samples(api.request("GET", f"/api/1.1/rest/call/sound/{config[name]}.wav").body)


def _samples(data: bytes) -> Any:
    return wav.read(data)[2].reshape(-1)


def _digits(line: dict[str, str]) -> str:
    return line["called"].removeprefix("+")
