"""The address that clients reach the server at."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

__all__ = ["address_of"]


def address_of(request: Request, public_url: str | None) -> tuple[str, str, str]:
    """Return scheme, host and path at which the mounted application of the request is reached.

    `public_url` is the address of the server, such as https://calls.example; without it it is the
    one the request names.
    """
    root = str(request.scope.get("root_path", ""))
    if public_url is None:
        return request.url.scheme, request.headers.get("host", ""), root
    parts = urlsplit(public_url)
    return parts.scheme, parts.netloc, parts.path.rstrip("/") + root
