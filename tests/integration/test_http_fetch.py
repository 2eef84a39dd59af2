from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ringcast.integrations.http_fetch import FetchFailed, HttpFetcher


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    async def ok(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000)

    async def loop(_: web.Request) -> web.Response:
        raise web.HTTPFound("/loop")

    async def onward(_: web.Request) -> web.Response:
        raise web.HTTPFound("/ok")

    app = web.Application()
    app.add_routes([web.get("/ok", ok), web.get("/loop", loop), web.get("/onward", onward)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def test_a_redirect_is_followed_to_the_body() -> None:
    async with _server() as base:
        fetcher = HttpFetcher(allow_private=True)
        assert await fetcher.get(base + "/onward", max_bytes=1000) == b"x" * 1000


@pytest.mark.parametrize(
    ("path", "said"), [("/loop", "redirects"), ("/missing", "404"), ("/ok", "more than 999 bytes")]
)
async def test_what_cannot_be_used_is_refused_with_its_reason(path: str, said: str) -> None:
    async with _server() as base:
        with pytest.raises(FetchFailed, match=said):
            await HttpFetcher(allow_private=True).get(base + path, max_bytes=999)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"])
async def test_inner_addresses_are_refused_however_they_are_written(host: str) -> None:
    async with _server() as base:
        port = base.rpartition(":")[2]
        with pytest.raises(FetchFailed):
            await HttpFetcher().get(f"http://{host}:{port}/ok", max_bytes=1000)


async def test_a_refused_connection_is_said_so() -> None:
    with pytest.raises(FetchFailed, match="could not be fetched"):
        await HttpFetcher(allow_private=True).get("http://127.0.0.1:9/", max_bytes=10)


async def test_other_schemes_are_refused() -> None:
    with pytest.raises(FetchFailed, match="only http"):
        await HttpFetcher(allow_private=True).get("file:///etc/passwd", max_bytes=10)
