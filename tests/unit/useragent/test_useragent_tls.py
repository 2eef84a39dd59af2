"""SIP over TLS on real loopback sockets, with certificates of an authority made here."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from ringcast.protocols.sip.agent import ADMIT
from ringcast.protocols.sip.agent_events import Answered, Ended, Failed
from ringcast.protocols.sip.message import Request, parse_message
from ringcast.protocols.sip.transactions import Destination
from ringcast.useragent import (
    AddressInUse,
    Direction,
    TlsSettings,
    UnusableCertificate,
    UserAgent,
)
from tests.certificates import Authority, Identity
from tests.unit.useragent.test_useragent_agent import (
    LOCAL,
    QUICK,
    SDP,
    Phone,
    Recorder,
    place,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Identity:
    return authority.identity("DNS:localhost", "IP:127.0.0.1", "IP:::1")


@pytest.fixture(scope="module")
def client(authority: Authority) -> Identity:
    return authority.identity("DNS:client.example")


class Trace:
    """What went over the wire."""

    def __init__(self) -> None:
        self.requests: list[tuple[Direction, Request]] = []

    def __call__(self, direction: Direction, peer: Destination, data: bytes) -> None:
        message = parse_message(data)
        if isinstance(message, Request):
            self.requests.append((direction, message))


def phone_agent(
    phone: Phone,
    server: Identity,
    *,
    listen: tuple[str, int] = LOCAL,
    client_authorities: Path | None = None,
) -> UserAgent:
    return UserAgent(
        listen=listen,
        transports=("udp", "tcp", "tls"),
        tls=TlsSettings(
            certificate=server.certificate,
            key=server.key,
            client_authorities=client_authorities,
            port=0,
        ),
        timers=QUICK,
        on_incoming=phone,
        admit=lambda request, source: ADMIT,
    )


def caller_agent(settings: TlsSettings, trace: Trace | None = None) -> UserAgent:
    return UserAgent(
        listen=LOCAL, transports=("udp", "tcp", "tls"), tls=settings, timers=QUICK, trace=trace
    )


@pytest.mark.parametrize(("scheme", "parameters"), [("sip", ";transport=tls"), ("sips", "")])
async def test_a_call_over_tls_is_answered_and_ended(
    authority: Authority, server: Identity, client: Identity, scheme: str, parameters: str
) -> None:
    phone, trace, recorder = Phone(), Trace(), Recorder()
    ours = TlsSettings(
        certificate=client.certificate, key=client.key, authorities=authority.certificate, port=0
    )
    async with phone_agent(phone, server) as callee, caller_agent(ours, trace) as caller:
        call = caller.invite(
            f"{scheme}:bob@localhost:{callee.tls_port}{parameters}",
            from_="<sip:alice@127.0.0.1>",
            body=SDP,
            on_event=recorder,
        )
        await recorder.wait_for(Answered)
        phone.calls[0].bye()  # on the connection that the call came on
        await recorder.wait_for(Ended)

    invite = next(request for way, request in trace.requests if way is Direction.OUT)
    bye = next(request for way, request in trace.requests if way is Direction.IN)
    assert invite.via.transport == bye.via.transport == "TLS"
    contact = invite.headers.get("Contact") or ""
    assert contact == f"<{scheme}:127.0.0.1:{invite.via.port}{parameters}>"
    assert call.is_finished


async def test_an_authority_that_is_not_trusted_ends_the_call_with_the_reason(
    tmp_path: Path, server: Identity
) -> None:
    stranger = Authority(tmp_path)
    phone = Phone()
    async with (
        phone_agent(phone, server) as callee,
        caller_agent(TlsSettings(authorities=stranger.certificate)) as caller,
    ):
        _, recorder = place(caller, callee.tls_port or 0, parameters=";transport=tls")
        failed = await recorder.wait_for(Failed)

    assert isinstance(failed, Failed)
    assert failed.is_transport_error
    assert "certificate is not accepted: unable to get local issuer" in failed.reason
    assert phone.calls == []


async def test_a_certificate_for_another_name_ends_the_call_with_the_reason(
    authority: Authority, client: Identity
) -> None:
    phone = Phone()
    async with (
        phone_agent(phone, client) as callee,
        caller_agent(TlsSettings(authorities=authority.certificate)) as caller,
    ):
        _, recorder = place(caller, callee.tls_port or 0, parameters=";transport=tls")
        failed = await recorder.wait_for(Failed)

    assert isinstance(failed, Failed)
    assert "certificate is not accepted" in failed.reason
    assert "127.0.0.1" in failed.reason


async def test_any_certificate_will_do_where_checking_is_turned_off(client: Identity) -> None:
    async with (
        phone_agent(Phone(), client) as callee,
        caller_agent(TlsSettings(verify=False)) as caller,
    ):
        _, recorder = place(caller, callee.tls_port or 0, parameters=";transport=tls")
        await recorder.wait_for(Answered)


async def test_who_connects_must_show_a_certificate_where_one_is_asked_for(
    authority: Authority, server: Identity, client: Identity
) -> None:
    phone = Phone()
    with_one = TlsSettings(
        certificate=client.certificate, key=client.key, authorities=authority.certificate, port=0
    )
    without = TlsSettings(authorities=authority.certificate)
    async with (
        phone_agent(phone, server, client_authorities=authority.certificate) as callee,
        caller_agent(with_one) as known,
        caller_agent(without) as unknown,
    ):
        _, good = place(known, callee.tls_port or 0, parameters=";transport=tls")
        _, bad = place(unknown, callee.tls_port or 0, parameters=";transport=tls")
        await good.wait_for(Answered)
        failed = await bad.wait_for(Failed)

    assert isinstance(failed, Failed)
    assert failed.is_transport_error or failed.is_timeout
    assert len(phone.calls) == 1


async def test_the_name_called_is_named_in_the_handshake(
    authority: Authority, server: Identity
) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.sni_callback = lambda connection, name, _: names.append(name)
    listener = await asyncio.start_server(
        lambda reader, writer: writer.close(), *LOCAL, ssl=context
    )
    port = listener.sockets[0].getsockname()[1]
    async with listener, caller_agent(TlsSettings(authorities=authority.certificate)) as caller:
        _, recorder = place(caller, port, host="localhost", parameters=";transport=tls")
        await recorder.wait_for(Failed)

    assert names == ["localhost"]


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_call_over_ipv6_is_answered_and_ended(
    authority: Authority, server: Identity, transport: str
) -> None:
    phone, recorder = Phone(), Recorder()
    async with (
        phone_agent(phone, server, listen=("::1", 0)) as callee,
        UserAgent(
            listen=("::1", 0),
            transports=("udp", "tcp", "tls"),
            tls=TlsSettings(
                certificate=server.certificate,
                key=server.key,
                authorities=authority.certificate,
                port=0,
            ),
            timers=QUICK,
        ) as caller,
    ):
        port = callee.tls_port if transport == "tls" else callee.local_address[1]
        caller.invite(
            f"sip:bob@[::1]:{port};transport={transport}",
            from_="<sip:alice@[::1]>",
            body=SDP,
            on_event=recorder,
        )
        await recorder.wait_for(Answered)
        phone.calls[0].bye()
        ended = await recorder.wait_for(Ended)

    assert isinstance(ended, Ended)
    assert ended.by_remote


async def test_a_file_that_is_no_certificate_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "nothing.pem"
    path.write_text("nothing")
    agent = UserAgent(listen=LOCAL, transports=("tls",), tls=TlsSettings(certificate=path))

    with pytest.raises(UnusableCertificate, match=r"nothing\.pem"):
        await agent.start()


async def test_a_tls_port_that_is_taken_is_told_at_the_start(server: Identity) -> None:
    async with phone_agent(Phone(), server) as first:
        tls = TlsSettings(certificate=server.certificate, key=server.key, port=first.tls_port)
        with pytest.raises(AddressInUse, match="TLS port"):
            await UserAgent(listen=LOCAL, transports=("udp", "tls"), tls=tls).start()
