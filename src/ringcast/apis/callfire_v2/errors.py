"""CallFire's error body, and which error gets which code.

CallFire publishes statuses but neither texts nor values of `internalCode`; ours are the status
followed by two digits that tell our errors apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from ringcast.domain import errors
from ringcast.web.errors import BadRequest, BodyTooLarge, UnsatisfiableRange
from ringcast.web.json import json_response

__all__ = ["CODES", "MethodNotAllowed", "NotYet", "UnknownPath", "error_response"]

_HELP = "docs/dialects/callfire-v2.md"


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The members of every error."""

    httpStatusCode: int  # noqa: N815 - the vendor's spelling, here and below
    internalCode: int  # noqa: N815
    message: str
    developerMessage: str  # noqa: N815
    helpLink: str  # noqa: N815


class UnknownPath(errors.RingcastError):
    """No operation has this path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no resource {path[:200]}")


class MethodNotAllowed(errors.RingcastError):
    """The path has operations, but none with this method."""

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method[:20]} is not possible here: use {allowed}")
        self.allowed = allowed


class NotYet(errors.NotSupported):
    """CallFire has the operation, this system does not."""

    def __init__(self, operation_id: str, why: str = "") -> None:
        because = f": {why}" if why else ""
        super().__init__(f"{operation_id} is not available on this system{because}")


# HTTP status and internalCode. The first class in an error's ancestry that has a row counts.
CODES: Mapping[type[Exception], tuple[int, int]] = {
    errors.InvalidInput: (400, 40000),
    errors.InvalidNumber: (400, 40001),
    errors.InvalidAudio: (400, 40002),
    errors.UnknownCallerId: (400, 40003),
    errors.NothingToSay: (400, 40004),
    BadRequest: (400, 40010),
    errors.Unauthenticated: (401, 40100),
    errors.NotPermitted: (403, 40300),
    errors.NotFound: (404, 40400),
    UnknownPath: (404, 40401),
    MethodNotAllowed: (405, 40500),
    errors.Conflict: (409, 40900),
    BodyTooLarge: (413, 41300),
    UnsatisfiableRange: (416, 41600),
    errors.LimitReached: (429, 42900),
    errors.NotSupported: (501, 50100),
    errors.Unavailable: (503, 50300),
}

_FAULT = (500, 50000)


def error_response(error: Exception, *, request_id: str) -> Response:
    """Answer with the error's row; one without a row is a fault of ours and tells nothing."""
    row = next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), None)
    if row is None:
        status, code = _FAULT
        message = f"the server failed; its log names request {request_id}"
    else:
        status, code = row
        message = str(error)
    detail = message
    if row is not None and isinstance(error, errors.InvalidInput) and error.field is not None:
        detail = f"{error.field}: {message}"
    body = ErrorBody(
        httpStatusCode=status,
        internalCode=code,
        message=message,
        developerMessage=f"{detail} (request {request_id})",
        helpLink=_HELP,
    )
    return json_response(body, status=status, headers=_headers(error))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.Unauthenticated):
        return {"WWW-Authenticate": 'Basic realm="api", charset="UTF-8"'}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allowed}
    if isinstance(error, UnsatisfiableRange):
        return {"Content-Range": f"bytes */{error.size}"}
    if isinstance(error, errors.Unavailable) and error.retry_after is not None:
        return {"Retry-After": str(max(1, math.ceil(error.retry_after.total_seconds())))}
    return {}
