"""A server, telephones, a program's web server, and Twilio's client, for tests of LaML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator

from ringcast.audio import compare, wav
from tests.system.documents import Documents
from tests.system.programs import Answer, Api, eventually, phone_calls

__all__ = [
    "ANSWERED",
    "CALLER",
    "FINAL",
    "OTHER_CALLER",
    "PLAN",
    "OtherBase",
    "World",
    "assert_signed",
    "hears",
]

CALLER, OTHER_CALLER = "+12135550199", "+12135550198"
ANSWERED = "+12135550197"
"""Calls to it run the document at `/answered`."""
FINAL = ("completed", "busy", "failed", "no-answer", "canceled")
PLAN = """
extends = "default"

[[phone]]
ends_in = "41"
name = "person who presses 1, then 2 and #"
steps = ["ring 1", "answer", "message 3", "press 1", "pause 2", "press 2#", "listen"]

[[phone]]
ends_in = "42"
name = "person who presses a star while being put through"
steps = ["ring 1", "answer", "pause 5", "press *", "listen"]

[[phone]]
ends_in = "43"
name = "person who leaves a message and waits"
steps = ["ring 1", "answer", "pause 3", "tone 700 3", "listen"]

[[phone]]
ends_in = "44"
name = "person who leaves a message and hangs up"
steps = ["ring 1", "answer", "pause 3", "tone 700 3", "hang_up"]

[[phone]]
ends_in = "7700"
name = "agent who speaks with whom they get, and hangs up"
steps = ["ring 1", "answer", "pause 2", "tone 620 4", "hang_up"]

[[phone]]
ends_in = "7701"
name = "agent who stays"
steps = ["ring 1", "answer", "listen"]
"""


class OtherBase(TwilioHttpClient):  # type: ignore[misc,unused-ignore]  # it has no types
    """Sends what is meant for Twilio to another server: the one thing that is changed."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=30)
        self._base = base

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        """Send the request."""
        return super().request(
            method, url.replace("https://api.twilio.com", self._base), *args, **options
        )


@dataclass
class World:
    """A server, telephones, a program's web server, and Twilio's client."""

    client: Any
    members: Mapping[str, str]
    documents: Documents
    heard: Path
    base: str
    sip: tuple[str, int]
    """Where the server takes calls."""
    directory: Path
    """Where its data are."""

    def call(self, to: str, **options: Any) -> str:
        """Have a number called; return the sid."""
        return str(self.client.calls.create(to=to, from_=CALLER, **options).sid)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        account: str = "account_sid",
        prefix: str = "/2010-04-01",
    ) -> Answer:
        """Send a form as no library would."""
        identifier = self.members[account]
        api = Api(self.base, identifier, self.members["auth_token"])
        return api.request(
            "POST",
            f"{prefix}/Accounts/{identifier}{path}",
            urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def audio(self, url: str) -> NDArray[np.int16]:
        """Return the samples of a recording, a column for each channel; its MP3 is there too."""
        api = Api(self.base, self.members["account_sid"], self.members["auth_token"])
        path = url.removeprefix(self.base)
        answer = api.request("GET", path)
        assert answer.status == 200, answer.body
        mp3 = api.request("GET", path.removesuffix(".wav") + ".mp3")
        assert (mp3.status, mp3.headers["content-type"]) == (200, "audio/mpeg")
        _, _, samples = wav.read(answer.body)
        return samples

    def ended(self, sid: str, *, within: float = 60) -> Any:
        """Return a call once it has ended."""
        eventually(lambda: self.client.calls(sid).fetch().status in FINAL, within=within)
        return self.client.calls(sid).fetch()

    def line(self, number: str) -> Mapping[str, Any]:
        """Return what the phone of that number wrote down of its last call."""

        def lines() -> list[dict[str, Any]]:
            return [one for one in phone_calls(self.heard) if one["called"].endswith(number[1:])]

        eventually(lambda: bool(lines()))
        return lines()[-1]

    def recording(self, number: str) -> NDArray[np.int16]:
        """Return what the phone of that number heard."""
        _, _, samples = wav.read((self.heard / self.line(number)["recording"]).read_bytes())
        return samples.reshape(-1)

    def hears(self, number: str, hertz: int, *, seconds: float = 1.5) -> bool:
        """Whether the phone of that number heard so much of a tone."""
        wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8000)) / 8000)
        found = compare.find(wave.astype(np.int16), self.recording(number))
        return found.correlation >= 0.95


def assert_signed(world: World) -> None:
    """Every request for a document carries both signatures, as Twilio's validator checks them."""
    validator = RequestValidator(world.members["signing_key"])
    sounds = ("/tone/", "/missing", "/x")
    asked = [one for one in world.documents.asked if not one.path.startswith(sounds)]
    assert asked
    for one in asked:
        form = one.form if one.method == "POST" else {}
        for name in ("X-Twilio-Signature", "X-SignalWire-Signature"):
            assert validator.validate(one.url, form, one.headers[name]), (one.url, name)
        assert not validator.validate(f"{one.url}x", form, one.headers["X-Twilio-Signature"])


def hears(samples: NDArray[np.int16], hertz: int, *, seconds: float = 1.2) -> bool:
    """Whether so much of a tone is in a recording."""
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8000)) / 8000)
    found = compare.find(wave.astype(np.int16), np.ascontiguousarray(samples).reshape(-1))
    return found.correlation >= 0.9
