"""Sounds at addresses are fetched no more often than HTTP's rules ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from ringcast.integrations.remote_sounds import CachedRemoteSounds
from ringcast.ports.audio import UnreadableAudio
from ringcast.ports.web import NoAnswer, WebAnswer, WebRequest
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, wav_file

URL = "http://there/hello.wav"
ONE, TWO = wav_file(1.0), wav_file(2.0)


class Server:
    """Answers every request with what is set (`ports.web.WebClient`)."""

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes = ONE,
        status: int = 200,
    ) -> None:
        self.body = body
        self.status = status
        self.headers = tuple((headers or {}).items())
        self.requests: list[dict[str, str]] = []

    async def request(self, request: WebRequest) -> WebAnswer:
        self.requests.append(dict(request.headers))
        await asyncio.sleep(0)
        return WebAnswer(status=self.status, headers=self.headers, body=self.body, url=request.url)


class Place:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = ManualClock()
        self.audio = MemoryAudio()
        self.sounds = CachedRemoteSounds(web=server, audio=self.audio, clock=self.clock)

    async def seconds(self, *, cache: bool = True) -> float:
        """Fetch it; return how long it plays."""
        return self.audio.describe(await self.sounds.fetch(URL, cache=cache)).seconds


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "public, max-age=60"},
        {
            "Date": "Mon, 02 Mar 2026 15:00:00 GMT",
            "Expires": "Mon, 02 Mar 2026 15:01:00 GMT",
        },
    ],
)
async def test_fresh_copy_is_used_without_asking(headers: dict[str, str]) -> None:
    place = Place(Server(headers))

    assert await place.seconds() == 1.0
    place.server.body = TWO
    place.clock.advance(59.0)
    assert await place.seconds() == 1.0
    place.clock.advance(2.0)

    assert await place.seconds() == 2.0
    assert len(place.server.requests) == 2


@pytest.mark.parametrize(
    "headers", [{}, {"Cache-Control": "no-cache, max-age=60"}, {"Expires": "0"}]
)
async def test_copy_that_is_not_fresh_is_asked_for_again(headers: dict[str, str]) -> None:
    place = Place(Server(headers))

    await place.seconds()
    place.server.body = TWO

    assert await place.seconds() == 2.0


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"ETag": '"abc"', "Last-Modified": "x"}, {"If-None-Match": '"abc"'}),
        ({"Last-Modified": "yesterday"}, {"If-Modified-Since": "yesterday"}),
    ],
)
async def test_unchanged_sound_is_not_sent_again(
    headers: dict[str, str], asked: dict[str, str]
) -> None:
    place = Place(Server(headers))
    await place.seconds()
    place.server.status, place.server.body = 304, b""
    place.server.headers = (("Cache-Control", "max-age=60"),)

    assert await place.seconds() == 1.0
    assert await place.seconds() == 1.0, "the answer made it fresh again"

    first, second = place.server.requests
    assert asked.items() <= second.items()
    assert not asked.keys() & first.keys()


async def test_copies_are_left_alone_where_they_are_not_wanted() -> None:
    place = Place(Server({"Cache-Control": "max-age=60", "ETag": '"abc"'}))
    await place.seconds()
    place.server.body = TWO

    assert await place.seconds(cache=False) == 2.0
    assert "If-None-Match" not in place.server.requests[-1]


async def test_what_must_not_be_kept_is_fetched_each_time() -> None:
    place = Place(Server({"Cache-Control": "no-store, max-age=60", "ETag": '"abc"'}))
    await place.seconds()
    await place.seconds()

    assert len(place.server.requests) == 2
    assert "If-None-Match" not in place.server.requests[-1]


async def test_many_who_ask_at_once_are_answered_by_one_request() -> None:
    place = Place(Server())

    found = await asyncio.gather(*(place.seconds() for _ in range(50)))

    assert found == [1.0] * 50
    assert len(place.server.requests) == 1


async def test_who_goes_away_takes_the_sound_from_nobody() -> None:
    place = Place(Server())
    gone = asyncio.create_task(place.seconds())
    stays = asyncio.create_task(place.seconds())
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == 1.0
    assert len(place.server.requests) == 1


async def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(NoAnswer, match="answered 404"):
        await Place(Server(status=404)).seconds()
    with pytest.raises(UnreadableAudio):
        await Place(Server(body=b"<html>")).seconds()
