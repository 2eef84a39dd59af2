"""Messages: what is read, what is refused, what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sip.errors import InvalidHeader, MalformedMessage, SipError
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import CSeq
from ringcast.protocols.sip.message import (
    MAX_BODY,
    MAX_HEAD,
    MAX_HEADER_LINE,
    MAX_HEADER_LINES,
    REASONS,
    Request,
    Response,
    make_response,
    parse_message,
    refuse_malformed,
)
from ringcast.protocols.sip.names import COMPACT_FORMS, KNOWN_HEADERS, canonical_name

INVITE = (
    b"INVITE sip:bob@biloxi.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"
    b"Via: SIP/2.0/TCP a.example.com;branch=z9hG4bKa, SIP/2.0/TLS b.example.com\r\n"
    b"Max-Forwards: 70\r\n"
    b'To: "Bob" <sip:bob@biloxi.com>\r\n'
    b"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Contact: <sip:alice@pc33.atlanta.com>, <sip:alice@192.0.2.1;lr>;q=0.5\r\n"
    b"Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>\r\n"
    b"Route: <sip:p3.example.com;lr>\r\n"
    b"Supported: timer, 100rel\r\n"
    b"Supported: Replaces\r\n"
    b"Require: precondition\r\n"
    b"Allow: INVITE, ACK\r\n"
    b"Expires: 120\r\n"
    b"Content-Type: Application/SDP ;charset=utf-8\r\n"
    b"X-Custom: \xff\xe9 text\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)


def invite(*, without: str = "", **headers: str) -> Request:
    request = parse_message(INVITE)
    assert isinstance(request, Request)
    if without:
        request.headers.remove(without)
    for name, value in headers.items():
        request.headers.set(name.replace("_", "-"), value)
    return request


def test_a_request_is_read() -> None:
    request = invite()

    assert (request.method, request.uri) == ("INVITE", "sip:bob@biloxi.com")
    assert str(request.request_uri) == "sip:bob@biloxi.com"
    assert request.via.branch == "z9hG4bK776asdhds"
    assert [via.host for via in request.vias] == [
        "pc33.atlanta.com", "a.example.com", "b.example.com",
    ]  # fmt: skip
    assert request.cseq == CSeq(314159, "INVITE")
    assert request.call_id == "a84b4c76e66710@pc33.atlanta.com"
    assert (request.from_tag, request.to_tag) == ("1928301774", None)
    assert (request.from_.display_name, request.to.display_name) == ("Alice", "Bob")
    assert request.contact is not None
    assert str(request.contact.uri) == "sip:alice@pc33.atlanta.com"
    assert [contact.params for contact in request.contacts] == [{}, {"q": "0.5"}]
    assert [str(route.uri) for route in request.record_routes] == [
        "sip:p2.example.com;lr", "sip:p1.example.com;lr",
    ]  # fmt: skip
    assert [str(route.uri) for route in request.routes] == ["sip:p3.example.com;lr"]
    assert request.supported == {"timer", "100rel", "replaces"}
    assert request.require == {"precondition"}
    assert request.allow == {"INVITE", "ACK"}
    assert (request.max_forwards, request.expires, request.retry_after) == (70, 120, None)
    assert request.content_type == "application/sdp"
    assert request.body == b"v=0\r\n"
    request.validate()


def test_a_message_is_written_byte_for_byte_as_it_was_read() -> None:
    assert parse_message(INVITE).serialize() == INVITE


def test_a_response_is_read() -> None:
    response = parse_message(
        b"SIP/2.0 503 Try later, \xc3\xa9\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
        b"Retry-After: 18000;duration=3600 (maintenance)\r\n\r\n"
    )

    assert isinstance(response, Response)
    assert (response.status, response.reason, response.is_final) == (503, "Try later, é", True)
    assert response.retry_after == 18000
    assert response.content_type is None
    assert response.contact is None


@pytest.mark.parametrize("line", [b"SIP/2.0 180", b"SIP/2.0 180 ", b"sip/2.0 180 "])
def test_a_response_needs_no_reason(line: bytes) -> None:
    response = parse_message(line + b"\r\nv: SIP/2.0/UDP h\r\n\r\n")

    assert isinstance(response, Response)
    assert (response.status, response.reason, response.is_final) == (180, "", False)


def test_compact_forms_and_odd_spelling_are_understood() -> None:
    message = parse_message(
        b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nI:1\r\nCALL-INFO  : x\r\n"
        b"cseq:\t1 OPTIONS \r\nf: <sip:a@h>;tag=1\r\nt: <sip:b@h>\r\n"
        b"X-odd-Name: y\r\nl: 2\r\n\r\nab"
    )

    assert [name for name, _ in message.headers.items()] == [
        "Via", "Call-ID", "Call-Info", "CSeq", "From", "To", "X-odd-Name", "Content-Length",
    ]  # fmt: skip
    assert message.headers.get("x-ODD-name") == "y"
    assert "i" in message.headers
    assert "x-odd-none" not in message.headers
    assert message.call_id == "1"
    message.validate()


def test_every_registered_name_is_found_in_any_case() -> None:
    for compact, name in COMPACT_FORMS.items():
        assert canonical_name(compact) == canonical_name(compact.upper()) == name
        assert name in KNOWN_HEADERS
    for name in KNOWN_HEADERS:
        assert canonical_name(name.swapcase()) == name
        assert canonical_name(name.lower()) == canonical_name(name.upper()) == name


def test_continued_lines_are_joined() -> None:
    message = parse_message(
        b"OPTIONS sip:h SIP/2.0\r\n"
        b"Subject: one\r\n two\r\n\tthree:four\r\nContact:\r\n <sip:a@h>\r\n\r\n"
    )

    assert message.headers.get("Subject") == "one two three:four"
    assert message.contact is not None


def test_empty_lines_before_a_message_are_dropped() -> None:
    assert parse_message(b"\r\n\r\n" + INVITE) == parse_message(INVITE)


@pytest.mark.parametrize(
    ("written", "body"), [(b"0", b""), (b"3", b"v=0"), (b"5", b"v=0\r\n"), (b"9", b"v=0\r\n")]
)
def test_a_body_ends_where_content_length_says(written: bytes, body: bytes) -> None:
    message = parse_message(INVITE.replace(b"Length: 5", b"Length: " + written))

    assert message.body == body


def test_a_value_is_read_again_after_a_change_of_its_header() -> None:
    request = invite()
    assert request.cseq.number == 314159
    assert request.via.host == "pc33.atlanta.com"
    assert request.from_.tag == "1928301774"
    assert len(request.contacts) == 2

    request.headers.set("CSeq", "314160 INVITE")
    request.headers.prepend("v", "SIP/2.0/UDP new.example.com;branch=z9hG4bKnew")
    request.headers.set("f", "<sip:carol@atlanta.com>;tag=2")
    request.headers.remove("m")

    assert request.cseq.number == 314160
    assert request.via.host == "new.example.com"
    assert str(request.from_.uri) == "sip:carol@atlanta.com"
    assert request.contacts == []


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("<sip:a@h>", None),
        ("sip:a@h", None),
        ("sip:a@h;tag=1", "1"),
        ("<sip:a@h>;tag=1;x=2", "1"),
        ("<sip:a@h>;x=2;tag=1", "1"),
        ("<sip:a@h> ; tag = 1", "1"),
        ("<sip:a@h>;TAG=1", "1"),
        ('"a>;tag=2" <sip:a@h>;tag=1', "1"),
        ('"a>;tag=2" <sip:a@h>', None),
        ('<sip:a@h>;tag=1;x=">"', "1"),
        ("<sip:a@h;tag=2>", None),
        ("<sip:a@h>;tag", None),
    ],
)
def test_tags_are_found_in_every_form(value: str, tag: str | None) -> None:
    request = invite(From=value, To=value)

    assert request.from_tag == request.from_.tag == tag
    assert request.to_tag == request.to.tag == tag


def test_the_star_of_a_register_is_no_contact() -> None:
    assert invite(Contact="*").contact is None


@pytest.mark.parametrize("name", ["via", "cseq", "call_id", "from_", "to", "from_tag", "to_tag"])
def test_a_missing_header_is_named(name: str) -> None:
    empty = parse_message(b"OPTIONS sip:h SIP/2.0\r\n\r\n")

    with pytest.raises(InvalidHeader) as caught:
        getattr(empty, name)

    assert caught.value.header.lower().replace("-", "_") in (name, name[:-1], name[:-4])


@pytest.mark.parametrize(
    ("data", "status", "method"),
    [
        (b"", 400, None),
        (b"\r\n\r\n", 400, None),
        (b"\x00\x01\x02\x03", 400, None),
        (b"GET\r\n\r\n", 400, "GET"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "GET"),
        (b"INVITE  sip:h SIP/2.0\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0 \r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h; lr SIP/2.0\r\n\r\n", 400, "INVITE"),
        (b"INVITE <sip:h> SIP/2.0\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/3.0\r\n\r\n", 505, "INVITE"),
        (b"IN@ITE sip:h SIP/2.0\r\n\r\n", 400, None),
        (b"INVITE sip:h SIP/2.0\r\nVia SIP/2.0/UDP h\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\r\n: x\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\r\nA B: x\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\r\nSubject: a\nEvil: b\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\r\nSubject: a\rEvil: b\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\nVia: SIP/2.0/UDP h\n\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\r\nSubject: a\r\n", 400, "INVITE"),
        (b"SIP/2.0 99 Low\r\n\r\n", 400, None),
        (b"SIP/2.0 700 High\r\n\r\n", 400, None),
        (b"SIP/2.0 2000 OK\r\n\r\n", 400, None),
        (b"SIP/2.0  200 OK\r\n\r\n", 400, None),
        (b"SIP/2.0 2x0 OK\r\n\r\n", 400, None),
        (b"SIP/1.0 200 OK\r\n\r\n", 400, None),
        (b"SIP/2.0 200 OK\r\nbad line\r\n\r\n", 400, None),
        (b"BYE sip:h SIP/2.0\r\n" + b"A: b\r\n" * (MAX_HEADER_LINES + 1) + b"\r\n", 400, "BYE"),
        (b"INVITE sip:h SIP/2.0\r\nA: " + b"b" * MAX_HEADER_LINE + b"\r\n\r\n", 400, "INVITE"),
        (b"INVITE sip:h SIP/2.0\r\nA: " + b"b" * MAX_HEAD + b"\r\n\r\n", 513, None),
        (b"INVITE sip:h SIP/2.0\r\n\r\n" + b"b" * (MAX_BODY + 1), 513, None),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(data: bytes, status: int, method: str | None) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(data)

    assert (caught.value.status, caught.value.method) == (status, method)
    assert caught.value.request_line_readable == (method is not None)


def test_messages_at_the_limits_are_read() -> None:
    lines = b"A: b\r\n" * (MAX_HEADER_LINES - 1) + b"A: " + b"b" * (MAX_HEADER_LINE - 3) + b"\r\n"
    message = parse_message(b"INVITE sip:h SIP/2.0\r\n" + lines + b"\r\n" + b"b" * MAX_BODY)

    assert len(message.headers) == MAX_HEADER_LINES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CSeq", "314159 OPTIONS"),
        ("CSeq", "2147483648 INVITE"),
        ("Max-Forwards", "256"),
        ("Max-Forwards", "-1"),
        ("Expires", "4294967296"),
        ("Content-Length", "6"),
        ("Content-Length", "-5"),
        ("Content-Length", "99999999999"),
        ("To", '"Bob <sip:bob@biloxi.com>'),
        ("From", "Bell, Alice <sip:alice@atlanta.com>;tag=1"),
        ("Via", "SIP/7.0/UDP h"),
        ("Contact", "sip:a@h?b=c"),
        ("Call-ID", "two words"),
    ],
)
def test_a_request_with_a_bad_header_is_invalid(name: str, value: str) -> None:
    request = invite(**{name.replace("-", "_"): value})

    with pytest.raises(MalformedMessage, match=name) as caught:
        request.validate()

    assert (caught.value.status, caught.value.method) == (400, "INVITE")
    assert caught.value.partial is request.headers


@pytest.mark.parametrize("name", ["Via", "To", "From", "Call-ID", "CSeq"])
def test_a_mandatory_header_must_be_there_once(name: str) -> None:
    with pytest.raises(MalformedMessage, match=name):
        invite(without=name).validate()
    if name != "Via":
        twice = invite()
        twice.headers.add(name, "1 BYE")
        with pytest.raises(MalformedMessage, match=name):
            twice.validate()


@pytest.mark.parametrize("uri", ["sip:h?Route=x", "sip:a b@h", "sip:a@h;;", "nothing"])
def test_a_request_uri_must_be_proper(uri: str) -> None:
    request = invite()
    request.uri = uri

    with pytest.raises(MalformedMessage):
        request.validate()


def test_requests_of_rfc_2543_are_valid() -> None:
    request = invite(without="Max-Forwards", Via="SIP/2.0/UDP h", From="<sip:a@h>")

    request.validate()

    assert request.max_forwards is None
    assert request.via.branch is None


@pytest.mark.parametrize("name", ["Retry-After", "CSeq", "Content-Length"])
def test_a_response_with_a_number_out_of_range_is_invalid(name: str) -> None:
    response = make_response(invite(), 503)
    response.validate()
    response.headers.set(name, "99999999999999999999999 INVITE")

    with pytest.raises(MalformedMessage, match=name):
        response.validate()


def test_a_response_copies_what_the_standard_demands() -> None:
    response = make_response(
        invite(), 200, to_tag="t1", headers=[("Contact", "<sip:bob@h>")], body=b"abc"
    )

    assert response.serialize() == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"
        b"Via: SIP/2.0/TCP a.example.com;branch=z9hG4bKa, SIP/2.0/TLS b.example.com\r\n"
        b'To: "Bob" <sip:bob@biloxi.com>;tag=t1\r\n'
        b"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
        b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
        b"CSeq: 314159 INVITE\r\n"
        b"Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>\r\n"
        b"Contact: <sip:bob@h>\r\n"
        b"Content-Length: 3\r\n"
        b"\r\n"
        b"abc"
    )


@pytest.mark.parametrize(
    ("method", "status", "is_copied"),
    [
        ("INVITE", 100, False),
        ("INVITE", 180, True),
        ("INVITE", 486, False),
        ("BYE", 200, False),
        ("SUBSCRIBE", 202, True),
    ],
)
def test_record_route_goes_into_responses_that_make_a_dialog(
    method: str, status: int, is_copied: bool
) -> None:
    request = invite()
    request.method = method

    assert ("Record-Route" in make_response(request, status).headers) is is_copied


def test_a_tag_that_is_there_stays() -> None:
    request = invite(To="sip:bob@biloxi.com;tag=old")

    assert make_response(request, 200, to_tag="new").to_tag == "old"
    assert make_response(invite(To="sip:bob@h;x=1"), 200, to_tag="new").to_tag == "new"


def test_reasons_are_known_or_given() -> None:
    assert make_response(invite(), 486).reason == REASONS[486] == "Busy Here"
    assert make_response(invite(), 486, reason="Occupied").reason == "Occupied"
    assert make_response(invite(), 499).start_line == "SIP/2.0 499 "


def test_a_malformed_request_is_refused_to_its_sender() -> None:
    data = INVITE.replace(b"INVITE sip:bob@biloxi.com", b"INVITE sip:bob@biloxi.com; lr")
    with pytest.raises(MalformedMessage) as caught:
        parse_message(data)

    response = refuse_malformed(caught.value, to_tag="t")

    assert response is not None
    assert (response.status, response.to_tag) == (400, "t")
    assert response.cseq == CSeq(314159, "INVITE")


def test_a_request_with_an_unreadable_to_is_refused_with_the_to_as_it_came() -> None:
    with pytest.raises(MalformedMessage) as caught:
        invite(To='"Bob <sip:bob@h>').validate()

    response = refuse_malformed(caught.value, to_tag="t")

    assert response is not None
    assert response.headers.get("To") == '"Bob <sip:bob@h>'


@pytest.mark.parametrize(
    "data",
    [
        b"ACK sip:h; lr SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n",
        b"INVITE sip:h; lr SIP/2.0\r\n\r\n",
        b"INVITE sip:h; lr SIP/2.0\r\nVia: nonsense\r\n\r\n",
        b"SIP/2.0 999 x\r\nVia: SIP/2.0/UDP h\r\n\r\n",
        b"noise",
    ],
)
def test_nobody_is_told_where_nobody_asked(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(data)

    assert refuse_malformed(caught.value, to_tag="t") is None


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nb", "a\rb", "a\0b"])
def test_a_value_cannot_smuggle_a_header(value: str) -> None:
    headers = Headers()

    for change in (headers.add, headers.set, headers.prepend):
        with pytest.raises(InvalidHeader):
            change("Subject", value)
    with pytest.raises(InvalidHeader):
        headers.add("Bad name", "x")
    assert len(headers) == 0


def test_text_without_bytes_is_refused_when_written() -> None:
    with pytest.raises(InvalidHeader):
        invite(Subject="\ud800").serialize()


def test_headers_keep_their_order() -> None:
    headers = Headers([("Via", "1"), ("X-a", "2"), ("v", "3"), ("x-A", "4")])
    copy = headers.copy()

    assert headers.get_all("VIA") == ["1", "3"]
    assert headers.get_all("X-A") == ["2", "4"]
    assert headers.get("x-a") == "2"
    headers.set("v", "5")
    headers.set("To", "6")
    headers.remove("X-A")
    headers.remove("X-None")

    assert list(headers) == [("Via", "5"), ("To", "6")]
    assert copy.items() == [("Via", "1"), ("X-a", "2"), ("Via", "3"), ("x-A", "4")]
    assert headers != copy
    assert headers != 1
    assert repr(headers) == "Headers([('Via', '5'), ('To', '6')])"


def test_messages_are_compared_by_what_they_say() -> None:
    assert invite() == invite()
    assert invite() != invite(CSeq="1 INVITE")
    assert invite() != make_response(invite(), 200)
    assert invite() != 1
    assert repr(invite()) == "<Request INVITE sip:bob@biloxi.com SIP/2.0>"


_VALUE = st.text(
    st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20
).map(lambda text: text.strip(" \t"))
_NAMES = st.sampled_from([*KNOWN_HEADERS, "X-Test"]).filter(lambda name: name != "Content-Length")
_HEADERS = st.lists(st.tuples(_NAMES, _VALUE), max_size=8).map(Headers)
_MESSAGES = st.one_of(
    st.builds(Request, st.sampled_from(["INVITE", "X-NEW"]), st.just("sip:a@h"), _HEADERS,
              st.binary(max_size=30)),
    st.builds(Response, st.integers(100, 699), _VALUE, _HEADERS, st.binary(max_size=30)),
)  # fmt: skip


@given(_MESSAGES)
def test_reading_is_the_inverse_of_writing(message: Request | Response) -> None:
    written = message.serialize()
    read = parse_message(written)

    assert read.headers.get("Content-Length") == str(len(message.body))
    read.headers.remove("Content-Length")
    assert read == message


_PROPERTIES = (
    "via", "vias", "cseq", "from_", "to", "from_tag", "to_tag", "contacts", "routes",
    "record_routes", "supported", "retry_after", "expires", "content_type",
)  # fmt: skip
_PIECES = (
    b"", b"\r\n", b" ", b";", b'"', b"<", b">", b",", b"\xff", b"=", b"@", b":", b"%", b"0" * 30,
)  # fmt: skip


def _exercise(data: bytes) -> None:
    try:
        message = parse_message(data)
    except MalformedMessage as error:
        refuse_malformed(error, to_tag="t")
        return
    for name in _PROPERTIES:
        try:
            getattr(message, name)
        except SipError:
            continue
    try:
        message.validate()
    except MalformedMessage as error:
        refuse_malformed(error, to_tag="t")
    else:
        if isinstance(message, Request):
            make_response(message, 200, to_tag="t").validate()
    assert parse_message(message.serialize()).serialize() == message.serialize()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    _exercise(data)


@given(
    st.lists(
        st.tuples(st.integers(0, len(INVITE) - 1), st.integers(0, 20), st.sampled_from(_PIECES)),
        min_size=1,
        max_size=6,
    )
)
def test_a_damaged_message_is_a_message_or_malformed(damages: list[tuple[int, int, bytes]]) -> None:
    damaged = bytearray(INVITE)
    for at, length, piece in damages:
        damaged[at : at + length] = piece
    _exercise(bytes(damaged))


def test_a_malformed_request_is_answered_with_no_more_than_a_request_can_have() -> None:
    repeated = "To: <sip:bob@h>\r\n" * 300
    data = f"OPTIONS sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n{repeated}\r\n"
    with pytest.raises(MalformedMessage) as caught:
        parse_message(data.encode())

    response = refuse_malformed(caught.value, to_tag="t")

    assert response is not None
    assert response.headers.get_all("To") == ["<sip:bob@h>;tag=t"]
    assert parse_message(response.serialize())
