"""A trunk that wants to be told where we are: registering, calls that come of it, leaving."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import CallOffered, Refusal
from ringcast.protocols.sip.digest_server import DigestServer
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.message import Request, Response, make_response, parse_message

HOST = "127.0.0.1"
LEAST_SECONDS = 1200


class Registrar(asyncio.DatagramProtocol):
    """Takes registrations of `me` with the right password, for no less than LEAST_SECONDS."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.bindings: dict[str, str] = {}
        self.answers: list[Response] = []
        self.changed = asyncio.Event()
        self._digest = DigestServer("carrier", b"a secret of this test")
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # of UDP
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        message = parse_message(data)
        if isinstance(message, Response):
            self.answers.append(message)
        else:
            answer = self._answer(message)
            self.statuses.append(answer.status)
            self._transport.sendto(answer.serialize(), address)
        self.changed.set()

    def _answer(self, request: Request) -> Response:
        assert request.method == "REGISTER"
        credentials = request.headers.get("Authorization")
        now = time.monotonic()
        if (
            credentials is None
            or not self._digest.verify(
                credentials,
                method="REGISTER",
                uri=request.uri,
                lookup=lambda user: "right",
                now=now,
            ).is_accepted
        ):
            challenges = [("WWW-Authenticate", text) for text in self._digest.challenges(now=now)]
            return make_response(request, 401, to_tag="r", headers=challenges)
        seconds = request.expires or 0
        if 0 < seconds < LEAST_SECONDS:
            least = [("Min-Expires", str(LEAST_SECONDS))]
            return make_response(request, 423, to_tag="r", headers=least)
        assert request.contact is not None
        self.bindings[str(request.to.uri)] = str(request.contact.uri) if seconds else ""
        told = [("Contact", f"{request.contact.without_params()};expires={seconds}")]
        return make_response(request, 200, to_tag="r", headers=told)

    def call(self, number: str) -> None:
        """Call a number at where `me` is."""
        contact = self.bindings["sip:me@carrier.example"]
        host, port = contact.partition("@")[2].split(":")
        here = self._transport.get_extra_info("sockname")
        fields = [
            ("Via", f"SIP/2.0/UDP {here[0]}:{here[1]};rport;branch=z9hG4bKcall"),
            ("Max-Forwards", "70"),
            ("From", "<sip:anonymous@anonymous.invalid>;tag=c"),
            ("To", f"<sip:{number}@carrier.example>"),
            ("Call-ID", "in"),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:{here[0]}:{here[1]}>"),
            ("P-Asserted-Identity", "<sip:+12135550777@carrier.example>"),
            ("Diversion", "<sip:+12135550888@carrier.example>;reason=no-answer"),
        ]
        invite = Request("INVITE", contact, Headers(fields))
        self._transport.sendto(invite.serialize(), (host, int(port)))

    async def until(self, statuses: list[int]) -> None:
        async with asyncio.timeout(10):
            while self.statuses != statuses:
                self.changed.clear()
                await self.changed.wait()


def make_engine(port: int, password: str = "right") -> EmbeddedEngine:
    return EmbeddedEngine(
        clock=SystemClock(),
        sip=(HOST, 0),
        transports=("udp", "tcp", "tls"),
        rtp_ports=range(31000, 31100),
        rtp_host=HOST,
        advertise=None,
        media_workers=1,
        trunk=Trunk.parse(
            f"sip:{HOST}:{port}",
            user="me",
            password=password,
            domain="carrier.example",
            registers=True,
            register_expires=600,
        ),
        playable=Path,
    )


async def test_the_trunk_is_told_where_we_are_and_calls_us_there() -> None:
    loop = asyncio.get_running_loop()
    transport, registrar = await loop.create_datagram_endpoint(Registrar, (HOST, 0))
    engine = make_engine(transport.get_extra_info("sockname")[1])
    offers: asyncio.Queue[CallOffered] = asyncio.Queue()
    await engine.start(lambda event: None, on_offer=offers.put_nowait)
    try:
        await registrar.until([401, 423, 200])
        port = engine.sip_address[1]
        assert registrar.bindings == {"sip:me@carrier.example": f"sip:me@{HOST}:{port}"}
        async with asyncio.timeout(5):
            while not engine.is_registered:  # noqa: ASYNC110 -- the answer is on its way
                await asyncio.sleep(0.01)

        registrar.call("+12135550100")
        async with asyncio.timeout(5):
            offer = await offers.get()
        assert (offer.to, offer.from_number) == ("+12135550100", None)
        assert offer.headers["P-Asserted-Identity"] == "<sip:+12135550777@carrier.example>"
        assert offer.headers["Diversion"].startswith("<sip:+12135550888@carrier.example>")
        await engine.decline(offer.offer, Refusal.BUSY)
    finally:
        await engine.close()
        transport.close()
    assert registrar.statuses == [401, 423, 200, 200]
    assert registrar.bindings == {"sip:me@carrier.example": ""}  # forgotten at the end
    assert registrar.answers[-1].status == 486


async def test_a_wrong_password_is_not_tried_again_and_again() -> None:
    loop = asyncio.get_running_loop()
    transport, registrar = await loop.create_datagram_endpoint(Registrar, (HOST, 0))
    engine = make_engine(transport.get_extra_info("sockname")[1], password="wrong")
    await engine.start(lambda event: None)
    try:
        await registrar.until([401, 401])
        await asyncio.sleep(0.2)
        assert registrar.statuses == [401, 401]
        assert not engine.is_registered
    finally:
        await engine.close()
        transport.close()
