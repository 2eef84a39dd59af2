"""JSON out, by msgspec."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

__all__ = ["JSON", "encode_json", "json_response"]

JSON = "application/json"

_encoder = msgspec.json.Encoder()


def encode_json(value: object) -> bytes:
    """Return the value as JSON; members that are UNSET are left out."""
    return _encoder.encode(value)


def json_response(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with the value, or with bytes that are JSON already."""
    content = value if isinstance(value, bytes) else encode_json(value)
    return Response(content, status_code=status, headers=headers, media_type=JSON)
