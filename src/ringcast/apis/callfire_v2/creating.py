"""Requests that make something, and may come twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.responses import Response

from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.services.idempotency import Once, fingerprint
from ringcast.web.json import json_response

__all__ = ["create"]

T = TypeVar("T")


async def create(
    exchange: Exchange,
    render: Callable[[T], bytes],
    make: Callable[[Once[T] | None], Awaitable[T]],
    *,
    content: str | bytes,
    status: int = 200,
) -> Response:
    """Make something; a request that carries a key is answered as it was the first time.

    `content` is what the request brought, to tell it from another under the same key.
    """
    if exchange.key is None:
        return json_response(render(await make(None)), status=status)
    query = sorted(exchange.request.query_params.multi_items())
    once = Once(
        key=exchange.key,
        fingerprint=fingerprint("callfire-v2", exchange.operation_id, repr(query), content),
        render=render,
    )
    answer = await exchange.services.answer_once(exchange.account.id, once, lambda: make(once))
    return json_response(answer, status=status)
