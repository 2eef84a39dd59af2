"""Callbacks over real connections, to receivers of every kind."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from ringcast.domain.errors import InvalidInput
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.ports.deliveries import Callback, CallbackAnswer

BODY = '{"text":"Grüße ☎"}'.encode()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def receiver(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Answer requests on a free loopback port; yield its address."""
    app = web.Application(client_max_size=1024**2)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_receiver(handler: RawHandler) -> AsyncIterator[str]:
    """Treat connections as no HTTP server would."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def send(url: str, *, seconds: float = 5, verify: bool = True) -> CallbackAnswer:
    callback = Callback(
        url=url,
        headers={"Content-Type": "application/json", "X-Signature": "abc"},
        body=BODY,
        verify_certificate=verify,
    )
    timeout = timedelta(seconds=seconds)
    async with HttpCallbackSender(allow_private=True, timeout=timeout) as sender:
        return await sender.send(callback)


async def test_the_request_arrives_as_it_was_made() -> None:
    seen = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return web.Response(status=204)

    async with receiver(take) as url:
        assert await send(f"{url}/hook?a=b%20c") == CallbackAnswer(status=204)

    ((method, path, headers, body),) = seen
    assert (method, path, body) == ("POST", "/hook?a=b%20c", BODY)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Signature"] == "abc"
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["User-Agent"].startswith("Ringcast/")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_taken(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with receiver(answer) as url:
        assert await send(url) == CallbackAnswer(status=status)


@pytest.mark.parametrize("status", [304, 400, 404, 410, 429, 500, 503])
async def test_anything_else_is_not(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with receiver(answer) as url:
        assert await send(url) == CallbackAnswer(status=status, problem=f"it answered {status}")


async def test_redirects_are_not_followed() -> None:
    paths = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with receiver(answer) as url:
        assert await send(f"{url}/hook") == CallbackAnswer(status=307, problem="it answered 307")
    assert paths == ["/hook"]


async def test_a_receiver_that_does_not_answer_is_left_in_time() -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with receiver(hang) as url:
        began = time.monotonic()
        answer = await send(url, seconds=0.3)
        assert time.monotonic() - began < 2
    assert answer == CallbackAnswer(problem="no answer within 0.3 s")


async def test_a_receiver_that_closes_without_an_answer_has_not_taken_it() -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with raw_receiver(close) as url:
        answer = await send(url)
    assert answer.status is None
    assert answer.problem


async def test_a_receiver_that_talks_nonsense_has_not_taken_it() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example.com ESMTP\r\n\r\n")

    async with raw_receiver(talk) as url:
        answer = await send(url)
    assert answer.status is None
    assert answer.problem


@pytest.mark.parametrize("end", ["closes", "never ends", "hangs"])
async def test_an_answer_counts_by_its_status_however_its_text_goes_on(end: str) -> None:
    written = 0

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nhello")
        await writer.drain()
        if end == "hangs":
            await asyncio.sleep(2)
        while end == "never ends":
            writer.write(bytes(65536))
            written += 65536
            await writer.drain()

    async with raw_receiver(talk) as url:
        assert await send(url, seconds=0.5) == CallbackAnswer(status=200)
    assert written < 64 * 1024 * 1024  # 64 kB were read; the rest lay in the sockets' buffers


async def test_nobody_listens() -> None:
    async with raw_receiver(lambda _, __: asyncio.sleep(0)) as url:
        pass
    answer = await send(url)
    assert answer.status is None
    assert (
        "refused" in (answer.problem or "").lower() or "connect" in (answer.problem or "").lower()
    )


async def test_names_that_do_not_exist() -> None:
    answer = await send("http://no-such-host.invalid/")
    assert answer.status is None
    assert answer.problem


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server with a certificate that nobody trusts, and for another name."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=somebody.example", "-keyout", key, "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_certificates_are_checked_unless_the_subscriber_says_not_to(
    tls: ssl.SSLContext,
) -> None:
    async def take(_: web.Request) -> web.Response:
        return web.Response()

    async with receiver(take, tls=tls) as url:
        strict = await send(url)
        assert strict.status is None
        assert "certificate" in (strict.problem or "")
        assert await send(url, verify=False) == CallbackAnswer(status=200)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://[::ffff:192.168.0.1]/",
        "http://0.0.0.0/",
    ],
)
async def test_inner_addresses_are_refused(url: str) -> None:
    async with HttpCallbackSender() as sender:
        answer = await sender.send(Callback(url=url, headers={}, body=BODY))
        assert answer.status is None
        assert "inner address" in (answer.problem or "")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "ftp://example.com/",
        "example.com/hook",
        "http:///hook",
        "https://example.com:99999/",
        "https://example.com/" + "x" * 2000,
        "http://[1/",
    ],
)
def test_urls_that_could_never_be_sent_to_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        HttpCallbackSender().check(url)


def test_other_urls_are_not() -> None:
    HttpCallbackSender().check("https://user:secret@example.com:8443/hook?a=b")
    HttpCallbackSender(allow_private=True).check("http://127.0.0.1:8080/")
