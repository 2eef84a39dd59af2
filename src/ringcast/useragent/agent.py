"""The asyncio user agent: sockets and one timer around `protocols.sip.agent`."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from types import TracebackType

from ringcast import __version__
from ringcast.protocols.sip.agent import Admission, Agent, admit_nobody
from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.agent_events import CallEvent, Invited
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_lone import Enquiry, LoneEvent, LoneRequest
from ringcast.protocols.sip.agent_outgoing import Invitation
from ringcast.protocols.sip.agent_requests import SDP
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, TimerSettings
from ringcast.protocols.sip.transactions import TCP, TLS, UDP, Destination, Transmission
from ringcast.protocols.sip.uri import SipUri
from ringcast.useragent.addresses import OurAddresses
from ringcast.useragent.calls import Call, HeaderList, IncomingCall, OutgoingCall
from ringcast.useragent.errors import AddressInUse, AddressNotOurs, NotRunning
from ringcast.useragent.names import NameNotFound, Names
from ringcast.useragent.tcp import TcpConnections
from ringcast.useragent.tls import TlsSettings
from ringcast.useragent.udp import Address, UdpSocket

log = logging.getLogger(__name__)

NO_CERTIFICATES = TlsSettings()
DEFAULT_SOFTWARE = f"Ringcast/{__version__}"

# SIP's shortest timer is of half a second: those of many calls are served together, a little late.
_TIMER_SLACK = 0.02
# With port 0 the system chooses for UDP; TCP may find that number taken.
_MOST_PORT_TRIES = 20


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
    """Places and takes SIP calls over UDP, TCP and TLS on one address."""

    def __init__(
        self,
        *,
        listen: tuple[str, int] = ("127.0.0.1", 5060),
        advertise: str | tuple[str, int] | None = None,
        transports: Collection[str] = ("udp", "tcp"),
        tls: TlsSettings = NO_CERTIFICATES,
        on_incoming: Callable[[IncomingCall], None] | None = None,
        admit: Callable[[Request, Destination], Admission] = admit_nobody,
        is_stranger: Callable[[Destination], bool] = lambda source: False,
        user_agent: str = DEFAULT_SOFTWARE,
        timers: TimerSettings = DEFAULT_TIMERS,
        connect_timeout: float = 4.0,
        resolve_timeout: float = 3.0,
        new_token: Callable[[], str] | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Prepare; nothing is opened before `start`.

        `advertise` is the host, or host and port, that far ends shall use if it is not the one
        listened on (NAT). With tls among the `transports`, `tls` says whom we trust and who we are.
        `admit` decides about every request that belongs to no call, see
        `protocols.sip.agent.Agent`; what it admits as a new call goes to `on_incoming`. Requests
        of who `is_stranger` are not even read unless they are about a call of ours.
        `new_token` gives the text of tags and branches, 80 random bits if None. `trace` sees
        every message in and out.
        """
        self._listen = listen
        self._addresses = OurAddresses(listen=listen[0], advertise=advertise)
        self._transports = frozenset(name.upper() for name in transports)
        if not self._transports or not self._transports <= {UDP, TCP, TLS}:
            raise ValueError("transports must be udp, tcp, tls or several of these")
        self._tls_settings = tls
        self._on_incoming = on_incoming
        self._trace = trace
        self._connect_timeout = connect_timeout
        self._names = Names(self._addresses.family, timeout=resolve_timeout)
        self._agent = Agent(
            new_token=new_token or random_tokens().__next__,
            sent_by=self._sent_by,
            admit=admit,
            is_stranger=is_stranger,
            transports=self._transports,
            software=user_agent,
            timers=timers,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._udp: UdpSocket | None = None
        self._tcp: TcpConnections | None = None
        self._tls: TcpConnections | None = None
        self._unresolved: dict[Destination, list[bytes]] = {}
        self._look_ups: set[asyncio.Task[None]] = set()
        self._unreachable: list[tuple[Destination, str | None]] = []
        self._is_running = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    async def start(self) -> None:
        """Open the sockets; raises AddressInUse, AddressNotOurs or UnusableCertificate."""
        if self._loop is not None:
            raise NotRunning  # a user agent is started once
        self._loop = asyncio.get_running_loop()
        host, port = self._listen
        try:
            await self._open(host, port)
        except BaseException:
            await self.close()
            raise
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
        for connections in (self._tcp, self._tls):
            if connections is not None:
                await connections.close()
        self._tcp = self._tls = None
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
        return self._listen[0], self._addresses.port

    @property
    def tls_port(self) -> int | None:
        """The port on which TLS is listened for, or None."""
        return self._addresses.tls_port

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
        """How many TCP and TLS connections are open."""
        return sum(
            connections.connection_count
            for connections in (self._tcp, self._tls)
            if connections is not None
        )

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
        alternatives: Sequence[Destination] = (),
        follows: Callable[[SipUri], bool] | None = None,
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
            alternatives=alternatives,
            follows=follows,
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
        self._soon()
        return call

    def expect_name(self, host: str, name: str) -> None:
        """Have the certificate of a host prove this name: it is a server of that domain."""
        if self._tls is not None:
            self._tls.expected_names[host] = name

    def ask(self, enquiry: Enquiry, *, on_event: Callable[[LoneEvent], None]) -> None:
        """Send a request outside of dialogs; Responded follows.

        Raises NotRunning, or SipError if an address is malformed or has no way to it.
        """
        if not self._is_open:
            raise NotRunning
        self._agent.ask(enquiry, now=self.now()).owner = on_event
        self._soon()

    def register(
        self, enquiry: Enquiry, *, expires: int, on_event: Callable[[LoneEvent], None]
    ) -> Callable[[], None]:
        """Register with a registrar and stay so; return what ends it.

        `on_event` gets Registered and RegistrationFailed as they come, Unregistered at the end.
        Raises as `ask` does.
        """
        if not self._is_open:
            raise NotRunning
        registration = self._agent.register(enquiry, expires=expires, now=self.now())
        registration.owner = on_event
        self._soon()

        def stop() -> None:
            if self._is_open:
                registration.stop(now=self.now())
                self.run()

        return stop

    def _soon(self) -> None:
        if not self._is_running:
            self._send_all()
            self._set_timer()
            if self._agent.has_events and self._loop is not None:
                self._loop.call_soon(self.run)

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
            while (told := self._agent.next_lone_event()) is not None:
                self._tell(*told)
                self._send_all()
        finally:
            self._is_running = False
        self._set_timer()

    # Inside

    @property
    def _is_open(self) -> bool:
        return self._udp is not None or self._tcp is not None or self._tls is not None

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

    def _tell(self, request: LoneRequest, event: LoneEvent) -> None:
        try:
            if callable(request.owner):
                request.owner(event)
        except Exception:  # as with calls: the application's bug must not end the others
            log.exception("event handler failed", extra={"call_id": request.call_id})

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
            self._unreachable.append((Destination(UDP, name, port), None))

    # Sending

    def _send_all(self) -> None:
        while True:
            for transmission in self._agent.datagrams_to_send():
                if transmission.destination.transport == UDP:
                    self._send_udp(transmission)
                else:
                    is_tls = transmission.destination.transport == TLS
                    connections = self._tls if is_tls else self._tcp
                    if connections is not None:
                        connections.send(transmission)
            if not self._unreachable:
                return
            unreachable, self._unreachable = self._unreachable, []
            for destination, why in dict(unreachable).items():
                self._agent.transport_failed(destination, now=self.now(), why=why)

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
            self._unreachable.append((destination, None))

    async def _look_up(self, destination: Destination) -> None:
        try:
            address = await self._names.look_up(destination.host)
        except NameNotFound as exc:
            log.info("name not found", extra={"host": destination.host, "why": str(exc)})
            self._unresolved.pop(destination, None)
            self._unreachable.append((destination, str(exc)))
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
                    self._addresses.family,
                    on_datagram=self._on_datagram,
                    on_unreachable=self._on_unreachable,
                    on_idle=self.run,
                )
                port = self._udp.bind(host, port)
            if TCP in self._transports:
                transport = TCP
                self._tcp = self._connections(TCP)
                port = await self._tcp.listen(host, port)
            if TLS in self._transports:
                transport = TLS
                self._tls = self._connections(TLS)
                if self._tls_settings.certificate is not None:
                    wanted = self._tls_settings.port
                    self._addresses.tls_port = await self._tls.listen(
                        host, (port and port + 1) if wanted is None else wanted
                    )
        except (OSError, OverflowError) as exc:
            await self.close()
            if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
                raise AddressInUse(transport, host, port) from exc
            raise AddressNotOurs(transport, host, port, str(exc)) from exc
        self._addresses.port = port

    def _connections(self, transport: str) -> TcpConnections:
        is_tls = transport == TLS
        return TcpConnections(
            on_message=self._on_message,
            on_sent=self._on_sent if self._trace is not None else None,
            on_failed=lambda destination, why: self._unreachable.append((destination, why)),
            on_idle=self.run,
            resolve=self._names.look_up,
            connect_timeout=self._connect_timeout,
            transport=transport,
            client_context=self._tls_settings.client_context() if is_tls else None,
            server_context=self._tls_settings.server_context() if is_tls else None,
        )

    def _on_sent(self, data: bytes, destination: Destination) -> None:
        if self._trace is not None:
            self._trace(Direction.OUT, destination, data)

    def _sent_by(self, destination: Destination) -> str:
        return self._addresses.sent_by(destination, self._known_address)

    def _known_address(self, host: str) -> str | None:
        return self._names.known(host, now=self.now())
