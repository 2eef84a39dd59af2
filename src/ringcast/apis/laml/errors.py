"""Errors in the vendors' shape, with their documented codes.

A body has both shapes at once: the object that Twilio and most of SignalWire send, and the array
`errors` of SignalWire's creation of calls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from ringcast.domain import errors
from ringcast.web.errors import BadRequest, BodyTooLarge
from ringcast.web.json import json_response

__all__ = ["CODES", "MORE_INFO", "Refused", "error_response", "not_available", "not_found"]

MORE_INFO = "https://www.twilio.com/docs/errors/{}"


class Refused(errors.RingcastError):
    """The request is refused with one of the vendors' codes."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def not_available(what: str) -> Refused:
    """Return the error for what the vendors have and this system does not."""
    return Refused(10001, f"{what} is not available on this system")


def not_found(what: str) -> Refused:
    """Return the error for a resource that is not there."""
    return Refused(20404, f"The requested resource {what} was not found", status=404)


# HTTP status and code. The first class in an error's ancestry that has a row counts.
CODES: Mapping[type[Exception], tuple[int, int]] = {
    errors.InvalidInput: (400, 20422),
    errors.UnknownCallerId: (400, 21210),
    errors.Unauthenticated: (401, 20003),
    errors.NotPermitted: (403, 20003),
    errors.NotFound: (404, 20404),
    errors.Conflict: (409, 10000),
    errors.NotSupported: (400, 10001),
    errors.LimitReached: (429, 20429),
    errors.Unavailable: (503, 20001),
    BadRequest: (400, 20422),
    BodyTooLarge: (413, 20422),
}

_FAULT = (500, 20001)


class OneError(msgspec.Struct, frozen=True, kw_only=True):
    """An error in SignalWire's array."""

    code: str
    message: str
    more_info: str


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The members of every error."""

    code: int
    message: str
    more_info: str
    status: int
    errors: tuple[OneError, ...]


def error_response(error: Exception, *, request_id: str) -> Response:
    """Answer with the error's code; one without a row is a fault of ours and tells nothing."""
    message = str(error)
    if isinstance(error, Refused):
        status, code = error.status, error.code
    else:
        row = next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), None)
        status, code = row or _FAULT
        if row is None:
            message = f"the server failed; its log names request {request_id}"
    more = MORE_INFO.format(code)
    body = ErrorBody(
        code=code,
        message=message,
        more_info=more,
        status=status,
        errors=(OneError(code=str(code), message=message, more_info=more),),
    )
    return json_response(body, status=status, headers=_headers(error))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.Unauthenticated):
        return {"WWW-Authenticate": 'Basic realm="api", charset="UTF-8"'}
    if isinstance(error, errors.Unavailable) and error.retry_after is not None:
        return {"Retry-After": str(max(1, math.ceil(error.retry_after.total_seconds())))}
    return {}
