"""Telephones that answer calls over real SIP and RTP, as their number's plan says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ringcast.engines.simulator import FarEnd
from ringcast.protocols.sdp import Agreement, SessionDescription, answer_offer, make_offer
from ringcast.protocols.sip.agent import ADMIT, Admission, Refuse
from ringcast.protocols.sip.agent_events import CallEvent, Cancelled, Ended, Info
from ringcast.protocols.sip.digest_server import DigestServer, Verdict
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import Destination
from ringcast.useragent import IncomingCall, UserAgent
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
        task = asyncio.ensure_future(self._serve(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, call: IncomingCall) -> None:
        phone = SipPhone(
            call,
            self._plan_of(call.request),
            await RtpPeer.open(HOST),
            alter_answer=self.alter_answer,
        )
        number = str(getattr(call.request.request_uri, "user", ""))
        phone.says = self.says.get(number)
        self.by_number[number] = phone
        await phone.run()


class SipPhone:
    """One telephone in one call."""

    def __init__(
        self,
        call: IncomingCall,
        far_end: FarEnd,
        rtp: RtpPeer,
        *,
        alter_answer: Callable[[bytes], bytes],
    ) -> None:
        self.call = call
        self.far_end = far_end
        self.rtp = rtp
        self.says: bytes | None = None
        self.agreed: Agreement | None = None
        self.events: list[CallEvent] = []
        self._alter_answer = alter_answer
        self._over = asyncio.Event()
        self._version = 0
        call.on_event = self._on_event

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

    def answer_body(self) -> bytes:
        """Return our answer to the offer of the INVITE, and be connected as it says."""
        offer = SessionDescription.parse(self.call.request.body)
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

    def digits_by_info(self) -> str:
        """Return the keys that were sent to us in SIP INFO."""
        bodies = [event.body.decode() for event in self.events if isinstance(event, Info)]
        return "".join(body.split("Signal=")[1][0] for body in bodies)

    async def _act(self) -> None:
        far_end = self.far_end
        begun = asyncio.get_running_loop().time()
        if far_end.rings_after is not None and far_end.refuses is None:
            await _sleep(far_end.rings_after)
            if far_end.early_media:
                self.call.progress(self.answer_body())
            else:
                self.call.ring()
        if far_end.answers_after is None:
            return
        passed = asyncio.get_running_loop().time() - begun
        await _sleep(far_end.answers_after - timedelta(seconds=passed))
        if far_end.refuses is not None:
            headers = [] if far_end.q850 is None else [_reason(far_end.q850)]
            self.call.reject(far_end.refuses, headers=headers)
            return
        self.call.answer(self.answer_body())
        await self._while_answered()

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

    def _on_event(self, event: CallEvent) -> None:
        self.events.append(event)
        if isinstance(event, Ended | Cancelled):
            self._over.set()


def _reason(q850: int) -> tuple[str, str]:
    return "Reason", f"Q.850;cause={q850}"


async def _sleep(length: timedelta) -> None:
    await asyncio.sleep(max(0.0, length.total_seconds()))
