"""Session descriptions (RFC 8866): parse and serialise.

Reading is tolerant: CR LF or LF, missing s= and t=, lines we have no use for. What is not
understood is kept and written again at the place its type has in the order of RFC 8866 5.
"""

from __future__ import annotations

import enum
import functools
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sdp.codecs import STATIC_ENCODINGS, Encoding
from ringcast.protocols.sdp.errors import InvalidSdp

MAX_SIZE: Final = 65_536
MAX_LINES: Final = 1000
MAX_MEDIA: Final = 32
MAX_FORMATS: Final = 128

# The lines of calls are much the same: what was read from a short one is kept.
_MAX_REMEMBERED: Final = 64
_SESSION_ORDER: Final = "iuepcbtrzka"
_MEDIA_ORDER: Final = "icbka"
_LETTERS: Final = frozenset(string.ascii_letters)


class Direction(enum.StrEnum):
    """Which way media flows, seen from the side that says it (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> Direction:
        """Return the direction of a side that does these."""
        return _BY_FLOW[sends, receives]

    @property
    def sends(self) -> bool:
        """Whether the side that says it sends media."""
        return self in _SENDING

    @property
    def receives(self) -> bool:
        """Whether the side that says it receives media."""
        return self in _RECEIVING


_SENDING: Final = frozenset({Direction.SENDRECV, Direction.SENDONLY})
_RECEIVING: Final = frozenset({Direction.SENDRECV, Direction.RECVONLY})
_BY_FLOW: Final = {(item in _SENDING, item in _RECEIVING): item for item in Direction}
_DIRECTIONS: Final[Mapping[str, Direction]] = {item.value: item for item in Direction}


@dataclass(frozen=True, slots=True)
class Attribute:
    """An a= line: a property (no value) or a value."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Connection:
    """A c= line of the Internet (RFC 8866 5.7)."""

    address: str
    family: str = "IP4"

    @classmethod
    def to(cls, address: str) -> Connection:
        """Return the connection to an IPv4 or IPv6 address."""
        return cls(address, "IP6" if ":" in address else "IP4")

    def __str__(self) -> str:
        return f"IN {self.family} {self.address}"

    @property
    def host(self) -> str:
        """The address without the TTL of a multicast one."""
        return self.address.partition("/")[0]

    @property
    def is_hold(self) -> bool:
        """Whether it is the old way of saying: send me nothing (RFC 3264 8.4)."""
        return self.host in ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True)
class Origin:
    """The o= line: who made the session, and which version of it this is (RFC 8866 5.2)."""

    username: str
    session_id: str
    version: str
    connection: Connection

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {self.connection}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDescription:
    """An m= line and what belongs to it.

    `other` are lines of other types as (type, value).
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    port_count: int = 1
    connection: Connection | None = None
    attributes: tuple[Attribute, ...] = ()
    other: tuple[tuple[str, str], ...] = ()

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The formats of RTP, in order of preference; others are left out."""
        return tuple(
            int(text) for text in self.formats
            if len(text) <= 3 and text.isascii() and text.isdigit() and int(text) < 128
        )  # fmt: skip

    @property
    def rtpmap(self) -> Mapping[int, Encoding]:
        """What each payload type means, the static ones of RFC 3551 included."""
        meanings = {
            number: STATIC_ENCODINGS[number]
            for number in self.payload_types
            if number in STATIC_ENCODINGS
        }
        for attribute in self.attributes:
            # No encoding has a name longer than what is remembered.
            if attribute.name == "rtpmap" and 0 < len(attribute.value or "") <= _MAX_REMEMBERED:
                number, encoding = _parse_rtpmap(attribute.value or "")
                if encoding is not None:
                    meanings[number] = encoding
        return meanings

    @property
    def fmtp(self) -> Mapping[int, str]:
        """Format parameters by payload type."""
        parameters = {}
        for attribute in self.attributes:
            if attribute.name == "fmtp" and attribute.value:
                number, _, text = attribute.value.partition(" ")
                if number.isascii() and number.isdigit() and len(number) <= 3:
                    parameters[int(number)] = text.strip()
        return parameters

    @property
    def ptime(self) -> int | None:
        """Milliseconds of audio in a packet that this side would like, or None."""
        value = self.attribute("ptime")
        digits = value.strip() if value else ""
        return int(digits) if digits.isdecimal() and 0 < len(digits) <= 4 and int(digits) else None

    @property
    def direction(self) -> Direction | None:
        """The direction of this stream, or None if only the session's counts."""
        return _direction(self.attributes)

    def attribute(self, name: str) -> str | None:
        """Return the value of the first attribute of a name ("" for a property), or None."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.value or ""
        return None

    def serialize(self) -> list[str]:
        """Return the lines of this stream."""
        port = str(self.port) if self.port_count == 1 else f"{self.port}/{self.port_count}"
        first = f"m={self.kind} {port} {self.protocol} {' '.join(self.formats)}"
        return [first, *_ordered(_MEDIA_ORDER, self.connection, self.attributes, self.other)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription:
    """A session description; `timing` is the value of its t= line."""

    origin: Origin
    name: str = "-"
    connection: Connection | None = None
    timing: str = "0 0"
    attributes: tuple[Attribute, ...] = ()
    other: tuple[tuple[str, str], ...] = ()
    media: tuple[MediaDescription, ...] = ()

    @classmethod
    def parse(cls, data: bytes | str) -> SessionDescription:
        """Read a session description; raises InvalidSdp."""
        sections = _sections(data)
        session = sections[0]
        single: dict[str, str] = {}
        other: list[tuple[str, str]] = []
        for kind, value in session:
            if kind in "vosc" or (kind == "t" and "t" not in single):
                single.setdefault(kind, value)
            elif kind != "a":
                other.append((kind, value))
        if single.get("v") != "0":
            raise InvalidSdp("v= must be 0")
        if "o" not in single:
            raise InvalidSdp("there is no o= line")
        return cls(
            origin=_parse_origin(single["o"]),
            name=single.get("s", "-"),
            connection=_parse_connection(single["c"]) if "c" in single else None,
            timing=single.get("t", "0 0"),
            attributes=_parse_attributes(session),
            other=tuple(other),
            media=tuple(_parse_media(section) for section in sections[1:]),
        )

    def serialize(self) -> bytes:
        """Return the text with CR LF line ends (RFC 8866 5)."""
        other = (("t", self.timing), *self.other)
        lines = [
            "v=0",
            f"o={self.origin}",
            f"s={self.name}",
            *_ordered(_SESSION_ORDER, self.connection, self.attributes, other),
        ]
        for media in self.media:
            lines += media.serialize()
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")

    def connection_of(self, media: MediaDescription) -> Connection | None:
        """Return where a stream's packets go: its own c= line or else the session's."""
        return media.connection or self.connection

    def direction_of(self, media: MediaDescription) -> Direction:
        """Return a stream's direction: its own, the session's, or sendrecv (RFC 8866 6.7)."""
        return media.direction or _direction(self.attributes) or Direction.SENDRECV


def _sections(data: bytes | str) -> list[list[tuple[str, str]]]:
    """Cut into (type, value) lines: those of the session first, then of each stream."""
    if len(data) > MAX_SIZE:
        raise InvalidSdp(f"more than {MAX_SIZE} bytes")
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    sections: list[list[tuple[str, str]]] = [[]]
    text = text.replace("\r\n", "\n")
    if "\r" in text or "\0" in text:
        raise InvalidSdp("a line end or NUL within a line")
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise InvalidSdp(f"more than {MAX_LINES} lines")
    for line in lines:
        kind, equals, value = line.partition("=")
        if kind == "m":
            sections.append([])
        elif kind not in _LETTERS or not equals:
            if not line or line.isspace():
                continue
            raise InvalidSdp("each line must be a letter, = and a value")
        sections[-1].append((kind, value.strip(" \t")))
    if len(sections) - 1 > MAX_MEDIA:
        raise InvalidSdp(f"more than {MAX_MEDIA} streams")
    return sections


def _parse_origin(value: str) -> Origin:
    parts = value.split()
    if len(parts) != 6:
        raise InvalidSdp("o= must have six parts")
    return Origin(parts[0], parts[1], parts[2], _parse_connection(" ".join(parts[3:])))


def _parse_connection(value: str) -> Connection:
    parts = value.split()
    if len(parts) != 3 or parts[0].upper() != "IN" or parts[1].upper() not in ("IP4", "IP6"):
        raise InvalidSdp("an address must be IN, IP4 or IP6, and the address")
    return Connection(parts[2], parts[1].upper())


def _parse_attributes(section: list[tuple[str, str]]) -> tuple[Attribute, ...]:
    return tuple(
        [
            _attribute(value) if len(value) <= _MAX_REMEMBERED else _parse_attribute(value)
            for kind, value in section
            if kind == "a"
        ]
    )


def _parse_attribute(value: str) -> Attribute:
    name, colon, text = value.partition(":")
    return Attribute(name.strip(), text.strip() if colon else None)


_attribute = functools.lru_cache(maxsize=1024)(_parse_attribute)


def _parse_media(section: list[tuple[str, str]]) -> MediaDescription:
    words = section[0][1].split()
    if len(words) < 4:
        raise InvalidSdp("m= must have a kind, a port, a protocol and formats")
    if len(words) - 3 > MAX_FORMATS:
        raise InvalidSdp(f"more than {MAX_FORMATS} formats in a stream")
    port, slash, count = words[1].partition("/")
    connection = None
    other = []
    for kind, value in section[1:]:
        if kind == "c":
            connection = connection or _parse_connection(value)
        elif kind != "a":
            other.append((kind, value))
    return MediaDescription(
        kind=words[0].lower(),
        port=_number(port, 65_535),
        port_count=_number(count, 65_535) if slash else 1,
        protocol=words[2],
        formats=tuple(words[3:]),
        connection=connection,
        attributes=_parse_attributes(section),
        other=tuple(other),
    )


@functools.lru_cache(maxsize=1024)
def _parse_rtpmap(value: str) -> tuple[int, Encoding | None]:
    """Read `96 name/rate/channels`; an rtpmap that cannot be read says nothing."""
    number, _, meaning = value.partition(" ")
    parts = meaning.strip().split("/")
    try:
        rate = _number(parts[1], 10_000_000) if len(parts) > 1 else 0
        channels = _number(parts[2], 255) if len(parts) > 2 else 1
        return _number(number, 127), Encoding(parts[0], rate, channels) if rate else None
    except InvalidSdp:
        return 0, None


def _direction(attributes: tuple[Attribute, ...]) -> Direction | None:
    for attribute in attributes:
        if attribute.value is None and attribute.name in _DIRECTIONS:
            return _DIRECTIONS[attribute.name]
    return None


def _number(digits: str, maximum: int) -> int:
    if not (0 < len(digits) <= 10 and digits.isascii() and digits.isdigit()):
        raise InvalidSdp(f"{digits[:20]!r} must be a number")
    if int(digits) > maximum:
        raise InvalidSdp(f"{digits} must not be more than {maximum}")
    return int(digits)


def _ordered(
    order: str,
    connection: Connection | None,
    attributes: tuple[Attribute, ...],
    other: tuple[tuple[str, str], ...],
) -> list[str]:
    """Write the lines below v= o= s= or m= in the order of RFC 8866 5; unknown types come last."""
    lines = list(other)
    if connection is not None:
        lines.append(("c", str(connection)))
    lines += [("a", str(attribute)) for attribute in attributes]
    lines.sort(key=lambda line: order.find(line[0]) % (len(order) + 1))  # stable; -1 becomes last
    return [f"{kind}={value}" for kind, value in lines]
