"""Errors in the vendor's shape: category, code, message, details."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringcast.domain import errors
from ringcast.services import call_commands, conference_terms, live_calls, transfers
from ringcast.web.errors import BadRequest, BodyTooLarge, UnsatisfiableRange
from ringcast.web.json import json_response

__all__ = [
    "CATEGORIES",
    "CODES",
    "ErrorBody",
    "Refused",
    "bad_value",
    "error_response",
    "missing",
    "not_available",
    "not_found",
]

CATEGORIES: Mapping[str, int] = {
    "bad-request": 400,
    "authentication": 401,
    "authorization": 401,
    "forbidden": 403,
    "limit": 403,
    "credit": 403,
    "not-found": 404,
    "conflict": 409,
    "too-many-requests": 429,
    "payment": 500,
    "unavailable": 503,
}
"""Categories, and the HTTP status of each."""


class Refused(errors.RingcastError):
    """The request is refused with one of the vendor's codes."""

    def __init__(self, category: str, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.category, self.code, self.details = category, code, details


def bad_value(message: str) -> Refused:
    """Return the error for a value that cannot be taken."""
    return Refused("bad-request", "validation-error", message)


def missing(resource: str, name: str) -> Refused:
    """Return the error for a property that must be there."""
    return Refused(
        "bad-request",
        "missing-property",
        f"The '{resource}' resource property '{name}' is required but was not specified",
    )


def not_available(what: str) -> Refused:
    """Return the error for what the vendor has and this system does not."""
    return Refused("bad-request", "validation-error", f"{what} is not available on this system")


def not_found(kind: str, key: str) -> Refused:
    """Return the error for a resource that is not there."""
    code = f"{kind.replace(' ', '-')}-not-found"
    return Refused("not-found", code, f"The {kind} {key[:100]} could not be found")


# Category and code. The first class in an error's ancestry that has a row counts.
CODES: Mapping[type[Exception], tuple[str, str]] = {
    errors.InvalidInput: ("bad-request", "validation-error"),
    errors.UnknownCallerId: ("authorization", "number-access-denied"),
    errors.Unauthenticated: ("authentication", "authentication-error"),
    errors.NotPermitted: ("authorization", "user-access-denied"),
    errors.NotFound: ("not-found", "resource-not-found"),
    errors.Conflict: ("conflict", "call-update-conflict"),
    errors.NotSupported: ("bad-request", "validation-error"),
    errors.LimitReached: ("too-many-requests", "rate-limit-reached"),
    errors.Unavailable: ("unavailable", "call-unavailable"),
    transfers.TransferFailed: ("unavailable", "call-transfer-error"),
    live_calls.CallNotLive: ("forbidden", "call-invalid-state"),
    call_commands.CommandRefused: ("forbidden", "call-invalid-state"),
    call_commands.NothingPlays: ("forbidden", "call-audio-invalid-state"),
    call_commands.GatherUnderWay: ("conflict", "call-duplicate-gather-error"),
    call_commands.GatherOver: ("forbidden", "call-invalid-state"),
    call_commands.RecordingUnderWay: ("conflict", "duplicate-recording"),
    call_commands.NothingRecorded: ("forbidden", "invalid-recording-state"),
    conference_terms.ConferenceEnded: ("forbidden", "conference-error"),
    conference_terms.ConferenceIdle: ("forbidden", "conference-error"),
    conference_terms.ConferenceFull: ("limit", "conference-max-members"),
    conference_terms.AlreadyThere: ("conflict", "conference-member-update-conflict"),
    BadRequest: ("bad-request", "validation-error"),
    BodyTooLarge: ("forbidden", "media-size-overflow"),
    UnsatisfiableRange: ("bad-request", "validation-error"),
}

_FAULT = ("payment", "internal-error")
"""The category that the vendor answers 500 with."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known of an error."""

    name: str
    value: str


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The members of every error."""

    category: str
    code: str
    message: str
    details: tuple[Detail, ...]


def error_response(error: Exception, request: Request, *, now_ms: int, request_id: str) -> Response:
    """Answer with the error's code; one without a row is a fault of ours and tells nothing.

    `now_ms` is the time in milliseconds, for those who come too often.
    """
    message, more = str(error), {}
    if isinstance(error, Refused):
        category, code, more = error.category, error.code, error.details
    else:
        row = next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), None)
        category, code = row or _FAULT
        if row is None:
            message = f"the server failed; its log names request {request_id}"
    headers: dict[str, str] = {}
    wait = error.retry_after if isinstance(error, errors.LimitReached) else None
    if category == "too-many-requests" and wait is not None:
        reset = str(now_ms + math.ceil(wait.total_seconds() * 1000))
        headers["X-RateLimit-Reset"] = reset
        more = {"rateLimitResetTime": reset}
    elif isinstance(error, errors.Unavailable) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    if category == "authentication":
        headers["WWW-Authenticate"] = 'Basic realm="api", charset="UTF-8"'
    details = {
        "requestMethod": request.method,
        "remoteAddress": request.client.host if request.client else "",
        "requestPath": request.url.path.partition("/v1/")[2],
        **more,
    }
    body = ErrorBody(
        category=category,
        code=code,
        message=message,
        details=tuple(Detail(name=name, value=value) for name, value in details.items()),
    )
    status = 416 if isinstance(error, UnsatisfiableRange) else CATEGORIES[category]
    return json_response(body, status=status, headers=headers)
