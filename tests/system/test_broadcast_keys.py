"""A broadcast to people, machines and those who press a key, judged by what their phones heard."""

from __future__ import annotations

from pathlib import Path

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
        campaign = _run(api, *ENDINGS)
        calls = api.request("GET", f"/v2/calls/broadcasts/{campaign}/calls").json["items"]
        legs = api.request("GET", "/v2/calls?results=XFER_LEG").json["items"]
        stats = api.request("GET", f"/v2/calls/broadcasts/{campaign}/stats").json
        entry = api.request("GET", f"/v2/contacts/dncs/{number('35')}").json
        sounds = _sounds(api, campaign)
        again = _run(api, "35")
        (refused,) = api.request("GET", f"/v2/calls/broadcasts/{again}/calls").json["items"]
        everybody = {*(number(ending) for ending in ENDINGS), AGENT}
        eventually(lambda: {_digits(line) for line in phone_calls(heard)} >= everybody)
        recordings = _recordings(heard)

    assert {call["toNumber"][-2:]: call["finalCallResult"] for call in calls} == RESULTS
    assert (stats["liveCount"], stats["answeringMachineCount"], stats["transferCount"]) == (2, 3, 1)
    assert [(leg["toNumber"], leg["finalCallResult"]) for leg in legs] == [(AGENT, "XFER_LEG")]
    assert "campaignId" not in legs[0]

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
    people = [{"phoneNumber": number(ending)} for ending in endings]
    made = api.request(
        "POST", "/v2/calls/broadcasts?start=true", {"sounds": SOUNDS, "recipients": people}
    )
    assert made.status == 201, made.body
    campaign = int(made.json["id"])
    path = f"/v2/calls/broadcasts/{campaign}"

    def is_over() -> bool:
        return bool(api.request("GET", path).json["status"] == "FINISHED")

    eventually(is_over, within=80)
    return campaign


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
