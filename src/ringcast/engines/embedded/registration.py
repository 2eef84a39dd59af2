"""We at the trunk's registrar, for as long as the engine runs (RFC 3261, 10)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ringcast.engines.embedded.trunk import Trunk
from ringcast.engines.embedded.trunk_servers import TrunkServers
from ringcast.protocols.sip.agent_lone import (
    Enquiry,
    LoneEvent,
    Registered,
    RegistrationFailed,
    Unregistered,
)
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.uri import escape_user, format_host_port
from ringcast.useragent import UserAgent

__all__ = ["TrunkRegistration"]

log = logging.getLogger(__name__)


class TrunkRegistration:
    """Tells a trunk that wants it where we are; does nothing for other trunks."""

    def __init__(self, agent: UserAgent, trunk: Trunk | None, servers: TrunkServers | None) -> None:
        self._agent = agent
        self._servers = servers
        self._starting: asyncio.Task[None] | None = None
        self._trunk = trunk if trunk is not None and trunk.registers else None
        self._stop: Callable[[], None] | None = None
        self.is_registered = False
        """Whether the registrar has last said yes."""
        self.is_leaving = False
        """Whether it is being asked to forget us."""
        self.routes: tuple[str, ...] = ()
        """The way that calls shall take, if the registrar has said one (RFC 3608)."""

    def start(self) -> None:
        """Register, and stay so until `stop`."""
        if self._trunk is not None and self._servers is not None:
            self._starting = asyncio.ensure_future(self._register(self._trunk, self._servers))

    async def _register(self, trunk: Trunk, servers: TrunkServers) -> None:
        assert trunk.user is not None
        found = await servers.find()
        domain = trunk.domain or format_host_port(trunk.host, None)
        address = f"<sip:{escape_user(trunk.user)}@{domain}>"
        scheme = "sips" if trunk.is_sips else "sip"
        enquiry = Enquiry(
            method="REGISTER",
            uri=f"{scheme}:{domain}",
            from_=address,
            to=address,
            destination=found[0],
            alternatives=found,
            credentials=trunk.credentials,
            contact_user=trunk.user,
        )
        try:
            self._stop = self._agent.register(
                enquiry, expires=trunk.register_expires, on_event=self._on_event
            )
        except SipError as exc:
            log.error("registration impossible", extra={"trunk": str(trunk), "why": str(exc)})

    def stop(self) -> None:
        """Ask the registrar to forget us."""
        if self._starting is not None:
            self._starting.cancel()
        if self._stop is not None:
            self.is_leaving = True
            stop, self._stop = self._stop, None
            stop()

    def _on_event(self, event: LoneEvent) -> None:
        if isinstance(event, Registered):
            if not self.is_registered:
                log.info("registered", extra={"trunk": str(self._trunk), "seconds": event.expires})
            self.is_registered = True
            self.routes = event.service_routes
        elif isinstance(event, RegistrationFailed):
            self.is_registered = False
            log.warning(
                "registration failed",
                extra={
                    "trunk": str(self._trunk),
                    "status": event.status,
                    "why": event.reason,
                    "again_in": round(event.wait),
                },
            )
        elif isinstance(event, Unregistered):
            self.is_registered = self.is_leaving = False
