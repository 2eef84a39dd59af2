"""CallFire's faults: which error gets which code in SOAP and which status in REST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ringcast.domain import errors
from ringcast.web.errors import BadRequest, BodyTooLarge, UnsatisfiableRange

__all__ = ["FAULTS", "Fault", "MalformedMessage", "NotYet", "UnknownPath", "fault_of"]


class UnknownPath(errors.NotFound):
    """No operation has this path."""

    def __init__(self, path: str) -> None:
        super().__init__("resource", path[:200])


class NotYet(errors.NotSupported):
    """CallFire has the operation, or the parameter; this system has not."""

    def __init__(self, what: str, why: str = "") -> None:
        because = f": {why}" if why else ""
        super().__init__(f"{what} is not available on this system{because}")


class MalformedMessage(errors.InvalidInput):
    """A SOAP message that breaks the schema, or is none: a fault without CallFire's details."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How an error is told."""

    code: str
    """In SOAP."""
    status: int
    """In REST."""
    message: str


# The first class in an error's ancestry that has a row counts.
FAULTS: Mapping[type[Exception], tuple[str, int]] = {
    errors.InvalidInput: ("BAD_REQUEST", 400),
    BadRequest: ("BAD_REQUEST", 400),
    BodyTooLarge: ("BAD_REQUEST", 413),
    UnsatisfiableRange: ("BAD_REQUEST", 416),
    errors.Conflict: ("BAD_REQUEST", 400),
    errors.Unauthenticated: ("FORBIDDEN", 401),
    errors.NotPermitted: ("FORBIDDEN", 403),
    errors.NotFound: ("NOT_FOUND", 404),
    errors.NotSupported: ("NOT_IMPLEMENTED", 501),
    errors.LimitReached: ("UNAVAILABLE", 429),
    errors.Unavailable: ("UNAVAILABLE", 503),
}


def fault_of(error: Exception, *, request_id: str) -> Fault:
    """Return how an error is told; one without a row is a fault of ours and tells nothing."""
    row = next((FAULTS[kind] for kind in type(error).__mro__ if kind in FAULTS), None)
    if row is None:
        return Fault("UNAVAILABLE", 500, f"the server failed; its log names request {request_id}")
    code, status = row
    if isinstance(error, errors.Unauthenticated):
        return Fault(code, status, "UNAUTHORIZED")  # what clients look for
    return Fault(code, status, str(error))
