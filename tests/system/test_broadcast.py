"""A broadcast over the whole plan of the phones, with the server killed on the way."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.system.programs import Api, Program, eventually, make_account, phone_calls, running

ANSWERED = ["00", "01", "02", "03", "04", *(f"1{n}" for n in range(7)), "27", "28", "29"]
ANSWERED += [*(f"3{n}" for n in range(10)), "50", "51", "52", "60"]
RESULTS = dict.fromkeys(ANSWERED, "LA") | {
    "20": "BUSY",
    "21": "NO_ANS",
    "22": "NO_ANS",
    "23": "CARRIER_ERROR",
    "24": "CARRIER_TEMP_ERROR",
    "25": "NO_ANS",
    "26": "CARRIER_TEMP_ERROR",
}
"""What becomes of a call to a number with that ending; without detection, who answers is LA."""

COUNTED = {
    "LA": "liveCount",
    "BUSY": "busyCount",
    "NO_ANS": "noAnswerCount",
    "CARRIER_ERROR": "errorCount",
    "CARRIER_TEMP_ERROR": "errorCount",
    "INTERNAL_ERROR": "errorCount",
}


def _server(phones: Program, directory: Path, *, per_second: int) -> Any:
    return running(
        "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
        "--trunk", f"sip:{phones.ready()['sip']}", "--data-dir", str(directory),
        "--media-workers", "1", "--ring-timeout", "8", "--trunk-cps", str(per_second),
        cwd=directory,
    )  # fmt: skip


def _people(count: int) -> list[str]:
    endings = list(RESULTS)
    size = len(endings)
    return [f"1213{520 + n // size}{n % 100:02}{endings[n % size]}" for n in range(count)]


@pytest.mark.parametrize(
    ("recipients", "per_second", "killed_at"),
    [
        pytest.param(60, 12, [20], id="60"),
        pytest.param(1000, 30, [250, 600], id="1000", marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(600)
def test_a_broadcast_outlives_its_server_and_nobody_is_dialled_twice(
    tmp_path: Path, recipients: int, per_second: int, killed_at: list[int]
) -> None:
    heard = tmp_path / "heard"
    people = _people(recipients)
    assert len(set(people)) == recipients
    with running(
        "phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), cwd=tmp_path
    ) as phones:
        campaign = 0
        for place, dialed in enumerate(killed_at):
            with _server(phones, tmp_path, per_second=per_second) as server:
                address = f"http://{server.ready()['http']}"
                if place == 0:
                    login, password = make_account(tmp_path)
                    campaign = _started(Api(address, login, password), people)
                api = Api(address, login, password)
                eventually(partial(_has_dialed, api, campaign, dialed), within=150)
                server.kill()
        with _server(phones, tmp_path, per_second=per_second) as server:
            api = Api(f"http://{server.ready()['http']}", login, password)
            eventually(lambda: _status(api, campaign) == "FINISHED", within=240)
            stats = _stats(api, campaign)
            calls = api.request("GET", f"/v2/calls/broadcasts/{campaign}/calls?limit=1000").json
        time.sleep(1)  # phones write a call down when it is over

    results = {call["toNumber"]: call["finalCallResult"] for call in calls["items"]}
    assert sorted(results) == sorted(people)
    killed = [number for number, result in results.items() if result == "INTERNAL_ERROR"]
    assert 0 < len(killed) < recipients // 2
    for number, result in results.items():
        if number not in killed:
            assert result == RESULTS[number[-2:]], number
    for call in calls["items"]:
        assert len(call["records"]) == 1

    assert stats["totalCount"] == stats["dialedCount"] == stats["callsAttempted"] == recipients
    assert (stats["callsRemaining"], stats["callsAwaitingRedial"]) == (0, 0)
    expected = Counter(COUNTED[result] for result in results.values())
    for member in set(COUNTED.values()):
        assert stats[member] == expected[member], member

    invites = Counter(line["called"].removeprefix("+") for line in phone_calls(heard))
    assert set(invites) <= set(people)
    assert max(invites.values()) == 1, [one for one, number in invites.items() if number > 1]
    rung = {number for number, result in results.items() if result == "LA"}
    assert rung <= set(invites)


def _started(api: Api, people: list[str]) -> int:
    made = api.request(
        "POST",
        "/v2/calls/broadcasts?start=true",
        {
            "name": "whole plan",
            "answeringMachineConfig": "LIVE_IMMEDIATE",
            "sounds": {"liveSoundText": "The school is closed."},
            "recipients": [{"phoneNumber": number} for number in people],
        },
    )
    assert made.status == 201, made.body
    return int(made.json["id"])


def _has_dialed(api: Api, campaign: int, count: int) -> bool:
    return bool(_stats(api, campaign)["dialedCount"] >= count)


def _stats(api: Api, campaign: int) -> Any:
    return api.request("GET", f"/v2/calls/broadcasts/{campaign}/stats").json


def _status(api: Api, campaign: int) -> str:
    answer = api.request("GET", f"/v2/calls/broadcasts/{campaign}?fields=status")
    return str(answer.json["status"])
