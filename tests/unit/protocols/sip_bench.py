"""A workbench for SIP machines: requests and responses in one line, two agents on a bad wire."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from ringcast.protocols.sip.agent import ADMIT, Admission, Agent
from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.agent_events import CallEvent, Ended, Failed, Invited
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_outgoing import Invitation, OutgoingSession
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.message import Request, Response, make_response, parse_message
from ringcast.protocols.sip.transactions import UDP, Destination

HERE = Destination(UDP, "192.0.2.1", 5060)
PEER = Destination(UDP, "192.0.2.2", 5060)
OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\n"
INVITATION = Invitation(
    uri="sip:bob@192.0.2.2", from_='"Alice" <sip:alice@192.0.2.1>', body=OFFER, contact_user="alice"
)


def tokens(prefix: str) -> Callable[[], str]:
    """Return a generator of t1, t2, …"""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


def request(
    method: str,
    *,
    branch: str = "z9hG4bKone",
    uri: str = "sip:bob@192.0.2.2",
    via: str = "SIP/2.0/UDP 192.0.2.1:5060;rport",
    from_: str = "<sip:alice@192.0.2.1>;tag=alice",
    to: str = "<sip:bob@192.0.2.2>",
    call_id: str = "call",
    number: int = 1,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Request:
    """Make a request; `branch` is left out if empty."""
    top = f"{via};branch={branch}" if branch else via
    fields = [
        ("Via", top),
        ("Max-Forwards", "70"),
        ("From", from_),
        ("To", to),
        ("Call-ID", call_id),
        ("CSeq", f"{number} {method}"),
        ("Contact", "<sip:alice@192.0.2.1:5060>"),
    ]
    if body:
        fields.append(("Content-Type", "application/sdp"))
    return Request(method, uri, Headers([*fields, *headers]), body)


def answer(
    to: Request,
    status: int,
    *,
    tag: str | None = "bob",
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
    contact: str | None = "<sip:bob@192.0.2.2:5060>",
) -> Response:
    """Make a response as a far end would."""
    extra = list(headers)
    if contact is not None:
        extra.append(("Contact", contact))
    if body:
        extra.append(("Content-Type", "application/sdp"))
    return make_response(to, status, to_tag=tag, headers=extra, body=body)


def first_lines(datagrams: list[bytes]) -> list[str]:
    """Return the start lines, shortened: `INVITE`, `200 INVITE`."""
    return [short(parse_message(data)) for data in datagrams]


def short(message: Request | Response) -> str:
    """Return `BYE` for a request, `200 BYE` for a response."""
    if isinstance(message, Request):
        return message.method
    return f"{message.status} {message.cseq.method}"


class Bench:
    """One agent; what it sends is read, what it receives is written by the test."""

    def __init__(
        self,
        *,
        admit: Callable[[Request, Destination], Admission] = lambda request, source: ADMIT,
        credentials: Credentials | None = None,
        is_stranger: Callable[[Destination], bool] = lambda source: False,
    ) -> None:
        self.now = 0.0
        self.credentials = credentials
        self.agent = Agent(
            new_token=tokens("t"),
            sent_by=lambda destination: "192.0.2.1:5060",
            admit=admit,
            is_stranger=is_stranger,
        )
        self.events: list[CallEvent] = []
        self.sessions: list[Session] = []
        self.incoming: list[IncomingSession] = []
        self.went_to: list[Destination] = []

    def call(self, invitation: Invitation = INVITATION) -> tuple[OutgoingSession, Request]:
        """Place a call; return it with its INVITE."""
        session = self.agent.invite(invitation, now=self.now)
        return session, self.only_request()

    def sent(self) -> list[Request | Response]:
        """Take what was sent since the last time, parsed and checked."""
        messages = []
        self.went_to = []
        for data, destination, _ in self.agent.datagrams_to_send():
            message = parse_message(data)
            message.validate()
            messages.append(message)
            self.went_to.append(destination)
        return messages

    def answers(self) -> list[Response]:
        """Take what was sent, as answers to requests that need not have been right."""
        sent = self.agent.datagrams_to_send()
        self.went_to = [destination for _, destination, _ in sent]
        messages = [parse_message(data) for data, _, _ in sent]
        assert all(isinstance(message, Response) for message in messages)
        return [message for message in messages if isinstance(message, Response)]

    def sent_lines(self) -> list[str]:
        """Take what was sent as short lines."""
        return [short(message) for message in self.sent()]

    def only_request(self) -> Request:
        """Take the one request that was sent."""
        (message,) = self.sent()
        assert isinstance(message, Request)
        return message

    def only_response(self) -> Response:
        """Take the one response that was sent."""
        (message,) = self.sent()
        assert isinstance(message, Response)
        return message

    def receive(self, *messages: Request | Response, source: Destination = PEER) -> None:
        """Let messages arrive."""
        for message in messages:
            self.agent.receive_data(message.serialize(), source, now=self.now)

    def wait(self, seconds: float) -> list[str]:
        """Let time pass, timer by timer; return what was sent meanwhile, as `time line`."""
        end = self.now + seconds
        lines = []
        while (at := self.agent.next_timer()) is not None and at <= end:
            assert at >= self.now, "a timer in the past would be set for ever"
            self.now = at
            self.agent.handle_timers(now=at)
            lines += [f"{round(at, 3):g} {line}" for line in self.sent_lines()]
        self.now = end
        return lines

    def take(self) -> list[CallEvent]:
        """Take the events since the last time."""
        events = []
        while (item := self.agent.next_event()) is not None:
            session, event = item
            events.append(event)
            if isinstance(event, Invited) and isinstance(session, IncomingSession):
                self.incoming.append(session)
        return events

    def kinds(self) -> list[str]:
        """Take the events as names."""
        return [type(event).__name__ for event in self.take()]

    def is_empty(self) -> bool:
        """Whether no call and no transaction is left."""
        return (self.agent.session_count, self.agent.transaction_count) == (0, 0)


def failure(events: list[CallEvent]) -> Failed:
    assert isinstance(events[-1], Failed)
    return events[-1]


def end(events: list[CallEvent]) -> Ended:
    assert isinstance(events[-1], Ended)
    return events[-1]


def answered_call(bench: Bench) -> tuple[OutgoingSession, Request]:
    """Place a call that is answered at once."""
    call, invite = bench.call()
    bench.receive(answer(invite, 200, body=ANSWER))
    assert bench.sent_lines() == ["ACK"]
    assert bench.kinds() == ["Answered"]
    return call, invite


def from_bob(method: str, invite: Request, *, number: int = 1, body: bytes = b"") -> Request:
    """Make a request of the far end inside the dialog."""
    return request(
        method,
        branch=f"z9hG4bKbob{number}{method}",
        uri="sip:alice@192.0.2.1:5060",
        via="SIP/2.0/UDP 192.0.2.2:5060;rport",
        from_="<sip:bob@192.0.2.2>;tag=bob",
        to=invite.headers.get("From") or "",
        call_id=invite.call_id,
        number=number,
        body=body,
    )


@dataclass
class Wire:
    """Two agents, a delay, and a rule that says which message is lost. Time is simulated."""

    lose: Callable[[int, str], bool] = lambda number, line: False
    """Gets the number of the message and its short line."""
    delay: float = 0.01
    now: float = 0.0
    log: list[str] = field(default_factory=list)
    events: dict[str, list[CallEvent]] = field(default_factory=lambda: {"a": [], "b": []})
    on_event: Callable[[str, Session, CallEvent], None] = lambda side, session, event: None

    def __post_init__(self) -> None:
        self._flying: list[tuple[float, int, str, bytes]] = []
        self._order = count()
        self.agents = {
            side: Agent(
                new_token=tokens(side),
                sent_by=lambda destination, host=host: f"{host}:5060",  # type: ignore[misc]
                admit=lambda request, source: ADMIT,
            )
            for side, host in (("a", HERE.host), ("b", PEER.host))
        }

    def run(self, *, until: float) -> None:
        """Let time pass until everything is quiet or the time has come."""
        for _ in range(100_000):
            self._collect()
            timers = [agent.next_timer() for agent in self.agents.values()]
            times = [at for at in timers if at is not None]
            if self._flying:
                times.append(self._flying[0][0])
            if not times or min(times) > until:
                self.now = until
                return
            self.now = max(self.now, min(times))
            while self._flying and self._flying[0][0] <= self.now:
                _, _, side, data = heapq.heappop(self._flying)
                source = PEER if side == "a" else HERE
                self.agents[side].receive_data(data, source, now=self.now)
            for agent in self.agents.values():
                agent.handle_timers(now=self.now)
        raise AssertionError("the two never come to rest")

    def _collect(self) -> None:
        for side, agent in self.agents.items():
            while (item := agent.next_event()) is not None:
                session, event = item
                self.events[side].append(event)
                self.on_event(side, session, event)
            for data, _, _ in agent.datagrams_to_send():
                number = next(self._order)
                line = short(parse_message(data))
                lost = self.lose(number, line)
                self.log.append(f"{self.now:.2f} {side} {line}{' lost' if lost else ''}")
                if not lost:
                    other = "b" if side == "a" else "a"
                    heapq.heappush(self._flying, (self.now + self.delay, number, other, data))
