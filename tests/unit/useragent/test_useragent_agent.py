"""The asyncio shell on real loopback sockets; SIP timers are short, nothing waits for long."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice

import pytest

from ringcast.protocols.sip.agent import ADMIT
from ringcast.protocols.sip.agent_events import (
    Acked,
    Answered,
    CallEvent,
    Cancelled,
    Ended,
    Failed,
    InfoAnswered,
    OfferAnswered,
    Provisional,
)
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.message import Request, parse_message
from ringcast.protocols.sip.timers import TimerSettings
from ringcast.protocols.sip.transactions import Destination
from ringcast.useragent import (
    AddressInUse,
    AddressNotOurs,
    Direction,
    IncomingCall,
    NotRunning,
    OutgoingCall,
    UserAgent,
)
from ringcast.useragent.agent import random_tokens

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
QUICK = TimerSettings(t1=0.05, t2=0.2, t4=0.1, give_up_after=0.6, timer_d=0.1)
LOCAL = ("127.0.0.1", 0)


class Recorder:
    """Collects the events of a call; a test waits for the one it wants."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: CallEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def wait_for(self, kind: type[CallEvent], *, seconds: float = 5.0) -> CallEvent:
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        return event
                self._changed.clear()
                await self._changed.wait()


class Phone:
    """Answers what comes in, by itself."""

    def __init__(self, behaviour: Callable[[IncomingCall], None] | None = None) -> None:
        self.calls: list[IncomingCall] = []
        self.recorders: list[Recorder] = []
        self._behaviour = behaviour

    def __call__(self, call: IncomingCall) -> None:
        recorder = Recorder()
        call.on_event = recorder
        self.calls.append(call)
        self.recorders.append(recorder)
        if self._behaviour is not None:
            self._behaviour(call)
        else:
            call.ring()
            call.answer(SDP)


@asynccontextmanager
async def two(
    phone: Phone, *, transports: tuple[str, ...] = ("udp", "tcp")
) -> AsyncIterator[tuple[UserAgent, UserAgent]]:
    """A caller and a phone."""
    async with (
        UserAgent(listen=LOCAL, timers=QUICK, transports=transports) as caller,
        UserAgent(
            listen=LOCAL,
            timers=QUICK,
            transports=transports,
            on_incoming=phone,
            admit=lambda request, source: ADMIT,
        ) as callee,
    ):
        yield caller, callee


def place(
    caller: UserAgent,
    port: int,
    *,
    parameters: str = "",
    body: bytes = SDP,
    host: str = "127.0.0.1",
) -> tuple[OutgoingCall, Recorder]:
    recorder = Recorder()
    call = caller.invite(
        f"sip:bob@{host}:{port}{parameters}",
        from_="<sip:alice@127.0.0.1>",
        body=body,
        on_event=recorder,
        large_over_tcp=False,
    )
    return call, recorder


def silent_port() -> tuple[socket.socket, int]:
    """Return a UDP socket that receives and says nothing."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(LOCAL)
    listener.settimeout(5)
    return listener, listener.getsockname()[1]


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(LOCAL)
        port: int = probe.getsockname()[1]
        return port


async def until(condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the agent counts, it does not notify
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("parameters", ["", ";transport=tcp"])
async def test_call_is_placed_answered_and_hung_up(parameters: str) -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        call, recorder = place(caller, callee.local_address[1], parameters=parameters)
        assert recorder.events == []  # never from inside of invite
        await recorder.wait_for(Answered)
        assert isinstance(recorder.events[0], Provisional)
        await phone.recorders[0].wait_for(Acked)

        call.bye(cause=16)

        await recorder.wait_for(Ended)
        ended = await phone.recorders[0].wait_for(Ended)
        assert isinstance(ended, Ended)
        assert (ended.by_remote, ended.cause) == (True, 16)
        assert call.is_finished
        assert call.call_id == phone.calls[0].call_id
        assert phone.calls[0].source.transport == ("TCP" if parameters else "UDP")
        await until(lambda: caller.transaction_count == callee.transaction_count == 0)
        assert caller.session_count == callee.session_count == 0
        assert caller.connection_count == (1 if parameters else 0)


async def test_connections_are_reused() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        port = callee.local_address[1]
        recorders = [place(caller, port, parameters=";transport=tcp")[1] for _ in range(20)]
        for recorder in recorders:
            await recorder.wait_for(Answered)

        assert caller.connection_count == 1
        assert {call.source.port for call in phone.calls} == {phone.calls[0].source.port}


async def test_callee_that_hangs_up_over_tcp_connects_to_the_contact() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        _, recorder = place(caller, callee.local_address[1], parameters=";transport=tcp")
        await recorder.wait_for(Answered)
        await phone.recorders[0].wait_for(Acked)

        phone.calls[0].bye()

        ended = await recorder.wait_for(Ended)
        assert isinstance(ended, Ended)
        assert ended.by_remote


async def test_actions_of_both_sides_reach_each_other() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        call, recorder = place(caller, callee.local_address[1])
        await recorder.wait_for(Answered)
        await phone.recorders[0].wait_for(Acked)
        phone.calls[0].answer_offer = lambda request: SDP
        assert phone.calls[0].answer_offer is not None

        call.reinvite(SDP + b"a=sendonly\r\n")
        await recorder.wait_for(OfferAnswered)
        call.info(b"Signal=1", content_type="application/dtmf-relay")
        answered = await recorder.wait_for(InfoAnswered)

        assert isinstance(answered, InfoAnswered)
        assert answered.status == 200
        assert {type(event).__name__ for event in phone.recorders[0].events} == {"Acked", "Info"}


async def test_offers_may_be_answered_later() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        call, recorder = place(caller, callee.local_address[1])
        await recorder.wait_for(Answered)
        await phone.recorders[0].wait_for(Acked)
        call.on_event = lambda event: call.reject_offer()
        refused: list[CallEvent] = []
        phone.calls[0].on_event = refused.append

        phone.calls[0].reinvite(SDP)

        await until(lambda: bool(refused))
        assert type(refused[0]).__name__ == "OfferRefused"


async def test_call_is_cancelled() -> None:
    phone = Phone(lambda call: call.ring())
    async with two(phone) as (caller, callee):
        call, recorder = place(caller, callee.local_address[1])
        await recorder.wait_for(Provisional)

        call.cancel()

        failed = await recorder.wait_for(Failed)
        assert isinstance(failed, Failed)
        assert failed.is_cancelled
        await phone.recorders[0].wait_for(Cancelled)


async def test_call_is_refused() -> None:
    phone = Phone(lambda call: call.reject(603, reason="No thanks"))
    async with two(phone) as (caller, callee):
        _, recorder = place(caller, callee.local_address[1])
        failed = await recorder.wait_for(Failed)
        assert isinstance(failed, Failed)
        assert (failed.status, failed.reason) == (603, "No thanks")


async def test_early_session_and_acknowledged_offer() -> None:
    def behave(call: IncomingCall) -> None:
        call.progress(SDP)
        call.answer(SDP)

    phone = Phone(behave)
    async with two(phone) as (caller, callee):
        call, recorder = place(caller, callee.local_address[1], body=b"")
        progress = await recorder.wait_for(Provisional)
        assert isinstance(progress, Provisional)
        assert (progress.status, progress.body) == (183, SDP)
        await recorder.wait_for(Answered)

        call.acknowledge(b"v=0\r\n")

        acked = await phone.recorders[0].wait_for(Acked)
        assert isinstance(acked, Acked)
        assert acked.body == b"v=0\r\n"


async def test_udp_port_where_nobody_listens_fails_quickly() -> None:
    async with UserAgent(listen=LOCAL) as caller:  # with the timers of the RFC: 32 s
        _, recorder = place(caller, closed_port())

        failed = await recorder.wait_for(Failed, seconds=2)

        assert isinstance(failed, Failed)
        assert (failed.status, failed.is_transport_error) == (503, True)
        assert caller.transaction_count == 0


async def test_unreachable_port_does_not_disturb_other_calls() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        for _ in range(10):
            dead = [place(caller, closed_port())[1] for _ in range(5)]
            _, alive = place(caller, callee.local_address[1])
            await alive.wait_for(Answered)
            for recorder in dead:
                await recorder.wait_for(Failed)


async def test_tcp_port_where_nobody_listens_fails_quickly() -> None:
    async with UserAgent(listen=LOCAL) as caller:
        _, recorder = place(caller, closed_port(), parameters=";transport=tcp")

        failed = await recorder.wait_for(Failed, seconds=2)

        assert isinstance(failed, Failed)
        assert failed.is_transport_error
        assert caller.connection_count == 0


async def test_silent_far_end_is_a_timeout() -> None:
    listener, port = silent_port()
    async with UserAgent(listen=LOCAL, timers=QUICK) as caller:
        _, recorder = place(caller, port)
        failed = await recorder.wait_for(Failed)
        assert isinstance(failed, Failed)
        assert (failed.status, failed.is_timeout) == (408, True)
    listener.close()


async def test_host_name_is_looked_up_and_messages_stay_in_order() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        calls = [place(caller, callee.local_address[1], host="localhost") for _ in range(3)]
        for _, recorder in calls:
            await recorder.wait_for(Answered)


@pytest.mark.parametrize("parameters", ["", ";transport=tcp"])
async def test_host_name_that_does_not_exist_fails(parameters: str) -> None:
    async with UserAgent(listen=LOCAL) as caller:
        _, recorder = place(caller, 5060, host="no-such-host.invalid", parameters=parameters)
        failed = await recorder.wait_for(Failed)
        assert isinstance(failed, Failed)
        assert failed.is_transport_error


async def test_port_in_use_is_a_clear_error() -> None:
    async with UserAgent(listen=LOCAL) as first:
        second = UserAgent(listen=first.local_address)
        with pytest.raises(AddressInUse, match=rf"UDP port {first.local_address[1]} .* in use"):
            await second.start()
        with pytest.raises(NotRunning):
            _ = second.local_address


async def test_tcp_port_in_use_is_a_clear_error() -> None:
    with socket.socket() as other:
        other.bind(LOCAL)
        other.listen()
        agent = UserAgent(listen=other.getsockname(), transports=("tcp",))
        with pytest.raises(AddressInUse, match="TCP"):
            await agent.start()


async def test_address_that_is_not_ours_is_a_clear_error() -> None:
    with pytest.raises(AddressNotOurs, match="203"):
        await UserAgent(listen=("203.0.113.1", 0)).start()


async def test_transports_are_checked() -> None:
    with pytest.raises(ValueError, match="udp, tcp"):
        UserAgent(transports=("sctp",))


async def test_agent_that_does_not_run_places_no_call() -> None:
    agent = UserAgent(listen=LOCAL)
    with pytest.raises(NotRunning):
        place(agent, 5060)
    await agent.start()
    with pytest.raises(NotRunning):
        await agent.start()
    await agent.close()
    await agent.close()
    with pytest.raises(NotRunning):
        place(agent, 5060)


async def test_invitation_that_cannot_be_sent_is_refused() -> None:
    async with UserAgent(listen=LOCAL, transports=("udp",)) as agent:
        with pytest.raises(SipError):
            place(agent, 5060, parameters=";transport=tcp")
        with pytest.raises(SipError):
            place(agent, 99999)


async def test_advertised_address_is_what_far_ends_see() -> None:
    for advertise, expected in (
        ("pbx.example", "pbx.example:{port}"),
        (("pbx.example", 7777), "pbx.example:7777"),
    ):
        listener, port = silent_port()
        async with UserAgent(listen=LOCAL, advertise=advertise, timers=QUICK) as agent:
            place(agent, port)
            invite = parse_message(await asyncio.to_thread(listener.recv, 65535))
            said = expected.format(port=agent.local_address[1])
        listener.close()
        assert f" {said};" in (invite.headers.get("Via") or "")
        assert invite.headers.get("Contact") == f"<sip:{said}>"


async def test_agent_on_all_addresses_gives_the_one_towards_the_far_end() -> None:
    listener, port = silent_port()
    async with UserAgent(listen=("0.0.0.0", 0), timers=QUICK) as agent:
        place(agent, port)
        invite = parse_message(await asyncio.to_thread(listener.recv, 65535))
        assert invite.via.host == "127.0.0.1"
    listener.close()


async def test_every_message_is_traced() -> None:
    seen: list[tuple[Direction, str]] = []

    def trace(direction: Direction, peer: Destination, data: bytes) -> None:
        message = parse_message(data)
        what = message.method if isinstance(message, Request) else str(message.status)
        seen.append((direction, what))

    phone = Phone()
    for parameters in ("", ";transport=tcp"):
        seen.clear()
        async with (
            UserAgent(listen=LOCAL, trace=trace) as caller,
            UserAgent(listen=LOCAL, on_incoming=phone, admit=lambda r, s: ADMIT) as callee,
        ):
            _, recorder = place(caller, callee.local_address[1], parameters=parameters)
            await recorder.wait_for(Answered)
            await phone.recorders[-1].wait_for(Acked)
        assert seen == [
            (Direction.OUT, "INVITE"),
            (Direction.IN, "180"),
            (Direction.IN, "200"),
            (Direction.OUT, "ACK"),
        ]


async def test_bug_in_a_handler_is_logged_and_harms_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    phone = Phone()

    def broken(event: CallEvent) -> None:
        raise RuntimeError("a bug")

    async with two(phone) as (caller, callee):
        port = callee.local_address[1]
        caller.invite(f"sip:x@127.0.0.1:{port}", from_="<sip:a@b>", on_event=broken, body=SDP)
        _, recorder = place(caller, port)
        await recorder.wait_for(Answered)
    assert "event handler failed" in caplog.text


async def test_without_a_handler_calls_are_refused() -> None:
    async with (
        UserAgent(listen=LOCAL, timers=QUICK) as caller,
        UserAgent(listen=LOCAL, timers=QUICK, admit=lambda r, s: ADMIT) as callee,
    ):
        _, recorder = place(caller, callee.local_address[1])
        failed = await recorder.wait_for(Failed)
        assert isinstance(failed, Failed)
        assert failed.status == 480


async def test_rubbish_on_both_transports_is_survived() -> None:
    phone = Phone()
    async with two(phone) as (caller, callee):
        port = callee.local_address[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rubbish:
            for data in (b"", b"\x00" * 100, b"INVITE\r\n\r\n", b"\xff" * 60000):
                rubbish.sendto(data, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"  # a keep-alive is answered (RFC 5626)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""  # closed
        writer.close()
        await writer.wait_closed()

        _, recorder = place(caller, port)
        await recorder.wait_for(Answered)


async def test_requests_cut_and_glued_by_tcp_are_read() -> None:
    phone = Phone(lambda call: call.ring())
    async with two(phone) as (_, callee):
        reader, writer = await asyncio.open_connection(*callee.local_address)
        options = (
            "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{0}\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: {0}\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        data = "".join(options.format(number) for number in range(3)).encode()
        for start in range(0, len(data), 50):
            writer.write(data[start : start + 50])
            await writer.drain()

        received = b""
        async with asyncio.timeout(5):
            while received.count(b"SIP/2.0 200") < 3:
                received += await reader.read(65535)
        assert [received.index(f"Call-ID: {number}".encode()) for number in range(3)] == sorted(
            received.index(f"Call-ID: {number}".encode()) for number in range(3)
        )
        writer.close()
        await writer.wait_closed()


async def test_answer_over_a_lost_connection_takes_a_new_one_to_the_sender() -> None:
    """18.2.2: if the connection has gone, connect to the port of the Via."""
    phone = Phone(lambda call: call.ring())
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.put_nowait(await reader.read(65535))
        writer.close()

    async with two(phone) as (_, callee):
        server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(*callee.local_address)
        writer.write(
            (
                "INVITE sip:x@127.0.0.1 SIP/2.0\r\n"
                f"Via: SIP/2.0/TCP 127.0.0.1:{port};branch=z9hG4bKa\r\n"
                "From: <sip:a@b>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: gone\r\n"
                "CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1>\r\nContent-Length: 0\r\n\r\n"
            ).encode()
        )
        await until(lambda: len(phone.calls) == 1)
        writer.close()
        await writer.wait_closed()
        await until(lambda: callee.connection_count == 0)

        phone.calls[0].answer(SDP)

        data = await asyncio.wait_for(received.get(), 5)
        assert data.startswith(b"SIP/2.0 200")
        server.close()
        await server.wait_closed()


def test_random_tokens_are_never_given_twice() -> None:
    tokens = list(islice(random_tokens(), 1000))

    assert len(set(tokens)) == 1000
    assert {len(token) for token in tokens} == {20}


async def test_ipv6_works_like_ipv4() -> None:
    phone = Phone()
    try:
        callee = UserAgent(
            listen=("::1", 0), timers=QUICK, on_incoming=phone, admit=lambda r, s: ADMIT
        )
        await callee.start()
    except AddressNotOurs:
        pytest.fail("the machine has no ::1")
    async with UserAgent(listen=("::1", 0), timers=QUICK) as caller:
        for parameters in ("", ";transport=tcp"):
            call, recorder = place(
                caller, callee.local_address[1], host="[::1]", parameters=parameters
            )
            await recorder.wait_for(Answered)
            call.bye()
            await recorder.wait_for(Ended)
        _, recorder = place(caller, closed_port(), host="[::1]")
        failed = await recorder.wait_for(Failed, seconds=2)
        assert isinstance(failed, Failed)
        assert failed.is_transport_error
    await callee.close()
