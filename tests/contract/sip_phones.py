"""Telephones that answer calls over real SIP and RTP, as their number's plan says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ringcast.engines.simulator import FarEnd
from ringcast.protocols.sdp import (
    Agreement,
    SessionDescription,
    answer_offer,
    make_offer,
    read_answer,
)
from ringcast.protocols.sip.agent import ADMIT, Admission, Refuse
from ringcast.protocols.sip.agent_events import (
    Answered,
    CallEvent,
    Cancelled,
    Ended,
    Failed,
    Info,
)
from ringcast.protocols.sip.digest_server import DigestServer, Verdict
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import Destination
from ringcast.useragent import Call, IncomingCall, OutgoingCall, UserAgent
from tests.contract.rtp_peer import PCMA, SILENCE, RtpPeer

HOST: Final = "127.0.0.1"
_SILENT: Final = FarEnd(rings_after=None, answers_after=None)


class SipPhones:
    """One SIP address with a telephone behind each number in `plan`."""

    def __init__(self) -> None:
        self.plan: dict[str, FarEnd] = {}
        self.says: dict[str, bytes] = {}
        """What a telephone sends from its answer on, in µ-law; others hum all the time."""
        self.by_number: dict[str, SipPhone] = {}
        self.requests: list[Request] = []
        """Every request that began something, INVITEs mostly."""
        self.password: str | None = None
        """If set: INVITEs must answer a challenge with it."""
        self.alter_answer: Callable[[bytes], bytes] = lambda body: body
        """Changes the session descriptions that the telephones answer with."""
        self.alter_offer: Callable[[bytes], bytes] = lambda body: body
        """Changes the session descriptions with which the telephones call."""
        self._digest = DigestServer("carrier", b"a secret of this test")
        self._tasks: set[asyncio.Task[None]] = set()
        self._agent = UserAgent(listen=(HOST, 0), on_incoming=self._ring_up, admit=self._admit)

    async def start(self) -> None:
        await self._agent.start()

    @property
    def address(self) -> tuple[str, int]:
        return self._agent.local_address

    @property
    def call_count(self) -> int:
        """How many calls are up or ringing."""
        return self._agent.session_count

    async def call_in(
        self,
        number: str,
        far_end: FarEnd,
        *,
        to: str,
        at: tuple[str, int],
        gives_up_after: timedelta | None = None,
        offers_session: bool = True,
    ) -> SipCaller:
        """Have the telephone of this number call `to` at an engine."""
        caller = SipCaller(far_end, await RtpPeer.open(HOST), gives_up_after=gives_up_after)
        self.by_number[number] = caller
        body = self.alter_offer(caller.offer_body()) if offers_session else b""
        caller.dial(
            self._agent, uri=f"sip:{to}@{at[0]}:{at[1]}", from_=f"<sip:{number}@{HOST}>",
            body=body,
        )  # fmt: skip
        task = asyncio.ensure_future(caller.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return caller

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for phone in self.by_number.values():
            phone.rtp.close()
        await self._agent.close()

    def _admit(self, request: Request, source: Destination) -> Admission:
        """Stay without a word, not even 100, where the plan says so."""
        plan = self._plan_of(request)
        if plan.rings_after is None and plan.answers_after is None:
            return None
        self.requests.append(request)
        if self.password is None or self._is_authentic(request, self.password):
            return ADMIT
        challenges = self._digest.challenges(now=0.0)
        return Refuse(407, headers=[("Proxy-Authenticate", value) for value in challenges])

    def _is_authentic(self, request: Request, password: str) -> bool:
        given = request.headers.get("Proxy-Authorization")
        return (
            given is not None
            and self._digest.verify(
                given,
                method=request.method,
                uri=request.uri,
                lookup=lambda user: password if user == "me" else None,
                now=0.0,
            ).verdict
            is Verdict.ACCEPTED
        )

    def _plan_of(self, request: Request) -> FarEnd:
        number = str(getattr(request.request_uri, "user", ""))
        return self.plan.get(number, _SILENT)

    def _ring_up(self, call: IncomingCall) -> None:
        early: list[CallEvent] = []
        call.on_event = early.append  # it may be over before the telephone is there
        task = asyncio.ensure_future(self._serve(call, early))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, call: IncomingCall, early: list[CallEvent]) -> None:
        phone = CalledPhone(
            call,
            self._plan_of(call.request),
            await RtpPeer.open(HOST),
            alter_answer=self.alter_answer,
        )
        number = str(getattr(call.request.request_uri, "user", ""))
        phone.says = self.says.get(number)
        self.by_number[number] = phone
        for event in early:
            phone.note(event)
        await phone.run()


class SipPhone:
    """One telephone in one call."""

    call: Call

    def __init__(self, far_end: FarEnd, rtp: RtpPeer) -> None:
        self.far_end = far_end
        self.rtp = rtp
        self.says: bytes | None = None
        self.agreed: Agreement | None = None
        self.events: list[CallEvent] = []
        self._over = asyncio.Event()
        self._version = 0

    async def run(self) -> None:
        """Do what the far end does until the call is over."""
        acting = asyncio.ensure_future(self._act())
        try:
            await self._over.wait()
        finally:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
            self.rtp.close()

    def hang_up(self, cause: int | None = None) -> None:
        self.call.bye(cause=cause)

    def press(self, digit: str) -> None:
        self.rtp.press(digit)

    def press_by_info(self, digit: str) -> None:
        body = f"Signal={digit}\r\nDuration=200\r\n".encode()
        self.call.info(body, content_type="application/dtmf-relay")

    def reinvite(self, direction: str) -> None:
        """Offer our stream again in this direction: hold (sendonly, inactive) or resume."""
        self._version += 1
        offer = make_offer(
            address=HOST,
            port=self.rtp.port,
            session_id=1,
            version=self._version + 1,
            direction=direction,
        )
        self.call.reinvite(offer.serialize())

    def digits_by_info(self) -> str:
        """Return the keys that were sent to us in SIP INFO."""
        bodies = [event.body.decode() for event in self.events if isinstance(event, Info)]
        return "".join(body.split("Signal=")[1][0] for body in bodies)

    async def _act(self) -> None:
        """Do what the far end does from the beginning."""

    async def _while_answered(self) -> None:
        far_end = self.far_end
        deeds = [(when, digit) for when, digit in far_end.presses]
        if far_end.hangs_up_after is not None:
            deeds.append((far_end.hangs_up_after, ""))
        passed = timedelta()
        for when, digit in sorted(deeds):
            await _sleep(when - passed)
            passed = when
            if digit:
                self.press(digit)
            else:
                self.hang_up(far_end.q850)

    def note(self, event: CallEvent) -> None:
        self.events.append(event)
        if isinstance(event, Ended | Cancelled | Failed):
            self._over.set()


class CalledPhone(SipPhone):
    """A telephone that is called."""

    def __init__(
        self,
        call: IncomingCall,
        far_end: FarEnd,
        rtp: RtpPeer,
        *,
        alter_answer: Callable[[bytes], bytes],
    ) -> None:
        super().__init__(far_end, rtp)
        self.call = self._incoming = call
        self._alter_answer = alter_answer
        call.on_event = self.note

    def answer_body(self) -> bytes:
        """Return our answer to the offer of the INVITE, and be connected as it says."""
        offer = SessionDescription.parse(self._incoming.request.body)
        answer, self.agreed = answer_offer(
            offer, address=HOST, port=self.rtp.port, session_id=1, version=1
        )
        self.rtp.connect((self.agreed.remote_address, self.agreed.remote_port))
        if self.says is not None:
            self.rtp.background = SILENCE
            self.rtp.say(self.says)
        body = self._alter_answer(answer.serialize())
        if b"RTP/AVP 8" in body:
            self.rtp.codec = PCMA
        return body

    async def _act(self) -> None:
        far_end = self.far_end
        begun = asyncio.get_running_loop().time()
        if far_end.rings_after is not None and far_end.refuses is None:
            await _sleep(far_end.rings_after)
            if far_end.early_media:
                self._incoming.progress(self.answer_body())
            else:
                self._incoming.ring()
        if far_end.answers_after is None:
            return
        passed = asyncio.get_running_loop().time() - begun
        await _sleep(far_end.answers_after - timedelta(seconds=passed))
        if far_end.refuses is not None:
            headers = [] if far_end.q850 is None else [_reason(far_end.q850)]
            self._incoming.reject(far_end.refuses, headers=headers)
            return
        self._incoming.answer(self.answer_body())
        await self._while_answered()


class SipCaller(SipPhone):
    """A telephone that calls an engine."""

    def __init__(self, far_end: FarEnd, rtp: RtpPeer, *, gives_up_after: timedelta | None) -> None:
        super().__init__(far_end, rtp)
        self._gives_up_after = gives_up_after
        self._offer = make_offer(address=HOST, port=rtp.port, session_id=1, version=1)
        self._outgoing: OutgoingCall
        self._offers_session = True
        self._answered = asyncio.Event()

    def offer_body(self) -> bytes:
        """Return our offer."""
        return self._offer.serialize()

    def dial(self, agent: UserAgent, *, uri: str, from_: str, body: bytes) -> None:
        """Send the INVITE, with an offer of ours or with none."""
        self._offers_session = bool(body)
        self.call = self._outgoing = agent.invite(
            uri,
            from_=from_,
            on_event=self.note,
            body=body,
            headers=[("X-Campaign", "spring")],
        )

    @property
    def status(self) -> int | None:
        """The final status of the INVITE, if it failed."""
        return next((event.status for event in self.events if isinstance(event, Failed)), None)

    async def _act(self) -> None:
        if self._gives_up_after is not None:
            await _sleep(self._gives_up_after)
            self._outgoing.cancel()
            return
        await self._answered.wait()
        await self._while_answered()

    def note(self, event: CallEvent) -> None:
        if isinstance(event, Answered):
            self._connect(event.body)
            self._answered.set()
        super().note(event)

    def _connect(self, body: bytes) -> None:
        theirs = SessionDescription.parse(body)
        if self._offers_session:
            self.agreed = read_answer(self._offer, theirs)
        else:
            answer, self.agreed = answer_offer(
                theirs, address=HOST, port=self.rtp.port, session_id=1, version=1
            )
            self._outgoing.acknowledge(answer.serialize())
        self.rtp.connect((self.agreed.remote_address, self.agreed.remote_port))


def _reason(q850: int) -> tuple[str, str]:
    return "Reason", f"Q.850;cause={q850}"


async def _sleep(length: timedelta) -> None:
    await asyncio.sleep(max(0.0, length.total_seconds()))
