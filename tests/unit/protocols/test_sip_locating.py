"""The servers of a domain and their order (RFC 3263, RFC 2782)."""

from __future__ import annotations

from collections import Counter

from ringcast.protocols.sip.locating import Pointer, Server, in_order, service_name, services
from ringcast.protocols.sip.transactions import TCP, TLS, UDP

# The example of RFC 3263 4.1.
POINTERS = [
    Pointer(50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com"),
    Pointer(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com"),
    Pointer(100, 50, "s", "SIP+D2U", "_sip._udp.example.com"),
]


def test_the_transport_that_the_domain_prefers_is_taken() -> None:
    assert services(POINTERS, transports=(UDP, TCP, TLS)) == [(TLS, "_sips._tcp.example.com")]


def test_what_we_cannot_use_is_passed_over() -> None:
    assert services(POINTERS, transports=(UDP, TCP)) == [(TCP, "_sip._tcp.example.com")]
    assert services(POINTERS, transports=()) == []


def test_pointers_of_other_services_and_of_other_kinds_say_nothing() -> None:
    others = [
        Pointer(1, 1, "u", "SIP+D2U", "x.example"),
        Pointer(1, 1, "s", "SIP+D2W", "x.example"),
        Pointer(1, 1, "s", "SIP+D2U", "."),
        Pointer(2, 9, "S", "sip+d2u", "y.example"),
        Pointer(2, 1, "s", "SIP+D2T", "z.example"),
    ]

    assert services(others, transports=(UDP, TCP)) == [(TCP, "z.example"), (UDP, "y.example")]


def test_lists_have_the_names_that_the_standard_gives_them() -> None:
    assert [service_name(transport, "a.example") for transport in (UDP, TCP, TLS)] == [
        "_sip._udp.a.example",
        "_sip._tcp.a.example",
        "_sips._tcp.a.example",
    ]


def test_lower_priorities_come_first_whatever_the_weights() -> None:
    servers = [Server(20, 100, 1, "c"), Server(10, 0, 1, "b"), Server(5, 1, 1, "a")]

    assert [server.host for server in in_order(servers, lambda most: most)] == ["a", "b", "c"]


def test_among_equals_the_weights_are_kept_to() -> None:
    servers = [Server(1, 60, 1, "a"), Server(1, 20, 1, "b"), Server(1, 20, 1, "c")]
    firsts = Counter(
        in_order(servers, lambda most, number=number: number % (most + 1))[0].host  # type: ignore[misc]
        for number in range(1, 101)
    )

    assert firsts == {"a": 60, "b": 20, "c": 20}


def test_all_servers_are_in_the_list_once() -> None:
    servers = [Server(1, weight, 1, str(weight)) for weight in range(10)]

    for number in range(50):
        ordered = in_order(servers, lambda most, n=number: n % (most + 1))  # type: ignore[misc]
        assert sorted(server.host for server in ordered) == sorted(s.host for s in servers)


def test_a_domain_that_has_no_such_service_has_no_servers() -> None:
    assert in_order([Server(0, 0, 0, ".")], lambda most: 0) == []
