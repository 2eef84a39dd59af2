"""SIP and SIPS URIs (RFC 3261 19.1), and URIs of other schemes as opaque text."""

from __future__ import annotations

import functools
import ipaddress
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from ringcast.protocols.sip.errors import InvalidUri

MAX_URI: Final = 8192

_MAX_REMEMBERED: Final = 270

_ALPHANUMERIC: Final = string.ascii_letters + string.digits
# RFC 3261 has no underscore in a host; names of containers and of Windows machines do.
_HOST: Final = _ALPHANUMERIC + "-._"
_SCHEME: Final = _ALPHANUMERIC + "+-."
_HEX: Final = frozenset(string.hexdigits)
# Characters that may stand unescaped in the user part (RFC 3261 25.1: user-unreserved, mark).
_USER_SAFE: Final = frozenset(_ALPHANUMERIC + "-_.!~*'()&=+$,;?/")
# Parameters that make a difference even if only one of two URIs has them (RFC 3261 19.1.4).
_TELLING_PARAMS: Final = ("user", "ttl", "method", "maddr", "transport")


@dataclass(frozen=True, slots=True, kw_only=True)
class SipUri:
    """A sip: or sips: URI; user, password, parameters and headers are kept escaped, as on the wire.

    `==` compares what is written; `equivalent` compares as RFC 3261 19.1.4 says.
    """

    scheme: str = "sip"
    user: str | None = None
    password: str | None = None
    host: str
    port: int | None = None
    params: Mapping[str, str | None] = field(default_factory=dict)
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Read a sip: or sips: URI; raises InvalidUri."""
        # The messages of a call repeat its few URIs: a short text is read once.
        return _parse_again(text) if len(text) <= _MAX_REMEMBERED else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> SipUri:
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if scheme not in ("sip", "sips") or not colon:
            raise InvalidUri(text, "the scheme must be sip or sips")
        _check_characters(text)
        user: str | None = None
        password: str | None = None
        userinfo, at, tail = rest.partition("@")
        if at:
            user, colon, secret = userinfo.partition(":")
            if not user:
                raise InvalidUri(text, "nothing before the @")
            password = secret if colon else None
        else:
            tail = rest
        tail, question, headers = tail.partition("?")
        if question and not headers:
            raise InvalidUri(text, "nothing after the ?")
        hostport, semicolon, param_text = tail.partition(";")
        host, port = parse_host_port(hostport, text)
        return cls(
            scheme=scheme,
            user=user,
            password=password,
            host=host,
            port=port,
            params=_parse_params(param_text, text) if semicolon else {},
            headers=headers,
        )

    def __str__(self) -> str:
        parts = [self.scheme, ":"]
        if self.user is not None:
            parts.append(self.user)
            if self.password is not None:
                parts += (":", self.password)
            parts.append("@")
        parts.append(format_host_port(self.host, self.port))
        for name, value in self.params.items():
            parts.append(f";{name}" if value is None else f";{name}={value}")
        if self.headers:
            parts += ("?", self.headers)
        return "".join(parts)

    def __hash__(self) -> int:
        return hash((self.scheme, self.user, self.host, self.port))

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case, or None."""
        value = self.params.get("transport")
        return value.lower() if value else None

    @property
    def is_loose_router(self) -> bool:
        """Whether the lr parameter is there (RFC 3261 19.1.1)."""
        return "lr" in self.params

    @property
    def unescaped_user(self) -> str | None:
        """The user part as people read it: %23 is #."""
        return None if self.user is None else unquote(self.user)

    def without_headers(self) -> SipUri:
        """Return the URI without what follows its ?."""
        return replace(self, headers="") if self.headers else self

    def request_uri_form(self) -> SipUri:
        """Return what may stand in a Request-URI: no headers, no method (RFC 3261 19.1.1)."""
        if not self.headers and "method" not in self.params:
            return self
        params = {name: value for name, value in self.params.items() if name != "method"}
        return replace(self, headers="", params=params)

    def equivalent(self, other: SipUri | OpaqueUri) -> bool:
        """Compare as RFC 3261 19.1.4 does: escapes undone, host and parameters without case."""
        if not isinstance(other, SipUri):
            return False
        if (
            self.scheme != other.scheme
            or self.port != other.port
            or self.host.lower() != other.host.lower()
            or _unescaped(self.user) != _unescaped(other.user)
            or _unescaped(self.password) != _unescaped(other.password)
        ):
            return False
        mine, theirs = _folded(self.params), _folded(other.params)
        if any(mine.get(name) != theirs.get(name) for name in _TELLING_PARAMS):
            return False
        if any(theirs[name] != value for name, value in mine.items() if name in theirs):
            return False
        return _header_set(self.headers) == _header_set(other.headers)


@dataclass(frozen=True, slots=True)
class OpaqueUri:
    """A URI of a scheme that is not SIP's (tel, urn, …), kept as text."""

    scheme: str
    rest: str

    @classmethod
    def parse(cls, text: str) -> OpaqueUri:
        """Read scheme:anything; raises InvalidUri."""
        scheme, colon, rest = text.partition(":")
        if not colon or not scheme or not scheme[0].isalpha() or scheme.strip(_SCHEME):
            raise InvalidUri(text, "it does not begin with a scheme")
        if not rest:
            raise InvalidUri(text, "nothing after the scheme")
        _check_characters(text)
        return cls(scheme.lower(), rest)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"

    @property
    def user(self) -> str | None:
        """The number of a tel: URI (RFC 3966) without its parameters, else None."""
        return self.rest.partition(";")[0] if self.scheme == "tel" else None

    @property
    def unescaped_user(self) -> str | None:
        """The number of a tel: URI as people read it, else None."""
        return None if self.user is None else unquote(self.user)

    def equivalent(self, other: SipUri | OpaqueUri) -> bool:
        """Compare scheme and rest as written."""
        return self == other


def parse_uri(text: str) -> SipUri | OpaqueUri:
    """Read a URI of any scheme; raises InvalidUri."""
    if text.startswith(("sip:", "sips:")) or text[:5].lower().startswith(("sip:", "sips:")):
        return SipUri.parse(text)
    return OpaqueUri.parse(text)


def escape_user(text: str) -> str:
    """Escape what may not stand as it is in the user part of a SIP URI."""
    if all(character in _USER_SAFE for character in text):
        return text
    return "".join(
        chr(octet) if chr(octet) in _USER_SAFE else f"%{octet:02X}"
        for octet in text.encode("utf-8", "surrogateescape")
    )


def parse_host_port(hostport: str, text: str) -> tuple[str, int | None]:
    """Read host[:port], IPv6 in brackets; raises InvalidUri naming `text`."""
    try:
        return _host_port(hostport)
    except ValueError as exc:
        raise InvalidUri(text, str(exc)) from exc


def format_host_port(host: str, port: int | None) -> str:
    """Write host[:port], IPv6 in brackets."""
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"


@functools.lru_cache(maxsize=1024)
def _parse_again(text: str) -> SipUri:
    return SipUri._parse(text)


@functools.lru_cache(maxsize=1024)
def _host_port(hostport: str) -> tuple[str, int | None]:
    if len(hostport) > _MAX_REMEMBERED:  # a name has 253 characters at most (RFC 1035 2.3.4)
        raise ValueError("the host is too long")
    if hostport.startswith("["):
        host, bracket, rest = hostport[1:].partition("]")
        if not bracket or (rest and rest[0] != ":"):
            raise ValueError("the host is not closed with a bracket")
        ipaddress.IPv6Address(host)
        return host, _parse_port(rest[1:]) if rest else None
    host, colon, port = hostport.partition(":")
    if not host or host.strip(_HOST):
        raise ValueError("the host must be a name or an address")
    return host, _parse_port(port) if colon else None


def _parse_port(digits: str) -> int:
    if 0 < len(digits) <= 5 and digits.isascii() and digits.isdigit():
        port = int(digits)
        if port <= 65535:
            return port
    raise ValueError("the port must be a number up to 65535")


def _check_characters(text: str) -> None:
    if len(text) > MAX_URI:
        raise InvalidUri(text, f"longer than {MAX_URI} characters")
    if not (text.isascii() and text.isprintable()) or " " in text or "<" in text or ">" in text:
        raise InvalidUri(text, "a character that must be escaped")
    if '"' in text:
        raise InvalidUri(text, "a quote that must be escaped")
    if "%" in text:
        for escaped in text.split("%")[1:]:
            if len(escaped) < 2 or escaped[0] not in _HEX or escaped[1] not in _HEX:
                raise InvalidUri(text, "% must be followed by two hexadecimal digits")


def _parse_params(text: str, uri: str) -> dict[str, str | None]:
    params: dict[str, str | None] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not name:
            raise InvalidUri(uri, "an empty parameter")
        # A name must not come twice (19.1.1). Gateways do write transport twice: the first counts.
        params.setdefault(name.lower(), value if equals else None)
    return params


def _unescaped(text: str | None) -> str | None:
    return text if text is None or "%" not in text else unquote(text)


def _folded(params: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        unquote(name).lower(): None if value is None else unquote(value).lower()
        for name, value in params.items()
    }


def _header_set(headers: str) -> list[tuple[str, str]]:
    pairs = []
    for header in filter(None, headers.split("&")):
        name, _, value = header.partition("=")
        pairs.append((unquote(name).lower(), unquote(value)))
    return sorted(pairs)
