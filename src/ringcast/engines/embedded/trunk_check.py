"""Finds out what is wrong with a trunk: step by step, in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from ringcast.engines.embedded.local_host import local_host_towards
from ringcast.engines.embedded.trunk import Trunk
from ringcast.engines.embedded.trunk_servers import TrunkServers
from ringcast.protocols.sip.agent_lone import (
    Enquiry,
    LoneEvent,
    Registered,
    RegistrationFailed,
    Responded,
)
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.names import REASONS
from ringcast.protocols.sip.transactions import Destination
from ringcast.protocols.sip.uri import escape_user, format_host_port
from ringcast.useragent import Dns, SystemDns, UserAgent

__all__ = ["Finding", "TrunkCheck"]

_PATIENCE: Final = 6.0  # seconds for an answer; whoever is alive answers in much less
_LONGEST_TEXT: Final = 120
_UNDELIVERABLE: Final = "nothing could be delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one step has found."""

    step: str
    is_good: bool
    says: str
    advice: str = ""
    """What to look at, if it is not good."""


class TrunkCheck:
    """Name, way, OPTIONS and registration of a trunk; a call is the caller's to place."""

    def __init__(
        self,
        trunk: Trunk,
        agent: UserAgent,
        *,
        transports: tuple[str, ...],
        make_dns: Callable[[], Dns] = SystemDns,
    ) -> None:
        """`agent` is started."""
        self._trunk = trunk
        self._agent = agent
        self.is_reachable = False
        """Whether there is any sense in a call: a trunk may keep silent to OPTIONS."""
        self._servers = TrunkServers(trunk, agent, transports=transports, make_dns=make_dns)

    async def findings(self) -> AsyncIterator[Finding]:
        """Give what each step finds; a step that makes the next ones useless is the last."""
        servers = await self._servers.find()
        name = await self._name(servers)
        yield name
        if not name.is_good:
            return
        alive = False
        for server in servers:
            options = await self._options(server)
            alive |= options.is_good
            self.is_reachable |= not options.says.startswith(_UNDELIVERABLE)
            yield options
        if alive and self._trunk.registers:
            yield await self._register(servers)

    async def _name(self, servers: list[Destination]) -> Finding:
        loop = asyncio.get_running_loop()
        shown = []
        for server in servers:
            try:
                async with asyncio.timeout(_PATIENCE):
                    found = await loop.getaddrinfo(server.host, server.port)
            except (OSError, TimeoutError) as exc:
                return Finding(
                    step="DNS",
                    is_good=False,
                    says=f"the name {server.host} has no address ({exc})",
                    advice="Is the name right, and does this machine reach a name server?",
                )
            addresses = sorted({str(address[0]) for *_, address in found})
            where = f"{server.transport} {format_host_port(server.host, server.port)}"
            shown.append(where if addresses == [server.host] else f"{where} = {addresses[0]}")
        how = "listed in the DNS: " if self._trunk.is_domain and len(servers) > 1 else ""
        return Finding(step="DNS", is_good=True, says=how + ", ".join(shown))

    async def _options(self, server: Destination) -> Finding:
        host = format_host_port(server.host, server.port)
        scheme = "sips" if self._trunk.is_sips else "sip"
        enquiry = Enquiry(
            method="OPTIONS",
            uri=f"{scheme}:{self._trunk.host if self._trunk.is_domain else host}",
            from_=f"<sip:ringcast@{format_host_port(local_host_towards(server.host), None)}>",
            to=f"<{scheme}:{host}>",
            destination=server,
            credentials=self._trunk.credentials,
        )
        step = f"OPTIONS to {server.transport} {format_host_port(server.host, server.port)}"
        began = self._agent.now()
        answer = await self._asked(lambda told: self._agent.ask(enquiry, on_event=told))
        took = round((self._agent.now() - began) * 1000)
        if not isinstance(answer, Responded) or answer.status == 408:
            return Finding(
                step=step,
                is_good=False,
                says="no answer at all",
                advice="Does a firewall drop it? Does the trunk know this machine's address, and is"
                " it the right port and transport? Some trunks never answer OPTIONS: try a call.",
            )
        if answer.response is None:
            return Finding(
                step=step,
                is_good=False,
                says=f"{_UNDELIVERABLE}: {_why(answer.reason)}",
                advice=_advice_on_delivery(answer.reason, server),
            )
        software = answer.response.headers.get("Server") or answer.response.headers.get(
            "User-Agent"
        )
        by = f", by {_clean(software)}" if software else ""
        says = f"{answer.status} {_clean(answer.reason)} after {took} ms{by}"
        if answer.status in (401, 403, 407):
            return Finding(
                step=step,
                is_good=False,
                says=says,
                advice="It answers, but does not let us in: are user name and password right"
                " (--trunk-user), or this machine's address permitted there?",
            )
        # Any other answer, also a refusal, says that a SIP server is there and talks to us.
        return Finding(step=step, is_good=answer.status != 503, says=says)

    async def _register(self, servers: list[Destination]) -> Finding:
        trunk = self._trunk
        assert trunk.user is not None
        domain = trunk.domain or format_host_port(trunk.host, None)
        address = f"<sip:{escape_user(trunk.user)}@{domain}>"
        enquiry = Enquiry(
            method="REGISTER",
            uri=f"{'sips' if trunk.is_sips else 'sip'}:{domain}",
            from_=address,
            to=address,
            destination=servers[0],
            alternatives=servers,
            credentials=trunk.credentials,
            contact_user=trunk.user,
        )
        stops: list[Callable[[], None]] = []
        answer = await self._asked(
            lambda told: stops.append(self._agent.register(enquiry, expires=120, on_event=told))
        )
        for stop in stops:
            stop()
        if isinstance(answer, Registered):
            return Finding(step="REGISTER", is_good=True, says=f"registered for {answer.expires} s")
        said = "no answer"
        if isinstance(answer, RegistrationFailed):
            said = f"{answer.status} {_clean(answer.reason)}"
        return Finding(
            step="REGISTER",
            is_good=False,
            says=said,
            advice="Are user name, password and --trunk-domain right? 404 and 403 mostly mean the"
            " domain or the user, 401 and 407 the password.",
        )

    async def _asked(self, ask: Callable[[Callable[[LoneEvent], None]], None]) -> LoneEvent | None:
        """Return the first answer, None if there is none in time."""
        answered: asyncio.Future[LoneEvent] = asyncio.get_running_loop().create_future()

        def told(event: LoneEvent) -> None:
            if not answered.done():
                answered.set_result(event)

        try:
            ask(told)
            async with asyncio.timeout(_PATIENCE):
                return await answered
        except TimeoutError:
            return None
        except SipError as exc:
            return Responded(status=503, reason=str(exc))


def _why(reason: str) -> str:
    # The phrase that the status has anyway was said by nobody: ICMP has told us.
    return "nobody is there" if reason == REASONS[503] else reason


def _advice_on_delivery(why: str, server: Destination) -> str:
    if "certificate" in why:
        return (
            "The trunk's certificate must be for the name you gave, by an authority that this"
            " machine trusts or that --sip-tls-ca names."
        )
    if "TLS" in why:
        return "Does the trunk speak TLS on this port, and want a certificate of ours?"
    return f"Does something listen there for {server.transport}, and is the port right?"


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:_LONGEST_TEXT])
