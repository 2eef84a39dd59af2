"""SIP requests and responses (RFC 3261 7): parse, read lazily, serialise.

`parse_message` cuts the text into lines and looks no further; what a header says is read when it
is asked for and kept until the header changes. `validate` checks what RFC 3261 8.1.1 demands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from ringcast.protocols.sip.errors import InvalidHeader, InvalidUri, MalformedMessage
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import CSeq, NameAddr, Via, parse_number, split_list
from ringcast.protocols.sip.names import (
    CANONICAL,
    METHODS,
    REASONS,
    TOKEN_CHARACTERS,
    canonical_name,
)
from ringcast.protocols.sip.uri import OpaqueUri, SipUri, parse_uri

__all__ = [
    "MAX_BODY",
    "MAX_DATAGRAM",
    "MAX_HEAD",
    "MAX_HEADER_LINE",
    "MAX_HEADER_LINES",
    "REASONS",
    "Headers",
    "Message",
    "Request",
    "Response",
    "make_response",
    "parse_message",
    "refuse_malformed",
]

MAX_DATAGRAM: Final = 65_535
MAX_HEAD: Final = 65_536
MAX_BODY: Final = 65_536
MAX_HEADER_LINES: Final = 256
MAX_HEADER_LINE: Final = 8192

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
        return [Via.parse(item) for item in self._list("Via")]

    @property
    def cseq(self) -> CSeq:
        """Sequence number and method."""
        return self._read("CSeq", CSeq.parse)

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
        if text.endswith(">") and "tag" not in text:
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


class Request(Message):
    """A request; `uri` is the Request-URI as written."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """The request line."""
        return f"{self.method} {self.uri} SIP/2.0"

    @property
    def request_uri(self) -> SipUri | OpaqueUri:
        """The Request-URI; raises InvalidUri."""
        return parse_uri(self.uri)

    def validate(self) -> None:
        """Check what a server must check; raises MalformedMessage with the status to refuse with.

        Mandatory headers (RFC 3261 8.1.1) once each, numbers in range, Content-Length, the CSeq's
        method, a Request-URI without headers. Max-Forwards, tag and branch may be missing, as in
        requests of RFC 2543 (RFC 4475 3.3.9).
        """
        try:
            _check_common(self)
            if self.cseq.method != self.method:
                raise InvalidHeader("CSeq", f"{self.cseq.method} in a request for {self.method}")
            _ = self.max_forwards, self.expires
            uri = self.request_uri
            if isinstance(uri, SipUri) and uri.headers:
                raise InvalidUri(self.uri, "a Request-URI has no headers (RFC 3261 19.1.1)")
        except (InvalidHeader, InvalidUri) as exc:
            raise MalformedMessage(str(exc), method=self.method, partial=self.headers) from exc


class Response(Message):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    @property
    def start_line(self) -> str:
        """The status line."""
        return f"SIP/2.0 {self.status} {self.reason}"

    @property
    def is_final(self) -> bool:
        """Whether no other response will follow."""
        return self.status >= 200

    def validate(self) -> None:
        """Check what a client must check; raises MalformedMessage: such a response is dropped."""
        try:
            _check_common(self)
            _ = self.retry_after, self.expires
        except InvalidHeader as exc:
            raise MalformedMessage(str(exc), partial=self.headers) from exc


def parse_message(data: bytes) -> Request | Response:
    """Read one message; a body longer than its Content-Length is cut (RFC 3261 18.3).

    Raises MalformedMessage. Only the start line and the form of the header lines are looked at;
    see `validate` and the properties for the rest.
    """
    if data[:2] == b"\r\n":
        data = data.lstrip(b"\r\n")  # RFC 3261 7.5
    end = data.find(b"\r\n\r\n")
    if end > MAX_HEAD or (end < 0 and len(data) > MAX_HEAD):
        raise MalformedMessage(f"more than {MAX_HEAD} bytes of headers", status=513)
    if end < 0:
        head, body = data.decode("utf-8", "surrogateescape"), b""
    else:
        head, body = data[:end].decode("utf-8", "surrogateescape"), data[end + 4 :]
    if len(body) > MAX_BODY:
        raise MalformedMessage(f"a body of more than {MAX_BODY} bytes", status=513)
    lines = head.split("\r\n")
    ends = len(lines) - 1
    if "\r\n " in head or "\r\n\t" in head:
        lines = _unfold(lines)

    fault = None
    items: list[tuple[str, str]] = []
    known_name = CANONICAL.get
    for line in lines[1 : MAX_HEADER_LINES + 1]:
        name, colon, value = line.partition(":")
        canonical = known_name(name)
        if canonical is None:
            name = name.rstrip(" \t")
            if not colon or not name or name.strip(TOKEN_CHARACTERS):
                if line or end >= 0:
                    fault = fault or "a header line without a name"
                continue
            canonical = canonical_name(name)
        elif not colon:
            fault = fault or "a header line without a colon"
            continue
        items.append((canonical, value.strip(" \t")))
    headers = Headers.from_canonical(items)

    if len(lines) - 1 > MAX_HEADER_LINES:
        fault = f"more than {MAX_HEADER_LINES} header lines"
    elif len(head) > MAX_HEADER_LINE and max(map(len, lines)) > MAX_HEADER_LINE:
        fault = f"a line of more than {MAX_HEADER_LINE} characters"
    elif head.count("\n") != ends or head.count("\r") != ends:
        fault = "a line end that is not CR LF"
    elif end < 0:
        fault = "no empty line after the headers"
    message = _parse_start_line(lines[0], headers, fault)
    length = headers.get("Content-Length")
    if length is not None and length.isascii() and length.isdigit() and len(length) <= 6:
        body = body[: int(length)]
    message.body = body
    return message


def make_response(
    request: Request,
    status: int,
    *,
    reason: str | None = None,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """Answer a request: Via, From, To, Call-ID, CSeq copied as RFC 3261 8.2.6.2 demands.

    `to_tag` is added if To has none. Record-Route is copied into responses that make a dialog
    (RFC 3261 12.1.1): 101 to 299 to an INVITE, 2xx to SUBSCRIBE and REFER.
    """
    copied = [(name, value) for name, value in request.headers if name in _COPIED]
    if to_tag is not None:
        copied = [
            (name, _tagged(value, to_tag)) if name == "To" else (name, value)
            for name, value in copied
        ]
    if (request.method == "INVITE" and 100 < status < 300) or (
        request.method in ("SUBSCRIBE", "REFER") and 200 <= status < 300
    ):
        copied += [pair for pair in request.headers if pair[0] == "Record-Route"]
    made = Headers.from_canonical(copied)
    for name, value in headers:
        made.add(name, value)
    return Response(status, REASONS.get(status, "") if reason is None else reason, made, body)


def refuse_malformed(error: MalformedMessage, *, to_tag: str) -> Response | None:
    """Make the response that tells the sender of a malformed request what was wrong.

    None if there is nobody to tell: it was no request, or an ACK, or has no usable Via.
    """
    if error.method is None or error.method == "ACK" or error.partial is None:
        return None
    request = Request(error.method, "", error.partial)
    try:
        _ = request.via
    except InvalidHeader:
        return None
    try:
        tag = None if request.to_tag else to_tag
    except InvalidHeader:
        tag = None  # a To that cannot be read is sent back as it came
    return make_response(request, error.status, to_tag=tag)


_COPIED: Final = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})
_SINGLE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length")


def _check_common(message: Message) -> None:
    names = [name for name, _ in message.headers]
    for name in _SINGLE:
        if names.count(name) > 1 and len(set(message.headers.get_all(name))) > 1:
            raise InvalidHeader(name, "there is more than one")
    if not message.call_id.isprintable() and any(c.isspace() for c in message.call_id):
        raise InvalidHeader("Call-ID", "must be one word")
    _ = message.vias, message.cseq, message.from_, message.to, message.contacts
    length = message.headers.get("Content-Length")
    if length is not None:
        announced = parse_number(length, "Content-Length", maximum=2**32 - 1)
        if announced > len(message.body):
            raise InvalidHeader("Content-Length", f"{announced}, but {len(message.body)} came")


def _parse_start_line(line: str, headers: Headers, fault: str | None) -> Request | Response:
    if line[:8] == "SIP/2.0 " or line[:4].upper() == "SIP/":
        return _parse_status_line(line, headers, fault)
    method, _, rest = line.partition(" ")
    if method not in METHODS and (not method or method.strip(TOKEN_CHARACTERS)):
        raise MalformedMessage("the first line is neither of a request nor of a response")
    uri, _, version = rest.rpartition(" ")
    if not (version == "SIP/2.0" and uri and " " not in uri and "\t" not in uri) or fault:
        last = line.split()[-1].upper()
        if not last.startswith("SIP/") and not rest:
            raise MalformedMessage("the first line is neither of a request nor of a response")
        if fault is None and last.startswith("SIP/") and last != "SIP/2.0":
            raise MalformedMessage(f"version {last}", status=505, method=method, partial=headers)
        if version.upper() != "SIP/2.0" or not uri or " " in uri or "\t" in uri:
            fault = "a request line must be method, URI and SIP/2.0 with single spaces between"
        if fault is not None:
            status = 513 if fault.startswith("more than") else 400
            raise MalformedMessage(fault, status=status, method=method, partial=headers)
    if uri[0] == "<":
        raise MalformedMessage("a Request-URI has no brackets", method=method, partial=headers)
    return Request(method, uri, headers)


def _parse_status_line(line: str, headers: Headers, fault: str | None) -> Response:
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if fault is not None:
        raise MalformedMessage(fault, partial=headers)
    if version.upper() != "SIP/2.0":
        raise MalformedMessage(f"version {version}", partial=headers)
    if len(code) != 3 or not (code.isascii() and code.isdigit()) or not "100" <= code < "700":
        raise MalformedMessage("a status must be a number from 100 to 699", partial=headers)
    return Response(int(code), reason, headers)


def _unfold(lines: list[str]) -> list[str]:
    """Join continued lines with one space (RFC 3261 7.3.1); the start line is never continued."""
    joined: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and len(joined) > 1:
            joined[-1] = f"{joined[-1].rstrip()} {line.lstrip()}"
        else:
            joined.append(line)
    return joined


def _plain_tag(text: str) -> str | None:
    """Return the tag of `…>;tag=x…`, the form nearly everyone writes; None for others."""
    _, bracket, tail = text.rpartition(">")
    if not bracket or tail[:5] != ";tag=" or '"' in tail or " " in tail or "\t" in tail:
        return None
    return tail[5:].partition(";")[0] or None


def _tagged(value: str, tag: str) -> str:
    if NameAddr.parse(value, header="To").tag is not None:
        return value
    # addr-spec form too: what follows its ; are the header's parameters (RFC 3261 20).
    return f"{value};tag={tag}"


def _parse_from(text: str) -> NameAddr:
    return NameAddr.parse(text, header="From")


def _parse_to(text: str) -> NameAddr:
    return NameAddr.parse(text, header="To")
