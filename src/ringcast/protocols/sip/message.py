"""SIP requests and responses (RFC 3261 7): parse, read lazily, serialise.

`parse_message` cuts the text into lines and looks no further; what a header says is read when it
is asked for and kept until the header changes. `validate` checks what RFC 3261 8.1.1 demands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ringcast.protocols.sip.errors import InvalidHeader, InvalidUri, MalformedMessage
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import NameAddr, parse_number
from ringcast.protocols.sip.message_base import Message
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
    items, fault = _parse_lines(lines)
    if fault is _FOLDED:
        lines = _unfold(lines)
        items, fault = _parse_lines(lines)
    headers = Headers.from_canonical(items)
    if len(lines) - 1 > MAX_HEADER_LINES:
        fault = f"more than {MAX_HEADER_LINES} header lines"
    elif len(head) > MAX_HEADER_LINE and max(map(len, lines)) > MAX_HEADER_LINE:
        fault = f"a line of more than {MAX_HEADER_LINE} characters"
    elif head.count("\n") != ends or head.count("\r") != ends:
        fault = "a line end that is not CR LF"
    elif end < 0:
        fault = "no empty line after the headers"
    length = headers.get("Content-Length")
    if length is not None and length.isdecimal() and len(length) <= 6:
        body = body[: int(length)]
    return _parse_start_line(lines[0], headers, body, fault)


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
    (RFC 3261 12.1.1): 101 to 299 to an INVITE, 2xx to SUBSCRIBE and REFER. Raises InvalidHeader
    if a To that should get a tag cannot be read, and for headers that cannot be sent.
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

    It goes to where the request came from. None if there is nobody to tell: it was no request,
    or an ACK, or has no usable Via.
    """
    if error.method is None or error.method == "ACK" or error.partial is None:
        return None
    # Line ends of the wrong kind would be header lines of ours to whoever reads them so.
    clean = [(name, _LINE_ENDS.sub(" ", value)) for name, value in _answerable(error.partial)]
    request = Request(error.method, "", Headers.from_canonical(clean))
    try:
        if error.status != 505 or "Via" not in error.partial:  # a Via of that version too, maybe
            _ = request.via
    except InvalidHeader:
        return None
    try:
        return make_response(request, error.status, to_tag=to_tag)
    except InvalidHeader:  # a To that cannot be read is sent back as it came
        return make_response(request, error.status)


def _answerable(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield what a response repeats, and no more of it than a request can rightly have."""
    left = dict.fromkeys(_COPIED, 1) | {"Via": _MOST_HOPS}
    for name, value in headers:
        if left.get(name, 0):
            left[name] -= 1
            yield name, value


_LINE_ENDS: Final = re.compile("[\\r\\n]+")
_MOST_HOPS: Final = 70
"""What Max-Forwards begins with (RFC 3261, 8.1.1.6)."""
_FOLDED: Final = "a continued line"
_STATUS_LINES: Final = {f"SIP/2.0 {status} ": status for status in range(100, 700)}
_COPIED: Final = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})
_SINGLE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length")


def _check_common(message: Message) -> None:
    names = [name for name, _ in message.headers]
    if len(set(names)) < len(names):
        for name in _SINGLE:
            if names.count(name) > 1 and len(set(message.headers.get_all(name))) > 1:
                raise InvalidHeader(name, "there is more than one")
    if len(message.call_id.split()) != 1:
        raise InvalidHeader("Call-ID", "must be one word")
    _ = message.via, message.vias, message.cseq, message.from_, message.to, message.contacts
    length = message.headers.get("Content-Length")
    if length is not None:
        announced = parse_number(length, "Content-Length", maximum=2**32 - 1)
        if announced > len(message.body):
            raise InvalidHeader("Content-Length", f"{announced}, but {len(message.body)} came")


def _parse_lines(lines: list[str]) -> tuple[list[tuple[str, str]], str | None]:
    """Cut header lines into names and values; return also what is wrong with the lines."""
    items: list[tuple[str, str]] = []
    fault = None
    canonical = CANONICAL
    append = items.append
    for line in lines[1 : MAX_HEADER_LINES + 1]:
        name, _, value = line.partition(": ")
        try:
            append((canonical[name], value.strip(" \t")))
        except KeyError:  # unknown, or written in another way than nearly everyone does
            if line[:1] in (" ", "\t"):
                return items, _FOLDED
            name, colon, value = line.partition(":")
            name = name.rstrip(" \t")
            if not colon or not name or name.strip(TOKEN_CHARACTERS):
                fault = "a header line without a name and a colon"
                continue
            append((canonical_name(name), value.strip(" \t")))
    return items, fault


def _parse_start_line(
    line: str, headers: Headers, body: bytes, fault: str | None
) -> Request | Response:
    if line[:4] == "SIP/" or line[:4].upper() == "SIP/":
        status = _STATUS_LINES.get(line[:12])
        if status is None or fault is not None:
            status = _parse_status_line(line, headers, fault)
        return Response(status, line[12:], headers, body)
    method, _, rest = line.partition(" ")
    if method not in METHODS and (not method or method.strip(TOKEN_CHARACTERS)):
        raise MalformedMessage("the first line is neither of a request nor of a response")
    uri, _, version = rest.rpartition(" ")
    status = 400
    if version != "SIP/2.0" or not uri or " " in uri or "\t" in uri:
        last = line.split()[-1].upper()
        if last.startswith("SIP/") and last != "SIP/2.0":
            fault, status = f"version {last}", 505
        elif version.upper() != "SIP/2.0" or not uri or " " in uri or "\t" in uri:
            fault = "a request line must be method, URI and SIP/2.0 with single spaces between"
    elif uri[0] == "<":
        fault = "a Request-URI has no brackets"
    if fault is not None:
        raise MalformedMessage(fault, status=status, method=method, partial=headers)
    return Request(method, uri, headers, body)


def _parse_status_line(line: str, headers: Headers, fault: str | None) -> int:
    """Read a status line that is not as usual."""
    if fault is None and line[:8].upper() != "SIP/2.0 ":
        fault = f"version {line[:8]!r}"
    status = _STATUS_LINES.get(f"{line[:12].upper()} "[:12])
    if fault is None and status is not None:
        return status
    fault = fault or "a status must be a number from 100 to 699 and a space"
    raise MalformedMessage(fault, partial=headers)


def _unfold(lines: list[str]) -> list[str]:
    """Join continued lines with one space (RFC 3261 7.3.1); the start line is never continued."""
    joined: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and len(joined) > 1:
            joined[-1] = f"{joined[-1].rstrip()} {line.lstrip()}"
        else:
            joined.append(line)
    return joined


def _tagged(value: str, tag: str) -> str:
    if NameAddr.parse(value, header="To").tag is not None:
        return value
    # addr-spec form too: what follows its ; are the header's parameters (RFC 3261 20).
    return f"{value};tag={tag}"
