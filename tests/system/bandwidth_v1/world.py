"""A server with telephones, as a program sees it that speaks Bandwidth v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import compare, wav
from tests.system.callback_servers import CallbackServer
from tests.system.documents import Documents
from tests.system.programs import Answer, Api, eventually, phone_calls

__all__ = ["ANSWERED", "CALLER", "WAITING", "World", "heard_tone"]

CALLER, ANSWERED, WAITING = "+12135550199", "+12135550198", "+12135550197"


@dataclass
class World:
    """A server, telephones, and a program's two web servers."""

    members: Mapping[str, str]
    callbacks: CallbackServer
    documents: Documents
    heard: Path
    base: str
    sip: tuple[str, int]
    """Where the trunk's calls come in."""

    @property
    def user(self) -> str:
        """The path of the account."""
        return f"/v1/users/{self.members['user_id']}"

    def request(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """Send a request about the account."""
        api = Api(self.base, self.members["api_token"], self.members["api_secret"])
        return api.request(method, f"{self.user}{path}", body)

    def post(self, path: str, **body: object) -> Answer:
        """Change something."""
        answer = self.request("POST", path, body)
        assert answer.status in (200, 201), answer.body
        return answer

    def get(self, path: str) -> Any:
        """Look at something."""
        answer = self.request("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def refused(self, method: str, path: str, **body: object) -> tuple[int, str, str]:
        """Return how a request is refused: status, category, code."""
        answer = self.request(method, path, body)
        assert answer.status >= 400, answer.body
        names = [one["name"] for one in answer.json["details"]]
        assert names[:3] == ["requestMethod", "remoteAddress", "requestPath"]
        assert answer.json["message"]
        return answer.status, answer.json["category"], answer.json["code"]

    def call(self, to: str, **options: object) -> str:
        """Have a number called; return the id of the call."""
        options = {"callbackUrl": f"{self.callbacks.url}/events"} | options
        answer = self.post("/calls", **{"from": CALLER}, to=to, **options)
        assert answer.status == 201
        location = answer.headers["location"]
        assert location.startswith(f"{self.base}{self.user}/calls/")
        return location.rpartition("/")[2]

    def told(self, call_id: str, kind: str, *, count: int = 1) -> dict[str, Any]:
        """Return an event of a call, once so many have been told of."""

        def found() -> list[dict[str, Any]]:
            told = self.callbacks.of("/events", call_id)
            return [one.event for one in told if one.event["eventType"] == kind]

        eventually(lambda: len(found()) >= count)
        return found()[count - 1]

    def kinds(self, call_id: str) -> list[str]:
        """Return what was told of a call, in order."""
        kinds = []
        for one in self.callbacks.of("/events", call_id):
            event = one.event
            word = event.get("status") if event["eventType"] in ("playback", "speak") else None
            kinds.append(" ".join(filter(None, (event["eventType"], word))))
        return kinds

    def recording(self, number: str) -> NDArray[np.int16]:
        """Return what the phone of that number heard."""

        def lines() -> list[dict[str, Any]]:
            return [one for one in phone_calls(self.heard) if one["called"].endswith(number[1:])]

        eventually(lambda: bool(lines()))
        _, _, samples = wav.read((self.heard / lines()[-1]["recording"]).read_bytes())
        return samples.reshape(-1)

    def hears(self, number: str, hertz: int, *, seconds: float = 1.5) -> bool:
        """Whether the phone of that number heard so much of a tone."""
        return heard_tone(self.recording(number), hertz, seconds=seconds)


def heard_tone(samples: NDArray[np.int16], hertz: int, *, seconds: float) -> bool:
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8000)) / 8000)
    return compare.find(wave.astype(np.int16), samples).correlation >= 0.95
