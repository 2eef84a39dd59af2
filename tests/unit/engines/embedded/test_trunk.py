import pytest

from ringcast.domain.errors import InvalidInput
from ringcast.engines.embedded.trunk import InvalidTrunk, Trunk


@pytest.mark.parametrize(
    ("text", "host", "port", "transport"),
    [
        ("sip:192.0.2.1:5080", "192.0.2.1", 5080, "udp"),
        ("sip:carrier.example", "carrier.example", 5060, "udp"),
        (" SIP:carrier.example:5061;transport=TCP ", "carrier.example", 5061, "tcp"),
        ("sip:[2001:db8::1]:5070;transport=udp", "2001:db8::1", 5070, "udp"),
        ("sip:carrier.example;transport=tls", "carrier.example", 5061, "tls"),
        ("sips:carrier.example", "carrier.example", 5061, "tls"),
        ("sips:carrier.example:5071;transport=tcp", "carrier.example", 5071, "tls"),
    ],
)
def test_trunk_is_read_as_people_write_it(text: str, host: str, port: int, transport: str) -> None:
    trunk = Trunk.parse(text)

    assert (trunk.host, trunk.port, trunk.transport) == (host, port, transport)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("carrier.example:5060", "must begin with sip:"),
        ("http://carrier.example", "must begin with sip:"),
        ("sips:carrier.example;transport=udp", "does not go over udp"),
        ("sip:me@carrier.example", "must not name a user"),
        ("sip:carrier.example:port", "port must be a number"),
        ("sip:carrier.example:70000", "port must be a number"),
        ("sip:carrier.example:0", "from 1 to 65535"),
        ("sip:", "host must be a name or an address"),
        ("sip:carrier.example;transport=sctp", "udp, tcp or tls, not 'sctp'"),
        ("sip:carrier.example;lr", "'lr' is not supported"),
        ("sip:carrier.example?X=1", "nothing may follow"),
    ],
)
def test_trunk_that_cannot_be_used_says_why_and_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(InvalidTrunk) as caught:
        Trunk.parse(text)

    assert says in str(caught.value)
    assert "sip:host:port" in str(caught.value)
    assert caught.value.field == "trunk"


@pytest.mark.parametrize(("given", "missing"), [("user", "password"), ("password", "user")])
def test_half_a_login_is_refused(given: str, missing: str) -> None:
    with pytest.raises(InvalidInput, match=f"has a {given} but no {missing}"):
        Trunk(host="192.0.2.1", **{given: "x"})  # type: ignore[arg-type] # one of two str fields


def test_uri_of_a_number_carries_the_transport_if_it_is_not_the_default() -> None:
    udp = Trunk.parse("sip:192.0.2.1:5080")
    tcp = Trunk.parse("sip:[2001:db8::1];transport=tcp")

    tls = Trunk.parse("sip:192.0.2.1;transport=tls")
    secure = Trunk.parse("sips:192.0.2.1")

    assert tls.uri_for("+1") == "sip:+1@192.0.2.1:5061;transport=tls"
    assert secure.uri_for("+1") == "sips:+1@192.0.2.1:5061"
    assert udp.uri_for("+12135550100") == "sip:+12135550100@192.0.2.1:5080"
    assert tcp.uri_for("+1") == "sip:+1@[2001:db8::1]:5060;transport=tcp"


def test_password_does_not_show_in_what_is_printed() -> None:
    trunk = Trunk.parse("sip:192.0.2.1", user="me", password="secret-word")

    assert "secret-word" not in repr(trunk) + str(trunk)
    assert str(trunk) == "trunk 192.0.2.1:5060"


@pytest.mark.parametrize(
    ("text", "is_domain", "uri"),
    [
        ("sip:carrier.example", True, "sip:+1@carrier.example"),
        ("sip:carrier.example;transport=tls", True, "sip:+1@carrier.example;transport=tls"),
        ("sips:carrier.example", True, "sips:+1@carrier.example"),
        ("sip:carrier.example:5060", False, "sip:+1@carrier.example:5060"),
        ("sip:192.0.2.1", False, "sip:+1@192.0.2.1:5060"),
        ("sip:[2001:db8::1]", False, "sip:+1@[2001:db8::1]:5060"),
        ("sip:pbx", False, "sip:+1@pbx:5060"),
    ],
)
def test_a_trunk_without_a_port_is_a_domain(text: str, is_domain: bool, uri: str) -> None:
    trunk = Trunk.parse(text)

    assert trunk.is_domain is is_domain
    assert trunk.uri_for("+1") == uri
