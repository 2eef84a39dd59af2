"""A trunk that is a domain: calls go to its servers, and elsewhere if one is out of service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.engines.simulator import FarEnd
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import LegAnswered
from ringcast.protocols.sip.agent import Admission, Refuse
from ringcast.protocols.sip.locating import Pointer, Server
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import Destination
from ringcast.useragent import UserAgent
from tests.contract.embedded_rig import EmbeddedRig
from tests.contract.rig import call, happens
from tests.contract.sip_phones import HOST


class Records:
    """A DNS that lists these servers for everything over UDP."""

    def __init__(self, *servers: Server) -> None:
        self._servers = servers

    async def pointers(self, name: str) -> Sequence[Pointer]:
        return []

    async def servers(self, name: str) -> Sequence[Server]:
        return self._servers if name == "_sip._udp.carrier.test" else []


class DomainRig(EmbeddedRig):
    """The trunk is carrier.test: a server that is down for maintenance, and the telephones."""

    def make_engine(self, trunk: Trunk | None, *, sip_port: int = 0) -> EmbeddedEngine:
        records = Records(
            Server(1, 0, self.down[1], self.down[0]), Server(2, 0, self.phones.address[1], HOST)
        )
        return EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, sip_port),
            transports=("udp", "tcp", "tls"),
            rtp_ports=range(31100, 31200),
            rtp_host=HOST,
            advertise=None,
            media_workers=1,
            trunk=Trunk.parse("sip:carrier.test"),
            playable=Path,
            make_dns=lambda: records,
        )

    down: tuple[str, int]


async def test_a_call_goes_to_the_server_that_is_in_service(tmp_path: Path) -> None:
    invites: list[Request] = []

    def out_of_service(request: Request, source: Destination) -> Admission:
        invites.append(request)
        return Refuse(503, headers=(("Retry-After", "60"),))

    async with UserAgent(listen=(HOST, 0), admit=out_of_service) as server:
        rig = DomainRig(tmp_path)
        rig.down = server.local_address
        await rig.start()
        try:
            phone = rig.phone(FarEnd())
            await happens(rig, await call(rig, phone), LegAnswered)
            other = rig.phone(FarEnd())
            await happens(rig, await call(rig, other), LegAnswered)
        finally:
            await rig.close()

    # The first call was refused there, the second did not even ask.
    assert [request.uri for request in invites] == [f"sip:{phone.to}@carrier.test"]
    assert [request.uri for request in rig.phones.requests] == [
        f"sip:{phone.to}@carrier.test",
        f"sip:{other.to}@carrier.test",
    ]
