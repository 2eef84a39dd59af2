"""Values of headers: addresses, Via, CSeq, and comma separated lists."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ringcast.protocols.sip.errors import InvalidHeader, InvalidUri
from ringcast.protocols.sip.names import TOKEN_CHARACTERS
from ringcast.protocols.sip.uri import (
    OpaqueUri,
    SipUri,
    format_host_port,
    parse_host_port,
    parse_uri,
)

MAX_CSEQ: Final = 2**31 - 1  # RFC 3261 8.1.1.5
MAX_LIST_ITEMS: Final = 256

_WHITESPACE: Final = " \t"
# A quoted string may hold any character behind a backslash, except CR and LF (RFC 3261 25.1).
_QUOTED_PAIRS: Final = str.maketrans(
    {chr(code): "\\" + chr(code) for code in (*range(10), 11, 12, *range(14, 32), 127)}
    | {'"': '\\"', "\\": "\\\\"}
)

# The parameters of nearly every message, so that the hot path need not look into their names.
_PARAMS: Final[Mapping[str, str]] = {
    name: name
    for name in (
        "branch", "rport", "received", "tag", "expires", "q", "lr", "alias", "ob", "reg-id",
        "user", "transport", "maddr", "ttl", "keep", "oc",
    )
}  # fmt: skip

_PROTOCOLS: Final[Mapping[str, str]] = {
    f"SIP/2.0/{name}": name for name in ("UDP", "TCP", "TLS", "SCTP", "WS", "WSS")
}

Params = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with a display name and header parameters (From, To, Contact, Route, …).

    `display_name` is without quotes and escapes; the values of `params` are as written.
    """

    display_name: str | None
    uri: SipUri | OpaqueUri
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, *, header: str = "address") -> NameAddr:
        """Read a name-addr or addr-spec with parameters; raises InvalidHeader naming `header`."""
        text = text.strip(_WHITESPACE)
        if text.startswith('"'):
            end = _end_of_quoted(text, 0, header)
            display: str | None = unquote_string(text[:end])
            rest = text[end:].lstrip(_WHITESPACE)
            if not rest.startswith("<"):
                raise InvalidHeader(header, "a display name must be followed by <")
            start = len(text) - len(rest)
        else:
            start = text.find("<")
            display = text[:start].strip(_WHITESPACE) or None if start > 0 else None
            if display and any(character in ',;">' for character in display):
                raise InvalidHeader(header, "a display name with , ; or quotes must be quoted")
        if start >= 0:
            end = text.find(">", start)
            if end < 0:
                raise InvalidHeader(header, "< without >")
            uri_text, param_text = text[start + 1 : end], text[end + 1 :]
        else:
            # Without brackets what follows ; belongs to the header, and a URI that contains a
            # comma or a question mark must have brackets (RFC 3261 20).
            uri_text, semicolon, param_text = text.partition(";")
            uri_text, param_text = uri_text.rstrip(_WHITESPACE), semicolon + param_text
            if "?" in uri_text or "," in uri_text:
                raise InvalidHeader(header, "a URI with ? or , must be in brackets")
        try:
            uri = parse_uri(uri_text)
        except InvalidUri as exc:
            raise InvalidHeader(header, str(exc)) from exc
        return cls(display, uri, parse_params(param_text, header) if param_text else {})

    def __str__(self) -> str:
        written = f"<{self.uri}>{format_params(self.params)}"
        if self.display_name is None:
            return written
        return f"{quote_string(self.display_name)} {written}"

    @property
    def tag(self) -> str | None:
        """The tag parameter, which makes the address one end of a dialog."""
        return self.params.get("tag")

    def with_tag(self, tag: str) -> NameAddr:
        """Return the same address with this tag."""
        return replace(self, params={**self.params, "tag": tag})

    def without_params(self) -> NameAddr:
        """Return the same address without header parameters."""
        return replace(self, params={})


@dataclass(frozen=True, slots=True)
class Via:
    """One hop a request has taken and its response must take back (RFC 3261 20.42)."""

    transport: str
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one Via value, whitespace anywhere the grammar allows; raises InvalidHeader."""
        sent, semicolon, param_text = text.partition(";")
        protocol, _, hostport = sent.partition(" ")
        transport = _PROTOCOLS.get(protocol)
        if transport is None or not hostport:
            transport, hostport = _loose_protocol(sent)
        if " " in hostport or "\t" in hostport:
            hostport = _without_space_around_colon(hostport)
        try:
            host, port = parse_host_port(hostport, text)
        except InvalidUri as exc:
            raise InvalidHeader("Via", exc.reason) from exc
        params = parse_params(semicolon + param_text, "Via") if semicolon else {}
        return cls(transport, host, port, params)

    def __str__(self) -> str:
        hostport = format_host_port(self.host, self.port)
        return f"SIP/2.0/{self.transport} {hostport}{format_params(self.params)}"

    @property
    def branch(self) -> str | None:
        """The branch parameter: with the sent-by and the method, the transaction's identity."""
        return self.params.get("branch")

    @property
    def rport(self) -> int | None:
        """The port the request came from, once a server has filled it in (RFC 3581)."""
        value = self.params.get("rport")
        if value is None:
            return None
        if len(value) > 5 or not (value.isascii() and value.isdigit()) or int(value) > 65535:
            raise InvalidHeader("Via", "rport must be a port number")
        return int(value)

    @property
    def asks_for_rport(self) -> bool:
        """Whether the client asked for its answer at the port it sent from (RFC 3581)."""
        return "rport" in self.params

    @property
    def received(self) -> str | None:
        """The address the request came from, without brackets."""
        value = self.params.get("received")
        return value.strip("[]") if value else None

    def with_received(self, ip: str, port: int) -> Via:
        """Return the Via with what the server saw (RFC 3261 18.2.1, RFC 3581 4)."""
        if "rport" in self.params:
            return replace(self, params={**self.params, "rport": str(port), "received": ip})
        if self.host != ip:
            return replace(self, params={**self.params, "received": ip})
        return self


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number and method of a request (RFC 3261 20.16)."""

    number: int
    method: str

    @classmethod
    @functools.lru_cache(maxsize=1024)  # nearly all there are: 1 INVITE, 1 ACK, 2 BYE
    def parse(cls, text: str) -> CSeq:
        """Read number and method; raises InvalidHeader, also for numbers of 2^31 and more."""
        parts = text.split()
        if len(parts) != 2:
            raise InvalidHeader("CSeq", "must be a number and a method")
        number, method = parts
        if method.strip(TOKEN_CHARACTERS):
            raise InvalidHeader("CSeq", "the method is no token")
        return cls(parse_number(number, "CSeq", maximum=MAX_CSEQ), method)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_number(text: str, header: str, *, maximum: int) -> int:
    """Read decimal digits up to a maximum; raises InvalidHeader."""
    digits = text.strip(_WHITESPACE)
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidHeader(header, "must be a number")
    if len(digits) > 20:  # int() of a megabyte of digits takes seconds
        digits = digits.lstrip("0") or "0"
    if len(digits) > 20 or int(digits) > maximum:
        raise InvalidHeader(header, f"must not be more than {maximum}")
    return int(digits)


def parse_params(text: str, header: str) -> dict[str, str | None]:
    """Read `;name=value;…` into names in lower case and values as written; raises InvalidHeader.

    The first of two parameters of one name counts.
    """
    text = text.strip(_WHITESPACE)
    if not text:
        return {}
    if text[0] != ";":
        raise InvalidHeader(header, "parameters must begin with ;")
    params: dict[str, str | None] = {}
    if '"' in text or " " in text or "\t" in text:
        return _parse_params_loosely(text, header)
    for part in text[1:].split(";"):
        name, equals, value = part.partition("=")
        known = _PARAMS.get(name)
        if known is None:
            if not name or name.strip(TOKEN_CHARACTERS):
                raise InvalidHeader(header, "a parameter without a proper name")
            known = name.lower()
        if equals and not value:
            raise InvalidHeader(header, f"parameter {name} without a value")
        if known not in params:
            params[known] = value if equals else None
    return params


def format_params(params: Params) -> str:
    """Write parameters as `;name=value;…`."""
    if not params:
        return ""
    return "".join(
        [f";{name}" if value is None else f";{name}={value}" for name, value in params.items()]
    )


def split_list(value: str, header: str = "list") -> list[str]:
    """Split at commas outside of quotes and angle brackets; empty items are left out.

    Raises InvalidHeader on quotes that do not close and on more than MAX_LIST_ITEMS items.
    """
    if "," not in value:
        item = value.strip(_WHITESPACE)
        return [item] if item else []
    stripped = (part.strip(_WHITESPACE) for part in _split(value, ",", header))
    items = [item for item in stripped if item]
    if len(items) > MAX_LIST_ITEMS:
        raise InvalidHeader(header, f"more than {MAX_LIST_ITEMS} items")
    return items


def quote_string(text: str) -> str:
    """Write text as a quoted-string."""
    return f'"{text.translate(_QUOTED_PAIRS)}"'


def unquote_string(text: str) -> str:
    """Return what a quoted-string says; text without quotes is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    characters = iter(inner)
    return "".join(next(characters, "") if c == "\\" else c for c in characters)


def _parse_params_loosely(text: str, header: str) -> dict[str, str | None]:
    """Read parameters with quotes or whitespace in them."""
    params: dict[str, str | None] = {}
    for part in _split(text[1:], ";", header):
        name, equals, value = part.partition("=")
        name, value = name.strip(_WHITESPACE), value.strip(_WHITESPACE)
        if not name or name.strip(TOKEN_CHARACTERS):
            raise InvalidHeader(header, "a parameter without a proper name")
        if equals and (not value or (value[0] != '"' and (" " in value or "\t" in value))):
            raise InvalidHeader(header, f"parameter {name} without a proper value")
        params.setdefault(name.lower(), value if equals else None)
    return params


def _split(text: str, separator: str, header: str) -> list[str]:
    parts = []
    start = position = 0
    in_brackets = False
    while position < len(text):
        character = text[position]
        if character == '"' and not in_brackets:
            position = _end_of_quoted(text, position, header)
            continue
        if character == "<":
            in_brackets = True
        elif character == ">":
            in_brackets = False
        elif character == separator and not in_brackets:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    if in_brackets:
        raise InvalidHeader(header, "< without >")
    parts.append(text[start:])
    return parts


def _end_of_quoted(text: str, start: int, header: str) -> int:
    """Return the position behind the quoted-string that begins at `start`."""
    position = start + 1
    while True:
        end = text.find('"', position)
        if end < 0:
            raise InvalidHeader(header, "a quote that is not closed")
        escape = text.find("\\", position, end)
        if escape < 0:
            return end + 1
        position = escape + 2


def _loose_protocol(sent: str) -> tuple[str, str]:
    """Read `SIP / 2.0 / UDP host` with whitespace where it does not belong but may stand."""
    parts = sent.split("/", 2)
    if len(parts) == 3 and parts[0].strip().upper() == "SIP" and parts[1].strip() == "2.0":
        words = parts[2].split(None, 1)
        if len(words) == 2 and not words[0].strip(TOKEN_CHARACTERS):
            return words[0].upper(), words[1]
    raise InvalidHeader("Via", "must be SIP/2.0/transport and a host")


def _without_space_around_colon(hostport: str) -> str:
    return ":".join(part.strip(_WHITESPACE) for part in hostport.split(":"))
