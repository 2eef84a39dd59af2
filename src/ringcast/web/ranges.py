"""Serving a part of some bytes (RFC 9110 sections 8.8.3, 13 and 14)."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from ringcast.web.errors import UnsatisfiableRange

__all__ = ["content_response", "parse_range"]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


def content_response(request: Request, content: bytes, *, media_type: str, etag: str) -> Response:
    """Answer GET or HEAD with the content, the part of it asked for, or 304 if it is known.

    `etag` names the content, without quotes. Raises UnsatisfiableRange.
    """
    quoted = f'"{etag}"'
    headers = {"ETag": quoted, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if _names(request.headers.get("if-none-match"), quoted):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if_range = request.headers.get("if-range")
    if wanted is not None and request.method == "GET" and if_range in (None, quoted):
        span = parse_range(wanted, len(content))
        if span is not None:
            first, last = span
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            return Response(
                content[first : last + 1], status_code=206, headers=headers, media_type=media_type
            )
    return Response(content, headers=headers, media_type=media_type)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte asked for, or None if all is to be sent.

    Several ranges, other units and malformed ones are answered with all (section 14.2 allows it).
    Raises UnsatisfiableRange if there is nothing in the range.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first_text, last_text = match.groups()
    if not first_text:
        if not last_text:
            return None
        length = min(int(last_text), size)  # the last so many bytes
        if length == 0:
            raise UnsatisfiableRange(size)
        return size - length, size - 1
    first = int(first_text)
    last = min(int(last_text), size - 1) if last_text else size - 1
    if last_text and int(last_text) < first:
        return None
    if first >= size:
        raise UnsatisfiableRange(size)
    return first, last


def _names(header: str | None, quoted: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or quoted in (
        tag.strip().removeprefix("W/") for tag in header.split(",")
    )
