"""Serving a part of some bytes (RFC 9110 sections 8.8.3, 13 and 14)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ringcast.web.errors import UnsatisfiableRange

__all__ = ["content_response", "file_response", "parse_range"]

_PIECE: Final = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


def content_response(request: Request, content: bytes, *, media_type: str, etag: str) -> Response:
    """Answer GET or HEAD with the content, the part of it asked for, or 304 if it is known.

    `etag` names the content, without quotes. Raises UnsatisfiableRange.
    """
    status, headers, (first, end) = _wanted(request, len(content), etag)
    if status == 304:
        return Response(status_code=status, headers=headers)
    return Response(content[first:end], status_code=status, headers=headers, media_type=media_type)


async def file_response(request: Request, path: Path, *, media_type: str, etag: str) -> Response:
    """Answer with the content of a file like `content_response`, reading it as it is sent.

    Raises UnsatisfiableRange.
    """
    size = (await asyncio.to_thread(path.stat)).st_size
    status, headers, (first, end) = _wanted(request, size, etag)
    if status == 304:
        return Response(status_code=status, headers=headers)
    headers["Content-Length"] = str(end - first)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    pieces = _pieces(path, first, end)
    return StreamingResponse(pieces, status_code=status, headers=headers, media_type=media_type)


def _wanted(request: Request, size: int, etag: str) -> tuple[int, dict[str, str], tuple[int, int]]:
    """Return the status, the headers, and the first byte and the end of what is to be sent."""
    quoted = f'"{etag}"'
    headers = {"ETag": quoted, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if _names(request.headers.get("if-none-match"), quoted):
        return 304, headers, (0, 0)
    wanted = request.headers.get("range")
    if_range = request.headers.get("if-range")
    if wanted is not None and request.method == "GET" and if_range in (None, quoted):
        span = parse_range(wanted, size)
        if span is not None:
            first, last = span
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            return 206, headers, (first, last + 1)
    return 200, headers, (0, size)


async def _pieces(path: Path, first: int, end: int) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        file.seek(first)
        while first < end:
            piece = await asyncio.to_thread(file.read, min(_PIECE, end - first))
            if not piece:
                return
            yield piece
            first += len(piece)


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
