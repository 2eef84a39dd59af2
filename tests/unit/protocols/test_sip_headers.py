"""Values of headers: addresses, Via, CSeq, lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sip.errors import InvalidHeader, SipError
from ringcast.protocols.sip.headers import (
    CSeq,
    NameAddr,
    Via,
    parse_params,
    quote_string,
    split_list,
    unquote_string,
)
from ringcast.protocols.sip.uri import OpaqueUri, SipUri

ALICE = SipUri.parse("sip:alice@example.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<sip:alice@example.com>", NameAddr(None, ALICE)),
        ("sip:alice@example.com;tag=1", NameAddr(None, ALICE, {"tag": "1"})),
        ("Alice B <sip:alice@example.com> ; tag = 1", NameAddr("Alice B", ALICE, {"tag": "1"})),
        ("caller<sip:alice@example.com>", NameAddr("caller", ALICE)),
        ('"" <sip:alice@example.com>', NameAddr("", ALICE)),
        (r'"A \"b\" \\ <c>;tag=x"<sip:alice@example.com>', NameAddr(r'A "b" \ <c>;tag=x', ALICE)),
        ('<sip:alice@example.com>;x="a,>";Lr', NameAddr(None, ALICE, {"x": '"a,>"', "lr": None})),
        ("<tel:+1213>;tag=2", NameAddr(None, OpaqueUri("tel", "+1213"), {"tag": "2"})),
        (
            "<sip:alice@example.com;transport=tcp?a=b>",
            NameAddr(None, SipUri.parse("sip:alice@example.com;transport=tcp?a=b")),
        ),
    ],
)  # fmt: skip
def test_an_address_is_read(text: str, expected: NameAddr) -> None:
    address = NameAddr.parse(text)

    assert address == expected
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "<sip:alice@example.com",
        "< sip:alice@example.com >",
        '"Alice <sip:alice@example.com>',
        '"Alice" sip:alice@example.com',
        "Bell, Alexander <sip:alice@example.com>",
        "sip:alice@example.com?Route=%3Csip:x%3E",
        "<sip:alice@example.com>;;",
        "<sip:alice@example.com>tag=1",
        "<sip:alice@example.com>;tag=",
        "<sip:alice@example.com>;tag=a b",
        '<sip:alice@example.com>;x="a',
        "<sip:alice@example.com>;=1",
        "<sip:alice@example.com>;a b=1",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_with_its_header(text: str) -> None:
    with pytest.raises(InvalidHeader) as caught:
        NameAddr.parse(text, header="To")

    assert caught.value.header == "To"


def test_a_tag_is_added_and_replaced() -> None:
    address = NameAddr.parse("<sip:alice@example.com>;x=1")

    assert address.tag is None
    assert str(address.with_tag("a").with_tag("b")) == "<sip:alice@example.com>;x=1;tag=b"
    assert str(address.with_tag("a").without_params()) == "<sip:alice@example.com>"


@given(
    st.none() | st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])),
    st.dictionaries(st.sampled_from(["tag", "q", "x"]), st.none() | st.just('"a;b"')),
)
def test_any_display_name_survives(display: str | None, params: dict[str, str | None]) -> None:
    address = NameAddr(display, ALICE, params)

    assert NameAddr.parse(str(address)) == address


def test_a_via_is_read_with_its_parameters() -> None:
    via = Via.parse(
        "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;Received=192.0.2.1;rport=9"
    )

    assert (via.transport, via.host, via.port) == ("UDP", "pc33.example.com", 5066)
    assert (via.branch, via.received, via.rport) == ("z9hG4bK776", "192.0.2.1", 9)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (
            "SIP  /   2.0 /UDP    192.0.2.2;branch=390skdjuw",
            "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
        ),
        (
            "SIP  /    2.0   / tcp  spindle.example.com : 5070  ; branch  =   z9hG4bK9ikj8",
            "SIP/2.0/TCP spindle.example.com:5070;branch=z9hG4bK9ikj8",
        ),
        ("SIP/2.0/UDP\t192.0.2.2", "SIP/2.0/UDP 192.0.2.2"),
        ("sip/2.0/UDP 192.0.2.2", "SIP/2.0/UDP 192.0.2.2"),
        ("SIP/2.0/UNKNOWN [2001:db8::9]:5060;rport", "SIP/2.0/UNKNOWN [2001:db8::9]:5060;rport"),
    ],
)
def test_a_via_may_have_space_where_the_grammar_allows_it(text: str, written: str) -> None:
    via = Via.parse(text)

    assert str(via) == written
    assert Via.parse(written) == via


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ;branch=1",
        "SIP/7.0/UDP example.com",
        "SIP/2.0 UDP example.com",
        "SIP/2.0/U@P example.com",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP 192.0.2.15;;,;,,",
        "SIP/2.0/UDP 192.0.2.15:port",
    ],
)
def test_a_via_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidHeader):
        Via.parse(text)


@pytest.mark.parametrize("value", ["x", "65536", "123456"])
def test_rport_must_be_a_port(value: str) -> None:
    via = Via.parse(f"SIP/2.0/UDP h;rport={value}")

    with pytest.raises(InvalidHeader):
        _ = via.rport


def test_the_server_notes_where_a_request_came_from() -> None:
    asked = Via.parse("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;rport")
    silent = Via.parse("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1")

    assert asked.asks_for_rport
    assert asked.rport is None
    assert asked.with_received("192.0.2.1", 4000).rport == 4000
    assert asked.with_received("192.0.2.1", 4000).received == "192.0.2.1"
    assert silent.with_received("192.0.2.1", 4000).params == {
        "branch": "z9hG4bK1",
        "received": "192.0.2.1",
    }
    assert silent.with_received("10.0.0.1", 4000) == silent
    assert silent.received is None
    assert Via.parse("SIP/2.0/UDP h;received=[::1]").received == "::1"


def test_cseq_is_number_and_method() -> None:
    assert CSeq.parse("0009 \t INVITE") == CSeq(9, "INVITE")
    assert str(CSeq(2147483647, "BYE")) == "2147483647 BYE"


@pytest.mark.parametrize(
    "text", ["", "1", "INVITE 1", "1 INVITE x", "-1 INVITE", "2147483648 INVITE", "\u00b2 INVITE",
             "9" * 5000 + " INVITE", "1 IN@VITE"],
)  # fmt: skip
def test_a_cseq_out_of_range_or_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidHeader):
        CSeq.parse(text)


def test_lists_are_split_outside_of_quotes_and_brackets() -> None:
    value = '"a, \\"b" <sip:x@y;p=1,2>;q=0.1 , <sip:z@y> ,, sip:w@y'

    assert split_list(value) == ['"a, \\"b" <sip:x@y;p=1,2>;q=0.1', "<sip:z@y>", "sip:w@y"]
    assert split_list("  one ") == ["one"]
    assert split_list("  ") == []


@pytest.mark.parametrize("value", ['a, "b', "a, <b", 'a, "b\\"', ",".join("a" * 300)])
def test_lists_that_do_not_close_or_end_are_refused(value: str) -> None:
    with pytest.raises(InvalidHeader):
        split_list(value)


@given(st.text(st.characters(exclude_characters="\r\n")))
def test_quoting_is_undone_by_unquoting(text: str) -> None:
    assert unquote_string(quote_string(text)) == text


def test_text_without_quotes_is_not_unquoted() -> None:
    assert unquote_string("a") == "a"
    assert unquote_string('"') == '"'


@given(st.text(alphabet='"\\<>;,=: @\tabz09/.SIPUD', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (
        NameAddr.parse,
        Via.parse,
        CSeq.parse,
        split_list,
        lambda value: parse_params(value, "x"),
        lambda value: NameAddr.parse(f"<sip:a@b>{value}"),
        lambda value: Via.parse(f"SIP/2.0/UDP {value}"),
    ):
        try:
            parse(text)
        except SipError:
            continue
