"""Locating the servers of a domain: what is asked of the DNS, remembered, and done without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import dns.flags
import dns.message
import dns.rrset
import pytest

from ringcast.protocols.sip.locating import Pointer, Server
from ringcast.protocols.sip.transactions import TCP, TLS, UDP, Destination
from ringcast.useragent import Locator, SystemDns

DOMAIN = "carrier.example"
T = TypeVar("T")


class Records:
    """A DNS in which one can change what it says."""

    def __init__(self) -> None:
        self.listed: dict[str, list[Server]] = {}
        self.pointing: list[Pointer] = []
        self.asked: list[str] = []
        self.is_silent = False

    async def pointers(self, name: str) -> Sequence[Pointer]:
        return self._answer(f"NAPTR {name}", self.pointing)

    async def servers(self, name: str) -> Sequence[Server]:
        return self._answer(f"SRV {name}", self.listed.get(name, []))

    def _answer(self, asked: str, found: list[T]) -> list[T]:
        self.asked.append(asked)
        if self.is_silent:
            raise OSError("nobody answers")
        return found


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def locator(records: Records, clock: Clock | None = None, transport: str | None = None) -> Locator:
    return Locator(
        DOMAIN,
        transport=transport,
        transports=(TLS, UDP, TCP),
        make_dns=lambda: records,
        chance=lambda most: 0,
        clock=clock or Clock(),
    )


async def test_a_domain_that_points_to_its_lists_is_followed() -> None:
    records = Records()
    records.pointing = [Pointer(1, 1, "s", "SIPS+D2T", "_sips._tcp.other.example")]
    records.listed = {
        "_sips._tcp.other.example": [Server(2, 0, 5071, "b"), Server(1, 0, 5061, "a")]
    }

    assert await locator(records).servers() == [
        Destination(TLS, "a", 5061),
        Destination(TLS, "b", 5071),
    ]
    assert records.asked == [f"NAPTR {DOMAIN}", "SRV _sips._tcp.other.example"]


async def test_a_domain_without_pointers_is_asked_for_each_transport() -> None:
    records = Records()
    records.listed = {
        f"_sip._tcp.{DOMAIN}": [Server(1, 0, 5060, "t")],
        f"_sip._udp.{DOMAIN}": [Server(1, 0, 5080, "u")],
    }

    assert await locator(records).servers() == [
        Destination(UDP, "u", 5080),
        Destination(TCP, "t", 5060),
    ]


async def test_a_transport_that_was_said_is_kept_to() -> None:
    records = Records()
    records.listed = {f"_sips._tcp.{DOMAIN}": [Server(1, 0, 5061, "s")]}

    found = await locator(records, transport=TLS).servers()

    assert found == [Destination(TLS, "s", 5061)]
    assert records.asked == [f"SRV _sips._tcp.{DOMAIN}"]


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        (None, Destination(UDP, DOMAIN, 5060)),
        (TCP, Destination(TCP, DOMAIN, 5060)),
        (TLS, Destination(TLS, DOMAIN, 5061)),
    ],
)
async def test_a_domain_that_lists_nothing_is_a_host(
    transport: str | None, expected: Destination
) -> None:
    assert await locator(Records(), transport=transport).servers() == [expected]


async def test_what_was_found_is_remembered_for_a_minute() -> None:
    records, clock = Records(), Clock()
    records.listed = {f"_sip._udp.{DOMAIN}": [Server(1, 0, 5060, "old")]}
    found = locator(records, clock, transport=UDP)
    await asyncio.gather(*(found.servers() for _ in range(5)))
    clock.now = 59
    await found.servers()
    assert len(records.asked) == 1

    records.listed = {f"_sip._udp.{DOMAIN}": [Server(1, 0, 5060, "new")]}
    clock.now = 61

    assert await found.servers() == [Destination(UDP, "old", 5060)]  # no call waits for the DNS
    for _ in range(10):
        await asyncio.sleep(0)
    assert await found.servers() == [Destination(UDP, "new", 5060)]
    assert len(records.asked) == 2


async def test_what_was_found_goes_on_being_used_while_the_dns_is_silent() -> None:
    records, clock = Records(), Clock()
    records.listed = {f"_sip._udp.{DOMAIN}": [Server(1, 0, 5060, "known")]}
    found = locator(records, clock, transport=UDP)
    await found.servers()

    records.is_silent = True
    clock.now = 1000

    assert await found.servers() == [Destination(UDP, "known", 5060)]


class NameServer(asyncio.DatagramProtocol):
    """Answers for DOMAIN over real datagrams."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # of UDP
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        name, kind = question.question[0].name, question.question[0].rdtype
        texts = {
            ("carrier.example.", "NAPTR"): '10 20 "s" "SIP+D2T" "" _sip._tcp.carrier.example.',
            ("_sip._tcp.carrier.example.", "SRV"): "5 7 5070 edge.carrier.example.",
        }
        text = texts.get((name.to_text(), kind.name))
        if text is not None:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind.name, text))
        self._transport.sendto(answer.to_wire(), address)


@pytest.fixture
async def name_server() -> AsyncIterator[tuple[str, int]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, ("127.0.0.1", 0))
    yield transport.get_extra_info("sockname")
    transport.close()


async def test_records_are_read_from_a_name_server(name_server: tuple[str, int]) -> None:
    system = SystemDns(nameserver=name_server)

    found = Locator(DOMAIN, transport=None, transports=(UDP, TCP), make_dns=lambda: system)

    assert await found.servers() == [Destination(TCP, "edge.carrier.example", 5070)]
    assert await system.servers("_sip._udp.carrier.example") == []


async def test_a_name_server_that_is_silent_is_an_error() -> None:
    class Silent(asyncio.DatagramProtocol):
        pass

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Silent, ("127.0.0.1", 0))
    system = SystemDns(nameserver=transport.get_extra_info("sockname"), timeout=0.3)

    with pytest.raises(OSError, match=r"no SRV records of _sip\._udp"):
        await system.servers("_sip._udp.carrier.example")
    transport.close()
