"""Where calls leave to: a SIP trunk, as the person who runs the server describes it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, TypeAlias, cast

from ringcast.domain.errors import InvalidInput
from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.errors import InvalidUri
from ringcast.protocols.sip.uri import SipUri, format_host_port

__all__ = ["Identity", "InvalidTrunk", "Transport", "Trunk"]

Transport: TypeAlias = Literal["udp", "tcp", "tls"]

_TRANSPORTS: Final[Mapping[str, Transport]] = {"udp": "udp", "tcp": "tcp", "tls": "tls"}
_EXAMPLE: Final = "write it as sip:host:port, or with ;transport=tcp or ;transport=tls behind it"
_DEFAULT_PORT: Final = 5060  # RFC 3261 19.1.2
_DEFAULT_TLS_PORT: Final = 5061


class Identity(Enum):
    """The header that says the calling number (RFC 3325 9)."""

    ASSERTED = "pai"
    """P-Asserted-Identity: the trunk trusts what we say."""
    PREFERRED = "ppi"
    """P-Preferred-Identity: the trunk checks it."""
    NONE = "none"


class InvalidTrunk(InvalidInput):
    """The description of the trunk cannot be used."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"the trunk {text!r} cannot be used: {reason}; {_EXAMPLE}", field="trunk")
        self.text, self.reason = text, reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Trunk:
    """A carrier's SIP address, and what it wants of our INVITEs."""

    host: str
    """A name or an address, IPv6 without brackets."""
    port: int = _DEFAULT_PORT
    transport: Transport = "udp"
    is_domain: bool = False
    """Whether `host` is a domain whose servers the DNS lists (RFC 3263), as no port was said."""
    leaves_transport: bool = False
    """Whether the domain may say over which transport it wants calls."""
    is_sips: bool = False
    """Whether every hop of the call is to be secure (RFC 3261 26.4.4), not only the first."""
    name: str = "trunk"
    """What reasons and logs call it."""
    user: str | None = None
    """User name for digest challenges; None if the trunk knows us by our address."""
    password: str | None = field(default=None, repr=False)
    symmetric: bool = False
    """Its media comes from where its SDP says: many calls may then share a few ports."""
    realm: str | None = None
    """The only realm that is told the password; None: whichever the trunk asks for."""
    domain: str | None = None
    """Host part of From, and what is registered with, where that is not an address of ours."""
    from_user: str | None = None
    """User part of From, where the carrier wants the login there; None: the calling number."""
    identity: Identity = Identity.ASSERTED
    """Which header of the INVITE says the calling number, besides From."""
    registers: bool = False
    """Whether the trunk is told where we are (RFC 3261 10), so that it can call us."""
    register_expires: int = 3600
    """For how many seconds at a time."""

    def __post_init__(self) -> None:
        if (self.user is None) != (self.password is None):
            missing, given = ("user", "password") if self.user is None else ("password", "user")
            raise InvalidInput(
                f"the trunk has a {given} but no {missing}: give both or neither",
                field=f"trunk-{missing}",
            )
        if self.registers and self.user is None:
            raise InvalidInput(
                "a trunk to register with needs a user name and a password: give both",
                field="trunk-user",
            )

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        user: str | None = None,
        password: str | None = None,
        name: str = "trunk",
        symmetric: bool = False,
        realm: str | None = None,
        domain: str | None = None,
        from_user: str | None = None,
        identity: Identity = Identity.ASSERTED,
        registers: bool = False,
        register_expires: int = 3600,
    ) -> Trunk:
        """Read sip:host[:port][;transport=udp|tcp|tls] or sips:host[:port].

        Raises InvalidTrunk saying what is wrong.
        """
        text = text.strip()
        if ":" not in text or text.lower().split(":", 1)[0] not in ("sip", "sips"):
            raise InvalidTrunk(text, "it must begin with sip:")
        try:
            uri = SipUri.parse(text)
        except InvalidUri as exc:
            raise InvalidTrunk(text, exc.reason) from exc
        if uri.user is not None:
            raise InvalidTrunk(
                text, "it must not name a user: the number called goes there, and the login apart"
            )
        if uri.headers:
            raise InvalidTrunk(text, f"nothing may follow the address, not '?{uri.headers}'")
        for parameter in uri.params:
            if parameter != "transport":
                raise InvalidTrunk(text, f"the parameter {parameter!r} is not supported")
        if uri.port == 0:
            raise InvalidTrunk(text, "the port must be a number from 1 to 65535")
        is_sips = uri.scheme == "sips"
        transport = uri.transport or ("tls" if is_sips else "udp")
        if transport not in _TRANSPORTS:
            raise InvalidTrunk(text, f"transport must be udp, tcp or tls, not {transport!r}")
        if is_sips and transport == "tcp":
            transport = "tls"  # RFC 3261 26.2.2: sips over tcp is TLS
        if is_sips and transport == "udp":
            raise InvalidTrunk(text, "sips: needs TLS, which does not go over udp")
        return cls(
            host=uri.host,
            port=uri.port or (_DEFAULT_TLS_PORT if transport == "tls" else _DEFAULT_PORT),
            transport=cast(Transport, transport),
            # A name of one label is a host of this network: nobody lists servers for it.
            is_domain=uri.port is None and "." in uri.host and not _is_address(uri.host),
            leaves_transport=uri.transport is None and not is_sips,
            is_sips=is_sips,
            name=name,
            user=user,
            password=password,
            symmetric=symmetric,
            realm=realm,
            domain=domain,
            from_user=from_user,
            identity=identity,
            registers=registers,
            register_expires=register_expires,
        )

    @property
    def address(self) -> str:
        """Host and port as they are written: 192.0.2.1:5060, [2001:db8::1]:5060."""
        return format_host_port(self.host, self.port)

    @property
    def credentials(self) -> Credentials | None:
        """What challenges are answered with."""
        if self.user is None or self.password is None:
            return None
        return Credentials(self.user, self.password, realm=self.realm)

    def uri_for(self, user: str) -> str:
        """Return the URI at which the trunk reaches `user`, escaped already."""
        if self.is_domain:  # RFC 3263: a port would say that there is nothing to look up
            scheme = "sips" if self.is_sips else "sip"
            said = "" if self.is_sips or self.leaves_transport else f";transport={self.transport}"
            return f"{scheme}:{user}@{self.host}{said}"
        if self.is_sips:
            return f"sips:{user}@{self.address}"
        transport = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{user}@{self.address}{transport}"

    def __str__(self) -> str:
        return f"{self.name} {self.address}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
