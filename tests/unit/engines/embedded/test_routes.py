import pytest

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.numbers import PhoneNumber, SipAddress
from ringcast.engines.embedded.routes import (
    extra_headers,
    find_route,
    from_value,
    identity_headers,
)
from ringcast.engines.embedded.trunk import Identity, Trunk
from ringcast.protocols.sip.headers import NameAddr

_NUMBER = PhoneNumber("12135550100")
_TRUNK = Trunk(host="192.0.2.1", port=5080, user="me", password="secret")
_BOTH = ("udp", "tcp")


def test_number_goes_over_the_trunk() -> None:
    route = find_route(_NUMBER, trunk=_TRUNK, transports=_BOTH)

    assert route.uri == "sip:+12135550100@192.0.2.1:5080"
    assert route.peer == "trunk 192.0.2.1:5080"
    assert route.credentials is not None
    assert route.identity is Identity.ASSERTED


def test_sip_address_goes_directly_and_without_what_is_the_trunks() -> None:
    address = SipAddress("sip:ann@198.51.100.4;transport=tcp?Subject=x")

    route = find_route(address, trunk=_TRUNK, transports=_BOTH)

    assert route.uri == "sip:ann@198.51.100.4;transport=tcp"
    assert (route.peer, route.host) == ("phone 198.51.100.4:5060", "198.51.100.4")
    assert route.credentials is None
    assert route.identity is Identity.NONE


@pytest.mark.parametrize(
    ("to", "trunk", "transports", "says"),
    [
        (_NUMBER, None, _BOTH, "--trunk sip:host:port"),
        (_NUMBER, Trunk(host="192.0.2.1", transport="tcp"), ("udp",), "over tcp"),
        (SipAddress("sips:ann@192.0.2.4"), None, _BOTH, "does not speak SIP over tls"),
        (SipAddress("sip:ann@192.0.2.4;transport=ws"), None, _BOTH, "over ws"),
        (SipAddress("sip:ann@192.0.2.4"), None, ("tcp",), "over udp"),
        (SipAddress("sip:ann@"), None, _BOTH, "cannot be called"),
    ],
)
def test_destination_without_a_way_says_what_is_missing(
    to: PhoneNumber | SipAddress, trunk: Trunk | None, transports: tuple[str, ...], says: str
) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        find_route(to, trunk=trunk, transports=transports)

    assert says in str(caught.value)


@pytest.mark.parametrize("name", ['Ann "A" Ash', "Zoë, Inc.", "a\\b", "x\r\nVia: y"])
def test_names_are_quoted_so_that_they_stay_names(name: str) -> None:
    route = find_route(_NUMBER, trunk=_TRUNK, transports=_BOTH)
    read = NameAddr.parse(from_value(route, _NUMBER, name, host="192.0.2.7"), header="From")

    assert read.display_name == name.replace("\r\n", "  ")
    assert str(read.uri) == "sip:+12135550100@192.0.2.7"


def test_caller_without_number_is_not_asserted() -> None:
    route = find_route(_NUMBER, trunk=_TRUNK, transports=_BOTH)

    assert identity_headers(route, None, "Ann", host="192.0.2.7") == [("Privacy", "id")]
    assert "anonymous.invalid" in from_value(route, None, "Ann", host="192.0.2.7")


def test_trunk_may_want_the_login_in_from_and_the_number_elsewhere() -> None:
    trunk = Trunk(
        host="192.0.2.1",
        user="me",
        password="secret",
        domain="carrier.example",
        from_user="acct#7",
        identity=Identity.PREFERRED,
    )
    route = find_route(_NUMBER, trunk=trunk, transports=_BOTH)

    assert route.domain == "carrier.example"
    assert from_value(route, _NUMBER, None, host="carrier.example") == (
        "<sip:acct%237@carrier.example>"
    )
    assert identity_headers(route, _NUMBER, "Ann", host="carrier.example") == [
        ("P-Preferred-Identity", '"Ann" <sip:+12135550100@carrier.example>')
    ]
    # Who wants to stay unknown is so to those who are called, not to the trunk.
    assert identity_headers(route, None, "Ann", host="carrier.example") == [
        ("P-Preferred-Identity", "<sip:acct%237@carrier.example>"),
        ("Privacy", "id"),
    ]


def test_trunk_that_wants_no_asserted_identity_gets_none() -> None:
    trunk = Trunk(host="192.0.2.1", identity=Identity.NONE)
    route = find_route(_NUMBER, trunk=trunk, transports=_BOTH)

    assert identity_headers(route, _NUMBER, None, host="192.0.2.7") == []


@pytest.mark.parametrize("name", ["via", "CSEQ", "i", "Contact", "Content-Type"])
def test_headers_of_the_protocol_are_refused_however_they_are_written(name: str) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be set"):
        extra_headers({"X-One": "1", name: "2"})


def test_headers_of_the_caller_are_kept_in_order() -> None:
    assert extra_headers({"X-Two": "2", "X-One": "1"}) == [("X-Two", "2"), ("X-One", "1")]
