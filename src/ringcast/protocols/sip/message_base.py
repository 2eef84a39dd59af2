"""What requests and responses have in common: headers read when asked for, bytes to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from ringcast.protocols.sip.errors import InvalidHeader
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import CSeq, NameAddr, Via, parse_number, split_list

_MAX_SECONDS: Final = 2**32 - 1  # RFC 3261 20.19: delta-seconds
_MAX_HOPS: Final = 255  # RFC 3261 20.22

_T = TypeVar("_T")


class Message:
    """What requests and responses have in common.

    The properties raise InvalidHeader when the text of their header cannot be read, and those
    that are not optional also when there is no such header.
    """

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """The first line, without its line end."""
        raise NotImplementedError

    def serialize(self) -> bytes:
        """Return the bytes to send, with the Content-Length of this body.

        Raises InvalidHeader for text that has no bytes.
        """
        lines = [f"{name}: {value}" for name, value in self.headers if name != "Content-Length"]
        head = "\r\n".join([self.start_line, *lines, f"Content-Length: {len(self.body)}\r\n\r\n"])
        try:
            return head.encode("utf-8", "surrogateescape") + self.body
        except UnicodeEncodeError as exc:
            raise InvalidHeader("message", "text that cannot be encoded") from exc

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message) or type(self) is not type(other):
            return NotImplemented
        return (
            self.start_line == other.start_line
            and self.headers == other.headers
            and self.body == other.body
        )

    __hash__ = None  # type: ignore[assignment]  # messages change

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.start_line}>"

    @property
    def via(self) -> Via:
        """The topmost Via."""
        read = self.headers.read
        if "Via" not in read:
            value = self._text("Via")
            if "," in value:
                value = (split_list(value, "Via") or [""])[0]
            read["Via"] = Via.parse(value)
        via: Via = read["Via"]
        return via

    @property
    def vias(self) -> list[Via]:
        """Every Via, topmost first."""
        values = self.headers.get_all("Via")
        if len(values) == 1 and "," not in values[0]:
            return [self.via]
        return [Via.parse(item) for item in self._list("Via")]

    @property
    def cseq(self) -> CSeq:
        """Sequence number and method."""
        return CSeq.parse(self._text("CSeq"))

    @property
    def call_id(self) -> str:
        """The Call-ID as written."""
        return self._text("Call-ID")

    @property
    def from_(self) -> NameAddr:
        """Who sent the request."""
        return self._read("From", _parse_from)

    @property
    def to(self) -> NameAddr:
        """Whom the request was meant for."""
        return self._read("To", _parse_to)

    @property
    def from_tag(self) -> str | None:
        """The tag of From, read without the rest."""
        text = self._text("From")
        tag = _plain_tag(text)
        return tag if tag is not None else self.from_.tag

    @property
    def to_tag(self) -> str | None:
        """The tag of To, read without the rest."""
        text = self._text("To")
        if text.endswith(">"):
            return None
        tag = _plain_tag(text)
        return tag if tag is not None else self.to.tag

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, or None; also None for the * of a REGISTER."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def contacts(self) -> list[NameAddr]:
        """Every Contact; none for the * of a REGISTER."""
        read = self.headers.read
        if "Contact" not in read:
            items = self._list("Contact")
            read["Contact"] = (
                [] if items == ["*"] else [NameAddr.parse(item, header="Contact") for item in items]
            )
        contacts: list[NameAddr] = read["Contact"]
        return contacts

    @property
    def record_routes(self) -> list[NameAddr]:
        """Every Record-Route in the order written."""
        return [NameAddr.parse(item, header="Record-Route") for item in self._list("Record-Route")]

    @property
    def routes(self) -> list[NameAddr]:
        """Every Route in the order written."""
        return [NameAddr.parse(item, header="Route") for item in self._list("Route")]

    @property
    def content_type(self) -> str | None:
        """The media type in lower case without parameters, or None."""
        value = self.headers.get("Content-Type")
        return value.partition(";")[0].strip().lower() if value else None

    @property
    def require(self) -> frozenset[str]:
        """Option tags of Require, in lower case."""
        return self._tokens("Require")

    @property
    def supported(self) -> frozenset[str]:
        """Option tags of Supported, in lower case."""
        return self._tokens("Supported")

    @property
    def allow(self) -> frozenset[str]:
        """Methods of Allow, as written: methods have case."""
        return frozenset(self._list("Allow"))

    @property
    def retry_after(self) -> int | None:
        """Seconds of Retry-After, or None (RFC 3261 20.33)."""
        value = self.headers.get("Retry-After")
        if value is None:
            return None
        seconds = value.partition(";")[0].partition("(")[0]
        return parse_number(seconds, "Retry-After", maximum=_MAX_SECONDS)

    @property
    def max_forwards(self) -> int | None:
        """Hops left, or None."""
        value = self.headers.get("Max-Forwards")
        return None if value is None else parse_number(value, "Max-Forwards", maximum=_MAX_HOPS)

    @property
    def expires(self) -> int | None:
        """Seconds of Expires, or None."""
        value = self.headers.get("Expires")
        return None if value is None else parse_number(value, "Expires", maximum=_MAX_SECONDS)

    def _text(self, name: str) -> str:
        value = self.headers.get(name)
        if not value:
            raise InvalidHeader(name, "there is none")
        return value

    def _read(self, name: str, parse: Callable[[str], _T]) -> _T:
        read = self.headers.read
        if name not in read:
            read[name] = parse(self._text(name))
        value: _T = read[name]
        return value

    def _list(self, name: str) -> list[str]:
        values = self.headers.get_all(name)
        return [item for value in values for item in split_list(value, name)]

    def _tokens(self, name: str) -> frozenset[str]:
        return frozenset(item.lower() for item in self._list(name))


def _plain_tag(text: str) -> str | None:
    """Return the tag of `…>;tag=x…`, the form nearly everyone writes; None for others."""
    _, bracket, tail = text.rpartition(">")
    if not bracket or tail[:5] != ";tag=" or '"' in tail or " " in tail or "\t" in tail:
        return None
    return tail[5:].partition(";")[0] or None


def _parse_from(text: str) -> NameAddr:
    return NameAddr.parse(text, header="From")


def _parse_to(text: str) -> NameAddr:
    return NameAddr.parse(text, header="To")
