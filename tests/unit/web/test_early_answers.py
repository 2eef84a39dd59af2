"""Answers given before the request has been read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from ringcast.web.early_answers import EarlyAnswers

Headers = Sequence[tuple[bytes, bytes]]
UPLOAD: Headers = [(b"content-length", b"6")]


class Client:
    """Sends a body in pieces of two bytes to an application that refuses it unread."""

    def __init__(self, *pieces: bytes, stalls: bool = False, reads: bool = False) -> None:
        self.pieces = list(pieces)
        self.stalls = stalls
        self.reads = reads
        self.sent: list[Message] = []
        self.left_when_answered = -1

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.reads:
            while (await receive()).get("more_body"):
                pass
        await PlainTextResponse("too large", status_code=413)(scope, receive, send)

    async def run(self, headers: Headers, *, most: int = 100, longest: float = 5.0) -> None:
        early = EarlyAnswers(self.app, most=most, longest=longest)
        await early({"type": "http", "headers": headers}, self.receive, self.send)

    async def receive(self) -> Message:
        if not self.pieces and self.stalls:
            await asyncio.Event().wait()
        if not self.pieces:
            return {"type": "http.disconnect"}
        body = self.pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces or self.stalls)}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.left_when_answered = len(self.pieces)

    @property
    def is_answered(self) -> bool:
        """Whether the whole answer was sent, and its end after everything else."""
        bodies = [m for m in self.sent if m["type"] == "http.response.body"]
        ends = [not m.get("more_body", False) for m in bodies]
        whole = b"".join(m["body"] for m in bodies) == b"too large"
        return whole and ends == [False] * (len(ends) - 1) + [True]


async def test_the_answer_leaves_first_and_ends_when_the_request_has_been_read() -> None:
    client = Client(b"ab", b"cd", b"ef")

    await client.run(UPLOAD)

    assert client.is_answered
    assert client.left_when_answered == 3
    assert client.pieces == []


async def test_a_client_that_goes_away_is_not_waited_for() -> None:
    client = Client()

    await client.run([(b"transfer-encoding", b"chunked")])

    assert client.is_answered


@pytest.mark.parametrize(("most", "longest"), [(4, 5.0), (100, 0.0)])
async def test_no_more_is_read_than_allowed(most: int, longest: float) -> None:
    client = Client(b"ab", b"cd", b"ef", stalls=True)

    await client.run(UPLOAD, most=most, longest=longest)

    assert client.is_answered
    assert most == 100 or client.pieces == [b"ef"]


@pytest.mark.parametrize(
    ("headers", "reads"),
    [([], False), ([*UPLOAD, (b"expect", b"100-continue")], False), (UPLOAD, True)],
    ids=["no body", "the body waits for our word", "the body was read"],
)
async def test_an_answer_in_its_time_is_sent_as_it_is(headers: Headers, reads: bool) -> None:
    client = Client(b"ab", b"cd", reads=reads)

    await client.run(headers)

    assert [m["type"] for m in client.sent] == ["http.response.start", "http.response.body"]
    assert client.pieces == ([] if reads else [b"ab", b"cd"])
