"""The servers of the trunk: one address, or those that its domain lists in the DNS."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ringcast.engines.embedded.trunk import Trunk
from ringcast.protocols.sip.transactions import Destination
from ringcast.protocols.sip.uri import SipUri
from ringcast.useragent import Dns, Locator, SystemDns, UserAgent

__all__ = ["TrunkServers"]


class TrunkServers:
    """Says where the trunk's calls and registrations go, in the order to try."""

    def __init__(
        self,
        trunk: Trunk,
        agent: UserAgent,
        *,
        transports: Collection[str],
        make_dns: Callable[[], Dns] = SystemDns,
    ) -> None:
        self._trunk = trunk
        self._agent = agent
        self._hosts = {host.lower() for host in (trunk.host, trunk.domain) if host is not None}
        self._locator: Locator | None = None
        if trunk.is_domain:
            self._locator = Locator(
                trunk.host,
                transport=None if trunk.leaves_transport else trunk.transport.upper(),
                transports={name.upper() for name in transports},
                make_dns=make_dns,
            )

    def follows(self, uri: SipUri) -> bool:
        """Whether a call may go where the trunk redirects it: to a server of the trunk only.

        Anywhere else it would be a call that nobody has agreed to pay or answer for.
        """
        return uri.host.lower() in self._hosts

    async def find(self) -> list[Destination]:
        """Return them, at least one."""
        trunk = self._trunk
        if self._locator is None:
            return [Destination(trunk.transport.upper(), trunk.host, trunk.port)]
        found = await self._locator.servers()
        for server in found:
            self._hosts.add(server.host.lower())
            if server.host != trunk.host:
                self._agent.expect_name(server.host, trunk.host)
        return found
