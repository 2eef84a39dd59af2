"""SIP URIs: RFC 3261 19.1, with its own examples of what is equal and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sip.errors import InvalidUri, SipError
from ringcast.protocols.sip.uri import OpaqueUri, SipUri, escape_user, parse_uri


def test_all_parts_are_read() -> None:
    uri = SipUri.parse("sips:alice:secret@[2001:db8::1]:5061;Transport=TCP;lr?Subject=hi&x=y")

    assert uri == SipUri(
        scheme="sips",
        user="alice",
        password="secret",
        host="2001:db8::1",
        port=5061,
        params={"transport": "TCP", "lr": None},
        headers="Subject=hi&x=y",
    )
    assert uri.transport == "tcp"
    assert uri.is_loose_router


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sip:+12135550123@192.0.2.1:5060;transport=udp",
        "sip:alice@[::1]",
        "sip:alice:@example.com",
        "sip:user;par=u%40example.net@example.com",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:pw@example.com",
        "sip:sips%3Auser%40example.com@example.net",
        "sip:my_container:5070;lr",
    ],
)
def test_writing_is_the_inverse_of_reading(text: str) -> None:
    assert str(SipUri.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "tel:+12135550123",
        "sip:@example.com",
        "sip:alice@",
        "sip:a@b@c",
        "sip:alice@exa mple.com",
        " sip:alice@example.com",
        "sip:alice@example.com; lr",
        "sip:alice@example.com;;lr",
        "sip:alice@example.com;",
        "sip:alice@example.com?",
        "sip:alice@example.com:",
        "sip:alice@example.com:65536",
        "sip:alice@example.com:50a",
        "sip:alice@example.com:5060:1",
        "sip:alice@[::1",
        "sip:alice@[::1]x",
        "sip:alice@[192.0.2.1]",
        "sip:al<ice@example.com",
        'sip:al"ice@example.com',
        "sip:al%2@example.com",
        "sip:al%zzice@example.com",
        "sip:\u00e9@example.com",
        "sip:alice@example.com\r\nEvil: 1",
        "sip:alice@" + "a" * 300,
        "sip:" + "a" * 9000 + "@example.com",
    ],
)
def test_text_that_is_no_sip_uri_is_refused(text: str) -> None:
    with pytest.raises(InvalidUri):
        SipUri.parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtlanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_uris_that_rfc_3261_calls_equal_are_equivalent(one: str, other: str) -> None:
    assert SipUri.parse(one).equivalent(SipUri.parse(other))
    assert SipUri.parse(other).equivalent(SipUri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:bob:@biloxi.com"),
        ("sip:bob@biloxi.com", "tel:bob"),
    ],
)
def test_uris_that_rfc_3261_calls_different_are_not_equivalent(one: str, other: str) -> None:
    assert not parse_uri(one).equivalent(parse_uri(other))
    assert not parse_uri(other).equivalent(parse_uri(one))


def test_a_parameter_written_twice_counts_once() -> None:
    uri = SipUri.parse("sip:a@example.com;transport=udp;transport=tcp")

    assert str(uri) == "sip:a@example.com;transport=udp"


def test_a_request_uri_has_neither_headers_nor_method() -> None:
    uri = SipUri.parse("sip:a@example.com;method=INVITE;lr?Subject=x")

    assert str(uri.request_uri_form()) == "sip:a@example.com;lr"
    assert str(uri.without_headers()) == "sip:a@example.com;method=INVITE;lr"
    plain = SipUri.parse("sip:a@example.com;lr")
    assert plain.request_uri_form() is plain
    assert plain.without_headers() is plain


def test_other_schemes_are_kept_as_text() -> None:
    uri = parse_uri("TEL:+1-213-555-0123;phone-context=example.com")

    assert uri == OpaqueUri("tel", "+1-213-555-0123;phone-context=example.com")
    assert uri.user == uri.unescaped_user == "+1-213-555-0123"
    assert str(uri) == "tel:+1-213-555-0123;phone-context=example.com"
    assert uri.equivalent(parse_uri(str(uri)))
    assert parse_uri("urn:service:sos").user is None
    assert parse_uri("urn:service:sos").unescaped_user is None


@pytest.mark.parametrize("text", ["", "no scheme", ":x", "1a:x", "a b:x", "tel:", "tel:1 2"])
def test_text_without_a_scheme_is_no_uri(text: str) -> None:
    with pytest.raises(InvalidUri):
        parse_uri(text)


def test_equal_uris_have_equal_hashes() -> None:
    text = "sip:a@example.com;lr"

    assert len({SipUri.parse(text), SipUri.parse(text), parse_uri("sip:b@example.com")}) == 2


@given(st.text(max_size=30))
def test_an_escaped_user_says_what_it_said(user: str) -> None:
    if not user or any("\ud800" <= character <= "\udfff" for character in user):
        return
    uri = SipUri.parse(f"sip:{escape_user(user)}@example.com")

    assert uri.unescaped_user == user


_NAME = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
_URIS = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    user=st.none() | st.from_regex(r"(%[0-9A-F]{2}|[a-zA-Z0-9+*.;?_-]){1,12}", fullmatch=True),
    host=_NAME | st.ip_addresses().map(str),
    port=st.none() | st.integers(0, 65535),
    params=st.dictionaries(_NAME, st.none() | _NAME, max_size=4),
    headers=st.just("") | _NAME.map(lambda name: f"{name}=1"),
)


@given(_URIS)
def test_reading_is_the_inverse_of_writing(uri: SipUri) -> None:
    assert SipUri.parse(str(uri)) == uri
    assert uri.equivalent(uri)


@given(st.text(max_size=60) | st.from_regex(r"sips?:[a-z@:;=?%\[\]0-9.]{0,40}", fullmatch=True))
def test_any_text_is_a_uri_or_refused(text: str) -> None:
    try:
        uri = parse_uri(text)
    except SipError:
        return
    assert parse_uri(str(uri)) == uri
