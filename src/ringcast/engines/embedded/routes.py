"""Which way a call leaves, and what its INVITE says about who calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress
from ringcast.engines.embedded.trunk import Identity, Trunk
from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.errors import InvalidUri
from ringcast.protocols.sip.headers import quote_string
from ringcast.protocols.sip.names import canonical_name
from ringcast.protocols.sip.uri import SipUri, escape_user, format_host_port

__all__ = ["Route", "extra_headers", "find_route", "from_value", "identity_headers"]

_DEFAULT_PORTS: Final[Mapping[str, int]] = {"udp": 5060, "tcp": 5060, "tls": 5061}

_IDENTITY_HEADERS: Final[Mapping[Identity, str]] = {
    Identity.ASSERTED: "P-Asserted-Identity",
    Identity.PREFERRED: "P-Preferred-Identity",
}

# What the user agent writes, or what would make it do something else.
_OURS: Final = frozenset(
    canonical_name(name)
    for name in (
        "Via", "Max-Forwards", "Route", "Record-Route", "From", "To", "Call-ID", "CSeq", "Contact",
        "Allow", "Supported", "Require", "Proxy-Require", "Content-Type", "Content-Length",
        "Content-Encoding", "Authorization", "Proxy-Authorization", "Expires",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way to one destination."""

    uri: str
    """The Request-URI."""
    peer: str
    """What reasons call the far end: "trunk 192.0.2.1:5060"."""
    host: str
    """The name or address that the INVITE goes to."""
    credentials: Credentials | None = None
    is_trunk: bool = False
    contact_user: str = ""
    domain: str | None = None
    from_user: str | None = None
    identity: Identity = Identity.NONE


def find_route(
    to: Destination,
    *,
    trunk: Trunk | None,
    transports: Collection[str],
    credentials: tuple[str, str] | None = None,
) -> Route:
    """Return the way to a destination; raise EngineUnavailable saying what is missing.

    `credentials` are for a SIP address; a trunk has its own.
    """
    if isinstance(to, SipAddress):
        own = None if credentials is None else Credentials(*credentials)
        return _direct(to, transports, own)
    if trunk is None:
        raise EngineUnavailable(
            "no trunk is configured, so telephone numbers cannot be called:"
            " start the server with --trunk sip:host:port"
        )
    if trunk.transport not in transports and not (trunk.is_domain and trunk.leaves_transport):
        raise EngineUnavailable(
            f"{trunk} is reached over {trunk.transport}, which the server does not listen on"
        )
    return Route(
        uri=trunk.uri_for(to.e164),
        peer=str(trunk),
        host=trunk.host,
        credentials=trunk.credentials,
        is_trunk=True,
        contact_user=(trunk.user or "") if trunk.registers else "",
        domain=trunk.domain,
        from_user=trunk.from_user,
        identity=trunk.identity,
    )


def _direct(to: SipAddress, transports: Collection[str], credentials: Credentials | None) -> Route:
    """Call a SIP address without the trunk, and without telling it the trunk's password."""
    try:
        uri = SipUri.parse(to.uri)
    except InvalidUri as exc:
        raise EngineUnavailable(f"{to.masked} cannot be called: {exc.reason}") from exc
    transport = "tls" if uri.scheme == "sips" else uri.transport or "udp"
    if transport not in transports:
        raise EngineUnavailable(
            f"{to.masked} cannot be called: the server does not speak SIP over {transport}"
        )
    address = format_host_port(uri.host, uri.port or _DEFAULT_PORTS.get(transport, 5060))
    return Route(
        uri=str(uri.request_uri_form()),
        peer=f"phone {address}",
        host=uri.host,
        credentials=credentials,
    )


def from_value(route: Route, number: PhoneNumber | None, name: str | None, *, host: str) -> str:
    """Return the From of a call, without tag; `host` is written as in a URI."""
    if number is None:
        return '"Anonymous" <sip:anonymous@anonymous.invalid>'  # RFC 3323 4.1.1.3
    user = number.e164 if route.from_user is None else escape_user(route.from_user)
    return f"{_display(name)}<sip:{user}@{host}>"


def identity_headers(
    route: Route, number: PhoneNumber | None, name: str | None, *, host: str
) -> list[tuple[str, str]]:
    """Return the header that says who calls, where the trunk wants one (RFC 3325 9).

    A caller who wants to stay unknown is known to the trunk by our login at most.
    """
    header = _IDENTITY_HEADERS.get(route.identity)
    if header is None:
        return []
    if number is not None:
        return [(header, f"{_display(name)}<sip:{number.e164}@{host}>")]
    privacy = [("Privacy", "id")]  # RFC 3325 9.3
    if route.from_user is None:
        return privacy
    return [(header, f"<sip:{escape_user(route.from_user)}@{host}>"), *privacy]


def extra_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers a caller adds; raise EngineUnavailable for those that are not theirs."""
    for name in headers:
        if canonical_name(name) in _OURS:
            raise EngineUnavailable(f"the header {name} of a call cannot be set by its maker")
    return list(headers.items())


def _display(name: str | None) -> str:
    if not name:
        return ""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return f"{quote_string(printable)} "
