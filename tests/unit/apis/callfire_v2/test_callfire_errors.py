"""CallFire's error body."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from ringcast.apis.callfire_v2.errors import (
    CODES,
    MethodNotAllowed,
    NotYet,
    UnknownPath,
    error_response,
)
from ringcast.domain import errors
from ringcast.ports.audio import AudioEmpty
from ringcast.web.errors import BadRequest, BodyTooLarge, UnsatisfiableRange

CASES: list[tuple[Exception, int, int]] = [
    (errors.InvalidInput("no"), 400, 40000),
    (errors.InvalidNumber("x"), 400, 40001),
    (AudioEmpty(), 400, 40002),
    (errors.UnknownCallerId("+12135550100"), 400, 40003),
    (errors.NothingToSay(), 400, 40004),
    (BadRequest("no"), 400, 40010),
    (errors.Unauthenticated("no"), 401, 40100),
    (errors.NotPermitted("no"), 403, 40300),
    (errors.NotFound("call", 7), 404, 40400),
    (UnknownPath("/x"), 404, 40401),
    (MethodNotAllowed("PUT", "GET, POST"), 405, 40500),
    (errors.IllegalTransition("call", 7, "a", "b"), 409, 40900),
    (BodyTooLarge(5), 413, 41300),
    (UnsatisfiableRange(5), 416, 41600),
    (errors.LimitReached("no"), 429, 42900),
    (errors.NotSupported("no"), 501, 50100),
    (NotYet("findTexts"), 501, 50100),
    (errors.EngineUnavailable("no"), 503, 50300),
]


@pytest.mark.parametrize(("error", "status", "code"), CASES)
def test_an_error_has_its_status_code_and_sentence(
    error: Exception, status: int, code: int
) -> None:
    response = error_response(error, request_id="r1")
    body = msgspec.json.decode(response.body)
    assert response.status_code == body["httpStatusCode"] == status
    assert body["internalCode"] == code
    assert body["message"] == str(error)
    assert "request r1" in body["developerMessage"]
    assert list(body) == [
        "httpStatusCode", "internalCode", "message", "developerMessage", "helpLink",
    ]  # fmt: skip
    assert response.media_type == "application/json"


def test_every_row_is_tried_above() -> None:
    tried = {kind for error, _, _ in CASES for kind in type(error).__mro__}
    assert set(CODES) <= tried
    assert len({code for _, code in CODES.values()}) == len(CODES)


def test_a_fault_of_ours_tells_nothing_but_where_to_look() -> None:
    response = error_response(RuntimeError("password is hunter2"), request_id="r1")
    assert response.status_code == 500
    assert b"hunter2" not in bytes(response.body)
    assert b"r1" in bytes(response.body)


def test_the_member_at_fault_is_named_to_the_developer() -> None:
    response = error_response(errors.InvalidNumber("x", field="toNumber"), request_id="r1")
    assert msgspec.json.decode(response.body)["developerMessage"].startswith("toNumber: ")


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (errors.Unauthenticated("no"), "WWW-Authenticate", 'Basic realm="api", charset="UTF-8"'),
        (MethodNotAllowed("PUT", "GET, POST"), "Allow", "GET, POST"),
        (UnsatisfiableRange(5), "Content-Range", "bytes */5"),
        (errors.LimitReached("no", retry_after=timedelta(seconds=1.2)), "Retry-After", "2"),
        (errors.Unavailable("no", retry_after=timedelta()), "Retry-After", "1"),
    ],
)
def test_headers_say_what_http_wants_said(error: Exception, name: str, value: str) -> None:
    assert error_response(error, request_id="r1").headers[name] == value
