"""Calls that come to us: who may call, what is told of them, and the leg of one that is taken."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Final

from ringcast.domain.errors import InvalidNumber, OfferGone
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded.leg import Action, Moment, SendAnswer, SendRefusal, Verdict
from ringcast.engines.embedded.live import LiveLeg, Surroundings
from ringcast.engines.embedded.negotiation import Negotiation
from ringcast.engines.embedded.trunk import Trunk
from ringcast.engines.embedded.trunk_servers import TrunkServers
from ringcast.media import MediaError
from ringcast.ports.clock import Clock
from ringcast.ports.engine import CallOffered, OfferSink, Refusal, WhoEnded
from ringcast.protocols.sdp import SdpError
from ringcast.protocols.sip.agent import ADMIT, Admission
from ringcast.protocols.sip.agent_events import Acked, CallEvent, Cancelled, Ended
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import Destination
from ringcast.protocols.sip.uri import OpaqueUri, SipUri
from ringcast.useragent import IncomingCall

__all__ = ["Arrivals", "IncomingLeg"]

log = logging.getLogger(__name__)

_PATIENCE: Final = 8.0
"""Seconds after which a call that nobody has taken is refused."""
_KNOWN_FOR: Final = 60.0
"""Seconds for which the addresses of a trunk with a name are believed."""
_MOST_WAITING: Final = 500
"""Calls that may wait to be taken at a time; more are refused."""

_TOLD_HEADERS: Final = frozenset(
    {"Diversion", "History-Info", "P-Asserted-Identity", "Privacy", "Remote-Party-ID"}
)
"""Besides the X- headers: who calls really, and whom the caller had called before."""

_NOT_ACCEPTABLE_HERE: Final = 488


@dataclass(slots=True)
class _Waiting:
    """A call that nobody has taken yet."""

    call: IncomingCall
    timer: asyncio.TimerHandle


class Arrivals:
    """Lets calls of the trunk in and keeps each until somebody takes or refuses it.

    Whoever is not the trunk gets no answer at all, which is what scanners deserve.
    """

    def __init__(self, *, trunk: Trunk | None, clock: Clock) -> None:
        self._trunk = trunk
        self._clock = clock
        self.servers: TrunkServers | None = None
        """Who calls us for the trunk, if it is a domain."""
        self._sink: OfferSink | None = None
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._addresses: frozenset[str] = frozenset()
        self._known_until = 0.0
        self._look_up: asyncio.Task[None] | None = None

    def start(self, sink: OfferSink | None) -> None:
        """Tell `sink` of calls from now on; without one they are refused."""
        self._sink = sink
        self._refresh()

    def close(self) -> None:
        """Refuse what waits."""
        self._sink = None
        if self._look_up is not None:
            self._look_up.cancel()
        for offer in list(self._waiting):
            self.decline(offer, Refusal.UNAVAILABLE)

    def admit(self, _request: Request, source: Destination) -> Admission:
        """Let the trunk in, whatever port it sends from (`protocols.sip.agent.Agent`)."""
        return None if self.is_stranger(source) else ADMIT

    def is_stranger(self, source: Destination) -> bool:
        """Whether this is not the trunk."""
        trunk = self._trunk
        if trunk is None:
            return True
        self._refresh()
        # On a connection that we have opened the trunk is known by its name.
        return source.host not in self._addresses and source.host != trunk.host

    def on_incoming(self, call: IncomingCall) -> None:
        """Take note of a new call and tell the sink."""
        sink = self._sink
        if sink is None or self._trunk is None or len(self._waiting) >= _MOST_WAITING:
            refusal = Refusal.UNAVAILABLE if sink is None else Refusal.OVERLOADED
            call.reject(refusal.sip_status)
            return
        offer = next(self._numbers)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(_PATIENCE, self.decline, offer, Refusal.UNAVAILABLE)
        self._waiting[offer] = _Waiting(call, timer)
        call.on_event = lambda event: self._on_event(offer, event)
        sink(_told(offer, call.request, trunk=self._trunk, clock=self._clock))

    def source_of(self, offer: int) -> Destination:
        """Return where a call that waits comes from; raise OfferGone if it does not."""
        waiting = self._waiting.get(offer)
        if waiting is None:
            raise OfferGone
        return waiting.call.source

    def take(self, offer: int) -> IncomingCall:
        """Return a call that waits; raise OfferGone if the caller has given up."""
        waiting = self._waiting.pop(offer, None)
        if waiting is None:
            raise OfferGone
        waiting.timer.cancel()
        return waiting.call

    def decline(self, offer: int, refusal: Refusal) -> None:
        """Refuse a call that waits; do nothing if it does not."""
        waiting = self._waiting.pop(offer, None)
        if waiting is not None:
            waiting.timer.cancel()
            waiting.call.on_event = None
            waiting.call.reject(refusal.sip_status)

    def _on_event(self, offer: int, event: CallEvent) -> None:
        if isinstance(event, Cancelled | Ended):
            waiting = self._waiting.pop(offer, None)
            if waiting is not None:
                waiting.timer.cancel()

    def _refresh(self) -> None:
        """Know the trunk's addresses; a name is looked up in the background."""
        trunk = self._trunk
        if trunk is None:
            return
        now = self._clock.monotonic()
        if now < self._known_until or self._look_up is not None:
            return
        if _is_address(trunk.host):
            self._addresses = frozenset((trunk.host,))
            self._known_until = float("inf")
            return
        self._look_up = asyncio.ensure_future(self._resolve(trunk.host))

    async def _resolve(self, name: str) -> None:
        try:
            hosts = {name} if self.servers is None else {s.host for s in await self.servers.find()}
            loop = asyncio.get_running_loop()
            found = [info for host in hosts for info in await loop.getaddrinfo(host, None)]
        except OSError as error:
            log.warning("trunk's name not found", extra={"trunk": name, "why": str(error)})
        else:
            self._addresses = frozenset(str(address[0]) for *_, address in found) | hosts
        finally:
            self._known_until = self._clock.monotonic() + _KNOWN_FOR
            self._look_up = None


class IncomingLeg(LiveLeg):
    """The leg of a call that came to us and was taken."""

    __slots__ = ("_answer", "_has_offer", "_incoming")

    def __init__(
        self,
        leg: AttemptId,
        around: Surroundings,
        *,
        peer: str,
        ring_timeout: timedelta,
        max_length: timedelta,
    ) -> None:
        super().__init__(leg, around, peer=peer, ring_timeout=ring_timeout, max_length=max_length)
        self._incoming: IncomingCall | None = None
        self._answer = b""
        self._has_offer = False

    def offered(self, call: IncomingCall, negotiation: Negotiation) -> None:
        """The call waits to be answered, with a session that we can take part in or refuse."""
        self._call = self._incoming = call
        self._negotiation = negotiation
        self.leg.offered(now=self._around.now())
        body = call.request.body
        self._has_offer = bool(body)
        try:
            self._answer = negotiation.answer(body) if body else negotiation.offer()
        except (SdpError, ValueError) as error:
            self._refuse(_NOT_ACCEPTABLE_HERE, f"{self.peer} offers what we cannot use: {error}")
            return
        call.on_event = self.on_sip_event
        self._act()

    def ring(self) -> None:
        """Let the caller hear that it rings here."""
        if self._incoming is not None and self.leg.is_live:
            self._incoming.ring()

    def pick_up(self) -> None:
        """Answer the call."""
        self.leg.pick_up()
        self._act()

    def reject(self, refusal: Refusal) -> None:
        """Turn the caller away before the answer."""
        self._refuse(
            refusal.sip_status, f"the call was turned away here ({refusal})", WhoEnded.LOCAL
        )

    def _refuse(self, status: int, reason: str, by: WhoEnded = WhoEnded.ENGINE) -> None:
        self.leg.refuse(status, reason, now=self._around.now(), by=by)
        self._act()

    def _take_sip_event(self, event: CallEvent, now: Moment) -> None:
        if isinstance(event, Cancelled):
            reason = "the caller hung up before the answer"
            verdict = Verdict(by=WhoEnded.REMOTE, sip_status=487, q850=event.cause, reason=reason)
            self.leg.dialog_ended(verdict, now=now)
        elif isinstance(event, Acked):
            if event.body:
                self._answer_in_ack(event, now)
            self.leg.connected(now=now)
        else:
            super()._take_sip_event(event, now)

    def _do(self, action: Action) -> None:
        assert self._incoming is not None
        if isinstance(action, SendAnswer):
            self._send_answer(self._incoming)
        elif isinstance(action, SendRefusal):
            self._incoming.reject(action.status)
        else:
            super()._do(action)

    def _send_answer(self, call: IncomingCall) -> None:
        assert self._negotiation is not None
        if self._has_offer:
            try:
                self._connect(self._negotiation)
            except (MediaError, ValueError) as error:  # a worker lost, a host name in its SDP
                self.leg.fail(f"its audio could not be connected: {error}", now=self._around.now())
                return
        call.answer_offer = self.answer_offer
        call.answer(self._answer)
        if self._has_offer:  # without one the session comes in the ACK
            self.leg.connected(now=self._around.now())


def _told(offer: int, request: Request, *, trunk: Trunk, clock: Clock) -> CallOffered:
    caller = request.from_
    from_text = _user(caller.uri)
    return CallOffered(
        offer=offer,
        at=clock.now(),
        to=_dialled(request, trunk),
        from_number=_number(from_text),
        from_text=from_text,
        from_name=caller.display_name or None,
        trunk=trunk.name,
        sip_call_id=request.call_id,
        headers={
            name: ", ".join(request.headers.get_all(name))
            for name, _ in request.headers
            if name[:2] in ("X-", "x-") or name in _TOLD_HEADERS
        },
    )


def _dialled(request: Request, trunk: Trunk) -> str:
    """Return what was dialled: a trunk that we register with calls our Contact, for whoever."""
    user = _user(request.request_uri)
    return _user(request.to.uri) if trunk.registers and user == trunk.user else user


def _number(text: str) -> PhoneNumber | None:
    try:
        return PhoneNumber.parse(text, field="from")
    except InvalidNumber:
        return None


def _user(uri: SipUri | OpaqueUri) -> str:
    """Return the user part of a URI, without the parameters some gateways put into it."""
    return (uri.unescaped_user or "").partition(";")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
