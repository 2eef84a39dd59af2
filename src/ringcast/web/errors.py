"""What can be wrong with a request before anybody knows what it asks for.

RequestRefused          400
├─ BadRequest           400  it cannot be read
├─ BodyTooLarge         413  more bytes than allowed
└─ UnsatisfiableRange   416  a range outside the content
"""

from __future__ import annotations

__all__ = ["BadRequest", "BodyTooLarge", "RequestRefused", "UnsatisfiableRange"]


class RequestRefused(Exception):
    """The request cannot be taken; `status` is HTTP's word for why."""

    status = 400


class BadRequest(RequestRefused):
    """The request cannot be read."""


class BodyTooLarge(RequestRefused):
    """The body has more bytes than allowed."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request's body is too large: {limit:,} bytes are allowed")
        self.limit = limit


class UnsatisfiableRange(RequestRefused):
    """No byte of the content lies in the range asked for."""

    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"the range lies outside the {size:,} bytes there are")
        self.size = size
