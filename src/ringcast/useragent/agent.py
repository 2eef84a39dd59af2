"""The asyncio user agent: sockets and one timer around `protocols.sip.agent`."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from types import TracebackType

from ringcast import __version__
from ringcast.protocols.sip.agent import Admission, Agent, admit_nobody
from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.agent_events import CallEvent, Invited
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_outgoing import Invitation
from ringcast.protocols.sip.agent_requests import SDP
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, TimerSettings
from ringcast.protocols.sip.transactions import TCP, UDP, Destination, Transmission
from ringcast.protocols.sip.uri import format_host_port
from ringcast.useragent.calls import Call, HeaderList, IncomingCall, OutgoingCall
from ringcast.useragent.errors import AddressInUse, AddressNotOurs, NotRunning
from ringcast.useragent.names import NameNotFound, Names
from ringcast.useragent.tcp import TcpConnections
from ringcast.useragent.udp import Address, UdpSocket

log = logging.getLogger(__name__)

DEFAULT_SOFTWARE = f"Ringcast/{__version__}"

# SIP's shortest timer is of half a second: those of many calls are served together, a little late.
_TIMER_SLACK = 0.02
# With port 0 the system chooses for UDP; TCP may find that number taken.
_MOST_PORT_TRIES = 20
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
# Connecting a UDP socket sends nothing: it only asks the routing table (RFC 5737, RFC 3849).
_SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


class Direction(Enum):
    """Which way a traced message went."""

    IN = "in"
    OUT = "out"


Trace = Callable[[Direction, Destination, bytes], None]


def random_tokens() -> Iterator[str]:
    """Give text that cannot be guessed (RFC 3261, 19.3), 80 bits each, without end."""
    while True:
        pool = os.urandom(10 * 64).hex()  # a call needs five: one system call for many
        for start in range(0, len(pool), 20):
            yield pool[start : start + 20]


class UserAgent:
    """Places and takes SIP calls over UDP and TCP on one address."""

    def __init__(
        self,
        *,
        listen: tuple[str, int] = ("127.0.0.1", 5060),
        advertise: str | tuple[str, int] | None = None,
        transports: Collection[str] = ("udp", "tcp"),
        on_incoming: Callable[[IncomingCall], None] | None = None,
        admit: Callable[[Request, Destination], Admission] = admit_nobody,
        user_agent: str = DEFAULT_SOFTWARE,
        timers: TimerSettings = DEFAULT_TIMERS,
        connect_timeout: float = 4.0,
        resolve_timeout: float = 3.0,
        new_token: Callable[[], str] | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Prepare; nothing is opened before `start`.

        `advertise` is the host, or host and port, that far ends shall use if it is not the one
        listened on (NAT). `admit` decides about every request that belongs to no call, see
        `protocols.sip.agent.Agent`; what it admits as a new call goes to `on_incoming`.
        `new_token` gives the text of tags and branches, 80 random bits if None. `trace` sees
        every message in and out.
        """
        self._listen = listen
        self._advertise = advertise
        self._transports = frozenset(name.upper() for name in transports)
        if not self._transports or not self._transports <= {UDP, TCP}:
            raise ValueError("transports must be udp, tcp or both")
        self._on_incoming = on_incoming
        self._trace = trace
        self._connect_timeout = connect_timeout
        self._family = socket.AF_INET6 if ":" in listen[0] else socket.AF_INET
        self._names = Names(self._family, timeout=resolve_timeout)
        self._agent = Agent(
            new_token=new_token or random_tokens().__next__,
            sent_by=self._sent_by,
            admit=admit,
            transports=self._transports,
            software=user_agent,
            timers=timers,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._udp: UdpSocket | None = None
        self._tcp: TcpConnections | None = None
        self._port = 0
        self._said_address: str | None = None
        self._local_hosts: dict[str, str] = {}
        self._unresolved: dict[Destination, list[bytes]] = {}
        self._look_ups: set[asyncio.Task[None]] = set()
        self._unreachable: list[Destination] = []
        self._is_running = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    async def start(self) -> None:
        """Open the sockets; raises AddressInUse or AddressNotOurs."""
        if self._loop is not None:
            raise NotRunning  # a user agent is started once
        self._loop = asyncio.get_running_loop()
        host, port = self._listen
        try:
            await self._open(host, port)
        except BaseException:
            await self.close()
            raise
        self._said_address = self._fixed_address()
        if self._udp is not None:
            self._udp.start(self._loop)

    async def close(self) -> None:
        """Close all sockets. Calls still up are not told: hang them up before."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for task in self._look_ups:
            task.cancel()
        await asyncio.gather(*self._look_ups, return_exceptions=True)
        if self._tcp is not None:
            await self._tcp.close()
            self._tcp = None
        if self._udp is not None:
            self._udp.close()
            self._udp = None

    async def __aenter__(self) -> UserAgent:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def local_address(self) -> tuple[str, int]:
        """Host and port listened on; the port is the real one if 0 was asked for."""
        if not self._is_open:
            raise NotRunning
        return self._listen[0], self._port

    @property
    def session_count(self) -> int:
        """How many calls have not ended."""
        return self._agent.session_count

    @property
    def transaction_count(self) -> int:
        """How many SIP transactions are not terminated; they outlive a call by 32 s."""
        return self._agent.transaction_count

    @property
    def connection_count(self) -> int:
        """How many TCP connections are open."""
        return 0 if self._tcp is None else self._tcp.connection_count

    def invite(
        self,
        uri: str,
        *,
        from_: str,
        on_event: Callable[[CallEvent], None],
        to: str | None = None,
        body: bytes = b"",
        content_type: str = SDP,
        destination: Destination | None = None,
        routes: Sequence[str] = (),
        headers: HeaderList = (),
        credentials: Credentials | None = None,
        contact_user: str = "",
        large_over_tcp: bool = False,
    ) -> OutgoingCall:
        """Place a call; see `protocols.sip.agent_outgoing.Invitation` for the arguments.

        Raises NotRunning, or SipError if an address or header is malformed or has no way to it.
        What goes wrong later is a Failed event. `on_event` is never called from inside `invite`.
        """
        if not self._is_open:
            raise NotRunning
        invitation = Invitation(
            uri=uri,
            from_=from_,
            to=to,
            destination=destination,
            routes=routes,
            headers=headers,
            body=body,
            content_type=content_type,
            credentials=credentials,
            contact_user=contact_user,
            large_over_tcp=large_over_tcp,
        )
        session = self._agent.invite(invitation, now=self.now())
        call = OutgoingCall(self, session)
        call.on_event = on_event
        if not self._is_running:
            self._send_all()
            self._set_timer()
            if self._agent.has_events and self._loop is not None:
                self._loop.call_soon(self.run)
        return call

    # What calls need (Switchboard)

    def now(self) -> float:
        """Return the time on the event loop's clock."""
        if self._loop is None:
            raise NotRunning
        return self._loop.time()

    def run(self) -> None:
        """Send what has to be sent, deliver events and set the timer."""
        if self._is_running or not self._is_open:
            return  # an action inside of an event handler: the loop below goes on with it
        self._is_running = True
        try:
            self._send_all()
            while (item := self._agent.next_event()) is not None:
                self._deliver(*item)
                self._send_all()
        finally:
            self._is_running = False
        self._set_timer()

    # Inside

    @property
    def _is_open(self) -> bool:
        return self._udp is not None or self._tcp is not None

    def _deliver(self, session: Session, event: CallEvent) -> None:
        try:
            if isinstance(event, Invited) and isinstance(session, IncomingSession):
                incoming = IncomingCall(self, session)
                if self._on_incoming is None:
                    incoming.reject(480)
                else:
                    self._on_incoming(incoming)
                return
            call = session.owner
            if isinstance(call, Call) and call.on_event is not None:
                call.on_event(event)
        except Exception:  # the application's handler: one call's bug must not end the others
            log.exception("event handler failed", extra={"call_id": session.call_id})

    def _set_timer(self) -> None:
        at = self._agent.next_timer()
        if at is None or self._loop is None or not self._is_open:
            return
        if self._timer is not None:
            if self._timer_at <= at:
                return  # an early one finds nothing due and sets the next
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at + _TIMER_SLACK, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._agent.handle_timers(now=self.now())
        self.run()

    # Receiving

    def _on_datagram(self, data: bytes, address: Address) -> None:
        self._on_message(data, Destination(UDP, *address))

    def _on_message(self, data: bytes, source: Destination) -> None:
        if self._trace is not None:
            self._trace(Direction.IN, source, data)
        self._agent.receive_data(data, source, now=self.now())

    def _on_unreachable(self, address: Address) -> None:
        host, port = address
        for name in {host, *self._names.names_of(host)}:
            self._unreachable.append(Destination(UDP, name, port))

    # Sending

    def _send_all(self) -> None:
        while True:
            for transmission in self._agent.datagrams_to_send():
                if transmission.destination.transport == UDP:
                    self._send_udp(transmission)
                elif self._tcp is not None:
                    self._tcp.send(transmission)
            if not self._unreachable:
                return
            unreachable, self._unreachable = self._unreachable, []
            for destination in dict.fromkeys(unreachable):
                self._agent.transport_failed(destination, now=self.now())

    def _send_udp(self, transmission: Transmission) -> None:
        data, destination, _ = transmission
        address = self._names.known(destination.host, now=self.now())
        if destination in self._unresolved:
            self._unresolved[destination].append(data)  # in order, also behind a look-up
        elif address is not None:
            self._send_datagram(data, destination, address)
        else:
            self._unresolved[destination] = [data]
            assert self._loop is not None
            task = self._loop.create_task(self._look_up(destination))
            self._look_ups.add(task)
            task.add_done_callback(self._look_ups.discard)

    def _send_datagram(self, data: bytes, destination: Destination, address: str) -> None:
        if self._udp is None:
            return
        if self._trace is not None:
            self._trace(Direction.OUT, destination, data)
        if not self._udp.send(data, (address, destination.port)):
            self._unreachable.append(destination)

    async def _look_up(self, destination: Destination) -> None:
        try:
            address = await self._names.look_up(destination.host)
        except NameNotFound as exc:
            log.info("name not found", extra={"host": destination.host, "why": str(exc)})
            self._unresolved.pop(destination, None)
            self._unreachable.append(destination)
        else:
            for data in self._unresolved.pop(destination, ()):
                self._send_datagram(data, destination, address)
        self.run()

    # Addresses

    async def _open(self, host: str, port: int) -> None:
        for tries_left in reversed(range(_MOST_PORT_TRIES if port == 0 else 1)):
            try:
                await self._open_on(host, port)
            except AddressInUse:
                if not tries_left:
                    raise
            else:
                return

    async def _open_on(self, host: str, port: int) -> None:
        transport = UDP
        try:
            if UDP in self._transports:
                self._udp = UdpSocket(
                    self._family,
                    on_datagram=self._on_datagram,
                    on_unreachable=self._on_unreachable,
                    on_idle=self.run,
                )
                port = self._udp.bind(host, port)
            if TCP in self._transports:
                transport = TCP
                self._tcp = TcpConnections(
                    on_message=self._on_message,
                    on_sent=self._on_sent if self._trace is not None else None,
                    on_failed=self._unreachable.append,
                    on_idle=self.run,
                    resolve=self._names.look_up,
                    connect_timeout=self._connect_timeout,
                )
                port = await self._tcp.listen(host, port)
        except (OSError, OverflowError) as exc:
            await self.close()
            if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
                raise AddressInUse(transport, host, port) from exc
            raise AddressNotOurs(transport, host, port, str(exc)) from exc
        self._port = port

    def _on_sent(self, data: bytes, destination: Destination) -> None:
        if self._trace is not None:
            self._trace(Direction.OUT, destination, data)

    def _fixed_address(self) -> str | None:
        """Return the address to give to everybody, or None if it depends on the destination."""
        if isinstance(self._advertise, tuple):
            return format_host_port(*self._advertise)
        if self._advertise is not None:
            return format_host_port(self._advertise, self._port)
        if self._listen[0] not in _WILDCARDS:
            return format_host_port(self._listen[0], self._port)
        return None

    def _sent_by(self, destination: Destination) -> str:
        if self._said_address is not None:
            return self._said_address
        target = self._names.known(destination.host, now=self.now()) or _SOMEWHERE[self._family]
        if target not in self._local_hosts:
            if len(self._local_hosts) > 4096:
                self._local_hosts.clear()
            self._local_hosts[target] = self._host_towards(target)
        return format_host_port(self._local_hosts[target], self._port)

    def _host_towards(self, address: str) -> str:
        """Return which of our addresses the routing table chooses for a far one."""
        with socket.socket(self._family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((address, 9))
            except OSError:  # no route: whatever is said, nothing will get there
                return "127.0.0.1" if self._family == socket.AF_INET else "::1"
            return str(probe.getsockname()[0])
