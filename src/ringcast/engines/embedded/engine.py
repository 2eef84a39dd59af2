"""The engine port over our own SIP user agent and media workers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ringcast.audio import detection
from ringcast.domain.errors import EngineUnavailable, OfferGone, RingcastError
from ringcast.domain.ids import AttemptId
from ringcast.engines.embedded.bridges import Bridges
from ringcast.engines.embedded.descriptions import Descriptions
from ringcast.engines.embedded.incoming import Arrivals, IncomingLeg
from ringcast.engines.embedded.leg import CANCEL_WAIT, LegState
from ringcast.engines.embedded.live import DIGIT_GAP_MS, DIGIT_MS, LiveLeg, Surroundings
from ringcast.engines.embedded.local_host import WILDCARDS, local_host_towards
from ringcast.engines.embedded.negotiation import Negotiation
from ringcast.engines.embedded.registration import TrunkRegistration
from ringcast.engines.embedded.rooms import Rooms
from ringcast.engines.embedded.routes import (
    Route,
    extra_headers,
    find_route,
    from_value,
    identity_headers,
)
from ringcast.engines.embedded.trunk import Trunk
from ringcast.engines.embedded.trunk_servers import TrunkServers
from ringcast.media import (
    LocalAddress,
    MediaError,
    MediaEvent,
    MediaPool,
    MediaUnavailable,
    NoPortsLeft,
    PlayFile,
    PlayItem,
    PlaySilence,
    WorkerLost,
)
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    Capabilities,
    DetectionSettings,
    EventSink,
    Heard,
    OfferSink,
    Originate,
    RecordingTracks,
    Refusal,
    TakeCall,
)
from ringcast.ports.rooms import RoomSink
from ringcast.protocols.rtp import check_digits
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.transactions import Destination as SipDestination
from ringcast.protocols.sip.uri import format_host_port
from ringcast.useragent import (
    AddressInUse,
    Dns,
    NotRunning,
    OutgoingCall,
    SystemDns,
    TlsSettings,
    Trace,
    UnusableCertificate,
    UserAgent,
    UserAgentError,
)

__all__ = ["EmbeddedEngine", "limits_in_seconds"]

log = logging.getLogger(__name__)

_CLOSE_WAIT: Final = CANCEL_WAIT + 4.0  # seconds; every leg has ended by then of itself
_LAST_WORDS_WAIT: Final = 1.0  # seconds for the answers to our last BYEs
_POLL: Final = 0.02


class EmbeddedEngine:
    """Our own SIP and media workers behind the engine port (`ports.engine.CallEngine`)."""

    def __init__(
        self,
        *,
        clock: Clock,
        sip: tuple[str, int],
        transports: Collection[str],
        rtp_ports: range,
        rtp_host: str,
        advertise: str | None,
        media_workers: int,
        trunk: Trunk | None,
        playable: Callable[[str], Path],
        rtp_timeout: timedelta = timedelta(seconds=60),
        trace: Trace | None = None,
        tls: TlsSettings | None = None,
        make_dns: Callable[[], Dns] = SystemDns,
    ) -> None:
        """Prepare; nothing is opened before `start`.

        `sip` and `rtp_host` are listened on; `advertise` is the host that far ends shall use if it
        is not that one (NAT). `playable` gives the raw µ-law file of a content hash, or raises a
        RingcastError. `rtp_timeout` is how long an answered call may receive nothing.
        """
        self._clock = clock
        self._transports = frozenset(transports)
        self._rtp_host = rtp_host
        self._advertise = advertise
        self._trunk = trunk
        self._playable = playable
        self._legs: dict[AttemptId, LiveLeg] = {}
        self._around: Surroundings | None = None
        self._all_ended = asyncio.Event()
        self._next_session_id = 0
        self._descriptions: dict[str, Descriptions] = {}
        self._arrivals = Arrivals(trunk=trunk, clock=clock)
        self._agent = UserAgent(
            listen=sip,
            advertise=advertise,
            transports=self._transports,
            tls=tls or TlsSettings(),
            on_incoming=self._arrivals.on_incoming,
            admit=self._arrivals.admit,
            is_stranger=self._arrivals.is_stranger,
            trace=trace,
        )
        self._servers: TrunkServers | None = None
        if trunk is not None:
            self._servers = TrunkServers(
                trunk, self._agent, transports=self._transports, make_dns=make_dns
            )
        self._registration = TrunkRegistration(self._agent, trunk, self._servers)
        self._arrivals.servers = self._servers
        self._sip_host = sip[0]
        self._media = MediaPool(
            workers=media_workers,
            host=rtp_host,
            ports=rtp_ports,
            on_event=self._on_media_event,
            shared_ports=trunk is not None and trunk.symmetric,
            rtp_timeout=rtp_timeout,
        )
        self._bridges = Bridges(media=self._media, answered=self._answered)
        self._rooms = Rooms(
            media=self._media,
            clock=clock,
            answered=self._answered,
            unbridge=self._bridges.release,
            items=lambda heard: [self._item(one) for one in heard],
        )
        self._rtp_ports = rtp_ports

    @property
    def capabilities(self) -> Capabilities:
        """All that the port knows."""
        return Capabilities()

    @property
    def rooms(self) -> Rooms:
        """Where more than two legs hear each other."""
        return self._rooms

    @property
    def sip_address(self) -> tuple[str, int]:
        """Host and port that SIP is listened for on; the port is the real one if 0 was given."""
        return self._agent.local_address

    @property
    def tls_port(self) -> int | None:
        """The port on which SIP over TLS is listened for, or None."""
        return self._agent.tls_port

    @property
    def is_registered(self) -> bool:
        """Whether the trunk knows where we are, if it is told at all."""
        return self._registration.is_registered

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the media workers that run."""
        return self._media.worker_pids

    @property
    def leg_count(self) -> int:
        """How many legs have not ended."""
        return len(self._legs)

    def hears(self, leg: AttemptId) -> bool:
        """Whether media of the far end of a live leg has come."""
        live = self._legs.get(leg)
        return live is not None and live.is_heard

    # Life

    async def start(
        self,
        sink: EventSink,
        *,
        on_offer: OfferSink | None = None,
        on_room: RoomSink | None = None,
    ) -> None:
        """Listen for SIP and start the media workers; raise EngineUnavailable if that fails."""
        self._rooms.sink = on_room
        try:
            await self._agent.start()
        except AddressInUse as exc:
            raise EngineUnavailable(
                f"{exc}: end that program, or choose another address with --sip host:port"
            ) from exc
        except UnusableCertificate as exc:
            raise EngineUnavailable(f"{exc}: give another with --sip-tls-…") from exc
        except UserAgentError as exc:
            raise EngineUnavailable(f"{exc}: choose another address with --sip host:port") from exc
        try:
            await self._media.start()
        except MediaError as exc:
            await self._agent.close()
            raise EngineUnavailable(
                f"{exc}: see the log for what a worker said, and check --rtp-ports"
            ) from exc
        self._around = Surroundings(
            clock=self._clock,
            loop=asyncio.get_running_loop(),
            media=self._media,
            sink=sink,
            on_ended=self._forget,
            on_silenced=self._bridges.release,
            on_digit=self._bridges.pass_on,
        )
        self._arrivals.start(on_offer)
        self._registration.start()

    async def close(self) -> None:
        """Hang up what is left, wait for its end, and release everything."""
        started, self._around = self._around is not None, None
        self._arrivals.close()
        if not started:
            return
        for leg in list(self._legs.values()):
            leg.hang_up("the server shuts down")
        if self._legs:
            self._all_ended.clear()
            try:
                async with asyncio.timeout(_CLOSE_WAIT):
                    await self._all_ended.wait()
            except TimeoutError:
                log.error("legs left at the end", extra={"legs": len(self._legs)})
        self._registration.stop()
        await self._hear_last_words()
        await self._agent.close()
        await self._media.close()

    async def _hear_last_words(self) -> None:
        """Give the far ends a moment to answer our BYEs, which would be lost with the socket."""
        for _ in range(int(_LAST_WORDS_WAIT / _POLL)):
            if not self._agent.session_count and not self._registration.is_leaving:
                return
            await asyncio.sleep(_POLL)

    # Calls

    async def originate(self, request: Originate) -> None:
        """Open a stream, offer it, and send the INVITE."""
        around = self._around
        if around is None:
            raise EngineUnavailable("the voice engine is not running")
        if request.leg in self._legs:
            raise ValueError(f"leg {request.leg} has been originated already")
        route = find_route(
            request.to,
            trunk=self._trunk,
            transports=self._transports,
            credentials=request.credentials,
        )
        headers = extra_headers(request.headers)
        leg = self._legs[request.leg] = LiveLeg(
            request.leg,
            around,
            peer=route.peer,
            ring_timeout=request.ring_timeout,
            max_length=request.max_length,
            has_credentials=route.credentials is not None,
        )
        try:
            servers = await self._servers.find() if self._servers and route.is_trunk else []
            address = await self._open_stream(leg, near=request.near)
            negotiation = self._negotiation(self._media_host(address, route.host), address.port)
            call = self._invite(request, leg, route, headers, negotiation.offer(), servers)
        except BaseException:
            self._forget(leg.id)
            if leg.leg.state is LegState.NEW:
                leg.give_up("its INVITE could not be sent")
            raise
        leg.begin(call, negotiation)

    async def take(self, request: TakeCall) -> None:
        """Open a stream for a call that came to us; it goes on waiting."""
        around = self._around
        if around is None:
            raise EngineUnavailable("the voice engine is not running")
        if request.leg in self._legs:
            raise ValueError(f"leg {request.leg} is there already")
        source = self._arrivals.source_of(request.offer)
        leg = self._legs[request.leg] = IncomingLeg(
            request.leg,
            around,
            peer=f"trunk {format_host_port(source.host, source.port)}",
            ring_timeout=request.ring_timeout,
            max_length=request.max_length,
        )
        try:
            address = await self._open_stream(leg, near=None)
            try:
                call = self._arrivals.take(request.offer)  # the caller may have gone meanwhile
            except OfferGone:
                self._close_stream(leg)
                raise
            host = self._media_host(address, source.host)
        except BaseException:
            self._forget(leg.id)
            if leg.leg.state is LegState.NEW:
                leg.give_up("its call was not there any more")
            self._arrivals.decline(request.offer, Refusal.OVERLOADED)
            raise
        leg.offered(call, self._negotiation(host, address.port))

    async def decline(self, offer: int, refusal: Refusal) -> None:
        """Refuse a call that was not taken."""
        self._arrivals.decline(offer, refusal)

    async def ring(self, leg: AttemptId) -> None:
        """Send 180 for a call that was taken."""
        live = self._legs.get(leg)
        if isinstance(live, IncomingLeg):
            live.ring()

    async def answer(self, leg: AttemptId) -> None:
        """Answer a call that was taken."""
        live = self._legs.get(leg)
        if isinstance(live, IncomingLeg):
            live.pick_up()

    async def reject(self, leg: AttemptId, refusal: Refusal) -> None:
        """Turn away the caller of a call that was taken."""
        live = self._legs.get(leg)
        if isinstance(live, IncomingLeg):
            live.reject(refusal)

    async def play(
        self, leg: AttemptId, playback: int, audio: Sequence[Heard], loop: int | None
    ) -> None:
        """Play audio and silence without gaps in place of what plays."""
        if loop is not None and loop < 1:
            raise ValueError(f"a sound is played once or more, not {loop} times")
        if any(isinstance(one, timedelta) and one < timedelta() for one in audio):
            raise ValueError("silence lasts no less than nothing")
        live = self._answered(leg)
        if live is None:
            return
        try:
            items = [self._item(one) for one in audio]
            self._media.play(leg, playback, items, loop=loop)
        except (RingcastError, MediaError) as exc:
            log.warning("playback failed", extra={"leg": leg, "why": str(exc)})
            live.playback_failed(playback)

    def _item(self, heard: Heard) -> PlayItem:
        if isinstance(heard, timedelta):
            return PlaySilence(round(heard / timedelta(milliseconds=1)))
        return PlayFile(str(self._playable(heard)))

    async def stop_playback(self, leg: AttemptId, playback: int) -> None:
        """Stop that playback, if it is the one that plays."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.stop_playback, leg, playback)

    async def send_digits(self, leg: AttemptId, digits: str) -> None:
        """Send DTMF as telephone events, or in SIP INFO where the far end takes none.

        Raises ValueError for what is no digit and no pause.
        """
        check_digits(digits, duration_ms=DIGIT_MS, gap_ms=DIGIT_GAP_MS)
        live = self._answered(leg)
        if live is not None:
            live.send_digits(digits)

    async def start_detection(self, leg: AttemptId, settings: DetectionSettings) -> None:
        """Find out who has answered."""
        limits = limits_in_seconds(settings)
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.start_detection, leg, limits)

    async def stop_detection(self, leg: AttemptId) -> None:
        """End the detection."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.stop_detection, leg)

    async def watch_silence(self, leg: AttemptId, length: timedelta) -> None:
        """Report when nobody has spoken for so long."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.watch_silence, leg, length.total_seconds())

    async def stop_watching_silence(self, leg: AttemptId) -> None:
        """Wait for silence no more."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.stop_watching_silence, leg)

    async def listen_for_keys(self, leg: AttemptId) -> None:
        """Report also keys that come as tones."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.listen_for_keys, leg)

    async def stop_listening_for_keys(self, leg: AttemptId) -> None:
        """Report only keys that come as events or in SIP INFO."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.stop_listening_for_keys, leg)

    async def bridge(self, leg: AttemptId, other: AttemptId) -> None:
        """Let two answered legs hear each other."""
        self._bridges.join(leg, other)

    async def unbridge(self, leg: AttemptId, other: AttemptId) -> None:
        """Part two legs that are bridged to each other."""
        self._bridges.part(leg, other)

    async def start_recording(
        self,
        leg: AttemptId,
        recording: int,
        path: Path,
        *,
        tracks: RecordingTracks,
        max_length: timedelta,
    ) -> None:
        """Record the leg into a WAV file."""
        live = self._answered(leg)
        if live is not None:
            live.leg.recording_started(recording)
            live.command(
                self._media.start_recording,
                leg,
                recording,
                str(path),
                tracks=tracks.value,
                max_seconds=max_length.total_seconds(),
            )

    async def stop_recording(self, leg: AttemptId, recording: int) -> None:
        """End that recording and complete its file."""
        live = self._answered(leg)
        if live is not None:
            live.command(self._media.stop_recording, leg, recording)

    async def hang_up(self, leg: AttemptId, *, reason: str = "hung up") -> None:
        """End the leg, whether it rings or is answered."""
        live = self._legs.get(leg)
        if live is not None:
            live.hang_up(reason)

    # Inside

    async def _open_stream(self, leg: LiveLeg, *, near: AttemptId | None) -> LocalAddress:
        try:
            address = await self._media.open(leg.id, near=near)
        except NoPortsLeft as exc:
            raise EngineUnavailable(
                f"no RTP port is free in {self._rtp_ports.start}-{self._rtp_ports.stop - 1}:"
                " widen --rtp-ports or place fewer calls at a time"
            ) from exc
        except MediaUnavailable as exc:
            raise EngineUnavailable(f"{exc}: it is being restarted, try again") from exc
        if leg.lost is not None:  # hung up, or its worker died, while the stream was being opened
            self._close_stream(leg)
            raise EngineUnavailable(leg.lost)
        return address

    def _invite(
        self,
        request: Originate,
        leg: LiveLeg,
        route: Route,
        headers: list[tuple[str, str]],
        offer: bytes,
        servers: Sequence[SipDestination],
    ) -> OutgoingCall:
        host = route.domain or self._from_host(route)
        number, name = request.from_number, request.from_name
        try:
            return self._agent.invite(
                route.uri,
                from_=from_value(route, number, name, host=host),
                on_event=leg.on_sip_event,
                body=offer,
                headers=[*identity_headers(route, number, name, host=host), *headers],
                credentials=route.credentials,
                contact_user=route.contact_user,
                routes=self._registration.routes if route.is_trunk else (),
                destination=servers[0] if servers else None,
                alternatives=servers[1:],
                follows=self._servers.follows if self._servers and route.is_trunk else None,
            )
        except (SipError, NotRunning) as exc:
            self._close_stream(leg)
            raise EngineUnavailable(f"no INVITE could be sent to {route.peer}: {exc}") from exc

    def _close_stream(self, leg: LiveLeg) -> None:
        try:
            self._media.close_stream(leg.id)
        except MediaError as exc:  # gone with its worker
            log.info("stream not closed", extra={"leg": leg.id, "why": str(exc)})

    def _answered(self, leg: AttemptId) -> LiveLeg | None:
        live = self._legs.get(leg)
        return live if live is not None and live.leg.state is LegState.ANSWERED else None

    def _forget(self, leg: AttemptId) -> None:
        self._legs.pop(leg, None)
        if not self._legs:
            self._all_ended.set()

    def _on_media_event(self, event: MediaEvent) -> None:
        if isinstance(event, WorkerLost):
            for stream in event.streams:
                live = self._legs.get(AttemptId(stream))
                if live is not None:
                    live.lose_media()
            return
        live = self._legs.get(AttemptId(event.stream))
        if live is not None:
            live.on_media_event(event)

    def _new_session_id(self) -> int:
        # RFC 8866 5.2 asks for a number that is unique for our address; time makes it so.
        if not self._next_session_id:
            self._next_session_id = int(self._clock.now().timestamp()) << 16
        self._next_session_id += 1
        return self._next_session_id

    def _descriptions_of(self, host: str) -> Descriptions:
        known = self._descriptions.get(host)
        if known is None:  # one for each address that the machine has towards somebody
            known = self._descriptions[host] = Descriptions(host)
        return known

    def _negotiation(self, host: str, port: int) -> Negotiation:
        return Negotiation(
            self._descriptions_of(host),
            address=host,
            port=port,
            session_id=self._new_session_id(),
        )

    def _media_host(self, address: LocalAddress, peer: str) -> str:
        """Return the address for our SDP."""
        if self._advertise is not None:
            return self._advertise
        return address.host if address.host not in WILDCARDS else local_host_towards(peer)

    def _from_host(self, route: Route) -> str:
        """Return the host part of our From, as it is written in a URI."""
        host = self._advertise or self._sip_host
        return format_host_port(local_host_towards(route.host) if host in WILDCARDS else host, None)


def limits_in_seconds(settings: DetectionSettings) -> detection.DetectionSettings:
    """Return the settings as media workers take them: in seconds."""
    given: dict[str, Any] = {}
    for name in DetectionSettings.__dataclass_fields__:
        value = getattr(settings, name)
        if value is not None:
            given[name] = value.total_seconds() if isinstance(value, timedelta) else value
    return detection.DetectionSettings(**given)
