"""A broadcast to people, machines and those who press a key, judged by what their phones heard."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import compare, wav
from tests.system.programs import Api, eventually, make_account, phone_calls, running

PLAN = """
extends = "default"

[[phone]]
ends_in = "31"
name = "person who presses 1, speaks with whom they get, and hangs up"
steps = [
    "ring 1", "answer", 'say "Hello?"', "message 2", "press 1",
    "pause 5", "tone 440 5", "pause 1", "hang_up",
]

[[phone]]
ends_in = "7700"
name = "person at the other end of a transfer"
steps = ["ring 1", "answer", "pause 3", "tone 620 6", "listen"]
"""

AGENT = "12135557700"
ENDINGS = ("00", "10", "12", "13", "31", "35")
RESULTS = {"00": "LA", "10": "AM", "12": "AM", "13": "AM", "31": "XFER", "35": "LA"}
BEEP_ENDS = {"10": 6.7, "12": 2.7}  # seconds after the answer, by the plan
SOUNDS = {
    "liveSoundText": "Hello, this is the school. It is closed today because of the snow.",
    "machineSoundText": "This is a message from your school. Please call us back tomorrow.",
    "transferSoundText": "One moment please.",
    "transferDigit": "1",
    "transferNumber": AGENT,
    "dncSoundText": "You will not be called again. Goodbye.",
    "dncDigit": "5",
}


OTHER_AGENT = "13125557700"
OTHERS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "machines only": ("121355503", ("00", "12"), {"answeringMachineConfig": "AM_ONLY"}),
    "people only": ("121355504", ("00", "12"), {"answeringMachineConfig": "LIVE_WITH_AMD"}),
    "at once": ("121355505", ("00", "12"), {"answeringMachineConfig": "LIVE_IMMEDIATE"}),
    "one transfer": (
        "1213556",
        ("0031", "0131"),
        {"maxActiveTransfers": 1, "sounds": SOUNDS | {"transferNumber": OTHER_AGENT}},
    ),
}
"""Broadcasts that run beside: the beginning of their numbers, how these end, and what is set."""


def number(ending: str) -> str:
    return f"121355502{ending}"


@pytest.mark.timeout(180)
def test_each_telephone_hears_what_is_meant_for_it(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    with (
        running(
            "phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), "--plan", str(plan),
            cwd=tmp_path,
        ) as phones,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{phones.ready()['sip']}", "--data-dir", str(tmp_path),
            "--media-workers", "1", cwd=tmp_path,
        ) as server,
    ):  # fmt: skip
        login, password = make_account(tmp_path)
        api = Api(f"http://{server.ready()['http']}", login, password)
        others = {
            name: _started(api, [f"{area}{ending}" for ending in endings], **members)
            for name, (area, endings, members) in OTHERS.items()
        }
        campaign = _run(api, *ENDINGS)
        for other in others.values():
            eventually(partial(_is_over, api, other), within=80)
        results = {name: _results(api, other) for name, other in others.items()}
        calls = api.request("GET", f"/v2/calls/broadcasts/{campaign}/calls").json["items"]
        legs = api.request("GET", "/v2/calls?results=XFER_LEG").json["items"]
        stats = api.request("GET", f"/v2/calls/broadcasts/{campaign}/stats").json
        entry = api.request("GET", f"/v2/contacts/dncs/{number('35')}").json
        sounds = _sounds(api, campaign)
        again = _run(api, "35")
        (refused,) = api.request("GET", f"/v2/calls/broadcasts/{again}/calls").json["items"]
        everybody = {*(number(ending) for ending in ENDINGS), AGENT}
        everybody |= {f"{area}{end}" for area, endings, _ in OTHERS.values() for end in endings}
        eventually(lambda: {_digits(line) for line in phone_calls(heard)} >= everybody)
        recordings = _recordings(heard)
        calls_of_phones = phone_calls(heard)

    assert {call["toNumber"][-2:]: call["finalCallResult"] for call in calls} == RESULTS
    assert (stats["liveCount"], stats["answeringMachineCount"], stats["transferCount"]) == (2, 3, 1)
    assert {(leg["toNumber"], leg["finalCallResult"]) for leg in legs} == {
        (AGENT, "XFER_LEG"),
        (OTHER_AGENT, "XFER_LEG"),
    }
    assert not any("campaignId" in leg for leg in legs)

    put_through = results.pop("one transfer")
    assert sorted(put_through.values()) == ["LA", "XFER"]  # whoever was first
    assert results == {
        "machines only": {"00": "LA", "12": "AM"},
        "people only": {"00": "LA", "12": "AM"},
        "at once": {"00": "LA", "12": "LA"},
    }
    told = {
        name: [
            what
            for end in endings
            for what in ("live", "machine", "transfer")
            if _found(what, recordings[f"{area}{end}"], sounds) >= 0.95
        ]
        for name, (area, endings, _) in OTHERS.items()
    }
    assert told == {
        "machines only": ["machine"],
        "people only": ["live"],
        "at once": ["live", "live"],
        "one transfer": ["transfer", "transfer"],
    }
    called = [_digits(line) for line in calls_of_phones]
    assert called.count(OTHER_AGENT) == 1

    assert _found("live", recordings[number("00")], sounds) >= 0.95
    for ending in ("10", "12", "13"):
        recording = recordings[number(ending)]
        assert _found("machine", recording, sounds) >= 0.95, ending
        assert _found("live", recording, sounds) < 0.3, ending
    for ending, beep_ends in BEEP_ENDS.items():
        match = compare.find(sounds["machine"], recordings[number(ending)])
        # Half a second: 0.3 for the message to begin, the rest for a busy machine.
        assert beep_ends - 0.1 <= match.offset_seconds <= beep_ends + 0.5, ending

    assert _found("transfer", recordings[number("31")], sounds) >= 0.95
    assert _hears_tone(recordings[AGENT], 440)
    assert _hears_tone(recordings[number("31")], 620)
    assert not _hears_tone(recordings[number("00")], 620)

    assert _found("dnc", recordings[number("35")], sounds) >= 0.95
    assert (entry["source"], entry["call"], entry["campaignId"]) == ("KeyPressed", True, campaign)
    assert (refused["state"], refused["finalCallResult"]) == ("DNC", "DNC")
    assert [_digits(line) for line in phone_calls(heard)].count(number("35")) == 1


def _run(api: Api, *endings: str) -> int:
    """Have a broadcast to these numbers made, and wait for its end."""
    campaign = _started(api, [number(ending) for ending in endings])
    eventually(partial(_is_over, api, campaign), within=80)
    return campaign


def _started(api: Api, numbers: list[str], **members: Any) -> int:
    people = [{"phoneNumber": one} for one in numbers]
    body = {"sounds": SOUNDS, "recipients": people} | members
    made = api.request("POST", "/v2/calls/broadcasts?start=true", body)
    assert made.status == 201, made.body
    return int(made.json["id"])


def _is_over(api: Api, campaign: int) -> bool:
    status: str = api.request("GET", f"/v2/calls/broadcasts/{campaign}").json["status"]
    return status == "FINISHED"


def _results(api: Api, campaign: int) -> dict[str, str]:
    """Return the result of each call, by how its number ends where others' do not."""
    calls = api.request("GET", f"/v2/calls/broadcasts/{campaign}/calls").json["items"]
    long = 4 if any(call["toNumber"].endswith("31") for call in calls) else 2
    return {call["toNumber"][-long:]: call["finalCallResult"] for call in calls}


def _sounds(api: Api, campaign: int) -> dict[str, NDArray[np.int16]]:
    members = api.request("GET", f"/v2/calls/broadcasts/{campaign}").json["sounds"]
    sounds = {}
    for name in ("live", "machine", "transfer", "dnc"):
        answer = api.request("GET", f"/v2/campaigns/sounds/{members[f'{name}SoundId']}.wav")
        rate, _, samples = wav.read(answer.body)
        assert rate == 8000
        sounds[name] = samples.reshape(-1)
    return sounds


def _recordings(heard: Path) -> dict[str, NDArray[np.int16]]:
    recordings = {}
    for line in phone_calls(heard):
        _, _, samples = wav.read((heard / line["recording"]).read_bytes())
        recordings[_digits(line)] = samples.reshape(-1)
    return recordings


def _digits(line: dict[str, str]) -> str:
    return line["called"].removeprefix("+")


def _found(name: str, recording: NDArray[np.int16], sounds: dict[str, NDArray[np.int16]]) -> float:
    return compare.find(sounds[name], recording).correlation


def _hears_tone(recording: NDArray[np.int16], hertz: float) -> bool:
    """Whether two seconds of that tone can be heard."""
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(2 * 8000) / 8000)
    return compare.find(wave.astype(np.int16), recording).correlation >= 0.95
