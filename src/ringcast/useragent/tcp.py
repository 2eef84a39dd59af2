"""TCP and TLS connections: opened on demand, accepted, reused, and written to in order."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.framing import KEEP_ALIVE_ANSWER, StreamFramer
from ringcast.protocols.sip.transactions import TCP, Destination, Transmission

log = logging.getLogger(__name__)

# A peer that reads this slowly is gone: at 2 kB a message it owes us hundreds of answers.
_MOST_UNSENT_BYTES = 1024 * 1024
# Strangers may connect; they may neither fill our table nor stay for nothing.
_MOST_INBOUND = 1000
_SILENT_STRANGER_SECONDS = 32.0
_HANDSHAKE_SECONDS = 10.0
_IDLE_SECONDS = 900.0
_SWEEP_SECONDS = 10.0

Resolve = Callable[[str], Awaitable[str]]


class TcpConnections:
    """All connections of a user agent over TCP, or all over TLS, by far address."""

    def __init__(
        self,
        *,
        on_message: Callable[[bytes, Destination], None],
        on_sent: Callable[[bytes, Destination], None] | None,
        on_failed: Callable[[Destination, str], None],
        on_idle: Callable[[], None],
        resolve: Resolve,
        connect_timeout: float,
        transport: str = TCP,
        client_context: ssl.SSLContext | None = None,
        server_context: ssl.SSLContext | None = None,
    ) -> None:
        """Begin without connections; `on_idle` is called after each batch of events.

        The contexts are those of TLS, None for TCP.
        """
        self.transport = transport
        self.expected_names: dict[str, str] = {}
        """Which name the certificate of a host must prove, if it is another."""
        self._client_context = client_context
        self._server_context = server_context
        self.on_message = on_message
        self.on_idle = on_idle
        self._on_sent = on_sent
        self._on_failed = on_failed
        self._resolve = resolve
        self._connect_timeout = connect_timeout
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._open: dict[Destination, Connection] = {}
        self._by_address: dict[Destination, Connection] = {}
        """Those we have opened, by address where they were opened by name."""
        self._opening: dict[Destination, list[Transmission]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper = self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    async def listen(self, host: str, port: int) -> int:
        """Accept connections and return the port; raises OSError."""
        self._server = await self._loop.create_server(
            lambda: Connection(self, inbound=True),
            host,
            port,
            ssl=self._server_context,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._server_context else None,
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    @property
    def connection_count(self) -> int:
        """How many connections are open or being opened."""
        return len(self._open) + len(self._opening)

    def send(self, transmission: Transmission) -> None:
        """Send on the connection to the destination, opening one if there is none."""
        destination = transmission.destination
        connection = self._to(destination)
        if connection is None and transmission.fallback is not None:
            # The connection a request came on has gone: 18.2.2 names the place to connect to.
            destination = transmission.fallback
            connection = self._to(destination)
        if connection is not None:
            self._write(connection, transmission.data)
        elif destination in self._opening:
            self._opening[destination].append(transmission)
        else:
            self._opening[destination] = [transmission]
            task = self._loop.create_task(self._connect(destination))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close everything; what is written already is still sent."""
        self._sweeper.cancel()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._open.values()):
            connection.close()
        await asyncio.sleep(0)  # one turn of the loop for connection_lost
        if self._server is not None:
            await self._server.wait_closed()

    def opened(self, connection: Connection) -> bool:
        """Take a connection that is open now; False if there are too many."""
        if connection.inbound and len(self._open) >= _MOST_INBOUND:
            return False
        self._open[connection.peer] = connection
        if not connection.inbound:
            # A Contact names the address of whom we have called by name. A certificate that was
            # accepted for the name would not be for the address (RFC 5923 7.2).
            self._by_address[connection.address] = connection
        return True

    def lost(self, connection: Connection) -> None:
        """Forget a connection. What was answered on it may be answered over another one."""
        if self._open.get(connection.peer) is connection:
            del self._open[connection.peer]
        if self._by_address.get(connection.address) is connection:
            del self._by_address[connection.address]

    def _to(self, destination: Destination) -> Connection | None:
        return self._open.get(destination) or self._by_address.get(destination)

    async def _connect(self, destination: Destination) -> None:
        try:
            async with asyncio.timeout(self._connect_timeout):
                host = await self._resolve(destination.host)
                is_tls = self._client_context is not None
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self, peer=destination),
                    host,
                    destination.port,
                    ssl=self._client_context,
                    # RFC 5922 7.1: the name that was asked for must be in the certificate, not
                    # the one that the DNS, which anybody may forge, has led to.
                    server_hostname=self.expected_names.get(destination.host, destination.host)
                    if is_tls
                    else None,
                )
        except (OSError, ValueError) as exc:  # TimeoutError is one; ValueError: no name for TLS
            why = _why(exc)
            log.info("connection failed", extra={"peer": _shown(destination), "why": why})
            waiting = self._opening.pop(destination)
            for unreachable in {item.destination for item in waiting} | {destination}:
                self._on_failed(unreachable, why)
        except asyncio.CancelledError:
            self._opening.pop(destination, None)
            raise
        else:
            for item in self._opening.pop(destination):
                self._write(connection, item.data)
        self.on_idle()

    def _write(self, connection: Connection, data: bytes) -> None:
        if connection.write(data):
            if self._on_sent is not None:
                self._on_sent(data, connection.peer)
        else:
            self._on_failed(connection.peer, "the connection is lost")

    def _sweep(self) -> None:
        """Close connections that nobody uses."""
        now = self._loop.time()
        for connection in list(self._open.values()):
            patience = _IDLE_SECONDS if connection.is_proven else _SILENT_STRANGER_SECONDS
            if now - connection.used_at > patience:
                connection.close()
        self._sweeper = self._loop.call_later(_SWEEP_SECONDS, self._sweep)


class Connection(asyncio.Protocol):
    """One TCP connection, cut into messages."""

    def __init__(
        self, owner: TcpConnections, *, peer: Destination | None = None, inbound: bool = False
    ) -> None:
        self.inbound = inbound
        self.is_proven = not inbound
        """Whether something that is SIP has come in, or we have connected ourselves."""
        self.used_at = 0.0
        self._peer = peer
        self._address: Destination | None = None
        self._owner = owner
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def peer(self) -> Destination:
        """The far end, as it is looked up."""
        assert self._peer is not None
        return self._peer

    @property
    def address(self) -> Destination:
        """The far end, by address."""
        return self._address or self.peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of who it is."""
        self._transport = cast("asyncio.Transport", transport)
        self.used_at = self._loop.time()
        name = transport.get_extra_info("peername")
        if name is not None:  # None if it has gone already
            self._address = Destination(self._owner.transport, name[0], name[1])
        if self._peer is None:
            if self._address is None:
                self._transport.abort()
                return
            self._peer = self._address
        if not self._owner.opened(self):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._peer is not None:
            self._owner.lost(self)

    def data_received(self, data: bytes) -> None:
        """Hand on every whole message."""
        self.used_at = self._loop.time()
        try:
            self._framer.receive_data(data)
            while (frame := self._framer.next_frame()) is not None:
                if isinstance(frame, bytes):
                    self.is_proven = True
                    self._owner.on_message(frame, self.peer)
                else:
                    self.write(KEEP_ALIVE_ANSWER)
        except SipError as exc:
            log.info("stream unusable", extra={"peer": _shown(self.peer), "why": str(exc)})
            self.abort()
        self._owner.on_idle()

    def write(self, data: bytes) -> bool:
        """Send bytes; False if the connection is closing or the far end does not read."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            self.abort()
            return False
        self.used_at = self._loop.time()
        transport.write(data)
        return True

    def close(self) -> None:
        """Close after what is written has been sent."""
        self._owner.lost(self)
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._owner.lost(self)
        if self._transport is not None:
            self._transport.abort()


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    return getattr(error, "strerror", None) or str(error)


def _shown(peer: Destination) -> str:
    return f"{peer.host}:{peer.port}"
