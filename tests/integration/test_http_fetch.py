from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from ringcast.integrations.http_fetch import FetchFailed, HttpFetcher
from ringcast.ports.web import NoAnswer, WebRequest


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    async def ok(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000)

    async def loop(_: web.Request) -> web.Response:
        raise web.HTTPFound("/loop")

    async def onward(_: web.Request) -> web.Response:
        raise web.HTTPFound("/ok")

    async def echo(request: web.Request) -> web.Response:
        text = await request.text()
        said = [request.method, request.path_qs, text, request.headers.get("Authorization", "")]
        return web.Response(text="|".join(said), status=201, headers={"X-A": "b"})

    async def elsewhere(request: web.Request) -> web.Response:
        status = int(request.match_info["status"])
        host = request.query["host"]
        return web.Response(status=status, headers={"Location": f"http://{host}/echo"})

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/ok", ok), web.get("/loop", loop), web.get("/onward", onward)])
    app.add_routes([web.get("/slow", slow)])
    app.add_routes([web.route("*", "/echo", echo), web.route("*", "/to/{status}", elsewhere)])
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


FORM = (("To", "+1 213"), ("Digits", "é&"))


async def test_forms_go_into_the_body_of_a_post_and_the_query_of_a_get() -> None:
    client = HttpFetcher(allow_private=True)
    async with _server() as base:
        posted = await client.request(
            WebRequest(url=f"{base}/echo?a=1", method="POST", parameters=FORM)
        )
        got = await client.request(WebRequest(url=f"{base}/echo?a=1", parameters=FORM))

    assert (posted.status, posted.header("x-a")) == (201, "b")
    assert posted.body.decode() == "POST|/echo?a=1|To=%2B1+213&Digits=%C3%A9%26|"
    assert got.body.decode() == "GET|/echo?a=1&To=%2B1+213&Digits=%C3%A9%26||"


@pytest.mark.parametrize(
    ("status", "arrived"),
    [(302, "GET|/echo||x"), (303, "GET|/echo||x"), (307, "POST|/echo|a=b|x")],
)
async def test_redirected_post_becomes_a_get_unless_the_status_forbids_it(
    status: int, arrived: str
) -> None:
    async with _server() as base:
        host = base.removeprefix("http://")
        answer = await HttpFetcher(allow_private=True).request(
            WebRequest(
                url=f"{base}/to/{status}?host={host}",
                method="POST",
                parameters=(("a", "b"),),
                headers=(("Authorization", "x"),),
            )
        )

    assert answer.body.decode() == arrived
    assert answer.url == f"{base}/echo"


async def test_secrets_do_not_follow_to_another_host() -> None:
    async with _server() as base, _server() as other:
        answer = await HttpFetcher(allow_private=True).request(
            WebRequest(
                url=f"{base}/to/302?host={other.removeprefix('http://')}",
                headers=(("Authorization", "x"),),
            )
        )

    assert answer.body.decode() == "GET|/echo||"


async def test_redirect_to_an_inner_address_is_refused() -> None:
    async with _server() as base:
        with pytest.raises(NoAnswer):
            await HttpFetcher().request(WebRequest(url=f"{base}/ok"))


async def test_answer_that_takes_too_long_is_none() -> None:
    async with _server() as base:
        with pytest.raises(NoAnswer, match=r"no answer within 0\.05 s"):
            await HttpFetcher(allow_private=True).request(
                WebRequest(url=f"{base}/slow", timeout=timedelta(seconds=0.05))
            )
