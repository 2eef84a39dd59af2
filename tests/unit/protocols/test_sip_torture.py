"""The torture messages of RFC 4475, if they are there (they are not ours to distribute).

The verdict of each is what its section of the RFC says, not what its file is called.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.protocols.sip.errors import InvalidUri, MalformedMessage
from ringcast.protocols.sip.headers import CSeq
from ringcast.protocols.sip.message import Request, Response, parse_message, refuse_malformed
from ringcast.protocols.sip.uri import OpaqueUri, SipUri

MESSAGES = Path(__file__).parents[4] / "shared" / "specs" / "rfc4475"

pytestmark = pytest.mark.skipif(not MESSAGES.is_dir(), reason=f"no RFC 4475 messages in {MESSAGES}")

# Sections 3.1.1 (valid), 3.2 and 3.3 (transaction and application layer: fine for a parser).
# BADDATE is of 3.1.2 for its Date header, which we have no use for: it is treated as valid, as
# 3.1.2.12 allows. BADBRANCH is for transactions to judge.
VALID = (
    "BADBRANCH_V", "BADDATE_V", "BCAST_V", "BEXT01_V", "CPARAM01_V", "CPARAM02_V", "DBLREQ",
    "ESC01_V", "ESC02_V", "ESCNULL_V", "INTMETH", "INV2543_I", "INVUT_V", "LONGREQ_V",
    "LWSDISP_V", "MPART01", "NOREASON_V", "NOVELSC_V", "REGAUT01_V", "REGESCRT_V", "SDP01_V",
    "SEMIURI_V", "TRANSPORTS_V", "UNKSCM_V", "UNKSM2_V", "UNREASON_V", "WSINV", "ZEROMF_V",
)  # fmt: skip

# Section 3.1.2 and the four of 3.3 that a server refuses: status of the answer, None for none.
REFUSED: dict[str, int | None] = {
    "BADASPEC_I": 400,
    "BADDN_I": 400,
    "BADINV01_I": None,  # its only Via is what is broken: there is no way back
    "BADVERS_V": 505,
    "BIGCODE_V": None,
    "CLERR_I": 400,
    "ESCRURI_V": 400,
    "INSUF_I": 400,
    "LTGTRURI_I": 400,
    "LWSRURI_I": 400,
    "LWSSTART_V": 400,
    "MCL01_I": 400,
    "MISMATCH01_V": 400,
    "MISMATCH02_V": 400,
    "MULTI01_I": 400,
    "NCL_I": 400,
    "QUOTBAL_I": 400,
    "REGBADCT_I": 400,
    "SCALAR02_V": 400,
    "SCALARLG_V": None,
    "TEST_I": None,  # not of the RFC; no Via
    "TRWS_I": 400,
}


def read(name: str) -> bytes:
    return (MESSAGES / f"TC_{name}.dat").read_bytes()


def request(name: str) -> Request:
    message = parse_message(read(name))
    assert isinstance(message, Request)
    return message


def response(name: str) -> Response:
    message = parse_message(read(name))
    assert isinstance(message, Response)
    return message


def test_every_message_has_a_verdict() -> None:
    files = {path.stem.removeprefix("TC_") for path in MESSAGES.glob("TC_*.dat")}

    assert files == {*VALID, *REFUSED}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_message_is_read_and_survives_writing(name: str) -> None:
    message = parse_message(read(name))

    message.validate()

    again = parse_message(message.serialize())
    again.headers.remove("Content-Length")
    message.headers.remove("Content-Length")
    assert again == message


@pytest.mark.parametrize(("name", "status"), REFUSED.items())
def test_an_invalid_message_is_refused(name: str, status: int | None) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(read(name)).validate()

    answer = refuse_malformed(caught.value, to_tag="t")
    assert (answer.status if answer else None) == status


def test_wsinv_whitespace_everywhere() -> None:
    message = request("WSINV")

    assert str(message.to.uri) == "sip:vivekg@chair-dnrc.example.com"
    assert message.to_tag == "1918181833n"
    assert message.from_.display_name == 'J Rosenberg \\"'
    assert message.from_tag == "98asjd8"
    assert message.max_forwards == 68
    assert message.cseq == CSeq(9, "INVITE")
    assert [(via.transport, via.host, via.branch) for via in message.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert message.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert message.headers.get("Subject") == ""
    assert message.contact is not None
    assert message.contact.display_name == 'Quoted string ""'
    assert message.contact.params == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert len(message.body) == 150


def test_intmeth_unusual_characters() -> None:
    message = request("INTMETH")

    assert message.method == message.cseq.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert message.from_.params["fromparam''~+*_!.-%"] == '"работающий"'
    assert message.from_tag == "_token~1'+`*%!-."
    assert message.via.branch == "z9hG4bK-.!%66*_+`'~"


def test_escapes_in_uris_are_kept_and_can_be_undone() -> None:
    message = request("ESC01_V")
    contact = message.contact

    assert isinstance(message.request_uri, SipUri)
    assert message.request_uri.user == "sips%3Auser%40example.com"
    assert message.request_uri.host == "example.net"
    assert message.to.uri.unescaped_user == "user"
    assert contact is not None
    assert message.to.uri.equivalent(SipUri.parse("sip:user@example.com"))
    assert isinstance(contact.uri, SipUri)
    # %6C%72 is lr escaped: a parameter's name needs no unescaping to be stored (3.1.1.3)
    assert contact.uri.params == {"%6c%72": None, "n%61me": "v%61lue%25%34%31"}
    assert request("ESCNULL_V").contacts[1].uri.unescaped_user == "\0\0"


def test_escapes_outside_of_uris_mean_nothing() -> None:
    message = request("ESC02_V")

    assert message.method == "RE%47IST%45R"
    assert message.to.display_name == "%Z%45"
    assert len(message.contacts) == 2


def test_parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() -> None:
    outside, within = request("CPARAM01_V").contact, request("CPARAM02_V").contact

    assert outside is not None
    assert within is not None
    assert outside.params == {"unknownparam": None}
    assert isinstance(within.uri, SipUri)
    assert within.uri.params == {"unknownparam": None}
    assert within.params == {}


def test_a_second_message_in_a_datagram_is_ignored() -> None:
    message = request("DBLREQ")

    assert message.method == "REGISTER"
    assert message.body == b""


def test_semicolons_in_the_user_part_are_no_parameters() -> None:
    uri = request("SEMIURI_V").request_uri

    assert isinstance(uri, SipUri)
    assert (uri.user, uri.host, uri.params) == ("user;par=u%40example.net", "example.com", {})


def test_unknown_transports_and_schemes_are_read() -> None:
    assert [via.transport for via in request("TRANSPORTS_V").vias] == [
        "UDP", "SCTP", "TLS", "UNKNOWN", "TCP",
    ]  # fmt: skip
    assert request("UNKSCM_V").request_uri == OpaqueUri(
        "nobodyknowsthisscheme", "totallyopaquecontent"
    )
    assert request("NOVELSC_V").request_uri == OpaqueUri("soap.beep", "//192.0.2.103:3002")
    assert request("UNKSM2_V").to.uri == OpaqueUri("isbn", "2983792873")


def test_reasons_may_be_empty_or_of_any_script() -> None:
    assert (response("NOREASON_V").status, response("NOREASON_V").reason) == (100, "")
    assert response("UNREASON_V").reason.startswith("= 2**3 * 5**2 но сто")
    assert [via.host for via in response("BCAST_V").vias] == ["192.0.2.198", "255.255.255.255"]


def test_long_values_are_read() -> None:
    message = request("LONGREQ_V")

    assert len(message.vias) == 34
    assert len(message.call_id) > 100
    assert message.cseq == CSeq(3882340, "INVITE")


def test_options_that_nobody_supports_are_named() -> None:
    assert request("BEXT01_V").require == {"nothingsupportsthis", "nothingsupportsthiseither"}
    assert request("ZEROMF_V").max_forwards == 0


def test_a_multipart_body_is_kept_byte_for_byte() -> None:
    message = request("MPART01")

    assert message.content_type == "multipart/mixed"
    assert read("MPART01").endswith(message.body)
    assert len(message.body) == 553


def test_an_unsupported_version_is_answered_505() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(read("BADVERS_V"))

    assert (caught.value.status, caught.value.method) == (505, "OPTIONS")


def test_a_request_uri_with_headers_can_be_read_but_not_be_accepted() -> None:
    message = request("ESCRURI_V")

    assert isinstance(message.request_uri, SipUri)
    assert message.request_uri.headers == "Route=%3Csip:example.com%3E"
    with pytest.raises(InvalidUri):
        SipUri.parse("<sip:user@example.com>")
