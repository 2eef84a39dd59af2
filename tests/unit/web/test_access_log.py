"""The name of a request, and the line about it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from ringcast.web.access_log import AccessLog, masked_path


class Exchange:
    """Sends one request through the middleware."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.seen: Scope = {}
        self.sent: list[Message] = []
        self._clock = iter((10.0, 10.25))

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen = scope
        if self.fails:
            raise ZeroDivisionError
        await PlainTextResponse("hello", status_code=201)(scope, receive, send)

    async def run(self, path: str = "/v2/calls", headers: Mapping[str, str] | None = None) -> None:
        log = AccessLog(self.app, new_id=lambda: "made", monotonic=lambda: next(self._clock))
        scope: Scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"toNumber=12135550100",
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "client": ("127.0.0.1", 5),
        }
        await log(scope, self.receive, self.send)

    async def receive(self) -> Message:
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def answered_id(self) -> str:
        return str(dict(self.sent[0]["headers"])[b"x-request-id"], "ascii")


async def test_a_request_is_named_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    exchange = Exchange()
    with caplog.at_level(logging.INFO, "ringcast.access"):
        await exchange.run()
    assert exchange.seen["state"]["request_id"] == exchange.answered_id == "made"
    (record,) = caplog.records
    fields = vars(record)
    assert record.getMessage() == "request answered"
    assert (fields["method"], fields["path"], fields["status"]) == ("GET", "/v2/calls", 201)
    assert (fields["bytes"], fields["milliseconds"]) == (5, 250.0)
    assert "12135550100" not in str(fields)


async def test_the_clients_name_is_kept_if_it_is_harmless() -> None:
    exchange = Exchange()
    await exchange.run(headers={"x-request-id": "abc-1.2_3"})
    assert exchange.answered_id == "abc-1.2_3"
    for bad in ("a b", "x" * 65, "a\r\nb", "ü"):
        exchange = Exchange()
        await exchange.run(headers={"x-request-id": bad})
        assert exchange.answered_id == "made"


async def test_a_request_that_fails_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ringcast.access"), pytest.raises(ZeroDivisionError):
        await Exchange(fails=True).run()
    assert [record.getMessage() for record in caplog.records] == ["request broke off"]


def test_numbers_in_paths_are_masked_and_ids_are_not() -> None:
    assert masked_path("/v2/contacts/dncs/12135550100") == "/v2/contacts/dncs/12*******00"
    assert masked_path("/v2/numbers/leases/+442071838750/x") == "/v2/numbers/leases/+44********50/x"
    assert masked_path("/v2/calls/892374987234897") == "/v2/calls/892374987234897"
    assert masked_path("/v2/calls/broadcasts") == "/v2/calls/broadcasts"
    assert len(masked_path("/" + "a" * 5000)) == 500


async def test_what_is_not_http_passes() -> None:
    exchange = Exchange()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange.seen = scope

    await AccessLog(app)({"type": "lifespan"}, exchange.receive, exchange.send)
    assert exchange.seen == {"type": "lifespan"}
